//! A key that checks many signatures: its multiples are computed once, and each check then takes half the time.
//!
//! A signature (R, S) over M holds by the strict rules if S is below the order of the base point B, neither R nor the key
//! A has a small order, and R is the encoding of P = S·B − k·A with k = H(R ‖ A ‖ M). That is what
//! `ed25519_dalek::VerifyingKey::verify_strict` asks, and the verdict here is the same in every case:
//!
//! - P is the same point. Both multiply by the integers S and k, below the order of B, in the whole group; here the
//!   multiples are looked up and added, there they are doubled and added.
//! - A has no small order, because no [`PublicKey`] has.
//! - Where R encodes P, R and P have the same order. So it is enough to look at P, and R need not be decoded: no other
//!   R can be P's encoding, since a point has one.
//!
//! `core/tests/signature_edges.rs` compares both on every crafted signature. Everything here is public, so nothing needs
//! constant time.

use std::sync::LazyLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use sha2::{Digest as _, Sha512};

use super::{PublicKey, Signature};

/// Bits of a scalar that are looked up together: with more, fewer points are added and more memory is read.
const KEY_WIDTH: usize = 6;
/// The same for the base point, whose multiples exist once for all keys.
const BASE_WIDTH: usize = 8;
/// Scalars are below 2^253, and a carry may stand above that.
const SCALAR_BITS: usize = 254;

static BASE: LazyLock<Multiples<BASE_WIDTH>> =
    LazyLock::new(|| Multiples::of(ED25519_BASEPOINT_POINT));

/// A public key with its multiples: about 220 kB, made in the time of fifteen checks.
pub struct PreparedKey {
    bytes: [u8; 32],
    /// Of −A.
    multiples: Multiples<KEY_WIDTH>,
}

impl PreparedKey {
    /// Computes a key's multiples.
    #[must_use]
    pub fn new(key: &PublicKey) -> Self {
        Self {
            bytes: key.to_bytes(),
            multiples: Multiples::of(-key.point()),
        }
    }

    /// As [`PublicKey::verify`].
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        let (r, s) = signature.halves();
        let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)) else {
            return false;
        };
        let hash = Sha512::new()
            .chain_update(r)
            .chain_update(self.bytes)
            .chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let p = self
            .multiples
            .add(&k, BASE.add(&s, EdwardsPoint::identity()));
        p.compress().to_bytes() == r && !p.is_small_order()
    }
}

impl std::fmt::Debug for PreparedKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "prepared {:02x}{:02x}",
            self.bytes[0], self.bytes[1]
        )
    }
}

/// For each digit's place, the point times 1 to 2^(WIDTH − 1) times that place's value.
struct Multiples<const WIDTH: usize>(Vec<EdwardsPoint>);

impl<const WIDTH: usize> Multiples<WIDTH> {
    const DIGITS: usize = SCALAR_BITS.div_ceil(WIDTH);
    /// The largest digit, and how many multiples there are for each place: digits go from 1 − HALF to HALF.
    const HALF: usize = 1 << (WIDTH - 1);

    fn of(point: EdwardsPoint) -> Self {
        let mut multiples = Vec::with_capacity(Self::DIGITS * Self::HALF);
        let mut unit = point;
        for _ in 0..Self::DIGITS {
            let mut multiple = unit;
            for _ in 0..Self::HALF {
                multiples.push(multiple);
                multiple += unit;
            }
            // From HALF + 1 times this unit to the next one, which is twice HALF times this one.
            unit = multiple + multiple - unit - unit;
        }
        Self(multiples)
    }

    /// `sum` and the point times `scalar`.
    fn add(&self, scalar: &Scalar, mut sum: EdwardsPoint) -> EdwardsPoint {
        let bytes = scalar.as_bytes();
        let mut carry = 0;
        for (place, multiples) in self.0.chunks_exact(Self::HALF).enumerate() {
            let (byte, shift) = (place * WIDTH / 8, place * WIDTH % 8);
            let high = bytes.get(byte + 1).copied().unwrap_or(0);
            let window = u16::from_le_bytes([bytes[byte], high]) >> shift;
            let digit = usize::from(window) % (2 * Self::HALF) + carry;
            carry = usize::from(digit > Self::HALF);
            if digit > Self::HALF {
                // Nothing where the carry made it twice HALF.
                let missing = (2 * Self::HALF - digit).checked_sub(1);
                sum -= missing.map_or_else(EdwardsPoint::identity, |at| multiples[at]);
            } else if let Some(at) = digit.checked_sub(1) {
                sum += multiples[at];
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Identity;

    fn scalars() -> impl Iterator<Item = Scalar> {
        // Every digit at its bounds, where carries begin and end, and the ends of the range.
        let same = (0..=u8::MAX).map(|byte| Scalar::from_bytes_mod_order([byte; 32]));
        let powers = (0..253).map(|bit| {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            Scalar::from_bytes_mod_order(bytes)
        });
        let near = |scalar: Scalar| [scalar, scalar - Scalar::ONE, scalar + Scalar::ONE, -scalar];
        let drawn = (0..64_u8)
            .map(|seed| Scalar::from_bytes_mod_order_wide(&Sha512::digest([seed]).into()));
        same.chain(powers).flat_map(near).chain(drawn)
    }

    #[test]
    fn looked_up_multiples_are_the_curves_own() {
        let torsion = curve25519_dalek::constants::EIGHT_TORSION[1];
        let points = [
            ED25519_BASEPOINT_POINT * Scalar::from(77_u8) + torsion,
            torsion,
        ];
        for point in points {
            let (narrow, wide) = (
                Multiples::<KEY_WIDTH>::of(point),
                Multiples::<BASE_WIDTH>::of(point),
            );
            for scalar in scalars() {
                let start = ED25519_BASEPOINT_POINT;
                let sum = start + point * scalar;
                assert_eq!(narrow.add(&scalar, start), sum);
                assert_eq!(wide.add(&scalar, start), sum);
            }
        }
    }

    #[test]
    fn a_prepared_key_takes_what_the_key_takes_and_nothing_else() {
        let identity = Identity::from_seed(&[7; 32]);
        let (key, prepared) = (
            identity.public_key(),
            PreparedKey::new(&identity.public_key()),
        );
        for length in (0..200_u8).step_by(19) {
            let message = vec![length; usize::from(length)];
            let signature = identity.sign(&message);
            assert!(prepared.verify(&message, &signature));
            for bit in (0..512).step_by(7) {
                let mut bent = signature;
                bent.0[bit / 8] ^= 1 << (bit % 8);
                assert!(!prepared.verify(&message, &bent) && !key.verify(&message, &bent));
            }
            assert!(!prepared.verify(b"another message", &signature));
        }
    }
}
