//! A set of seats in three bytes.

use super::{SEATS_MAX, Seat};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Seats as bits, seat 0 lowest. Three bytes on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct SeatSet(u32);

impl SeatSet {
    /// Every seat that a table can have.
    pub const ALL: Self = Self((1 << SEATS_MAX) - 1);

    /// Adds a seat; out-of-range seats are not added.
    pub const fn insert(&mut self, seat: Seat) {
        if seat.index() < SEATS_MAX {
            self.0 |= 1 << seat.0;
        }
    }

    /// Whether the seat is in it.
    #[must_use]
    pub const fn contains(self, seat: Seat) -> bool {
        seat.index() < SEATS_MAX && self.0 >> seat.0 & 1 == 1
    }

    /// How many seats are in it.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no seat is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The seats that are in one of two sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The seats, in order.
    pub fn iter(self) -> impl Iterator<Item = Seat> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let seat = u8::try_from(rest.trailing_zeros()).ok()?;
            // Without its lowest bit; there is none after the last seat.
            rest &= rest.checked_sub(1)?;
            Some(Seat(seat))
        })
    }
}

impl FromIterator<Seat> for SeatSet {
    fn from_iter<I: IntoIterator<Item = Seat>>(seats: I) -> Self {
        let mut set = Self::default();
        seats.into_iter().for_each(|seat| set.insert(seat));
        set
    }
}

impl Encode for SeatSet {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.0.to_le_bytes()[..3]);
    }
}

impl Decode for SeatSet {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let [a, b, c] = reader.array()?;
        let bits = u32::from_le_bytes([a, b, c, 0]);
        if bits >> SEATS_MAX == 0 {
            Ok(Self(bits))
        } else {
            Err(DecodeError::OutOfRange("seats"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_takes_three_bytes_and_has_no_bits_beyond_the_last_seat() {
        let set: SeatSet = [Seat(0), Seat(9), Seat(17), Seat(18)].into_iter().collect();
        assert_eq!(set.len(), 3, "there is no seat 18");
        assert_eq!(set.to_bytes(), [1, 2, 2]);
        assert_eq!(SeatSet::from_bytes(&[1, 2, 2]), Ok(set));
        assert!(set.iter().eq([Seat(0), Seat(9), Seat(17)]));
        assert_eq!(
            SeatSet::from_bytes(&[0, 0, 4]),
            Err(DecodeError::OutOfRange("seats"))
        );
    }
}
