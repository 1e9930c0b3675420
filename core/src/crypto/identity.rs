//! Keys, seats, and the roster that gives each seat its key.

use std::sync::{Arc, OnceLock};

use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use zeroize::Zeroizing;

use super::{Digest, PreparedKey, SeatSet};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// The fewest seats a table can have.
pub const SEATS_MIN: usize = 2;
/// The most seats a table can have: phones hold too few links for more (design, "Mesh").
pub const SEATS_MAX: usize = 18;
/// Length of a signature on the wire.
pub const SIGNATURE_BYTES: usize = 64;

/// A position in the roster, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Seat(pub u8);

impl Seat {
    /// The position as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for Seat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An ed25519 signature, unchecked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature(pub [u8; SIGNATURE_BYTES]);

impl Signature {
    /// R and S (RFC 8032, section 5.1.6).
    pub(super) fn halves(&self) -> ([u8; 32], [u8; 32]) {
        let (mut r, mut s) = ([0; 32], [0; 32]);
        r.copy_from_slice(&self.0[..32]);
        s.copy_from_slice(&self.0[32..]);
        (r, s)
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "sig {:02x}{:02x}", self.0[0], self.0[1])
    }
}

impl Encode for Signature {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.0);
    }
}

impl Decode for Signature {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.array().map(Self)
    }
}

/// Why bytes are not a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not the encoding of an ed25519 public key of full order")]
pub struct KeyError;

/// A checked ed25519 public key: canonical and not of small order.
///
/// It is kept as it is written, a sixth of the size of its point: keys travel through commands and events. Whoever checks
/// many signatures prepares it ([`PreparedKey`]).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "key {:02x}{:02x}", self.0[0], self.0[1])
    }
}

impl PublicKey {
    /// Checks and takes the 32 bytes of a key.
    ///
    /// # Errors
    /// [`KeyError`] for anything with which one signature could fit many messages.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError)?;
        // `from_bytes` accepts a second encoding of a few points; a roster must have one per key.
        if key.is_weak() || key.to_edwards().compress().to_bytes() != *bytes {
            return Err(KeyError);
        }
        Ok(Self(*bytes))
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    fn verifying(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(&self.0).expect("a public key was checked when it was made")
    }

    /// The key's point, which may still have a part of small order.
    pub(super) fn point(&self) -> EdwardsPoint {
        self.verifying().to_edwards()
    }

    /// Whether `signature` is this key's over `message`, by the strict rules.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.verifying().verify_strict(message, &signature).is_ok()
    }
}

/// A private key. Its `Debug` shows the public half only.
pub struct Identity(SigningKey);

impl Identity {
    /// The identity of a 32-byte secret seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `message`; the same message always gets the same signature (RFC 8032).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// The secret scalar, for the agreement of pads (see `agreement`).
    pub(super) fn scalar(&self) -> Zeroizing<Scalar> {
        Zeroizing::new(self.0.to_scalar())
    }

    /// A secret that only this identity can derive, one for each tag and parts.
    #[must_use]
    pub fn derive_secret(&self, tag: &str, parts: &[&[u8]]) -> Digest {
        let key = self.0.to_bytes();
        let mut all = vec![&key[..]];
        all.extend_from_slice(parts);
        Digest::of(tag, &all)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Identity")
            .field(&self.public_key())
            .finish()
    }
}

/// Why keys do not make a roster.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RosterError {
    /// Fewer than two or more than eighteen seats.
    #[error("a table has 2 to 18 seats, not {0}")]
    Size(usize),
    /// One key at two seats could vote twice.
    #[error("seats {0} and {1} have the same key")]
    Duplicate(Seat, Seat),
    /// Somebody sits there.
    #[error("seat {0} is taken")]
    Taken(Seat),
}

/// The members of an epoch: which seats vote, with which keys, and who is primary first.
///
/// Seats keep their numbers for the life of the table, so a roster may have gaps where somebody left.
#[derive(Clone, Debug)]
pub struct Roster {
    keys: Vec<Option<PublicKey>>,
    leads: Seat,
    /// Of each key, once it has a signature to check; whoever stays from one roster to the next keeps it.
    prepared: Vec<Arc<OnceLock<PreparedKey>>>,
}

impl PartialEq for Roster {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys && self.leads == other.leads
    }
}

impl Eq for Roster {}

impl Roster {
    /// A roster of these keys, seat 0 first, without gaps. Seat 0 leads.
    ///
    /// # Errors
    /// [`RosterError`] if the size is out of range or a key stands twice.
    pub fn new(keys: Vec<PublicKey>) -> Result<Self, RosterError> {
        Self::of(keys.into_iter().map(Some).collect())
    }

