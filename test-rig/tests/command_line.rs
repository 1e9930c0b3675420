//! What `rig` says to people who mistype, expect, ask for help, or stop reading.

mod cli;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use cli::{command, file, rig, room};

const BASE: &str = "name = \"t\"\nplayers = 4\n";

/// The one line about a bad file, which must name the file; both commands say the same.
fn refused(name: &str, text: &str) -> String {
    let path = file(name, text);
    let run = rig(&["run", &path, "--json"]);
    let check = rig(&["check", &path]);
    assert_eq!(run.refusal(), check.refusal());
    let line = run.refusal().to_owned();
    assert!(line.contains(&path), "{line}");
    line
}

#[test]
fn a_missing_scenario_is_one_line_that_names_it_and_the_built_ins() {
    let ran = rig(&["run", "nowhere.toml"]);
    let line = ran.refusal();
    assert!(line.contains("nowhere.toml"), "{line}");
    assert!(line.contains("honest-table"), "{line}");
    let ran = rig(&["run", "honest-tabel"]);
    assert!(ran.refusal().contains("did you mean `honest-table`"));
}

#[test]
fn a_bad_file_is_one_line_with_file_line_key_and_what_was_expected() {
    let cases = [
        (
            "unknown-key",
            "playres = 4\n",
            ":3: key `playres`: unknown; expected one of ",
        ),
        (
            "unknown-key-of-radio",
            "[radio]\nmtuu = 23\n",
            ":4: key `radio.mtuu`: unknown; expected one of ",
        ),
        (
            "player-out-of-range",
            "[[byzantine]]\nplayer = 4\nbehaviour = \"silent\"\n",
            ":4: key `byzantine[0].player`: expected a player from 0 to 3, found 4",
        ),
        (
            "fault-out-of-range",
            "[[fault]]\nkind = \"suspend\"\nplayer = 9\nfrom = \"1s\"\n",
            ":5: key `fault[0].player`: expected a player from 0 to 3, found 9",
        ),
        (
            "unknown-behaviour",
            "[[byzantine]]\nplayer = 0\nbehaviour = \"sillent\"\n",
            "key `byzantine[0].behaviour`: expected one of ",
        ),
        (
            "impossible-time",
            "[[fault]]\nkind = \"suspend\"\nplayer = 0\nfrom = \"9s\"\nuntil = \"3s\"\n",
            "key `fault[0].until`: expected a time after `from` (9s), found",
        ),
        ("no-toml", "= 3\n", ":3: not valid TOML"),
    ];
    for (name, text, expected) in cases {
        let line = refused(name, &format!("{BASE}{text}"));
        assert!(line.contains(expected), "{expected:?} in {line}");
    }
    for players in ["1", "19", "-4", "\"four\""] {
        let line = refused("players", &format!("name = \"t\"\nplayers = {players}\n"));
        assert!(line.contains("from 2 to 18"), "{line}");
    }
    let line = refused("empty", "");
    assert!(line.contains("key `name`: missing"), "{line}");
}

#[test]
fn an_expectation_that_fails_is_exit_code_4_and_the_json_is_still_printed() {
    for (name, text, problem) in [
        ("view", "view_min = 9", "view 9 or higher expected, got 0"),
        (
            "fast",
            "decide_p95_max = \"1ms\"",
            "decide p95 of at most 1 ms",
        ),
        (
            "stall",
            "outcome = \"stalled\"",
            "outcome stalled expected, got reached",
        ),
        ("evicted", "evicted = [0]", "evicted [0] expected, got []"),
    ] {
        let expect = format!("[expect]\n{text}\n");
        let path = room(&format!("expect-{name}"), 4, 2, &expect);
        let json = rig(&["run", &path, "--seed", "1", "--json"]);
        assert_eq!((json.code, &json.json()["outcome"]), (4, &"reached".into()));
        assert!(json.err.contains(problem), "{}", json.err);
        assert_eq!(json.err.lines().count(), 1, "{}", json.err);
        let human = rig(&["run", &path, "--seed", "1"]);
        assert_eq!((human.code, human.err.as_str()), (4, ""));
        assert!(human.out.contains(problem), "{}", human.out);
    }
}

#[test]
fn a_stall_that_is_expected_is_a_success() {
    let text = "name = \"t\"\nplayers = 4\nstop = { rounds = 5, at = \"20s\" }\n\
                [[byzantine]]\nplayer = 0\nbehaviour = \"silent\"\n\
                [[byzantine]]\nplayer = 1\nbehaviour = \"silent\"\n\
                [expect]\noutcome = \"stalled\"\nevicted = []\n";
    let path = file("expected-stall", text);
    let ran = rig(&["run", &path, "--seed", "1", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.json()["outcome"], "stalled");
}

#[test]
fn help_goes_to_stdout_and_names_the_commands_the_flags_and_the_exit_codes() {
    let help = |args: &[&str], expected: &[&str]| {
        let ran = rig(args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
        for word in expected {
            assert!(ran.out.contains(word), "{word:?} in {}", ran.out);
        }
    };
    help(
        &["--help"],
        &["run", "scenarios", "check", "rig run honest-table"],
    );
    let flags = ["--seed", "--json", "--check-determinism"];
    help(&["run", "--help"], &flags);
    let codes = ["  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "  5 ", "  70 "];
    help(&["run", "--help"], &codes);
    help(&["check", "--help"], &["built-in's name or a TOML file"]);
    help(&["--version"], &["rig "]);
}

#[test]
fn wrong_usage_is_exit_code_2_with_nothing_on_stdout() {
    for args in [
        &[][..],
        &["rum"],
        &["run"],
        &["run", "honest-table", "--seed", "many"],
        &["run", "honest-table", "--sed", "1"],
        &["check"],
    ] {
        let ran = rig(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn every_built_in_is_listed_on_a_line_and_can_be_explained() {
    let ran = rig(&["scenarios"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let names: Vec<&str> = ran
        .out
        .lines()
        .map(|line| {
            let (name, summary) = line.split_once(' ').unwrap();
            assert!(summary.trim().ends_with('.'), "a sentence: {line}");
            name
        })
        .collect();
    for name in [
        "honest-table",
        "seven-players-two-silent",
        "seven-players-three-silent",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    for name in names {
        let ran = rig(&["check", name]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}");
        for word in [name, "players ", "radio ", "stop "] {
            assert!(ran.out.contains(word), "{word:?} in {}", ran.out);
        }
    }
}

#[test]
fn a_scenario_that_cannot_finish_is_explained_before_it_is_run() {
    let ran = rig(&["check", "seven-players-three-silent"]);
    assert!(
        ran.out.contains("f = 2") && ran.out.contains("q = 5"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("player 2 is silent"), "{}", ran.out);
    assert!(ran.out.contains("remark"), "{}", ran.out);
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_panic() {
    let scenario = room("unread", 4, 10, "");
    for args in [
        &["run", &scenario, "--seed", "1"][..],
        &["run", &scenario, "--seed", "1", "--json"],
        &["scenarios"],
        &["check", &scenario],
    ] {
        let mut child = command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        if !args.contains(&"--json") {
            let mut first = String::new();
            out.read_line(&mut first).unwrap();
            assert!(!first.is_empty(), "{args:?}");
        }
        drop(out);
        let ended = child.wait_with_output().unwrap();
        let err = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(
            (ended.status.code(), err.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}
