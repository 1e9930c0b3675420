//! Campaigns of random rooms, and benchmarks, as a script sees them.

mod cli;

use cli::{Ran, file, rig};
use serde_json::Value;

fn fuzz(args: &[&str]) -> Ran {
    rig(&[&["fuzz", "--json"][..], args].concat())
}

#[test]
fn a_campaign_of_random_rooms_breaks_nothing_and_is_the_same_on_one_job_and_on_three() {
    let [one, three] = ["1", "3"].map(|jobs| {
        let ran = fuzz(&["--first-seed", "5", "--count", "12", "--jobs", jobs]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        let mut json = ran.json();
        let speed = json["seeds_per_second"].take();
        assert!(speed.as_f64() > Some(0.0), "{speed}");
        json
    });
    assert_eq!(one, three);
    assert_eq!(
        (&one["runs"], &one["failed"]),
        (&12.into(), &Value::Array(vec![]))
    );
}

#[test]
fn shards_of_a_campaign_run_every_seed_once() {
    let runs = |shard: &str| {
        let ran = fuzz(&["--first-seed", "5", "--count", "5", "--shard", shard]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()["runs"].as_u64().unwrap()
    };
    assert_eq!(runs("1/2") + runs("2/2"), 5);
}

#[test]
fn a_campaign_for_people_says_how_it_came_out() {
    let ran = rig(&["fuzz", "--first-seed", "5", "--count", "2"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("2 seeds: 0 failed ("), "{}", ran.out);
}

#[test]
fn an_impossible_shard_or_part_is_said_to_be_so() {
    for shard in ["0/2", "3/2", "1", "a/b"] {
        let ran = rig(&["fuzz", "--shard", shard]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{shard}");
        assert!(ran.err.contains("expected K/N"), "{}", ran.err);
    }
    let ran = rig(&["bench", "decisions"]);
    assert!(
        ran.refusal()
            .contains("no part \"decisions\" to measure; parts are decision, ")
    );
}

#[test]
fn help_teaches_how_to_repeat_a_seed_and_what_can_be_measured() {
    let ran = rig(&["fuzz", "--help"]);
    assert!(
        ran.out.contains("rig fuzz --first-seed 77 --count 1"),
        "{}",
        ran.out
    );
    let ran = rig(&["bench", "--help"]);
    for part in ["decision ", "view_change ", "slowdown "] {
        assert!(ran.out.contains(part), "{part} in {}", ran.out);
    }
}

#[test]
fn a_benchmark_is_one_object_with_a_key_for_each_size_of_table() {
    let ran = rig(&["bench", "decision", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let json = ran.json();
    for (n, bytes) in [
        ("4", 612),
        ("7", 1_062),
        ("9", 1_362),
        ("10", 1_512),
        ("16", 2_412),
    ] {
        let row = &json["decision"][n];
        assert_eq!(row["origin_bytes"], bytes, "{n}: {row}");
        assert_eq!(
            (&row["hops"], &row["request_bytes"]),
            (&3.into(), &93.into())
        );
    }
    assert_eq!(json.as_object().unwrap().len(), 1);
}

/// More colluders than the table can stand, on both sides of a cut: a fork, which the phones must see and latch, and for
/// which they must name nobody but liars.
#[test]
fn a_fork_by_too_many_liars_is_latched_and_blames_only_them() {
    let liar = |player: u8, with: [u8; 2]| {
        format!("[[byzantine]]\nplayer = {player}\nbehaviour = \"colluder\"\nwith = {with:?}\n")
    };
    let text = "name = \"forked\"\nplayers = 5\nstop = { rounds = 20, at = \"60s\" }\n\
                [radio]\ntopology = { links = [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3], [0, 4], [1, 4], [2, 4]] }\n";
    let text = format!(
        "{text}{}{}{}",
        liar(0, [1, 2]),
        liar(1, [0, 2]),
        liar(2, [0, 1])
    );
    let path = file("forked", &text);
    let outcomes = (1..=3).map(|seed| {
        let ran = rig(&["run", &path, "--seed", &seed.to_string(), "--json"]);
        let json = ran.json();
        let blame = json["properties"]["no_honest_blamed"]["status"].clone();
        assert_eq!(blame, "held", "{json}");
        (ran.code, json["outcome"].clone())
    });
    let outcomes: Vec<(i32, Value)> = outcomes.collect();
    assert!(outcomes.contains(&(1, "halted".into())), "{outcomes:?}");
    assert!(!outcomes.contains(&(1, "violated".into())), "{outcomes:?}");
}
