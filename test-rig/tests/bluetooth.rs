//! `rig ble` from outside: where there is no Bluetooth, and in memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cli;

use cli::{command, rig};

#[cfg(target_os = "linux")]
#[test]
fn without_a_system_bus_one_line_says_what_to_do_and_the_exit_code_is_7() {
    let run: &[&str] = &["ble", "run", "beds/four-phones.toml", "--json"];
    for args in [&["ble", "adapters"][..], run] {
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
fn a_bed_that_is_wrong_is_refused_with_its_place() {
    let ran = rig(&["ble", "run", "scenarios/honest-table.toml"]);
    let refusal = ran.refusal();
    assert!(refusal.contains("adapters"), "{refusal}");
}
