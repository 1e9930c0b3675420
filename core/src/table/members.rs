//! Who sits at the table: epochs as the log has ordered them, and who left or was caught lying.

use std::collections::BTreeMap;

use super::outcome::{Outcome, Rejection};
use super::state::Table;
use crate::consensus::{Epoch, Evidence, Lie, limits};
use crate::crypto::{Context, Digest, PublicKey, Roster, SEATS_MAX, Seat, SeatSet};
use crate::wire::{Decode, DecodeError, Encode, PROTOCOL_VERSION, Reader, Writer};

/// How many epochs the table remembers: evidence from an older one is refused.
const EPOCHS_MAX: usize = 8 + limits::CHANGES_MAX;

/// How an unseated player is written where the lie of another may stand.
pub(super) const UNSEATED: u8 = 254;

/// Why a seat's player has no say any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    /// By its own signature; the stack is its player's.
    Left,
    /// The others wanted it; the stack is its player's.
    Unseated,
    /// Proven to have lied; the stack is frozen.
    Convicted(Lie),
}

/// The epochs, oldest first, and who is gone. The last epochs may lie ahead of the slot that was applied last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Members {
    table: Digest,
    epochs: Vec<Epoch>,
    gone: BTreeMap<Seat, Gone>,
    /// Whom q players want here, while there is no key with it.
    pub(super) candidate: Option<PublicKey>,
    /// Who was seated at the running table; the genesis has the others.
    pub(super) joined: BTreeMap<Seat, PublicKey>,
}

impl Members {
    pub(super) fn new(table: Digest, roster: Roster) -> Self {
        let first = Epoch::new(PROTOCOL_VERSION, &table, 0, 1, roster);
        Self {
            table,
            epochs: vec![first],
            gone: BTreeMap::new(),
            candidate: None,
            joined: BTreeMap::new(),
        }
    }

    /// The epoch of a slot.
    pub(super) fn at(&self, sequence: u64) -> &Epoch {
        let known = self.epochs.iter().rev();
        let mut known = known.filter(|epoch| epoch.first <= sequence);
        known.next().unwrap_or(&self.epochs[0])
    }

    /// An epoch by its number, if it is remembered.
    pub(super) fn numbered(&self, number: u64) -> Option<&Epoch> {
        self.epochs.iter().find(|epoch| epoch.number == number)
    }

    /// With everything that is ordered, in force or not.
    pub(super) fn latest(&self) -> &Epoch {
        self.epochs.last().unwrap_or(&self.epochs[0])
    }

    /// A change that is ordered at `sequence` holds from W + 1 slots later on.
    fn change(&mut self, sequence: u64, roster: Roster) {
        let first = sequence.saturating_add(limits::WINDOW + 1);
        let number = self.latest().number + 1;
        self.epochs.push(Epoch::new(
            PROTOCOL_VERSION,
            &self.table,
            number,
            first,
            roster,
        ));
        if self.epochs.len() > EPOCHS_MAX {
            self.epochs.remove(0);
        }
    }

    pub(super) fn read(
        reader: &mut Reader<'_>,
        table: Digest,
        genesis_seats: usize,
    ) -> Result<Self, DecodeError> {
        let epochs = read_epochs(reader, table)?;
        let gone = read_gone(reader)?;
        let candidate = if reader.bool("candidate")? {
            Some(read_key(reader)?)
        } else {
            None
        };
        let mut joined = BTreeMap::new();
        for at in 0..reader.count_u8(SEATS_MAX, "joined")? {
            let seat = genesis_seats + at;
            let seat = u8::try_from(seat).ok().filter(|_| seat < SEATS_MAX);
            let seat = seat.ok_or(DecodeError::OutOfRange("joined"))?;
            joined.insert(Seat(seat), read_key(reader)?);
        }
        Ok(Self {
            table,
            epochs,
            gone,
            candidate,
            joined,
        })
    }
}

impl Encode for Members {
    fn encode(&self, writer: &mut Writer) {
        writer.count_u8(self.epochs.len());
        for epoch in &self.epochs {
            writer.u64(epoch.number);
            writer.u64(epoch.first);
            epoch.roster.encode(writer);
        }
        writer.count_u8(self.gone.len());
        for (seat, why) in &self.gone {
            writer.u8(seat.0);
            writer.u8(match why {
                Gone::Left => 0,
                Gone::Unseated => UNSEATED,
                Gone::Convicted(lie) => *lie as u8,
            });
        }
        writer.bool(self.candidate.is_some());
        if let Some(key) = &self.candidate {
            writer.raw(&key.to_bytes());
        }
        writer.count_u8(self.joined.len());
        for key in self.joined.values() {
            writer.raw(&key.to_bytes());
        }
    }
}

fn read_epochs(reader: &mut Reader<'_>, table: Digest) -> Result<Vec<Epoch>, DecodeError> {
    let count = reader.count_u8(EPOCHS_MAX, "epochs")?;
    let mut epochs: Vec<Epoch> = Vec::with_capacity(count);
    for _ in 0..count {
        let (number, first) = (reader.u64()?, reader.u64()?);
        let roster = Roster::decode(reader)?;
        let follows = epochs
            .last()
            .is_none_or(|last| last.number + 1 == number && last.first < first);
        if !follows {
            return Err(DecodeError::OutOfRange("epochs"));
        }
        epochs.push(Epoch::new(PROTOCOL_VERSION, &table, number, first, roster));
    }
    if epochs.is_empty() {
        return Err(DecodeError::OutOfRange("epochs"));
    }
    Ok(epochs)
}

