//! The messages of consensus as they travel. Layouts and sizes: `core/docs/protocol.md`.

use super::certificate::CertificateBody;
use super::evidence::Evidence;
use super::fork::{Halt, SideMessage};
use super::limits::{BATCH_MAX, PAYLOAD_MAX, SLOTS_PER_ANSWER_MAX};
use super::state_transfer::StateMessage;
use super::statement::{Head, Phase, RequestId, SignedRequest, ViewChange, read_head, write_head};
use crate::crypto::{SIGNATURE_BYTES, Seat, SeatSet, Signature};
use crate::wire::{Decode, DecodeError, Encode, HEADER_BYTES, Header, Kind, Reader, Writer};

/// A statement as it travels: its signed bytes, then the signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedBytes {
    /// The statement.
    pub statement: Vec<u8>,
    /// The signature, unchecked.
    pub signature: Signature,
}

impl SignedBytes {
    fn decode_rest(bytes: &[u8]) -> Result<Self, DecodeError> {
        let split = bytes
            .len()
            .checked_sub(SIGNATURE_BYTES)
            .ok_or(DecodeError::Truncated)?;
        let (statement, signature) = bytes.split_at(split);
        Ok(Self {
            statement: statement.to_vec(),
            signature: <Signature as Decode>::from_bytes(signature)?,
        })
    }
}

impl Encode for SignedBytes {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.statement);
        self.signature.encode(writer);
    }
}

/// The primary's proposal: ids only; the requests were flooded when they were made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrePrepare {
    /// The batch, in order.
    pub ids: Vec<RequestId>,
    /// The primary's prepare vote for the slot that this batch makes.
    pub signature: Signature,
}

/// A prepare or commit vote: four bytes of the chain digest travel, all 32 are signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VoteMessage {
    /// Which phase; on the wire it is the message kind.
    pub phase: Phase,
    /// Whose vote.
    pub signer: Seat,
    /// The first bytes of C_s.
    pub tag: [u8; 4],
    /// The signature.
    pub signature: Signature,
}

/// A new-view: names its view-changes by sixteen bytes; the signature covers their full digests.
///
/// Four bytes, as in votes, would not do: whoever signs two view-changes that begin alike, and shows one to the
/// primary and one to the others, keeps them out of the view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewViewMessage {
    /// The view.
    pub view: u64,
    /// The chosen head.
    pub head: Option<Head>,
    /// Whose view-changes it stands on.
    pub seats: SeatSet,
    /// The first bytes of each one's digest, in seat order.
    pub tags: Vec<[u8; 16]>,
    /// The primary's signature.
    pub signature: Signature,
}

/// A prepared certificate, sent once for all the view-changes that refer to it; or a commit certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreparedMessage {
    /// The first bytes of its C_s.
    pub tag: [u8; 4],
    /// The signatures.
    pub body: CertificateBody,
}

impl PreparedMessage {
    fn decode_rest(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            tag: reader.array()?,
            body: CertificateBody::decode_rest(reader)?,
        })
    }
}

/// Link-local and unsigned: where the sender is. A hint; it costs the link it came in on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// The view it is in.
    pub view: u64,
    /// The last slot it has delivered.
    pub delivered: u64,
    /// Its stable checkpoint.
    pub stable: u64,
    /// The last epoch whose roster it knows.
    pub epoch: u64,
    /// The first bytes of its C_s at `delivered`.
    pub tag: [u8; 4],
}

/// A checkpoint vote: the statement follows from the receiver's own state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckpointMessage {
    /// Whose vote.
    pub signer: Seat,
    /// The first bytes of the statement's digest.
    pub tag: [u8; 4],
    /// The signature.
    pub signature: Signature,
}

/// Link-local: batches with their requests, and the commit certificate of the last one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slots {
    /// Sequence number of the first batch.
    pub first: u64,
    /// The batches, one a slot.
    pub batches: Vec<Vec<SignedBytes>>,
    /// The view and signatures of the certificate. Without it, the batches lead up to the view's chosen head.
    pub certificate: Option<(u64, CertificateBody)>,
}

/// Any message of consensus.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// A player's operation.
    Request(SignedBytes),
    /// A proposal.
    PrePrepare(PrePrepare),
    /// A prepare or commit vote.
    Vote(VoteMessage),
    /// A view-change.
    ViewChange(SignedBytes),
    /// A new-view.
    NewView(NewViewMessage),
    /// A prepared certificate.
    Prepared(PreparedMessage),
    /// A commit certificate, for a neighbour that lacks votes.
    Decided(PreparedMessage),
    /// How far a neighbour has come.
    Status(Status),
    /// Bodies that a neighbour lacks.
    Want(Vec<RequestId>),
    /// What a neighbour that is behind needs.
    Slots(Slots),
    /// A checkpoint vote.
    Checkpoint(CheckpointMessage),
    /// What a neighbour that is far behind needs.
    State(StateMessage),
    /// Proof that somebody lied.
    Evidence(Evidence),
    /// Proof that the table forked: everybody stops.
    Halt(Halt),
    /// What the sender decided where a neighbour says otherwise.
    Side(SideMessage),
    /// Somebody who started again asks what the others hold of it.
    Query(SignedBytes),
    /// The answer.
    Mark(SignedBytes),
}

