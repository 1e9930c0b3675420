//! Python: the wheel, in a virtual environment of its own.

use std::path::PathBuf;

use crate::report::{Stop, Suite, ended};
use crate::step::{Done, count, fetch, need, number_before, output, root, run, target, try_run};

pub(crate) fn test() -> Suite {
    let tests = count(&folder().join("tests"), "def test_");
    suite().unwrap_or_else(|stop| stop.suite(tests))
}

pub(crate) fn bench() -> Suite {
    measure().unwrap_or_else(|stop| stop.suite(1))
}

fn folder() -> PathBuf {
    root().join("ffi").join("python")
}

fn suite() -> Done<Suite> {
    let python = installed("dev")?;
    let (is_good, text) = try_run("pytest", &python, |pytest| {
        pytest
            .args(["-m", "pytest", "-q", "--color=no"])
            .current_dir(folder())
    })?;
    let summary = text
        .lines()
        .rev()
        .find(|line| line.contains(" in "))
        .unwrap_or_default();
    let failed = number_before(summary, " failed") + number_before(summary, " error");
    let suite = Suite::Ran {
        passed: number_before(summary, " passed"),
        failed,
        skipped: number_before(summary, " skipped"),
    };
    let suite = ended(is_good, suite, &text)?;
    run("sample", &python, |sample| {
        sample.arg("samples/seven_out.py").current_dir(folder())
    })?;
    Ok(suite)
}

fn measure() -> Done<Suite> {
    let python = installed("release")?;
    let text = run("bench", &python, |bench| {
        bench.arg("tests/bench.py").current_dir(folder())
    })?;
    print!("{text}");
    Ok(Suite::passed())
}

/// Builds the wheel and installs it where nothing else is; gives the interpreter.
fn installed(profile: &str) -> Done<PathBuf> {
    need(&["python3"], &["python3", "python3-venv"])?;
    let environment = output("python")?;
    let python = environment.join("bin").join("python");
    if !environment.join("bin").join("maturin").is_file() {
        run("virtual environment", "python3", |venv| {
            venv.args(["-m", "venv"]).arg(&environment)
        })
        .map_err(|_| {
            Stop::Lacks(
                "python3 cannot make a virtual environment; install python3-venv".to_owned(),
            )
        })?;
        fetch("pytest and maturin", &python, |pip| {
            pip.args([
                "-m",
                "pip",
                "install",
                "-q",
                "--timeout=20",
                "--retries=1",
                "maturin>=1.16,<2",
                "pytest>=8",
            ])
        })
        .map_err(|_| Stop::Lacks("pip cannot install maturin and pytest".to_owned()))?;
    }
    let wheels = output("wheels")?;
    let _ = std::fs::remove_dir_all(&wheels);
    run(
        "wheel",
        environment.join("bin").join("maturin"),
        |maturin| {
            maturin
                .args(["build", "--locked", "--profile", profile, "--out"])
                .arg(&wheels)
                .arg("--interpreter")
                .arg(&python)
                .env("CARGO_TARGET_DIR", target())
                .current_dir(folder())
        },
    )?;
    run("install", &python, |pip| {
        pip.args([
            "-m",
            "pip",
            "install",
            "-q",
            "--force-reinstall",
            "--no-deps",
            "--no-index",
            "--find-links",
        ])
        .arg(&wheels)
        .arg("bitcraps")
    })?;
    Ok(python)
}
