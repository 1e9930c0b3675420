//! Makes a scenario that fails smaller, as long as it still fails in the same way.
//!
//! Greedy and in a fixed order, so that the same file gives the same answer everywhere: fewer liars and faults first,
//! then fewer phones, shorter, plainer. Whatever fails in another way is not taken.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::checkers::Status;
use crate::panics::caught;
use crate::result::RunOutcome;
use crate::run::{Finished, Options, run_with};
use crate::scenario::{Fault, FaultAction, Radio, Scenario, Supported, Topology, load, to_toml};

/// The way in which a run fails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// A property broke.
    Violated(String),
    /// A fork was latched.
    Halted,
    /// The work was not finished.
    Stalled,
    /// Something panicked, in this file.
    Panicked(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Violated(property) => write!(formatter, "violated: {property}"),
            Self::Halted => formatter.write_str("halted"),
            Self::Stalled => formatter.write_str("stalled"),
            Self::Panicked(at) => write!(formatter, "panicked in {at}"),
        }
    }
}

/// How a scenario fails under a seed; `None` if it does not, or cannot even begin.
#[must_use]
pub fn failure(scenario: &Scenario, seed: u64, stop: &AtomicBool) -> Option<Failure> {
    let options = Options {
        tapped: false,
        stop,
    };
    match caught(|| run_with(scenario, seed, options, &mut |_, _| {})) {
        Ok(Ok(finished)) if finished.stopped => None,
        Ok(Ok(finished)) => of_result(&finished),
        Ok(Err(_)) => None,
        Err(panicked) => Some(Failure::Panicked(panicked.file)),
    }
}

fn of_result(finished: &Finished) -> Option<Failure> {
    let properties = &finished.result.properties;
    let broken = properties
        .iter()
        .find(|(_, p)| p.status == Status::Violated);
    match finished.result.outcome {
        RunOutcome::Reached => None,
        RunOutcome::Stalled => Some(Failure::Stalled),
        RunOutcome::Halted => Some(Failure::Halted),
        RunOutcome::Violated => broken.map(|(name, _)| Failure::Violated((*name).to_owned())),
    }
}

/// A scenario made smaller.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest that was found.
    pub scenario: Scenario,
    /// Its text.
    pub text: String,
    /// How it fails, like the one it was made of.
    pub failure: Failure,
    /// How many runs it took.
    pub runs: u64,
}

/// Shrinks a scenario under a seed until nothing smaller fails in the same way, or `stop` is set. `progress` is told in
/// words what was taken away each time.
///
/// # Errors
/// In one line, if the scenario does not fail.
pub fn shrink(
    scenario: &Scenario,
    seed: u64,
    supported: &Supported<'_>,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(&str),
) -> Result<Shrunk, String> {
    let failure = failure(scenario, seed, stop);
    let failure = failure.ok_or("the scenario does not fail with this seed: nothing to shrink")?;
    progress(&format!("fails: {failure}"));
    let mut shrinking = Shrinking {
        best: Scenario {
            seed: Some(seed),
            expect: None,
            ..scenario.clone()
        },
        seed,
        failure,
        supported,
        stop,
        runs: 1,
    };
    loop {
        let before = to_toml(&shrinking.best);
        shrinking.pass(progress);
        if to_toml(&shrinking.best) == before || stop.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(Shrunk {
        text: to_toml(&shrinking.best),
        scenario: shrinking.best,
        failure: shrinking.failure,
        runs: shrinking.runs,
    })
}

struct Shrinking<'a> {
    best: Scenario,
    seed: u64,
    failure: Failure,
    supported: &'a Supported<'a>,
    stop: &'a AtomicBool,
    runs: u64,
}

