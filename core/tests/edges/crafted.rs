//! Points of small order, second encodings, scalars that are too large, and keys with a part of small order.
//!
//! The equations are worked out here with the curve's own arithmetic and not with a signature library.

use std::cell::RefCell;

use bitcraps_core::crypto::{KeyError, PreparedKey, PublicKey, Signature};
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest as _, Sha512};

/// L, the order of the base point, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn scalar(seed: u8) -> Scalar {
    Scalar::from_bytes_mod_order([seed; 32])
}

/// k = H(R ‖ A ‖ M) of RFC 8032.
fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

thread_local! {
    /// The last key that was prepared: many signatures in a row are of one.
    static PREPARED: RefCell<Option<(PublicKey, PreparedKey)>> = const { RefCell::new(None) };
}

/// The one verdict of both ways to check: by `verify_strict`, and with the key's multiples.
#[track_caller]
fn is_taken(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    let verdict = key.verify(message, signature);
    let prepared = PREPARED.with_borrow_mut(|last| {
        let known = last.take().filter(|(of, _)| of == key);
        let (_, prepared) = last.insert(known.unwrap_or_else(|| (*key, PreparedKey::new(key))));
        prepared.verify(message, signature)
    });
    assert_eq!(verdict, prepared, "{key:?}, {message:?}, {signature:?}");
    verdict
}

fn signature(r: [u8; 32], s: [u8; 32]) -> Signature {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&r);
    bytes[32..].copy_from_slice(&s);
    Signature(bytes)
}

/// (R, k·a + r): what the holder of `a` makes if it shows `r_point` for its commitment and `key` for its key.
fn sign(a: Scalar, key: &[u8; 32], r: Scalar, r_point: &[u8; 32], message: &[u8]) -> Signature {
    let s = r + challenge(r_point, key, message) * a;
    signature(*r_point, s.to_bytes())
}

/// `bytes + order`, if that is below 2^256.
fn plus_order(bytes: &[u8; 32]) -> Option<[u8; 32]> {
    let (mut sum, mut carry) = ([0; 32], 0_u16);
    for ((sum, left), right) in sum.iter_mut().zip(bytes).zip(ORDER) {
        let [low, high] = (u16::from(*left) + u16::from(right) + carry).to_le_bytes();
        (*sum, carry) = (low, u16::from(high));
    }
    (carry == 0).then_some(sum)
}

/// Every y from p to 2^255 − 1, with either sign bit: encodings that name a point a second time, or none.
fn encodings_beyond_p() -> Vec<[u8; 32]> {
    let beyond = (0xed..=0xff_u8).map(|low| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, 0x7f);
        bytes
    });
    let signed = beyond.flat_map(|bytes| {
        let mut negative = bytes;
        negative[31] |= 0x80;
        [bytes, negative]
    });
    signed.collect()
}

/// x = 0 has no sign: these two name the points (0, 1) and (0, −1) with one.
fn negative_zeros() -> [[u8; 32]; 2] {
    let (mut one, mut minus_one) = ([0; 32], [0xff; 32]);
    (one[0], one[31], minus_one[0]) = (1, 0x80, 0xec);
    [one, minus_one]
}

#[test]
fn a_plain_signature_made_by_hand_is_good() {
    let (a, r) = (scalar(5), scalar(9));
    let key = (a * B).compress().to_bytes();
    let good = sign(a, &key, r, &(r * B).compress().to_bytes(), b"roll");
    let key = PublicKey::from_bytes(&key).expect("an ordinary key");
    assert!(is_taken(&key, b"roll", &good));
    assert!(!is_taken(&key, b"r0ll", &good));
}

#[test]
fn no_point_of_small_order_is_a_key() {
    for point in EIGHT_TORSION {
        let bytes = point.compress().to_bytes();
        assert_eq!(PublicKey::from_bytes(&bytes), Err(KeyError), "{bytes:02x?}");
    }
}

#[test]
fn no_second_encoding_is_a_key_whatever_point_it_names() {
    let mut of_full_order = 0;
    for bytes in encodings_beyond_p().into_iter().chain(negative_zeros()) {
        assert_eq!(PublicKey::from_bytes(&bytes), Err(KeyError), "{bytes:02x?}");
        let point = CompressedEdwardsY(bytes).decompress();
        of_full_order += usize::from(point.is_some_and(|point| !point.is_small_order()));
    }
    assert!(
        of_full_order > 0,
        "some of them would pass for a key if only small order were asked for"
    );
}

