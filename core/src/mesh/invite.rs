//! Invites: how a guest finds a table, and by what the table knows that it was asked.
//!
//! A seated player makes one for each guest and shows it as a QR code. It carries the table secret, so that the guest can
//! find the table and shake hands, and a signed token, so that the table can let it in once. The guest answers with a
//! [`Claim`], which anybody at the table can check; an [`Admission`] keeps count.

use std::collections::BTreeMap;

use super::session::secret::{ServiceId, TableSecret};
use crate::crypto::{
    Digest, Identity, PublicKey, SEATS_MAX, SIGNATURE_BYTES, Signature, Signed, Statement,
};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// The version of an invite's text.
const TEXT_VERSION: u8 = 1;
/// Before the base32 of an invite, so that an app knows what it has scanned.
const TEXT_PREFIX: &str = "BITCRAPS:";
/// Longest text that is looked at; an invite's own has 216 characters.
const TEXT_CHARACTERS_MAX: usize = 512;
const CHECKSUM_BYTES: usize = 4;
const TOKEN_BYTES: usize = 8;
/// Most tokens that one table keeps count of. With more nobody new is let in.
pub const TOKENS_MAX: usize = 4 * SEATS_MAX;
/// RFC 4648; QR codes have a dense mode for these characters.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Minutes since 1970 on the wall clock of whoever looks. Invites live long enough that phones' clocks may differ a little.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WallMinutes(pub u32);

/// What makes one invite different from all others of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Token(pub [u8; TOKEN_BYTES]);

/// What the inviter signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Which invite this is.
    pub token: Token,
    /// It is no good from then on.
    pub expires: WallMinutes,
}

impl Encode for Terms {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.token.0);
        writer.u32(self.expires.0);
    }
}

impl Decode for Terms {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            token: Token(reader.array()?),
            expires: WallMinutes(reader.u32()?),
        })
    }
}

impl Statement for Terms {
    const TAG: &'static str = "bitcraps/invite/v1";
}

/// What the guest signs: it is I who came with this token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Acceptance {
    /// Which invite.
    pub token: Token,
    /// Whose signature under the terms it carries.
    pub invite: Digest,
}

impl Encode for Acceptance {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.token.0);
        self.invite.encode(writer);
    }
}

impl Decode for Acceptance {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            token: Token(reader.array()?),
            invite: Digest::decode(reader)?,
        })
    }
}

impl Statement for Acceptance {
    const TAG: &'static str = "bitcraps/invite-acceptance/v1";
}

/// One guest's way to a table. Whoever has it can use it: once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Invite {
    /// The table's.
    pub secret: TableSecret,
    /// Who invites.
    pub inviter: PublicKey,
    /// What it signed.
    pub terms: Terms,
    signature: Signature,
}

/// Why a text is not an invite.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InviteError {
    /// It begins otherwise, or has characters that no invite has.
    #[error("this is not an invite to a BitCraps table")]
    Foreign,
    /// A newer app made it.
    #[error("this invite has version {0}, which this app does not know; update the app")]
    Version(u8),
    /// Some characters are missing or wrong.
    #[error("this invite was not read completely; scan it again")]
    Checksum,
    /// The inviter did not sign it.
    #[error("this invite is forged: its signature is not the inviter's")]
    Forged,
}

impl Invite {
    /// Makes an invite. `token` must be fresh and random.
    #[must_use]
    pub fn new(
        secret: TableSecret,
        inviter: &Identity,
        token: Token,
        expires: WallMinutes,
    ) -> Self {
        let terms = Terms { token, expires };
        let signed = Signed::sign(terms, &secret.service().context(), inviter);
        Self {
            secret,
            inviter: inviter.public_key(),
            terms,
            signature: *signed.signature(),
        }
    }