fn read_gone(reader: &mut Reader<'_>) -> Result<BTreeMap<Seat, Gone>, DecodeError> {
    let mut gone = BTreeMap::new();
    for _ in 0..reader.count_u8(SEATS_MAX, "gone")? {
        let seat = Seat(reader.u8()?);
        let why = match reader.u8()? {
            0 => Gone::Left,
            UNSEATED => Gone::Unseated,
            lie => Gone::Convicted(Lie::from_u8(lie).ok_or(DecodeError::OutOfRange("lie"))?),
        };
        let follows = gone.last_key_value().is_none_or(|(last, _)| *last < seat);
        if !follows || seat.index() >= SEATS_MAX {
            return Err(DecodeError::OutOfRange("gone"));
        }
        gone.insert(seat, why);
    }
    Ok(gone)
}

fn read_key(reader: &mut Reader<'_>) -> Result<PublicKey, DecodeError> {
    let key = PublicKey::from_bytes(&reader.array()?);
    key.map_err(|_| DecodeError::OutOfRange("key"))
}

impl Table {
    /// Why a seat's player has no say any more; `None` for everybody else.
    #[must_use]
    pub fn gone(&self, seat: Seat) -> Option<Gone> {
        self.members.gone.get(&seat).copied()
    }

    /// The members of the last epoch that has its key; a change is in force W + 1 slots after its own.
    #[must_use]
    pub fn members(&self) -> &Roster {
        &self.members.latest().roster
    }

    /// The epoch of a slot, as far as the slots applied so far say.
    #[must_use]
    pub fn epoch_at(&self, sequence: u64) -> &Epoch {
        self.members.at(sequence)
    }

    /// Whether a change of members is ordered and not in force yet.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        self.members.latest().first > self.sequence.saturating_add(1)
    }

    /// Somebody shows proof that a player lied.
    pub(super) fn convict(
        &mut self,
        by: Seat,
        evidence: &Evidence,
    ) -> Result<Vec<Outcome>, Rejection> {
        let (seat, lie) = (evidence.culprit, evidence.lie);
        let epoch = self.members.numbered(evidence.epoch);
        let epoch = epoch.ok_or(Rejection::OldEvidence)?;
        let context = Context::of_table(PROTOCOL_VERSION, &self.members.table);
        let same_key = self.key_of(seat) == epoch.roster.key(seat);
        if !same_key || !evidence.verify(epoch, &context) {
            return Err(Rejection::NoProof);
        }
        self.condemn(seat, lie, by)
    }

    /// A player is proven to have lied: its bets go to the bank, its stack is frozen, it has no say any more, and no
    /// vote once the others have a key without it.
    pub(super) fn condemn(
        &mut self,
        seat: Seat,
        lie: Lie,
        by: Seat,
    ) -> Result<Vec<Outcome>, Rejection> {
        if matches!(self.gone(seat), Some(Gone::Convicted(_))) {
            return Err(Rejection::KnownLiar { seat });
        }
        if self.key_of(seat).is_none() {
            // It has no seat yet, and gets none.
            return Ok(self.turn_down().into_iter().collect());
        }
        let forfeited = self.ledger.escrow(seat)?;
        self.layout.forfeit(seat);
        self.ledger.lose(seat, forfeited)?;
        let seized = self.seize(seat)?;
        self.take_out(seat, Gone::Convicted(lie));
        Ok(vec![Outcome::Convicted {
            seat,
            lie,
            by,
            forfeited,
            seized,
        }])
    }

    /// A player goes: bets that can come down do, and a bet that cannot keeps its player here.
    pub(super) fn leave(&mut self, seat: Seat) -> Result<Vec<Outcome>, Rejection> {
        if self
            .next_members()
            .without(SeatSet::from_iter([seat]))
            .is_err()
        {
            return Err(Rejection::LastTwo);
        }
        let mut after = self.clone();
        let mut outcomes = Vec::new();
        loop {
            let Some(kind) = after.layout.bets_of(seat).next().map(|(kind, _)| kind) else {
                break;
            };
            outcomes.extend(after.remove_bet(seat, kind)?);
        }
        outcomes.push(Outcome::Left { seat });
        after.take_out(seat, Gone::Left);
        *self = after;
        Ok(outcomes)
    }

    pub(super) fn take_out(&mut self, seat: Seat, why: Gone) {
        self.members.gone.insert(seat, why);
        self.hand.leave(seat, self.seats());
    }

    /// Others are members from W + 1 slots later on: their key is made.
    pub(super) fn change_members(&mut self, sequence: u64, roster: Roster) -> Outcome {
        self.members.change(sequence, roster);
        self.members_changed = true;
        let next = self.members.latest();
        Outcome::MembersChange {
            first: next.first,
            members: next.roster.seats().collect(),
            quorum: next.quorum.q,
        }
    }

    /// The roster that follows from the slot applied last, if that slot changed it.
    pub fn take_members_change(&mut self) -> Option<Roster> {
        let changed = std::mem::take(&mut self.members_changed);
        changed.then(|| self.members().clone())
    }
}
