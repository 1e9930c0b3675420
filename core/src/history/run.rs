//! Slots that one commit certificate decided together.

use super::throw::{Throw, read_throws, write_throws};
use crate::consensus::{
    Batch, Certificate, CertificateBody, Head, Phase, SignedBytes, limits, read_batch, write_batch,
};
use crate::crypto::Digest;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Most slots in one run: as many undelivered blocks as a replica keeps.
pub const RUN_SLOTS_MAX: usize = limits::BLOCKS_MAX;

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
    /// What the rolls that its slots close were thrown with, in order.
    pub throws: Vec<Throw>,
}

impl Run {
    /// What was delivered, as it is kept.
    #[must_use]
    pub fn of(first: u64, batches: &[Batch], certificate: &Certificate) -> Self {
        let bytes = |batch: &Batch| {
            batch
                .iter()
                .map(|request| SignedBytes::from(&**request))
                .collect()
        };
        Self {
            first,
            batches: batches.iter().map(bytes).collect(),
            view: certificate.head.view,
            body: certificate.into(),
            throws: Vec::new(),
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

impl Run {
    /// Everything but the throws, which may come later.
    pub(super) fn encode_slots(&self, writer: &mut Writer) {
        writer.u64(self.first);
        writer.count_u8(self.batches.len());
        self.batches
            .iter()
            .for_each(|batch| write_batch(batch, writer));
        writer.u64(self.view);
        self.body.encode(writer);
    }
}

impl Encode for Run {
    fn encode(&self, writer: &mut Writer) {
        self.encode_slots(writer);
        write_throws(&self.throws, writer);
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
        Ok(Self {
            first,
            batches,
            view,
            body: CertificateBody::decode(reader, view == 0)?,
            throws: read_throws(reader)?,
        })
    }
}
