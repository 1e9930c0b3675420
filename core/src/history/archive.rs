//! What a phone keeps for its history: every delivered slot with its certificate, and how a hole in it is filled.
//!
//! The kept part always reaches from slot 1 to some slot without a hole. A phone that goes on from a certified state,
//! or from its journal, has a gap above that: it replays what its neighbours send for it, and only what checks is kept.

use std::collections::VecDeque;

use super::closing::Closing;
use super::flaw::Flaw;
use super::format::HistoryWriter;
use super::replay::Replay;
use super::run::Run;
use super::throw::{Throw, write_throws};
use crate::consensus::{Batch, Certificate, Epoch, Numbers, genesis_chain};
use crate::crypto::{Context, Digest, Identity, Seat};
use crate::ledger::LedgerError;
use crate::table::{Genesis, Table};
use crate::wire::{Decode, Encode, PROTOCOL_VERSION, Writer};

/// Most slots that a phone keeps for its history. What comes after is played and not exported.
pub const ARCHIVE_SLOTS_MAX: u64 = 65_536;
/// Most bytes that a phone keeps for its history.
pub const ARCHIVE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How many bytes of runs one answer carries before it ends.
const ANSWER_BYTES: usize = 16 * 1024;
/// Most runs in one answer.
pub const ANSWER_RUNS_MAX: usize = 16;

/// A run as it is written.
#[derive(Clone, Debug)]
struct Kept {
    first: u64,
    last: u64,
    /// Slots and certificate.
    bytes: Vec<u8>,
    throws: Vec<Throw>,
}

impl Kept {
    /// The run as it is written, with what there is so far of a roll that waits.
    fn written(&self, open: Option<&Throw>) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.raw(&self.bytes);
        let throws: Vec<Throw> = self.throws.iter().chain(open).cloned().collect();
        write_throws(&throws, &mut writer);
        writer.finish()
    }
}

/// What is missing between the kept part and what this phone delivers.
#[derive(Debug)]
struct Gap {
    replay: Replay,
    /// The slot that the phone went on from.
    until: u64,
    /// Runs that were delivered here since.
    above: VecDeque<Run>,
    above_bytes: usize,
    /// What was delivered here does not follow from what was fetched: the table forked in between.
    contradicted: bool,
}

/// The slots that a phone can prove, from the first one on.
#[derive(Debug)]
pub struct Archive {
    genesis: Genesis,
    kept: Vec<Kept>,
    bytes: usize,
    /// The epochs of the kept slots, but the first.
    epochs: Vec<Epoch>,
    /// The last slot kept, and C_s.
    complete: (u64, Digest),
    /// Delivered slots whose certificate is still to come.
    open: Vec<Batch>,
    gap: Option<Gap>,
    full: bool,
}

impl Archive {
    /// For a phone at the genesis.
    #[must_use]
    pub fn new(genesis: Genesis) -> Self {
        Self {
            complete: (0, genesis_chain(&genesis.digest())),
            genesis,
            kept: Vec::new(),
            bytes: 0,
            epochs: Vec::new(),
            open: Vec::new(),
            gap: None,
            full: false,
        }
    }

    /// For a phone that starts at a later slot and has kept nothing.
    ///
    /// # Errors
    /// [`LedgerError`] if the genesis is no table.
    pub fn behind(genesis: Genesis, until: u64) -> Result<Self, LedgerError> {
        let replay = Replay::new(genesis.clone())?;
        let mut archive = Self::new(genesis);
        archive.gap = Some(Gap::new(replay, until));
        Ok(archive)
    }

    /// A slot is delivered, in this epoch, and perhaps the certificate that it and the slots below it were decided by.
    pub fn deliver(
        &mut self,
        sequence: u64,
        chain: Digest,
        batch: &Batch,
        certificate: Option<&Certificate>,
        epoch: &Epoch,
    ) {
        // Fetched already, as the end of a run that reached further than the gap.
        if self.full || (self.gap.is_none() && sequence <= self.complete.0) {
            return;
        }
        self.open.push(batch.clone());
        let Some(certificate) = certificate else {
            return;
        };
        let open = std::mem::take(&mut self.open);
        let first = (sequence + 1).saturating_sub(open.len() as u64);
        let run = Run::of(first, &open, certificate);
        if let Some(gap) = &mut self.gap {
            gap.above_bytes += run.to_bytes().len();
            gap.above.push_back(run);
            self.full = self.bytes + gap.above_bytes > ARCHIVE_BYTES_MAX;
        } else {
            self.keep(&run, chain, epoch);
        }
    }

