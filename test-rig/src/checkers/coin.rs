//! The coin, written a second time from `core/docs/dice.md`: keys from dealings, proofs of shares, the roll's value, dice.

use std::collections::BTreeSet;

use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::traits::{Identity as _, VartimeMultiscalarMul as _};
use curve25519_dalek::{RistrettoPoint, Scalar};
use sha2::{Digest as _, Sha512};

use super::tagged_hash;

/// Bytes of a share without its message's header and signature.
pub(super) const SHARE: usize = 97;
/// Domain of the points that rolls are hashed to.
const DOMAIN: &[u8] = b"BITCRAPS-V01-CS01-with-ristretto255_XMD:SHA-512_R255MAP_RO_";

/// What stands in a dealing's bytes that everybody can use: the commitments.
pub(super) fn commitments(dealing: &[u8]) -> Option<Vec<[u8; 32]>> {
    let (count, rest) = dealing.split_first()?;
    let points = rest.get(..32 * usize::from(*count))?;
    points
        .chunks_exact(32)
        .map(|bytes| bytes.try_into().ok())
        .collect()
}

/// A key as auditors see it: the sum of the dealings' commitments.
#[derive(Debug)]
pub(super) struct Key {
    /// Which dealings it is made of.
    pub(super) name: [u8; 32],
    sums: Vec<RistrettoPoint>,
}

impl Key {
    pub(super) fn of(name: [u8; 32], dealings: &[Vec<[u8; 32]>]) -> Option<Self> {
        let mut sums = vec![RistrettoPoint::identity(); dealings.first()?.len()];
        for dealing in dealings {
            for (sum, bytes) in sums.iter_mut().zip(dealing) {
                *sum += CompressedRistretto(*bytes).decompress()?;
            }
        }
        Some(Self { name, sums })
    }

    /// What the dealings of a key are called together.
    pub(super) fn name(dealings: &[Vec<[u8; 32]>]) -> [u8; 32] {
        let parts: Vec<&[u8]> = dealings.iter().map(|dealt| dealt.as_flattened()).collect();
        tagged_hash("rig/key", &parts)
    }

    /// How many shares make a roll.
    pub(super) fn threshold(&self) -> usize {
        self.sums.len()
    }

    /// The public half of a seat's share: Σ Cₖ·xᵏ at x = seat + 1.
    fn member(&self, seat: u8) -> RistrettoPoint {
        let coefficients = self.sums.iter().rev();
        coefficients.fold(RistrettoPoint::identity(), |sum, coefficient| {
            times(sum, u32::from(seat) + 1) + coefficient
        })
    }
}

/// A roll under a key, and what came of the shares that were shown of it so far. Phones show each other's.
#[derive(Debug)]
pub(super) struct Throw {
    message: Vec<u8>,
    /// The point that the roll is hashed to.
    point: RistrettoPoint,
    /// Shares with proofs that hold.
    proven: BTreeSet<[u8; SHARE]>,
    dice: Option<(u8, u8)>,
}

impl Throw {
    pub(super) fn new(message: Vec<u8>) -> Self {
        Self {
            point: hash_to_group(&message),
            message,
            proven: BTreeSet::new(),
            dice: None,
        }
    }

    /// What as many different seats' shares make as it takes, if each of them has a proof that holds. Such shares lie on
    /// the key's polynomial: any t of them make the same value, so that it is worked out from the first ones only.
    pub(super) fn dice(&mut self, key: &Key, shares: &[[u8; SHARE]]) -> Option<(u8, u8)> {
        let signers: BTreeSet<u8> = shares.iter().map(|share| share[0]).collect();
        if signers.len() != shares.len() || shares.len() < key.threshold() {
            return None;
        }
        for share in shares {
            if !self.proven.contains(share) {
                if !self.holds(key, share).unwrap_or(false) {
                    return None;
                }
                self.proven.insert(*share);
            }
        }
        if self.dice.is_none() {
            let value = value(shares.get(..key.threshold())?)?;
            self.dice = Some(dice(&self.message, &value));
        }
        self.dice
    }

