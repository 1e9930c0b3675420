//! Each player's place in the order of requests: its numbers are ordered 1, 2, 3 … without gaps, unless the player
//! itself says that the gap is meant.

use super::limits::SKIP_MAX;
use super::replica::Replica;
use super::statement::{Request, SignedRequest};
use crate::crypto::{SEATS_MAX, Seat};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// The next number of every seat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Numbers {
    next: [u64; SEATS_MAX],
}

impl Numbers {
    /// Before anything is ordered.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            next: [1; SEATS_MAX],
        }
    }

    /// The next number of a player; seats that cannot exist never have one.
    #[must_use]
    pub fn next(&self, player: Seat) -> u64 {
        self.next.get(player.index()).copied().unwrap_or(u64::MAX)
    }

    /// Whether a request could be the player's next.
    #[must_use]
    pub fn takes(&self, request: &SignedRequest) -> bool {
        let (next, number) = (self.next(request.player()), request.number());
        let within = number > next && number <= next.saturating_add(SKIP_MAX);
        number == next || (within && request.skips())
    }

    /// Orders these requests; `None`, and nothing changed, if one of them is not its player's next.
    #[must_use]
    pub fn advance<'a>(&mut self, batch: impl Iterator<Item = &'a SignedRequest>) -> Option<()> {
        let mut numbers = self.clone();
        for request in batch {
            if !numbers.takes(request) {
                return None;
            }
            let next = numbers.next.get_mut(request.player().index())?;
            *next = request.number().checked_add(1)?;
        }
        *self = numbers;
        Some(())
    }
}

impl Numbers {
    /// Takes over the place of one request that was checked and ordered before, by its statement's bytes.
    pub fn note(&mut self, statement: &[u8]) {
        if let Ok(request) = Request::from_bytes(statement)
            && let Some(next) = self.next.get_mut(request.player.index())
        {
            *next = request.number.saturating_add(1);
        }
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self::new()
    }
}

impl Replica {
    /// This phone's own requests below this number are ordered, or never will be.
    #[must_use]
    pub fn next_ordered(&self) -> u64 {
        self.chain.next_number(self.seat)
    }
}

impl Encode for Numbers {
    fn encode(&self, writer: &mut Writer) {
        self.next.iter().for_each(|next| writer.u64(*next));
    }
}

impl Decode for Numbers {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut numbers = Self::new();
        for next in &mut numbers.next {
            *next = reader.u64()?;
        }
        Ok(numbers)
    }
}
