//! This phone's part of the dice: its secret shares, and the shares of others for the roll that waits.
//!
//! The one rule of release stands here: a share is made only for the roll that the table says is closed, and the table
//! closes a roll only when its slot and every slot below are decided and applied. Before that nobody, the primary
//! included, can have learnt anything of it (dice.md A2).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::consensus::Ignored;
use crate::crypto::{Checker, Identity, SEATS_MAX, Seat, SeatSet};
use crate::dice::{CheckedShare, RollInput, RollShare, SecretShare, ShareError, ShareMessage};
use crate::history::Throw;
use crate::mesh::LinkId;
use crate::table::{ClosedRoll, EpochKey, FalseShare, Table};
use crate::time::{Instant, earliest};
use crate::wire::{Decode, DecodeError, Encode, HEADER_BYTES, Header, Kind, Writer, widen_u16};

/// When shares are still missing after this long the neighbours are asked, and again each time twice as late.
const ASK_AFTER: Duration = Duration::from_secs(1);
/// At the latest after so long.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(16);
/// When the dice are still missing after this long the player is told for whom they wait.
const TELL_AFTER: Duration = Duration::from_secs(3);
/// How soon the same neighbour is answered again for the same roll.
const ANSWER_QUIET: Duration = Duration::from_millis(500);
/// Shares that came before their roll was closed here, for each link.
const EARLY_PER_LINK_MAX: usize = 2 * SEATS_MAX;
/// Of so many settled rolls the shares are kept for phones that are still behind: as many as slots can be.
const ROLLS_KEPT_MAX: usize = 200;

/// The roll that waits for its dice.
#[derive(Debug)]
struct Open {
    closed: ClosedRoll,
    input: RollInput,
    needed: usize,
    shares: BTreeMap<Seat, (CheckedShare, Vec<u8>)>,
    /// This phone's own share, as it travels.
    own: Option<Vec<u8>>,
    since: Instant,
    ask_at: Instant,
    pause: Duration,
    told: bool,
}

/// What came of a share that arrived.
pub(super) enum Taken {
    /// It counts; pass it on.
    Counts(Seat),
    /// It is signed and false.
    False(Box<FalseShare>),
}

/// What is to be sent for the roll that waits.
pub(super) enum Word {
    /// A roll began to wait: our share, if we have one, to everybody.
    Began(Option<Vec<u8>>),
    /// Whoever has shares of this roll may send them; our own once more.
    Ask(Vec<u8>, Option<Vec<u8>>),
}

#[derive(Debug)]
pub(super) struct Coin {
    seat: Seat,
    table_tag: u16,
    identity: Arc<Identity>,
    checker: Checker,
    /// Our share of each key that is in use; nothing where a dealing had a false one for us.
    secrets: BTreeMap<u64, Option<SecretShare>>,
    open: Option<Open>,
    early: BTreeMap<LinkId, VecDeque<(u64, Vec<u8>)>>,
    settled: BTreeMap<u64, Vec<Vec<u8>>>,
    answered: BTreeMap<LinkId, (Instant, u64)>,
}

impl Coin {
    pub(super) const fn new(
        seat: Seat,
        table_tag: u16,
        identity: Arc<Identity>,
        checker: Checker,
    ) -> Self {
        Self {
            seat,
            table_tag,
            identity,
            checker,
            secrets: BTreeMap::new(),
            open: None,
            early: BTreeMap::new(),
            settled: BTreeMap::new(),
            answered: BTreeMap::new(),
        }
    }

    /// Follows the table: learns our share of a new key, forgets those of keys that are not needed any more (a dropped
    /// share is zeroed), and notes which roll waits. Gives what is to be sent now.
    pub(super) fn follow(&mut self, now: Instant, table: &Table) -> Option<Word> {
        self.secrets.retain(|epoch, _| table.key(*epoch).is_some());
        for key in table.keys() {
            let epoch = key.ceremony().epoch();
            if !self.secrets.contains_key(&epoch) {
                let secret = self.open_key(key);
                self.secrets.insert(epoch, secret);
            }
        }
        let closed = table.dice().closed();
        if self.open.as_ref().map(|open| &open.closed) != closed {
            self.open = closed.and_then(|closed| self.begin(now, table, closed));
            let open = self.open.as_ref()?;
            return Some(Word::Began(open.own.clone()));
        }
        let open = self.open.as_mut()?;
        if open.ask_at > now || open.shares.len() >= open.needed {
            return None;
        }
        open.pause = open.pause.saturating_mul(2).min(ASK_AGAIN_MAX);
        open.ask_at = now.after(open.pause);
        let ask = want(self.table_tag, open.closed.roll);
        Some(Word::Ask(ask, open.own.clone()))
    }

    /// Somebody has settled the roll that waits: the neighbours are asked for its shares at the next chance.
    pub(super) fn hurry(&mut self, now: Instant) {
        if let Some(open) = &mut self.open {
            open.ask_at = now;
            open.pause = ASK_AFTER / 2;
        }
    }

