//! How members make a key that none of them knows: dealings, shares, complaints.
//!
//! A distributed key generation over an ordered log (design §4): the log gives every phone the same dealings in the same
//! order, so the first q valid ones are *the* dealings, and no message here needs an answer. Whoever finds its share
//! false shows the pad; anybody can then see whether dealer or complainer lied.

use std::sync::OnceLock;

use curve25519_dalek::{RistrettoPoint, Scalar};
use zeroize::Zeroizing;

use super::coin::CoinKey;
use super::dealing::{CheckedDealing, Dealing, DealingError};
use super::group::{evaluate, hash_to_scalar, place, point, scalar};
use crate::crypto::{AGREEMENT_BYTES, Agreement, Digest, Identity, PublicKey, Roster, Seat};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// One attempt to make the key of one epoch: everything that its proofs and pads are bound to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ceremony {
    table: Digest,
    epoch: u64,
    attempt: u16,
    roster: Roster,
    threshold: usize,
    /// Over all of the above.
    binding: Digest,
}

/// A member's share of an epoch's key. Erased from memory when it is dropped.
#[derive(Clone)]
pub struct SecretShare {
    scalar: Zeroizing<Scalar>,
    /// Its public half, once it was wanted.
    public: OnceLock<[u8; 32]>,
}

impl PartialEq for SecretShare {
    fn eq(&self, other: &Self) -> bool {
        self.scalar == other.scalar
    }
}

impl Eq for SecretShare {}

impl std::fmt::Debug for SecretShare {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretShare")
    }
}

/// A member says that its share in a dealing is false, and shows the point that the pad is made from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Complaint {
    /// Whose dealing.
    pub dealer: Seat,
    /// The point that complainer and dealer agree on.
    pub agreement: Agreement,
}

impl Complaint {
    /// Its length on the wire.
    pub const BYTES: usize = 1 + AGREEMENT_BYTES;
}

impl Encode for Complaint {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.dealer.0);
        self.agreement.encode(writer);
    }
}

impl Decode for Complaint {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            dealer: Seat(reader.u8()?),
            agreement: Agreement::decode(reader)?,
        })
    }
}

/// Who lied, where a complaint stands against a dealing. One of the two did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The share is false.
    Dealer,
    /// The share is right, or the point shown is not theirs.
    Complainer,
}

impl Ceremony {
    /// An attempt for an epoch with this roster, whose key takes `threshold` members.
    #[must_use]
    pub fn new(table: Digest, epoch: u64, attempt: u16, roster: Roster, threshold: usize) -> Self {
        let parts: [&[u8]; 5] = [
            &table.0,
            &epoch.to_le_bytes(),
            &attempt.to_le_bytes(),
            &roster.digest().0,
            &[u8::try_from(threshold).unwrap_or(u8::MAX)],
        ];
        let binding = Digest::of("bitcraps/ceremony/v1", &parts);
        Self {
            table,
            epoch,
            attempt,
            roster,
            threshold,
            binding,
        }
    }

    /// The epoch that the key is for.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Which attempt it is, from 0.
    #[must_use]
    pub const fn attempt(&self) -> u16 {
        self.attempt
    }

