//! What a phone has, told to its neighbours now and then: nobody sends it that again.

use crate::crypto::SeatSet;
use crate::wire::{Decode, DecodeError, Encode, Header, Kind, Reader, Writer};

/// Most open slots in one list.
pub const HAVE_SLOTS_MAX: usize = 8;
/// Most messages other than votes in one list.
pub const HAVE_OTHERS_MAX: usize = 32;

/// The first bytes of a message's fingerprint.
pub type Short = [u8; 4];

/// Which votes of the view its sender has checked, slot by slot, which shares of the roll that waits, and which other
/// messages came lately.
///
/// Link-local and unsigned: whoever claims what it lacks gets it later, and nobody else is touched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Have {
    /// The table's tag, as in every header.
    pub table: u16,
    /// Low byte of the view.
    pub view: u8,
    /// Low bytes of the first slot that the sender has not delivered.
    pub next: u16,
    /// Prepares and commits from that slot on; all seats where no more are wanted.
    pub slots: Vec<[SeatSet; 2]>,
    /// Low bytes of the first roll that the sender has not settled.
    pub roll: u16,
    /// Whose shares of that roll it has checked; all seats where no more are wanted.
    pub shares: SeatSet,
    /// Requests, proposals and whatever else is passed on.
    pub others: Vec<Short>,
}

impl Encode for Have {
    fn encode(&self, writer: &mut Writer) {
        Header {
            kind: Kind::Have,
            table: self.table,
            view: self.view,
            sequence: self.next,
        }
        .encode(writer);
        writer.count_u8(self.slots.len());
        for slot in &self.slots {
            slot.iter().for_each(|seats| seats.encode(writer));
        }
        writer.u16(self.roll);
        self.shares.encode(writer);
        self.others.iter().for_each(|short| writer.raw(short));
    }
}

impl Decode for Have {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header = Header::decode(reader)?;
        if header.kind != Kind::Have {
            return Err(DecodeError::UnknownKind(header.kind as u8));
        }
        let count = reader.count_u8(HAVE_SLOTS_MAX, "slots")?;
        let mut slots = Vec::with_capacity(count);
        for _ in 0..count {
            slots.push([SeatSet::decode(reader)?, SeatSet::decode(reader)?]);
        }
        let (roll, shares) = (reader.u16()?, SeatSet::decode(reader)?);
        let mut others = Vec::new();
        while reader.remaining() > 0 {
            if others.len() >= HAVE_OTHERS_MAX {
                return Err(DecodeError::OutOfRange("others"));
            }
            others.push(reader.array()?);
        }
        Ok(Self {
            table: header.table,
            view: header.view,
            next: header.sequence,
            slots,
            roll,
            shares,
            others,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Seat;

    #[test]
    fn a_list_takes_twelve_bytes_six_for_each_slot_and_four_for_each_message_and_comes_back() {
        let seats = |list: &[u8]| list.iter().copied().map(Seat).collect::<SeatSet>();
        let have = Have {
            table: 7,
            view: 1,
            next: 300,
            slots: vec![[seats(&[0, 3]), seats(&[])], [seats(&[17]), seats(&[1])]],
            roll: 515,
            shares: seats(&[0, 17]),
            others: vec![[1, 2, 3, 4]],
        };
        let bytes = have.to_bytes();
        assert_eq!(bytes.len(), 12 + 2 * 6 + 4);
        assert_eq!(Have::from_bytes(&bytes), Ok(have));
        assert!(Have::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        let mut many = bytes;
        many.resize(12 + 2 * 6 + 4 * (HAVE_OTHERS_MAX + 1), 0);
        assert!(Have::from_bytes(&many).is_err());
    }
}
