//! A table played again from its genesis, believing nothing that is not signed.

use std::sync::Arc;

use super::flaw::Flaw;
use super::run::{RollShares, Run};
use crate::consensus::{
    Batch, Epoch, Numbers, Request, SignedBytes, SignedRequest, genesis_chain, next_chain,
};
use crate::crypto::{Checker, Context, Digest, Seat, Signed};
use crate::ledger::LedgerError;
use crate::table::{Genesis, Table};
use crate::wire::PROTOCOL_VERSION;

/// A table as of some slot, and what the next slots are checked against.
#[derive(Clone, Debug)]
pub struct Replay {
    table: Table,
    context: Context,
    numbers: Numbers,
    sequence: u64,
    chain: Digest,
}

/// The slots of a run, each with its C_s; the numbers and the chain after them.
type Checked = (Vec<(Digest, Batch)>, Numbers, Digest);

impl Replay {
    /// A table at its genesis.
    ///
    /// # Errors
    /// [`LedgerError`] if its rules issue more chips than there can be.
    pub fn new(genesis: Genesis) -> Result<Self, LedgerError> {
        let table = genesis.digest();
        Ok(Self {
            context: Context::of_table(PROTOCOL_VERSION, &table),
            numbers: Numbers::new(),
            sequence: 0,
            chain: genesis_chain(&table),
            table: Table::new(genesis)?,
        })
    }

    /// Goes on from a table whose slots were checked when they were delivered.
    pub(super) fn resume(table: Table, numbers: Numbers, chain: Digest) -> Self {
        Self {
            context: Context::of_table(PROTOCOL_VERSION, &table.genesis().digest()),
            numbers,
            sequence: table.sequence(),
            chain,
            table,
        }
    }

    /// Checks a run and plays it.
    ///
    /// # Errors
    /// The [`Flaw`]. Nothing of the run has been played then.
    pub fn apply(&mut self, run: &Run) -> Result<(), Flaw> {
        let (slots, numbers, chain) = self.check(run)?;
        let epoch = self.table.epoch_at(run.first).number;
        let mut table = self.table.clone();
        let slots = slots.iter().zip(&run.rolls);
        for (sequence, ((chain, batch), rolls)) in (run.first..).zip(slots) {
            // A quorum signs only within its own epoch.
            if table.epoch_at(sequence).number != epoch {
                return Err(Flaw::Certificate { epoch, sequence });
            }
            let requests = batch.iter().map(|r| (r.player(), r.number(), r.payload()));
            table.apply(sequence, *chain, requests);
            throw(&mut table, sequence, rolls)?;
            table.take_members_change();
        }
        self.table = table;
        self.numbers = numbers;
        self.chain = chain;
        self.sequence = run.last();
        Ok(())
    }

    /// Signatures, numbers and certificate, in the order of the file, so that the first thing that is wrong is named.
    fn check(&self, run: &Run) -> Result<Checked, Flaw> {
        let expected = self.sequence.saturating_add(1);
        if run.first != expected || run.batches.is_empty() {
            let given = run.first;
            return Err(Flaw::Gap { given, expected });
        }
        let epoch = self.table.epoch_at(run.first);
        let (mut numbers, mut chain) = (self.numbers.clone(), self.chain);
        let mut batches = Vec::with_capacity(run.batches.len());
        for (sequence, batch) in (run.first..).zip(&run.batches) {
            let batch = self.open(epoch, sequence, batch)?;
            let ordered = numbers.advance(batch.iter().map(AsRef::as_ref));
            ordered.ok_or(Flaw::Numbers { sequence })?;
            chain = next_chain(&chain, sequence, &batch);
            batches.push((chain, batch));
        }
        if !run.certificate(chain).verify(epoch) {
            return Err(Flaw::Certificate {
                epoch: epoch.number,
                sequence: run.last(),
            });
        }
        Ok((batches, numbers, chain))
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
            let key = epoch.roster.key(player).ok_or(flaw)?;
            let (statement, signature) = (&bytes.statement, bytes.signature);
            let signed = Signed::<Request>::open(statement, signature, &self.context, key);
            let signed = signed.map_err(|_| flaw)?;
            let digest = signed.digest(&self.context);
            Ok(Arc::new(SignedRequest { signed, digest }))
        };
        batch.iter().enumerate().map(open).collect()
    }

    /// The last slot played.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// C_s after it.
    #[must_use]
    pub const fn chain(&self) -> Digest {
        self.chain
    }

    /// The table after it.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
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

/// Throws the rolls that a slot closed, each with the shares that the history has for it.
fn throw(table: &mut Table, sequence: u64, rolls: &[RollShares]) -> Result<(), Flaw> {
    let mut rolls = rolls.iter();
    while table.dice().is_closed() {
        let roll = table.dice().roll();
        let flaw = Flaw::Dice { sequence, roll };
        let shares = rolls.next().ok_or(flaw)?;
        let check = |share| table.check_share(&Checker::default(), share)?.ok();
        let checked = shares.iter().map(check).collect::<Option<Vec<_>>>();
        let exactly = |checked: &Vec<_>| Some(checked.len()) == table.closed_threshold();
        let checked = checked.filter(exactly).ok_or(flaw)?;
        table.settle(&checked).ok_or(flaw)?;
    }
    let roll = table.dice().roll();
    match rolls.next() {
        None => Ok(()),
        Some(_) => Err(Flaw::Dice { sequence, roll }),
    }
}
