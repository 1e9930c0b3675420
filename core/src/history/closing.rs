//! The end of a history: where a phone says that this is all it knows, under its own signature.

use crate::consensus::application_digest;
use crate::crypto::{Digest, Seat, Statement};
use crate::table::{SettlementSheet, Table};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// "My history of this table ends with this slot, and this is what it comes to." Its context is the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closing {
    /// Whose history it is.
    pub seat: Seat,
    /// The epoch of the last slot.
    pub epoch: u64,
    /// The last slot; 0 where nothing was played.
    pub sequence: u64,
    /// C_s after it.
    pub chain: Digest,
    /// Digest of the table's state after it, as checkpoints have it.
    pub state: Digest,
    /// Digest of the settlement sheet.
    pub sheet: Digest,
}

impl Closing {
    /// What a seat says of the table that the slots up to here, with their chain digest, lead to. The last ones may
    /// wait for the dice of a roll below them.
    #[must_use]
    pub fn of(
        seat: Seat,
        (sequence, chain): (u64, Digest),
        table: &Table,
        sheet: &SettlementSheet,
    ) -> Self {
        Self {
            seat,
            epoch: table.epoch_at(sequence.max(1)).number,
            sequence,
            chain,
            state: application_digest(&table.to_bytes()),
            sheet: Self::sheet_digest(sheet),
        }
    }

    /// The digest of a sheet.
    #[must_use]
    pub fn sheet_digest(sheet: &SettlementSheet) -> Digest {
        Digest::of("bitcraps/sheet/v1", &[&sheet.to_bytes()])
    }
}

impl Encode for Closing {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.seat.0);
        writer.u64(self.epoch);
        writer.u64(self.sequence);
        self.chain.encode(writer);
        self.state.encode(writer);
        self.sheet.encode(writer);
    }
}

impl Decode for Closing {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            seat: Seat(reader.u8()?),
            epoch: reader.u64()?,
            sequence: reader.u64()?,
            chain: Digest::decode(reader)?,
            state: Digest::decode(reader)?,
            sheet: Digest::decode(reader)?,
        })
    }
}

impl Statement for Closing {
    const TAG: &'static str = "bitcraps/closing/v1";
}
