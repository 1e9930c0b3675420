//! A quorum's signatures over one vote: proof for a third party that knows the roster.

use super::quorum::Quorum;
use super::statement::{Head, Phase, Vote};
use crate::crypto::{Context, Roster, SeatSet, Signature, Signed};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Exactly q signatures over the same vote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Prepare: a prepared certificate. Commit: proof that the slot is decided.
    pub phase: Phase,
    /// What was voted for.
    pub head: Head,
    /// Who signed.
    pub signers: SeatSet,
    /// Their signatures, in seat order.
    pub signatures: Vec<Signature>,
}

impl Certificate {
    /// Whether a quorum of the roster signed this vote. Costs q signature checks.
    #[must_use]
    pub fn verify(&self, roster: &Roster, context: &Context) -> bool {
        let q = Quorum::of(roster.len()).q;
        if self.signers.len() != q || self.signatures.len() != q {
            return false;
        }
        let statement = Vote {
            phase: self.phase,
            head: self.head,
        }
        .to_bytes();
        self.signers
            .iter()
            .zip(&self.signatures)
            .all(|(seat, signature)| {
                roster.key(seat).is_some_and(|key| {
                    Signed::<Vote>::open(&statement, *signature, context, key).is_ok()
                })
            })
    }
}

/// The part of a certificate that its reader does not know already: signers and signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateBody {
    /// Who signed.
    pub signers: SeatSet,
    /// Their signatures, in seat order.
    pub signatures: Vec<Signature>,
}

impl Encode for CertificateBody {
    fn encode(&self, writer: &mut Writer) {
        self.signers.encode(writer);
        self.signatures
            .iter()
            .for_each(|signature| signature.encode(writer));
    }
}

impl Decode for CertificateBody {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let signers = SeatSet::decode(reader)?;
        let signatures = (0..signers.len())
            .map(|_| Signature::decode(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            signers,
            signatures,
        })
    }
}

impl From<&Certificate> for CertificateBody {
    fn from(certificate: &Certificate) -> Self {
        Self {
            signers: certificate.signers,
            signatures: certificate.signatures.clone(),
        }
    }
}

impl CertificateBody {
    /// The certificate of this body for a vote that the reader knows.
    #[must_use]
    pub fn into_certificate(self, phase: Phase, head: Head) -> Certificate {
        Certificate {
            phase,
            head,
            signers: self.signers,
            signatures: self.signatures,
        }
    }
}
