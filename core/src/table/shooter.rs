//! Whose turn it is to roll: the hand, and how the dice go round.
//!
//! The shooter has no influence on the dice, only the button. So whoever loses the dice within a hand, by passing
//! them, by leaving or by keeping the table waiting, takes nothing along: point, hand and side bets stay, and the next
//! seat goes on (craps.md B1).

use super::outcome::{Outcome, Rejection};
use super::state::Table;
use crate::craps::Phase;
use crate::crypto::{SEATS_MAX, Seat};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// How `None` is written where a seat may stand.
const NOBODY: u8 = u8::MAX;

/// The hand, and where the dice are in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hand {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Where the dice are; the shooter of a come-out roll is the first seat from here with a line bet.
    pub(super) dice_at: Seat,
    /// Who shot the last roll of this hand.
    pub(super) shooter: Option<Seat>,
    /// Whether the others closed the open roll because its shooter kept them waiting.
    pub(super) kept_waiting: bool,
}

impl Hand {
    pub(super) const fn first() -> Self {
        Self {
            number: 1,
            dice_at: Seat(0),
            shooter: None,
            kept_waiting: false,
        }
    }

    /// The open roll is closed, for this shooter, or without waiting for one.
    pub(super) fn shoot(&mut self, shooter: Option<Seat>, kept_waiting: bool) {
        self.shooter = shooter.or(self.shooter);
        if let Some(seat) = self.shooter {
            self.dice_at = seat;
        }
        self.kept_waiting = kept_waiting;
    }

    /// The roll is settled. A seven-out ends the hand; whoever keeps the table waiting loses the dice, not the hand.
    pub(super) fn settle(&mut self, seven_out: bool, seats: u8) {
        let kept_waiting = std::mem::take(&mut self.kept_waiting);
        if seven_out || kept_waiting {
            self.pass_on(self.shooter.unwrap_or(self.dice_at), seats);
        }
        self.number += u64::from(seven_out);
    }

    /// Somebody goes: if it has the dice, the next seat goes on with the same hand.
    pub(super) fn leave(&mut self, seat: Seat, seats: u8) {
        if self.shooter == Some(seat) || self.dice_at == seat {
            self.pass_on(seat, seats);
        }
    }

    /// The dice leave this seat for the next one.
    pub(super) fn pass_on(&mut self, from: Seat, seats: u8) {
        self.dice_at = next(from, seats);
        self.shooter = None;
    }
}

impl Encode for Hand {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.number);
        writer.u8(self.dice_at.0);
        writer.u8(self.shooter.map_or(NOBODY, |seat| seat.0));
        writer.bool(self.kept_waiting);
    }
}

impl Decode for Hand {
    /// Seats are bounded here and compared with the roster where that is known.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let number = reader.u64()?;
        let (dice_at, shooter) = (Seat(reader.u8()?), reader.u8()?);
        let shooter = (shooter != NOBODY).then_some(Seat(shooter));
        let hand = Self {
            number,
            dice_at,
            shooter,
            kept_waiting: reader.bool("kept waiting")?,
        };
        let seated = |seat: Seat| seat.index() < SEATS_MAX;
        // Whoever shot the last roll still has the dice.
        if number > 0 && seated(dice_at) && shooter.is_none_or(|seat| seat == dice_at) {
            Ok(hand)
        } else {
            Err(DecodeError::OutOfRange("hand"))
        }
    }
}

impl Table {
    /// The seat whose turn it is to roll: whoever shot the last roll, until a seven-out or until the dice went on, as
    /// long as there is a line bet at that seat on a come-out; otherwise the next seat that has one.
    #[must_use]
    pub fn shooter(&self) -> Option<Seat> {
        // Bets that an unseated player had to leave do not make it the shooter.
        let plays = |seat: Seat| self.gone(seat).is_none();
        if matches!(self.layout.phase(), Phase::Point(_)) {
            // Without a shooter the hand goes on with the next player who has something at stake.
            return self
                .hand
                .shooter
                .or_else(|| self.first_seat(|seat| plays(seat) && self.layout.stake_of(seat) > 0));
        }
        self.first_seat(|seat| plays(seat) && self.layout.has_line_bet(seat))
    }

    /// The shooter declines to roll; the next seat with a line bet goes on with the same hand.
    pub(super) fn pass_dice(&mut self, seat: Seat, roll: u64) -> Result<Vec<Outcome>, Rejection> {
        self.check_open(roll)?;
        if let Phase::Point(point) = self.layout.phase() {
            return Err(Rejection::PassOnPoint { point });
        }
        let shooter = self.shooter();
        if shooter != Some(seat) {
            return Err(Rejection::NotShooter { shooter });
        }
        self.hand.pass_on(seat, self.seats());
        let to = self.shooter();
        Ok(vec![Outcome::DicePassed { seat, to }])
    }

    /// How many seats there are.
    pub(super) fn seats(&self) -> u8 {
        u8::try_from(self.ledger.seats()).unwrap_or(NOBODY)
    }

    /// The first seat, clockwise from where the dice are, of which something holds.
    fn first_seat(&self, holds: impl Fn(Seat) -> bool) -> Option<Seat> {
        let mut seat = self.hand.dice_at;
        for _ in 0..self.seats() {
            if holds(seat) {
                return Some(seat);
            }
            seat = next(seat, self.seats());
        }
        None
    }
}

/// The seat clockwise of this one.
const fn next(seat: Seat, seats: u8) -> Seat {
    if seats == 0 {
        return seat;
    }
    Seat((seat.0 + 1) % seats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_comes_back_from_its_bytes_and_an_impossible_one_does_not() {
        let mut hand = Hand::first();
        let read = |hand: &Hand| Hand::from_bytes(&hand.to_bytes());
        assert_eq!(read(&hand).as_ref(), Ok(&hand));
        hand.shoot(Some(Seat(3)), true);
        assert_eq!(read(&hand).as_ref(), Ok(&hand));
        let refused = Err(DecodeError::OutOfRange("hand"));
        let shot_by = |shooter| Hand {
            shooter: Some(shooter),
            ..hand.clone()
        };
        assert_eq!(read(&shot_by(Seat(2))), refused, "the dice are elsewhere");
        let zero = Hand {
            number: 0,
            ..Hand::first()
        };
        assert_eq!(read(&zero), refused);
        let nowhere = Hand {
            dice_at: Seat(18),
            ..Hand::first()
        };
        assert_eq!(read(&nowhere), refused);
        let bytes = hand.to_bytes();
        (0..bytes.len()).for_each(|at| assert!(Hand::from_bytes(&bytes[..at]).is_err()));
    }

    #[test]
    fn whoever_kept_the_table_waiting_loses_the_dice_and_the_hand_goes_on() {
        let mut hand = Hand::first();
        hand.shoot(Some(Seat(3)), true);
        hand.settle(false, 4);
        assert_eq!(
            (hand.dice_at, hand.shooter, hand.number),
            (Seat(0), None, 1)
        );
        hand.shoot(Some(Seat(1)), false);
        hand.settle(false, 4);
        assert_eq!(
            (hand.dice_at, hand.shooter, hand.number),
            (Seat(1), Some(Seat(1)), 1)
        );
        hand.settle(true, 4);
        assert_eq!(
            (hand.dice_at, hand.shooter, hand.number),
            (Seat(2), None, 2)
        );
    }
}