    /// The text to show as a QR code: capital letters and digits only.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = vec![TEXT_VERSION];
        bytes.extend(self.to_bytes());
        bytes.extend_from_slice(&checksum(&bytes));
        format!("{TEXT_PREFIX}{}", to_base32(&bytes))
    }

    /// Reads a scanned or typed text. Case, blanks and hyphens do not matter.
    ///
    /// # Errors
    /// [`InviteError`], in words for the guest.
    pub fn from_text(text: &str) -> Result<Self, InviteError> {
        if text.len() > TEXT_CHARACTERS_MAX {
            return Err(InviteError::Foreign);
        }
        let is_shown = |character: &char| !matches!(character, ' ' | '-' | '\n' | '\r' | '\t');
        let text: String = text.chars().filter(is_shown).collect();
        let text = text.to_ascii_uppercase();
        let body = text.strip_prefix(TEXT_PREFIX).ok_or(InviteError::Foreign)?;
        let bytes = from_base32(body).ok_or(InviteError::Foreign)?;
        let (body, sum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(InviteError::Checksum)?;
        if checksum(body) != *sum {
            return Err(InviteError::Checksum);
        }
        let (version, body) = body.split_first().ok_or(InviteError::Checksum)?;
        if *version != TEXT_VERSION {
            return Err(InviteError::Version(*version));
        }
        let invite = Self::from_bytes(body).map_err(|_| InviteError::Checksum)?;
        let context = invite.secret.service().context();
        let terms = invite.terms.to_bytes();
        Signed::<Terms>::open(&terms, invite.signature, &context, &invite.inviter)
            .map_err(|_| InviteError::Forged)?;
        Ok(invite)
    }

    /// What a guest shows to the table once it has shaken hands.
    #[must_use]
    pub fn claim(&self, guest: &Identity) -> Claim {
        let service = self.secret.service();
        let acceptance = Acceptance {
            token: self.terms.token,
            invite: digest_of(&self.signature),
        };
        let signed = Signed::sign(acceptance, &service.context(), guest);
        Claim {
            service,
            inviter: self.inviter,
            terms: self.terms,
            invited: self.signature,
            guest: guest.public_key(),
            accepted: *signed.signature(),
        }
    }
}

impl Encode for Invite {
    fn encode(&self, writer: &mut Writer) {
        self.secret.encode(writer);
        writer.raw(&self.inviter.to_bytes());
        self.terms.encode(writer);
        self.signature.encode(writer);
    }
}

impl Decode for Invite {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            secret: TableSecret::decode(reader)?,
            inviter: key(reader)?,
            terms: Terms::decode(reader)?,
            signature: Signature::decode(reader)?,
        })
    }
}

/// A guest's proof that it was invited, without the table secret: 220 bytes that anybody at the table can check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The table that the invite is for.
    pub service: ServiceId,
    /// Who invited.
    pub inviter: PublicKey,
    /// To which terms.
    pub terms: Terms,
    invited: Signature,
    /// Who came.
    pub guest: PublicKey,
    accepted: Signature,
}

/// Length of an encoded [`Claim`].
pub const CLAIM_BYTES: usize = 16 + 32 + 12 + SIGNATURE_BYTES + 32 + SIGNATURE_BYTES;

impl Claim {
    /// Whether this is a true invite to the table of this service, from somebody of whom `is_seated` holds, and the
    /// guest is who it says. It may have expired or been used: an [`Admission`] knows.
    ///
    /// # Errors
    /// [`NotAdmitted`].
    pub fn check(
        &self,
        service: &ServiceId,
        is_seated: impl Fn(&PublicKey) -> bool,
    ) -> Result<(), NotAdmitted> {
        if self.service != *service {
            return Err(NotAdmitted::OtherTable);
        }
        if !is_seated(&self.inviter) {
            return Err(NotAdmitted::Inviter);
        }
        let context = service.context();
        let terms = self.terms.to_bytes();
        let acceptance = Acceptance {
            token: self.terms.token,
            invite: digest_of(&self.invited),
        };
        let accepted = acceptance.to_bytes();
        let signed = Signed::<Terms>::open(&terms, self.invited, &context, &self.inviter).is_ok()
            && Signed::<Acceptance>::open(&accepted, self.accepted, &context, &self.guest).is_ok();
        if signed {
            Ok(())
        } else {
            Err(NotAdmitted::Forged)
        }
    }
}

impl Encode for Claim {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.service.0);
        writer.raw(&self.inviter.to_bytes());
        self.terms.encode(writer);
        self.invited.encode(writer);
        writer.raw(&self.guest.to_bytes());
        self.accepted.encode(writer);
    }
}

impl Decode for Claim {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            service: ServiceId(reader.array()?),
            inviter: key(reader)?,
            terms: Terms::decode(reader)?,
            invited: Signature::decode(reader)?,
            guest: key(reader)?,
            accepted: Signature::decode(reader)?,
        })
    }
}

