//! Bad air and bad relays cost time and bytes, and nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cli;

use std::collections::BTreeMap;
use std::path::PathBuf;

use cli::{reaches, rig, room};
use serde_json::Value;

#[test]
fn a_table_goes_on_over_links_that_carry_twenty_bytes_at_a_time() {
    for (players, rounds) in [(4, 6), (7, 4), (10, 3)] {
        let scenario = room(
            &format!("twenty-bytes-{players}"),
            players,
            rounds,
            "[radio]\nmtu = 23\n",
        );
        reaches(&scenario, 1, rounds.into());
    }
}

/// Three in ten packets are damaged for most of the time, in bursts of eight tenths of a second; in between, 2 %.
fn bursts(seconds: u32) -> String {
    let burst = |at: u32| {
        format!(
            "[[fault]]\nkind = \"loss\"\nloss = 0.30\nfrom = \"{at}ms\"\nuntil = \"{}ms\"\n",
            at + 800
        )
    };
    (0..seconds).map(|second| burst(second * 1000)).collect()
}

#[test]
fn bursts_of_damaged_packets_take_three_times_the_bytes_for_a_decision_at_most() {
    for (players, rounds) in [(4, 6), (7, 4), (10, 3), (16, 2)] {
        let quiet = room(&format!("quiet-{players}"), players, rounds, "");
        let rough = room(&format!("rough-{players}"), players, rounds, &bursts(40));
        let bytes = |scenario: &str| {
            let json = reaches(scenario, 1, rounds.into());
            json["link_bytes_per_decision"].as_u64().unwrap()
        };
        let (quiet, rough) = (bytes(&quiet), bytes(&rough));
        println!("{players} phones: {quiet} bytes for a decision in quiet air, {rough} in bursts");
        assert!(rough <= 3 * quiet, "{players} phones: {quiet}, {rough}");
    }
}

/// Pairs of honest phones that lost their last link during the game.
fn cut(trace: &str, liars: u64) -> Vec<Value> {
    let mut links: BTreeMap<String, i32> = BTreeMap::new();
    let lines = trace.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let change = match line["msg"]["type"].as_str() {
            Some("link-up") => 1,
            Some("link-down") => -1,
            _ => return None,
        };
        let mut ends: Vec<u64> = line["msg"]["ends"]
            .as_array()
            .unwrap()
            .iter()
            .map(|end| end.as_u64().unwrap())
            .collect();
        ends.sort_unstable();
        let linked = links.entry(format!("{ends:?}")).or_default();
        *linked += change;
        let honest = ends.iter().all(|end| *end >= liars);
        let last = change < 0 && *linked == 0;
        (honest && last && line["t"].as_i64() >= Some(0)).then_some(line)
    });
    lines.collect()
}

#[test]
fn as_many_relays_as_may_lie_cost_no_honest_phone_its_links_or_its_name() {
    let kinds = [
        "black-hole-relay",
        "corrupting-relay",
        "delayer",
        "replayer",
    ];
    for kind in kinds {
        for (players, liars) in [(7, 2), (10, 3)] {
            let lies: String = (0..liars)
                .map(|player| format!("[[byzantine]]\nplayer = {player}\nbehaviour = \"{kind}\"\n"))
                .collect();
            let name = format!("{kind}s-{players}");
            let scenario = room(&name, players, 3, &lies);
            let trace = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.ndjson"));
            let path = trace.to_str().unwrap();
            let ran = rig(&["run", &scenario, "--seed", "1", "--json", "--trace", path]);
            let json = ran.json();
            let at = format!("{scenario} seed 1: {json}");
            assert_eq!((ran.code, &json["outcome"]), (0, &"reached".into()), "{at}");
            assert_eq!(
                json["properties"]["no_honest_blamed"]["status"], "held",
                "{at}"
            );
            let cut = cut(&std::fs::read_to_string(&trace).unwrap(), liars);
            assert!(cut.is_empty(), "{at}: {cut:?}");
        }
    }
}