    fn of(mut keys: Vec<Option<PublicKey>>) -> Result<Self, RosterError> {
        while keys.last().is_some_and(Option::is_none) {
            keys.pop();
        }
        let prepared = keys.iter().map(|_| Arc::default()).collect();
        let mut roster = Self {
            keys,
            leads: Seat(0),
            prepared,
        };
        let lowest = roster.seats().next();
        roster.leads = lowest.unwrap_or(Seat(0));
        if roster.len() < SEATS_MIN {
            return Err(RosterError::Size(roster.len()));
        }
        if roster.bound() > SEATS_MAX {
            return Err(RosterError::Size(roster.bound()));
        }
        for seat in roster.seats() {
            let first = roster.key(seat).and_then(|key| roster.seat_of(key));
            if let Some(first) = first.filter(|first| *first != seat) {
                return Err(RosterError::Duplicate(first, seat));
            }
        }
        Ok(roster)
    }

    /// The roster without these seats.
    ///
    /// # Errors
    /// [`RosterError::Size`] if fewer than two would be left.
    pub fn without(&self, seats: SeatSet) -> Result<Self, RosterError> {
        let kept = |seat: Seat| self.key(seat).filter(|_| !seats.contains(seat)).copied();
        let rest = Self::of((0..self.bound_u8()).map(|seat| kept(Seat(seat))).collect())?;
        Ok(rest.led_by(self.leads).prepared_as_in(self))
    }

    /// The roster with `key` at a seat that is free.
    ///
    /// # Errors
    /// [`RosterError`] if the seat is taken, beyond the last one, or the key sits elsewhere.
    pub fn with(&self, seat: Seat, key: PublicKey) -> Result<Self, RosterError> {
        if self.key(seat).is_some() {
            return Err(RosterError::Taken(seat));
        }
        let mut keys = self.keys.clone();
        keys.resize(keys.len().max(seat.index() + 1), None);
        keys[seat.index()] = Some(key);
        Ok(Self::of(keys)?.led_by(self.leads).prepared_as_in(self))
    }

    /// The same members, with this one as primary of view 0; as it was if it is none of them.
    #[must_use]
    pub fn led_by(self, seat: Seat) -> Self {
        let leads = self.key(seat).map_or(self.leads, |_| seat);
        Self { leads, ..self }
    }

    /// The primary of a view: the members lead in turn by seat, from the one that leads view 0 on.
    #[must_use]
    pub fn primary(&self, view: u64) -> Seat {
        let n = u64::try_from(self.len().max(1)).unwrap_or(1);
        let before = self.seats().filter(|seat| *seat < self.leads).count();
        let turn = usize::try_from(view % n).unwrap_or(0);
        let mut turns = self.seats().cycle().skip(before + turn);
        turns.next().unwrap_or(self.leads)
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.iter().flatten().count()
    }

    /// One more than the highest seat: lists by seat have this length.
    #[must_use]
    pub const fn bound(&self) -> usize {
        self.keys.len()
    }

    fn bound_u8(&self) -> u8 {
        u8::try_from(self.keys.len()).unwrap_or(u8::MAX)
    }

    /// Never: a roster has at least two members.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The members' seats, in order.
    pub fn seats(&self) -> impl DoubleEndedIterator<Item = Seat> + Clone + '_ {
        let all = (0..self.bound_u8()).map(Seat);
        all.filter(|seat| self.key(*seat).is_some())
    }

    /// The key of a member.
    #[must_use]
    pub fn key(&self, seat: Seat) -> Option<&PublicKey> {
        self.keys.get(seat.index())?.as_ref()
    }

    /// Whether `signature` is a member's over `message`. As [`PublicKey::verify`] with its key, but quicker from the
    /// second time on.
    #[must_use]
    pub fn verify(&self, signer: Seat, message: &[u8], signature: &Signature) -> bool {
        let (key, prepared) = (self.key(signer), self.prepared.get(signer.index()));
        key.zip(prepared).is_some_and(|(key, prepared)| {
            let prepared = prepared.get_or_init(|| PreparedKey::new(key));
            prepared.verify(message, signature)
        })
    }

    /// This roster, with what was prepared for those who are in an earlier one too.
    fn prepared_as_in(mut self, earlier: &Self) -> Self {
        for seat in self.seats().collect::<Vec<_>>() {
            if self.key(seat) == earlier.key(seat)
                && let Some(prepared) = earlier.prepared.get(seat.index())
            {
                self.prepared[seat.index()] = Arc::clone(prepared);
            }
        }
        self
    }

    /// The seat of a key.
    #[must_use]
    pub fn seat_of(&self, key: &PublicKey) -> Option<Seat> {
        self.seats().find(|seat| self.key(*seat) == Some(key))
    }

    /// The digest that binds statements to exactly these keys at these seats.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of("bitcraps/roster/v1", &[&self.to_bytes()])
    }
}

impl Encode for Roster {
    fn encode(&self, writer: &mut Writer) {
        writer.count_u8(self.len());
        for seat in self.seats() {
            if let Some(key) = self.key(seat) {
                writer.u8(seat.0);
                writer.raw(&key.to_bytes());
            }
        }
        writer.u8(self.leads.0);
    }
}

