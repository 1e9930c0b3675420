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
