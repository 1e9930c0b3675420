//! What phones say to each other before there is a table: knocks, the host's list, refusals, answers, the founding.
//!
//! All of it is flooded, as not everybody has a link to the host. Everything is signed, covers the table secret's
//! context, and is checked before it is passed on.

use crate::crypto::{
    Context, Digest, PublicKey, Roster, SEATS_MAX, Seat, Signature, Signed, Statement,
};
use crate::mesh::{Claim, NotAdmitted, ServiceId};
use crate::table::{Genesis, TableRules};
use crate::wire::{Decode, DecodeError, Encode, HEADER_BYTES, Header, Kind, Reader, Writer};

/// Longest name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 24;

/// What a player is called at this table: 1 to 24 bytes of text on one line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Name(String);

impl Name {
    /// A name, if it is one.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=NAME_BYTES_MAX).contains(&name.len());
        (fits && !name.chars().any(char::is_control)).then(|| Self(name.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Encode for Name {
    fn encode(&self, writer: &mut Writer) {
        writer.count_u8(self.0.len());
        writer.raw(self.0.as_bytes());
    }
}

impl Decode for Name {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = reader.count_u8(NAME_BYTES_MAX, "name")?;
        let text = std::str::from_utf8(reader.raw(length)?).ok();
        text.and_then(Self::new)
            .ok_or(DecodeError::OutOfRange("name"))
    }
}

/// Somebody on the host's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Whose phone.
    pub key: PublicKey,
    /// What its player is called.
    pub name: Name,
}

impl Encode for Listed {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.key.to_bytes());
        self.name.encode(writer);
    }
}

impl Decode for Listed {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            key: read_key(reader)?,
            name: Name::decode(reader)?,
        })
    }
}

/// A guest's first word: its invite, and what it wants to be called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::node) struct Knock {
    pub(in crate::node) claim: Claim,
    pub(in crate::node) name: Name,
}

impl Encode for Knock {
    fn encode(&self, writer: &mut Writer) {
        self.claim.encode(writer);
        self.name.encode(writer);
    }
}

impl Decode for Knock {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            claim: Claim::decode(reader)?,
            name: Name::decode(reader)?,
        })
    }
}

impl Statement for Knock {
    const TAG: &'static str = "bitcraps/lobby/knock/v1";
}

/// The host's list: who is here, under which rules. A newer one takes the place of an older one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct List {
    /// Counts up from 1.
    pub(super) version: u32,
    /// Nobody is added any more: the list is the genesis that everybody is asked to sign.
    pub(super) closed: bool,
    pub(super) rules: TableRules,
    /// The host first. They are the seats, in this order.
    pub(super) listed: Vec<Listed>,
}

impl List {
    /// What a closed list proposes; `None` while it makes no table.
    pub(super) fn genesis(&self) -> Option<Genesis> {
        let keys = self.listed.iter().map(|listed| listed.key).collect();
        let roster = Roster::new(keys).ok()?;
        let playable = self.rules.check(roster.len()).is_ok();
        (self.closed && playable).then(|| Genesis {
            rules: self.rules.clone(),
            roster,
        })
    }

    pub(super) fn seat_of(&self, key: &PublicKey) -> Option<Seat> {
        let at = self.listed.iter().position(|listed| listed.key == *key)?;
        u8::try_from(at).ok().map(Seat)
    }

    pub(super) fn key(&self, seat: Seat) -> Option<&PublicKey> {
        self.listed.get(seat.index()).map(|listed| &listed.key)
    }
}

impl Encode for List {
    fn encode(&self, writer: &mut Writer) {
        writer.u32(self.version);
        writer.bool(self.closed);
        self.rules.encode(writer);
        writer.count_u8(self.listed.len());
        for listed in &self.listed {
            listed.encode(writer);
        }
    }
}

impl Decode for List {
    /// Nobody stands on a list twice, and a closed one makes a table.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (version, closed) = (reader.u32()?, reader.bool("closed")?);
        let rules = TableRules::decode(reader)?;
        let mut listed: Vec<Listed> = Vec::new();
        for _ in 0..reader.count_u8(SEATS_MAX, "listed")? {
            let next = Listed::decode(reader)?;
            if listed.iter().any(|known| known.key == next.key) {
                return Err(DecodeError::OutOfRange("listed"));
            }
            listed.push(next);
        }
        let list = Self {
            version,
            closed,
            rules,
            listed,
        };
        if list.listed.is_empty() || list.closed != list.genesis().is_some() {
            return Err(DecodeError::OutOfRange("list"));
        }
        Ok(list)
    }
}

impl Statement for List {
    const TAG: &'static str = "bitcraps/lobby/list/v1";
}

/// The host does not let somebody in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Refused {
    pub(super) guest: PublicKey,
    pub(super) reason: NotAdmitted,
}

/// The reasons by their numbers on the wire.
const REASONS: [NotAdmitted; 7] = [
    NotAdmitted::OtherTable,
    NotAdmitted::Inviter,
    NotAdmitted::Forged,
    NotAdmitted::Expired,
    NotAdmitted::Copied,
    NotAdmitted::Used,
    NotAdmitted::Full,
];

impl Encode for Refused {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.guest.to_bytes());
        let number = REASONS.iter().position(|reason| *reason == self.reason);
        writer.count_u8(number.unwrap_or(REASONS.len()));
    }
}

