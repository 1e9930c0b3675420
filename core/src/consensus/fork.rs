//! Two branches of one table: what proves that more phones lied than the table can bear.
//!
//! A branch is shown by what a quorum signed: a checkpoint at the slot, or a commit certificate at or above it and the
//! batch digests that lead from the slot to the certificate's head. The signed digest fixes everything below it, so
//! nothing else needs to be believed, and nothing needs to be held to check it but the epoch's record.

use super::blame::{self, Culprits, ViewRecord};
use super::certificate::{Certificate, CertificateBody};
use super::chain::chain_of_batch;
use super::checkpoint::CheckpointCertificate;
use super::epoch::Epoch;
use super::limits::{HALT_VIEWS_MAX, LINK_MAX};
use super::statement::{Checkpoint, Head, Phase};
use crate::crypto::{Digest, SeatSet, Signature};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

const COMMIT: u8 = 1;
const CHECKPOINT: u8 = 2;

/// What a quorum signed about one slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Side {
    /// A commit certificate for the slot or one above it.
    Commit {
        /// C_s of the slot.
        chain: Digest,
        /// H(batch) of each slot above it, up to the certificate's head.
        batches: Vec<Digest>,
        /// The certificate.
        certificate: Certificate,
    },
    /// A checkpoint of the slot.
    Checkpoint(CheckpointCertificate),
}

impl Side {
    /// C_s of the slot.
    #[must_use]
    pub const fn chain(&self) -> Digest {
        match self {
            Self::Commit { chain, .. } => *chain,
            Self::Checkpoint(certificate) => certificate.checkpoint.chain,
        }
    }

    /// The commit certificate, if this is one.
    #[must_use]
    pub const fn commit(&self) -> Option<&Certificate> {
        match self {
            Self::Commit { certificate, .. } => Some(certificate),
            Self::Checkpoint(_) => None,
        }
    }

    /// C at a slot between `sequence`, which this side is about, and its certificate's head.
    pub(super) fn chain_at(&self, sequence: u64, at: u64) -> Option<Digest> {
        let Self::Commit { chain, batches, .. } = self else {
            return (at == sequence).then(|| self.chain());
        };
        let steps = usize::try_from(at.checked_sub(sequence)?).ok()?;
        let above = (sequence.saturating_add(1)..).zip(batches.get(..steps)?);
        Some(above.fold(*chain, |chain, (at, batch)| {
            chain_of_batch(&chain, at, batch)
        }))
    }

    /// Whether a quorum of the epoch signed this about the slot.
    #[must_use]
    pub fn verify(&self, epoch: &Epoch, sequence: u64) -> bool {
        match self {
            Self::Commit { certificate, .. } => {
                let head = certificate.head;
                certificate.phase == Phase::Commit
                    && head.sequence >= sequence
                    && self.chain_at(sequence, head.sequence) == Some(head.chain)
                    && certificate.verify(epoch)
            }
            Self::Checkpoint(certificate) => {
                certificate.checkpoint.sequence == sequence && certificate.verify(epoch)
            }
        }
    }

    /// Whether this says more than another side with the same digest: votes name their view, and a short way to the
    /// certificate leaves less room for doubt.
    pub(super) const fn is_better_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Commit { batches, .. }, Self::Commit { batches: than, .. }) => {
                batches.len() < than.len()
            }
            (Self::Commit { .. }, Self::Checkpoint(_)) => true,
            (Self::Checkpoint(_), _) => false,
        }
    }

    fn encode(&self, writer: &mut Writer) {
        match self {
            Self::Commit {
                chain,
                batches,
                certificate,
            } => {
                writer.u8(COMMIT);
                chain.encode(writer);
                writer.count_u8(batches.len());
                batches.iter().for_each(|batch| batch.encode(writer));
                writer.u64(certificate.head.view);
                CertificateBody::from(certificate).encode(writer);
            }
            Self::Checkpoint(certificate) => {
                writer.u8(CHECKPOINT);
                certificate.checkpoint.chain.encode(writer);
                certificate.checkpoint.state.encode(writer);
                certificate.signers.encode(writer);
                let signatures = certificate.signatures.iter();
                signatures.for_each(|signature| signature.encode(writer));
            }
        }
    }

    /// The slot does not travel twice, nor does the head: it follows from the batches.
    fn decode(reader: &mut Reader<'_>, sequence: u64) -> Result<Self, DecodeError> {
        match reader.u8()? {
            COMMIT => {
                let chain = Digest::decode(reader)?;
                let count = reader.count_u8(LINK_MAX, "batches")?;
                let batches = (0..count)
                    .map(|_| Digest::decode(reader))
                    .collect::<Result<Vec<_>, _>>()?;
                let view = reader.u64()?;
                let body = CertificateBody::decode(reader, view == 0)?;
                let (mut at, mut tip) = (sequence, chain);
                for batch in &batches {
                    at = at
                        .checked_add(1)
                        .ok_or(DecodeError::OutOfRange("sequence"))?;
                    tip = chain_of_batch(&tip, at, batch);
                }
                let head = Head {
                    view,
                    sequence: at,
                    chain: tip,
                };
                Ok(Self::Commit {
                    chain,
                    batches,
                    certificate: body.into_certificate(Phase::Commit, head),
                })
            }
            CHECKPOINT => {
                let checkpoint = Checkpoint {
                    sequence,
                    chain: Digest::decode(reader)?,
                    state: Digest::decode(reader)?,
                };
                let signers = SeatSet::decode(reader)?;
                let signatures = (0..signers.len())
                    .map(|_| Signature::decode(reader))
                    .collect::<Result<_, _>>()?;
                Ok(Self::Checkpoint(CheckpointCertificate {
                    checkpoint,
                    signers,
                    signatures,
                }))
            }
            _ => Err(DecodeError::OutOfRange("side")),
        }
    }
}

