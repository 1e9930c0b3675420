//! A point that two identities can compute and nobody else: the seed of the pads of a dealing.
//!
//! Diffie–Hellman between two keys of the roster, on the curve of the signatures, with the cofactor cleared on both
//! sides: P = 8·A is of prime order whatever the key's owner did, and K = 8a·P' = 8a'·P. One key pair for Ed25519 and
//! for Diffie–Hellman is sound (eprint 2021/509); every hash has its own domain tag. Whoever must show K to others
//! proves with it that it is the right one (Chaum–Pedersen: log_B P = log_P' K).
//!
//! What a shown K gives away are the pads between these two phones, in both directions. It is shown only in a complaint,
//! one of the two is then a proven liar, and a liar knows its own side of every pad: nothing else becomes known.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use curve25519_dalek::{EdwardsPoint, Scalar};
use zeroize::{Zeroize, Zeroizing};

use super::{DigestWriter, Identity, PublicKey};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Length of a shown agreement: the point and its proof.
pub const AGREEMENT_BYTES: usize = 96;

/// Not the point that these two keys agree on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not the point that these two keys agree on")]
pub struct AgreementError;

/// The point that two keys agree on, shown by one of them with a proof. Unchecked until [`Agreement::verify`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreement {
    point: [u8; 32],
    challenge: [u8; 32],
    response: [u8; 32],
}

impl Agreement {
    /// Shows the point that `own` and `other` agree on. The same two keys always give the same bytes.
    #[must_use]
    pub fn show(own: &Identity, other: &PublicKey) -> Self {
        let secret = own.scalar_of_prime_order();
        let (base, theirs) = (own.public_key().of_prime_order(), other.of_prime_order());
        let point = (theirs * *secret).compress();
        let nonce_seed = own.derive_secret(NONCE, &[&theirs.compress().0]);
        let nonce = wide(NONCE, &[&nonce_seed.0]);
        let commitments = [EdwardsPoint::mul_base(&nonce), theirs * *nonce];
        let challenge = challenge(&base, &theirs, &point, &commitments);
        let response = Zeroizing::new(*nonce + challenge * *secret);
        Self {
            point: point.0,
            challenge: challenge.to_bytes(),
            response: response.to_bytes(),
        }
    }

    /// The point, if it is the one that both keys agree on.
    ///
    /// # Errors
    /// [`AgreementError`] for any other point and for a proof that does not fit.
    pub fn verify(
        &self,
        shown_by: &PublicKey,
        other: &PublicKey,
    ) -> Result<[u8; 32], AgreementError> {
        let canonical = |bytes| Option::from(Scalar::from_canonical_bytes(bytes));
        let c: Scalar = canonical(self.challenge).ok_or(AgreementError)?;
        let z: Scalar = canonical(self.response).ok_or(AgreementError)?;
        let compressed = CompressedEdwardsY(self.point);
        let point = compressed.decompress().ok_or(AgreementError)?;
        // One encoding for each point, and none of the seven that differ by a point of small order.
        if point.is_identity() || !point.is_torsion_free() || point.compress() != compressed {
            return Err(AgreementError);
        }
        let (base, theirs) = (shown_by.of_prime_order(), other.of_prime_order());
        let commitments = [
            EdwardsPoint::vartime_double_scalar_mul_basepoint(&-c, &base, &z),
            EdwardsPoint::vartime_multiscalar_mul([z, -c], [theirs, point]),
        ];
        if challenge(&base, &theirs, &compressed, &commitments) == c {
            Ok(self.point)
        } else {
            Err(AgreementError)
        }
    }
}

impl Identity {
    /// The point that this identity and another key agree on. A secret of the two.
    #[must_use]
    pub fn agree(&self, other: &PublicKey) -> Zeroizing<[u8; 32]> {
        let mut point = other.of_prime_order() * *self.scalar_of_prime_order();
        let bytes = Zeroizing::new(point.compress().0);
        point.zeroize();
        bytes
    }

