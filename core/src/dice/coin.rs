//! The coin: each member's share of a roll with a proof that it is right, and the roll from any t of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::traits::{Identity as _, VartimeMultiscalarMul as _};
use curve25519_dalek::{RistrettoPoint, Scalar};
use zeroize::Zeroizing;

use super::ceremony::SecretShare;
use super::group::{HALF, hash_to_group, hash_to_scalar, point, scalar, weights};
use crate::crypto::{Checker, Digest, Multiples, Seat};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Bits of a scalar that are looked up together in a member's multiples: 130 kB of them, made in the time of three checks.
const WIDTH: usize = 5;
/// The same for the base point, whose multiples exist once.
const BASE_WIDTH: usize = 9;

static BASE: LazyLock<Multiples<RistrettoPoint, BASE_WIDTH>> =
    LazyLock::new(|| Multiples::of(RISTRETTO_BASEPOINT_POINT));

/// Length of a bare share: signer, V, c, z.
pub const SHARE_BYTES: usize = 97;

/// What a roll's value is computed from: known to everybody once the roll is closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RollInput {
    message: [u8; 96],
    point: RistrettoPoint,
}

impl RollInput {
    /// m = "bitcraps/roll/v1" ‖ table ‖ epoch ‖ roll ‖ C_s, s being the slot of the close.
    #[must_use]
    pub fn new(table: &Digest, epoch: u64, roll: u64, chain: &Digest) -> Self {
        let mut writer = Writer::new();
        writer.raw(b"bitcraps/roll/v1");
        table.encode(&mut writer);
        writer.u64(epoch);
        writer.u64(roll);
        chain.encode(&mut writer);
        let mut message = [0; 96];
        message.copy_from_slice(&writer.finish());
        Self {
            point: hash_to_group(&message),
            message,
        }
    }

    /// m.
    #[must_use]
    pub const fn message(&self) -> &[u8; 96] {
        &self.message
    }
}

/// One member's part of a roll, as it travels: V = H2C(m)^x with the proof (c, z) that x is the share behind the
/// member's public one. Nothing in it is checked yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Share {
    /// Whose.
    pub signer: Seat,
    /// V.
    pub value: [u8; 32],
    /// c.
    pub challenge: [u8; 32],
    /// z.
    pub response: [u8; 32],
}

impl Share {
    /// The share of a roll. The same key and input always give the same bytes.
    #[must_use]
    pub fn make(signer: Seat, secret: &SecretShare, input: &RollInput) -> Self {
        let x = secret.scalar();
        let public = secret.public();
        // As ed25519 draws its nonces: from the secret and the message, so that none ever comes twice for two messages.
        let secret_bytes = Zeroizing::new(x.to_bytes());
        let nonce = hash_to_scalar("bitcraps/share/nonce/v1", &[&*secret_bytes, &input.message]);
        let nonce = Zeroizing::new(nonce);
        let (half_x, half_nonce) = (Zeroizing::new(x * *HALF), Zeroizing::new(*nonce * *HALF));
        let halves = [
            input.point * *half_x,
            RistrettoPoint::mul_base(&half_nonce),
            input.point * *half_nonce,
        ];
        let [value, first, second] = twice(&halves);
        let challenge = challenge(signer, &public, input, &value, &[first, second]);
        let response = Zeroizing::new(*nonce + challenge * x);
        Self {
            signer,
            value,
            challenge: challenge.to_bytes(),
            response: response.to_bytes(),
        }
    }
}

impl Encode for Share {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.signer.0);
        writer.raw(&self.value);
        writer.raw(&self.challenge);
        writer.raw(&self.response);
    }
}

impl Decode for Share {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            signer: Seat(reader.u8()?),
            value: reader.array()?,
            challenge: reader.array()?,
            response: reader.array()?,
        })
    }
}

/// Why a share does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ShareError {
    /// Its signer is no member of the epoch.
    #[error("share of seat {0}, which has no part in this key")]
    Stranger(Seat),
    /// A point or a scalar is not in its one encoding, or the point is the identity.
    #[error("share of seat {0} is no point with a proof")]
    Encoding(Seat),
    /// It is not the share that the proof is about.
    #[error("share of seat {0} has a proof that fails")]
    Proof(Seat),
}

/// A share whose proof holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckedShare {
    share: Share,
    value: RistrettoPoint,
    /// m of the roll that it was checked for.
    message: [u8; 96],
}

impl CheckedShare {
    /// As it travels.
    #[must_use]
    pub const fn share(&self) -> &Share {
        &self.share
    }
}

/// The public half of an epoch's key: what shares are checked against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoinKey {
    threshold: usize,
    group: RistrettoPoint,
    members: BTreeMap<Seat, Member>,
}

/// The public half of a member's share.
#[derive(Clone)]
struct Member {
    key: RistrettoPoint,
    bytes: [u8; 32],
    /// Of the key, once there is a share to check: some hundred shares are.
    multiples: Arc<OnceLock<Multiples<RistrettoPoint, WIDTH>>>,
}

