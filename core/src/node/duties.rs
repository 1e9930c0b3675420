//! What a phone does for the table by itself: its part of the dice, and its patience with a shooter.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::consensus::Evidence;
use crate::crypto::{Digest, Identity, Seat};
use crate::dice::commitment;
use crate::table::{Gone, Operation, Table};
use crate::time::{Instant, earliest};
use crate::wire::Decode;

/// A roll that is closed and not settled after this long waits for somebody: slots must pass for the
/// deadline of the reveals to come.
const FILL_AFTER: Duration = Duration::from_millis(500);

/// How long a phone leaves the next seat's phone to hand a proof in.
const PROOF_TURN: Duration = Duration::from_millis(500);
/// A proof that is still not ordered after this long is handed in again.
const PROOF_AGAIN: Duration = Duration::from_secs(30);

/// Which of the table's open wishes this phone has answered.
#[derive(Debug)]
pub(super) struct Duties {
    seat: Seat,
    table: Digest,
    /// Highest roll committed to and revealed by a request of ours, delivered or not.
    committed: u64,
    revealed: u64,
    said_idle: u64,
    /// Proofs that this phone has and the log does not, and when to hand them in.
    proofs: BTreeMap<Seat, (Instant, Vec<u8>)>,
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
            proofs: BTreeMap::new(),
            open_since: None,
            closed_since: None,
        }
    }

    /// Somebody lied, and here is the proof. The phones hand it in one after the other, by seat, until it is ordered:
    /// one copy is enough.
    pub(super) fn on_proof(&mut self, now: Instant, seat: Seat, evidence: Vec<u8>) {
        let turn = PROOF_TURN.saturating_mul(u32::from(self.seat.0));
        self.proofs.insert(seat, (now.after(turn), evidence));
    }

    fn due_proofs(&mut self, now: Instant, table: &Table) -> Vec<Operation> {
        let known = |seat: &Seat| matches!(table.gone(*seat), Some(Gone::Convicted(_)));
        self.proofs.retain(|seat, _| !known(seat));
        let mut due = Vec::new();
        for (at, evidence) in self.proofs.values_mut() {
            if *at <= now {
                *at = now.after(PROOF_AGAIN);
                due.extend(Evidence::from_bytes(evidence).map(Box::new));
            }
        }
        due.into_iter().map(Operation::Evidence).collect()
    }

    /// The operations that are due after the table changed or time passed.
    pub(super) fn due(
        &mut self,
        now: Instant,
        table: &Table,
        identity: &Identity,
    ) -> Vec<Operation> {
        let mut due = self.due_proofs(now, table);
        // The dice begin with the first decision: before that nobody plays.
        if table.sequence() == 0 {
            return due;
        }
        // Whoever goes still owes what it committed to, and nothing more.
        let stays = table.gone(self.seat).is_none();
        let dice = table.dice();
        let roll = dice.roll();
        self.watch(now, table);
        // A closed roll takes no more commitments; then it is the next one's turn.
        let wanted = if dice.is_closed() { roll + 1 } else { roll };
        if stays && self.committed < wanted && !dice.has_committed(wanted, self.seat) {
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
        if stays && waited && self.said_idle < roll {
            self.said_idle = roll;
            due.push(Operation::Idle { roll });
        }
        due
    }

    /// Whether empty slots are wanted: a silent player's reveal is waited for, or new members are.
    pub(super) fn wants_filler(&self, now: Instant, table: &Table) -> bool {
        table.is_changing()
            || self
                .closed_since
                .is_some_and(|(_, since)| since.after(FILL_AFTER) <= now)
    }

    /// When something may be due without anything happening.
    pub(super) fn next_wake(&self, now: Instant, table: &Table) -> Option<Instant> {
        let limit = table.genesis().rules.idle_limit;
        let stays = table.gone(self.seat).is_none();
        let idle = self.open_since.filter(|_| stays);
        let idle = idle.filter(|(roll, _)| self.said_idle < *roll);
        let idle = idle.map(|(_, since)| since.after(limit));
        let fill = self.closed_since.map(|(_, since)| since.after(FILL_AFTER));
        let proof = self.proofs.values().map(|(at, _)| *at).min();
        earliest(proof, earliest(idle, fill.filter(|at| *at > now)))
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
