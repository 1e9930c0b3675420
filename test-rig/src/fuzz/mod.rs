//! Random rooms from seeds, many of them: whatever breaks a property or panics is kept with its scenario.
//!
//! A seed is one run, whole in itself, so the result does not depend on how many jobs share the work.

mod generate;
mod merge;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant as WallClock;

pub use merge::{merge, missing};
use serde::{Deserialize, Serialize};

use crate::checkers::Status;
use crate::panics::caught;
use crate::result::RunOutcome;
use crate::run::{Finished, run};
use crate::scenario::{Supported, load};

/// Which seeds, and how.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds there are in all shards together.
    pub count: u64,
    /// How many run at a time.
    pub jobs: usize,
    /// This shard, from 1, and how many there are.
    pub shard: (u64, u64),
}

impl Campaign {
    /// The seeds of this shard, in order.
    pub fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let (this, of) = self.shard;
        let first = self.first_seed;
        let own = (0..self.count).filter(move |index| index % of == this - 1);
        own.map(move |index| first.wrapping_add(index))
    }
}

/// A seed that failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// Which.
    pub seed: u64,
    /// "violated", or "panicked".
    pub outcome: String,
    /// The property that broke; none for a panic.
    pub property: Option<String>,
    /// What broke it, in one line.
    pub detail: String,
    /// The scenario, to be saved and run again.
    pub scenario: String,
}

/// What came of a campaign.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FuzzResult {
    /// Seeds that were run.
    pub runs: u64,
    /// Those that failed, by seed.
    pub failed: Vec<Failure>,
    /// How fast it went.
    pub seeds_per_second: f64,
    /// How many runs ended in which way.
    pub outcomes: BTreeMap<String, u64>,
    /// Over the trace of every seed: equal for equal seeds, whatever the number of jobs and shards.
    pub digest: String,
    /// Which seeds these were.
    pub parts: Vec<Part>,
}

/// A campaign, or a shard of one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The campaign's first seed.
    pub first_seed: u64,
    /// How many seeds the campaign has.
    pub count: u64,
    /// Which shard, from 1.
    pub shard: u64,
    /// Of how many.
    pub of: u64,
}

/// One seed's end: how the run came out, the hash of its trace, and what failed.
type End = (String, String, Option<Failure>);

/// Runs a campaign until it is done or `stop` is set. `progress` is told how many have run and how many failed.
///
/// # Errors
/// If a seed's scenario cannot be read: the rig's own fault.
pub fn fuzz(
    campaign: &Campaign,
    supported: &Supported<'_>,
    stop: &AtomicBool,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<FuzzResult, String> {
    let began = WallClock::now();
    let seeds: Vec<u64> = campaign.seeds().collect();
    let (next, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    let ends: Mutex<BTreeMap<u64, Result<End, String>>> = Mutex::new(BTreeMap::new());
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let seed = usize::try_from(index)
                .ok()
                .and_then(|index| seeds.get(index));
            let Some(seed) = seed else { return };
            let end = one(*seed, supported);
            if !matches!(end, Ok((_, _, None))) {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            let Ok(mut ends) = ends.lock() else { return };
            ends.insert(*seed, end);
            progress(ends.len() as u64, failed.load(Ordering::Relaxed));
        }
    };
    std::thread::scope(|scope| {
        (0..campaign.jobs.max(1)).for_each(|_| drop(scope.spawn(work)));
    });
    let ends = ends.into_inner().map_err(|_| "a job was lost".to_owned())?;
    collect(campaign, ends, began.elapsed())
}

/// Runs the scenario of one seed.
fn one(seed: u64, supported: &Supported<'_>) -> Result<End, String> {
    let text = generate::generate(seed, supported);
    let scenario = load(&format!("fuzz-{seed}"), &text, supported)
        .map_err(|error| format!("the scenario of seed {seed} is wrong: {error}"))?;
    let failure = |outcome: &str, property, detail: String| Failure {
        seed,
        outcome: outcome.to_owned(),
        property,
        detail,
        scenario: text.clone(),
    };
    match caught(|| run(&scenario, seed, &mut |_, _| {})) {
        Ok(Ok(Finished { result, .. })) => {
            let broken = |status: Status| status == Status::Violated;
            let first = result
                .properties
                .iter()
                .find(|(_, property)| broken(property.status));
            let outcome = result.outcome.to_string();
            // Up to f liars no fork can be, so there is nothing to halt for.
            let bad = matches!(result.outcome, RunOutcome::Violated | RunOutcome::Halted);
            let failed = bad.then(|| {
                let property = first.map(|(name, _)| (*name).to_owned());
                let detail = first.and_then(|(_, property)| property.violation.clone());
                failure(&outcome, property, detail.unwrap_or_default())
            });
            Ok((outcome, result.trace_hash, failed))
        }
        // A room whose phones cannot all hear each other in time is a slow room, and it never began.
        Ok(Err(_)) => Ok(("unformed".to_owned(), String::new(), None)),
        Err(panicked) => {
            let failed = failure("panicked", None, panicked.said);
            Ok(("panicked".to_owned(), String::new(), Some(failed)))
        }
    }
}

/// Runs of seeds end up as one result, whole campaigns and shards alike.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a rate for people; counts are far below 2^52"
)]
fn collect(
    campaign: &Campaign,
    ends: BTreeMap<u64, Result<End, String>>,
    wall: std::time::Duration,
) -> Result<FuzzResult, String> {
    let runs = ends.len() as u64;
    let (mut failed, mut outcomes) = (Vec::new(), BTreeMap::new());
    let mut digest = [0; 32];
    for (seed, end) in ends {
        let (outcome, hash, failure) = end?;
        mix(&mut digest, seed, &hash);
        *outcomes.entry(outcome).or_insert(0) += 1;
        failed.extend(failure);
    }
    Ok(FuzzResult {
        runs,
        failed,
        seeds_per_second: runs as f64 / wall.as_secs_f64().max(1e-9),
        outcomes,
        digest: crate::sim::trace::hex(&digest),
        parts: vec![Part {
            first_seed: campaign.first_seed,
            count: campaign.count,
            shard: campaign.shard.0,
            of: campaign.shard.1,
        }],
    })
}

/// Adds a seed's trace to a digest that does not depend on the order, so that shards add up to the whole.
fn mix(digest: &mut [u8; 32], seed: u64, trace: &str) {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(trace.as_bytes());
    let of_seed = hash.finalize();
    digest
        .iter_mut()
        .zip(of_seed)
        .for_each(|(sum, byte)| *sum ^= byte);
}
#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(shard: (u64, u64)) -> Vec<u64> {
        let campaign = Campaign {
            first_seed: 10,
            count: 7,
            jobs: 1,
            shard,
        };
        campaign.seeds().collect()
    }

    #[test]
    fn shards_part_the_seeds_among_them() {
        assert_eq!(campaign((1, 1)), [10, 11, 12, 13, 14, 15, 16]);
        assert_eq!(campaign((1, 3)), [10, 13, 16]);
        assert_eq!(campaign((2, 3)), [11, 14]);
        assert_eq!(campaign((3, 3)), [12, 15]);
    }
}