    /// Who gets a share.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// t: how many shares make a roll, and how many dealings make the key.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// What this identity deals: the same bytes each time, so that a phone that restarts cannot deal two.
    #[must_use]
    pub fn deal(&self, identity: &Identity, dealer: Seat) -> Dealing {
        let seed = Zeroizing::new(
            identity
                .derive_secret("bitcraps/dealing/secret/v1", &[&self.binding.0])
                .0,
        );
        let coefficient = |k: usize| {
            let k = u8::try_from(k).unwrap_or(u8::MAX);
            hash_to_scalar("bitcraps/dealing/coefficient/v1", &[&*seed, &[k]])
        };
        let coefficients: Zeroizing<Vec<Scalar>> =
            Zeroizing::new((0..self.threshold).map(coefficient).collect());
        let commitment = |a: &Scalar| RistrettoPoint::mul_base(a).compress().0;
        let commitments: Vec<[u8; 32]> = coefficients.iter().map(commitment).collect();
        let share = |seat: Seat| {
            let key = self.roster.key(seat)?;
            let highest_first = coefficients.iter().rev();
            let value = highest_first.fold(Scalar::ZERO, |value, a| value * place(seat) + a);
            let value = Zeroizing::new(Zeroizing::new(value).to_bytes());
            let pad = self.pad(dealer, seat, &identity.agree(key), &commitments);
            Some(xor(&value, &pad))
        };
        let shares: Vec<[u8; 32]> = self.roster.seats().filter_map(share).collect();
        let nonce = Zeroizing::new(hash_to_scalar("bitcraps/dealing/nonce/v1", &[&*seed]));
        let challenge = self.challenge(dealer, &commitments, &RistrettoPoint::mul_base(&nonce));
        let secret = coefficients
            .first()
            .copied()
            .map(Zeroizing::new)
            .unwrap_or_default();
        let response = Zeroizing::new(*nonce + challenge * *secret);
        Dealing {
            commitments,
            challenge: challenge.to_bytes(),
            response: response.to_bytes(),
            shares,
        }
    }

    /// Checks everything of a dealing that is public.
    ///
    /// # Errors
    /// [`DealingError`].
    pub fn check(&self, dealer: Seat, dealing: Dealing) -> Result<CheckedDealing, DealingError> {
        if self.roster.key(dealer).is_none() {
            return Err(DealingError::Stranger(dealer));
        }
        let (commitments, shares) = (dealing.commitments.len(), dealing.shares.len());
        if commitments != self.threshold || shares != self.roster.len() {
            return Err(DealingError::Size {
                commitments,
                shares,
            });
        }
        let points = dealing.commitments.iter().enumerate();
        let points = points.map(|(k, bytes)| point(bytes).ok_or(DealingError::Commitment(k)));
        let points = points.collect::<Result<Vec<_>, _>>()?;
        let c = scalar(&dealing.challenge).ok_or(DealingError::Proof)?;
        let z = scalar(&dealing.response).ok_or(DealingError::Proof)?;
        let first = points.first().ok_or(DealingError::Proof)?;
        let nonce = RistrettoPoint::vartime_double_scalar_mul_basepoint(&-c, first, &z);
        if self.challenge(dealer, &dealing.commitments, &nonce) != c {
            return Err(DealingError::Proof);
        }
        Ok(CheckedDealing {
            dealer,
            dealing,
            points,
        })
    }

    /// The share that a dealing has for this identity; what is to be said against the dealer if it is false.
    ///
    /// # Errors
    /// The [`Complaint`], which convicts the dealer.
    pub fn open(
        &self,
        identity: &Identity,
        seat: Seat,
        dealing: &CheckedDealing,
    ) -> Result<SecretShare, Complaint> {
        let opened = self.roster.key(dealing.dealer).and_then(|dealer| {
            let agreed = identity.agree(dealer);
            self.open_with(seat, dealing, &agreed)
        });
        opened.ok_or_else(|| self.complain(identity, dealing.dealer))
    }

    /// A complaint about a dealing, true or not.
    #[must_use]
    pub fn complain(&self, identity: &Identity, dealer: Seat) -> Complaint {
        let own = identity.public_key();
        let key = self.roster.key(dealer).unwrap_or(&own);
        Complaint {
            dealer,
            agreement: Agreement::show(identity, key),
        }
    }

