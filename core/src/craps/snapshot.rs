//! The layout as bytes: what a checkpoint carries of it, and what its digest is over.

use std::collections::BTreeMap;

use super::bet::{Bet, BetKind};
use super::catalogue::BETS_PER_SEAT_MAX;
use super::dice::{BoxNumber, Phase};
use super::exposure::Liability;
use super::layout::Layout;
use super::numbers::RepeatNumber;
use super::rules::Rules;
use super::trackers::Trackers;
use crate::crypto::{SEATS_MAX, Seat};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// The most bets that a layout can have.
const BETS_MAX: usize = BETS_PER_SEAT_MAX * SEATS_MAX;

impl Encode for Layout {
    /// Phase, trackers, bets by seat and kind. The rules stand in the genesis and the liability follows from the bets.
    fn encode(&self, writer: &mut Writer) {
        self.phase.encode(writer);
        self.trackers.encode(writer);
        debug_assert!(self.bets.len() <= BETS_MAX, "seats are those of a roster");
        writer.u16(u16::try_from(self.bets.len()).unwrap_or(u16::MAX));
        for (seat, kind, bet) in self.bets() {
            writer.u8(seat.0);
            kind.encode(writer);
            writer.u64(bet.amount);
            writer.u8(bet.working.map_or(2, u8::from));
        }
    }
}

impl Encode for BetKind {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.code());
    }
}

impl Decode for BetKind {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::from_code(reader.array()?).ok_or(DecodeError::OutOfRange("bet"))
    }
}

impl Layout {
    /// Reads the layout of a table with these rules and so many seats. What no play could lead to is refused, as far
    /// as its parts must fit each other.
    ///
    /// # Errors
    /// Whatever makes the bytes something else than [`Encode::encode`] gives for such a layout.
    pub fn read(reader: &mut Reader<'_>, rules: Rules, seats: usize) -> Result<Self, DecodeError> {
        let phase = Phase::decode(reader)?;
        let trackers = Trackers::read(reader, phase)?;
        let count = usize::from(reader.u16()?);
        if count > BETS_PER_SEAT_MAX.saturating_mul(seats.min(SEATS_MAX)) {
            return Err(DecodeError::OutOfRange("bets"));
        }
        let mut layout = Self {
            rules,
            phase,
            trackers,
            bets: BTreeMap::new(),
            liability: Liability::NONE,
        };
        for _ in 0..count {
            let (key, bet) = read_bet(reader)?;
            let follows = layout
                .bets
                .last_key_value()
                .is_none_or(|(last, _)| *last < key);
            if !follows || key.0.index() >= seats {
                return Err(DecodeError::OutOfRange("bets"));
            }
            layout.bets.insert(key, bet);
        }
        if layout
            .bets()
            .all(|(seat, kind, bet)| layout.can_stand(seat, kind, bet))
        {
            layout.recount();
            Ok(layout)
        } else {
            Err(DecodeError::OutOfRange("bets"))
        }
    }

    /// Whether this bet can stand here: its amount is one that the rules allow, and what it waits for is still open.
    fn can_stand(&self, seat: Seat, kind: BetKind, bet: &Bet) -> bool {
        let Ok(bounds) = self.bounds(seat, kind) else {
            return false;
        };
        let amount = bet.amount;
        (bounds.min..=bounds.max).contains(&amount)
            && amount.is_multiple_of(bounds.unit)
            && (bet.working.is_none() || kind.can_be_called())
            && self.waits(kind)
    }

    /// Whether a bet of this kind is still undecided after the rolls that the layout remembers.
    fn waits(&self, kind: BetKind) -> bool {
        let seen = &self.trackers;
        let point_is_set = self.phase != Phase::ComeOut;
        let came = |number: BoxNumber| {
            RepeatNumber::from_total(number.total()).is_some_and(|number| seen.hits(number) > 0)
        };
        match kind {
            // On a come-out they would have been decided, or have travelled, or not been placed.
            BetKind::Come | BetKind::DontCome => point_is_set,
            BetKind::SevenPoint => !point_is_set,
            // It has just seen a seven, on the come-out.
            BetKind::SevenPointUp => !point_is_set && seen.board_is_clear() && seen.wins() > 0,
            // Any seven decides them, so they have travelled since the last one, or were put with a point set.
            BetKind::ComePoint(number) => came(number) || self.rules.put && !seen.board_is_clear(),
            BetKind::DontComePoint(number) => came(number),
            BetKind::Fire => seen.points_made() < BoxNumber::ALL.len(),
            BetKind::BonusSmall => !seen.has_all(2, 6),
            BetKind::BonusTall => !seen.has_all(8, 12),
            BetKind::BonusAll => !seen.has_all(2, 12),
            BetKind::Repeater(number) => seen.hits(number) < number.times(),
            BetKind::DifferentDoubles => seen.doubles() < 6,
            _ => true,
        }
    }
}

fn read_bet(reader: &mut Reader<'_>) -> Result<((Seat, BetKind), Bet), DecodeError> {
    let seat = Seat(reader.u8()?);
    let kind = BetKind::decode(reader)?;
    let amount = reader.u64()?;
    let working = match reader.u8()? {
        0 => Some(false),
        1 => Some(true),
        2 => None,
        _ => return Err(DecodeError::OutOfRange("working")),
    };
    Ok(((seat, kind), Bet { amount, working }))
}
