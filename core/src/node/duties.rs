//! What a phone does for the table by itself: its part of the key, its proofs, its patience with a shooter.

use std::collections::BTreeMap;
use std::time::Duration;

use super::dealer::Dealer;
use crate::crypto::{Identity, Seat};
use crate::table::{Carried, Gone, Operation, Table};
use crate::time::{Instant, earliest};

/// How long a phone leaves the next seat's phone to hand a proof in.
const PROOF_TURN: Duration = Duration::from_millis(500);
/// A proof that is still not ordered after this long is handed in again, unless what this phone signed before still waits:
/// a table that decides nothing would have ever more to order once it does.
const PROOF_AGAIN: Duration = Duration::from_secs(30);

/// Which of the table's open wishes this phone has answered.
#[derive(Debug)]
pub(super) struct Duties {
    seat: Seat,
    dealer: Dealer,
    /// Whether this phone has signed the genesis.
    signed: bool,
    said_idle: u64,
    /// Proofs that this phone has and the log does not, and when to hand them in.
    proofs: BTreeMap<Seat, Turn<Operation>>,
    /// What a newcomer wants handed in, and when it is this phone's turn to.
    carried: Vec<Turn<Carried>>,
    /// Since when the open roll has had a bet and waits for its close.
    open_since: Option<(u64, Instant)>,
}

/// Something that a phone hands in when its turn comes, and again if that came to nothing.
#[derive(Debug)]
struct Turn<T> {
    at: Instant,
    said: bool,
    what: T,
}

impl<T: Clone> Turn<T> {
    const fn new(at: Instant, what: T) -> Self {
        let said = false;
        Self { at, said, what }
    }

    /// What is to be handed in, if its time has come. `waits`: something that was handed in before waits to be ordered.
    fn take(&mut self, now: Instant, again: Duration, waits: bool) -> Option<T> {
        if self.at > now {
            return None;
        }
        self.at = now.after(again);
        let due = !(self.said && waits);
        self.said |= due;
        due.then(|| self.what.clone())
    }
}

impl Duties {
    pub(super) fn new(seat: Seat) -> Self {
        Self {
            seat,
            dealer: Dealer::default(),
            signed: false,
            said_idle: 0,
            proofs: BTreeMap::new(),
            carried: Vec::new(),
            open_since: None,
        }
    }

    /// Somebody lied, and this operation proves it. The phones hand it in one after the other, by seat, until it is
    /// ordered: one copy is enough. Gives whether it is the first proof against that seat.
    pub(super) fn on_proof(&mut self, now: Instant, seat: Seat, operation: Operation) -> bool {
        if self.proofs.contains_key(&seat) {
            return false;
        }
        let turn = PROOF_TURN.saturating_mul(u32::from(self.seat.0));
        let turn = Turn::new(now.after(turn), operation);
        self.proofs.insert(seat, turn);
        true
    }

    /// A newcomer, which has no vote, has something to say: one of the members hands it in, as with a proof.
    pub(super) fn on_carried(&mut self, now: Instant, carried: Carried) {
        let turn = PROOF_TURN.saturating_mul(u32::from(self.seat.0));
        self.carried.push(Turn::new(now.after(turn), carried));
    }

    fn due_carried(&mut self, now: Instant, table: &Table, waits: bool) -> Vec<Operation> {
        self.carried.retain(|turn| table.wants(&turn.what));
        let again = PROOF_TURN.saturating_mul(32);
        let turns = self.carried.iter_mut();
        let due = turns.filter_map(|turn| turn.take(now, again, waits));
        due.map(|carried| Operation::Carry(Box::new(carried)))
            .collect()
    }

    /// What a newcomer has to say about the key that is being made with it.
    pub(super) fn due_of_newcomer(
        &mut self,
        now: Instant,
        table: &Table,
        identity: &Identity,
    ) -> Vec<Operation> {
        let due = self.dealer.due(now, table, identity, self.seat);
        // Whether to go on is for the members to say.
        let about_key = |operation: &Operation| !matches!(operation, Operation::GiveUp(_));
        due.into_iter().filter(about_key).collect()
    }

