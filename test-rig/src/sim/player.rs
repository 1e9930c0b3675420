//! A scripted player: bets what its phone says is legal, and rolls when it is its turn.
//!
//! It sees only what the player's app would see: the table of its own phone and that phone's events.

use std::collections::BTreeMap;

use bitcraps_core::craps::{BetKind, stake_multiple};
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::{Command, Event};
use bitcraps_core::table::{Outcome, Table};

use crate::random::Stream;
use crate::scenario::Workload;

/// The bets a workload may name.
pub const BET_KINDS: [&str; 9] = [
    "pass-line",
    "dont-pass",
    "odds",
    "pass-odds",
    "dont-pass-odds",
    "come",
    "come-odds",
    "field",
    "place",
];

/// The least and the most time without a new bet before a shooter rolls, in milliseconds.
const QUIET_MS: (u64, u64) = (50, 1_000);
/// How long a refused roll waits before it is tried again.
const RETRY_MS: u64 = 200;

/// What one player wants and what became of it. Times in milliseconds.
#[derive(Debug)]
pub struct Player {
    seat: Seat,
    workload: Workload,
    rounds: u64,
    stream: Stream,
    /// Own requests on their way: number → when they were made, and whether it is a roll.
    pending: BTreeMap<u64, (u64, bool)>,
    /// The last roll that bets were made for, and when its round was first seen.
    bet_for: u64,
    round_seen: (u64, u64),
    roll_after: u64,
    last_bet_seen: u64,
    last_decide: u64,
    rolling: Option<u64>,
    /// How long each own request took from the tap to this phone's delivery of it.
    pub decide_ms: Vec<u64>,
    /// How long each own roll took from the tap to the settled dice on this phone.
    pub roll_ms: Vec<u64>,
}

impl Player {
    /// A player who stops after `rounds` settled rolls.
    #[must_use]
    pub fn new(seat: Seat, workload: Workload, rounds: u32, stream: Stream) -> Self {
        Self {
            seat,
            workload,
            rounds: u64::from(rounds),
            stream,
            pending: BTreeMap::new(),
            bet_for: 0,
            round_seen: (0, 0),
            roll_after: 0,
            last_bet_seen: 0,
            last_decide: 0,
            rolling: None,
            decide_ms: Vec::new(),
            roll_ms: Vec::new(),
        }
    }

    /// Plays on without end: the liveness phase asks for more than the scenario did.
    pub const fn go_on(&mut self) {
        self.rounds = u64::MAX;
    }

    /// Takes note of what the phone says.
    pub fn on_event(&mut self, now: u64, event: &Event) {
        match event {
            Event::Submitted {
                number, command, ..
            } => {
                self.pending
                    .insert(*number, (now, *command == Command::Roll));
            }
            Event::Delivered { batch, .. } => {
                for request in batch.iter().filter(|request| request.player() == self.seat) {
                    if let Some((made, is_roll)) = self.pending.remove(&request.number()) {
                        self.last_decide = now - made;
                        self.decide_ms.push(now - made);
                        if is_roll {
                            self.rolling = Some(made);
                        }
                    }
                }
            }
            Event::Happened { outcome, .. } => self.on_outcome(now, outcome),
            _ => {}
        }
    }

    fn on_outcome(&mut self, now: u64, outcome: &Outcome) {
        match outcome {
            Outcome::BetPlaced { .. } => self.last_bet_seen = now,
            Outcome::Rejected { seat, .. } if *seat == self.seat => {
                self.rolling = None;
                self.roll_after = now + RETRY_MS;
            }
            Outcome::Rolled(_) => {
                if let Some(made) = self.rolling.take() {
                    self.roll_ms.push(now - made);
                }
            }
            _ => {}
        }
    }

    /// What the player does now.
    pub fn act(&mut self, now: u64, table: &Table) -> Vec<Command> {
        let roll = table.dice().roll();
        if roll > self.rounds || table.dice().is_closed() {
            return Vec::new();
        }
        if self.round_seen.0 != roll {
            self.round_seen = (roll, now);
        }
        if now < self.round_seen.1 + self.workload.think_ms {
            return Vec::new();
        }
        if self.bet_for < roll {
            self.bet_for = roll;
            self.last_bet_seen = now;
            return self.bets(table);
        }
        if self.may_roll(now, table) {
            vec![Command::Roll]
        } else {
            Vec::new()
        }
    }

