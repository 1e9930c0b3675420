//! The table: whose chips lie where, who has the dice, and what waits for the open roll.

use std::collections::{BTreeSet, VecDeque};

use super::genesis::Genesis;
use super::operation::Operation;
use super::outcome::{Outcome, Rejection};
use crate::consensus::Quorum;
use crate::craps::{BetKind, Chips, Layout, Phase};
use crate::crypto::{Digest, DigestWriter, Seat};
use crate::dice::CommitReveal;
use crate::ledger::Ledger;
use crate::wire::{Decode, Encode};

/// How many operations of each player may wait for the open roll.
pub const DEFERRED_PER_SEAT_MAX: usize = 64;

/// The deterministic game: the same operations in the same order give the same table on every phone.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) genesis: Genesis,
    pub(super) quorum: Quorum,
    pub(super) ledger: Ledger,
    pub(super) layout: Layout,
    pub(super) dice: CommitReveal,
    /// The hand's number, from 1.
    pub(super) hand: u64,
    /// Where the dice are; the shooter of a come-out roll is the first seat from here with a line bet.
    pub(super) dice_at: Seat,
    /// Who shot the last roll of this hand.
    pub(super) shooter: Option<Seat>,
    /// Whether the others closed the open roll because its shooter kept them waiting.
    pub(super) kept_waiting: bool,
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
            quorum: Quorum::of(genesis.roster.len()),
            ledger: Ledger::new(&stacks, genesis.rules.bank)?,
            layout: Layout::new(),
            dice: CommitReveal::new(genesis.digest()),
            hand: 1,
            dice_at: Seat(0),
            shooter: None,
            kept_waiting: false,
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
        let (seat, number, operation) = request;
        let of_dice = matches!(
            operation,
            Operation::DiceCommit { .. } | Operation::DiceReveal { .. }
        );
        if !self.dice.is_closed() || of_dice {
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
        let result = match operation {
            Operation::PlaceBet { kind, amount } => self.place(seat, kind, amount).map(|()| {
                vec![Outcome::BetPlaced {
                    seat,
                    number,
                    kind,
                    amount,
                }]
            }),
            Operation::ReduceBet { kind, by } => self.reduce(seat, kind, by),
            Operation::RemoveBet { kind } => {
                let amount = self.layout.bet(seat, kind).map_or(0, |bet| bet.amount);
                self.reduce(seat, kind, amount)
            }
            Operation::SetWorking { kind, on } => self
                .layout
                .set_working(seat, kind, on)
                .map(|()| vec![Outcome::WorkingSet { seat, kind, on }])
                .map_err(Rejection::from),
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

    /// Moves chips onto a bet, if rules, stack and bank allow it. On a clone: what a player's plan would come to.
    ///
    /// # Errors
    /// The [`Rejection`]; nothing has moved then.
    pub fn place(&mut self, seat: Seat, kind: BetKind, amount: Chips) -> Result<(), Rejection> {
        self.check_place(seat, kind, amount)?;
        self.ledger.place(seat, amount)?;
        // Checked a moment ago against the same layout.
        self.layout
            .place(&self.genesis.rules.craps, seat, kind, amount)?;
        Ok(())
    }

    /// Whether a bet would be taken now. Costs nothing and changes nothing.
    ///
    /// # Errors
    /// The [`Rejection`] that placing it now would get.
    pub fn check_place(&self, seat: Seat, kind: BetKind, amount: Chips) -> Result<(), Rejection> {
        let rules = &self.genesis.rules.craps;
        self.layout.check_place(rules, seat, kind, amount)?;
        let have = self.ledger.stack(seat)?;
        if have < amount {
            return Err(Rejection::Funds {
                have,
                wanted: amount,
            });
        }
        let exposure = self.layout.exposure_with(rules, seat, kind, amount);
        match exposure {
            Some(exposure) if exposure <= self.ledger.bank() => Ok(()),
            _ => Err(Rejection::Bank),
        }
    }

    pub(super) fn reduce(
        &mut self,
        seat: Seat,
        kind: BetKind,
        by: Chips,
    ) -> Result<Vec<Outcome>, Rejection> {
        let reduced = self
            .layout
            .reduce(&self.genesis.rules.craps, seat, kind, by)?;
        let mut outcomes = Vec::new();
        for (kind, amount) in reduced.returned {
            self.ledger.give_back(seat, amount)?;
            outcomes.push(Outcome::BetReturned { seat, kind, amount });
        }
        Ok(outcomes)
    }

    /// The seat whose turn it is to roll: whoever shot the last roll, until a seven-out or until the others had to
    /// close a roll for it, as long as there is a line bet at that seat on a come-out; otherwise the next seat that
    /// has one.
    #[must_use]
    pub fn shooter(&self) -> Option<Seat> {
        if matches!(self.layout.phase(), Phase::Point(_)) {
            // Without a shooter the hand goes on with the next player who has something at stake.
            return self
                .shooter
                .or_else(|| self.first_seat(|seat| self.layout.stake_of(seat) > 0));
        }
        self.first_seat(|seat| self.layout.has_line_bet(seat))
    }

    /// The first seat, clockwise from where the dice are, of which something holds.
    fn first_seat(&self, holds: impl Fn(Seat) -> bool) -> Option<Seat> {
        let n = u8::try_from(self.genesis.roster.len()).unwrap_or(u8::MAX);
        (0..n)
            .map(|step| Seat((self.dice_at.0 + step) % n))
            .find(|seat| holds(*seat))
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
        self.hand
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

    /// How many operations wait for the open roll.
    #[must_use]
    pub fn deferred_len(&self) -> usize {
        self.deferred.len()
    }

    /// Digest of the whole state: equal on two phones exactly if their tables are.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut writer = DigestWriter::new("bitcraps/table/v1");
        for seat in self.genesis.roster.seats() {
            for chips in [self.ledger.stack(seat), self.ledger.escrow(seat)] {
                writer.part(&chips.unwrap_or(0).to_le_bytes());
            }
        }
        writer.part(&self.ledger.bank().to_le_bytes());
        for (seat, kind, bet) in self.layout.bets() {
            let [code, number] = kind.code();
            let working = bet.working.map_or(2, u8::from);
            writer.part(&[seat.0, code, number, working]);
            writer.part(&bet.amount.to_le_bytes());
        }
        let point = self.layout.phase().point().map_or(0, |point| point.total());
        let shooter = self.shooter.map_or(u8::MAX, |seat| seat.0);
        let kept_waiting = u8::from(self.kept_waiting);
        writer.part(&[point, self.dice_at.0, shooter, kept_waiting]);
        writer.part(&self.hand.to_le_bytes());
        writer.part(&self.dice.digest().0);
        writer.part(&self.idle.iter().map(|seat| seat.0).collect::<Vec<u8>>());
        for (seat, number, operation) in &self.deferred {
            writer.part(&[seat.0]);
            writer.part(&number.to_le_bytes());
            writer.part(&operation.to_bytes());
        }
        writer.finish()
    }
}