    /// When that may be due without anything happening.
    pub(super) fn next_wake_of_newcomer(&self, now: Instant, table: &Table) -> Option<Instant> {
        self.dealer.next_wake(now, table, self.seat)
    }

    fn due_proofs(&mut self, now: Instant, table: &Table, waits: bool) -> Vec<Operation> {
        let known = |seat: &Seat| matches!(table.gone(*seat), Some(Gone::Convicted(_)));
        self.proofs.retain(|seat, _| !known(seat));
        let turns = self.proofs.values_mut();
        turns
            .filter_map(|turn| turn.take(now, PROOF_AGAIN, waits))
            .collect()
    }

    /// The operations that are due after the table changed or time passed. `waits`: something that this phone signed is not
    /// ordered yet.
    pub(super) fn due(
        &mut self,
        now: Instant,
        table: &Table,
        identity: &Identity,
        waits: bool,
        within_reach: impl FnOnce() -> usize,
    ) -> Vec<Operation> {
        if table.dissolved().is_some() {
            return Vec::new();
        }
        let mut due = self.due_proofs(now, table, waits);
        due.extend(self.due_carried(now, table, waits));
        if self.dealer.may_begin(now, table, within_reach) {
            // Opening a node for a genesis is its player's word that it sits down there.
            let in_genesis = table.genesis().roster.key(self.seat).is_some();
            if in_genesis && !self.signed && !table.signed().contains(self.seat) {
                self.signed = true;
                due.push(Operation::Sign);
            }
            if table.is_founded() {
                due.extend(self.dealer.due(now, table, identity, self.seat));
            }
        }
        self.watch(now, table);
        let roll = table.dice().roll();
        let limit = table.genesis().rules.idle_limit;
        let waited = self
            .open_since
            .is_some_and(|(_, since)| since.after(limit) <= now);
        if table.gone(self.seat).is_none() && waited && self.said_idle < roll {
            self.said_idle = roll;
            due.push(Operation::Idle { roll });
        }
        due
    }

    /// Whether empty slots are wanted: new members wait for their first one.
    pub(super) fn wants_filler(table: &Table) -> bool {
        table.is_changing()
    }

    /// When something may be due without anything happening.
    pub(super) fn next_wake(&self, now: Instant, table: &Table) -> Option<Instant> {
        if table.dissolved().is_some() {
            return None;
        }
        let limit = table.genesis().rules.idle_limit;
        let stays = table.gone(self.seat).is_none();
        let idle = self.open_since.filter(|_| stays);
        let idle = idle.filter(|(roll, _)| self.said_idle < *roll);
        let idle = idle.map(|(_, since)| since.after(limit));
        let proofs = self.proofs.values().map(|turn| turn.at);
        let proof = proofs.chain(self.carried.iter().map(|turn| turn.at)).min();
        let dealer = self.dealer.next_wake(now, table, self.seat);
        earliest(proof, earliest(idle, dealer))
    }

    fn watch(&mut self, now: Instant, table: &Table) {
        let roll = table.dice().roll();
        let waits = !table.dice().is_closed() && table.layout().bets().next().is_some();
        let since = self
            .open_since
            .filter(|(of, _)| waits && *of == roll)
            .or_else(|| waits.then_some((roll, now)));
        self.open_since = since;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_in_is_handed_in_again_only_if_nothing_that_was_signed_before_waits() {
        let mut turn = Turn::new(Instant(500), "proof");
        let mut said = Vec::new();
        // Nothing is decided until the hundredth second, but this phone's bets waited before.
        for now in (0..200_000).step_by(500) {
            let waits = now < 100_000;
            said.extend(turn.take(Instant(now), PROOF_AGAIN, waits).map(|_| now));
        }
        assert_eq!(said, [500, 120_500, 150_500, 180_500]);
    }
}