impl Member {
    fn new(key: RistrettoPoint) -> Self {
        Self {
            key,
            bytes: key.compress().0,
            multiples: Arc::default(),
        }
    }

    fn multiples(&self) -> &Multiples<RistrettoPoint, WIDTH> {
        self.multiples.get_or_init(|| Multiples::of(self.key))
    }
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Member {}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.bytes;
        write!(formatter, "member key {first:02x}{second:02x}")
    }
}

impl CoinKey {
    pub(super) fn new(
        threshold: usize,
        group: RistrettoPoint,
        members: impl Iterator<Item = (Seat, RistrettoPoint)>,
    ) -> Self {
        let members = members.map(|(seat, key)| (seat, Member::new(key)));
        Self {
            threshold,
            group,
            members: members.collect(),
        }
    }

    /// t: how many shares make a roll.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The public key of the whole: what the secret that nobody knows is the logarithm of.
    #[must_use]
    pub fn group_key(&self) -> [u8; 32] {
        self.group.compress().0
    }

    /// The public half of a member's share.
    #[must_use]
    pub fn member_key(&self, seat: Seat) -> Option<[u8; 32]> {
        self.members.get(&seat).map(|member| member.bytes)
    }

    /// Checks a share's proof: log_G vk = log_H V (Chaum–Pedersen), bound to signer, vk and m.
    ///
    /// # Errors
    /// [`ShareError`]. In a signed message of the share's signer the last two prove a lie.
    pub fn check(
        &self,
        checker: &Checker,
        input: &RollInput,
        share: &Share,
    ) -> Result<CheckedShare, ShareError> {
        let signer = share.signer;
        let member = self.members.get(&signer);
        let member = member.ok_or(ShareError::Stranger(signer))?;
        let encoding = ShareError::Encoding(signer);
        let value = point(&share.value).ok_or(encoding)?;
        let shown = scalar(&share.challenge).ok_or(encoding)?;
        let z = scalar(&share.response).ok_or(encoding)?;
        let holds = || {
            // Halves, because points can be written down together once they are doubled.
            let (z, c) = (z * *HALF, -shown * *HALF);
            let first = member
                .multiples()
                .add(&c, BASE.add(&z, RistrettoPoint::identity()));
            let second = RistrettoPoint::vartime_multiscalar_mul([z, c], [input.point, value]);
            let commitments = twice(&[first, second]);
            challenge(signer, &member.bytes, input, &share.value, &commitments) == shown
        };
        let parts: [&[u8]; 3] = [&member.bytes, &input.message, &share.to_bytes()];
        if checker.holds("share", &parts, holds) {
            Ok(CheckedShare {
                share: *share,
                value,
                message: input.message,
            })
        } else {
            Err(ShareError::Proof(signer))
        }
    }

    /// A member's own share, just made: its proof holds, and `checker` knows that from here on. `None` if the secret is not
    /// the member's in this key.
    #[must_use]
    pub fn own(
        &self,
        checker: &Checker,
        signer: Seat,
        secret: &SecretShare,
        input: &RollInput,
    ) -> Option<CheckedShare> {
        let member = self.members.get(&signer)?;
        if member.bytes != secret.public() {
            return None;
        }
        let share = Share::make(signer, secret, input);
        let parts: [&[u8]; 3] = [&member.bytes, &input.message, &share.to_bytes()];
        checker.vouch("share", &parts);
        Some(CheckedShare {
            value: point(&share.value)?,
            share,
            message: input.message,
        })
    }

    /// The value V of the roll from the first t of these shares; `None` if they are fewer, a signer stands twice, or one
    /// was checked for another roll.
    /// Any t give the same.
    #[must_use]
    pub fn combine(&self, input: &RollInput, shares: &[CheckedShare]) -> Option<[u8; 32]> {
        let shares = shares.get(..self.threshold)?;
        let seats: Vec<Seat> = shares.iter().map(|checked| checked.share.signer).collect();
        let twice = |(at, seat): (usize, &Seat)| seats[..at].contains(seat);
        let foreign = |checked: &CheckedShare| checked.message != input.message;
        if seats.iter().enumerate().any(twice) || shares.iter().any(foreign) {
            return None;
        }
        let values = shares.iter().map(|checked| checked.value);
        let sum = RistrettoPoint::vartime_multiscalar_mul(weights(&seats), values);
        Some(sum.compress().0)
    }
}

/// Twice each point, as it is written: all in the time of one.
fn twice<const N: usize>(halves: &[RistrettoPoint; N]) -> [[u8; 32]; N] {
    let doubled = RistrettoPoint::double_and_compress_batch(halves);
    std::array::from_fn(|at| doubled[at].0)
}

/// c = SHA-512("bitcraps/share/v1"; signer, vk, m, V, R₁, R₂) mod ℓ.
fn challenge(
    signer: Seat,
    key: &[u8; 32],
    input: &RollInput,
    value: &[u8; 32],
    [first, second]: &[[u8; 32]; 2],
) -> Scalar {
    let parts: [&[u8]; 6] = [&[signer.0], key, &input.message, value, first, second];
    hash_to_scalar("bitcraps/share/v1", &parts)
}