    fn open_key(&self, key: &EpochKey) -> Option<SecretShare> {
        let ceremony = key.ceremony();
        if ceremony.roster().key(self.seat) != Some(&self.identity.public_key()) {
            return None;
        }
        let opened = key
            .dealings()
            .map(|dealing| ceremony.open(&self.identity, self.seat, dealing).ok());
        let opened = opened.collect::<Option<Vec<SecretShare>>>()?;
        Some(SecretShare::sum(opened.iter()))
    }

    fn begin(&mut self, now: Instant, table: &Table, closed: &ClosedRoll) -> Option<Open> {
        let input = table.roll_input()?.clone();
        let context = table.context_of(closed.epoch)?;
        let mut open = Open {
            closed: *closed,
            needed: table.key(closed.epoch)?.coin().threshold(),
            shares: BTreeMap::new(),
            own: None,
            since: now,
            ask_at: now.after(ASK_AFTER),
            pause: ASK_AFTER,
            told: false,
            input,
        };
        let secret = self.secrets.get(&closed.epoch).and_then(Option::as_ref);
        let coin = table.key(closed.epoch)?.coin();
        let own = secret.and_then(|secret| {
            let (checker, input) = (&self.checker, &open.input);
            coin.own(checker, self.seat, secret, input)
        });
        if let Some(checked) = own {
            let statement = RollShare {
                roll: closed.roll,
                chain: closed.chain,
                share: *checked.share(),
            };
            let signed = self.checker.sign(statement, &context, &self.identity);
            let (share, signature) = (statement.share, *signed.signature());
            let message = ShareMessage { share, signature };
            let bytes = message.to_wire(self.table_tag, closed.roll);
            open.own = Some(bytes.clone());
            open.shares.insert(self.seat, (checked, bytes));
        }
        Some(open)
    }

    /// The shares that came before their roll was closed, now that it is.
    pub(super) fn take_early(&mut self) -> Vec<(LinkId, Vec<u8>)> {
        let Some(roll) = self.open.as_ref().map(|open| open.closed.roll) else {
            return Vec::new();
        };
        let mut taken = Vec::new();
        for (link, held) in &mut self.early {
            held.retain(|(of, bytes)| {
                if *of == roll {
                    taken.push((*link, bytes.clone()));
                }
                *of > roll
            });
        }
        self.early.retain(|_, held| !held.is_empty());
        taken
    }

    /// Takes a share in.
    ///
    /// # Errors
    /// Why it had no effect.
    pub(super) fn on_share(
        &mut self,
        link: LinkId,
        table: &Table,
        bytes: &[u8],
    ) -> Result<Taken, Ignored> {
        let header = Header::from_bytes(bytes.get(..HEADER_BYTES).unwrap_or_default())?;
        let message = ShareMessage::from_bytes(bytes.get(HEADER_BYTES..).unwrap_or_default())?;
        if header.table != self.table_tag {
            return Err(Ignored::OtherTable);
        }
        let current = table.dice().roll();
        let roll = widen_u16(header.sequence, current);
        if message.to_wire(self.table_tag, roll) != bytes {
            return Err(Ignored::Malformed(DecodeError::OutOfRange("header")));
        }
        if roll < current {
            return Err(Ignored::Stale);
        }
        let open = self.open.as_mut().filter(|open| open.closed.roll == roll);
        let Some(open) = open else {
            return self.hold(link, current, roll, bytes);
        };
        if open.shares.contains_key(&message.share.signer) {
            return Err(Ignored::Duplicate);
        }
        if open.shares.len() >= open.needed {
            return Err(Ignored::Late);
        }
        Self::check(open, &self.checker, table, &message, bytes)
    }

    fn check(
        open: &mut Open,
        checker: &Checker,
        table: &Table,
        message: &ShareMessage,
        bytes: &[u8],
    ) -> Result<Taken, Ignored> {
        let ClosedRoll {
            roll, epoch, chain, ..
        } = open.closed;
        let (share, signer) = (message.share, message.share.signer);
        let roster = table.key(epoch).map(|key| key.ceremony().roster());
        let context = table.context_of(epoch).ok_or(Ignored::Stale)?;
        let roster = roster
            .filter(|roster| roster.key(signer).is_some())
            .ok_or(Ignored::NotSeated)?;
        let statement = RollShare { roll, chain, share }.to_bytes();
        let by = (roster, signer);
        checker
            .open::<RollShare>(&statement, message.signature, &context, by)
            .map_err(|_| Ignored::BadSignature)?;
        match table.check_share(checker, &share) {
            Some(Ok(checked)) => {
                open.shares.insert(signer, (checked, bytes.to_vec()));
                Ok(Taken::Counts(signer))
            }
            Some(Err(ShareError::Proof(_) | ShareError::Encoding(_))) => {
                Ok(Taken::False(Box::new(FalseShare {
                    epoch,
                    roll,
                    chain,
                    share,
                    signature: message.signature,
                })))
            }
            Some(Err(ShareError::Stranger(_))) | None => Err(Ignored::NotSeated),
        }
    }

