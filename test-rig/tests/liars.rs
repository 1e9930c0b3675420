//! Every built-in scenario with liars ends as it says it does, whatever the seed, and nothing of what must hold breaks.

mod cli;

use cli::{PROPERTIES, reaches, rig, room, run_json};
use serde_json::Value;

/// Runs a built-in whose `[expect]` must hold.
fn as_expected(name: &str, seeds: std::ops::RangeInclusive<u64>) -> Vec<Value> {
    let run = |seed: u64| {
        let (code, json) = run_json(name, seed);
        let at = format!("rig run {name} --seed {seed}: {json}");
        assert_eq!(code, 0, "{at}");
        for property in PROPERTIES {
            let status = &json["properties"][property]["status"];
            assert_eq!(*status, "held", "{property}, {at}");
        }
        json
    };
    seeds.map(run).collect()
}

#[test]
fn a_primary_that_proposes_two_things_is_replaced() {
    as_expected("equivocating-primary", 1..=4);
}

#[test]
fn a_backup_that_votes_for_two_things_changes_nothing() {
    for json in as_expected("equivocating-backup", 1..=2) {
        assert_eq!(json["view_changes"], 0);
    }
}

#[test]
fn what_a_forger_makes_up_counts_for_nothing() {
    as_expected("forger", 1..=2);
}

#[test]
fn chips_that_are_spent_twice_are_spent_at_most_once() {
    as_expected("double-spender", 1..=3);
}

#[test]
fn a_primary_that_is_as_slow_as_it_dares_cannot_stop_the_table() {
    as_expected("delaying-primary", 1..=2);
}

#[test]
fn a_flood_of_garbage_cannot_stop_the_table() {
    as_expected("spammer", 1..=2);
}

#[test]
fn as_many_floods_as_there_may_be_liars_cannot_stop_the_table() {
    as_expected("three-spammers", 1..=2);
}

#[test]
fn a_primary_that_leaves_one_player_out_is_replaced() {
    as_expected("censoring-primary", 1..=2);
}

#[test]
fn old_messages_count_for_nothing() {
    as_expected("replayer", 1..=2);
}

#[test]
fn two_phones_with_one_key_cannot_part_the_table() {
    as_expected("twins", 1..=2);
}

#[test]
fn view_changes_that_forget_lose_nothing_that_was_decided() {
    as_expected("amnesiac", 1..=2);
}

#[test]
fn relays_that_swallow_or_corrupt_are_gone_round() {
    as_expected("black-hole-relay", 1..=1);
    as_expected("corrupting-relay", 1..=1);
}

#[test]
fn whoever_is_behind_believes_no_lies_about_what_it_missed() {
    as_expected("bad-state-transfer", 1..=3);
}

#[test]
fn fragments_without_end_fill_nothing_up() {
    as_expected("fragment-bomber", 1..=2);
}

#[test]
fn two_of_seven_who_vote_for_both_versions_cannot_fork_the_table() {
    as_expected("colluders", 1..=2);
}

#[test]
fn nine_phones_live_on_with_three_silent_and_stall_with_four() {
    as_expected("nine-players-three-silent", 1..=1);
    for json in as_expected("nine-players-four-silent", 1..=2) {
        assert_eq!(json["quorum"], 6);
    }
}

#[test]
fn two_halves_of_four_decide_nothing_and_go_on_together() {
    for json in as_expected("split-two-and-two", 1..=2) {
        assert!(json["virtual_seconds"].as_f64() > Some(33.0), "{json}");
    }
}

#[test]
fn a_lie_with_an_end_leaves_a_phone_that_plays_on() {
    for behaviour in [
        "equivocator",
        "delayer",
        "twin",
        "corrupting-relay",
        "random",
    ] {
        let text = format!(
            "[[byzantine]]\nplayer = 0\nbehaviour = \"{behaviour}\"\nfrom = \"2s\"\nuntil = \"6s\"\n"
        );
        reaches(
            &room(&format!("for-a-while-{behaviour}"), 4, 12, &text),
            5,
            12,
        );
    }
}