    /// Whether a share (signer, V, c, z) has a proof that holds.
    fn holds(&self, key: &Key, share: &[u8; SHARE]) -> Option<bool> {
        let (v, c, z) = parts(share)?;
        let member = key.member(share[0]);
        let value = CompressedRistretto(v).decompress()?;
        let first = RistrettoPoint::vartime_double_scalar_mul_basepoint(&-c, &member, &z);
        let second = RistrettoPoint::vartime_multiscalar_mul([z, -c], [self.point, value]);
        let (member, first, second) = (member.compress(), first.compress(), second.compress());
        let proof: [&[u8]; 6] = [
            &share[..1],
            &member.0,
            &self.message,
            &v,
            &first.0,
            &second.0,
        ];
        Some(wide_scalar("bitcraps/share/v1", &proof) == c)
    }
}

/// The value that these shares make: V(0) of the polynomial through them.
fn value(shares: &[[u8; SHARE]]) -> Option<[u8; 32]> {
    let (mut weights, mut points) = (Vec::new(), Vec::new());
    let mut divisors = Vec::new();
    for share in shares {
        let (v, ..) = parts(share)?;
        let (mut above, mut below) = (Scalar::ONE, Scalar::ONE);
        for other in shares.iter().filter(|other| other[0] != share[0]) {
            let (x, own) = (place(other[0]), place(share[0]));
            above *= x;
            below *= x - own;
        }
        weights.push(above);
        divisors.push(below);
        points.push(CompressedRistretto(v).decompress()?);
    }
    Scalar::invert_batch_alloc(&mut divisors);
    let weights = weights.iter().zip(&divisors);
    let weights = weights.map(|(above, one_over_below)| above * one_over_below);
    let sum = RistrettoPoint::vartime_multiscalar_mul(weights, points);
    Some(sum.compress().0)
}

/// "bitcraps/roll/v1" ‖ table ‖ epoch ‖ roll ‖ C_s.
pub(super) fn message(table: &[u8; 32], epoch: u64, roll: u64, chain: &[u8; 32]) -> Vec<u8> {
    let (epoch, roll) = (epoch.to_le_bytes(), roll.to_le_bytes());
    [&b"bitcraps/roll/v1"[..], table, &epoch, &roll, chain].concat()
}

/// The dice of a value.
fn dice(message: &[u8], value: &[u8; 32]) -> (u8, u8) {
    let seed = tagged_hash("bitcraps/roll/seed/v1", &[message, value]);
    for counter in 0..u32::MAX {
        let block = tagged_hash("bitcraps/dice/v1", &[&seed, &counter.to_le_bytes()]);
        if let Some(byte) = block.into_iter().find(|byte| *byte < 252) {
            return (byte % 36 / 6 + 1, byte % 6 + 1);
        }
    }
    (0, 0)
}

/// A small multiple, by doubling and adding.
fn times(point: RistrettoPoint, factor: u32) -> RistrettoPoint {
    let bits = (0..u32::BITS - factor.leading_zeros()).rev();
    bits.fold(RistrettoPoint::identity(), |sum, bit| {
        let doubled = sum + sum;
        if factor >> bit & 1 == 1 {
            doubled + point
        } else {
            doubled
        }
    })
}

fn place(seat: u8) -> Scalar {
    Scalar::from(u64::from(seat) + 1)
}

fn parts(share: &[u8; SHARE]) -> Option<([u8; 32], Scalar, Scalar)> {
    let part = |at: usize| <[u8; 32]>::try_from(&share[at..at + 32]).ok();
    let scalar = |bytes| Option::<Scalar>::from(Scalar::from_canonical_bytes(bytes));
    Some((part(1)?, scalar(part(33)?)?, scalar(part(65)?)?))
}

/// RFC 9380 `expand_message_xmd` with SHA-512 for 64 bytes, and the map of ristretto255.
fn hash_to_group(message: &[u8]) -> RistrettoPoint {
    let length = [u8::try_from(DOMAIN.len()).expect("short")];
    let padding = [0_u8; 128];
    let first = Sha512::digest([&padding, message, &[0, 64, 0], DOMAIN, &length].concat());
    let block = Sha512::digest([&first[..], &[1], DOMAIN, &length].concat());
    RistrettoPoint::from_uniform_bytes(&block.into())
}

fn wide_scalar(tag: &str, parts: &[&[u8]]) -> Scalar {
    let mut bytes = vec![u8::try_from(tag.len()).expect("tags are short")];
    bytes.extend_from_slice(tag.as_bytes());
    for part in parts {
        let length = u32::try_from(part.len()).expect("parts are short");
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(part);
    }
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(&bytes).into())
}
