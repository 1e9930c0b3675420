//! Every built-in room exports a history, and `rig verify` says what it is worth.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cli;

use std::path::PathBuf;

use cli::{balances, rig, room};
use serde_json::Value;

fn path(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.history"));
    path.into_os_string().into_string().unwrap()
}

/// Runs a scenario and gives what it printed, and where the history is.
fn export(scenario: &str, name: &str, seed: u64) -> (String, String) {
    let history = path(name);
    let seed = seed.to_string();
    let ran = rig(&["run", scenario, "--seed", &seed, "--history", &history]);
    assert!(matches!(ran.code, 0 | 3), "{ran:?}");
    (ran.out, history)
}

fn chips(line: &Value) -> (u64, u64) {
    let number = |key: &str| line[key].as_u64().unwrap();
    (number("stack"), number("layout"))
}

#[test]
fn a_history_comes_to_the_balances_that_the_run_printed() {
    let scenario = room("history-of-four", 4, 5, "");
    let (out, history) = export(&scenario, "of-four", 1);
    let (seats, (_, bank)) = balances(&out);
    let ran = rig(&["verify", &history, "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let json = ran.json();
    assert_eq!(
        (&json["verdict"], &json["closed_by"]),
        (&"valid".into(), &0.into())
    );
    let sheet = &json["sheet"];
    let found: Vec<(u64, u64)> = sheet["seats"]
        .as_array()
        .unwrap()
        .iter()
        .map(chips)
        .collect();
    assert_eq!(found, seats);
    assert_eq!(
        (sheet["bank"].as_u64(), sheet["rolls"].as_u64()),
        (Some(bank), Some(5))
    );

    let ran = rig(&["verify", &history]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out.lines().next(), Some("valid"));
}

#[test]
fn a_cut_or_bent_history_is_told_with_its_own_exit_code() {
    let scenario = room("history-to-bend", 4, 2, "");
    let (_, history) = export(&scenario, "to-bend", 1);
    let bytes = std::fs::read(&history).unwrap();
    // The closing of four seats: 104 bytes of lines, 35 behind them, and the signed statement.
    let closing = 5 + 1 + 4 * 26 + 35 + 113 + 64;
    let cut = path("cut");
    std::fs::write(&cut, &bytes[..bytes.len() - closing]).unwrap();
    let ran = rig(&["verify", &cut]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let first = ran.out.lines().next().unwrap();
    let slot = first
        .strip_prefix("valid to slot ")
        .and_then(|rest| rest.strip_suffix(", not final"));
    assert!(
        slot.is_some_and(|slot| slot.parse::<u64>().is_ok()),
        "{first}"
    );
    assert_eq!(
        rig(&["verify", &cut, "--json"]).json()["verdict"],
        "not-final"
    );

    let mut bent = bytes;
    let place = bent.len() / 2;
    bent[place] ^= 1;
    let file = path("bent");
    std::fs::write(&file, &bent).unwrap();
    let ran = rig(&["verify", &file]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.starts_with("broken at byte "), "{}", ran.out);
    let json = rig(&["verify", &file, "--json"]).json();
    assert_eq!(json["verdict"], "broken");
    assert!(
        json["offset"].as_u64().is_some_and(|at| at <= place as u64),
        "{json}"
    );

    let nowhere = rig(&["verify", "nowhere.history"]);
    assert!(nowhere.refusal().contains("nowhere.history"));
}

#[test]
fn every_built_in_room_exports_a_history_that_verifies() {
    let listed = rig(&["scenarios"]).out;
    let names = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let mut checked = 0;
    for name in names {
        // The longest ones have their own tests; their histories are no different.
        let text = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(text).unwrap();
        let short: String = text.lines().map(shortened).collect();
        let scenario = cli::file(&format!("history-of-{name}"), &short);
        let history = path(name);
        let ran = rig(&[
            "run",
            &scenario,
            "--seed",
            "3",
            "--history",
            &history,
            "--json",
        ]);
        let json = ran.json();
        assert!(json["outcome"] != "violated", "{name}: {ran:?}");
        // Held, not never looked at: what stalls rolls as well, once it is healed.
        for property in ["dice_agree", "dice_secret"] {
            let status = &json["properties"][property]["status"];
            assert_eq!(*status, "held", "{property} of {name}: {json}");
        }
        let verified = rig(&["verify", &history, "--json"]);
        assert_eq!(verified.code, 0, "{name}: {verified:?}");
        checked += 1;
    }
    assert!(checked >= 40, "{checked}");
}

#[test]
fn a_table_that_forked_exports_a_history_that_is_not_final() {
    let liars = "[[byzantine]]\nplayer = 0\nbehaviour = \"colluder\"\nwith = [1]\n\
                 [[byzantine]]\nplayer = 1\nbehaviour = \"colluder\"\nwith = [0]\n";
    let scenario = room("history-of-a-fork", 4, 10, liars);
    for seed in 1..=20 {
        let history = path("of-a-fork");
        let seed = seed.to_string();
        let args = ["run", &scenario, "--seed", &seed, "--history", &history];
        if rig(&[&args[..], &["--json"]].concat()).json()["outcome"] == "halted" {
            let json = rig(&["verify", &history, "--json"]).json();
            assert_eq!(json["verdict"], "not-final", "seed {seed}: {json}");
            return;
        }
    }
    panic!("two of four who collude fork no table");
}

/// A scenario's line, with at most four rounds to play and nothing expected of the end.
fn shortened(line: &str) -> String {
    if line.starts_with("stop") {
        return String::from("stop = { rounds = 4, at = \"40s\" }\n");
    }
    format!("{line}\n")
}
