//! The table: whose chips lie where, who has the dice, and what waits for the open roll.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;

use super::genesis::Genesis;
use super::key::{Dice, Keys};
use super::members::Members;
use super::operation::Operation;
use super::outcome::{Outcome, Rejection};
use super::shooter::Hand;
use super::wishes::Wishes;
use crate::consensus::Quorum;
use crate::craps::Layout;
use crate::crypto::{Digest, Seat, SeatSet};
use crate::dice::RollInput;
use crate::ledger::Ledger;
use crate::wire::Decode;

/// The deterministic game: the same operations in the same order give the same table on every phone.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) genesis: Genesis,
    /// The slot that was applied last.
    pub(super) sequence: u64,
    /// C_s of that slot.
    pub(super) chain: Digest,
    pub(super) members: Members,
    /// Whether that slot changed them.
    pub(super) members_changed: bool,
    /// As of the last slot's epoch.
    pub(super) quorum: Quorum,
    pub(super) ledger: Ledger,
    pub(super) layout: Layout,
    pub(super) dice: Dice,
    /// What the closed roll is thrown from, once that was wanted: each share of it is checked against this.
    pub(super) roll_input: OnceLock<RollInput>,
    /// What the dice are thrown with.
    pub(super) keys: Keys,
    /// The hand, and who has the dice.
    pub(super) hand: Hand,
    /// Who has had enough of waiting for the open roll to be closed.
    pub(super) idle: BTreeSet<Seat>,
    /// What stands behind the close of the open roll in its slot; takes effect after its settlement.
    pub(super) deferred: VecDeque<(Seat, u64, Operation)>,
    /// Who has signed the genesis.
    pub(super) signed: SeatSet,
    /// How often seats have bought in again.
    pub(super) bought: BTreeMap<Seat, u8>,
    /// What some players want and too few yet.
    pub(super) wishes: Wishes,
}

impl Table {
    /// The table at its genesis: everybody has the buy-in.
    ///
    /// # Errors
    /// [`crate::ledger::LedgerError`] if the chips of all seats and the bank do not fit into a `u64`.
    pub fn new(genesis: Genesis) -> Result<Self, crate::ledger::LedgerError> {
        let stacks = vec![genesis.rules.buy_in; genesis.roster.len()];
        let mut table = Self {
            sequence: 0,
            chain: Digest::default(),
            members: Members::new(genesis.digest(), genesis.roster.clone()),
            members_changed: false,
            quorum: Quorum::of(genesis.roster.len()),
            ledger: Ledger::new(&stacks, genesis.rules.bank)?,
            layout: Layout::new(genesis.rules.craps),
            dice: Dice::first(),
            keys: Keys::default(),
            hand: Hand::first(),
            idle: BTreeSet::new(),
            deferred: VecDeque::new(),
            signed: SeatSet::default(),
            bought: BTreeMap::new(),
            wishes: Wishes::default(),
            roll_input: OnceLock::new(),
            genesis,
        };
        table.aim();
        Ok(table)
    }

    /// Applies the requests of one slot, in order, up to one that closes the roll: what stands behind it, and every
    /// later slot, waits until [`Table::settle`] has the shares of that roll. `chain` is C_s of the slot.
    pub fn apply<'a>(
        &mut self,
        sequence: u64,
        chain: Digest,
        requests: impl Iterator<Item = (Seat, u64, &'a [u8])>,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        debug_assert!(!self.dice.is_closed(), "slots wait for the dice");
        self.sequence = sequence;
        self.chain = chain;
        self.keys.retire_before(self.members.at(sequence).number);
        self.quorum = self.members.at(sequence).quorum;
        for (seat, number, payload) in requests {
            match Operation::from_bytes(payload) {
                Ok(operation) => {
                    self.apply_or_defer(sequence, (seat, number, operation), &mut outcomes);
                }
                Err(_) => outcomes.push(Outcome::Rejected {
                    seat,
                    number,
                    reason: Rejection::Malformed,
                }),
            }
        }
        outcomes
    }

