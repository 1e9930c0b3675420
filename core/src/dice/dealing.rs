//! A dealing: one member's random polynomial, committed to in public and handed out under pads.

use curve25519_dalek::RistrettoPoint;

use crate::crypto::{SEATS_MAX, Seat};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// What one member deals, as it travels. Nothing in it is checked yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dealing {
    /// A₀ … A_{t−1}: the coefficients in the exponent (Feldman 1987).
    pub commitments: Vec<[u8; 32]>,
    /// The challenge of the proof that the dealer knows a₀ (Schnorr).
    pub challenge: [u8; 32],
    /// Its response.
    pub response: [u8; 32],
    /// For each member, by rising seat: its share, under a pad that only it and the dealer can make.
    pub shares: Vec<[u8; 32]>,
}

impl Encode for Dealing {
    fn encode(&self, writer: &mut Writer) {
        writer.count_u8(self.commitments.len());
        self.commitments.iter().for_each(|bytes| writer.raw(bytes));
        writer.raw(&self.challenge);
        writer.raw(&self.response);
        writer.count_u8(self.shares.len());
        self.shares.iter().for_each(|bytes| writer.raw(bytes));
    }
}

impl Decode for Dealing {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.count_u8(SEATS_MAX, "commitments")?;
        let commitments = (0..count).map(|_| reader.array());
        let commitments = commitments.collect::<Result<_, _>>()?;
        let (challenge, response) = (reader.array()?, reader.array()?);
        let count = reader.count_u8(SEATS_MAX, "shares")?;
        let shares = (0..count).map(|_| reader.array());
        Ok(Self {
            commitments,
            challenge,
            response,
            shares: shares.collect::<Result<_, _>>()?,
        })
    }
}

/// Why a dealing is none. In a signed request for the ceremony that is under way, each proves that the dealer lied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DealingError {
    /// Its dealer is no member of the ceremony.
    #[error("dealing of seat {0}, which is no member")]
    Stranger(Seat),
    /// Too few or too many commitments or shares for this roster.
    #[error("dealing with {commitments} commitments and {shares} shares")]
    Size {
        /// How many commitments; it takes t.
        commitments: usize,
        /// How many shares; it takes n.
        shares: usize,
    },
    /// A commitment is not in its one encoding, or is the identity.
    #[error("commitment {0} is no point")]
    Commitment(usize),
    /// The dealer does not show that it knows what it deals.
    #[error("the proof of knowledge fails")]
    Proof,
}

/// A dealing whose public half is right. Whether a share in it is, only its member can see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckedDealing {
    pub(super) dealer: Seat,
    pub(super) dealing: Dealing,
    pub(super) points: Vec<RistrettoPoint>,
}

impl CheckedDealing {
    /// Who dealt.
    #[must_use]
    pub const fn dealer(&self) -> Seat {
        self.dealer
    }

    /// As it travels.
    #[must_use]
    pub const fn dealing(&self) -> &Dealing {
        &self.dealing
    }
}