    /// When the player may want to do something although nothing has happened.
    #[must_use]
    pub fn next_act(&self, now: u64, table: &Table) -> Option<u64> {
        let roll = table.dice().roll();
        if roll > self.rounds || table.dice().is_closed() {
            return None;
        }
        let think = self.round_seen.1 + self.workload.think_ms;
        if self.bet_for < roll {
            return Some(think.max(now + 1));
        }
        let mine = table.shooter() == Some(self.seat) && self.pending.is_empty();
        mine.then(|| {
            self.roll_after
                .max(self.last_bet_seen + self.quiet_ms())
                .max(now + 1)
        })
    }

    /// A shooter rolls once its own bets lie and nobody has bet for as long as a bet takes: the table is quiet.
    fn may_roll(&self, now: u64, table: &Table) -> bool {
        table.shooter() == Some(self.seat)
            && table.is_ready()
            && self.pending.is_empty()
            && now >= self.roll_after
            && now >= self.last_bet_seen + self.quiet_ms()
    }

    fn quiet_ms(&self) -> u64 {
        self.last_decide.clamp(QUIET_MS.0, QUIET_MS.1)
    }

    /// One to three bets (by default) that the table would take now. On a come-out the first is a line bet: without
    /// one nobody may shoot.
    fn bets(&mut self, table: &Table) -> Vec<Command> {
        let (min, max) = (
            u64::from(self.workload.bets_min),
            u64::from(self.workload.bets_max),
        );
        let count = self.stream.between(min, max);
        let mut trial = table.clone();
        let mut commands = Vec::new();
        let comes_out = table.layout().phase().point().is_none();
        if comes_out && !table.layout().has_line_bet(self.seat) {
            let pass =
                self.stream.below(4) > 0 && self.allows("pass-line") || !self.allows("dont-pass");
            let kind = if pass {
                BetKind::PassLine
            } else {
                BetKind::DontPass
            };
            self.try_bet(&mut trial, kind, &mut commands);
        }
        while (commands.len() as u64) < count {
            let options: Vec<BetKind> = BetKind::all()
                .filter(|kind| self.is_option(&trial, *kind))
                .collect();
            let drawn = self.stream.below(options.len() as u64);
            let Some(kind) = usize::try_from(drawn).ok().and_then(|i| options.get(i)) else {
                break;
            };
            if !self.try_bet(&mut trial, *kind, &mut commands) {
                break;
            }
        }
        commands
    }

    fn is_option(&self, table: &Table, kind: BetKind) -> bool {
        let named = self.allows(kind.name()) || is_odds(kind) && self.allows("odds");
        named
            && table.layout().bet(self.seat, kind).is_none()
            && least(table, kind)
                .is_some_and(|amount| table.check_place(self.seat, kind, amount).is_ok())
    }

    fn allows(&self, name: &str) -> bool {
        self.workload.kinds.iter().any(|kind| kind == name)
    }

    fn try_bet(&mut self, trial: &mut Table, kind: BetKind, commands: &mut Vec<Command>) -> bool {
        let Some(least) = least(trial, kind) else {
            return false;
        };
        let several = least * self.stream.between(1, 3);
        let amount = if trial.check_place(self.seat, kind, several).is_ok() {
            several
        } else {
            least
        };
        let placed = trial.place(self.seat, kind, amount).is_ok();
        if placed {
            commands.push(Command::PlaceBet { kind, amount });
        }
        placed
    }
}

/// The smallest stake of at least the table's minimum that pays exactly.
fn least(table: &Table, kind: BetKind) -> Option<u64> {
    let multiple = stake_multiple(kind, table.layout().phase())?;
    let min = if is_odds(kind) {
        1
    } else {
        table.genesis().rules.craps.bet_min
    };
    Some(min.max(1).div_ceil(multiple) * multiple)
}

/// Odds bets go by one name in workloads.
const fn is_odds(kind: BetKind) -> bool {
    matches!(
        kind,
        BetKind::PassOdds | BetKind::DontPassOdds | BetKind::ComeOdds(_)
    )
}
