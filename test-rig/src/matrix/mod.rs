//! The matrix: how tables of n phones end when the first b of them lie, for each of the seven ways to lie.

mod heat;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

pub use heat::{again, heat_map, letter};
use serde::Serialize;

use crate::byzantine::MATRIX;
use crate::checkers::Status;
use crate::panics::caught;
use crate::result::RunOutcome;
use crate::run::{Finished, Options, run_with};
use crate::scenario::{Behaviour, Supported, load};

/// Rolls of a cell: enough for liars to be the primary in turn, few enough for a whole matrix in minutes.
const ROLLS: u32 = 3;
/// Virtual seconds of a cell: what stalls has had time to go through every view with a liar as its primary.
const SECONDS: u32 = 120;

/// One table of the matrix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Cell {
    /// Phones.
    pub players: u8,
    /// How many of them lie: the first ones.
    pub liars: u8,
    /// How.
    #[serde(serialize_with = "as_word")]
    pub behaviour: Behaviour,
}

fn as_word<S: serde::Serializer>(behaviour: &Behaviour, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(behaviour.name())
}

/// How a cell ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Ended {
    /// Which.
    #[serde(flatten)]
    pub cell: Cell,
    /// How.
    pub outcome: RunOutcome,
    /// The properties that broke.
    pub violated: Vec<String>,
}

impl Cell {
    /// Every cell of tables of these sizes, in order.
    #[must_use]
    pub fn all(players: std::ops::RangeInclusive<u8>) -> Vec<Self> {
        let of_table = |players: u8| {
            (0..players).flat_map(move |liars| {
                MATRIX.iter().map(move |behaviour| Self {
                    players,
                    liars,
                    behaviour: *behaviour,
                })
            })
        };
        players.flat_map(of_table).collect()
    }

    /// How many may lie without harm.
    #[must_use]
    pub const fn faulty_max(self) -> u8 {
        (self.players - 1) / 3
    }

    /// How many decide.
    #[must_use]
    pub const fn quorum(self) -> u8 {
        if self.players < 4 {
            return self.players;
        }
        (self.players + self.faulty_max() + 1).div_ceil(2)
    }

    /// Its scenario.
    #[must_use]
    pub fn scenario(self) -> String {
        let Self {
            players,
            liars,
            behaviour,
        } = self;
        let mut text = format!(
            "# {liars} of {players} phones: {behaviour}.\nname    = \"matrix-{players}-{liars}-{behaviour}\"\n\
             players = {players}\nstop    = {{ rounds = {ROLLS}, at = \"{SECONDS}s\" }}\n"
        );
        for player in 0..liars {
            text +=
                &format!("\n[[byzantine]]\nplayer    = {player}\nbehaviour = \"{behaviour}\"\n");
            let others: Vec<u8> = (0..liars).filter(|other| *other != player).collect();
            if behaviour == Behaviour::Colluder && !others.is_empty() {
                text += &format!("with      = {others:?}\n");
            }
        }
        text
    }

    /// What must come of it. Up to f liars the table goes on, whatever they do. Liars that only say nothing, or nothing that
    /// counts, do no more harm up to n − q of them. Beyond that it may also stall, or halt with the culprits named; an
    /// unnoticed fork is never allowed.
    #[must_use]
    pub fn allows(self, outcome: RunOutcome) -> bool {
        let mild = matches!(
            self.behaviour,
            Behaviour::Silent | Behaviour::Delayer | Behaviour::Forger | Behaviour::Spammer
        );
        let most = if mild {
            self.players - self.quorum()
        } else {
            self.faulty_max()
        };
        if self.liars <= most {
            return outcome == RunOutcome::Reached;
        }
        outcome != RunOutcome::Violated
    }

    /// Runs it.
    ///
    /// # Errors
    /// In one line, if it cannot even begin.
    pub fn run(
        self,
        seed: u64,
        supported: &Supported<'_>,
        stop: &AtomicBool,
    ) -> Result<Ended, String> {
        let scenario = load("matrix", &self.scenario(), supported);
        let scenario = scenario.map_err(|error| error.to_string())?;
        let options = Options {
            tapped: false,
            stop,
        };
        let ran = caught(|| run_with(&scenario, seed, options, &mut |_, _| {}));
        let again = again(self, seed);
        let ran = ran.map_err(|panicked| format!("PANIC  {again}\n  {}", panicked.said))?;
        let Finished { result, .. } = ran?;
        let broken = result
            .properties
            .iter()
            .filter(|(_, p)| p.status == Status::Violated);
        Ok(Ended {
            cell: self,
            outcome: result.outcome,
            violated: broken.map(|(name, _)| (*name).to_owned()).collect(),
        })
    }
}