impl Shrinking<'_> {
    /// Tries everything once, the biggest steps first.
    fn pass(&mut self, progress: &mut dyn FnMut(&str)) {
        for at in (0..self.best.faults.len()).rev() {
            self.attempt(progress, "one fault less", |s| {
                s.faults.remove(at);
            });
        }
        for at in (0..self.best.byzantine.len()).rev() {
            self.attempt(progress, "one liar less", |s| {
                let gone = s.byzantine.remove(at).player;
                s.byzantine
                    .iter_mut()
                    .for_each(|b| b.with.retain(|p| *p != gone));
            });
        }
        for players in 2..self.best.players {
            let words = format!("{players} phones");
            if self.attempt(progress, &words, |s| keep_phones(s, players)) {
                break;
            }
        }
        let rounds = self.best.stop.rounds;
        for fewer in [1, rounds / 4, rounds / 2, rounds.saturating_sub(1)] {
            if fewer > 0 && fewer < self.best.stop.rounds {
                self.attempt(progress, &format!("{fewer} rolls"), |s| {
                    s.stop.rounds = fewer
                });
            }
        }
        // A run that has less time stalls sooner: that would be another scenario, not a smaller one.
        if self.failure != Failure::Stalled {
            let at = self.best.stop.at_ms;
            for shorter in [1_000, at / 8, at / 4, at / 2, at * 3 / 4] {
                if shorter > 0 && shorter < self.best.stop.at_ms {
                    let words = format!("{shorter} ms");
                    self.attempt(progress, &words, |s| keep_time(s, shorter));
                }
            }
        }
        self.plainer(progress);
    }

    fn plainer(&mut self, progress: &mut dyn FnMut(&str)) {
        self.attempt(progress, "a plain radio", |s| s.radio = Radio::plain());
        self.attempt(progress, "no special links", |s| s.radio.links.clear());
        self.attempt(progress, "any topology", |s| {
            s.radio.topology = Topology::Auto
        });
        self.attempt(progress, "the profile's own radio", |s| {
            s.radio = Radio {
                profile: s.radio.profile,
                topology: s.radio.topology.clone(),
                links: s.radio.links.clone(),
                ..Radio::plain()
            };
        });
        self.attempt(progress, "one bet a round", |s| {
            (s.workload.bets_min, s.workload.bets_max) = (1, 1);
        });
        self.attempt(progress, "no thinking", |s| s.workload.think_ms = 0);
        self.attempt(progress, "only the pass line", |s| {
            s.workload.kinds = vec!["pass-line".to_owned()];
        });
        for at in 0..self.best.byzantine.len() {
            self.attempt(progress, "a lie from the start", |s| {
                s.byzantine[at].from_ms = 0
            });
            self.attempt(progress, "a lie to the end", |s| {
                s.byzantine[at].until_ms = None
            });
        }
        for at in 0..self.best.faults.len() {
            let Fault {
                from_ms, until_ms, ..
            } = self.best.faults[at];
            self.attempt(progress, "a fault from the start", |s| {
                s.faults[at].from_ms = 0
            });
            if let Some(until) = until_ms {
                let half = from_ms + (until - from_ms) / 2;
                self.attempt(progress, "half the fault", |s| {
                    s.faults[at].until_ms = Some(half)
                });
            }
        }
    }

    /// Changes the best scenario; keeps the change if it is one, if it can be, and if it fails in the same way.
    fn attempt(
        &mut self,
        progress: &mut dyn FnMut(&str),
        words: &str,
        change: impl FnOnce(&mut Scenario),
    ) -> bool {
        if self.stop.load(Ordering::Relaxed) {
            return false;
        }
        let mut smaller = self.best.clone();
        change(&mut smaller);
        let text = to_toml(&smaller);
        if text == to_toml(&self.best) {
            return false;
        }
        let Ok(smaller) = load("shrunk", &text, self.supported) else {
            return false;
        };
        self.runs += 1;
        if failure(&smaller, self.seed, self.stop).as_ref() != Some(&self.failure) {
            return false;
        }
        progress(words);
        self.best = smaller;
        true
    }
}

/// Whoever sits above is gone, with all that was said of them.
fn keep_phones(scenario: &mut Scenario, players: u8) {
    let stays = |player: &u8| *player < players;
    scenario.players = players;
    scenario.byzantine.retain(|entry| stays(&entry.player));
    for entry in &mut scenario.byzantine {
        entry.with.retain(stays);
    }
    scenario.radio.links.retain(|link| stays(&link.between.1));
    if let Topology::Links(links) = &mut scenario.radio.topology {
        links.retain(|(_, b)| stays(b));
    }
    scenario.faults.retain_mut(|fault| match &mut fault.action {
        FaultAction::Crash { player, .. }
        | FaultAction::Clock { player, .. }
        | FaultAction::Disk { player, .. }
        | FaultAction::Suspend { player } => stays(player),
        FaultAction::Loss { between, .. } => between.is_none_or(|(_, b)| stays(&b)),
        FaultAction::Partition { groups } | FaultAction::OneWay { groups } => {
            groups.iter_mut().for_each(|group| group.retain(stays));
            groups.retain(|group| !group.is_empty());
            groups.len() > 1
        }
    });
}

/// What would begin after the end is gone, and what would end after it does not end.
fn keep_time(scenario: &mut Scenario, at_ms: u64) {
    scenario.stop.at_ms = at_ms;
    scenario.faults.retain(|fault| fault.from_ms < at_ms);
    scenario.byzantine.retain(|entry| entry.from_ms < at_ms);
    for fault in &mut scenario.faults {
        fault.until_ms = fault.until_ms.filter(|until| *until <= at_ms);
    }
    for entry in &mut scenario.byzantine {
        entry.until_ms = entry.until_ms.filter(|until| *until <= at_ms);
    }
}