impl Message {
    /// The message's kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Request(_) => Kind::Request,
            Self::PrePrepare(_) => Kind::PrePrepare,
            Self::Vote(vote) => match vote.phase {
                Phase::Prepare => Kind::Prepare,
                Phase::Commit => Kind::Commit,
            },
            Self::ViewChange(_) => Kind::ViewChange,
            Self::NewView(_) => Kind::NewView,
            Self::Prepared(_) => Kind::Prepared,
            Self::Decided(_) => Kind::Decided,
            Self::Status(_) => Kind::Status,
            Self::Want(_) => Kind::Want,
            Self::Slots(_) => Kind::Slots,
            Self::Checkpoint(_) => Kind::Checkpoint,
            Self::State(_) => Kind::State,
            Self::Evidence(_) => Kind::Evidence,
            Self::Halt(_) => Kind::Halt,
            Self::Side(_) => Kind::Side,
            Self::Query(_) => Kind::Query,
            Self::Mark(_) => Kind::Mark,
        }
    }

    /// Header and body. `view` and `sequence` are full; their low bits travel.
    #[must_use]
    pub fn to_wire(&self, table: u16, view: u64, sequence: u64) -> Vec<u8> {
        let [view, ..] = view.to_le_bytes();
        let [low, high, ..] = sequence.to_le_bytes();
        let sequence = u16::from_le_bytes([low, high]);
        let mut writer = Writer::new();
        Header {
            kind: self.kind(),
            table,
            view,
            sequence,
        }
        .encode(&mut writer);
        self.encode_body(&mut writer);
        writer.finish()
    }

    /// Reads header and body; nothing may be left over.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that is not exactly one consensus message.
    pub fn from_wire(bytes: &[u8]) -> Result<(Header, Self), DecodeError> {
        let mut reader = Reader::new(bytes);
        let header = Header::decode(&mut reader)?;
        let rest = &bytes[HEADER_BYTES..];
        let message = match header.kind {
            Kind::Request => return Ok((header, Self::Request(SignedBytes::decode_rest(rest)?))),
            Kind::ViewChange => {
                return Ok((header, Self::ViewChange(SignedBytes::decode_rest(rest)?)));
            }
            Kind::Query => return Ok((header, Self::Query(SignedBytes::decode_rest(rest)?))),
            Kind::Mark => return Ok((header, Self::Mark(SignedBytes::decode_rest(rest)?))),
            Kind::PrePrepare => {
                let ids = read_ids(&mut reader)?;
                Self::PrePrepare(PrePrepare {
                    ids,
                    signature: Signature::decode(&mut reader)?,
                })
            }
            Kind::Prepare => Self::Vote(read_vote(Phase::Prepare, &mut reader)?),
            Kind::Commit => Self::Vote(read_vote(Phase::Commit, &mut reader)?),
            Kind::NewView => Self::NewView(read_new_view(&mut reader)?),
            Kind::Prepared => Self::Prepared(PreparedMessage::decode_rest(&mut reader)?),
            Kind::Decided => Self::Decided(PreparedMessage::decode_rest(&mut reader)?),
            Kind::Status => Self::Status(Status {
                view: reader.u64()?,
                delivered: reader.u64()?,
                stable: reader.u64()?,
                epoch: reader.u64()?,
                tag: reader.array()?,
            }),
            Kind::Want => Self::Want(read_ids(&mut reader)?),
            Kind::Slots => Self::Slots(read_slots(&mut reader)?),
            Kind::Checkpoint => Self::Checkpoint(CheckpointMessage {
                signer: Seat(reader.u8()?),
                tag: reader.array()?,
                signature: Signature::decode(&mut reader)?,
            }),
            Kind::State => Self::State(StateMessage::decode(&mut reader)?),
            Kind::Evidence => Self::Evidence(Evidence::decode(&mut reader)?),
            Kind::Halt => Self::Halt(Halt::decode(&mut reader)?),
            Kind::Side => Self::Side(SideMessage::decode(&mut reader)?),
            other @ (Kind::Ping
            | Kind::Links
            | Kind::LinkState
            | Kind::HistoryWant
            | Kind::HistoryRuns
            | Kind::Share
            | Kind::ShareWant
            | Kind::Have
            | Kind::Votes
            | Kind::Pack
            | Kind::Knock
            | Kind::List
            | Kind::Refused
            | Kind::Answer
            | Kind::Founding
            | Kind::Welcome
            | Kind::Carried) => {
                return Err(DecodeError::UnknownKind(other as u8));
            }
        };
        reader.finish()?;
        Ok((header, message))
    }

    fn encode_body(&self, writer: &mut Writer) {
        match self {
            Self::Request(signed)
            | Self::ViewChange(signed)
            | Self::Query(signed)
            | Self::Mark(signed) => signed.encode(writer),
            Self::PrePrepare(proposal) => {
                write_ids(&proposal.ids, writer);
                proposal.signature.encode(writer);
            }
            Self::Vote(vote) => {
                writer.u8(vote.signer.0);
                writer.raw(&vote.tag);
                vote.signature.encode(writer);
            }
            Self::NewView(new_view) => {
                writer.u64(new_view.view);
                write_head(new_view.head.as_ref(), writer);
                new_view.seats.encode(writer);
                new_view.tags.iter().for_each(|tag| writer.raw(tag));
                new_view.signature.encode(writer);
            }
            Self::Prepared(certificate) | Self::Decided(certificate) => {
                writer.raw(&certificate.tag);
                certificate.body.encode(writer);
            }
            Self::Status(status) => {
                writer.u64(status.view);
                writer.u64(status.delivered);
                writer.u64(status.stable);
                writer.u64(status.epoch);
                writer.raw(&status.tag);
            }
            Self::Want(ids) => write_ids(ids, writer),
            Self::Slots(slots) => write_slots(slots, writer),
            Self::Checkpoint(vote) => {
                writer.u8(vote.signer.0);
                writer.raw(&vote.tag);
                vote.signature.encode(writer);
            }
            Self::State(state) => state.encode(writer),
            Self::Evidence(evidence) => evidence.encode(writer),
            Self::Halt(halt) => halt.encode(writer),
            Self::Side(side) => side.encode(writer),
        }
    }
}