/// How often a cell ended in which way, over many seeds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Rates {
    /// Which.
    #[serde(flatten)]
    pub cell: Cell,
    /// Seeds that were run.
    pub seeds: u64,
    /// Of them reached.
    pub reached: u64,
    /// Of them stalled.
    pub stalled: u64,
    /// Of them halted.
    pub halted: u64,
    /// Of them violated, which none may be.
    pub violated: u64,
    /// Which these are.
    pub violated_seeds: Vec<u64>,
}

impl Rates {
    /// Nothing run yet.
    #[must_use]
    pub const fn new(cell: Cell) -> Self {
        Self {
            cell,
            seeds: 0,
            reached: 0,
            stalled: 0,
            halted: 0,
            violated: 0,
            violated_seeds: Vec::new(),
        }
    }

    /// Counts a run.
    pub fn add(&mut self, seed: u64, outcome: RunOutcome) {
        self.seeds += 1;
        match outcome {
            RunOutcome::Reached => self.reached += 1,
            RunOutcome::Stalled => self.stalled += 1,
            RunOutcome::Halted => self.halted += 1,
            RunOutcome::Violated => {
                self.violated += 1;
                self.violated_seeds.push(seed);
            }
        }
    }
}

/// Runs pieces of work on several threads and hands out what came of each in their order, as soon as it can.
/// Ends early when `stop` is set; what was under way then is left out.
pub fn in_order<W: Copy + Sync, R: Send>(
    work: &[W],
    jobs: usize,
    stop: &AtomicBool,
    run: &(dyn Fn(W) -> R + Sync),
    take: &mut dyn FnMut(R),
) {
    let next = AtomicUsize::new(0);
    let done: Mutex<(BTreeMap<usize, R>, usize)> = Mutex::new((BTreeMap::new(), 0));
    let changed = Condvar::new();
    let jobs = jobs.clamp(1, work.len().max(1));
    let job = || {
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = work.get(index) else { break };
            let result = run(*piece);
            if stop.load(Ordering::Relaxed) {
                break;
            }
            if let Ok(mut done) = done.lock() {
                done.0.insert(index, result);
            }
            changed.notify_all();
        }
        if let Ok(mut done) = done.lock() {
            done.1 += 1;
        }
        changed.notify_all();
    };
    std::thread::scope(|scope| {
        (0..jobs).for_each(|_| drop(scope.spawn(job)));
        for index in 0..work.len() {
            let Ok(mut state) = done.lock() else { return };
            let result = loop {
                if let Some(result) = state.0.remove(&index) {
                    break result;
                }
                if state.1 == jobs {
                    return;
                }
                match changed.wait(state) {
                    Ok(woken) => state = woken,
                    Err(_) => return,
                }
            };
            drop(state);
            take(result);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::SUPPORTED;

    #[test]
    fn every_cell_has_a_scenario_of_its_own_that_can_be_loaded() {
        let cells = Cell::all(2..=18);
        assert_eq!(cells.len(), (2..=18).map(|n| n * 7).sum::<usize>());
        for cell in cells {
            let text = cell.scenario();
            let scenario =
                load("matrix", &text, &SUPPORTED).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!(scenario.byzantine.len(), usize::from(cell.liars));
            assert_eq!(scenario.quorum(), cell.quorum());
        }
    }

    #[test]
    fn what_is_allowed_depends_on_how_many_lie_and_how() {
        let cell = |players, liars, behaviour| Cell {
            players,
            liars,
            behaviour,
        };
        let (silent, colluder) = (Behaviour::Silent, Behaviour::Colluder);
        assert!(
            !cell(9, 3, silent).allows(RunOutcome::Stalled),
            "9 − 6 may be silent"
        );
        assert!(cell(9, 4, silent).allows(RunOutcome::Stalled));
        assert!(
            !cell(9, 2, colluder).allows(RunOutcome::Halted),
            "no fork up to f"
        );
        assert!(cell(9, 3, colluder).allows(RunOutcome::Halted));
        for liars in 0..9 {
            assert!(!cell(9, liars, colluder).allows(RunOutcome::Violated));
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_work_whatever_the_number_of_jobs() {
        let work: Vec<u64> = (0..50).collect();
        for jobs in [1, 3, 80] {
            let mut taken = Vec::new();
            let slow_first = |piece: u64| {
                std::thread::sleep(std::time::Duration::from_micros(50 - piece));
                piece
            };
            in_order(
                &work,
                jobs,
                &AtomicBool::new(false),
                &slow_first,
                &mut |r| taken.push(r),
            );
            assert_eq!(taken, work);
        }
        let mut taken = Vec::new();
        in_order(&work, 2, &AtomicBool::new(true), &|piece| piece, &mut |r| {
            taken.push(r)
        });
        assert!(taken.is_empty(), "told to stop before it began");
    }
}
