//! Runs the real binary and reads what it says.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The properties that every run reports.
pub(crate) const PROPERTIES: [&str; 11] = [
    "agreement",
    "gap_free",
    "validity",
    "single_signing",
    "protocol",
    "conservation",
    "no_honest_blamed",
    "bounded",
    "liveness",
    "dice_agree",
    "dice_secret",
];

/// What one call of `rig` came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The one JSON object on stdout.
    pub(crate) fn json(&self) -> Value {
        let line = self.out.strip_suffix('\n').unwrap_or_else(|| self.fail());
        assert!(!line.contains('\n'), "more than one line: {self:?}");
        serde_json::from_str(line).unwrap_or_else(|_| self.fail())
    }

    pub(crate) fn fail(&self) -> ! {
        panic!("not what was expected: {self:#?}")
    }

    /// The one line on stderr of a call that was refused.
    pub(crate) fn refusal(&self) -> &str {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{self:?}");
        let line = self.err.strip_suffix('\n').unwrap_or_else(|| self.fail());
        assert!(!line.contains('\n'), "more than one line: {self:?}");
        line
    }
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rig"));
    command.args(args).stdin(Stdio::null());
    command
}

pub(crate) fn rig(args: &[&str]) -> Ran {
    let output = command(args).output().unwrap();
    Ran {
        code: output.status.code().expect("it was not killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A scenario file of this name and text; gives its path.
pub(crate) fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    std::fs::write(&path, text).unwrap();
    path.into_os_string().into_string().unwrap()
}

/// A small room: `players` phones, `rounds` rolls, and whatever else the text says.
pub(crate) fn room(name: &str, players: u8, rounds: u32, rest: &str) -> String {
    let text = format!(
        "name = \"{name}\"\nplayers = {players}\nstop = {{ rounds = {rounds}, at = \"300s\" }}\n{rest}"
    );
    file(name, &text)
}

/// Runs a scenario with this seed and gives the exit code and the JSON object.
pub(crate) fn run_json(scenario: &str, seed: u64) -> (i32, Value) {
    let ran = rig(&["run", scenario, "--seed", &seed.to_string(), "--json"]);
    (ran.code, ran.json())
}

/// Runs a scenario that must reach its end with every property held.
pub(crate) fn reaches(scenario: &str, seed: u64, rounds: u64) -> Value {
    let (code, json) = run_json(scenario, seed);
    let at = format!("{scenario} seed {seed}: {json}");
    assert_eq!((code, &json["outcome"]), (0, &"reached".into()), "{at}");
    assert!(json["rolls"].as_u64() >= Some(rounds), "{at}");
    for name in PROPERTIES {
        assert_eq!(json["properties"][name]["status"], "held", "{name}, {at}");
    }
    json
}

/// The same object without what depends on how fast this machine is.
pub(crate) fn timeless(mut json: Value) -> Value {
    let object = json.as_object_mut().unwrap();
    for key in [
        "wall_seconds",
        "phone_seconds_per_second",
        "decisions_per_second",
    ] {
        assert!(object.remove(key).is_some(), "{key}");
    }
    json
}

/// The table of balances in the human output: rows of seats as (stack, on layout), then the bank at start and end.
pub(crate) fn balances(out: &str) -> (Vec<(u64, u64)>, (u64, u64)) {
    let rows = out
        .lines()
        .skip_while(|line| !line.starts_with("seat "))
        .skip(1);
    let mut seats = Vec::new();
    for row in rows {
        let words: Vec<&str> = row.split_whitespace().collect();
        let number = |index: usize| words[index].parse::<u64>().unwrap();
        if words[0] == "bank" {
            return (seats, (number(1), number(2)));
        }
        assert_eq!(number(0), seats.len() as u64, "{row}");
        assert_eq!(number(1), 1_000, "the buy-in: {row}");
        seats.push((number(2), number(3)));
    }
    panic!("no balances: {out}");
}
