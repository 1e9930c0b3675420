//! Four honest phones play fifty rolls: what a person sees, what a script reads, and that it can be repeated.

mod cli;

use cli::{PROPERTIES, balances, reaches, rig, room, run_json, timeless};
use serde_json::Value;

#[test]
fn fifty_rolls_are_shown_one_by_one_and_then_balances_that_add_up() {
    let ran = rig(&["run", "honest-table", "--seed", "5"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let mut lines = ran.out.lines();
    assert!(lines.next().unwrap().starts_with("honest-table: "));
    assert!(lines.next().unwrap().ends_with("seed 5"));
    for roll in 1..=50 {
        let is_shown = |line: &&str| line.contains(&format!("  roll {roll:>3}  shooter "));
        let shown: Vec<&str> = ran.out.lines().filter(is_shown).collect();
        assert_eq!(shown.len(), 1, "roll {roll}: {}", ran.out);
        let words: Vec<&str> = shown[0].split("= ").collect();
        let (first, second) = words[0].trim().rsplit_once('+').unwrap();
        let first = first.rsplit(' ').next().unwrap();
        let total = words[1].split_whitespace().next().unwrap();
        let number = |text: &str| text.trim().parse::<u8>().unwrap();
        assert_eq!(
            number(first) + number(second),
            number(total),
            "{}",
            shown[0]
        );
    }
    let (seats, (bank_start, bank)) = balances(&ran.out);
    assert_eq!((seats.len(), bank_start), (4, 100_000));
    let sum: u64 = seats.iter().map(|(stack, layout)| stack + layout).sum();
    assert_eq!(sum + bank, 104_000, "{}", ran.out);
    assert!(ran.out.lines().any(|line| line.ends_with("   adds up")));
    for said in [
        "reached: 50 rolls settled on every honest phone",
        "\n50 rolls, ",
        "a bet lands in ",
        "a roll settles in ",
        "trace ",
        "again: rig run honest-table --seed 5\n",
    ] {
        assert!(ran.out.contains(said), "{said:?} in {}", ran.out);
    }
    for property in PROPERTIES {
        let held = |line: &str| line.starts_with(property) && line.contains(" held ");
        assert!(ran.out.lines().any(held), "{property}: {}", ran.out);
    }
}

#[test]
fn the_json_is_one_line_with_every_key_of_the_contract_in_its_type() {
    let ran = rig(&["run", "honest-table", "--seed", "5", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let json = ran.json();
    assert_eq!(json["scenario"], "honest-table");
    assert_eq!(json["outcome"], "reached");
    assert_eq!((&json["seed"], &json["players"]), (&5.into(), &4.into()));
    assert_eq!((&json["f"], &json["quorum"]), (&1.into(), &3.into()));
    assert_eq!(json["rolls"], 50);
    // A primary whose links often collide with others may lose its turn, and nothing else.
    assert!(json["view_changes"].as_u64() <= Some(1), "{json}");
    assert_eq!(json["evicted"], Value::Array(Vec::new()));
    assert_eq!(json["evidence"], Value::Array(Vec::new()));
    for property in PROPERTIES {
        let reported = &json["properties"][property];
        assert_eq!(reported["status"], "held", "{property}");
        assert!(reported["checked"].as_u64() > Some(0), "{property}");
    }
    for times in ["decide_ms", "roll_ms"] {
        let percentile = |key: &str| {
            let value = json[times][key].as_u64();
            value.unwrap_or_else(|| panic!("{times}.{key}: {json}"))
        };
        let rising = ["p50", "p95", "p99", "max"].map(percentile);
        assert!(rising.is_sorted() && rising[0] > 0, "{times}: {rising:?}");
    }
    for count in [
        "decisions",
        "origin_bytes_per_decision",
        "request_bytes_per_decision",
        "link_bytes_per_decision",
        "frames_per_decision",
        "virtual_seconds",
        "wall_seconds",
        "phone_seconds_per_second",
        "decisions_per_second",
    ] {
        assert!(json[count].as_f64() > Some(0.0), "{count}: {json}");
    }
    for hash in ["trace_hash", "state_digest"] {
        let text = json[hash].as_str().unwrap();
        let is_hex = text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        assert!(is_hex && text.len() == 64, "{hash}: {text}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another_one() {
    let scenario = room("repeated", 4, 8, "");
    let (_, first) = run_json(&scenario, 11);
    let (_, second) = run_json(&scenario, 11);
    let (_, other) = run_json(&scenario, 12);
    assert_eq!(timeless(first.clone()), timeless(second));
    for hash in ["trace_hash", "state_digest"] {
        assert_ne!(first[hash], other[hash], "{hash}");
    }
}

#[test]
fn what_a_person_sees_does_not_change_the_run() {
    let scenario = room("watched", 4, 5, "");
    let json = reaches(&scenario, 3, 5);
    let ran = rig(&["run", &scenario, "--seed", "3"]);
    let trace = format!("\ntrace {}\n", json["trace_hash"].as_str().unwrap());
    assert!(ran.out.contains(&trace), "{trace} in {}", ran.out);
}

#[test]
fn determinism_is_checked_on_demand() {
    let scenario = room("twice", 4, 5, "[radio]\nprofile = \"busy-room\"\n");
    let args = ["run", &scenario, "--seed", "9", "--json"];
    let checked = rig(&[&args[..], &["--check-determinism"]].concat());
    assert_eq!((checked.code, checked.err.as_str()), (0, ""));
    let plain = rig(&args);
    assert_eq!(timeless(checked.json()), timeless(plain.json()));
}

#[test]
fn the_seed_on_the_command_line_wins_over_the_files_and_that_over_a_drawn_one() {
    let with_seed = room("with-seed", 4, 2, "seed = 77\n");
    assert_eq!(rig(&["run", &with_seed, "--json"]).json()["seed"], 77);
    let (_, other) = run_json(&with_seed, 78);
    assert_eq!(other["seed"], 78);

    let without = room("without-seed", 4, 2, "");
    let drawn = rig(&["run", &without]);
    assert_eq!(drawn.code, 0, "{drawn:?}");
    let header = drawn.out.lines().nth(1).unwrap();
    let seed = header.rsplit(' ').next().unwrap();
    let again = rig(&["run", &without, "--seed", seed, "--json"]).json();
    let trace = format!("\ntrace {}\n", again["trace_hash"].as_str().unwrap());
    assert!(drawn.out.contains(&trace), "seed {seed}: {}", drawn.out);
    let drawn = rig(&["run", &without, "--json"]).json();
    let (_, replayed) = run_json(&without, drawn["seed"].as_u64().unwrap());
    assert_eq!(timeless(drawn), timeless(replayed));
}

#[test]
fn the_command_to_repeat_a_run_of_a_file_can_be_pasted() {
    let scenario = room("pasted", 4, 2, "");
    let ran = rig(&["run", &scenario, "--seed", "4"]);
    let again = format!("again: rig run {scenario} --seed 4\n");
    assert!(ran.out.contains(&again), "{}", ran.out);
}
