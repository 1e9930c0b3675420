//! The suites of the other languages, as a part of `cargo test`: Python, Kotlin and Swift against the generated code, and
//! the type-check for the phones. They fetch what they need, print their counts, and say loudly what cannot run here.
//!
//! This is a program, not a list of `#[test]`, so that what it says is seen when all is well too. As usual a filter picks
//! it by its name, and `cargo test --workspace -- --skip languages` leaves it out.

use std::process::{Command, ExitCode};

const NAME: &str = "languages";

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        println!("{NAME}: test");
        return ExitCode::SUCCESS;
    }
    if !is_asked_for(std::env::args().skip(1)) {
        println!("\n{NAME}: filtered out");
        return ExitCode::SUCCESS;
    }
    println!("\n{NAME}: Python, Kotlin, Swift, and the phones");
    let status = Command::new(env!("CARGO_BIN_EXE_sdk")).arg("test").status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("{NAME}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What a test harness makes of its arguments, as far as it concerns a single test.
fn is_asked_for(mut arguments: impl Iterator<Item = String>) -> bool {
    let mut is_picked = None;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--ignored" => return false,
            "--skip" => {
                if arguments
                    .next()
                    .is_some_and(|skipped| NAME.contains(&skipped))
                {
                    return false;
                }
            }
            "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => {
                arguments.next();
            }
            option if option.starts_with('-') => {}
            filter => is_picked = Some(is_picked == Some(true) || NAME.contains(filter)),
        }
    }
    is_picked.unwrap_or(true)
}
