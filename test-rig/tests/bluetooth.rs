//! `rig ble` from outside: where there is no Bluetooth, and in memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cli;

use std::path::Path;

use cli::{command, rig};

#[cfg(target_os = "linux")]
#[test]
fn without_a_system_bus_one_line_says_what_to_do_and_the_exit_code_is_7() {
    let run: &[&str] = &["ble", "run", "beds/four-phones.toml"];
    let json: &[&str] = &["ble", "run", "beds/four-phones.toml", "--json"];
    for args in [&["ble", "adapters"][..], run, json] {
        let mut command = command(args);
        let output = command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus");
        let output = output.output().unwrap();
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(7), "{line}");
        assert_eq!(output.stdout, b"");
        assert_eq!(
            line,
            "rig: no D-Bus system bus at /nowhere/bus; start it: `systemctl start dbus`, or `dbus-daemon --system` \
             where there is no systemd\n"
        );
    }
}

#[test]
fn a_bed_in_memory_says_everything_that_a_run_says_and_what_only_beds_have() {
    let ran = rig(&["ble", "run", "beds/in-memory.toml", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let result = ran.json();
    assert_eq!(result["outcome"], "reached");
    for property in cli::PROPERTIES {
        assert_eq!(
            result["properties"][property]["status"], "held",
            "{property}"
        );
    }
    assert_eq!(result["histories"].as_array().unwrap().len(), 4);
    for key in ["versions", "on_air", "formation_ms", "journal_records"] {
        assert!(!result[key].is_null(), "{key}");
    }
}

#[test]
fn the_history_of_a_bed_in_memory_verifies_and_a_seed_gives_it_again() {
    let played = |name: &str| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let path = path.into_os_string().into_string().unwrap();
        let bed = "beds/in-memory.toml";
        let args = [
            "ble",
            "run",
            bed,
            "--seed",
            "9",
            "--json",
            "--history",
            &path,
        ];
        (rig(&args).json(), path)
    };
    let (result, history) = played("bed.history");
    let verified = rig(&["verify", &history]);
    assert_eq!(verified.code, 0, "{verified:?}");
    let (again, _) = played("bed-again.history");
    assert_eq!(again["trace_hash"], result["trace_hash"]);
    assert_eq!(again["state_digest"], result["state_digest"]);
}

#[test]
fn a_bed_that_is_wrong_is_refused_with_its_place() {
    let ran = rig(&["ble", "run", "scenarios/honest-table.toml"]);
    let refusal = ran.refusal();
    assert!(refusal.contains("adapters"), "{refusal}");
}