impl Decode for Roster {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.count_u8(SEATS_MAX, "members")?;
        let mut keys = Vec::new();
        for _ in 0..count {
            let seat = usize::from(reader.u8()?);
            let key = PublicKey::from_bytes(&reader.array()?);
            let key = key.map_err(|_| DecodeError::OutOfRange("key"))?;
            if seat < keys.len() || seat >= SEATS_MAX {
                return Err(DecodeError::OutOfRange("seat order"));
            }
            keys.resize(seat, None);
            keys.push(Some(key));
        }
        let roster = Self::of(keys).map_err(|_| DecodeError::OutOfRange("roster"))?;
        let leads = Seat(reader.u8()?);
        if roster.key(leads).is_none() {
            return Err(DecodeError::OutOfRange("leading seat"));
        }
        Ok(roster.led_by(leads))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> PublicKey {
        Identity::from_seed(&[seed; 32]).public_key()
    }

    #[test]
    fn a_signature_checks_under_its_own_key_and_message_only() {
        let identity = Identity::from_seed(&[7; 32]);
        let signature = identity.sign(b"roll");
        assert!(identity.public_key().verify(b"roll", &signature));
        assert!(!identity.public_key().verify(b"rol1", &signature));
        assert!(!key(8).verify(b"roll", &signature));
        let mut bent = signature;
        bent.0[40] ^= 1;
        assert!(!identity.public_key().verify(b"roll", &bent));
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        let mut identity_point = [0; 32];
        identity_point[0] = 1;
        assert_eq!(PublicKey::from_bytes(&identity_point), Err(KeyError));
        assert_eq!(PublicKey::from_bytes(&[0; 32]), Err(KeyError));
        assert_eq!(PublicKey::from_bytes(&[0xff; 32]), Err(KeyError));
        assert_eq!(PublicKey::from_bytes(&key(1).to_bytes()), Ok(key(1)));
    }

    #[test]
    fn a_roster_has_two_to_eighteen_different_keys() {
        assert_eq!(Roster::new(vec![key(1)]), Err(RosterError::Size(1)));
        assert_eq!(
            Roster::new((0..19).map(key).collect()),
            Err(RosterError::Size(19))
        );
        assert_eq!(
            Roster::new(vec![key(1), key(2), key(1)]),
            Err(RosterError::Duplicate(Seat(0), Seat(2)))
        );
        let roster = Roster::new((0..18).map(key).collect()).unwrap();
        assert_eq!(roster.seat_of(&key(17)), Some(Seat(17)));
        assert_eq!(roster.seats().count(), 18);
    }

    #[test]
    fn whoever_leaves_leaves_a_gap_and_the_others_keep_their_seats() {
        let roster = Roster::new((0..5).map(key).collect()).unwrap();
        let gone = [Seat(1), Seat(4)].into_iter().collect();
        let rest = roster.without(gone).unwrap();
        assert!(rest.seats().eq([Seat(0), Seat(2), Seat(3)]));
        assert_eq!((rest.len(), rest.bound()), (3, 4));
        assert_eq!(rest.seat_of(&key(3)), Some(Seat(3)));
        assert_eq!(Roster::from_bytes(&rest.to_bytes()), Ok(rest.clone()));
        assert_ne!(rest.digest(), roster.digest());
        assert_eq!(rest.with(Seat(3), key(9)), Err(RosterError::Taken(Seat(3))));
        assert_eq!(
            rest.with(Seat(1), key(0)),
            Err(RosterError::Duplicate(Seat(0), Seat(1)))
        );
        let again = rest.with(Seat(1), key(1)).unwrap();
        assert_eq!(again.with(Seat(4), key(4)), Ok(roster));
        let most = (0..3).map(Seat).collect();
        assert_eq!(rest.without(most), Err(RosterError::Size(1)));
    }

    #[test]
    fn members_lead_in_turn_from_the_one_that_leads_first_and_round_again() {
        let roster = Roster::new((0..5).map(key).collect()).unwrap();
        let rest = roster.without([Seat(1)].into_iter().collect()).unwrap();
        let turns = |roster: &Roster| {
            (0..6)
                .map(|view| roster.primary(view).0)
                .collect::<Vec<_>>()
        };
        assert_eq!(turns(&rest), [0, 2, 3, 4, 0, 2]);
        let led = rest.clone().led_by(Seat(3));
        assert_eq!(turns(&led), [3, 4, 0, 2, 3, 4]);
        assert_eq!(led.primary(u64::MAX), Seat(2));
        assert_eq!(
            rest.clone().led_by(Seat(1)),
            rest,
            "a stranger leads nobody"
        );
        assert_eq!(Roster::from_bytes(&led.to_bytes()), Ok(led.clone()));
        assert_ne!(led.digest(), rest.digest());
        let without = |seat: u8| led.without([Seat(seat)].into_iter().collect()).unwrap();
        assert_eq!(turns(&without(2)), [3, 4, 0, 3, 4, 0]);
        assert_eq!(
            turns(&without(3)),
            [0, 2, 4, 0, 2, 4],
            "the lowest, where the first is gone"
        );
        let mut bytes = led.to_bytes();
        *bytes.last_mut().unwrap() = 1;
        assert!(Roster::from_bytes(&bytes).is_err(), "nobody sits there");
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let shown = format!("{:?}", Identity::from_seed(&[0xAB; 32]));
        assert!(!shown.contains("171, 171"), "{shown}");
    }
}
