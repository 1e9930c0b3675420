//! A safety rule without a mutant that some test kills is not tested (CONTRIBUTING.md, rule 11).
//!
//! `core/mutants/mutants.toml` breaks each rule once. Here, quickly: every mutant fits the sources, and its killer is a
//! test. With `cargo test -p bitcraps-core --test mutants -- --ignored --nocapture` each mutant is built in a copy of
//! the tree and its killer must fail; that takes some minutes, prints a table, and fails if a mutant survives. `MUTANT=lock`
//! in front leaves all but those with "lock" in their names out.
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

use mutation::{Mutant, Tree, Verdict};

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

#[test]
#[ignore = "builds the core once for each mutant: some minutes"]
fn every_mutant_is_killed_by_the_test_that_it_names() {
    let scratch = Tree::here().copied();
    let mut mutants = Mutant::all(&scratch);
    if let Ok(part) = std::env::var("MUTANT") {
        mutants.retain(|mutant| mutant.name.contains(&part));
    }
    assert!(!mutants.is_empty(), "no mutant has that name");
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
