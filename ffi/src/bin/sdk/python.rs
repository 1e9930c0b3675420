//! Python: the wheel, in a virtual environment of its own.

use std::path::{Path, PathBuf};

use crate::library;
use crate::report::{Stop, Suite, ended};
use crate::step::{
    Done, copy, count, fetch, need, number_before, output, root, run, target, try_run,
};

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
    let python = installed()?;
    // From elsewhere, or the sources would be imported instead of the package; and nothing is left beside them.
    let elsewhere = output("python")?;
    let (is_good, text) = try_run("pytest", &python, |pytest| {
        pytest
            .args(["-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"])
            .arg(folder().join("tests"))
            .current_dir(&elsewhere)
            .env("PYTHONDONTWRITEBYTECODE", "1")
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
    let printed = run("sample", &python, |sample| {
        sample
            .arg(folder().join("samples").join("seven_out.py"))
            .current_dir(&elsewhere)
    })?;
    if !printed.contains("Seven out!") {
        println!("{printed}");
        return Err(Stop::Failed("the sample saw no seven-out".to_owned()));
    }
    Ok(suite)
}

fn measure() -> Done<Suite> {
    let python = installed()?;
    // As it ships; the bindings are the same.
    let found = run("package", &python, |python| {
        let where_it_is = "import bitcraps.native as native; print(native.__path__[0])";
        python.args(["-c", where_it_is])
    })?;
    let package = PathBuf::from(found.trim());
    copy(
        &library::build("shipping")?,
        &package.join(library::file_name()),
    )?;
    let text = run("bench", &python, |bench| {
        bench
            .arg(folder().join("tests").join("bench.py"))
            .current_dir(package)
            .env("PYTHONDONTWRITEBYTECODE", "1")
    })?;
    print!("{text}");
    Ok(Suite::passed())
}

/// The wheel as it ships.
pub(crate) fn wheel() -> Suite {
    let built = environment().and_then(|python| build_wheel(&python, "shipping"));
    match built {
        Ok(wheels) => {
            println!("the wheel is in {}", wheels.display());
            Suite::passed()
        }
        Err(stop) => stop.suite(1),
    }
}

/// Builds the wheel and installs it where nothing else is; gives the interpreter.
fn installed() -> Done<PathBuf> {
    let python = environment()?;
    let wheels = build_wheel(&python, "dev")?;
    run("install", &python, |pip| {
        pip.args(["-m", "pip", "install", "-q", "--force-reinstall"])
            .args(["--no-deps", "--no-index", "--find-links"])
            .arg(&wheels)
            .arg("bitcraps")
    })?;
    Ok(python)
}

/// A virtual environment with maturin and pytest.
fn environment() -> Done<PathBuf> {
    need(&["python3"], &["python3", "python3-venv"])?;
    let environment = output("python")?;
    let python = environment.join("bin").join("python");
    if environment.join("bin").join("maturin").is_file() {
        return Ok(python);
    }
    let lacks = |text: &str| Stop::Lacks(text.to_owned());
    run("virtual environment", "python3", |venv| {
        venv.args(["-m", "venv"]).arg(&environment)
    })
    .map_err(|_| lacks("python3 cannot make a virtual environment; install python3-venv"))?;
    fetch("pytest and maturin", &python, |pip| {
        pip.args(["-m", "pip", "install", "-q", "--timeout=20", "--retries=1"])
            .args(["maturin>=1.16,<2", "pytest>=8"])
    })
    .map_err(|_| lacks("pip cannot install maturin and pytest"))?;
    Ok(python)
}

/// Gives the folder that the wheel is in.
fn build_wheel(python: &Path, profile: &str) -> Done<PathBuf> {
    let wheels = output("wheels")?;
    let _ = std::fs::remove_dir_all(&wheels);
    run("wheel", python.with_file_name("maturin"), |maturin| {
        maturin
            .args(["build", "--locked", "--profile", profile, "--out"])
            .arg(&wheels)
            .arg("--interpreter")
            .arg(python)
            .env("CARGO_TARGET_DIR", target())
            .current_dir(folder())
    })?;
    Ok(wheels)
}
