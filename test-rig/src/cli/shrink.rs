//! `rig shrink`: the smallest scenario that fails in the same way.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::guard::stop;
use super::{RIG_FAULT, SUPPORTED, print, usage_error};
use crate::scenario::{Scenario, resolve};
use crate::show::again;
use crate::shrink::shrink;

pub(super) const AFTER_HELP: &str = "\
It fails if a property breaks, if the table halts or stalls, or if something panics. What is left is written to a file,
and what to paste is printed first. The same file and seed give the same answer. Ctrl-C ends with the smallest so far.";

#[derive(Args, Debug)]
pub(super) struct ShrinkArgs {
    /// A scenario that fails: a TOML file or a built-in's name
    scenario: String,
    /// The seed with which it fails; without it the scenario's own
    #[arg(long)]
    seed: Option<u64>,
    /// Where the smaller scenario goes; without it NAME.min.toml
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn shrink_command(args: &ShrinkArgs) -> u8 {
    let scenario = match resolve(&args.scenario, &SUPPORTED) {
        Ok(scenario) => scenario,
        Err(error) => return usage_error(&error),
    };
    let Some(seed) = args.seed.or(scenario.seed) else {
        return usage_error(
            &"the scenario names no seed; give the one with which it fails as --seed",
        );
    };
    let began = size(&scenario);
    let shrunk = shrink(&scenario, seed, &SUPPORTED, stop(), &mut |words| {
        let _ = writeln!(std::io::stderr(), "shrink: {words}");
    });
    let shrunk = match shrunk {
        Ok(shrunk) => shrunk,
        Err(problem) => return usage_error(&problem),
    };
    let named = || PathBuf::from(format!("{}.min.toml", scenario.name));
    let path = args.output.clone().unwrap_or_else(named);
    if let Err(error) = std::fs::write(&path, &shrunk.text) {
        usage_error(&format!("{}: {error}", path.display()));
        return RIG_FAULT;
    }
    let again = again(&path.to_string_lossy(), seed);
    print(&again);
    print(&format!("  {}", shrunk.failure));
    print(&format!("  was {began}"));
    print(&format!(
        "  now {} ({} runs)",
        size(&shrunk.scenario),
        shrunk.runs
    ));
    0
}

fn size(scenario: &Scenario) -> String {
    format!(
        "{} phones, {} liars, {} faults, {} rolls, {} ms",
        scenario.players,
        scenario.byzantine.len(),
        scenario.faults.len(),
        scenario.stop.rounds,
        scenario.stop.at_ms
    )
}
