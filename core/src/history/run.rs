//! Slots that one commit certificate decided together.

use crate::consensus::{
    Batch, Certificate, CertificateBody, Head, Phase, SignedBytes, limits, read_batch, write_batch,
};
use crate::crypto::{Digest, SEATS_MAX};
use crate::dice::Share;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Most slots in one run: as many undelivered blocks as a replica keeps.
pub const RUN_SLOTS_MAX: usize = limits::BLOCKS_MAX;
/// Most rolls that can be closed in one slot: each takes a request.
pub const SLOT_ROLLS_MAX: usize = limits::BATCH_MAX;

/// Consecutive slots with all bodies, and the certificate of the last one. Its chain digest covers the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The first slot.
    pub first: u64,
    /// A batch for each slot, at least one.
    pub batches: Vec<Vec<SignedBytes>>,
    /// The view in which the last slot was decided.
    pub view: u64,
    /// The commit votes of exactly q members.
    pub body: CertificateBody,
    /// For each slot the rolls that were closed in it, in order.
    pub rolls: Vec<Vec<RollShares>>,
}

/// The shares of a quorum that a roll was thrown with.
pub type RollShares = Vec<Share>;

impl Run {
    /// What was delivered, as it is kept.
    #[must_use]
    pub fn of(first: u64, slots: &[(Batch, Vec<RollShares>)], certificate: &Certificate) -> Self {
        let bytes = |batch: &Batch| {
            batch
                .iter()
                .map(|request| SignedBytes::from(&**request))
                .collect()
        };
        Self {
            first,
            batches: slots.iter().map(|(batch, _)| bytes(batch)).collect(),
            view: certificate.head.view,
            body: certificate.into(),
            rolls: slots.iter().map(|(_, rolls)| rolls.clone()).collect(),
        }
    }

    /// The last slot.
    #[must_use]
    pub fn last(&self) -> u64 {
        let more = self.batches.len().saturating_sub(1);
        self.first
            .saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
    }

    /// The certificate, if the chain up to the last slot is this.
    #[must_use]
    pub fn certificate(&self, chain: Digest) -> Certificate {
        let head = Head {
            view: self.view,
            sequence: self.last(),
            chain,
        };
        self.body.clone().into_certificate(Phase::Commit, head)
    }
}

impl Encode for Run {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.first);
        writer.count_u8(self.batches.len());
        self.batches
            .iter()
            .for_each(|batch| write_batch(batch, writer));
        writer.u64(self.view);
        self.body.encode(writer);
        for rolls in &self.rolls {
            writer.count_u8(rolls.len());
            for shares in rolls {
                writer.count_u8(shares.len());
                shares.iter().for_each(|share| share.encode(writer));
            }
        }
    }
}

impl Decode for Run {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let first = reader.u64()?;
        let count = reader.count_u8(RUN_SLOTS_MAX, "slots")?;
        if count == 0 || first == 0 || first.checked_add(RUN_SLOTS_MAX as u64).is_none() {
            return Err(DecodeError::OutOfRange("slots"));
        }
        let batches = (0..count)
            .map(|_| read_batch(reader))
            .collect::<Result<_, _>>()?;
        let view = reader.u64()?;
        let body = CertificateBody::decode(reader, view == 0)?;
        let rolls = (0..count).map(|_| read_rolls(reader));
        Ok(Self {
            first,
            batches,
            view,
            body,
            rolls: rolls.collect::<Result<_, _>>()?,
        })
    }
}

fn read_rolls(reader: &mut Reader<'_>) -> Result<Vec<RollShares>, DecodeError> {
    let rolls = reader.count_u8(SLOT_ROLLS_MAX, "rolls")?;
    let shares = |reader: &mut Reader<'_>| {
        let count = reader.count_u8(SEATS_MAX, "shares")?;
        (0..count).map(|_| Share::decode(reader)).collect()
    };
    (0..rolls).map(|_| shares(reader)).collect()
}
