//! `cargo run --bin sdk -- COMMAND`: builds the library, generates the bindings, and tests, measures or packs them. What
//! cannot run on this machine is skipped, loudly, with the reason.
#![forbid(unsafe_code)]

mod kotlin;
mod library;
mod phones;
mod python;
mod report;
mod step;
mod swift;

use std::process::ExitCode;

use report::{Report, Suite};

const USAGE: &str = "\
usage: cargo run --bin sdk -- COMMAND

  test      all suites: Python, Kotlin, Swift, and the type-check for the phones
  python    the Python wheel, its tests and its sample
  wheel     the Python wheel as it ships
  kotlin    the Kotlin SDK on the JVM, its tests and its sample
  swift     the Swift package, its tests and its sample
  android   what can be checked here of the Android library, and how to build it where the NDK is
  ios       what can be checked here of the XCFramework, and how to build it on a Mac
  bench     empty-call overhead and cost of a bet, in each language
  size      the stripped library for this machine, and its symbols above 100 kB";

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let report = match command.as_str() {
        "test" => all(),
        "python" => one("Python", python::test()),
        "wheel" => one("wheel", python::wheel()),
        "kotlin" => one("Kotlin", kotlin::test()),
        "swift" => one("Swift", swift::test()),
        "android" => one("Android", phones::android()),
        "ios" => one("iOS", phones::ios()),
        "bench" => bench(),
        "size" => one("size", library::size()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("{report}");
    if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn one(name: &'static str, suite: Suite) -> Report {
    let mut report = Report::default();
    report.add(name, suite);
    report
}

fn all() -> Report {
    let mut report = Report::default();
    report.add("Python", python::test());
    report.add("Kotlin", kotlin::test());
    report.add("Swift", swift::test());
    report.add("Android", phones::android());
    report.add("iOS", phones::ios());
    report
}

fn bench() -> Report {
    let mut report = Report::default();
    report.add("Python", python::bench());
    report.add("Kotlin", kotlin::bench());
    report.add("Swift", swift::bench());
    report
}