    /// 8a: the logarithm of [`PublicKey::of_prime_order`].
    fn scalar_of_prime_order(&self) -> Zeroizing<Scalar> {
        Zeroizing::new(*self.scalar() * Scalar::from(8_u8))
    }
}

impl PublicKey {
    /// 8·A.
    fn of_prime_order(&self) -> EdwardsPoint {
        self.point().mul_by_cofactor()
    }
}

impl Encode for Agreement {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.point);
        writer.raw(&self.challenge);
        writer.raw(&self.response);
    }
}

impl Decode for Agreement {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            point: reader.array()?,
            challenge: reader.array()?,
            response: reader.array()?,
        })
    }
}

const NONCE: &str = "bitcraps/agreement/nonce/v1";

fn challenge(
    base: &EdwardsPoint,
    theirs: &EdwardsPoint,
    point: &CompressedEdwardsY,
    commitments: &[EdwardsPoint; 2],
) -> Scalar {
    let [first, second] = commitments.map(|commitment| commitment.compress().0);
    let (base, theirs) = (base.compress().0, theirs.compress().0);
    *wide(
        "bitcraps/agreement/v1",
        &[&base, &theirs, &point.0, &first, &second],
    )
}

/// A scalar from 64 bytes of hash: as good as uniform.
fn wide(tag: &str, parts: &[&[u8]]) -> Zeroizing<Scalar> {
    let mut bytes = DigestWriter::wide(tag, parts);
    let scalar = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&bytes));
    bytes.zeroize();
    scalar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(seed: u8) -> Identity {
        Identity::from_seed(&[seed; 32])
    }

    #[test]
    fn both_ends_agree_on_a_point_that_one_of_them_can_show() {
        let (ana, ben, eve) = (identity(1), identity(2), identity(3));
        let keys = [&ana, &ben, &eve].map(Identity::public_key);
        assert_eq!(ana.agree(&keys[1]), ben.agree(&keys[0]));
        assert_ne!(ana.agree(&keys[1]), ana.agree(&keys[2]));
        let shown = Agreement::show(&ben, &keys[0]);
        assert_eq!(shown.verify(&keys[1], &keys[0]), Ok(*ana.agree(&keys[1])));
        for (by, with) in [(0, 1), (1, 2), (2, 0), (1, 1)] {
            assert_eq!(shown.verify(&keys[by], &keys[with]), Err(AgreementError));
        }
        assert_eq!(shown, Agreement::show(&ben, &keys[0]), "the same each time");
    }

    #[test]
    fn a_shown_point_with_any_bit_changed_is_refused() {
        let (ana, ben) = (identity(1), identity(2));
        let bytes = Agreement::show(&ana, &ben.public_key()).to_bytes();
        assert_eq!(bytes.len(), AGREEMENT_BYTES);
        for bit in 0..8 * bytes.len() {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            let bent = Agreement::from_bytes(&bent).unwrap();
            let verdict = bent.verify(&ana.public_key(), &ben.public_key());
            assert_eq!(verdict, Err(AgreementError), "bit {bit}");
        }
    }

    #[test]
    fn points_of_small_order_are_no_agreement() {
        let (ana, ben) = (identity(1), identity(2));
        for torsion in curve25519_dalek::constants::EIGHT_TORSION {
            let shown = Agreement::show(&ana, &ben.public_key());
            let point = CompressedEdwardsY(shown.point).decompress().unwrap();
            let moved = Agreement {
                point: (point + torsion).compress().0,
                ..shown
            };
            let only = Agreement {
                point: torsion.compress().0,
                ..shown
            };
            let verify = |shown: Agreement| shown.verify(&ana.public_key(), &ben.public_key());
            assert_eq!(verify(moved).is_ok(), torsion.is_identity());
            assert_eq!(verify(only), Err(AgreementError));
        }
    }
}
