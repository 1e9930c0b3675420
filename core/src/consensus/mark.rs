//! What a replica that started again asks the others, and what they answer: the highest thing of it that they hold.

use super::evidence::VoteProof;
use super::limits::STATEMENT_MAX;
use super::message::SignedBytes;
use super::statement::Phase;
use crate::crypto::{Seat, Signature, Signed, Statement};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// "I have started again. What do you hold of me?" Covers the table's context, because whoever asks may not know yet
/// which epoch it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Query {
    /// Who asks.
    pub seat: Seat,
    /// Drawn at its start, so that no answer from before can pass for one to this.
    pub nonce: [u8; 16],
    /// How often it has asked since, so that asking again is another message.
    pub count: u32,
}

impl Encode for Query {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.seat.0);
        writer.raw(&self.nonce);
        writer.u32(self.count);
    }
}

impl Decode for Query {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            seat: Seat(reader.u8()?),
            nonce: reader.array()?,
            count: reader.u32()?,
        })
    }
}

impl Statement for Query {
    const TAG: &'static str = "bitcraps/query/v1";
}

/// The answer of one member. What it claims of the asker's past counts only with the asker's own signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Who answers.
    pub signer: Seat,
    /// Who asked.
    pub of: Seat,
    /// The epoch that the answerer is in.
    pub epoch: u64,
    /// The question's.
    pub nonce: [u8; 16],
    /// The question's.
    pub count: u32,
    /// The highest number of a request of the asker that the answerer knows of, or 0: a hint.
    pub number: u64,
    /// The asker's highest vote of this epoch, if the answerer holds one.
    pub vote: Option<(Phase, VoteProof)>,
    /// The asker's view-change for the highest view, likewise.
    pub view_change: Option<SignedBytes>,
}

impl Encode for Mark {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.signer.0);
        writer.u8(self.of.0);
        writer.u64(self.epoch);
        writer.raw(&self.nonce);
        writer.u32(self.count);
        writer.u64(self.number);
        writer.bool(self.vote.is_some());
        if let Some((phase, vote)) = &self.vote {
            writer.u8(*phase as u8);
            vote.encode(writer);
        }
        writer.bool(self.view_change.is_some());
        if let Some(bytes) = &self.view_change {
            writer.bytes_u16(&bytes.statement);
            bytes.signature.encode(writer);
        }
    }
}

impl Decode for Mark {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (signer, of) = (Seat(reader.u8()?), Seat(reader.u8()?));
        let (epoch, nonce) = (reader.u64()?, reader.array()?);
        let (count, number) = (reader.u32()?, reader.u64()?);
        let vote = if reader.bool("has vote")? {
            Some((Phase::decode(reader)?, VoteProof::decode(reader)?))
        } else {
            None
        };
        let view_change = if reader.bool("has view-change")? {
            Some(SignedBytes {
                statement: reader.bytes_u16(STATEMENT_MAX, "view-change")?.to_vec(),
                signature: Signature::decode(reader)?,
            })
        } else {
            None
        };
        Ok(Self {
            signer,
            of,
            epoch,
            nonce,
            count,
            number,
            vote,
            view_change,
        })
    }
}

impl Statement for Mark {
    const TAG: &'static str = "bitcraps/mark/v1";
}

/// A statement as it travels.
pub(super) fn signed_bytes<T: Statement>(signed: &Signed<T>) -> SignedBytes {
    SignedBytes {
        statement: signed.bytes().to_vec(),
        signature: *signed.signature(),
    }
}
