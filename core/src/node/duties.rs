//! What a phone does for the table by itself: its part of the dice, and its patience with a shooter.

use std::time::Duration;

use crate::crypto::{Digest, Identity, Seat};
use crate::dice::commitment;
use crate::table::{Operation, Table};
use crate::time::{Instant, earliest};

/// A roll that is closed and not settled after this long waits for somebody: slots must pass for the
/// deadline of the reveals to come.
const FILL_AFTER: Duration = Duration::from_millis(500);

/// Which of the table's open wishes this phone has answered.
#[derive(Debug)]
pub(super) struct Duties {
    seat: Seat,
    table: Digest,
    /// Highest roll committed to and revealed by a request of ours, delivered or not.
    committed: u64,
    revealed: u64,
    said_idle: u64,
    /// Since when the open roll has had a bet and waits for its close.
    open_since: Option<(u64, Instant)>,
    /// Since when the closed roll waits for reveals.
    closed_since: Option<(u64, Instant)>,
}

impl Duties {
    pub(super) const fn new(seat: Seat, table: Digest) -> Self {
        Self {
            seat,
            table,
            committed: 0,
            revealed: 0,
            said_idle: 0,
            open_since: None,
            closed_since: None,
        }
    }

    /// The operations that are due after the table changed or time passed.
    pub(super) fn due(
        &mut self,
        now: Instant,
        table: &Table,
        identity: &Identity,
    ) -> Vec<Operation> {
        let mut due = Vec::new();
        let dice = table.dice();
        let roll = dice.roll();
        self.watch(now, table);
        // A closed roll takes no more commitments; then it is the next one's turn.
        let wanted = if dice.is_closed() { roll + 1 } else { roll };
        if self.committed < wanted && !dice.has_committed(wanted, self.seat) {
            self.committed = wanted;
            let secret = self.secret(identity, wanted);
            let digest = commitment(&self.table, wanted, self.seat, &secret);
            due.push(Operation::DiceCommit {
                roll: wanted,
                digest,
            });
        }
        if self.revealed < roll && dice.owes_reveal(self.seat) {
            self.revealed = roll;
            due.push(Operation::DiceReveal {
                roll,
                secret: self.secret(identity, roll),
            });
        }
        let limit = table.genesis().rules.idle_limit;
        let waited = self
            .open_since
            .is_some_and(|(_, since)| since.after(limit) <= now);
        if waited && self.said_idle < roll {
            self.said_idle = roll;
            due.push(Operation::Idle { roll });
        }
        due
    }

    /// Whether empty slots are wanted.
    pub(super) fn wants_filler(&self, now: Instant) -> bool {
        self.closed_since
            .is_some_and(|(_, since)| since.after(FILL_AFTER) <= now)
    }

    /// When something may be due without anything happening.
    pub(super) fn next_wake(&self, now: Instant, table: &Table) -> Option<Instant> {
        let limit = table.genesis().rules.idle_limit;
        let idle = self.open_since.filter(|(roll, _)| self.said_idle < *roll);
        let idle = idle.map(|(_, since)| since.after(limit));
        let fill = self.closed_since.map(|(_, since)| since.after(FILL_AFTER));
        earliest(idle, fill.filter(|at| *at > now))
    }

    fn watch(&mut self, now: Instant, table: &Table) {
        let dice = table.dice();
        let roll = dice.roll();
        let has_bets = table.layout().bets().next().is_some();
        let keep = |since: Option<(u64, Instant)>, holds: bool| {
            since
                .filter(|(of, _)| holds && *of == roll)
                .or_else(|| holds.then_some((roll, now)))
        };
        self.open_since = keep(self.open_since, has_bets && !dice.is_closed());
        self.closed_since = keep(self.closed_since, dice.is_closed());
    }

    /// Derived from the identity, so that a phone that restarts can still reveal what it committed to.
    fn secret(&self, identity: &Identity, roll: u64) -> [u8; 32] {
        let parts: [&[u8]; 2] = [&self.table.0, &roll.to_le_bytes()];
        identity
            .derive_secret("bitcraps/interim/secret/v1", &parts)
            .0
    }
}