#[test]
fn a_room_of_liars_runs_the_same_way_twice() {
    let liar = |player: u8, behaviour: &str| {
        format!("[[byzantine]]\nplayer = {player}\nbehaviour = \"{behaviour}\"\n")
    };
    let text = liar(1, "random") + &liar(5, "spammer");
    let scenario = room("liars-twice", 7, 4, &text);
    let args = [
        "run",
        &scenario,
        "--seed",
        "3",
        "--json",
        "--check-determinism",
    ];
    let ran = rig(&args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn who_keeps_shares_of_the_dice_back_holds_a_roll_up_at_most() {
    as_expected("withhold-share", 1..=2);
    for json in as_expected("two-withhold-shares", 1..=2) {
        assert!(json["virtual_seconds"].as_f64() > Some(29.0), "{json}");
        let evidence = json["evidence"].as_array().map(Vec::len);
        assert_eq!(evidence, Some(0), "nobody is blamed for it: {json}");
    }
}

#[test]
fn a_primary_that_collects_what_it_can_of_a_proposed_close_knows_no_roll_before_it_is_decided() {
    as_expected("peeking-primary", 1..=3);
}

#[test]
fn one_fewer_than_a_quorum_who_pool_their_shares_know_no_roll_before_it_is_decided() {
    as_expected("peeking-pool", 1..=2);
}

#[test]
fn a_close_above_a_slot_that_the_primary_keeps_back_is_not_voted_for_and_nothing_is_learnt() {
    for json in as_expected("skipped-slot", 1..=3) {
        assert!(json["view_changes"].as_u64() > Some(0), "{json}");
    }
}

#[test]
fn false_shares_dealings_and_complaints_are_proven_and_cost_the_seat() {
    for (name, lie) in [
        ("liar-dice", "false-roll-share"),
        ("bad-dealer", "false-share-dealt"),
        ("false-accuser", "false-complaint"),
        ("bad-dealer-at-rekey", "false-share-dealt"),
    ] {
        for json in as_expected(name, 1..=2) {
            assert_eq!(json["evidence"][0]["kind"], lie, "{name}");
        }
    }
}

#[test]
fn whoever_comes_with_stolen_invites_gets_in_by_its_own_key_only_and_is_not_blamed() {
    for (players, liars) in [(4, 1), (10, 3)] {
        let lies: String = (0..liars)
            .map(|player| {
                format!("[[byzantine]]\nplayer = {player}\nbehaviour = \"invite-thief\"\n")
            })
            .collect();
        let json = reaches(
            &room(&format!("thieves-{players}"), players, 3, &lies),
            1,
            3,
        );
        assert_eq!(json["evicted"].as_array().map(Vec::len), Some(0), "{json}");
    }
}

/// One more than nine phones can bear, all of them proven to have lied: two batches were prepared in one view, and the
/// honest phones can neither go on nor say who is right. That is no promise broken.
#[test]
fn a_table_that_too_many_proven_liars_have_torn_stands_still_and_no_more_is_said() {
    let cell = ["--players", "9", "--liars", "3", "--behaviour", "colluder"];
    let ran = rig(&[&["matrix", "--json", "--seed", "81"][..], &cell].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let json = ran.json();
    assert_eq!(json["outcome"], "stalled");
    assert_eq!(json["violated"], serde_json::json!([]));
}

/// One honest phone among five that say nothing: once they are healed it plays on with whoever is drawn, and whoever has lied is
/// never drawn without it.
#[test]
fn the_phones_that_must_play_on_at_last_are_not_liars_alone() {
    let cell = ["--players", "6", "--liars", "5", "--behaviour", "silent"];
    for seed in ["2", "3"] {
        let ran = rig(&[&["matrix", "--json", "--seed", seed][..], &cell].concat());
        let json = ran.json();
        assert_eq!(
            (ran.code, &json["outcome"]),
            (0, &"stalled".into()),
            "{json}"
        );
    }
}
