//! Kotlin: the SDK on the JVM with Maven and JUnit, against the library of this machine.

use std::path::PathBuf;

use crate::library;
use crate::report::{Stop, Suite, ended};
use crate::step::{Done, count, need, output, root, try_run};

/// A repository that does not answer is given up.
const NETWORK_PATIENCE: [&str; 4] = [
    "-Daether.connector.connectTimeout=20000",
    "-Daether.connector.requestTimeout=60000",
    "-Dmaven.wagon.http.retryHandler.count=1",
    "-Dmaven.wagon.rto=60000",
];

/// The compiler runs for a minute: compiling it well as well, and collecting garbage in parallel, costs more than it gains.
const SHORT_LIVED: &str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

pub(crate) fn test() -> Suite {
    let tests = count(&folder().join("src").join("test"), "@Test");
    suite("dev", &["-Dtest=!Bench"]).unwrap_or_else(|stop| stop.suite(tests))
}

pub(crate) fn bench() -> Suite {
    suite("shipping", &["-Dtest=Bench"]).unwrap_or_else(|stop| stop.suite(1))
}

fn folder() -> PathBuf {
    root().join("android").join("sdk")
}

fn suite(profile: &str, which: &[&str]) -> Done<Suite> {
    need(&["java", "mvn"], &["default-jdk-headless", "maven"])?;
    let library = library::build(profile)?;
    let libraries = library.parent().unwrap_or(&library);
    let output = output("kotlin")?;
    library::bindings(&library, "kotlin", &output.join("generated"))?;
    let maven = |maven: &mut std::process::Command, goal: &[&str]| {
        let options = std::env::var("MAVEN_OPTS").unwrap_or_default();
        maven
            .env("MAVEN_OPTS", format!("{SHORT_LIVED} {options}"))
            .args(["-B", "-q", "-Dstyle.color=never"])
            // In Maven's own process: nothing goes on running afterwards.
            .arg("-Dkotlin.compiler.daemon=false")
            .args(NETWORK_PATIENCE)
            .arg(format!("-Dbitcraps.output={}", output.display()))
            .arg(format!("-Dbitcraps.library={}", libraries.display()))
            .args(goal)
            .current_dir(folder());
    };
    let (is_good, text) = try_run("Kotlin compiler", "mvn", |mvn| {
        maven(mvn, &["test-compile"]);
        mvn
    })?;
    if !is_good {
        println!("{text}");
        return Err(what_stopped(&text, "the Kotlin SDK does not compile"));
    }
    let reports = output.join("maven").join("surefire-reports");
    // Of this run, not of an earlier one.
    let _ = std::fs::remove_dir_all(&reports);
    let (is_good, text) = try_run("JUnit", "mvn", |mvn| {
        maven(mvn, &["surefire:test"]);
        mvn.args(which)
    })?;
    for line in text
        .lines()
        .filter(|line| line.contains("ns a call") || line.contains("ms a bet"))
    {
        println!("{line}");
    }
    if !is_good && !reports.is_dir() {
        println!("{text}");
        return Err(what_stopped(&text, "JUnit ran no test"));
    }
    ended(is_good, read_reports(&reports), &text)
}

/// Whether it was the network's fault, or ours.
fn what_stopped(text: &str, otherwise: &str) -> Stop {
    if text.lines().any(is_about_fetching) {
        Stop::Lacks("Maven cannot fetch Kotlin or JUnit, see above".to_owned())
    } else {
        Stop::Failed(format!("{otherwise}, see above"))
    }
}

/// How Maven says that it is the network's fault.
fn is_about_fetching(line: &str) -> bool {
    let signs = ["Could not transfer artifact", "failed to transfer from"];
    signs.iter().any(|sign| line.contains(sign))
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
