//! Kotlin: the SDK on the JVM with Maven and JUnit, against the library of this machine.

use std::path::PathBuf;

use crate::library;
use crate::report::{Stop, Suite};
use crate::step::{Done, count, need, output, root, run, target, try_run};

pub(crate) fn test() -> Suite {
    let tests = count(&folder().join("src").join("test"), "@Test");
    suite(&["-Dtest=!Bench"]).unwrap_or_else(|stop| stop.suite(tests))
}

pub(crate) fn bench() -> Suite {
    suite(&["-Dtest=Bench"]).unwrap_or_else(|stop| stop.suite(1))
}

fn folder() -> PathBuf {
    root().join("android").join("sdk")
}

fn suite(which: &[&str]) -> Done<Suite> {
    need(&["java", "mvn"], &["default-jdk-headless", "maven"])?;
    let library = library::build("dev")?;
    let output = output("kotlin")?;
    library::bindings(&library, "kotlin", &output.join("generated"))?;
    let maven = |maven: &mut std::process::Command, goal: &[&str]| {
        maven
            .args(["-B", "-q", "-Dstyle.color=never"])
            .arg(format!("-Dbitcraps.output={}", output.display()))
            .arg(format!(
                "-Dbitcraps.library={}",
                target().join("debug").display()
            ))
            .args(goal)
            .current_dir(folder());
    };
    run("Kotlin compiler", "mvn", |mvn| {
        maven(mvn, &["test-compile"]);
        mvn
    })
    .map_err(|_| {
        Stop::Failed(
            "the Kotlin SDK does not compile, or Maven cannot fetch its compiler".to_owned(),
        )
    })?;
    let (_, text) = try_run("JUnit", "mvn", |mvn| {
        maven(mvn, &["surefire:test"]);
        mvn.args(which)
    })?;
    let reports = output.join("maven").join("surefire-reports");
    let suite = read_reports(&reports);
    if !matches!(
        suite,
        Suite::Ran {
            failed: 0,
            passed: 1..,
            ..
        }
    ) {
        println!("{text}");
    }
    for line in text
        .lines()
        .filter(|line| line.contains("ns a call") || line.contains("ms a bet"))
    {
        println!("{line}");
    }
    match suite {
        Suite::Ran {
            passed: 0,
            failed: 0,
            ..
        } => Err(Stop::Failed("JUnit ran no test, see above".to_owned())),
        suite => Ok(suite),
    }
}

/// Adds up surefire's reports, a text file for each class.
fn read_reports(folder: &std::path::Path) -> Suite {
    let (mut run, mut failed, mut skipped) = (0, 0, 0);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let after = |word: &str| {
                let (_, rest) = text.split_once(word)?;
                let number = rest
                    .trim_start()
                    .split(|c: char| !c.is_ascii_digit())
                    .next()?;
                number.parse::<usize>().ok()
            };
            run += after("Tests run:").unwrap_or(0);
            failed += after("Failures:").unwrap_or(0) + after("Errors:").unwrap_or(0);
            skipped += after("Skipped:").unwrap_or(0);
        }
    }
    Suite::Ran {
        passed: run.saturating_sub(failed + skipped),
        failed,
        skipped,
    }
}