impl Decode for Refused {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let guest = read_key(reader)?;
        let reason = REASONS.get(usize::from(reader.u8()?));
        let reason = *reason.ok_or(DecodeError::OutOfRange("reason"))?;
        Ok(Self { guest, reason })
    }
}

impl Statement for Refused {
    const TAG: &'static str = "bitcraps/lobby/refused/v1";
}

/// A seat's word on a closed list: it signs the genesis, or it does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub(super) list: Digest,
    pub(super) seat: Seat,
    /// Drawn at each start of the app: a founding with this number was made while this very run of it lasted.
    pub(super) run: u64,
    pub(super) signs: bool,
}

impl Encode for Answer {
    fn encode(&self, writer: &mut Writer) {
        self.list.encode(writer);
        writer.u8(self.seat.0);
        writer.u64(self.run);
        writer.bool(self.signs);
    }
}

impl Decode for Answer {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            list: Digest::decode(reader)?,
            seat: Seat(reader.u8()?),
            run: reader.u64()?,
            signs: reader.bool("signs")?,
        })
    }
}

impl Statement for Answer {
    const TAG: &'static str = "bitcraps/genesis/answer/v1";
}

/// A genesis that every seat has signed. Whoever has these bytes has a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Founding {
    genesis: Genesis,
    names: Vec<Name>,
    runs: Vec<u64>,
    bytes: Vec<u8>,
}

impl Founding {
    /// Reads what [`Founding::bytes`] gave, and checks every signature. `secret` is the table's.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not the founding of a table with this secret.
    pub fn read(service: &ServiceId, bytes: &[u8]) -> Result<Self, DecodeError> {
        let context = service.context();
        let mut reader = Reader::new(bytes);
        let statement = reader.bytes_u16(u16::MAX.into(), "list")?;
        let signature = Signature::decode(&mut reader)?;
        let list = List::from_bytes(statement)?;
        let forged = |_| DecodeError::OutOfRange("signature");
        let list = Signed::<List>::open(statement, signature, &context, &list.listed[0].key)
            .map_err(forged)?;
        let digest = list.digest(&context);
        let list = list.value();
        let genesis = list.genesis().ok_or(DecodeError::OutOfRange("list"))?;
        let mut runs = Vec::new();
        for seat in genesis.roster.seats() {
            let answer = Answer {
                list: digest,
                seat,
                run: reader.u64()?,
                signs: true,
            };
            let signature = Signature::decode(&mut reader)?;
            let key = list.key(seat).ok_or(DecodeError::OutOfRange("seat"))?;
            let bytes = answer.to_bytes();
            Signed::<Answer>::open(&bytes, signature, &context, key).map_err(forged)?;
            runs.push(answer.run);
        }
        reader.finish()?;
        let names = list.listed.iter().map(|listed| listed.name.clone());
        Ok(Self {
            genesis,
            names: names.collect(),
            runs,
            bytes: bytes.to_vec(),
        })
    }

    /// Rules and roster.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// What the players are called, by seat.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// To be kept beside the journal: a phone that starts again needs them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn run_of(&self, seat: Seat) -> Option<u64> {
        self.runs.get(seat.index()).copied()
    }

    /// Puts a founding together from a closed list and the answers of all its seats.
    pub(super) fn write<'a>(
        list: &Signed<List>,
        answers: impl Iterator<Item = &'a Signed<Answer>>,
    ) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.bytes_u16(list.bytes());
        list.signature().encode(&mut writer);
        for answer in answers {
            writer.u64(answer.value().run);
            answer.signature().encode(&mut writer);
        }
        writer.finish()
    }
}

/// A message: header, statement, signature.
pub(super) fn seal<T: Statement>(kind: Kind, tag: u16, signed: &Signed<T>) -> Vec<u8> {
    let mut writer = header(kind, tag);
    writer.raw(signed.bytes());
    signed.signature().encode(&mut writer);
    writer.finish()
}

pub(super) fn header(kind: Kind, table: u16) -> Writer {
    let mut writer = Writer::new();
    let (view, sequence) = (0, 0);
    Header {
        kind,
        table,
        view,
        sequence,
    }
    .encode(&mut writer);
    writer
}

/// What stands behind a message's header: a statement that `key` must have signed.
pub(super) fn open<T: Statement>(
    message: &[u8],
    context: &Context,
    key: impl FnOnce(&T) -> Option<PublicKey>,
) -> Result<Signed<T>, crate::consensus::Ignored> {
    use crate::consensus::Ignored;
    let body = message.get(HEADER_BYTES..).unwrap_or_default();
    let split = body.split_last_chunk().ok_or(DecodeError::Truncated)?;
    let (statement, signature) = (split.0, Signature(*split.1));
    let value = T::from_bytes(statement)?;
    let key = key(&value).ok_or(Ignored::NotSeated)?;
    let opened = Signed::open(statement, signature, context, &key);
    opened.map_err(|_| Ignored::BadSignature)
}

/// What stands behind the header of a founding.
pub(super) fn founding_bytes(message: &[u8]) -> &[u8] {
    message.get(HEADER_BYTES..).unwrap_or_default()
}

fn read_key(reader: &mut Reader<'_>) -> Result<PublicKey, DecodeError> {
    let key = PublicKey::from_bytes(&reader.array()?);
    key.map_err(|_| DecodeError::OutOfRange("key"))
}
