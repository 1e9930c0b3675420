//! The keys of the dice: those in force, and the ceremony that makes the next.
//!
//! Every key belongs to one epoch. Its ceremony is ordered in the log of the epoch before (the opening one in that of
//! epoch 0, because nothing can be played before it is over), and the epoch changes once the key is acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::consensus::Quorum;
use crate::crypto::{Checker, Digest, Roster, SEATS_MAX, Seat, SeatSet};
use crate::dice::{
    Ceremony, CheckedDealing, CheckedShare, CoinKey, Dealing, RollInput, Share, ShareError,
};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// A key is replaced after so many rolls.
pub const ROLLS_PER_KEY: u64 = 50;

/// How many keys can be known at once: of the epoch of the last slot, of those that are ordered and not in force yet.
const KEYS_MAX: usize = 2 + crate::consensus::limits::CHANGES_MAX;

/// How many members must have said that their shares are right: q of them are then honest, whoever lied.
pub(super) fn acknowledgements(members: usize) -> usize {
    let quorum = Quorum::of(members);
    (quorum.q + quorum.f).min(members)
}

/// The key of an epoch, and everything that it was made from.
#[derive(Clone, Debug)]
pub struct EpochKey {
    ceremony: Ceremony,
    dealings: Vec<Arc<CheckedDealing>>,
    coin: CoinKey,
    /// The roll that was open when it was made.
    first_roll: u64,
}

impl EpochKey {
    fn new(ceremony: Ceremony, dealings: Vec<Arc<CheckedDealing>>, first_roll: u64) -> Self {
        Self {
            coin: ceremony.key(dealings.iter().map(AsRef::as_ref)),
            ceremony,
            dealings,
            first_roll,
        }
    }

    /// Which epoch, attempt and members it was made for.
    #[must_use]
    pub const fn ceremony(&self) -> &Ceremony {
        &self.ceremony
    }

    /// The dealings that it is the sum of, in the order of the log.
    pub fn dealings(&self) -> impl ExactSizeIterator<Item = &CheckedDealing> + Clone {
        self.dealings.iter().map(AsRef::as_ref)
    }

    /// What shares are checked against.
    #[must_use]
    pub const fn coin(&self) -> &CoinKey {
        &self.coin
    }
}

/// A ceremony under way.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(super) ceremony: Ceremony,
    pub(super) dealings: Vec<Arc<CheckedDealing>>,
    pub(super) acknowledged: SeatSet,
    pub(super) given_up: SeatSet,
}

impl Attempt {
    fn new(ceremony: Ceremony) -> Self {
        Self {
            ceremony,
            dealings: Vec::new(),
            acknowledged: SeatSet::default(),
            given_up: SeatSet::default(),
        }
    }

    /// Which epoch, attempt and members it is for.
    #[must_use]
    pub const fn ceremony(&self) -> &Ceremony {
        &self.ceremony
    }

    /// The valid dealings so far, in the order of the log.
    pub fn dealings(&self) -> impl ExactSizeIterator<Item = &CheckedDealing> + Clone {
        self.dealings.iter().map(AsRef::as_ref)
    }

    /// Whether no more dealings are needed: members open their shares, and acknowledge or complain.
    #[must_use]
    pub const fn is_dealt(&self) -> bool {
        self.dealings.len() >= self.ceremony.threshold()
    }

    /// Who has said that its shares are right.
    #[must_use]
    pub const fn acknowledged(&self) -> SeatSet {
        self.acknowledged
    }

    /// Who has given the attempt up.
    #[must_use]
    pub const fn given_up(&self) -> SeatSet {
        self.given_up
    }

    pub(super) fn dealing_of(&self, dealer: Seat) -> Option<&Arc<CheckedDealing>> {
        self.dealings
            .iter()
            .find(|dealing| dealing.dealer() == dealer)
    }
}

/// The keys by epoch, and the attempt at another.
#[derive(Clone, Default, Debug)]
pub(super) struct Keys {
    pub(super) known: BTreeMap<u64, Arc<EpochKey>>,
    pub(super) attempt: Option<Attempt>,
    /// The last attempt that was begun: its epoch and number.
    last: Option<(u64, u16)>,
}

