//! `rig fuzz`: random rooms from seeds.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::guard::stop;
use super::{RIG_FAULT, SUPPORTED, bar, print, usage_error};
use crate::fuzz::{Campaign, FuzzResult, Part, fuzz, merge, missing};
use crate::show::again;

/// Exit code of a campaign in which something failed.
const FAILED: u8 = 1;

pub(super) const AFTER_HELP: &str = "\
A seed is one random room: 2 to 18 phones, up to f liars of every kind, crashes, partitions, loss, any radio. A seed
fails if a property breaks, also if its honest phones do not play on once everything is healed, or if something panics.

  rig fuzz --count 1000                           # seeds 0 to 999 on all cores
  rig fuzz --first-seed 77 --count 1              # that one seed again
  rig fuzz --count 100000 --shard 2/8 --out runs  # the second of eight machines
  rig fuzz --merge runs/fuzz-*.json               # what they found together

With --out each failure's scenario is a file for `rig run` and `rig shrink`, and the result one for --merge.
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
    /// Write the result, and the scenario of each seed that fails, to a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run nothing: put results of shards together
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["shard", "first_seed", "count", "jobs"])]
    merge: Vec<PathBuf>,
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
    let result = if args.merge.is_empty() {
        campaign(args)
    } else {
        merged(&args.merge).map_err(|problem| usage_error(&problem))
    };
    let result = match result {
        Ok(result) => result,
        Err(code) => return code,
    };
    if let Some(folder) = &args.out
        && let Err(error) = keep(folder, &result)
    {
        usage_error(&format!("{}: {error}", folder.display()));
        return RIG_FAULT;
    }
    if args.json {
        match serde_json::to_string(&result) {
            Ok(line) => print(&line),
            Err(_) => return RIG_FAULT,
        }
    } else {
        show(&result, args.out.as_deref());
    }
    if result.failed.is_empty() { 0 } else { FAILED }
}

fn campaign(args: &FuzzArgs) -> Result<FuzzResult, u8> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let campaign = Campaign {
        first_seed: args.first_seed,
        count: args.count,
        jobs: args.jobs.unwrap_or(cores),
        shard: args.shard.unwrap_or((1, 1)),
    };
    // `fuzz [#####>---] 412/1000 · 0 failed · 38 seeds/s`
    let style = "fuzz [{bar:30}] {pos}/{len} · {msg} · {per_sec}";
    let bar = bar(campaign.seeds().count() as u64, style).with_message("0 failed");
    let result = fuzz(&campaign, &SUPPORTED, stop(), &|done, failed| {
        bar.set_position(done);
        bar.set_message(format!("{failed} failed"));
    });
    bar.finish_and_clear();
    result.map_err(|problem| {
        usage_error(&problem);
        RIG_FAULT
    })
}

fn merged(files: &[PathBuf]) -> Result<FuzzResult, String> {
    let read = |path: &PathBuf| {
        let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
        let text = fs::read_to_string(path).map_err(|error| at(&error))?;
        serde_json::from_str(&text)
            .map_err(|error| at(&format!("no result of `rig fuzz`: {error}")))
    };
    let results = files.iter().map(read).collect::<Result<Vec<_>, String>>()?;
    let whole = merge(results)?;
    let missing = missing(&whole.parts);
    if !missing.is_empty() {
        let _ = writeln!(
            std::io::stderr(),
            "rig: missing: shards {}",
            missing.join(", ")
        );
    }
    Ok(whole)
}

/// Where a failure's scenario lies in a campaign's folder.
fn path_of(folder: &Path, seed: u64) -> PathBuf {
    folder.join(format!("seed-{seed}.toml"))
}

fn keep(folder: &Path, result: &FuzzResult) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for failure in &result.failed {
        fs::write(path_of(folder, failure.seed), &failure.scenario)?;
    }
    let name = match result.parts.as_slice() {
        [Part { shard, of, .. }] if *of > 1 => format!("fuzz-{shard}-of-{of}.json"),
        _ => "fuzz.json".to_owned(),
    };
    fs::write(folder.join(name), serde_json::to_vec(result)?)
}

fn show(result: &FuzzResult, folder: Option<&Path>) {
    for failure in &result.failed {
        let property = failure.property.as_deref().unwrap_or("panic");
        let seed = failure.seed;
        let again = match folder {
            Some(folder) => again(&path_of(folder, seed).to_string_lossy(), seed),
            None => format!("rig fuzz --first-seed {seed} --count 1"),
        };
        let what = match failure.property {
            Some(_) => "SAFETY",
            None => "PANIC",
        };
        print(&format!("{what} seed={seed}  {again}"));
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
