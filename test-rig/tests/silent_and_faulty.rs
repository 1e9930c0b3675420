//! Phones that say nothing, phones that die, links that break: up to f of them cost time, more cost progress, and
//! none of them ever costs a chip.

mod cli;

use cli::{PROPERTIES, balances, file, reaches, rig, room, run_json};

fn fault(text: &str) -> String {
    format!("[[fault]]\n{text}\n")
}

/// Runs a scenario that must come to a halt without anything breaking.
fn stalls(scenario: &str, seed: u64) -> serde_json::Value {
    let (code, json) = run_json(scenario, seed);
    let at = format!("{scenario} seed {seed}: {json}");
    assert_eq!((code, &json["outcome"]), (3, &"stalled".into()), "{at}");
    for name in PROPERTIES {
        let status = &json["properties"][name]["status"];
        assert_ne!(*status, "violated", "{name}, {at}");
    }
    json
}

#[test]
fn seven_players_play_on_with_two_silent_after_a_view_change() {
    for seed in 1..=4 {
        let json = reaches("seven-players-two-silent", seed, 20);
        assert!(json["view_changes"].as_u64() >= Some(1), "seed {seed}");
        assert_eq!(json["quorum"], 5);
    }
}

#[test]
fn seven_players_stall_with_three_silent_and_no_chip_moves() {
    for seed in 1..=4 {
        let json = stalls("seven-players-three-silent", seed);
        assert_eq!((&json["rolls"], &json["decisions"]), (&0.into(), &0.into()));
        assert!(json["decide_ms"].is_null() && json["roll_ms"].is_null());
        assert_eq!(json["properties"]["liveness"]["status"], "held");
        assert_eq!(json["properties"]["conservation"]["status"], "held");

        let seed = seed.to_string();
        let ran = rig(&["run", "seven-players-three-silent", "--seed", &seed]);
        assert_eq!((ran.code, ran.err.as_str()), (3, ""), "seed {seed}");
        let command = format!("rig run seven-players-three-silent --seed {seed}");
        let first = format!("\nSTALLED seed={seed}  {command}\n");
        assert!(ran.out.contains(&first), "{}", ran.out);
        assert!(ran.out.contains("stalled after 0 rolls"), "{}", ran.out);
        assert!(
            ran.out.contains("nothing heard from 0, 1, 2"),
            "{}",
            ran.out
        );
        let (seats, bank) = balances(&ran.out);
        assert_eq!(seats, [(1_000, 0); 7], "seed {seed}");
        assert_eq!(bank, (100_000, 100_000), "seed {seed}");
    }
}

#[test]
fn phones_that_are_silent_for_a_while_are_waited_for() {
    // Two of four silent at once is one more than the table can lose; then they come back.
    let liar = |player: u8| {
        format!(
            "[[byzantine]]\nplayer = {player}\nbehaviour = \"silent\"\nfrom = \"3s\"\nuntil = \"15s\"\n"
        )
    };
    let scenario = room("silent-for-a-while", 4, 10, &(liar(0) + &liar(1)));
    for seed in 1..=3 {
        let json = reaches(&scenario, seed, 10);
        assert!(json["virtual_seconds"].as_f64() > Some(15.0), "seed {seed}");
    }
}

#[test]
fn one_phone_of_four_may_die_for_good_be_it_the_primary() {
    for player in [0, 3] {
        let dies = fault(&format!(
            "kind = \"crash\"\nplayer = {player}\nfrom = \"3s\""
        ));
        let scenario = room(&format!("crash-of-{player}"), 4, 10, &dies);
        for seed in 1..=3 {
            let json = reaches(&scenario, seed, 10);
            let changed = json["view_changes"].as_u64() >= Some(1);
            assert!(changed || player != 0, "seed {seed}: {json}");
        }
    }
}

#[test]
fn two_dead_phones_of_four_stall_the_table() {
    let dies = |player| {
        fault(&format!(
            "kind = \"crash\"\nplayer = {player}\nfrom = \"3s\""
        ))
    };
    let scenario = room("two-crashes", 4, 50, &(dies(1) + &dies(2)));
    for seed in 1..=3 {
        let json = stalls(&scenario, seed);
        assert!(json["decisions"].as_u64() > Some(0), "seed {seed}: {json}");
        let liveness = &json["properties"]["liveness"]["status"];
        assert_eq!(liveness, "unknown", "no quorum is left to be healed");
    }
}

