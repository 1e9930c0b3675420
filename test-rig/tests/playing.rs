//! A seat at a table, as a script plays it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cli;

use std::io::Write;
use std::process::Stdio;

use cli::command;
use serde_json::Value;

/// Plays these lines, in no more time than is waited for, and gives what was printed.
fn play(args: &[&str], lines: &str) -> String {
    play_at_leisure(&[&["--fast"][..], args].concat(), lines)
}

fn play_at_leisure(args: &[&str], lines: &str) -> String {
    let mut command = command(&[&["play", "--pace", "1"][..], args].concat());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, err) = (output.stdout, String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""));
    String::from_utf8(out).unwrap()
}

#[test]
fn a_script_bets_sees_the_dice_and_ends_with_every_chip_accounted_for() {
    let lines = "bet pass-line 10\nbet field 5\nwait\nwait\nbet pass-lin 5\nfly\nstate\nquit\n";
    let out = play(&["--seed", "1"], lines);
    assert!(
        out.starts_with("again: rig play --players 4 --seed 1\n"),
        "{out}"
    );
    assert!(out.contains("seat 3: 10 on pass line"), "{out}");
    assert!(out.matches("  ROLL  ").count() >= 2, "{out}");
    assert!(
        out.contains("no: no bet called \"pass-lin\" (did you mean `pass-line`"),
        "{out}"
    );
    assert!(out.contains("no: \"fly\" is nothing to do here"), "{out}");
    let number = |word: &str| word.parse::<u64>().unwrap();
    let mut sum = 0;
    for line in out
        .lines()
        .filter(|line| line.starts_with("seat ") && line.contains(" on the layout"))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        sum += number(words[2]) + number(words[4]);
    }
    let bank = out
        .lines()
        .find_map(|line| line.strip_prefix("bank"))
        .unwrap();
    assert_eq!(sum + number(bank.trim()), 104_000, "{out}");
    assert_eq!(out, play(&["--seed", "1"], lines), "the same hand, again");
}

/// Without `--fast` too: whoever pipes a script does not look at the table and type.
#[test]
fn in_real_time_each_line_of_a_script_waits_for_the_one_before() {
    let lines = "bet pass-line 10\nroll\nwait 1\nbet field 5\n";
    let out = play_at_leisure(&["--seed", "1"], lines);
    let at = |text: &str| {
        let at = out.find(text);
        at.unwrap_or_else(|| panic!("{text:?} is not in it: {out}"))
    };
    assert!(!out.contains("no: "), "{out}");
    assert!(at("seat 3: 10 on pass line") < at("  ROLL  "));
    assert!(at("  ROLL  ") < at("seat 3: 5 on field"));
}

#[test]
fn a_program_plays_over_json_and_rolls_when_it_has_the_dice() {
    let place = r#"{"intent":"place","bet":"pass-line","amount":10}"#;
    let wait = r#"{"intent":"wait"}"#;
    let roll = r#"{"intent":"roll"}"#;
    let lines = [
        place,
        roll,
        wait,
        place,
        roll,
        r#"{"intent":"cheat"}"#,
        r#"{"intent":"quit"}"#,
    ];
    let out = play(
        &["--json", "--players", "2", "--seed", "2"],
        &(lines.join("\n") + "\n"),
    );
    let said: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_type = |name: &'static str| said.iter().filter(move |said| said["type"] == name);
    assert_eq!(
        of_type("refused").count() + of_type("news").count() + of_type("state").count(),
        said.len()
    );
    assert!(of_type("refused").any(|said| {
        said["problem"]
            .as_str()
            .unwrap()
            .starts_with("not an intent: ")
    }));
    assert!(of_type("news").any(|news| news["what"] == "rolled" && news["dice"][0].is_u64()));
    for state in of_type("state") {
        let seats = state["seats"].as_array().unwrap();
        let chips = |seat: &Value| {
            let bets = seat["bets"].as_array().unwrap().iter();
            seat["stack"].as_u64().unwrap()
                + bets.map(|bet| bet["amount"].as_u64().unwrap()).sum::<u64>()
        };
        let sum: u64 = seats.iter().map(chips).sum();
        assert_eq!(sum + state["bank"].as_u64().unwrap(), 102_000, "{state}");
        assert_eq!(
            (&state["you"], &state["quorum"]),
            (&1.into(), &serde_json::json!([2, 2]))
        );
    }
}

#[test]
fn liars_at_the_table_are_caught_before_the_players_eyes() {
    let out = play(
        &["--seed", "1", "--seat", "2", "--liars", "equivocator=1"],
        "bet pass-line 10\nwait\nwait\nwait\nwait 20\n",
    );
    assert!(
        out.starts_with("again: rig play --players 4 --seat 2 --liars equivocator=1 --seed 1\n")
    );
    for part in [
        "  ROLL  ",
        "seat 0 is proven to have lied",
        "seat 0 is out for lying",
        "view 1 begins",
        "convicted",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
}

#[test]
fn a_table_that_cannot_be_is_refused_in_a_line() {
    for (args, part) in [
        (["--players", "4", "--seat", "4"], "the last is 3"),
        (["--players", "2", "--liars", "silent=2"], "do not fit"),
        (
            ["--players", "4", "--liars", "quiet=1"],
            "no behaviour \"quiet\"",
        ),
    ] {
        let ran = cli::rig(&[&["play", "--fast"][..], &args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains(part), "{}", ran.err);
    }
}