/// Why a guest is not let in, in words for it and for the host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// Made with another table's secret.
    #[error("this invite is for another table")]
    OtherTable,
    /// The inviter has no seat here.
    #[error("whoever made this invite does not sit at this table")]
    Inviter,
    /// One of its two signatures does not fit.
    #[error("this invite is forged")]
    Forged,
    /// Its time is over.
    #[error("this invite has expired; ask for a new one")]
    Expired,
    /// Somebody else came with it first.
    #[error("somebody else has come with this invite; ask for one of your own")]
    Copied,
    /// Its guest has come and gone, or the host took it back.
    #[error("this invite has been used; ask for a new one")]
    Used,
    /// The table keeps count of as many invites as it can.
    #[error("this table has no room for another invite")]
    Full,
}

/// What has become of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spent {
    /// Its guest is here.
    By(PublicKey),
    /// For good.
    Over,
}

/// Who may come to one table. Every phone can keep one; the host's decides whom the lobby shows.
#[derive(Clone, Debug)]
pub struct Admission {
    service: ServiceId,
    spent: BTreeMap<Token, Spent>,
}

impl Admission {
    /// For the table with this secret.
    #[must_use]
    pub fn new(secret: &TableSecret) -> Self {
        Self::of(secret.service())
    }

    /// For the table that is found by this service.
    #[must_use]
    pub const fn of(service: ServiceId) -> Self {
        Self {
            service,
            spent: BTreeMap::new(),
        }
    }

    /// Lets a guest in, or says why not. The same guest may come as often as it likes until it is gone for good.
    /// `is_seated` says whose invites count.
    ///
    /// # Errors
    /// [`NotAdmitted`]; nothing has changed then.
    pub fn admit(
        &mut self,
        claim: &Claim,
        now: WallMinutes,
        is_seated: impl Fn(&PublicKey) -> bool,
    ) -> Result<(), NotAdmitted> {
        let token = claim.terms.token;
        claim.check(&self.service, is_seated)?;
        match self.spent.get(&token) {
            Some(Spent::By(guest)) if *guest == claim.guest => return Ok(()),
            Some(Spent::By(_)) => return Err(NotAdmitted::Copied),
            Some(Spent::Over) => return Err(NotAdmitted::Used),
            None => {}
        }
        if claim.terms.expires <= now {
            return Err(NotAdmitted::Expired);
        }
        if self.spent.len() >= TOKENS_MAX {
            return Err(NotAdmitted::Full);
        }
        self.spent.insert(token, Spent::By(claim.guest));
        Ok(())
    }

    /// A guest left, or the host takes its invite back: nobody comes in with that token again.
    pub fn retire(&mut self, guest: &PublicKey) {
        for spent in self.spent.values_mut() {
            if *spent == Spent::By(*guest) {
                *spent = Spent::Over;
            }
        }
    }

    /// Takes an invite back that nobody has come with yet.
    pub fn revoke(&mut self, token: Token) {
        if self.spent.len() < TOKENS_MAX {
            self.spent.insert(token, Spent::Over);
        }
    }
}

fn digest_of(signature: &Signature) -> Digest {
    Digest::of("bitcraps/invite/digest/v1", &[&signature.0])
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    Digest::of("bitcraps/invite/checksum/v1", &[bytes]).tag()
}

fn key(reader: &mut Reader<'_>) -> Result<PublicKey, DecodeError> {
    let key = PublicKey::from_bytes(&reader.array()?);
    key.map_err(|_| DecodeError::OutOfRange("key"))
}