impl Keys {
    /// The first number of which no attempt at this epoch's key was begun.
    pub(super) fn untried(&self, epoch: u64) -> u16 {
        let last = self.last.filter(|(of, _)| *of == epoch);
        last.map_or(0, |(_, attempt)| attempt.saturating_add(1))
    }

    /// Begins an attempt; what the last one had is forgotten.
    pub(super) fn begin(&mut self, table: Digest, epoch: u64, attempt: u16, roster: Roster) {
        self.last = Some((epoch, attempt));
        self.attempt = Some(Attempt::new(ceremony(table, epoch, attempt, roster)));
    }

    /// The attempt has its key.
    pub(super) fn finish(&mut self, first_roll: u64) -> Option<Arc<EpochKey>> {
        let Attempt {
            ceremony, dealings, ..
        } = self.attempt.take()?;
        let key = Arc::new(EpochKey::new(ceremony, dealings, first_roll));
        self.known.insert(key.ceremony.epoch(), Arc::clone(&key));
        Some(key)
    }

    /// Forgets the keys of epochs before this one: their rolls are settled.
    pub(super) fn retire_before(&mut self, epoch: u64) {
        self.known = self.known.split_off(&epoch);
    }

    /// Whether the key of an epoch has been used for as many rolls as one key is used for.
    pub(super) fn is_worn(&self, epoch: u64, roll: u64) -> bool {
        let key = self.known.get(&epoch);
        key.is_some_and(|key| roll >= key.first_roll.saturating_add(ROLLS_PER_KEY))
    }

    pub(super) fn read(reader: &mut Reader<'_>, table: Digest) -> Result<Self, DecodeError> {
        let mut known: BTreeMap<u64, Arc<EpochKey>> = BTreeMap::new();
        for _ in 0..reader.count_u8(KEYS_MAX, "keys")? {
            let first_roll = reader.u64()?;
            let (ceremony, dealings) = read_ceremony(reader, table)?;
            let epoch = ceremony.epoch();
            let follows = known.last_key_value().is_none_or(|(last, _)| *last < epoch);
            if !follows || dealings.len() != ceremony.threshold() {
                return Err(DecodeError::OutOfRange("keys"));
            }
            let key = EpochKey::new(ceremony, dealings, first_roll);
            known.insert(epoch, Arc::new(key));
        }
        let attempt = if reader.bool("attempt")? {
            let (ceremony, dealings) = read_ceremony(reader, table)?;
            Some(Attempt {
                ceremony,
                dealings,
                acknowledged: SeatSet::decode(reader)?,
                given_up: SeatSet::decode(reader)?,
            })
        } else {
            None
        };
        let last = if reader.bool("last attempt")? {
            Some((reader.u64()?, reader.u16()?))
        } else {
            None
        };
        Ok(Self {
            known,
            attempt,
            last,
        })
    }
}

impl Encode for Keys {
    fn encode(&self, writer: &mut Writer) {
        writer.count_u8(self.known.len());
        for key in self.known.values() {
            writer.u64(key.first_roll);
            write_ceremony(&key.ceremony, &key.dealings, writer);
        }
        writer.bool(self.attempt.is_some());
        if let Some(attempt) = &self.attempt {
            write_ceremony(&attempt.ceremony, &attempt.dealings, writer);
            attempt.acknowledged.encode(writer);
            attempt.given_up.encode(writer);
        }
        writer.bool(self.last.is_some());
        if let Some((epoch, attempt)) = self.last {
            writer.u64(epoch);
            writer.u16(attempt);
        }
    }
}

fn ceremony(table: Digest, epoch: u64, attempt: u16, roster: Roster) -> Ceremony {
    let threshold = Quorum::of(roster.len()).q;
    Ceremony::new(table, epoch, attempt, roster, threshold)
}

fn write_ceremony(ceremony: &Ceremony, dealings: &[Arc<CheckedDealing>], writer: &mut Writer) {
    writer.u64(ceremony.epoch());
    writer.u16(ceremony.attempt());
    ceremony.roster().encode(writer);
    writer.count_u8(dealings.len());
    for dealing in dealings {
        writer.u8(dealing.dealer().0);
        dealing.dealing().encode(writer);
    }
}