impl From<&SignedRequest> for SignedBytes {
    fn from(request: &SignedRequest) -> Self {
        Self {
            statement: request.signed.bytes().to_vec(),
            signature: *request.signed.signature(),
        }
    }
}

impl From<&crate::crypto::Signed<ViewChange>> for SignedBytes {
    fn from(signed: &crate::crypto::Signed<ViewChange>) -> Self {
        Self {
            statement: signed.bytes().to_vec(),
            signature: *signed.signature(),
        }
    }
}

fn write_ids(ids: &[RequestId], writer: &mut Writer) {
    writer.count_u8(ids.len());
    ids.iter().for_each(|id| writer.raw(&id.0));
}

fn read_ids(reader: &mut Reader<'_>) -> Result<Vec<RequestId>, DecodeError> {
    let count = reader.count_u8(BATCH_MAX, "ids")?;
    (0..count).map(|_| reader.array().map(RequestId)).collect()
}

fn read_vote(phase: Phase, reader: &mut Reader<'_>) -> Result<VoteMessage, DecodeError> {
    Ok(VoteMessage {
        phase,
        signer: Seat(reader.u8()?),
        tag: reader.array()?,
        signature: Signature::decode(reader)?,
    })
}

fn read_new_view(reader: &mut Reader<'_>) -> Result<NewViewMessage, DecodeError> {
    let view = reader.u64()?;
    let head = read_head(reader)?;
    let seats = SeatSet::decode(reader)?;
    let tags = (0..seats.len())
        .map(|_| reader.array())
        .collect::<Result<_, _>>()?;
    Ok(NewViewMessage {
        view,
        head,
        seats,
        tags,
        signature: Signature::decode(reader)?,
    })
}

/// Appends a batch: a count, and each request with its length and its signature.
pub fn write_batch(batch: &[SignedBytes], writer: &mut Writer) {
    writer.count_u8(batch.len());
    for request in batch {
        writer.bytes_u16(&request.statement);
        request.signature.encode(writer);
    }
}

/// Reads what [`write_batch`] wrote.
///
/// # Errors
/// Whatever makes the bytes something else than a batch within the bounds.
pub fn read_batch(reader: &mut Reader<'_>) -> Result<Vec<SignedBytes>, DecodeError> {
    /// Seat, number, skip and length in front of a request's payload.
    const REQUEST_FRAME: usize = 12;
    let requests = reader.count_u8(BATCH_MAX, "batch")?;
    let mut batch = Vec::with_capacity(requests);
    for _ in 0..requests {
        let statement = reader
            .bytes_u16(PAYLOAD_MAX + REQUEST_FRAME, "request")?
            .to_vec();
        batch.push(SignedBytes {
            statement,
            signature: Signature::decode(reader)?,
        });
    }
    Ok(batch)
}

fn write_slots(slots: &Slots, writer: &mut Writer) {
    writer.u64(slots.first);
    writer.count_u8(slots.batches.len());
    slots
        .batches
        .iter()
        .for_each(|batch| write_batch(batch, writer));
    writer.bool(slots.certificate.is_some());
    if let Some((view, body)) = &slots.certificate {
        writer.u64(*view);
        body.encode(writer);
    }
}

fn read_slots(reader: &mut Reader<'_>) -> Result<Slots, DecodeError> {
    let first = reader.u64()?;
    let count = reader.count_u8(SLOTS_PER_ANSWER_MAX, "slots")?;
    let batches = (0..count)
        .map(|_| read_batch(reader))
        .collect::<Result<_, _>>()?;
    let certificate = if reader.bool("has certificate")? {
        let view = reader.u64()?;
        Some((view, CertificateBody::decode(reader, view == 0)?))
    } else {
        None
    };
    Ok(Slots {
        first,
        batches,
        certificate,
    })
}
