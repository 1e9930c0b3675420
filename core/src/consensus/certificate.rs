//! A quorum's signatures over one vote: proof for a third party that knows the roster.

use super::epoch::{Epoch, NO_NEW_VIEW};
use super::statement::{Head, Phase, Vote};
use crate::crypto::{Digest, SeatSet, Signature};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Exactly q signatures over the same vote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Prepare: a prepared certificate. Commit: proof that the slot is decided.
    pub phase: Phase,
    /// What was voted for.
    pub head: Head,
    /// Digest of the new-view that its view began with, which its votes cover; zero in view 0.
    pub new_view: Digest,
    /// Who signed.
    pub signers: SeatSet,
    /// Their signatures, in seat order.
    pub signatures: Vec<Signature>,
}

impl Certificate {
    /// Whether a quorum of the epoch signed this vote. Costs q signature checks.
    #[must_use]
    pub fn verify(&self, epoch: &Epoch) -> bool {
        let q = epoch.quorum.q;
        let first_view = self.head.view == 0;
        if self.signers.len() != q
            || self.signatures.len() != q
            || first_view != (self.new_view == NO_NEW_VIEW)
        {
            return false;
        }
        let context = epoch.view_context(&self.new_view);
        let statement = Vote {
            phase: self.phase,
            head: self.head,
        }
        .to_bytes();
        self.signers
            .iter()
            .zip(&self.signatures)
            .all(|(seat, signature)| {
                let signed = epoch.open::<Vote>(seat, &statement, *signature, &context);
                signed.is_some()
            })
    }
}

/// The part of a certificate that its reader does not know already: signers, signatures, and the new-view if the
/// view is not the epoch's first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateBody {
    /// Who signed.
    pub signers: SeatSet,
    /// Their signatures, in seat order.
    pub signatures: Vec<Signature>,
    /// As in [`Certificate::new_view`]; does not travel in view 0.
    pub new_view: Digest,
}

impl CertificateBody {
    /// Appends signers, signatures, and the new-view if the view is not the epoch's first.
    pub fn encode(&self, writer: &mut Writer) {
        self.signers.encode(writer);
        self.signatures
            .iter()
            .for_each(|signature| signature.encode(writer));
        if self.new_view != NO_NEW_VIEW {
            self.new_view.encode(writer);
        }
    }

    /// Reads the body of a certificate whose view is 0 or not.
    ///
    /// # Errors
    /// Whatever makes the bytes something else than such a body.
    pub fn decode(reader: &mut Reader<'_>, first_view: bool) -> Result<Self, DecodeError> {
        let mut body = Self::decode_signatures(reader)?;
        if !first_view {
            body.read_new_view(reader)?;
        }
        Ok(body)
    }

    /// Reads a body that fills the rest of a message: the view is 0 if nothing follows the signatures.
    pub(super) fn decode_rest(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut body = Self::decode_signatures(reader)?;
        if reader.remaining() > 0 {
            body.read_new_view(reader)?;
        }
        Ok(body)
    }

    fn decode_signatures(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let signers = SeatSet::decode(reader)?;
        let signatures = (0..signers.len())
            .map(|_| Signature::decode(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            signers,
            signatures,
            new_view: NO_NEW_VIEW,
        })
    }

    fn read_new_view(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.new_view = Digest::decode(reader)?;
        if self.new_view == NO_NEW_VIEW {
            return Err(DecodeError::OutOfRange("new-view"));
        }
        Ok(())
    }

    /// The certificate of this body for a vote that the reader knows.
    #[must_use]
    pub fn into_certificate(self, phase: Phase, head: Head) -> Certificate {
        Certificate {
            phase,
            head,
            new_view: self.new_view,
            signers: self.signers,
            signatures: self.signatures,
        }
    }
}

impl From<&Certificate> for CertificateBody {
    fn from(certificate: &Certificate) -> Self {
        Self {
            signers: certificate.signers,
            signatures: certificate.signatures.clone(),
            new_view: certificate.new_view,
        }
    }
}