    fn apply_or_defer(
        &mut self,
        sequence: u64,
        request: (Seat, u64, Operation),
        outcomes: &mut Vec<Outcome>,
    ) {
        if self.dice.is_closed() {
            self.deferred.push_back(request);
        } else {
            self.apply_one(sequence, request, outcomes);
        }
    }

    pub(super) fn apply_deferred(&mut self, sequence: u64, outcomes: &mut Vec<Outcome>) {
        while !self.dice.is_closed()
            && let Some(request) = self.deferred.pop_front()
        {
            self.apply_one(sequence, request, outcomes);
        }
    }

    fn apply_one(
        &mut self,
        sequence: u64,
        (seat, number, operation): (Seat, u64, Operation),
        outcomes: &mut Vec<Outcome>,
    ) {
        let result = match self.gone(seat) {
            _ if self.dissolved().is_some() => Err(Rejection::Dissolved),
            Some(gone) => Err(Rejection::Gone(gone)),
            None => self.carry_out(sequence, seat, number, operation),
        };
        // Whoever has just gone has no part in the next key.
        self.aim();
        match result {
            Ok(happened) => outcomes.extend(happened),
            Err(reason) => outcomes.push(Outcome::Rejected {
                seat,
                number,
                reason,
            }),
        }
    }

    fn carry_out(
        &mut self,
        sequence: u64,
        seat: Seat,
        number: u64,
        operation: Operation,
    ) -> Result<Vec<Outcome>, Rejection> {
        match operation {
            Operation::Leave => self.leave(seat),
            Operation::Evidence(evidence) => self.convict(seat, &evidence),
            Operation::PlaceBet { kind, amount } => self.place_bet(seat, number, kind, amount),
            Operation::ReduceBet { kind, by } => self.reduce_bet(seat, kind, by),
            Operation::RemoveBet { kind } => self.remove_bet(seat, kind),
            Operation::SetWorking { kind, on } => self.set_working(seat, kind, on),
            Operation::PassDice { roll } => self.pass_dice(seat, roll),
            Operation::RollClose { roll } => self.close_roll(sequence, seat, roll),
            Operation::Idle { roll } => self.note_idle(sequence, seat, roll),
            Operation::Deal(id, dealing) => self.deal(seat, id, *dealing),
            Operation::Acknowledge(id) => self.acknowledge(sequence, seat, id),
            Operation::Complain(id, complaint) => self.complain(seat, id, &complaint),
            Operation::GiveUp(id) => self.give_up(seat, id),
            Operation::Sign => self.sign(seat),
            Operation::Carry(carried) => self.carry(sequence, &carried),
            Operation::BuyIn => self.buy_in(seat),
            Operation::Tap(wish) => self.wish(sequence, seat, wish),
            Operation::FalseShare(shown) => self.show_false_share(seat, &shown),
        }
    }

    /// The rules and seats the table started from.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Stacks, escrow and bank.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The bets and the phase.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Which roll is open, or closed and waits.
    #[must_use]
    pub const fn dice(&self) -> &Dice {
        &self.dice
    }

    /// The current hand, from 1.
    #[must_use]
    pub const fn hand(&self) -> u64 {
        self.hand.number
    }

    /// The slot that was applied last.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Rolls settled so far.
    #[must_use]
    pub const fn rolls(&self) -> u64 {
        self.dice.roll() - 1
    }

    /// Whether bets can be placed and the roll can be closed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.dice.is_closed() && self.has_key()
    }

    /// Whether an operation that was ordered still waits for the open roll.
    #[must_use]
    pub fn is_deferred(&self, seat: Seat, number: u64) -> bool {
        let mut waiting = self.deferred.iter();
        waiting.any(|(of, at, _)| (*of, *at) == (seat, number))
    }

    /// How many operations wait for the open roll.
    #[must_use]
    pub fn deferred_len(&self) -> usize {
        self.deferred.len()
    }
}
