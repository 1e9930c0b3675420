//! What neighbours say of themselves: whom else they have links to.

use crate::crypto::SeatSet;
use crate::wire::{Decode, DecodeError, Encode, Header, Kind, Reader, Writer};

/// Whom a phone has links to, by its own word: nobody passes on to it what those sent themselves.
///
/// A false list can only cost its sender messages, which it then asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Links {
    /// The table's tag, as in every header.
    pub table: u16,
    /// The seats at the other ends.
    pub seats: SeatSet,
}

impl Encode for Links {
    fn encode(&self, writer: &mut Writer) {
        let table = self.table;
        Header {
            kind: Kind::Links,
            table,
            view: 0,
            sequence: 0,
        }
        .encode(writer);
        self.seats.encode(writer);
    }
}

impl Decode for Links {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header = Header::decode(reader)?;
        if header.kind != Kind::Links {
            return Err(DecodeError::UnknownKind(header.kind as u8));
        }
        Ok(Self {
            table: header.table,
            seats: SeatSet::decode(reader)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Seat;

    #[test]
    fn a_list_of_links_takes_nine_bytes_and_comes_back() {
        let links = Links {
            table: 7,
            seats: [Seat(1), Seat(17)].into_iter().collect(),
        };
        assert_eq!(links.to_bytes().len(), 9);
        assert_eq!(Links::from_bytes(&links.to_bytes()), Ok(links));
    }
}
