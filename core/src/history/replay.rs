//! A table played again from its genesis, believing nothing that is not signed.

use std::collections::VecDeque;
use std::sync::Arc;

use super::flaw::Flaw;
use super::run::Run;
use super::throw::Throw;
use crate::consensus::{
    Batch, Epoch, Numbers, Request, SignedBytes, SignedRequest, genesis_chain, limits, next_chain,
};
use crate::crypto::{Checker, Context, Digest, Seat, SeatSet, Signed};
use crate::ledger::LedgerError;
use crate::table::{Genesis, SettlementSheet, Table};
use crate::wire::PROTOCOL_VERSION;

/// A decided slot, in the epoch that decided it.
#[derive(Clone, Debug)]
struct Slot {
    epoch: u64,
    sequence: u64,
    chain: Digest,
    batch: Batch,
}

/// A table as of some slot, and what the next slots are checked against.
#[derive(Clone, Debug)]
pub struct Replay {
    table: Table,
    context: Context,
    numbers: Numbers,
    sequence: u64,
    chain: Digest,
    /// Decided slots that wait for the dice of a roll below them.
    waiting: VecDeque<Slot>,
    /// Who has shown its share of that roll.
    shown: SeatSet,
}

impl Replay {
    /// A table at its genesis.
    ///
    /// # Errors
    /// [`LedgerError`] if its rules issue more chips than there can be.
    pub fn new(genesis: Genesis) -> Result<Self, LedgerError> {
        let chain = genesis_chain(&genesis.digest());
        Ok(Self::at(Table::new(genesis)?, Numbers::new(), chain))
    }

    /// Goes on from a table whose slots were checked when they were delivered.
    pub(super) fn at(table: Table, numbers: Numbers, chain: Digest) -> Self {
        Self {
            context: Context::of_table(PROTOCOL_VERSION, &table.genesis().digest()),
            numbers,
            sequence: table.sequence(),
            chain,
            waiting: VecDeque::new(),
            shown: SeatSet::default(),
            table,
        }
    }

    /// Checks a run and plays it, as far as its rolls have their dice.
    ///
    /// # Errors
    /// The [`Flaw`]. Nothing of the run has been played then.
    pub fn apply(&mut self, run: &Run) -> Result<(), Flaw> {
        let mut after = self.clone();
        after.decide(run)?;
        let mut throws = run.throws.iter();
        while let Some(slot) = after.next_slot() {
            after.play(slot, &mut throws)?;
        }
        if throws.next().is_some() {
            let roll = after.table.dice().roll();
            return Err(Flaw::Throw { roll });
        }
        *self = after;
        Ok(())
    }

    fn next_slot(&mut self) -> Option<Slot> {
        if self.table.dice().is_closed() {
            return None;
        }
        self.waiting.pop_front()
    }

    /// Plays a slot, and every roll that it closes.
    fn play<'a>(
        &mut self,
        slot: Slot,
        throws: &mut impl Iterator<Item = &'a Throw>,
    ) -> Result<(), Flaw> {
        let Slot {
            epoch,
            sequence,
            chain,
            batch,
        } = slot;
        // A quorum signs only within its own epoch.
        if self.table.epoch_at(sequence).number != epoch {
            return Err(Flaw::Certificate { epoch, sequence });
        }
        let requests = batch.iter().map(|r| (r.player(), r.number(), r.payload()));
        self.table.apply(sequence, chain, requests);
        while self.table.dice().is_closed()
            && let Some(throw) = throws.next()
        {
            self.throw(throw)?;
        }
        self.table.take_members_change();
        Ok(())
    }

    /// Checks shares of the closed roll; with q of them it is settled.
    fn throw(&mut self, throw: &Throw) -> Result<(), Flaw> {
        let roll = self.table.dice().roll();
        let flaw = Flaw::Throw { roll };
        let needed = self.table.closed_threshold().ok_or(flaw)?;
        // Fewer than q shares are those of a roll that waits still: nothing can come after them.
        let count = throw.shares.len();
        if throw.roll != roll || !self.shown.is_empty() || count == 0 || count > needed {
            return Err(flaw);
        }
        let mut checked = Vec::with_capacity(throw.shares.len());
        for share in &throw.shares {
            let share = self.table.check_share(&Checker::default(), share);
            checked.push(share.and_then(Result::ok).ok_or(flaw)?);
        }
        if count < needed {
            self.shown = throw.shares.iter().map(|share| share.signer).collect();
            return Ok(());
        }
        self.table.settle(&checked).map(|_| ()).ok_or(flaw)
    }

    /// Signatures, numbers and certificate, in the order of the file, so that the first thing that is wrong is named.
    fn decide(&mut self, run: &Run) -> Result<(), Flaw> {
        let expected = self.sequence.saturating_add(1);
        // Nobody votes further above what is applied than this.
        let end = self.table.sequence().saturating_add(limits::WINDOW);
        let waits = self.table.dice().is_closed();
        if run.first != expected || run.batches.is_empty() || (waits && run.last() > end) {
            let given = run.first;
            return Err(Flaw::Gap { given, expected });
        }
        let epoch = self.table.epoch_at(run.first).clone();
        for (sequence, batch) in (run.first..).zip(&run.batches) {
            let batch = self.open(&epoch, sequence, batch)?;
            let ordered = self.numbers.advance(batch.iter().map(AsRef::as_ref));
            ordered.ok_or(Flaw::Numbers { sequence })?;
            self.chain = next_chain(&self.chain, sequence, &batch);
            self.waiting.push_back(Slot {
                epoch: epoch.number,
                sequence,
                chain: self.chain,
                batch,
            });
        }
        self.sequence = run.last();
        let certificate = Flaw::Certificate {
            epoch: epoch.number,
            sequence: run.last(),
        };
        if run.certificate(self.chain).verify(&epoch) {
            Ok(())
        } else {
            Err(certificate)
        }
    }

    fn open(&self, epoch: &Epoch, sequence: u64, batch: &[SignedBytes]) -> Result<Batch, Flaw> {
        let open = |(index, bytes): (usize, &SignedBytes)| {
            // The player's seat comes first in the statement.
            let player = Seat(bytes.statement.first().copied().unwrap_or(u8::MAX));
            let flaw = Flaw::Request {
                sequence,
                index,
                player,
            };
            let (statement, signature) = (&bytes.statement, bytes.signature);
            let signed = epoch.open::<Request>(player, statement, signature, &self.context);
            let signed: Signed<Request> = signed.ok_or(flaw)?;
            let digest = signed.digest(&self.context);
            Ok(Arc::new(SignedRequest { signed, digest }))
        };
        batch.iter().enumerate().map(open).collect()
    }

    /// The last slot decided.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// C_s after it.
    #[must_use]
    pub const fn chain(&self) -> Digest {
        self.chain
    }

    /// The table after it, or after the slot that closed a roll which waits.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// The settlement sheet of that table.
    #[must_use]
    pub fn sheet(&self) -> SettlementSheet {
        self.table.sheet(self.shown)
    }

    /// What players' and closing statements cover.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// The epoch of the next slot.
    #[must_use]
    pub fn next_epoch(&self) -> &Epoch {
        self.table.epoch_at(self.sequence.saturating_add(1))
    }
}