    /// A share of a roll that is not closed here yet: only the next two can be under way anywhere.
    fn hold(
        &mut self,
        link: LinkId,
        current: u64,
        roll: u64,
        bytes: &[u8],
    ) -> Result<Taken, Ignored> {
        if roll > current.saturating_add(1) {
            return Err(Ignored::OutOfWindow);
        }
        let held = self.early.entry(link).or_default();
        if held.iter().any(|(_, known)| known == bytes) {
            return Err(Ignored::Duplicate);
        }
        if held.len() >= EARLY_PER_LINK_MAX {
            return Err(Ignored::Full);
        }
        held.push_back((roll, bytes.to_vec()));
        Err(Ignored::Held)
    }

    /// A neighbour lacks shares of a roll: what is known of it here.
    ///
    /// # Errors
    /// Why it is not answered.
    pub(super) fn on_want(
        &mut self,
        now: Instant,
        link: LinkId,
        table: &Table,
        bytes: &[u8],
    ) -> Result<Vec<Vec<u8>>, Ignored> {
        let header = Header::from_bytes(bytes)?;
        if header.table != self.table_tag {
            return Err(Ignored::OtherTable);
        }
        let roll = widen_u16(header.sequence, table.dice().roll());
        let last = self.answered.get(&link);
        if last.is_some_and(|(at, of)| *of == roll && now.since(*at) < ANSWER_QUIET) {
            return Err(Ignored::TooOften);
        }
        self.answered.insert(link, (now, roll));
        let open = self.open.as_ref().filter(|open| open.closed.roll == roll);
        let known = match open {
            Some(open) => open
                .shares
                .values()
                .map(|(_, bytes)| bytes.clone())
                .collect(),
            None => self.settled.get(&roll).cloned().unwrap_or_default(),
        };
        if known.is_empty() {
            Err(Ignored::Stale)
        } else {
            Ok(known)
        }
    }

    /// Whose shares of the roll that waits are here.
    pub(super) fn shares_held(&self) -> SeatSet {
        let open = self.open.iter();
        open.flat_map(|open| open.shares.keys().copied()).collect()
    }

    /// The shares that make the roll which waits, once there are enough.
    pub(super) fn complete(&self) -> Option<Vec<CheckedShare>> {
        let open = self.open.as_ref()?;
        let shares = open.shares.values().map(|(checked, _)| *checked);
        (open.shares.len() >= open.needed).then(|| shares.collect())
    }

    /// The shares that settled a roll, as they travel, and whose each is.
    pub(super) fn shares_of(&self, roll: u64) -> Vec<(Seat, Vec<u8>)> {
        let shares = self.settled.get(&roll).into_iter().flatten();
        let signer = |bytes: &[u8]| Some(Seat(*bytes.get(HEADER_BYTES)?));
        shares
            .filter_map(|bytes| Some((signer(bytes)?, bytes.clone())))
            .collect()
    }

    /// The roll is settled: its shares are kept for those who are behind. Gives them as they travel.
    pub(super) fn settled(&mut self) -> Option<(u64, Vec<Vec<u8>>)> {
        let open = self.open.take()?;
        let messages: Vec<Vec<u8>> = open.shares.into_values().map(|(_, bytes)| bytes).collect();
        let roll = open.closed.roll;
        self.settled.insert(roll, messages.clone());
        while self.settled.len() > ROLLS_KEPT_MAX {
            self.settled.pop_first();
        }
        Some((roll, messages))
    }

    /// What there is so far of the roll that waits.
    pub(super) fn open_throw(&self) -> Option<Throw> {
        let open = self.open.as_ref()?;
        let shares = open.shares.values().map(|(checked, _)| *checked.share());
        Some(Throw::new(open.closed.roll, shares.collect()))
    }

    /// For whom the roll waits, once that is worth telling.
    pub(super) fn poll_waiting(&mut self, now: Instant, table: &Table) -> Option<(u64, Vec<Seat>)> {
        let open = self.open.as_mut()?;
        if open.told || open.since.after(TELL_AFTER) > now {
            return None;
        }
        open.told = true;
        let members = table.key(open.closed.epoch)?.ceremony().roster().seats();
        let missing = members.filter(|seat| !open.shares.contains_key(seat));
        Some((open.closed.roll, missing.collect()))
    }

    pub(super) fn link_down(&mut self, link: LinkId) {
        self.early.remove(&link);
        self.answered.remove(&link);
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        let open = self.open.as_ref()?;
        let tell = (!open.told).then(|| open.since.after(TELL_AFTER));
        let asks = open.shares.len() < open.needed;
        earliest(asks.then_some(open.ask_at), tell)
    }

    /// How many keys this phone has a share of. Those of epochs that are over are erased.
    pub(super) fn key_shares(&self) -> usize {
        self.secrets.values().flatten().count()
    }

    /// How many shares are held for later.
    pub(super) fn held(&self) -> usize {
        self.early.values().map(VecDeque::len).sum()
    }
}

/// The question for the shares of a roll: a header.
fn want(table: u16, roll: u64) -> Vec<u8> {
    let [low, high, ..] = roll.to_le_bytes();
    let mut writer = Writer::new();
    Header {
        kind: Kind::ShareWant,
        table,
        view: 0,
        sequence: u16::from_le_bytes([low, high]),
    }
    .encode(&mut writer);
    writer.finish()
}