fn read_ceremony(
    reader: &mut Reader<'_>,
    table: Digest,
) -> Result<(Ceremony, Vec<Arc<CheckedDealing>>), DecodeError> {
    let (epoch, attempt) = (reader.u64()?, reader.u16()?);
    let ceremony = ceremony(table, epoch, attempt, Roster::decode(reader)?);
    let mut dealings: Vec<Arc<CheckedDealing>> = Vec::new();
    for _ in 0..reader.count_u8(SEATS_MAX, "dealings")? {
        let (dealer, dealing) = (Seat(reader.u8()?), Dealing::decode(reader)?);
        let again = dealings.iter().any(|known| known.dealer() == dealer);
        let checked = ceremony.check(dealer, dealing);
        match checked {
            Ok(checked) if !again && dealings.len() < ceremony.threshold() => {
                dealings.push(Arc::new(checked));
            }
            _ => return Err(DecodeError::OutOfRange("dealing")),
        }
    }
    Ok((ceremony, dealings))
}

/// A roll whose bets are closed and whose dice have not fallen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClosedRoll {
    /// Its number, from 1.
    pub roll: u64,
    /// The epoch of its slot, whose key it is thrown with.
    pub epoch: u64,
    /// Its slot s.
    pub sequence: u64,
    /// C_s.
    pub chain: Digest,
}

/// Which roll is open, or closed and waits for its dice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dice {
    pub(super) roll: u64,
    pub(super) closed: Option<ClosedRoll>,
}

impl Dice {
    pub(super) const fn first() -> Self {
        Self {
            roll: 1,
            closed: None,
        }
    }

    /// The number of the roll that is open or waits for its dice.
    #[must_use]
    pub const fn roll(&self) -> u64 {
        self.roll
    }

    /// Whether the bets of that roll are closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// The roll that waits for its dice.
    #[must_use]
    pub const fn closed(&self) -> Option<&ClosedRoll> {
        self.closed.as_ref()
    }
}

impl Encode for Dice {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.roll);
        writer.bool(self.closed.is_some());
        if let Some(closed) = &self.closed {
            writer.u64(closed.epoch);
            writer.u64(closed.sequence);
            closed.chain.encode(writer);
        }
    }
}

impl Decode for Dice {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let roll = reader.u64()?;
        let closed = if reader.bool("closed")? {
            Some(ClosedRoll {
                roll,
                epoch: reader.u64()?,
                sequence: reader.u64()?,
                chain: Digest::decode(reader)?,
            })
        } else {
            None
        };
        if roll == 0 {
            return Err(DecodeError::OutOfRange("roll"));
        }
        Ok(Self { roll, closed })
    }
}

impl super::Table {
    /// The key of an epoch, from when it is acknowledged until the epoch is over.
    #[must_use]
    pub fn key(&self, epoch: u64) -> Option<&EpochKey> {
        self.keys.known.get(&epoch).map(AsRef::as_ref)
    }

    /// The keys that are known, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = &EpochKey> {
        self.keys.known.values().map(AsRef::as_ref)
    }

    /// The ceremony that is under way.
    #[must_use]
    pub const fn attempt(&self) -> Option<&Attempt> {
        self.keys.attempt.as_ref()
    }

    /// Whether the dice have a key in the epoch of the next slot: before that nothing is played.
    #[must_use]
    pub fn has_key(&self) -> bool {
        let epoch = self.epoch_at(self.sequence.saturating_add(1)).number;
        self.keys.known.contains_key(&epoch)
    }

    /// What the closed roll is thrown from.
    #[must_use]
    pub fn roll_input(&self) -> Option<&RollInput> {
        let closed = self.dice.closed()?;
        let new = || {
            let table = self.genesis.digest();
            RollInput::new(&table, closed.epoch, closed.roll, &closed.chain)
        };
        Some(self.roll_input.get_or_init(new))
    }

    /// How many shares the closed roll takes; `None` while no roll is closed.
    #[must_use]
    pub fn closed_threshold(&self) -> Option<usize> {
        Some(self.key(self.dice.closed()?.epoch)?.coin().threshold())
    }

    /// Checks a share of the closed roll; `None` while no roll is closed.
    ///
    /// # Errors
    /// [`ShareError`].
    pub fn check_share(
        &self,
        checker: &Checker,
        share: &Share,
    ) -> Option<Result<CheckedShare, ShareError>> {
        let key = self.key(self.dice.closed()?.epoch)?;
        Some(key.coin().check(checker, self.roll_input()?, share))
    }
}
