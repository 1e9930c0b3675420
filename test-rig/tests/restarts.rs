//! Phones that die and come back, disks that fail, clocks that are wrong: the game goes on and nobody is blamed.

mod cli;

use cli::{reaches, room, run_json};

fn held(json: &serde_json::Value) {
    for name in cli::PROPERTIES {
        let status = &json["properties"][name]["status"];
        assert_ne!(*status, "violated", "{name}: {json}");
    }
    assert_eq!(json["properties"]["single_signing"]["status"], "held");
    assert_eq!(json["evidence"], serde_json::json!([]));
}

#[test]
fn the_built_in_rooms_with_restarts_and_bad_disks_and_clocks_end_as_they_say() {
    for (scenario, rounds) in [
        ("crash-and-return", 20),
        ("all-crash-at-once", 15),
        ("torn-disk", 15),
        ("lost-journal", 15),
        ("rolled-back-journal", 15),
        ("clock-drift", 20),
        ("one-way-link", 20),
    ] {
        for seed in 1..=2 {
            held(&reaches(scenario, seed, rounds));
        }
    }
}

#[test]
fn a_phone_that_is_heard_by_nobody_for_a_while_or_hears_nobody_costs_only_time() {
    for groups in ["[[1], [0, 2, 3]]", "[[0, 2, 3], [1]]", "[[0], [1, 2, 3]]"] {
        let fault = format!(
            "[[fault]]\nkind = \"partition\"\ngroups = {groups}\none_way = true\nfrom = \"3s\"\n\
             until = \"10s\"\n"
        );
        let scenario = room("one-way", 4, 10, &fault);
        let (code, json) = run_json(&scenario, 3);
        assert_eq!(
            (code, &json["outcome"]),
            (0, &"reached".into()),
            "{groups}: {json}"
        );
        held(&json);
    }
}

#[test]
fn a_phone_that_dies_again_and_again_with_a_bad_disk_signs_nothing_twice() {
    for disk in ["torn-write", "lost-sync", "bit-flip", "lost", "rollback"] {
        let crash = |player: u8, from: u8| {
            format!(
                "[[fault]]\nkind = \"crash\"\nplayer = {player}\nfrom = \"{from}s\"\nuntil = \"{}s\"\n\
                 disk = \"{disk}\"\n\n",
                from + 2
            )
        };
        let faults = crash(0, 2) + &crash(0, 6) + &crash(0, 10);
        let scenario = room(&format!("again-{disk}"), 4, 12, &faults);
        for seed in 1..=2 {
            let (code, json) = run_json(&scenario, seed);
            let at = format!("{disk}, seed {seed}: {json}");
            assert_eq!((code, &json["outcome"]), (0, &"reached".into()), "{at}");
            held(&json);
        }
    }
}

#[test]
fn all_phones_that_die_at_any_moment_of_a_round_play_on_when_they_are_back() {
    // Every moment of a round is hit: bets on their way, a close, shares of the dice, a checkpoint.
    for step in 0..16 {
        let from = 1_500 + 67 * step;
        let crash = |player: u64| {
            format!(
                "[[fault]]\nkind = \"crash\"\nplayer = {player}\nfrom = \"{from}ms\"\n\
                 until = \"{}ms\"\n\n",
                from + 700 + 300 * ((player + step) % 4)
            )
        };
        let faults: String = (0..4).map(crash).collect();
        let scenario = room(&format!("all-at-{from}"), 4, 6, &faults);
        let (code, json) = run_json(&scenario, step);
        let at = format!("all die at {from} ms: {json}");
        assert_eq!((code, &json["outcome"]), (0, &"reached".into()), "{at}");
        held(&json);
    }
}