/// Link-local: what the sender decided at a slot where its neighbour says otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SideMessage {
    /// The slot's epoch.
    pub epoch: u64,
    /// The slot.
    pub sequence: u64,
    /// What a quorum signed about it.
    pub side: Side,
}

impl Encode for SideMessage {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.epoch);
        writer.u64(self.sequence);
        self.side.encode(writer);
    }
}

impl Decode for SideMessage {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (epoch, sequence) = (reader.u64()?, reader.u64()?);
        Ok(Self {
            epoch,
            sequence,
            side: Side::decode(reader, sequence)?,
        })
    }
}

/// Two quorums of one epoch that contradict each other at one slot. Both share at least 2q − n > f phones, and no
/// honest phone signs for two branches: so there are more liars than the table can bear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForkProof {
    /// The epoch.
    pub epoch: u64,
    /// The slot.
    pub sequence: u64,
    /// The side with the smaller digest, so that a fork has one order.
    pub left: Side,
    /// The other one.
    pub right: Side,
}

impl ForkProof {
    /// A proof of these two sides in their order; `None` if they do not contradict each other.
    #[must_use]
    pub fn new(epoch: u64, sequence: u64, one: Side, other: Side) -> Option<Self> {
        let (left, right) = if contradict(&one, &other) {
            (one, other)
        } else {
            (other, one)
        };
        contradict(&left, &right).then_some(Self {
            epoch,
            sequence,
            left,
            right,
        })
    }

    /// Whether this proves a fork, from signed bytes and the epoch's record alone. Costs 2q signature checks.
    #[must_use]
    pub fn verify(&self, epoch: &Epoch) -> bool {
        self.epoch == epoch.number
            && self.sequence >= epoch.first
            && contradict(&self.left, &self.right)
            && self.left.verify(epoch, self.sequence)
            && self.right.verify(epoch, self.sequence)
    }

    /// Takes over a side with the same digest that says more. Gives whether it did.
    pub(super) fn improve(&mut self, side: &Side) -> bool {
        let mine = [&mut self.left, &mut self.right]
            .into_iter()
            .find(|mine| mine.chain() == side.chain() && side.is_better_than(mine));
        mine.is_some_and(|mine| {
            *mine = side.clone();
            true
        })
    }
}

/// Whether the sides cannot both be true, and stand in their order.
fn contradict(left: &Side, right: &Side) -> bool {
    match (left, right) {
        (Side::Checkpoint(one), Side::Checkpoint(other)) => {
            let digests = |of: &CheckpointCertificate| (of.checkpoint.chain, of.checkpoint.state);
            digests(one) < digests(other)
        }
        _ => left.chain() < right.chain(),
    }
}

impl Encode for ForkProof {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.epoch);
        writer.u64(self.sequence);
        self.left.encode(writer);
        self.right.encode(writer);
    }
}

impl Decode for ForkProof {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (epoch, sequence) = (reader.u64()?, reader.u64()?);
        Ok(Self {
            epoch,
            sequence,
            left: Side::decode(reader, sequence)?,
            right: Side::decode(reader, sequence)?,
        })
    }
}

/// A fork, and the views through which the later of two certificates came about: everything that a stranger needs to
/// name the culprits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Halt {
    /// The fork.
    pub proof: ForkProof,
    /// From the later certificate's view downwards; none if both are of one view.
    pub views: Vec<ViewRecord>,
}

impl Halt {
    /// Who is to blame, if all this holds. Nobody yet if a view that matters is missing.
    #[must_use]
    pub fn culprits(&self, epoch: &Epoch) -> Option<Culprits> {
        let holds =
            self.proof.verify(epoch) && self.views.iter().all(|record| record.verify(epoch));
        holds.then(|| {
            let known = self.views.iter();
            blame::blame(epoch, &self.proof, &known.collect::<Vec<_>>()).culprits()
        })
    }
}

impl Encode for Halt {
    fn encode(&self, writer: &mut Writer) {
        self.proof.encode(writer);
        writer.count_u8(self.views.len());
        self.views.iter().for_each(|view| view.encode(writer));
    }
}

impl Decode for Halt {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let proof = ForkProof::decode(reader)?;
        let count = reader.count_u8(HALT_VIEWS_MAX, "views")?;
        let views = (0..count)
            .map(|_| ViewRecord::decode(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self { proof, views })
    }
}