#[test]
fn a_scalar_that_is_too_large_is_refused_though_the_equation_holds() {
    let (a, r) = (scalar(5), scalar(9));
    let key = (a * B).compress().to_bytes();
    let good = sign(a, &key, r, &(r * B).compress().to_bytes(), b"roll");
    let (r_bytes, mut s) = (
        good.0[..32].try_into().unwrap(),
        good.0[32..].try_into().unwrap(),
    );
    let key = PublicKey::from_bytes(&key).unwrap();
    let mut refused = 0;
    while let Some(larger) = plus_order(&s) {
        assert_eq!(
            Scalar::from_bytes_mod_order(larger),
            Scalar::from_bytes_mod_order(s)
        );
        assert!(
            !is_taken(&key, b"roll", &signature(r_bytes, larger)),
            "S + {} L",
            refused + 1
        );
        (s, refused) = (larger, refused + 1);
    }
    assert!(refused >= 14, "2^256 is more than fifteen times L");
    let mut of_zero = ORDER;
    assert!(
        !is_taken(&key, b"roll", &signature(r_bytes, of_zero)),
        "S = L"
    );
    of_zero[31] |= 0xe0;
    assert!(
        !is_taken(&key, b"roll", &signature(r_bytes, of_zero)),
        "high bits"
    );
}

#[test]
fn a_commitment_of_small_order_is_refused_in_every_encoding() {
    let a = scalar(5);
    let key_bytes = (a * B).compress().to_bytes();
    let key = PublicKey::from_bytes(&key_bytes).unwrap();
    let small = EIGHT_TORSION.map(|point| point.compress().to_bytes());
    let second = encodings_beyond_p().into_iter().chain(negative_zeros());
    let small_second = second.filter(|bytes| {
        let point = CompressedEdwardsY(*bytes).decompress();
        point.is_some_and(|point| point.is_small_order())
    });
    let all: Vec<[u8; 32]> = small.into_iter().chain(small_second).collect();
    assert!(all.len() > small.len());
    for r_bytes in all {
        // r = 0: for the neutral point the equation without cofactor holds, for the others the one with it.
        let crafted = sign(a, &key_bytes, Scalar::ZERO, &r_bytes, b"roll");
        let point = CompressedEdwardsY(r_bytes).decompress().expect("a point");
        let k = challenge(&r_bytes, &key_bytes, b"roll");
        let s = Scalar::from_bytes_mod_order(crafted.0[32..].try_into().unwrap());
        assert_eq!(
            (s * B - k * a * B).mul_by_cofactor(),
            point.mul_by_cofactor()
        );
        assert!(!is_taken(&key, b"roll", &crafted), "R = {r_bytes:02x?}");
    }
}

/// Keys A + T with T of small order pass for keys. For them the equation with the cofactor always holds and the one
/// without it only sometimes: everybody must ask the same one.
#[test]
fn a_key_with_a_part_of_small_order_is_judged_without_the_cofactor() {
    let a = scalar(5);
    let (mut accepted, mut refused) = (0, 0);
    for torsion in EIGHT_TORSION.into_iter().skip(1) {
        let key_point = a * B + torsion;
        let key_bytes = key_point.compress().to_bytes();
        let key = PublicKey::from_bytes(&key_bytes).expect("its order is not small");
        for (round, part) in (0..32_u8).flat_map(|round| EIGHT_TORSION.map(|part| (round, part))) {
            let r = scalar(round + 1);
            let r_bytes = (r * B + part).compress().to_bytes();
            let message = [round; 3];
            let crafted = sign(a, &key_bytes, r, &r_bytes, &message);
            let difference = left_over(&crafted, &key_point, &message);
            assert!(difference.is_small_order(), "with the cofactor it holds");
            let holds = difference == EdwardsPoint::default();
            assert_eq!(is_taken(&key, &message, &crafted), holds);
            accepted += usize::from(holds);
            refused += usize::from(!holds);
        }
    }
    assert!(
        accepted > 50 && refused > 50,
        "both happen: {accepted}, {refused}"
    );
}

/// S·B − R − k·A.
fn left_over(crafted: &Signature, key: &EdwardsPoint, message: &[u8]) -> EdwardsPoint {
    let r_bytes: [u8; 32] = crafted.0[..32].try_into().expect("32 bytes");
    let s = Scalar::from_bytes_mod_order(crafted.0[32..].try_into().expect("32 bytes"));
    let k = challenge(&r_bytes, &key.compress().to_bytes(), message);
    let r_point = CompressedEdwardsY(r_bytes)
        .decompress()
        .expect("made from a point");
    s * B - r_point - k * key
}
