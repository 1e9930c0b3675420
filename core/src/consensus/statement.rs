//! What replicas and players sign. The bytes here are what signatures cover (behind tag and context).

use super::limits::PAYLOAD_MAX;
use crate::crypto::{Digest, Seat, Signed, Statement};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// The short name of a request: the first 16 bytes of its digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub [u8; 16]);

impl std::fmt::Debug for RequestId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, formatter)
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0[..4]
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// One operation of one player. Its context is the table alone, so it outlives epochs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Who asks.
    pub player: Seat,
    /// 1, 2, 3 … without gaps for each player; each number is ordered once.
    pub number: u64,
    /// "Whatever of mine is not ordered below this number is void": the player's own word, because nobody else may
    /// leave one of its requests out. A phone that has lost its journal goes on like this.
    pub skips: bool,
    /// The operation; consensus does not look inside.
    pub payload: Vec<u8>,
}

impl Encode for Request {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.player.0);
        writer.u64(self.number);
        writer.bool(self.skips);
        writer.bytes_u16(&self.payload);
    }
}

impl Decode for Request {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            player: Seat(reader.u8()?),
            number: reader.u64()?,
            skips: reader.bool("skips")?,
            payload: reader.bytes_u16(PAYLOAD_MAX, "payload")?.to_vec(),
        })
    }
}

impl Statement for Request {
    const TAG: &'static str = "bitcraps/request/v1";
}

/// A request whose signature has been checked, with its digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedRequest {
    /// The request and its signed bytes.
    pub signed: Signed<Request>,
    /// Digest over context and statement.
    pub digest: Digest,
}

impl SignedRequest {
    /// The 16 bytes by which proposals name it.
    #[must_use]
    pub fn id(&self) -> RequestId {
        RequestId(self.digest.short())
    }

    /// Who asks.
    #[must_use]
    pub const fn player(&self) -> Seat {
        self.signed.value().player
    }

    /// The player's number for it.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.signed.value().number
    }

    /// Whether the player gives up its lower numbers.
    #[must_use]
    pub const fn skips(&self) -> bool {
        self.signed.value().skips
    }

    /// Bytes that it takes in a batch on the wire: length, statement, signature.
    #[must_use]
    pub fn wire_size(&self) -> usize {
        2 + self.signed.bytes().len() + crate::crypto::SIGNATURE_BYTES
    }

    /// The operation.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.signed.value().payload
    }
}

/// The two voting phases of Castro–Liskov §4.2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Phase {
    /// "I accepted this proposal in this view"; the primary's proposal is its prepare.
    Prepare = 1,
    /// "I hold a prepared certificate for it."
    Commit = 2,
}

impl Decode for Phase {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            1 => Ok(Self::Prepare),
            2 => Ok(Self::Commit),
            _ => Err(DecodeError::OutOfRange("phase")),
        }
    }
}

/// A point of the chain as seen in a view: what votes, certificates and view-changes are about.
///
/// The chain digest fixes every slot up to `sequence`. Ordered by view, then by sequence number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Head {
    /// The view in which it was voted on.
    pub view: u64,
    /// Its sequence number.
    pub sequence: u64,
    /// C_s.
    pub chain: Digest,
}

impl Encode for Head {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.view);
        writer.u64(self.sequence);
        self.chain.encode(writer);
    }
}

impl Decode for Head {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            view: reader.u64()?,
            sequence: reader.u64()?,
            chain: Digest::decode(reader)?,
        })
    }
}

pub(super) fn write_head(head: Option<&Head>, writer: &mut Writer) {
    writer.bool(head.is_some());
    if let Some(head) = head {
        head.encode(writer);
    }
}

pub(super) fn read_head(reader: &mut Reader<'_>) -> Result<Option<Head>, DecodeError> {
    if reader.bool("has head")? {
        Head::decode(reader).map(Some)
    } else {
        Ok(None)
    }
}

/// A prepare or commit vote for the chain up to a slot. 49 bytes signed; 4 of the digest travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vote {
    /// Which phase.
    pub phase: Phase,
    /// What for.
    pub head: Head,
}

impl Encode for Vote {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.phase as u8);
        self.head.encode(writer);
    }
}

impl Decode for Vote {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            phase: Phase::decode(reader)?,
            head: Head::decode(reader)?,
        })
    }
}

impl Statement for Vote {
    const TAG: &'static str = "bitcraps/vote/v1";
}

/// A replica leaves for `view` and reports the highest thing it has prepared (Castro–Liskov §4.4).
///
/// One head says all that the paper's set P says, because a prepared head fixes the whole chain below it and
/// a new view starts by voting on the head it chose: nothing lower can be prepared in that view.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ViewChange {
    /// Whose it is.
    pub signer: Seat,
    /// The view it moves to.
    pub view: u64,
    /// The last slot it has delivered.
    pub delivered: u64,
    /// The highest head it holds a prepared certificate for. Counts only together with that certificate.
    pub prepared: Option<Head>,
}

impl Encode for ViewChange {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.signer.0);
        writer.u64(self.view);
        writer.u64(self.delivered);
        write_head(self.prepared.as_ref(), writer);
    }
}

impl Decode for ViewChange {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            signer: Seat(reader.u8()?),
            view: reader.u64()?,
            delivered: reader.u64()?,
            prepared: read_head(reader)?,
        })
    }
}

impl Statement for ViewChange {
    const TAG: &'static str = "bitcraps/view-change/v1";
}

/// The primary of `view` names the view-changes that carry it there, and the head that follows from them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewView {
    /// The view.
    pub view: u64,
    /// The highest prepared head among the view-changes; every backup computes it again.
    pub head: Option<Head>,
    /// The q view-changes by seat, in order, with their full digests.
    pub view_changes: Vec<(Seat, Digest)>,
}

impl Encode for NewView {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.view);
        write_head(self.head.as_ref(), writer);
        writer.count_u8(self.view_changes.len());
        for (seat, digest) in &self.view_changes {
            writer.u8(seat.0);
            digest.encode(writer);
        }
    }
}

impl Decode for NewView {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let view = reader.u64()?;
        let head = read_head(reader)?;
        let count = reader.count_u8(crate::crypto::SEATS_MAX, "view-changes")?;
        let view_changes = (0..count)
            .map(|_| Ok((Seat(reader.u8()?), Digest::decode(reader)?)))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self {
            view,
            head,
            view_changes,
        })
    }
}

impl Statement for NewView {
    const TAG: &'static str = "bitcraps/new-view/v1";
}

/// "This is the state after this slot" (Castro–Liskov §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The slot.
    pub sequence: u64,
    /// C_s.
    pub chain: Digest,
    /// Digest of the whole state: consensus' part and the table's.
    pub state: Digest,
}

impl Checkpoint {
    /// Digest of the statement; its first bytes travel in votes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(Self::TAG, &[&self.to_bytes()])
    }
}

impl Encode for Checkpoint {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.sequence);
        self.chain.encode(writer);
        self.state.encode(writer);
    }
}

impl Decode for Checkpoint {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            sequence: reader.u64()?,
            chain: Digest::decode(reader)?,
            state: Digest::decode(reader)?,
        })
    }
}

impl Statement for Checkpoint {
    const TAG: &'static str = "bitcraps/checkpoint/v1";
}
