//! What neighbours say of themselves: which table, version and seat, and whom else they have links to.
//!
//! Until sessions come, the seat is a claim. It decides only which of two links to keep; whatever counts at the table is
//! signed.

use crate::crypto::{Digest, Seat, SeatSet};
use crate::wire::{Decode, DecodeError, Encode, Header, Kind, Reader, Writer};

/// Who is at the other end, by its own word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hello {
    /// Protocol version.
    pub version: u16,
    /// The table's digest.
    pub table: Digest,
    /// The sender's seat.
    pub seat: Seat,
}

impl Encode for Hello {
    fn encode(&self, writer: &mut Writer) {
        let table = u16::from_le_bytes([self.table.0[0], self.table.0[1]]);
        Header {
            kind: Kind::Hello,
            table,
            view: 0,
            sequence: 0,
        }
        .encode(writer);
        writer.u16(self.version);
        self.table.encode(writer);
        writer.u8(self.seat.0);
    }
}

impl Decode for Hello {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header = Header::decode(reader)?;
        if header.kind != Kind::Hello {
            return Err(DecodeError::UnknownKind(header.kind as u8));
        }
        Ok(Self {
            version: reader.u16()?,
            table: Digest::decode(reader)?,
            seat: Seat(reader.u8()?),
        })
    }
}

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

    #[test]
    fn a_hello_takes_41_bytes_and_comes_back() {
        let hello = Hello {
            version: 1,
            table: Digest([5; 32]),
            seat: Seat(3),
        };
        let bytes = hello.to_bytes();
        assert_eq!(bytes.len(), 41);
        assert_eq!(Hello::from_bytes(&bytes), Ok(hello));
        assert!(Hello::from_bytes(&bytes[..40]).is_err());
    }

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
