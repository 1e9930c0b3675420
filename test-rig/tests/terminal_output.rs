//! Terminal output as people see it, kept as snapshots: whoever changes a text looks at it whole and takes it anew
//! (`INSTA_UPDATE=always`). Only what no clock and no seed changes stands here.

mod cli;

use cli::{file, rig};

const SCENARIO: &str = "name = \"everything-at-once\"\nplayers = 7\nseed = 9\nstop = { rounds = 20, at = \"120s\" }\n\
    [radio]\nprofile = \"mixed-room\"\n\
    [[byzantine]]\nplayer = 0\nbehaviour = \"equivocator\"\n\
    [[fault]]\nkind = \"partition\"\nfrom = \"70s\"\nuntil = \"80s\"\ngroups = [[0, 1], [2, 3, 4, 5, 6]]\n\
    [expect]\noutcome = \"reached\"\nevicted = [0]\n";

#[test]
fn a_scenario_is_explained_in_words() {
    let path = file("explained", SCENARIO);
    let ran = rig(&["check", &path]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!("check", ran.out.replace(&path, "FILE"));
}

#[test]
fn a_bet_is_explained_with_what_it_pays() {
    let ran = rig(&["bets", "pass-line"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!("bets_pass_line", ran.out);
}

#[test]
fn what_fuzz_can_do_is_taught_by_its_help() {
    let ran = rig(&["fuzz", "--help"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!("fuzz_help", ran.out);
}

/// The lines of a run that are not about rolls, without their times.
fn told(arguments: &[&str]) -> Vec<String> {
    let ran = rig(arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines = ran.out.lines().filter_map(|line| line.split_once(" s  "));
    let told = lines.map(|(_, text)| text.to_owned());
    told.filter(|text| !text.starts_with("roll ")).collect()
}

#[test]
fn a_primary_that_lies_is_caught_replaced_and_evicted_with_the_proof_on_the_screen() {
    for seed in ["1", "2", "3"] {
        let told = told(&["run", "equivocating-primary", "--seed", seed]);
        let position = |beginning: &str| {
            let at = told.iter().position(|line| line.starts_with(beginning));
            at.unwrap_or_else(|| panic!("no line begins with {beginning:?}: {told:#?}"))
        };
        let caught = position("phone 0 is caught lying: two-");
        let [one, other, checked] = [1, 2, 3].map(|below| told[caught + below].trim());
        let (first, one) = one.split_once("it signed  ").unwrap();
        let (_, other) = other.split_once("and        ").unwrap();
        assert_eq!(first, "");
        // Two statements on one place, under one key.
        let place = |text: &str| text.split_once(": ").unwrap().0.to_owned();
        assert_eq!(place(one), place(other));
        assert_ne!(one, other);
        assert_eq!(
            checked,
            "both are signed with phone 0's key, as the rig finds by itself"
        );
        let replaced = position("view 1 begins, primary 1");
        let convicted = position("phone 0 is convicted of two-");
        let evicted = told.iter().position(|line| line.ends_with("; evicted: 0"));
        assert!(replaced < evicted.unwrap() && caught < convicted && convicted < evicted.unwrap());
    }
}

#[test]
fn honest_phones_are_told_of_no_lie() {
    let told = told(&["run", "honest-table", "--seed", "1"]);
    assert_eq!(told, Vec::<String>::new());
}
