//! Small honest rooms of every size, radio and shape.

mod cli;

use cli::{reaches, room, run_json};

#[test]
fn tables_of_two_to_sixteen_phones_reach_their_rounds() {
    for (players, f, quorum) in [
        (2, 0, 2),
        (3, 0, 3),
        (4, 1, 3),
        (7, 2, 5),
        (10, 3, 7),
        (16, 5, 11),
    ] {
        let scenario = room(&format!("players-{players}"), players, 3, "");
        for seed in [1, 2] {
            let json = reaches(&scenario, seed, 3);
            assert_eq!((&json["f"], &json["quorum"]), (&f.into(), &quorum.into()));
            // Ten phones and more need about as long for the bets of all of them as a view lasts, and of seven one that
            // waits for what a relay holds back can take as long.
            let changes = json["view_changes"].as_u64().unwrap_or(u64::MAX);
            let in_time = players >= 10 || changes <= u64::from(players >= 7);
            assert!(in_time, "{players} players, seed {seed}: {json}");
        }
    }
}

#[test]
fn every_profile_of_the_radio_carries_a_game() {
    for profile in [
        "ideal",
        "iphone",
        "android",
        "mixed-room",
        "busy-room",
        "desktop",
        "fixed",
    ] {
        let radio = format!("[radio]\nprofile = \"{profile}\"\n");
        let scenario = room(&format!("profile-{profile}"), 5, 3, &radio);
        reaches(&scenario, 1, 3);
    }
}

#[test]
fn every_shape_of_the_room_carries_a_game() {
    let links = "{ links = [[0, 1], [0, 2], [2, 3], [2, 4]] }";
    for (name, topology) in [
        ("auto", "\"auto\""),
        ("full", "\"full\""),
        ("line", "\"line\""),
        ("ring", "\"ring\""),
        ("links", links),
    ] {
        let radio = format!("[radio]\ntopology = {topology}\n");
        let scenario = room(&format!("topology-{name}"), 5, 3, &radio);
        for seed in [1, 2] {
            reaches(&scenario, seed, 3);
        }
    }
}

#[test]
fn the_smallest_mtu_carries_a_game_in_more_frames_than_the_largest() {
    let [small, large] = [23, 517].map(|mtu| {
        let scenario = room(
            &format!("mtu-{mtu}"),
            4,
            3,
            &format!("[radio]\nmtu = {mtu}\n"),
        );
        reaches(&scenario, 1, 3)["frames_per_decision"].as_u64()
    });
    assert!(small > large, "{small:?} frames, {large:?} frames");
}

#[test]
fn a_capped_slow_radio_carries_a_game() {
    let radio = "[radio]\nprofile = \"fixed\"\nbandwidth = 20000\n\
                 latency = { min = \"30ms\", mean = \"30ms\" }\n";
    reaches(&room("capped", 4, 3, radio), 1, 3);
}

#[test]
fn players_bet_what_the_workload_names_and_think_as_long_as_it_says() {
    let workload = "[workload]\nbets_per_round = { min = 1, max = 1 }\n\
                    kinds = [\"pass-line\", \"field\", \"odds\"]\nthink = \"2s\"\n";
    let json = reaches(&room("thinkers", 4, 4, workload), 1, 4);
    assert!(json["virtual_seconds"].as_f64() > Some(8.0), "{json}");
}

#[test]
fn a_run_whose_time_is_up_has_stalled() {
    let text = "name = \"short\"\nplayers = 4\nstop = { rounds = 1000, at = \"5s\" }\n";
    let (code, json) = run_json(&cli::file("short", text), 1);
    assert_eq!((code, &json["outcome"]), (3, &"stalled".into()));
    assert!(json["virtual_seconds"].as_f64() <= Some(5.0), "{json}");
    assert_eq!(json["properties"]["liveness"]["status"], "held");
}
