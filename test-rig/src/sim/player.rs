//! A scripted player: bets what its phone says is legal, and rolls when it is its turn.
//!
//! It sees only what the player's app would see: the table of its own phone and that phone's events.

use std::collections::BTreeMap;

use bitcraps_core::crypto::Seat;
use bitcraps_core::node::{Command, Event};
use bitcraps_core::table::{Outcome, Table};

use super::plan::Plan;
use crate::random::Stream;
use crate::scenario::Workload;

/// The least and the most time without a new bet before a shooter rolls, in milliseconds.
const QUIET_MS: (u64, u64) = (50, 1_000);
/// How long a player waits after a phone that has just started again has refused a tap.
const HOLD_MS: u64 = 400;
/// How long a refused roll waits before it is tried again.
const RETRY_MS: u64 = 200;

/// What one player wants and what became of it. Times in milliseconds.
#[derive(Debug)]
pub struct Player {
    seat: Seat,
    plan: Plan,
    think_ms: u64,
    rounds: u64,
    /// Own requests on their way: number → when they were made, and whether it is a roll.
    pending: BTreeMap<u64, (u64, bool)>,
    /// The last roll that bets were made for, and when its round was first seen.
    bet_for: u64,
    round_seen: (u64, u64),
    roll_after: u64,
    last_bet_seen: u64,
    last_decide: u64,
    rolling: Option<u64>,
    /// The phone has just refused a tap: it is not tapped on again before.
    hold_until: u64,
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
            think_ms: workload.think_ms,
            plan: Plan::new(seat, &workload, stream),
            rounds: u64::from(rounds),
            pending: BTreeMap::new(),
            bet_for: 0,
            round_seen: (0, 0),
            roll_after: 0,
            last_bet_seen: 0,
            last_decide: 0,
            rolling: None,
            hold_until: 0,
            decide_ms: Vec::new(),
            roll_ms: Vec::new(),
        }
    }

    /// Plays on without end: the liveness phase asks for more than the scenario did.
    pub const fn go_on(&mut self) {
        self.rounds = u64::MAX;
    }

    /// Places no bet and never rolls.
    pub const fn sit_out(&mut self) {
        self.rounds = 0;
    }

    /// The phone went off and on: what was on its way is forgotten, and what is missing is wished for again.
    pub fn starts_again(&mut self) {
        self.pending.clear();
        self.rolling = None;
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
            Event::NotNow { .. } => {
                self.hold_until = now + HOLD_MS;
                self.bet_for = 0;
            }
            Event::Installed { .. } => self.starts_again(),
            Event::Happened { outcome, .. } => self.on_outcome(now, outcome),
            _ => {}
        }
    }

    fn on_outcome(&mut self, now: u64, outcome: &Outcome) {
        match outcome {
            Outcome::BetPlaced { .. } => self.last_bet_seen = now,
            Outcome::BoughtIn { seat, .. } if *seat == self.seat => self.bet_for = 0,
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
        if roll > self.rounds || table.dice().is_closed() || now < self.hold_until {
            return Vec::new();
        }
        if self.round_seen.0 != roll {
            self.round_seen = (roll, now);
        }
        if now < self.round_seen.1 + self.think_ms {
            return Vec::new();
        }
        if self.bet_for < roll {
            self.bet_for = roll;
            self.last_bet_seen = now;
            return self.plan.commands(table);
        }
        if self.may_roll(now, table) {
            vec![self.plan.roll_or_pass(table)]
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
        let think = self.round_seen.1 + self.think_ms;
        if self.bet_for < roll {
            return Some(think.max(now + 1).max(self.hold_until));
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
}