/// Five bits to a character, the first bit highest; the last character's spare bits are zero.
fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(BASE32[(bits >> count & 31) as usize]));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(char::from(BASE32[(bits << (5 - count) & 31) as usize]));
    }
    text
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.bytes() {
        let value = BASE32.iter().position(|c| *c == character)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
        bits &= (1 << count) - 1;
    }
    // One text for one invite: no spare characters, no spare bits.
    (count < 5 && bits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: TableSecret = TableSecret([9; 16]);
    const NOON: WallMinutes = WallMinutes(29_000_000);

    fn person(number: u8) -> Identity {
        Identity::from_seed(&[number; 32])
    }

    fn invite(token: u8) -> Invite {
        let expires = WallMinutes(NOON.0 + 60);
        Invite::new(SECRET, &person(1), Token([token; 8]), expires)
    }

    fn host(key: &PublicKey) -> bool {
        *key == person(1).public_key()
    }

    #[test]
    fn an_invite_comes_back_from_its_text_however_it_is_typed() {
        let text = invite(1).to_text();
        assert_eq!(text.len(), 216);
        assert!(
            text.bytes()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b':')
        );
        assert_eq!(Invite::from_text(&text), Ok(invite(1)));
        let typed = text.to_lowercase().replace('a', "-a ");
        assert_eq!(Invite::from_text(&typed), Ok(invite(1)));
    }

    #[test]
    fn a_text_that_is_none_says_why() {
        let text = invite(1).to_text();
        for foreign in [
            "",
            "BITCRAPS",
            "https://example.org",
            &text.replace('A', "1"),
        ] {
            assert_eq!(
                Invite::from_text(foreign),
                Err(InviteError::Foreign),
                "{foreign}"
            );
        }
        assert_eq!(
            Invite::from_text(&"A".repeat(600)),
            Err(InviteError::Foreign)
        );
        for at in TEXT_PREFIX.len()..text.len() - 1 {
            let mut bent = text.clone().into_bytes();
            bent[at] = if bent[at] == b'B' { b'C' } else { b'B' };
            let bent = String::from_utf8(bent).unwrap();
            assert_eq!(
                Invite::from_text(&bent),
                Err(InviteError::Checksum),
                "at {at}"
            );
        }
        for length in TEXT_PREFIX.len()..text.len() {
            assert!(Invite::from_text(&text[..length]).is_err());
        }
        let again = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = vec![TEXT_VERSION];
            bytes.extend(invite(1).to_bytes());
            change(&mut bytes);
            let sum = checksum(&bytes);
            bytes.extend_from_slice(&sum);
            Invite::from_text(&format!("{TEXT_PREFIX}{}", to_base32(&bytes)))
        };
        assert_eq!(again(&|_| {}), Ok(invite(1)));
        assert_eq!(again(&|bytes| bytes[0] = 9), Err(InviteError::Version(9)));
        assert_eq!(again(&|bytes| bytes[60] ^= 1), Err(InviteError::Forged));
        assert_eq!(again(&|bytes| bytes.push(0)), Err(InviteError::Checksum));
    }

    #[test]
    fn a_guest_comes_in_once_and_may_come_back_until_it_is_gone_for_good() {
        let mut door = Admission::new(&SECRET);
        let claim = invite(1).claim(&person(2));
        assert_eq!(claim.to_bytes().len(), CLAIM_BYTES);
        assert_eq!(Claim::from_bytes(&claim.to_bytes()), Ok(claim));
        assert_eq!(door.admit(&claim, NOON, host), Ok(()));
        let later = WallMinutes(NOON.0 + 500);
        assert_eq!(door.admit(&claim, later, host), Ok(()), "it is in");
        let copy = invite(1).claim(&person(3));
        assert_eq!(door.admit(&copy, NOON, host), Err(NotAdmitted::Copied));
        door.retire(&person(2).public_key());
        assert_eq!(door.admit(&claim, NOON, host), Err(NotAdmitted::Used));
        assert_eq!(door.admit(&copy, NOON, host), Err(NotAdmitted::Used));
    }

    #[test]
    fn every_reason_to_refuse_a_guest_is_told() {
        let mut door = Admission::new(&SECRET);
        let claim = invite(1).claim(&person(2));
        let over = WallMinutes(NOON.0 + 60);
        assert_eq!(door.admit(&claim, over, host), Err(NotAdmitted::Expired));
        let nobody = |_: &PublicKey| false;
        assert_eq!(door.admit(&claim, NOON, nobody), Err(NotAdmitted::Inviter));
        let elsewhere = Admission::new(&TableSecret([8; 16])).admit(&claim, NOON, host);
        assert_eq!(elsewhere, Err(NotAdmitted::OtherTable));
        let mut forged = claim;
        forged.terms.expires.0 += 1;
        assert_eq!(door.admit(&forged, NOON, host), Err(NotAdmitted::Forged));
        let mut stolen = claim;
        stolen.guest = person(3).public_key();
        assert_eq!(door.admit(&stolen, NOON, host), Err(NotAdmitted::Forged));
        door.revoke(Token([1; 8]));
        assert_eq!(door.admit(&claim, NOON, host), Err(NotAdmitted::Used));
    }

    #[test]
    fn a_table_keeps_count_of_so_many_tokens_and_no_more() {
        let mut door = Admission::new(&SECRET);
        for number in 0..=TOKENS_MAX {
            let claim = invite(u8::try_from(number).unwrap()).claim(&person(2));
            let full = number == TOKENS_MAX;
            let admitted = door.admit(&claim, NOON, host);
            assert_eq!(admitted.err(), full.then_some(NotAdmitted::Full));
        }
    }
}
