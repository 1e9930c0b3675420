//! Ristretto: hashing to points and scalars, strict decoding, and polynomials in small places.

use std::sync::LazyLock;

use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::traits::{Identity as _, IsIdentity};
use curve25519_dalek::{RistrettoPoint, Scalar};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroize;

use crate::crypto::{DigestWriter, Seat};

/// One over two.
pub(super) static HALF: LazyLock<Scalar> = LazyLock::new(|| Scalar::from(2_u8).invert());

/// The domain of our points (RFC 9380 §3.1).
const GROUP_DOMAIN: &[u8] = b"BITCRAPS-V01-CS01-with-ristretto255_XMD:SHA-512_R255MAP_RO_";

/// `hash_to_ristretto255` of RFC 9380, appendix B, under this protocol's domain.
pub(super) fn hash_to_group(message: &[u8]) -> RistrettoPoint {
    RistrettoPoint::from_uniform_bytes(&expand_64(message, GROUP_DOMAIN))
}

/// `expand_message_xmd` of RFC 9380 §5.3.1 with SHA-512, for the 64 bytes that fit one block.
fn expand_64(message: &[u8], domain: &[u8]) -> [u8; 64] {
    const BLOCK: [u8; 128] = [0; 128];
    let length = [u8::try_from(domain.len()).unwrap_or(u8::MAX)];
    let first = Sha512::new()
        .chain_update(BLOCK)
        .chain_update(message)
        .chain_update([0, 64, 0])
        .chain_update(domain)
        .chain_update(length);
    let block = Sha512::new()
        .chain_update(first.finalize())
        .chain_update([1])
        .chain_update(domain)
        .chain_update(length);
    block.finalize().into()
}

/// A scalar from 64 bytes of tagged hash.
pub(super) fn hash_to_scalar(tag: &str, parts: &[&[u8]]) -> Scalar {
    let mut bytes = DigestWriter::wide(tag, parts);
    let scalar = Scalar::from_bytes_mod_order_wide(&bytes);
    bytes.zeroize();
    scalar
}

/// A point in its one encoding; the identity is none.
pub(super) fn point(bytes: &[u8; 32]) -> Option<RistrettoPoint> {
    let point = CompressedRistretto(*bytes).decompress()?;
    (!point.is_identity()).then_some(point)
}

/// A scalar in its one encoding.
pub(super) fn scalar(bytes: &[u8; 32]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(*bytes).into()
}

/// Where a seat's share lies on the polynomials: seat + 1, because at 0 lies the secret.
pub(super) fn place(seat: Seat) -> Scalar {
    Scalar::from(u64::from(seat.0) + 1)
}

/// The value at a seat's place of the polynomial whose coefficients are in the exponents of these points.
///
/// Horner, with places below 32: doubling and adding five bits is far cheaper than a full multiplication, and nothing
/// here is secret.
pub(super) fn evaluate(points: &[RistrettoPoint], seat: Seat) -> RistrettoPoint {
    let place = u32::from(seat.0) + 1;
    let times_place = |point: RistrettoPoint| {
        let bits = (0..u32::BITS - place.leading_zeros()).rev();
        bits.fold(RistrettoPoint::identity(), |sum, bit| {
            let doubled = sum + sum;
            if place >> bit & 1 == 1 {
                doubled + point
            } else {
                doubled
            }
        })
    };
    let highest_first = points.iter().rev();
    highest_first.fold(RistrettoPoint::identity(), |value, coefficient| {
        times_place(value) + coefficient
    })
}

/// What a share of each of these seats counts at 0 (Lagrange). The seats differ.
///
/// The weight of i is the product over the others of j / (j − i): the product of all places over
/// i · Π (j − i). One inversion serves all, and it costs more than everything else here.
pub(super) fn weights(seats: &[Seat]) -> Vec<Scalar> {
    let product: Scalar = seats.iter().map(|seat| place(*seat)).product();
    let divisor = |of: &Seat| {
        let others = seats.iter().filter(|other| *other != of);
        let differences = others.map(|other| place(*other) - place(*of));
        place(*of) * differences.product::<Scalar>()
    };
    let mut weights: Vec<Scalar> = seats.iter().map(divisor).collect();
    Scalar::invert_batch_alloc(&mut weights);
    weights.iter_mut().for_each(|weight| *weight *= product);
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        let byte = |at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
        std::array::from_fn(byte)
    }

    #[test]
    fn expanding_gives_the_bytes_of_rfc_9380() {
        // Appendix K.3: expander SHA-512, DST "QUUX-V01-CS02-with-expander-SHA512-256"; length 0x20 there, so only the
        // structure is shared; the vector for whole points follows below.
        let (one, other) = (expand_64(b"", b"domain"), expand_64(b"", b"domaim"));
        assert_ne!(one, other);
        assert_ne!(expand_64(b"a", b"domain"), one);
    }

    #[test]
    fn hashing_to_the_group_gives_the_point_of_rfc_9497() {
        // Appendix A.1.1, OPRF(ristretto255, SHA-512), test vector 1: BlindedElement = blind · HashToGroup(0x00).
        let domain = b"HashToGroup-OPRFV1-\x00-ristretto255-SHA512";
        let hashed = RistrettoPoint::from_uniform_bytes(&expand_64(&[0], domain));
        let blind = bytes("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706");
        let blinded = hashed * scalar(&blind).unwrap();
        assert_eq!(
            blinded.compress().0,
            bytes("609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c")
        );
    }

    #[test]
    fn a_polynomial_is_evaluated_at_every_seat_and_comes_back_from_its_values() {
        let coefficients: Vec<Scalar> =
            (0..5_u8).map(|k| hash_to_scalar("test", &[&[k]])).collect();
        let points: Vec<RistrettoPoint> =
            coefficients.iter().map(RistrettoPoint::mul_base).collect();
        let value = |seat: Seat| {
            let highest_first = coefficients.iter().rev();
            highest_first.fold(Scalar::ZERO, |value, coefficient| {
                value * place(seat) + coefficient
            })
        };
        for seat in (0..18).map(Seat) {
            assert_eq!(
                evaluate(&points, seat),
                RistrettoPoint::mul_base(&value(seat))
            );
        }
        let seats = [Seat(17), Seat(0), Seat(3), Seat(9), Seat(4)];
        let weighted = weights(&seats).into_iter().zip(seats);
        let sum: Scalar = weighted.map(|(weight, seat)| weight * value(seat)).sum();
        assert_eq!(sum, coefficients[0]);
    }

    #[test]
    fn the_identity_and_second_encodings_are_no_points() {
        assert_eq!(point(&[0; 32]), None);
        assert_eq!(point(&[0xff; 32]), None);
        assert_eq!(scalar(&[0xff; 32]), None);
    }
}
