//! What a roll was thrown with: the shares that a stranger checks against the epoch's key.

use crate::consensus::limits;
use crate::crypto::{SEATS_MAX, Seat};
use crate::dice::Share;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Most rolls that one run's slots can close.
pub const THROWS_PER_RUN_MAX: usize = super::run::RUN_SLOTS_MAX * limits::BATCH_MAX;

/// The shares of one roll, by rising seat: exactly q settle it, fewer are what there is of a roll that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Throw {
    /// The roll's number.
    pub roll: u64,
    /// The shares.
    pub shares: Vec<Share>,
}

impl Throw {
    /// A throw of these shares, put in order.
    #[must_use]
    pub fn new(roll: u64, mut shares: Vec<Share>) -> Self {
        shares.sort_by_key(|share| share.signer);
        Self { roll, shares }
    }
}

impl Encode for Throw {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.roll);
        writer.count_u8(self.shares.len());
        self.shares.iter().for_each(|share| share.encode(writer));
    }
}

impl Decode for Throw {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let roll = reader.u64()?;
        let count = reader.count_u8(SEATS_MAX, "shares")?;
        let mut shares: Vec<Share> = Vec::with_capacity(count);
        for _ in 0..count {
            let share = Share::decode(reader)?;
            let last: Option<Seat> = shares.last().map(|last| last.signer);
            if last.is_some_and(|last| last >= share.signer) {
                return Err(DecodeError::OutOfRange("share order"));
            }
            shares.push(share);
        }
        Ok(Self { roll, shares })
    }
}

/// Appends the throws of a run: a count, and each of them.
pub(super) fn write_throws(throws: &[Throw], writer: &mut Writer) {
    writer.u16(u16::try_from(throws.len()).unwrap_or(u16::MAX));
    throws.iter().for_each(|throw| throw.encode(writer));
}

pub(super) fn read_throws(reader: &mut Reader<'_>) -> Result<Vec<Throw>, DecodeError> {
    let count = usize::from(reader.u16()?);
    if count > THROWS_PER_RUN_MAX {
        return Err(DecodeError::OutOfRange("throws"));
    }
    (0..count).map(|_| Throw::decode(reader)).collect()
}
