//! A safety rule without a mutant that some test kills is not tested (CONTRIBUTING.md, rule 11).
//!
//! `core/mutants/mutants.toml` breaks each rule once. Here, quickly: every mutant fits the sources, and its killer is a
//! test. With `cargo test -p bitcraps-core --test mutants -- --ignored --nocapture killed` each mutant is built in a copy of
//! the tree and its killer must fail; that takes some minutes, prints a table, and fails if a mutant survives. `MUTANT=lock`
//! in front leaves all but those with "lock" in their names out. Those that say `fuzz = true` must be found by `rig fuzz` as
//! well, from outside, and `rig shrink` must make the room that found them smaller: `fuzz` in place of `killed`.
#![allow(
    clippy::disallowed_methods,
    reason = "reads and copies the sources, and runs cargo on the copy; the core itself has no files"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its sources has failed"
)]

mod mutation;

use std::collections::BTreeMap;

use mutation::{Found, Mutant, SEEDS_MAX, Tree, Unbroken, Verdict};

#[test]
fn every_mutant_fits_the_sources_and_names_a_test() {
    let tree = Tree::here();
    let mutants = Mutant::all(&tree);
    assert!(mutants.len() >= 30, "{} mutants", mutants.len());
    for mutant in &mutants {
        for edit in &mutant.edits {
            assert!(edit.old != edit.new, "{}: changes nothing", mutant.name);
            if let Err(problem) = edit.applied(&tree) {
                panic!("{}: {problem}", mutant.name);
            }
        }
        assert!(
            mutant.killer.is_in(&tree),
            "{}: no test {}",
            mutant.name,
            mutant.killer
        );
    }
}

#[test]
fn two_mutants_do_not_have_one_name() {
    let mut names: Vec<String> = Mutant::all(&Tree::here())
        .into_iter()
        .map(|mutant| mutant.name)
        .collect();
    names.sort();
    let before = names.len();
    names.dedup();
    assert_eq!(names.len(), before);
}

/// All, or those whose names have in them what is asked for.
fn wanted(tree: &Tree) -> Vec<Mutant> {
    let mut mutants = Mutant::all(tree);
    if let Ok(part) = std::env::var("MUTANT") {
        mutants.retain(|mutant| mutant.name.contains(&part));
    }
    assert!(!mutants.is_empty(), "no mutant has that name");
    mutants
}

#[test]
#[ignore = "builds the core once for each mutant: some minutes"]
fn every_mutant_is_killed_by_the_test_that_it_names() {
    let scratch = Tree::here().copied("tree");
    let mutants = wanted(&scratch);
    let mut killers = BTreeMap::new();
    for mutant in &mutants {
        killers.insert(mutant.killer.to_string(), &mutant.killer);
    }
    for (name, killer) in &killers {
        let verdict = killer.run(&scratch);
        assert_eq!(verdict, Verdict::Survived, "{name} fails anyway");
    }
    println!("{} tests pass as long as nothing is broken", killers.len());
    let mut survivors = Vec::new();
    for (number, mutant) in (1..).zip(&mutants) {
        let verdict = mutant.run(&scratch);
        println!(
            "{number:>3}/{} {verdict:<9} {} by {}",
            mutants.len(),
            mutant.name,
            mutant.killer
        );
        if !verdict.is_killed() {
            survivors.push(mutant.name.clone());
        }
    }
    println!(
        "{} of {} mutants killed",
        mutants.len() - survivors.len(),
        mutants.len()
    );
    assert!(survivors.is_empty(), "not killed: {survivors:#?}");
}

#[test]
#[ignore = "builds the rig once for each mutant and runs up to 2,000 rooms: about a minute and a half for most"]
fn rig_fuzz_finds_these_mutants_and_rig_shrink_makes_what_it_finds_smaller() {
    let scratch = Tree::here().copied("fuzzed");
    let mut mutants = wanted(&scratch);
    mutants.retain(|mutant| mutant.fuzz);
    let unbroken = Unbroken::built(&scratch);
    let mut problems = Vec::new();
    for (number, mutant) in (1..).zip(&mutants) {
        let verdict = match mutant.fuzzed(&scratch) {
            Err(()) => "UNBUILT".to_owned(),
            Ok(None) => format!("NOT FOUND in {SEEDS_MAX} seeds"),
            Ok(Some(found)) if !unbroken.passes(&found) => {
                format!("FAILS ANYWAY: seed {}", found.seed)
            }
            Ok(Some(found)) => in_words(&found),
        };
        println!("{number:>3}/{} {}: {verdict}", mutants.len(), mutant.name);
        if !verdict.starts_with("seed") {
            problems.push(format!("{}: {verdict}", mutant.name));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// What was found; a room that did not become smaller does not begin with "seed".
fn in_words(found: &Found) -> String {
    let [before, after] = &found.sizes;
    let smaller = after.is_below(before);
    let problem = if smaller { "" } else { "NOT SMALLER: " };
    format!(
        "{problem}seed {}, {} ({}); phones, liars, faults, rolls, ms {:?} -> {:?}",
        found.seed, found.property, found.detail, before.0, after.0
    )
}
