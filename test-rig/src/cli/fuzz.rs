//! `rig fuzz`: random rooms from seeds.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{RIG_FAULT, SUPPORTED, print, usage_error};
use crate::fuzz::{Campaign, FuzzResult, fuzz};

/// Exit code of a campaign in which something failed.
const FAILED: u8 = 1;

pub(super) const AFTER_HELP: &str = "\
A seed is one random room: 2 to 18 phones, up to f liars of every kind, crashes, partitions, loss, any radio. A seed
fails if a property breaks, also if its honest phones do not play on once everything is healed, or if something panics.

  rig fuzz --count 1000                           # seeds 0 to 999 on all cores
  rig fuzz --first-seed 77 --count 1              # that one seed again
  rig fuzz --count 100000 --shard 2/8 --json      # the second of eight machines

With --json each failure carries its scenario: save it to a file and `rig run FILE`.
Exit codes: 0 nothing failed, 1 something did, 2 usage, 70 the rig's own fault. Ctrl-C ends with what was found.";

#[derive(Args, Debug)]
pub(super) struct FuzzArgs {
    /// How many seeds to run
    #[arg(long, default_value_t = 100)]
    count: u64,
    /// The first seed; the others follow it
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// How many rooms to run at a time; without it, one for each core
    #[arg(long)]
    jobs: Option<usize>,
    /// Run only the K-th of N parts of the seeds
    #[arg(long, value_name = "K/N", value_parser = shard)]
    shard: Option<(u64, u64)>,
    /// Print one JSON object on stdout and nothing else there
    #[arg(long)]
    json: bool,
}

fn shard(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    parts
        .filter(|(k, n)| (1..=*n).contains(k))
        .ok_or_else(|| "expected K/N with K from 1 to N, such as 2/8".to_owned())
}

pub(super) fn fuzz_command(args: &FuzzArgs) -> u8 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let campaign = Campaign {
        first_seed: args.first_seed,
        count: args.count,
        jobs: args.jobs.unwrap_or(cores),
        shard: args.shard.unwrap_or((1, 1)),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&stop);
    // Without a handler Ctrl-C still ends the campaign, only without its result.
    let _ = ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed));
    let bar = bar(campaign.seeds().count() as u64);
    let result = fuzz(&campaign, &SUPPORTED, &stop, &|done, failed| {
        bar.set_position(done);
        bar.set_message(format!("{failed} failed"));
    });
    bar.finish_and_clear();
    let result = match result {
        Ok(result) => result,
        Err(problem) => {
            usage_error(&problem);
            return RIG_FAULT;
        }
    };
    if args.json {
        match serde_json::to_string(&result) {
            Ok(line) => print(&line),
            Err(_) => return RIG_FAULT,
        }
    } else {
        show(&result);
    }
    if result.failed.is_empty() { 0 } else { FAILED }
}

fn show(result: &FuzzResult) {
    for failure in &result.failed {
        let property = failure.property.as_deref().unwrap_or("panic");
        let seed = failure.seed;
        print(&format!(
            "SAFETY seed={seed}  rig fuzz --first-seed {seed} --count 1"
        ));
        print(&format!("  {property}: {}", failure.detail));
        failure
            .scenario
            .lines()
            .for_each(|line| print(&format!("    {line}")));
    }
    let outcomes = result
        .outcomes
        .iter()
        .map(|(name, count)| format!("{count} {name}"));
    let outcomes: Vec<String> = outcomes.collect();
    print(&format!(
        "{} seeds: {} failed ({}), {:.1} seeds per second",
        result.runs,
        result.failed.len(),
        outcomes.join(", "),
        result.seeds_per_second
    ));
    print(&format!("digest {}", result.digest));
}

/// `fuzz [#####>---] 412/1000 · 0 failed · 38 seeds/s`, on a terminal only.
fn bar(count: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = "fuzz [{bar:30}] {pos}/{len} · {msg} · {per_sec}";
    let style = ProgressStyle::with_template(style);
    let bar = ProgressBar::new(count);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let _ = std::io::stderr().flush();
    bar.with_message("0 failed")
}
