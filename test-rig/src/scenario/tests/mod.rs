//! Tests of scenario files: the contract's example, the errors, mutations, the built-ins.

mod bad_actors;
mod bad_files;
mod bad_sections;
mod example;
mod explained;
mod found_by_name;
mod mutated;
mod numbers;
mod written;

use super::*;

/// The contract's example, word for word.
const EXAMPLE: &str = include_str!("example.toml");

const BETS: &[&str] = &["pass-line", "dont-pass", "field", "odds"];

/// A rig that can do everything.
const ALL: Supported<'_> = Supported {
    behaviours: Behaviour::ALL,
    faults: FaultKind::ALL,
    bet_kinds: BETS,
    bet_ids: &["place-6"],
};

/// A table of seven that is right, and whatever follows from line 3 on.
fn seven(rest: &str) -> String {
    format!("name = \"t\"\nplayers = 7\n{rest}\n")
}

fn loaded(text: &str) -> Scenario {
    load("t.toml", text, &ALL).expect("the scenario is right")
}

/// Asserts for each pair that the text's error is exactly this line.
#[track_caller]
fn assert_errors(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let error = load("t.toml", text, &ALL).expect_err(text);
        assert_eq!(error.to_string(), *expected, "for this file:\n{text}");
    }
}

/// As [`assert_errors`] for what follows `name` and `players = 7`.
#[track_caller]
fn assert_errors_of_seven(table: &[(&str, &str)]) {
    for (rest, expected) in table {
        assert_errors(&[(&seven(rest), expected)]);
    }
}
