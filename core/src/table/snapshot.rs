//! The whole table as bytes: what checkpoints sign and what a phone that was away goes on from.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;

use super::genesis::Genesis;
use super::key::{Dice, Keys};
use super::members::Members;
use super::operation::Operation;
use super::shooter::Hand;
use super::state::Table;
use super::wishes::Wishes;
use crate::consensus::limits::{BATCH_MAX, PAYLOAD_MAX};
use crate::craps::Layout;
use crate::crypto::{Digest, SEATS_MAX, Seat, SeatSet};
use crate::ledger::Ledger;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

impl Encode for Table {
    /// Everything but the genesis and the slot, which its reader has.
    fn encode(&self, writer: &mut Writer) {
        self.members.encode(writer);
        self.ledger.encode(writer);
        self.layout.encode(writer);
        self.hand.encode(writer);
        self.dice.encode(writer);
        self.keys.encode(writer);
        self.idle
            .iter()
            .copied()
            .collect::<SeatSet>()
            .encode(writer);
        writer.u16(u16::try_from(self.deferred.len()).unwrap_or(u16::MAX));
        for (seat, number, operation) in &self.deferred {
            writer.u8(seat.0);
            writer.u64(*number);
            writer.bytes_u16(&operation.to_bytes());
        }
        self.wishes.encode(writer);
        self.signed.encode(writer);
        writer.count_u8(self.bought.len());
        for (seat, times) in &self.bought {
            writer.u8(seat.0);
            writer.u8(*times);
        }
    }
}

impl Table {
    /// Reads a table of this genesis as of a slot and its C_s.
    ///
    /// # Errors
    /// Whatever makes the bytes something else than the encoding of such a table.
    pub fn read(
        genesis: Genesis,
        sequence: u64,
        chain: Digest,
        bytes: &[u8],
    ) -> Result<Self, DecodeError> {
        let reader = &mut Reader::new(bytes);
        let table = genesis.digest();
        let members = Members::read(reader, table, genesis.roster.len())?;
        let seats = genesis.roster.len() + members.joined.len();
        let ledger = Ledger::decode(reader)?;
        let layout = Layout::read(reader, genesis.rules.craps, seats)?;
        let hand = Hand::decode(reader)?;
        let dice = Dice::decode(reader)?;
        let keys = Keys::read(reader, table)?;
        let idle: BTreeSet<Seat> = SeatSet::decode(reader)?.iter().collect();
        let deferred = read_deferred(reader)?;
        let wishes = Wishes::decode(reader)?;
        let signed = SeatSet::decode(reader)?;
        let bought = read_bought(reader)?;
        reader.clone().finish()?;
        let read = Self {
            sequence,
            chain,
            quorum: members.at(sequence).quorum,
            members,
            members_changed: false,
            ledger,
            layout,
            dice,
            keys,
            hand,
            idle,
            deferred,
            signed,
            bought,
            wishes,
            roll_input: OnceLock::new(),
            genesis,
        };
        if read.books_agree() && read.ledger.seats() == seats {
            Ok(read)
        } else {
            Err(DecodeError::OutOfRange("books"))
        }
    }

    /// Digest of the whole state: equal on two phones exactly if their tables are.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of("bitcraps/table/v1", &[&self.to_bytes()])
    }
}

fn read_bought(reader: &mut Reader<'_>) -> Result<BTreeMap<Seat, u8>, DecodeError> {
    let mut bought = BTreeMap::new();
    for _ in 0..reader.count_u8(SEATS_MAX, "bought")? {
        let (seat, times) = (Seat(reader.u8()?), reader.u8()?);
        let follows = bought.last_key_value().is_none_or(|(last, _)| *last < seat);
        if !follows || seat.index() >= SEATS_MAX || times == 0 {
            return Err(DecodeError::OutOfRange("bought"));
        }
        bought.insert(seat, times);
    }
    Ok(bought)
}

fn read_deferred(reader: &mut Reader<'_>) -> Result<VecDeque<(Seat, u64, Operation)>, DecodeError> {
    let count = usize::from(reader.u16()?);
    if count > BATCH_MAX {
        return Err(DecodeError::OutOfRange("deferred"));
    }
    let mut deferred = VecDeque::with_capacity(count);
    for _ in 0..count {
        let (seat, number) = (Seat(reader.u8()?), reader.u64()?);
        let bytes = reader.bytes_u16(PAYLOAD_MAX, "operation")?;
        deferred.push_back((seat, number, Operation::from_bytes(bytes)?));
    }
    Ok(deferred)
}