    /// A roll that was closed in this slot is settled, with these shares.
    pub fn throw(&mut self, sequence: u64, throw: Throw) {
        let size = throw.to_bytes().len();
        if let Some(gap) = &mut self.gap
            && let Some(run) = gap.above.iter_mut().find(|run| run.last() >= sequence)
        {
            gap.above_bytes += size;
            run.throws.push(throw);
            return;
        }
        let at = self.kept.partition_point(|run| run.last < sequence);
        if let Some(run) = self.kept.get_mut(at).filter(|run| run.first <= sequence) {
            self.bytes += size;
            // A neighbour's run may have brought it already.
            if run.throws.iter().all(|known| known.roll != throw.roll) {
                run.throws.push(throw);
            }
        }
    }

    /// The phone goes on from a certified state at `sequence`; `before` is the table that it had until then.
    pub fn install(&mut self, before: &Table, sequence: u64) {
        self.open.clear();
        if let Some(gap) = &mut self.gap {
            gap.until = gap.until.max(sequence);
        } else if !self.full && sequence > self.complete.0 {
            let replay = match before.dice().closed() {
                None => Some(Replay::at(before.clone(), self.numbers(), self.complete.1)),
                Some(closed) => self.replay_before(closed.sequence),
            };
            self.gap = replay.map(|replay| Gap::new(replay, sequence));
            self.full = self.gap.is_none();
        }
    }

    /// A roll waited for its dice when this phone fell behind. They fell while it was away, so the run with the close is
    /// fetched once more, and everything before it is played again.
    fn replay_before(&mut self, sequence: u64) -> Option<Replay> {
        let at = self.kept.partition_point(|run| run.last < sequence);
        self.kept.truncate(at);
        self.bytes = self.kept.iter().map(|run| run.bytes.len()).sum();
        let mut replay = Replay::new(self.genesis.clone()).ok()?;
        for kept in &self.kept {
            let run = Run::from_bytes(&kept.written(None)).ok()?;
            replay.apply(&run).ok()?;
        }
        self.complete = (replay.sequence(), replay.chain());
        self.epochs.retain(|epoch| epoch.first <= replay.sequence());
        Some(replay)
    }

    /// The first slot that is missing, if one is.
    #[must_use]
    pub fn wanted(&self) -> Option<u64> {
        let gap = self.gap.as_ref().filter(|gap| !gap.contradicted);
        gap.filter(|_| !self.full)
            .map(|gap| gap.replay.sequence() + 1)
    }

    /// Takes a run that a neighbour sent for the gap.
    ///
    /// # Errors
    /// Why it fills nothing.
    pub fn fill(&mut self, run: Run) -> Result<(), Flaw> {
        let (given, expected) = (run.first, self.complete.0 + 1);
        if self.wanted().is_none() {
            return Err(Flaw::Gap { given, expected });
        }
        self.fill_one(run)?;
        self.close_gap();
        Ok(())
    }

    /// The runs from a slot on, as they are written, for a neighbour that lacks them.
    #[must_use]
    pub fn runs_from(&self, first: u64) -> Vec<Vec<u8>> {
        let at = self.kept.partition_point(|run| run.last < first);
        let mut bytes = 0;
        let runs = self.kept[at..].iter().take(ANSWER_RUNS_MAX);
        runs.map(|run| run.written(None))
            .take_while(|run| {
                let begin = bytes;
                bytes += run.len();
                begin == 0 || bytes <= ANSWER_BYTES
            })
            .collect()
    }

