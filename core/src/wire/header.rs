//! The six bytes in front of every message, and the one list of message kinds.

use super::{Decode, DecodeError, Encode, Reader, Writer};

/// Length of a [`Header`] on the wire.
pub const HEADER_BYTES: usize = 6;

/// What a message is. The numbers are the protocol's and are listed in `core/docs/protocol.md`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A player's signed operation, flooded once.
    Request = 1,
    /// The primary's proposal of a batch for one sequence number.
    PrePrepare = 2,
    /// A backup's vote that it accepted the proposal.
    Prepare = 3,
    /// A replica's vote that it holds a prepared certificate.
    Commit = 4,
    /// A replica gives up on a view and says what it has prepared.
    ViewChange = 5,
    /// The next primary's proof that a quorum moved to its view.
    NewView = 6,
    /// A prepared certificate that view-changes refer to.
    Prepared = 7,
    /// A replica's vote for the state after a slot.
    Checkpoint = 8,
    /// Two signed statements that prove a lie.
    Evidence = 9,
    /// Proof that the table forked, and by whose fault: everybody stops.
    Halt = 10,
    /// Somebody who started again asks what the others hold of it.
    Query = 11,
    /// A member's answer.
    Mark = 12,
    /// A member's share of a closed roll.
    Share = 13,
    /// Link-local: how far a neighbour has come.
    Status = 16,
    /// Link-local: a neighbour lacks these request bodies.
    Want = 17,
    /// Link-local: batches with bodies, and the certificate that ends them.
    Slots = 18,
    /// Link-local: is anybody there, and yes.
    Ping = 19,
    /// Link-local: whom a neighbour has links to.
    Links = 20,
    /// Link-local: the state at a stable checkpoint.
    State = 21,
    /// Link-local: what the sender decided at a slot where its neighbour says otherwise.
    Side = 23,
    /// Link-local: which votes and messages the sender has, so that nobody sends them to it again.
    Have = 28,
    /// Link-local: the commit certificate of a slot, instead of votes that a neighbour lacks.
    Decided = 29,
    /// Votes that share a header and leave together.
    Votes = 30,
    /// Messages that leave together.
    Pack = 31,
    /// Link-local: the sender's history lacks slots from here on.
    HistoryWant = 40,
    /// Link-local: delivered slots with their certificates, for a neighbour's history.
    HistoryRuns = 41,
    /// Link-local: a neighbour lacks shares of a roll.
    ShareWant = 24,
    /// Whom a member has links to, signed, for everybody.
    LinkState = 25,
    /// Lobby: a guest shows its invite.
    Knock = 32,
    /// Lobby: the host's list of guests, with the rules.
    List = 33,
    /// Lobby: the host does not let somebody in.
    Refused = 34,
    /// Lobby: a guest signs the genesis, or does not.
    Answer = 35,
    /// Lobby: a genesis that everybody has signed.
    Founding = 36,
    /// Link-local: the table that a newcomer is to sit down at.
    Welcome = 37,
    /// What a newcomer says about its part of the next key.
    Carried = 38,
}

impl Kind {
    /// The kind of this number, if there is one in this version.
    #[must_use]
    pub const fn from_u8(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Request,
            2 => Self::PrePrepare,
            3 => Self::Prepare,
            4 => Self::Commit,
            5 => Self::ViewChange,
            6 => Self::NewView,
            7 => Self::Prepared,
            8 => Self::Checkpoint,
            9 => Self::Evidence,
            10 => Self::Halt,
            11 => Self::Query,
            12 => Self::Mark,
            13 => Self::Share,
            16 => Self::Status,
            17 => Self::Want,
            18 => Self::Slots,
            19 => Self::Ping,
            20 => Self::Links,
            21 => Self::State,
            23 => Self::Side,
            28 => Self::Have,
            29 => Self::Decided,
            30 => Self::Votes,
            31 => Self::Pack,
            40 => Self::HistoryWant,
            41 => Self::HistoryRuns,
            24 => Self::ShareWant,
            25 => Self::LinkState,
            32 => Self::Knock,
            33 => Self::List,
            34 => Self::Refused,
            35 => Self::Answer,
            36 => Self::Founding,
            37 => Self::Welcome,
            38 => Self::Carried,
            _ => return None,
        })
    }

    /// The name used in traces and statistics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::PrePrepare => "pre-prepare",
            Self::Prepare => "prepare",
            Self::Commit => "commit",
            Self::ViewChange => "view-change",
            Self::NewView => "new-view",
            Self::Prepared => "prepared",
            Self::Checkpoint => "checkpoint",
            Self::Evidence => "evidence",
            Self::Halt => "halt",
            Self::Query => "query",
            Self::Mark => "mark",
            Self::Share => "share",
            Self::Status => "status",
            Self::Want => "want",
            Self::Slots => "slots",
            Self::Ping => "ping",
            Self::Links => "links",
            Self::State => "state",
            Self::Side => "side",
            Self::Have => "have",
            Self::Decided => "decided",
            Self::Votes => "votes",
            Self::Pack => "pack",
            Self::HistoryWant => "history-want",
            Self::HistoryRuns => "history-runs",
            Self::ShareWant => "share-want",
            Self::LinkState => "link-state",
            Self::Knock => "knock",
            Self::List => "list",
            Self::Refused => "refused",
            Self::Answer => "answer",
            Self::Founding => "founding",
            Self::Welcome => "welcome",
            Self::Carried => "carried",
        }
    }
}

