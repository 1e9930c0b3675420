//! `rig bets` and `rig bench`: what people and scripts read of the catalogue.

mod cli;

use std::collections::BTreeSet;

use bitcraps_core::craps::{BetKind, Rules};
use cli::rig;
use serde_json::Value;

/// The published edges with our ids, as the core's tests prove them.
const PUBLISHED: &str = include_str!("../../core/tests/data/craps-edges.json");

#[test]
fn the_json_has_a_row_for_every_bet_and_number_with_the_published_edge() {
    let ran = rig(&["bets", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let rows = ran.json();
    let rows = rows.as_array().unwrap();
    let mut ids = BTreeSet::new();
    for row in rows {
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 4, "{row}");
        for key in ["id", "name", "pays", "edge"] {
            assert!(
                row[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key}: {row}"
            );
        }
        assert!(ids.insert(row["id"].as_str().unwrap()), "{row}");
    }
    let priced = BetKind::all().filter(|kind| kind.edge(&Rules::REFERENCE).is_some());
    assert_eq!(ids, priced.map(BetKind::id).collect());
    let edge_of = |id: &Value| {
        let row = rows.iter().find(|row| row["id"] == *id);
        row.unwrap_or_else(|| panic!("no row {id}"))["edge"]
            .as_str()
            .unwrap()
    };
    let published: Vec<Value> = serde_json::from_str(PUBLISHED).unwrap();
    // Under the reference rules: no variant. A pass bet made on a point is priced with the put bets.
    let reference = published
        .iter()
        .filter(|row| row["rules"].is_null() && !row["ids"].is_null());
    let mut compared = 0;
    for row in reference {
        let (num, den) = (
            row["edge_num"].as_str().unwrap(),
            row["edge_den"].as_str().unwrap(),
        );
        let edge = if num == "0" {
            "0".to_owned()
        } else {
            format!("{num}/{den}")
        };
        for id in row["ids"].as_array().unwrap() {
            if *id != "pass-line" || row["points"].is_null() {
                assert_eq!(edge_of(id), edge, "{id}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn the_table_lists_every_bet_in_a_line() {
    let ran = rig(&["bets"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for kind in BetKind::all().filter(|kind| kind.edge(&Rules::REFERENCE).is_some()) {
        let of_kind = |line: &&str| line.split_whitespace().next() == Some(kind.id());
        let lines: Vec<&str> = ran.out.lines().filter(of_kind).collect();
        assert_eq!(lines.len(), 1, "{kind}");
        assert!(lines[0].contains(kind.name()), "{}", lines[0]);
        assert!(
            lines[0].ends_with(&kind.pays(&Rules::REFERENCE)),
            "{}",
            lines[0]
        );
    }
}

#[test]
fn one_bet_or_family_is_explained() {
    let ran = rig(&["bets", "field"]);
    assert_eq!(ran.code, 0);
    for said in [
        "field (field)",
        "1/18 of the stake = 5.556 %",
        "2:1 on 2, 12",
        "example",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    let ran = rig(&["bets", "Field", "--rules", "friendly"]);
    assert!(
        ran.out.contains("1/36 of the stake = 2.778 %"),
        "{}",
        ran.out
    );
    let ran = rig(&["bets", "place"]);
    let explained = ran
        .out
        .lines()
        .filter(|line| line.starts_with("place "))
        .count();
    assert_eq!(explained, 6, "{}", ran.out);
    let ran = rig(&["bets", "7-point-up"]);
    assert!(ran.out.contains("grows out of another bet"), "{}", ran.out);
}

#[test]
fn an_unknown_bet_or_unknown_rules_are_one_line_with_what_comes_close() {
    for (typed, near) in [
        ("feild", "`field`"),
        ("hard-7", "`hard-"),
        ("repeaters", "`repeater`"),
    ] {
        let ran = rig(&["bets", typed]);
        assert!(ran.refusal().contains(near), "{}", ran.refusal());
    }
    assert!(
        rig(&["bets", "zzzzzz"])
            .refusal()
            .contains("`rig bets` lists them all")
    );
    let ran = rig(&["bets", "--rules", "stripp"]);
    assert!(
        ran.refusal().contains("did you mean `strip`"),
        "{}",
        ran.refusal()
    );
}

#[test]
fn the_bench_prints_one_object_with_its_figure() {
    let ran = rig(&["bench", "bets_settled_per_second", "--json"]);
    assert_eq!(ran.code, 0);
    let json = ran.json();
    assert_eq!(json.as_object().unwrap().len(), 1);
    assert!(json["bets_settled_per_second"].as_u64() > Some(0));
}

#[test]
fn a_workload_names_bets_one_by_one_by_family_or_as_odds() {
    let workload = "[workload]\nkinds = [\"pass-line\", \"odds\", \"place-6\", \"hard\"]\n";
    let scenario = cli::room("named-bets", 4, 6, workload);
    cli::reaches(&scenario, 1, 6);
    let wrong = cli::room("misnamed-bets", 4, 6, "[workload]\nkinds = [\"place-7\"]\n");
    let ran = rig(&["check", &wrong]);
    assert!(
        ran.refusal().contains("did you mean \"place\"") || ran.refusal().contains("place-"),
        "{}",
        ran.refusal()
    );
}
