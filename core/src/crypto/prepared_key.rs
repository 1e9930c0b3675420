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
//!   R can be P's encoding, since a point has one. The eight encodings of small order are compared with.
//!
//! `core/tests/signature_edges.rs` compares both on every crafted signature. Everything here is public, so nothing needs
//! constant time.

use std::sync::LazyLock;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use sha2::{Digest as _, Sha512};

use super::multiples::Multiples;
use super::{PublicKey, Signature};

/// Bits of a scalar that are looked up together: with more, fewer points are added and more memory is read.
const KEY_WIDTH: usize = 7;
/// The same for the base point, whose multiples exist once for all keys.
const BASE_WIDTH: usize = 10;

static BASE: LazyLock<Multiples<EdwardsPoint, BASE_WIDTH>> =
    LazyLock::new(|| Multiples::of(ED25519_BASEPOINT_POINT));

/// How the eight points of small order are written.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().0));

/// A public key with its multiples: about 380 kB, made in the time of twenty checks.
pub struct PreparedKey {
    bytes: [u8; 32],
    /// Of −A.
    multiples: Multiples<EdwardsPoint, KEY_WIDTH>,
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
        p.compress().to_bytes() == r && !SMALL_ORDER.contains(&r)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Identity;

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
