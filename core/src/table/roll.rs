//! The life of a roll: closed, thrown, settled.

use std::sync::OnceLock;

use super::key::ClosedRoll;
use super::outcome::{Outcome, Rejection, RollResult};
use super::state::Table;
use crate::craps::{Line, LineResult, Phase, Roll, Settlement};
use crate::crypto::Seat;
use crate::dice::{CheckedShare, dice_of};

impl Table {
    /// The shooter closes the bets of the open roll.
    pub(super) fn close_roll(
        &mut self,
        sequence: u64,
        seat: Seat,
        roll: u64,
    ) -> Result<Vec<Outcome>, Rejection> {
        self.check_open(roll)?;
        self.check_key(sequence)?;
        let shooter = self.shooter();
        if shooter != Some(seat) {
            return Err(Rejection::NotShooter { shooter });
        }
        Ok(vec![self.close(sequence, Some(seat))])
    }

    /// One more player has waited long enough.
    pub(super) fn note_idle(
        &mut self,
        sequence: u64,
        seat: Seat,
        roll: u64,
    ) -> Result<Vec<Outcome>, Rejection> {
        self.check_open(roll)?;
        self.check_key(sequence)?;
        if self.layout.bets().next().is_none() {
            return Err(Rejection::NoBets);
        }
        self.idle.insert(seat);
        if self.idle.len() < self.quorum.q {
            return Ok(Vec::new());
        }
        Ok(vec![self.close(sequence, None)])
    }

    /// No roll is closed in an epoch whose dice have no key.
    fn check_key(&self, sequence: u64) -> Result<(), Rejection> {
        if self.key(self.epoch_at(sequence).number).is_some() {
            Ok(())
        } else {
            Err(Rejection::NoKey)
        }
    }

    pub(super) fn check_open(&self, roll: u64) -> Result<(), Rejection> {
        let open = self.dice.roll();
        if roll == open && !self.dice.is_closed() {
            Ok(())
        } else {
            Err(Rejection::WrongRoll { given: roll, open })
        }
    }

    fn close(&mut self, sequence: u64, by: Option<Seat>) -> Outcome {
        let roll = self.dice.roll();
        self.hand.shoot(self.shooter(), by.is_none());
        self.idle.clear();
        self.roll_input = OnceLock::new();
        self.dice.closed = Some(ClosedRoll {
            roll,
            epoch: self.epoch_at(sequence).number,
            sequence,
            chain: self.chain,
        });
        Outcome::RollClosed { roll, by }
    }

    /// Settles the roll that is closed, with q shares of it, and does what its slot still has. Nothing happens with fewer
    /// shares, or with shares of another roll.
    pub fn settle(&mut self, shares: &[CheckedShare]) -> Option<Vec<Outcome>> {
        let closed = *self.dice.closed()?;
        let input = self.roll_input()?;
        let value = self.key(closed.epoch)?.coin().combine(input, shares)?;
        let (first, second) = dice_of(input, &value);
        let mut outcomes = self.pay_out(closed.roll, Roll::new(first, second)?);
        self.dice.closed = None;
        self.dice.roll += 1;
        self.aim();
        self.apply_deferred(closed.sequence, &mut outcomes);
        Some(outcomes)
    }

    fn pay_out(&mut self, roll: u64, dice: Roll) -> Vec<Outcome> {
        let settlement = self.layout.resolve(dice);
        let (hand, shooter) = (self.hand.number, self.hand.shooter);
        self.pay(&settlement);
        self.layout.apply(&settlement);
        self.hand.settle(settlement.seven_out, self.seats());
        let phase: Phase = self.layout.phase();
        let taken_down = self.take_down_uncovered(&settlement);
        let result = RollResult {
            roll,
            hand,
            shooter,
            settlement,
            phase,
        };
        let mut outcomes = vec![Outcome::Rolled(Box::new(result))];
        outcomes.extend(taken_down);
        outcomes
    }

    /// Moves the chips of one settlement, line by line in the casino's order. The bank covers every win: no bet
    /// was taken that it could not pay together with all others.
    fn pay(&mut self, settlement: &Settlement) {
        for Line {
            seat,
            stake,
            result,
            ..
        } in &settlement.lines
        {
            let moved = match result {
                LineResult::Win { profit, stays } => {
                    self.ledger.win(*seat, *stake, *profit, *stays)
                }
                LineResult::Lose => self.ledger.lose(*seat, *stake),
                LineResult::Returned => self.ledger.give_back(*seat, *stake),
                LineResult::Push | LineResult::Travels { .. } => Ok(()),
            };
            debug_assert!(moved.is_ok(), "exposure covers every settlement: {moved:?}");
        }
    }

    /// A winner that stays up may have drained the bank below what it could lose next: such bets go back to
    /// their players, last settled first, until the bank covers all that stands.
    fn take_down_uncovered(&mut self, settlement: &Settlement) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for line in settlement.lines.iter().rev() {
            if self.layout.exposure() <= self.ledger.bank() {
                break;
            }
            if matches!(line.result, LineResult::Win { stays: true, .. }) {
                let back = self.remove_bet(line.seat, line.kind);
                outcomes.extend(back.into_iter().flatten());
            }
        }
        outcomes
    }
}
