//! What a replica writes to its journal, and reads back after a restart.
//!
//! A record that holds a message of this replica ends with that message as it is sent, so that whoever audits a
//! journal can compare the two byte by byte.

use super::certificate::{Certificate, CertificateBody};
use super::checkpoint::CheckpointCertificate;
use super::evidence::Evidence;
use super::fork::Halt;
use super::limits::{PAYLOAD_MAX, STATE_BYTES_MAX};
use super::message::{SignedBytes, read_batch, write_batch};
use super::state_transfer::EpochEnd;
use super::statement::{Head, Phase, read_head, write_head};
use crate::crypto::{Digest, SEATS_MAX};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// One durable fact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// A message that this replica signed, and what it is about where the message has only a tag.
    Own {
        /// Of a proposal or vote: the whole head.
        head: Option<Head>,
        /// The message.
        message: Vec<u8>,
    },
    /// A batch at its place in the chain: what votes commit to.
    Batch {
        /// C_{s−1}.
        parent: Digest,
        /// s.
        sequence: u64,
        /// Its requests.
        batch: Vec<SignedBytes>,
    },
    /// A prepared or commit certificate.
    Certificate(Certificate),
    /// A view began here: the new-view and the view-changes that it stands on, as they travel.
    Entered {
        /// The new-view.
        new_view: Vec<u8>,
        /// By seat.
        view_changes: Vec<Vec<u8>>,
    },
    /// A checkpoint became stable, or was taken over from others.
    Stable {
        /// Its epoch.
        epoch: u64,
        /// A quorum's word.
        certificate: CheckpointCertificate,
        /// Consensus' part of the state.
        progress: Vec<u8>,
        /// The other part.
        application: Vec<u8>,
    },
    /// How an epoch ended.
    EpochEnd(EpochEnd),
    /// Somebody was proven to lie.
    Evidence(Evidence),
    /// This replica's key signed more than it knows of: it signs nothing in this epoch.
    Observing {
        /// Which epoch.
        epoch: u64,
    },
    /// The table forked. The culprits follow from this; the last such record knows the most of them.
    Halted(Halt),
    /// A roll was settled with these shares, as they travel: whoever plays the slots again needs them. Consensus does not
    /// look inside.
    Roll {
        /// The roll.
        roll: u64,
        /// A quorum's shares.
        shares: Vec<Vec<u8>>,
    },
    /// Somebody signed a false share of a roll: the proof, as the operation that will tell everybody. Consensus does not
    /// look inside.
    FalseShare {
        /// The operation.
        operation: Vec<u8>,
    },
}

const OWN: u8 = 1;
const BATCH: u8 = 2;
const CERTIFICATE: u8 = 3;
const ENTERED: u8 = 4;
const STABLE: u8 = 5;
const EPOCH_END: u8 = 6;
const EVIDENCE: u8 = 7;
const HALTED: u8 = 8;
const OBSERVING: u8 = 9;
const ROLL: u8 = 10;
const FALSE_SHARE: u8 = 11;

impl Encode for Record {
    fn encode(&self, writer: &mut Writer) {
        match self {
            Self::Own { head, message } => {
                writer.u8(OWN);
                write_head(head.as_ref(), writer);
                writer.raw(message);
            }
            Self::Batch {
                parent,
                sequence,
                batch,
            } => {
                writer.u8(BATCH);
                parent.encode(writer);
                writer.u64(*sequence);
                write_batch(batch, writer);
            }
            Self::Certificate(certificate) => {
                writer.u8(CERTIFICATE);
                writer.u8(certificate.phase as u8);
                certificate.head.encode(writer);
                CertificateBody::from(certificate).encode(writer);
            }
            Self::Entered {
                new_view,
                view_changes,
            } => {
                writer.u8(ENTERED);
                writer.bytes_u16(new_view);
                write_messages(view_changes, writer);
            }
            Self::Stable {
                epoch,
                certificate,
                progress,
                application,
            } => {
                writer.u8(STABLE);
                writer.u64(*epoch);
                certificate.encode(writer);
                writer.bytes_u16(progress);
                writer.bytes_u16(application);
            }
            Self::EpochEnd(end) => {
                writer.u8(EPOCH_END);
                end.encode(writer);
            }
            Self::Evidence(evidence) => {
                writer.u8(EVIDENCE);
                evidence.encode(writer);
            }
            Self::Halted(halt) => {
                writer.u8(HALTED);
                halt.encode(writer);
            }
            Self::Observing { epoch } => {
                writer.u8(OBSERVING);
                writer.u64(*epoch);
            }
            Self::Roll { roll, shares } => {
                writer.u8(ROLL);
                writer.u64(*roll);
                write_messages(shares, writer);
            }
            Self::FalseShare { operation } => {
                writer.u8(FALSE_SHARE);
                writer.raw(operation);
            }
        }
    }
}

fn write_messages(messages: &[Vec<u8>], writer: &mut Writer) {
    writer.count_u8(messages.len());
    messages
        .iter()
        .for_each(|message| writer.bytes_u16(message));
}

impl Decode for Record {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        /// No message that is recorded is longer.
        const MESSAGE_MAX: usize = PAYLOAD_MAX + 1024;
        Ok(match reader.u8()? {
            OWN => Self::Own {
                head: read_head(reader)?,
                message: reader.raw(reader.remaining())?.to_vec(),
            },
            BATCH => Self::Batch {
                parent: Digest::decode(reader)?,
                sequence: reader.u64()?,
                batch: read_batch(reader)?,
            },
            CERTIFICATE => {
                let phase = Phase::decode(reader)?;
                let head = Head::decode(reader)?;
                let body = CertificateBody::decode(reader, head.view == 0)?;
                Self::Certificate(body.into_certificate(phase, head))
            }
            ENTERED => {
                let new_view = reader.bytes_u16(MESSAGE_MAX, "new-view")?.to_vec();
                let count = reader.count_u8(SEATS_MAX, "view-changes")?;
                let view_changes = (0..count)
                    .map(|_| Ok(reader.bytes_u16(MESSAGE_MAX, "view-change")?.to_vec()))
                    .collect::<Result<_, DecodeError>>()?;
                Self::Entered {
                    new_view,
                    view_changes,
                }
            }
            STABLE => Self::Stable {
                epoch: reader.u64()?,
                certificate: CheckpointCertificate::decode(reader)?,
                progress: reader.bytes_u16(STATE_BYTES_MAX, "progress")?.to_vec(),
                application: reader.bytes_u16(STATE_BYTES_MAX, "state")?.to_vec(),
            },
            EPOCH_END => Self::EpochEnd(EpochEnd::decode(reader)?),
            EVIDENCE => Self::Evidence(Evidence::decode(reader)?),
            HALTED => Self::Halted(Halt::decode(reader)?),
            OBSERVING => Self::Observing {
                epoch: reader.u64()?,
            },
            ROLL => {
                let roll = reader.u64()?;
                let count = reader.count_u8(SEATS_MAX, "shares")?;
                let shares =
                    (0..count).map(|_| Ok(reader.bytes_u16(MESSAGE_MAX, "share")?.to_vec()));
                Self::Roll {
                    roll,
                    shares: shares.collect::<Result<_, DecodeError>>()?,
                }
            }
            FALSE_SHARE => Self::FalseShare {
                operation: reader.raw(reader.remaining())?.to_vec(),
            },
            _ => return Err(DecodeError::OutOfRange("record kind")),
        })
    }
}
