//! What a table remembers of past rolls for its side bets: of the hand, and of the rolls since the last seven.

use super::dice::{BoxNumber, Phase, Roll};
use super::numbers::RepeatNumber;
use super::rules::RidePays;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// No pay table asks whether a point was made more often.
const MADE_MAX: u8 = 4;
/// No repeater needs more hits.
const HITS_MAX: u8 = 6;
/// One bit for each of the six doubles.
const DOUBLES_ALL: u8 = 0b11_1111;

/// The memory of one table. All side bets read the same one: their windows open only when it is empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trackers {
    /// Whether the hand has had a roll.
    rolled: bool,
    /// Wins of the pass line in this hand, at most 11.
    wins: u8,
    /// How often each point was made in this hand, at most 4 times.
    made: [u8; BoxNumber::ALL.len()],
    /// How often each number came since the last seven, at most 6 times.
    hits: [u8; RepeatNumber::ALL.len()],
    /// Which doubles came since the last seven, ones lowest.
    doubles: u8,
}

impl Trackers {
    /// The memory with one more roll in it, a seven too, before the seven clears anything.
    pub(super) fn with(mut self, phase: Phase, roll: Roll) -> Self {
        let total = roll.total();
        self.rolled = true;
        let natural = phase == Phase::ComeOut && matches!(total, 7 | 11);
        let made = phase.point().filter(|point| point.total() == total);
        if natural || made.is_some() {
            self.wins = (self.wins + 1).min(RidePays::WINS_MAX);
        }
        if let Some(point) = made {
            let count = &mut self.made[point as usize];
            *count = (*count + 1).min(MADE_MAX);
        }
        if let Some(number) = RepeatNumber::from_total(total) {
            let count = &mut self.hits[number as usize];
            *count = (*count + 1).min(HITS_MAX);
        }
        if roll.is_double() {
            self.doubles |= 1 << (roll.first() - 1);
        }
        self
    }

    /// What is left of it after that roll: any seven clears the board, a seven-out the hand as well.
    pub(super) fn settled(self, total: u8, seven_out: bool) -> Self {
        if seven_out {
            return Self::default();
        }
        let board = if total == 7 { Self::default() } else { self };
        Self {
            hits: board.hits,
            doubles: board.doubles,
            ..self
        }
    }

    /// Whether the hand has had a roll: bets on a whole hand are closed then.
    #[must_use]
    pub const fn has_rolled(&self) -> bool {
        self.rolled
    }

    /// Whether no number came since the last seven: bets on the rolls up to the next one are open then.
    #[must_use]
    pub fn board_is_clear(&self) -> bool {
        self.hits == [0; RepeatNumber::ALL.len()]
    }

    /// Wins of the pass line in this hand; 11 stands for 11 or more.
    #[must_use]
    pub const fn wins(&self) -> u8 {
        self.wins
    }

    /// How often a point was made in this hand; 4 stands for 4 or more.
    #[must_use]
    pub const fn made(&self, point: BoxNumber) -> u8 {
        self.made[point as usize]
    }

    /// How many different points were made in this hand.
    #[must_use]
    pub fn points_made(&self) -> usize {
        self.made.iter().filter(|count| **count > 0).count()
    }

    /// How often a number came since the last seven; 6 stands for 6 or more.
    #[must_use]
    pub const fn hits(&self, number: RepeatNumber) -> u8 {
        self.hits[number as usize]
    }

    /// Whether every number from `low` to `high` came since the last seven, the seven itself aside.
    pub(super) fn has_all(&self, low: u8, high: u8) -> bool {
        (low..=high)
            .filter_map(RepeatNumber::from_total)
            .all(|number| self.hits(number) > 0)
    }

    /// How many different doubles came since the last seven.
    #[must_use]
    pub const fn doubles(&self) -> u32 {
        self.doubles.count_ones()
    }

    /// Whether some row of rolls leads here, as far as the parts must fit each other.
    fn is_possible(&self, phase: Phase) -> bool {
        let in_range = self.wins <= RidePays::WINS_MAX
            && self.made.iter().all(|count| *count <= MADE_MAX)
            && self.hits.iter().all(|count| *count <= HITS_MAX)
            && self.doubles <= DOUBLES_ALL;
        let untouched = *self == Self::default() && phase == Phase::ComeOut;
        let points: u8 = self.made.iter().map(|count| (*count).min(MADE_MAX)).sum();
        let point_came = phase.point().is_none_or(|point| {
            RepeatNumber::from_total(point.total()).is_some_and(|number| self.hits(number) > 0)
        });
        in_range
            && (self.rolled || untouched)
            && points.min(RidePays::WINS_MAX) <= self.wins
            && point_came
            // Within a hand only a come-out seven clears the board, and the pass line wins it.
            && (!self.rolled || !self.board_is_clear() || self.wins > 0)
            && (1..=6).all(|face| self.double_fits(face))
    }

    /// A double is a hit of its total; of 2 and 12 every hit is a double.
    fn double_fits(&self, face: u8) -> bool {
        let came = self.doubles >> (face - 1) & 1 == 1;
        let hit = RepeatNumber::from_total(2 * face).is_some_and(|number| self.hits(number) > 0);
        if matches!(face, 1 | 6) {
            came == hit
        } else {
            !came || hit
        }
    }

    /// Reads the memory of a table in this phase.
    pub(super) fn read(reader: &mut Reader<'_>, phase: Phase) -> Result<Self, DecodeError> {
        let trackers = Self {
            rolled: reader.bool("rolled")?,
            wins: reader.u8()?,
            made: reader.array()?,
            hits: reader.array()?,
            doubles: reader.u8()?,
        };
        if trackers.is_possible(phase) {
            Ok(trackers)
        } else {
            Err(DecodeError::OutOfRange("trackers"))
        }
    }
}

impl Encode for Trackers {
    fn encode(&self, writer: &mut Writer) {
        writer.bool(self.rolled);
        writer.u8(self.wins);
        writer.raw(&self.made);
        writer.raw(&self.hits);
        writer.u8(self.doubles);
    }
}

impl Encode for Phase {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.point().map_or(0, BoxNumber::total));
    }
}

impl Decode for Phase {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            0 => Ok(Self::ComeOut),
            total => BoxNumber::from_total(total)
                .map(Self::Point)
                .ok_or(DecodeError::OutOfRange("point")),
        }
    }
}