    /// The whole history as a file, for a phone that has delivered up to `delivered` and applied what its table has; `open`
    /// is what there is of a roll that waits. It ends with the closing statement of `closer` if there is one and nothing is
    /// missing; otherwise it is a history that is true as far as it goes.
    #[must_use]
    pub fn export(
        &self,
        table: &Table,
        delivered: u64,
        open: Option<Throw>,
        closer: Option<(Seat, &Identity)>,
    ) -> Vec<u8> {
        let open = open.filter(|open| !open.shares.is_empty());
        let closed = table.dice().closed().map(|closed| closed.sequence);
        let mut writer = HistoryWriter::begin(&self.genesis);
        let mut epochs = self.epochs.iter().peekable();
        for run in &self.kept {
            if let Some(epoch) = epochs.next_if(|epoch| epoch.first <= run.first) {
                writer.epoch(epoch);
            }
            let waits = closed.is_some_and(|at| run.first <= at && at <= run.last);
            writer.run(&run.written(open.as_ref().filter(|_| waits)));
        }
        let is_whole = self.complete.0 == delivered && self.open.is_empty() && self.gap.is_none();
        if let Some((seat, identity)) = closer.filter(|_| is_whole) {
            let shown = open.iter().flat_map(|open| &open.shares);
            let sheet = table.sheet(shown.map(|share| share.signer).collect());
            let context = Context::of_table(PROTOCOL_VERSION, &self.genesis.digest());
            let closing = Closing::of(seat, self.complete, table, &sheet);
            writer.closing(&sheet, closing, &context, identity);
        }
        writer.finish()
    }

    /// The last slot that the history reaches.
    #[must_use]
    pub const fn complete(&self) -> u64 {
        self.complete.0
    }

    /// Whether the table has outgrown what a phone keeps.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.full
    }

    fn keep(&mut self, run: &Run, chain: Digest, epoch: &Epoch) {
        let (mut writer, last) = (Writer::new(), run.last());
        run.encode_slots(&mut writer);
        let bytes = writer.finish();
        if last > ARCHIVE_SLOTS_MAX || self.bytes + bytes.len() > ARCHIVE_BYTES_MAX {
            self.full = true;
            return;
        }
        let known = self.epochs.last().map_or(0, |last| last.number);
        if epoch.number > known {
            self.epochs.push(epoch.clone());
        }
        self.bytes += bytes.len();
        self.complete = (last, chain);
        self.kept.push(Kept {
            first: run.first,
            last,
            bytes,
            throws: run.throws.clone(),
        });
    }

    fn fill_one(&mut self, mut run: Run) -> Result<(), Flaw> {
        let Some(gap) = &mut self.gap else {
            return Ok(());
        };
        let (given, expected) = (run.first, gap.replay.sequence() + 1);
        // A neighbour's certificates may end elsewhere: what is here already is cut off.
        let known = usize::try_from(expected.saturating_sub(given)).unwrap_or(usize::MAX);
        if known >= run.batches.len() {
            return Err(Flaw::Gap { given, expected });
        }
        run.batches.drain(..known);
        run.first = given.saturating_add(known as u64);
        let roll = gap.replay.table().dice().roll();
        run.throws.retain(|throw| throw.roll >= roll);
        let epoch = gap.replay.next_epoch().clone();
        gap.replay.apply(&run)?;
        let chain = gap.replay.chain();
        self.keep(&run, chain, &epoch);
        Ok(())
    }

    /// Goes on over what was delivered here in the meantime; without a hole left there is no gap any more.
    fn close_gap(&mut self) {
        while let Some(gap) = &mut self.gap {
            let next = gap.replay.sequence() + 1;
            let Some(run) = gap.above.front().filter(|run| run.first <= next).cloned() else {
                if gap.above.is_empty() && next > gap.until {
                    self.gap = None;
                }
                return;
            };
            gap.above.pop_front();
            let covered = run.last() < next;
            if !covered && self.fill_one(run).is_err() {
                if let Some(gap) = &mut self.gap {
                    gap.contradicted = true;
                }
                return;
            }
        }
    }

    /// Everybody's request numbers after the kept part. Read from it: this is needed once for a gap.
    fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::new();
        for run in self
            .kept
            .iter()
            .filter_map(|run| Run::from_bytes(&run.written(None)).ok())
        {
            for request in run.batches.iter().flatten() {
                numbers.note(&request.statement);
            }
        }
        numbers
    }
}

impl Gap {
    const fn new(replay: Replay, until: u64) -> Self {
        Self {
            replay,
            until,
            above: VecDeque::new(),
            above_bytes: 0,
            contradicted: false,
        }
    }
}
