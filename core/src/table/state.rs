//! The table: whose chips lie where, who has the dice, and what waits for the open roll.

use std::collections::{BTreeSet, VecDeque};

use super::genesis::Genesis;
use super::members::Members;
use super::operation::Operation;
use super::outcome::{Outcome, Rejection};
use super::shooter::Hand;
use crate::consensus::Quorum;
use crate::craps::Layout;
use crate::crypto::Seat;
use crate::dice::CommitReveal;
use crate::ledger::Ledger;
use crate::wire::Decode;

/// How many operations of each player may wait for the open roll.
pub const DEFERRED_PER_SEAT_MAX: usize = 64;

/// The deterministic game: the same operations in the same order give the same table on every phone.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) genesis: Genesis,
    /// The slot that was applied last.
    pub(super) sequence: u64,
    pub(super) members: Members,
    /// Whether that slot changed them.
    pub(super) members_changed: bool,
    /// As of the last slot's epoch.
    pub(super) quorum: Quorum,
    pub(super) ledger: Ledger,
    pub(super) layout: Layout,
    pub(super) dice: CommitReveal,
    /// The hand, and who has the dice.
    pub(super) hand: Hand,
    /// Who has had enough of waiting for the open roll to be closed.
    pub(super) idle: BTreeSet<Seat>,
    /// Ordered after the close of the open roll; takes effect after its settlement.
    pub(super) deferred: VecDeque<(Seat, u64, Operation)>,
}

impl Table {
    /// The table at its genesis: everybody has the buy-in.
    ///
    /// # Errors
    /// [`crate::ledger::LedgerError`] if the chips of all seats and the bank do not fit into a `u64`.
    pub fn new(genesis: Genesis) -> Result<Self, crate::ledger::LedgerError> {
        let stacks = vec![genesis.rules.buy_in; genesis.roster.len()];
        Ok(Self {
            sequence: 0,
            members: Members::new(genesis.digest(), genesis.roster.clone()),
            members_changed: false,
            quorum: Quorum::of(genesis.roster.len()),
            ledger: Ledger::new(&stacks, genesis.rules.bank)?,
            layout: Layout::new(genesis.rules.craps),
            dice: CommitReveal::new(genesis.digest()),
            hand: Hand::first(),
            idle: BTreeSet::new(),
            deferred: VecDeque::new(),
            genesis,
        })
    }

    /// Applies the requests of one slot, in order, and settles the open roll if it is due.
    pub fn apply<'a>(
        &mut self,
        sequence: u64,
        requests: impl Iterator<Item = (Seat, u64, &'a [u8])>,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        self.sequence = sequence;
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
        if self.settle_if_due(sequence, &mut outcomes) {
            self.apply_deferred(sequence, &mut outcomes);
        }
        outcomes
    }

    /// Later operations wait for the dice of a closed roll; only the dice's own go through.
    fn apply_or_defer(
        &mut self,
        sequence: u64,
        request: (Seat, u64, Operation),
        outcomes: &mut Vec<Outcome>,
    ) {
        let (seat, number, operation) = &request;
        let (seat, number) = (*seat, *number);
        // A liar's bets must not be settled after its lie is proven.
        let at_once = matches!(
            operation,
            Operation::DiceCommit { .. } | Operation::DiceReveal { .. } | Operation::Evidence(_)
        );
        if !self.dice.is_closed() || at_once {
            self.apply_one(sequence, request, outcomes);
        } else if self.deferred.iter().filter(|(of, ..)| *of == seat).count()
            < DEFERRED_PER_SEAT_MAX
        {
            self.deferred.push_back(request);
        } else {
            outcomes.push(Outcome::Rejected {
                seat,
                number,
                reason: Rejection::Busy,
            });
        }
    }

    fn apply_deferred(&mut self, sequence: u64, outcomes: &mut Vec<Outcome>) {
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
        let of_dice = matches!(
            operation,
            Operation::DiceCommit { .. } | Operation::DiceReveal { .. }
        );
        if let Some(gone) = self.gone(seat).filter(|_| !of_dice) {
            outcomes.push(Outcome::Rejected {
                seat,
                number,
                reason: Rejection::Gone(gone),
            });
            return;
        }
        let result = match operation {
            Operation::Leave => self.leave(sequence, seat),
            Operation::Evidence(evidence) => self.convict(sequence, seat, &evidence),
            Operation::PlaceBet { kind, amount } => self.place_bet(seat, number, kind, amount),
            Operation::ReduceBet { kind, by } => self.reduce_bet(seat, kind, by),
            Operation::RemoveBet { kind } => self.remove_bet(seat, kind),
            Operation::SetWorking { kind, on } => self.set_working(seat, kind, on),
            Operation::PassDice { roll } => self.pass_dice(seat, roll),
            Operation::RollClose { roll } => self.close_roll(sequence, seat, roll),
            Operation::Idle { roll } => self.note_idle(sequence, seat, roll),
            Operation::DiceCommit { roll, digest } => match self.dice.commit(seat, roll, digest) {
                Ok(()) => Ok(self.close_if_idle(sequence)),
                Err(refusal) => Err(refusal.into()),
            },
            Operation::DiceReveal { roll, secret } => self
                .dice
                .reveal(seat, roll, secret)
                .map(|()| Vec::new())
                .map_err(Rejection::from),
        };
        match result {
            Ok(happened) => outcomes.extend(happened),
            Err(reason) => outcomes.push(Outcome::Rejected {
                seat,
                number,
                reason,
            }),
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

    /// The dice of the open roll.
    #[must_use]
    pub const fn dice(&self) -> &CommitReveal {
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

    /// Whether enough players have committed to the dice for the roll to be closed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.dice.is_closed() && self.dice.committed() >= self.quorum.q
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
