//! Shrinking, merging, the matrix, as a script sees them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cli;

use std::path::PathBuf;

use cli::{file, rig};
use serde_json::Value;

fn temporary(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    path.into_os_string().into_string().unwrap()
}

/// Three of five say nothing: it stalls, whatever else goes on.
const STALLS: &str = "name = \"stalls\"\nplayers = 5\nseed = 4\nstop = { rounds = 6, at = \"15s\" }\n\
    [radio]\nprofile = \"mixed-room\"\nloss = 0.05\n\
    [[byzantine]]\nplayer = 0\nbehaviour = \"silent\"\n[[byzantine]]\nplayer = 1\nbehaviour = \"silent\"\n\
    [[byzantine]]\nplayer = 2\nbehaviour = \"replayer\"\n\
    [[fault]]\nkind = \"loss\"\nloss = 0.2\nfrom = \"2s\"\nuntil = \"4s\"\n";

#[test]
fn a_scenario_that_stalls_becomes_smaller_and_stalls_still() {
    let path = file("stalls", STALLS);
    let shrunk = |name: &str| {
        let out = temporary(name);
        let ran = rig(&["shrink", &path, "-o", &out]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let first = ran.out.lines().next().unwrap();
        assert_eq!(first, format!("rig run {out} --seed 4"));
        assert!(ran.err.contains("shrink: one fault less\n"), "{}", ran.err);
        std::fs::read_to_string(out).unwrap()
    };
    let text = shrunk("once.toml");
    assert_eq!(text, shrunk("twice.toml"), "the same file, the same answer");
    assert!(
        !text.contains("replayer") && !text.contains("[[fault]]"),
        "{text}"
    );
    assert!(text.contains("profile = \"ideal\""), "{text}");
    let ran = rig(&["run", &temporary("once.toml"), "--json"]);
    assert_eq!((ran.code, &ran.json()["outcome"]), (3, &"stalled".into()));
}

#[test]
fn what_does_not_fail_cannot_be_shrunk() {
    let path = file(
        "sound",
        "name = \"sound\"\nplayers = 4\nstop = { rounds = 1, at = \"60s\" }\n",
    );
    let ran = rig(&["shrink", &path, "--seed", "1"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .ends_with("the scenario does not fail with this seed: nothing to shrink\n")
    );
    assert!(rig(&["shrink", &path]).refusal().contains("--seed"));
}

#[test]
fn shards_put_together_are_the_whole_campaign() {
    let (parts, whole) = (temporary("parts"), temporary("whole"));
    let fuzz = |args: &[&str]| {
        let ran = rig(&[
            &["fuzz", "--first-seed", "5", "--count", "6", "--json"][..],
            args,
        ]
        .concat());
        assert_eq!(ran.code, 0, "{ran:?}");
    };
    fuzz(&["--shard", "1/2", "--out", &parts]);
    fuzz(&["--shard", "2/2", "--out", &parts]);
    fuzz(&["--out", &whole]);
    let [one, two] = ["1", "2"].map(|shard| format!("{parts}/fuzz-{shard}-of-2.json"));
    let merged = rig(&["fuzz", "--json", "--merge", &one, &two]);
    assert_eq!((merged.code, merged.err.as_str()), (0, ""));
    let text = std::fs::read_to_string(format!("{whole}/fuzz.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    for key in ["runs", "failed", "outcomes", "digest"] {
        assert_eq!(merged.json()[key], whole[key], "{key}");
    }
    let half = rig(&["fuzz", "--json", "--merge", &one]);
    assert_eq!(
        (half.code, half.err.as_str()),
        (0, "rig: missing: shards 2/2\n")
    );
    let twice = rig(&["fuzz", "--merge", &one, &one]);
    assert!(twice.refusal().contains("shard 1/2 is there twice"));
}

fn cells(args: &[&str]) -> Vec<Value> {
    let ran = rig(&[&["matrix", "--json"][..], args].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    ran.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn tables_of_four_reach_the_end_with_one_liar_and_no_fork_goes_unnoticed_with_three() {
    let cells = cells(&["--players", "4..4", "--jobs", "2"]);
    assert_eq!(cells.len(), 4 * 7);
    for (index, cell) in cells.iter().enumerate() {
        let keys: Vec<&String> = cell.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            ["behaviour", "liars", "outcome", "players", "violated"]
        );
        assert_eq!(cell["liars"], index / 7, "in order: {cell}");
        assert_eq!(cell["violated"], Value::Array(vec![]), "{cell}");
        if cell["liars"].as_u64() <= Some(1) {
            assert_eq!(cell["outcome"], "reached", "{cell}");
        }
    }
    let silent = |cell: &&Value| cell["behaviour"] == "silent" && cell["liars"] == 2;
    assert_eq!(cells.iter().find(silent).unwrap()["outcome"], "stalled");
}

#[test]
fn a_matrix_for_people_is_a_table_and_a_page() {
    let page = temporary("matrix.html");
    let ran = rig(&[
        "matrix",
        "--players",
        "4",
        "--behaviour",
        "silent",
        "--report",
        &page,
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let expected = " n  b           silent\n 4  0                R\n 4  1 f              R\n 4  2                S\n 4  3                S\n\
                    4 cells: 2 reached, 2 stalled, 0 halted, 0 violated; 0 not as expected\n";
    assert_eq!(ran.out, expected);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("Every cell ended as it must."));
    assert_eq!(page.matches("<td class=\"").count(), 4);
}

#[test]
fn rates_count_how_often_a_table_ends_in_which_way() {
    let args = [
        "--players",
        "4",
        "--liars",
        "1",
        "--behaviour",
        "equivocator",
        "--rates",
        "3",
    ];
    let rates = cells(&args);
    assert_eq!(rates.len(), 1);
    assert_eq!(
        (&rates[0]["seeds"], &rates[0]["reached"]),
        (&3.into(), &3.into())
    );
}

#[test]
fn impossible_matrices_are_said_to_be_so() {
    for (args, part) in [
        (["--players", "1..4"], "from 2 to 18"),
        (["--players", "9..4"], "from 2 to 18"),
        (["--behaviour", "twin"], "expected one of equivocator, "),
        (["--liars", "18"], "at least one phone must be honest"),
    ] {
        let ran = rig(&[&["matrix"][..], &args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains(part), "{}", ran.err);
    }
}
