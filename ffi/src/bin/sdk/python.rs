//! Python: the package in a virtual environment of its own, and the wheel.

use std::path::{Path, PathBuf};

use crate::library;
use crate::report::{Stop, Suite, ended};
use crate::step::{
    Done, copy, count, failed, fetch, make_folder, need, number_before, output, root, run, target,
    try_run,
};

pub(crate) fn test() -> Suite {
    laid_out("dev")
        .and_then(|(python, package)| suite(&python, &package))
        .unwrap_or_else(|stop| stop.suite(tests()))
}

pub(crate) fn bench() -> Suite {
    measure().unwrap_or_else(|stop| stop.suite(1))
}

/// The wheel as it ships, installed where nothing else is, and tested.
pub(crate) fn wheel() -> Suite {
    let built = environment(&["maturin>=1.16,<2", "pytest>=8"]).and_then(|python| {
        let wheels = build_wheel(&python)?;
        run("install", &python, |pip| {
            pip.args(["-m", "pip", "install", "-q", "--force-reinstall"])
                .args(["--no-deps", "--no-index", "--find-links"])
                .arg(&wheels)
                .arg("bitcraps")
        })?;
        println!("the wheel is in {}", wheels.display());
        suite(&python, &output("python-elsewhere")?)
    });
    built.unwrap_or_else(|stop| stop.suite(tests()))
}

fn folder() -> PathBuf {
    root().join("ffi").join("python")
}

fn tests() -> usize {
    count(&folder().join("tests"), "def test_")
}

/// The package as the wheel has it, around the library that the other suites use; gives the interpreter and its folder.
fn laid_out(profile: &str) -> Done<(PathBuf, PathBuf)> {
    let python = environment(&["pytest>=8"])?;
    let library = library::build(profile)?;
    let work = output("python-package")?;
    let package = work.join("bitcraps");
    let _ = std::fs::remove_dir_all(&package);
    run("sources", "cp", |cp| {
        cp.arg("-r").arg(folder().join("bitcraps")).arg(&package)
    })?;
    let native = make_folder(package.join("native"))?;
    library::bindings(&library, "python", &native)?;
    let init = native.join("__init__.py");
    std::fs::write(&init, "from .bitcraps_ffi import *\n")
        .map_err(|error| failed(&init, &error))?;
    copy(&library, &native.join(library::file_name()))?;
    Ok((python, work))
}

/// The tests and the sample, against the package that is found from a folder.
fn suite(python: &Path, elsewhere: &Path) -> Done<Suite> {
    let (is_good, text) = try_run("pytest", python, |pytest| {
        pytest
            .args(["-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"])
            .arg(folder().join("tests"))
            .current_dir(elsewhere)
            .env("PYTHONPATH", elsewhere)
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
    let printed = run("sample", python, |sample| {
        sample
            .arg(folder().join("samples").join("seven_out.py"))
            .current_dir(elsewhere)
            .env("PYTHONPATH", elsewhere)
    })?;
    if !printed.contains("Seven out!") {
        println!("{printed}");
        return Err(Stop::Failed("the sample saw no seven-out".to_owned()));
    }
    Ok(suite)
}

fn measure() -> Done<Suite> {
    let (python, package) = laid_out("shipping")?;
    let text = run("bench", &python, |bench| {
        bench
            .arg(folder().join("tests").join("bench.py"))
            .current_dir(&package)
            .env("PYTHONPATH", &package)
            .env("PYTHONDONTWRITEBYTECODE", "1")
    })?;
    print!("{text}");
    Ok(Suite::passed())
}

/// A virtual environment with some packages.
fn environment(packages: &[&str]) -> Done<PathBuf> {
    need(&["python3"], &["python3", "python3-venv"])?;
    let environment = output("python")?;
    let python = environment.join("bin").join("python");
    let lacks = |text: &str| Stop::Lacks(text.to_owned());
    if !python.with_file_name("pip").is_file() {
        run("virtual environment", "python3", |venv| {
            venv.args(["-m", "venv"]).arg(&environment)
        })
        .map_err(|_| lacks("python3 cannot make a virtual environment; install python3-venv"))?;
    }
    // What is there already is not fetched again.
    fetch("Python packages", &python, |pip| {
        pip.args(["-m", "pip", "install", "-q", "--timeout=20", "--retries=1"])
            .args(packages)
    })
    .map_err(|_| lacks("pip cannot install pytest or maturin"))?;
    Ok(python)
}

/// Gives the folder that the wheel is in.
fn build_wheel(python: &Path) -> Done<PathBuf> {
    let wheels = output("wheels")?;
    let _ = std::fs::remove_dir_all(&wheels);
    run("wheel", python.with_file_name("maturin"), |maturin| {
        maturin
            .args(["build", "--locked", "--profile", "shipping", "--out"])
            .arg(&wheels)
            .arg("--interpreter")
            .arg(python)
            .env("CARGO_TARGET_DIR", target())
            .current_dir(folder())
    })?;
    Ok(wheels)
}