#[test]
fn a_table_that_is_parted_plays_on_once_the_parts_meet_again() {
    let halves = "kind = \"partition\"\nfrom = \"3s\"\nuntil = \"25s\"\ngroups = [[0, 1], [2, 3]]";
    let one_out = "kind = \"partition\"\nfrom = \"3s\"\nuntil = \"25s\"\ngroups = [[0]]";
    for (name, text) in [("halves", halves), ("one-out", one_out)] {
        let scenario = room(name, 4, 12, &fault(text));
        for seed in 1..=3 {
            let json = reaches(&scenario, seed, 12);
            let waited = json["virtual_seconds"].as_f64() > Some(25.0);
            assert!(waited, "{name} seed {seed}: {json}");
        }
    }
}

#[test]
fn a_suspended_phone_catches_up_when_it_wakes() {
    for player in [0, 2] {
        let text = format!("kind = \"suspend\"\nplayer = {player}\nfrom = \"2s\"\nuntil = \"20s\"");
        let scenario = room(&format!("suspend-{player}"), 4, 15, &fault(&text));
        for seed in 1..=3 {
            reaches(&scenario, seed, 15);
        }
    }
}

#[test]
fn links_that_lose_packets_only_cost_time() {
    let all = fault("kind = \"loss\"\nfrom = \"2s\"\nuntil = \"10s\"\nloss = 0.5");
    let one = fault("kind = \"loss\"\nfrom = \"2s\"\nloss = 0.9\nbetween = [0, 1]");
    let radio = "[radio]\nloss = 0.2\n\n[[radio.link]]\nbetween = [1, 2]\nloss = 0.4\n".to_owned();
    for (name, text) in [("loss", all), ("bad-link", one), ("lossy-radio", radio)] {
        let scenario = room(name, 4, 6, &text);
        for seed in 1..=2 {
            reaches(&scenario, seed, 6);
        }
    }
}

#[test]
fn a_table_stalls_while_no_packet_gets_through() {
    let scenario = room(
        "deaf",
        4,
        5,
        &fault("kind = \"loss\"\nfrom = \"0s\"\nloss = 1"),
    );
    let json = stalls(&scenario, 1);
    assert_eq!(json["decisions"], 0);
    assert_eq!(json["properties"]["liveness"]["status"], "held");
}

#[test]
fn a_phone_that_sleeps_to_the_end_of_a_finished_game_is_a_stall_and_no_violation() {
    let text = "name = \"asleep\"\nplayers = 4\nstop = { rounds = 3, at = \"60s\" }\n\
                [[fault]]\nkind = \"suspend\"\nplayer = 3\nfrom = \"1s\"\n";
    let scenario = file("asleep", text);
    for seed in [1, 8, 20, 25] {
        let json = stalls(&scenario, seed);
        assert!(json["rolls"].as_u64() >= Some(3), "seed {seed}");
        assert_eq!(json["properties"]["liveness"]["status"], "held");
    }
}

#[test]
fn a_phone_that_missed_many_slots_catches_up_over_links_that_lose_packets() {
    let text = "[radio]\nprofile = \"busy-room\"\nloss = 0.15\n\n\
                [[byzantine]]\nplayer = 5\nbehaviour = \"silent\"\n\n";
    let parted = "kind = \"partition\"\nfrom = \"4s\"\nuntil = \"20s\"\ngroups = [[0, 1, 2]]";
    let asleep = "kind = \"suspend\"\nplayer = 3\nfrom = \"22s\"\nuntil = \"45s\"";
    let dies = "kind = \"crash\"\nplayer = 1\nfrom = \"60s\"";
    let faults = fault(parted) + &fault(asleep) + &fault(dies);
    let scenario = room("missed-many", 7, 15, &format!("{text}{faults}"));
    for seed in [4, 9, 10] {
        let json = reaches(&scenario, seed, 15);
        assert!(
            json["virtual_seconds"].as_f64() < Some(120.0),
            "seed {seed}: {json}"
        );
    }
}

/// In virtual time, so the figures are the same on every machine: the dice need a quorum's shares and nobody's in particular.
#[test]
fn a_player_who_fell_silent_holds_no_roll_up_for_three_seconds() {
    let liar = "[[byzantine]]\nplayer = 3\nbehaviour = \"silent\"\nfrom = \"5s\"\n";
    let scenario = room("fell-silent", 7, 20, liar);
    for seed in 1..=4 {
        let json = reaches(&scenario, seed, 20);
        let longest = json["roll_ms"]["max"].as_u64();
        assert!(longest < Some(3_000), "seed {seed}: {longest:?}");
    }
}