    /// Who lied.
    #[must_use]
    pub fn judge(&self, by: Seat, complaint: &Complaint, dealing: &CheckedDealing) -> Verdict {
        let keys = (self.roster.key(by), self.roster.key(dealing.dealer));
        let agreed =
            |(by, dealer): (&PublicKey, &PublicKey)| complaint.agreement.verify(by, dealer).ok();
        let agreed = keys.0.zip(keys.1).and_then(agreed);
        match agreed.filter(|_| complaint.dealer == dealing.dealer) {
            Some(agreed) if self.open_with(by, dealing, &agreed).is_none() => Verdict::Dealer,
            _ => Verdict::Complainer,
        }
    }

    /// The key that these dealings make.
    #[must_use]
    pub fn key<'a>(&self, dealings: impl Iterator<Item = &'a CheckedDealing>) -> CoinKey {
        let mut sum = vec![RistrettoPoint::default(); self.threshold];
        for dealing in dealings {
            let both = sum.iter_mut().zip(&dealing.points);
            both.for_each(|(sum, point)| *sum += point);
        }
        let group = sum.first().copied().unwrap_or_default();
        let members = self.roster.seats().map(|seat| (seat, evaluate(&sum, seat)));
        CoinKey::new(self.threshold, group, members)
    }

    fn open_with(
        &self,
        seat: Seat,
        dealing: &CheckedDealing,
        agreed: &[u8; 32],
    ) -> Option<SecretShare> {
        let at = self.roster.seats().position(|member| member == seat)?;
        let padded = dealing.dealing.shares.get(at)?;
        let pad = self.pad(dealing.dealer, seat, agreed, &dealing.dealing.commitments);
        let share = Zeroizing::new(scalar(&xor(padded, &pad))?);
        let expected = evaluate(&dealing.points, seat);
        (RistrettoPoint::mul_base(&share) == expected).then_some(SecretShare::new(share))
    }

    /// 32 bytes that hide one share: bound to the attempt, the pair, its direction and the polynomial.
    fn pad(
        &self,
        dealer: Seat,
        seat: Seat,
        agreed: &[u8; 32],
        commitments: &[[u8; 32]],
    ) -> Zeroizing<[u8; 32]> {
        let commitments = commitments.concat();
        let parts: [&[u8]; 4] = [&self.binding.0, &[dealer.0, seat.0], agreed, &commitments];
        Zeroizing::new(Digest::of("bitcraps/dealing/pad/v1", &parts).0)
    }

    /// Bound to the attempt, the dealer and the polynomial. The shares are under the request's signature anyway.
    fn challenge(&self, dealer: Seat, commitments: &[[u8; 32]], nonce: &RistrettoPoint) -> Scalar {
        let (commitments, nonce) = (commitments.concat(), nonce.compress().0);
        let parts: [&[u8]; 4] = [&self.binding.0, &[dealer.0], &commitments, &nonce];
        hash_to_scalar("bitcraps/dealing/v1", &parts)
    }
}

impl SecretShare {
    const fn new(scalar: Zeroizing<Scalar>) -> Self {
        Self {
            scalar,
            public: OnceLock::new(),
        }
    }

    pub(super) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    /// The public half: what the member's key in a [`CoinKey`] must be.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        let compute = || RistrettoPoint::mul_base(&self.scalar).compress().0;
        *self.public.get_or_init(compute)
    }

    /// The share of the key: the sum of the shares of its dealings.
    #[must_use]
    pub fn sum<'a>(shares: impl Iterator<Item = &'a Self>) -> Self {
        Self::new(shares.fold(Zeroizing::new(Scalar::ZERO), |sum, share| {
            Zeroizing::new(*sum + *share.scalar)
        }))
    }
}

fn xor(bytes: &[u8; 32], pad: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|at| bytes[at] ^ pad[at])
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    /// Only what erases itself when it is dropped gets through the compiler here.
    fn erases_itself<T: ZeroizeOnDrop>(_: &T) {}

    #[test]
    fn what_is_secret_in_a_share_is_erased_when_it_is_dropped() {
        let share = SecretShare::sum([].iter());
        let SecretShare { scalar, public: _ } = &share;
        erases_itself(scalar);
    }
}
