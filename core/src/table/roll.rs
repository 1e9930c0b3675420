//! The life of a roll: closed, revealed, settled.

use super::outcome::{Outcome, Rejection, RollResult};
use super::state::Table;
use crate::craps::{Line, LineResult, Phase, Roll, Settlement};
use crate::crypto::Seat;
use crate::dice::dice_from_seed;

impl Table {
    /// The shooter closes the bets of the open roll.
    pub(super) fn close_roll(
        &mut self,
        sequence: u64,
        seat: Seat,
        roll: u64,
    ) -> Result<Vec<Outcome>, Rejection> {
        self.check_open(roll)?;
        let shooter = self.shooter();
        if shooter != Some(seat) {
            return Err(Rejection::NotShooter { shooter });
        }
        let (have, needed) = (self.dice.committed(), self.quorum.q);
        if have < needed {
            return Err(Rejection::NotReady { have, needed });
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
        if self.layout.bets().next().is_none() {
            return Err(Rejection::NoBets);
        }
        self.idle.insert(seat);
        Ok(self.close_if_idle(sequence))
    }

    /// Closes the roll without the shooter once q players have waited long enough and q have committed.
    pub(super) fn close_if_idle(&mut self, sequence: u64) -> Vec<Outcome> {
        let waited = self.idle.len() >= self.quorum.q;
        if waited && self.is_ready() {
            vec![self.close(sequence, None)]
        } else {
            Vec::new()
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
        self.dice.close(sequence);
        Outcome::RollClosed { roll, by }
    }

    /// Settles the closed roll if its dice are due. With f + 1 secrets in it at least one is honest.
    pub(super) fn settle_if_due(&mut self, sequence: u64, outcomes: &mut Vec<Outcome>) -> bool {
        let roll = self.dice.roll();
        let Some(outcome) = self.dice.settle(sequence, self.quorum.f + 1) else {
            return false;
        };
        let (first, second) = dice_from_seed(&outcome.seed);
        let Some(dice) = Roll::new(first, second) else {
            return false;
        };
        let settlement = self.layout.resolve(dice);
        let (hand, shooter) = (self.hand.number, self.hand.shooter);
        self.pay(&settlement);
        self.layout.apply(&settlement);
        self.hand.settle(settlement.seven_out, self.seats());
        let phase: Phase = self.layout.phase();
        let taken_down = self.take_down_uncovered(&settlement);
        let left_out = outcome.left_out;
        let result = RollResult {
            roll,
            hand,
            shooter,
            settlement,
            phase,
            left_out,
        };
        outcomes.push(Outcome::Rolled(Box::new(result)));
        outcomes.extend(taken_down);
        true
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
