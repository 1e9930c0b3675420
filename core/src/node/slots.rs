//! Slots become effects: each is applied once every roll below it has its dice.

use super::coin::{Taken, Word};
use super::io::{Event, Output};
use super::{Class, Node};
use crate::consensus::{Batch, Lie, Record};
use crate::crypto::{Digest, SeatSet};
use crate::history::Throw;
use crate::mesh::LinkId;
use crate::table::{FalseShare, Operation, Table};
use crate::time::Instant;
use crate::wire::{Encode, Kind};

/// A decided slot.
#[derive(Debug)]
pub(super) struct DecidedSlot {
    pub(super) sequence: u64,
    pub(super) chain: Digest,
    pub(super) batch: Batch,
}

impl Node {
    /// A slot is decided. While a roll waits for its dice, it waits too.
    pub(super) fn deliver(&mut self, now: Instant, slot: DecidedSlot) {
        if self.table.dice().is_closed() {
            self.waiting_slots.push_back(slot);
        } else {
            self.apply_slot(now, slot);
        }
    }

    fn apply_slot(&mut self, now: Instant, slot: DecidedSlot) {
        let DecidedSlot {
            sequence,
            chain,
            batch,
        } = slot;
        self.stats.delivered += 1;
        let requests = batch.iter().map(|r| (r.player(), r.number(), r.payload()));
        let outcomes = self.table.apply(sequence, chain, requests);
        self.note_delivered(now, sequence, &batch);
        self.tell(Event::Delivered {
            sequence,
            chain,
            batch,
        });
        for outcome in outcomes {
            self.tell(Event::Happened { sequence, outcome });
        }
        self.finish_slot(now);
        self.waiting_since = None;
        if std::mem::take(&mut self.stalled) {
            self.tell(Event::Resumed);
        }
        self.watch_for_stall(now);
    }

    /// The slot is applied to its end: a slot whose roll still waits is not, so no checkpoint is taken between a close
    /// and its dice, and no epoch ends there.
    fn finish_slot(&mut self, now: Instant) {
        if self.table.dice().is_closed() {
            return;
        }
        let sequence = self.table.sequence();
        let state = self.replica.is_checkpoint(sequence);
        let state = state.then(|| self.table.to_bytes());
        let roster = self.table.take_members_change();
        self.replica.applied(now, sequence, roster, state);
    }

    /// Goes on from a certified state. It has the digest that a quorum signed, so it is a table of this genesis.
    pub(super) fn install(&mut self, sequence: u64, chain: Digest, application: &[u8]) {
        let table = Table::read(self.table.genesis().clone(), sequence, chain, application);
        debug_assert!(table.is_ok(), "a quorum signed a state that is none");
        if let Ok(table) = table {
            self.past.install(&self.table, sequence);
            self.table = table;
            self.waiting_slots.clear();
            self.tell(Event::Installed { sequence, chain });
        }
    }

    /// Sends what the dice need from this phone, and settles the roll that waits once it can be.
    pub(super) fn mind_the_dice(&mut self, now: Instant) {
        loop {
            match self.coin.follow(now, &self.table) {
                Some(Word::Began(own)) => {
                    if let Some(bytes) = own {
                        self.flood(now, Class::Vote, bytes, true, None);
                    }
                    for (link, bytes) in self.coin.take_early() {
                        self.on_share(now, link, &bytes);
                    }
                    // Slots above a close are decided, though nobody closes a roll before the one below is settled: this
                    // phone is catching up, and others have the shares.
                    if !self.waiting_slots.is_empty() {
                        self.coin.hurry(now);
                    }
                }
                Some(Word::Ask(ask, own)) => {
                    for bytes in own.into_iter().chain([ask]) {
                        self.send_to_neighbours(&bytes);
                    }
                }
                None => {}
            }
            if !self.settle_roll(now) {
                break;
            }
        }
        if let Some((roll, missing)) = self.coin.poll_waiting(now, &self.table) {
            self.tell(Event::WaitingForDice { roll, missing });
        }
    }

    fn settle_roll(&mut self, now: Instant) -> bool {
        let Some(shares) = self.coin.complete() else {
            return false;
        };
        let sequence = self.table.sequence();
        let Some(outcomes) = self.table.settle(&shares) else {
            return false;
        };
        let thrown = shares.iter().map(|checked| *checked.share()).collect();
        if let Some((roll, shares)) = self.coin.settled() {
            // Before anything that follows from the roll: whoever plays the slots again needs its shares.
            let record = Record::Roll {
                roll,
                shares: shares.clone(),
            };
            self.persist(record.to_bytes());
            self.past.throw(sequence, Throw::new(roll, thrown));
            self.tell(Event::DiceShown { roll, shares });
            self.note_thrown(now, roll);
        }
        for outcome in outcomes {
            self.tell(Event::Happened { sequence, outcome });
        }
        self.finish_slot(now);
        while !self.table.dice().is_closed()
            && let Some(slot) = self.waiting_slots.pop_front()
        {
            self.apply_slot(now, slot);
        }
        true
    }

    pub(super) fn persist(&mut self, record: Vec<u8>) {
        self.stats.persisted.0 += 1;
        self.stats.persisted.1 += record.len() as u64;
        self.outputs.push_back(Output::Persist(record));
    }

    fn send_to_neighbours(&mut self, bytes: &[u8]) {
        let links: Vec<LinkId> = self.neighbours.secured().collect();
        for link in links {
            self.mesh.send(link, Class::Control, bytes.to_vec());
        }
    }

    /// The low bytes of the roll that is not settled here, and whose shares of it are here.
    pub(super) fn coin_held(&self) -> (u16, SeatSet) {
        let [low, high, ..] = self.table.dice().roll().to_le_bytes();
        (u16::from_le_bytes([low, high]), self.coin.shares_held())
    }

    /// Takes in what somebody says about a roll.
    pub(super) fn on_dice_message(&mut self, now: Instant, link: LinkId, kind: Kind, bytes: &[u8]) {
        if kind == Kind::Share {
            return self.on_share(now, link, bytes);
        }
        let answer = self.coin.on_want(now, link, &self.table, bytes);
        self.count(answer.as_ref().map(|_| kind).map_err(|reason| *reason));
        for bytes in answer.unwrap_or_default() {
            self.mesh.send(link, Class::Control, bytes);
        }
    }

    fn on_share(&mut self, now: Instant, link: LinkId, bytes: &[u8]) {
        let taken = self.coin.on_share(link, &self.table, bytes);
        let counted = taken.as_ref().map(|_| Kind::Share);
        self.count(counted.map_err(|reason| *reason));
        match taken {
            Ok(Taken::Counts(signer)) => {
                self.flood(now, Class::Vote, bytes.to_vec(), false, Some(signer));
            }
            Ok(Taken::False(shown)) => self.caught_in_the_dice(now, shown),
            Err(reason) => self.weigh(now, link, reason),
        }
    }

    /// Somebody signed a false share. The proof is durable before it is handed in: it may have come to this phone alone.
    pub(super) fn caught_in_the_dice(&mut self, now: Instant, shown: Box<FalseShare>) {
        let (seat, lie) = (shown.share.signer, Lie::RollShare);
        let evidence = shown.to_bytes();
        let operation = Operation::FalseShare(shown);
        let record = Record::FalseShare {
            operation: operation.to_bytes(),
        };
        if self.duties.on_proof(now, seat, operation) {
            self.persist(record.to_bytes());
            self.tell(Event::Caught {
                seat,
                lie,
                evidence,
            });
        }
    }
}