/// Kind, table tag, and the low bits of view and sequence number.
///
/// The high bits never travel: a receiver takes the value nearest to its own (as QUIC does with packet
/// numbers), and a wrong guess only makes the signature fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What follows.
    pub kind: Kind,
    /// The first two bytes of the table's digest.
    pub table: u16,
    /// The low byte of the view.
    pub view: u8,
    /// The low two bytes of the sequence number.
    pub sequence: u16,
}

impl Encode for Header {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.kind as u8);
        writer.u16(self.table);
        writer.u8(self.view);
        writer.u16(self.sequence);
    }
}

impl Decode for Header {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let byte = reader.u8()?;
        let kind = Kind::from_u8(byte).ok_or(DecodeError::UnknownKind(byte))?;
        Ok(Self {
            kind,
            table: reader.u16()?,
            view: reader.u8()?,
            sequence: reader.u16()?,
        })
    }
}

/// The value nearest to `near` whose low byte is `low`.
#[must_use]
pub fn widen_u8(low: u8, near: u64) -> u64 {
    widen(u64::from(low), near, 1 << 8)
}

/// The value nearest to `near` whose low two bytes are `low`.
#[must_use]
pub fn widen_u16(low: u16, near: u64) -> u64 {
    widen(u64::from(low), near, 1 << 16)
}

fn widen(low: u64, near: u64, modulus: u64) -> u64 {
    let candidate = near - near % modulus + low;
    let half = modulus / 2;
    if candidate > near.saturating_add(half) && candidate >= modulus {
        candidate - modulus
    } else if candidate.saturating_add(half) < near {
        candidate.checked_add(modulus).unwrap_or(candidate)
    } else {
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_takes_six_bytes_and_comes_back() {
        let header = Header {
            kind: Kind::Commit,
            table: 0xbeef,
            view: 7,
            sequence: 0x0102,
        };
        let bytes = header.to_bytes();
        assert_eq!(bytes, [4, 0xef, 0xbe, 7, 0x02, 0x01]);
        assert_eq!(bytes.len(), HEADER_BYTES);
        assert_eq!(Header::from_bytes(&bytes), Ok(header));
    }

    #[test]
    fn every_kind_has_one_number_and_other_numbers_have_none() {
        for byte in 0..=u8::MAX {
            if let Some(kind) = Kind::from_u8(byte) {
                assert_eq!(kind as u8, byte);
            } else {
                assert_eq!(
                    Header::from_bytes(&[byte, 0, 0, 0, 0, 0]),
                    Err(DecodeError::UnknownKind(byte))
                );
            }
        }
    }

    #[test]
    fn low_bits_widen_to_the_nearest_value() {
        for near in [0_u64, 1, 127, 128, 255, 256, 300, 65_535, 65_536, 1 << 40] {
            for distance in -100_i64..=100 {
                let Some(value) = near.checked_add_signed(distance) else {
                    continue;
                };
                assert_eq!(widen_u8(value.to_le_bytes()[0], near), value, "near {near}");
                let low = u16::from_le_bytes([value.to_le_bytes()[0], value.to_le_bytes()[1]]);
                assert_eq!(widen_u16(low, near), value, "near {near}");
            }
        }
        // At the end of the range there may be no such value; it only has to stay free of overflow.
        assert!(widen_u8(0, u64::MAX) >= u64::MAX - 255);
    }
}
