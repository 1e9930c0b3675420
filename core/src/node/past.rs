//! The history of this phone: kept slot by slot, filled by neighbours where slots were missed, exported as a file.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Node;
use super::io::Event;
use crate::consensus::{Batch, Certificate, Ignored};
use crate::crypto::Digest;
use crate::history::{Archive, HistoryRuns, HistoryWant, Throw};
use crate::mesh::{Class, LinkId};
use crate::table::Table;
use crate::time::Instant;
use crate::wire::{Decode, Encode, Kind};

/// How long one neighbour gets to answer before the next is asked.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
/// How soon it is tried again when nobody had what is missing.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// How soon the same neighbour is answered again.
const ANSWER_QUIET: Duration = Duration::from_millis(250);

/// The archive, and whom it is being filled from.
#[derive(Debug)]
pub(super) struct Past {
    archive: Archive,
    /// Who was asked last, and when that is given up.
    asked: Option<(LinkId, Instant)>,
    /// The last one asked: the next question goes to the link after it.
    last: LinkId,
    /// How many were asked in a row without a slot coming of it.
    fruitless: usize,
    /// Nobody is asked before.
    not_before: Instant,
    /// When each link was answered last.
    answered: BTreeMap<LinkId, Instant>,
    /// Whether the player was told that the table has outgrown the archive.
    told_full: bool,
}

impl Past {
    pub(super) const fn new(archive: Archive) -> Self {
        Self {
            archive,
            asked: None,
            last: LinkId(0),
            fruitless: 0,
            not_before: Instant(0),
            answered: BTreeMap::new(),
            told_full: false,
        }
    }

    pub(super) fn link_down(&mut self, link: LinkId) {
        self.answered.remove(&link);
        if self.asked.is_some_and(|(asked, _)| asked == link) {
            self.asked = None;
        }
    }

    pub(super) fn install(&mut self, before: &Table, sequence: u64) {
        self.archive.install(before, sequence);
    }

    /// A roll that was closed in this slot is settled.
    pub(super) fn throw(&mut self, sequence: u64, throw: Throw) {
        self.archive.throw(sequence, throw);
    }

    /// When the next question is due, if something is missing and there is somebody to ask.
    pub(super) fn next_wake(&self, has_neighbours: bool) -> Option<Instant> {
        self.archive.wanted().filter(|_| has_neighbours)?;
        let deadline = self.asked.map(|(_, deadline)| deadline);
        Some(deadline.unwrap_or(self.not_before))
    }

    /// Whom to ask for which slot now.
    fn poll_question(
        &mut self,
        now: Instant,
        links: impl Iterator<Item = LinkId> + Clone,
    ) -> Option<(LinkId, u64)> {
        let first = self.archive.wanted()?;
        if self.asked.is_some_and(|(_, deadline)| deadline <= now) {
            self.asked = None;
        }
        let count = links.clone().count();
        if self.asked.is_some() || self.not_before > now || count == 0 {
            return None;
        }
        if self.fruitless >= count {
            self.fruitless = 0;
            self.not_before = now.after(TRY_AGAIN);
            return None;
        }
        let after = links.clone().find(|link| *link > self.last);
        let link = after.or_else(|| links.clone().next())?;
        self.last = link;
        self.fruitless += 1;
        self.asked = Some((link, now.after(ANSWER_TIMEOUT)));
        Some((link, first))
    }
}

impl Node {
    /// This phone's history as a file: see [`crate::history::verify_history`] and `core/docs/history-format.md`.
    ///
    /// It ends with this phone's signed closing statement, unless slots are missing still, or there were more of them
    /// than a phone keeps, or the table forked; then it is a history that is true as far as it goes.
    #[must_use]
    pub fn export_history(&self) -> Vec<u8> {
        let archive = &self.past.archive;
        let open = self.coin.open_throw();
        let (delivered, _) = self.replica.delivered();
        // Of a table that forked no branch is the final one.
        let closer = (self.replica.seat(), &*self.identity);
        let closer = Some(closer).filter(|_| !self.replica.is_halted());
        archive.export(&self.table, delivered, open, closer)
    }

    /// The last slot up to which this phone can prove its history.
    #[must_use]
    pub const fn history_reaches(&self) -> u64 {
        self.past.archive.complete()
    }

    /// Keeps a delivered slot.
    pub(super) fn keep(
        &mut self,
        sequence: u64,
        chain: Digest,
        batch: &Batch,
        certificate: Option<&Certificate>,
    ) {
        let epoch = self.table.epoch_at(sequence);
        let past = &mut self.past;
        past.archive
            .deliver(sequence, chain, batch, certificate, epoch);
        if past.archive.is_full() && !past.told_full {
            past.told_full = true;
            let complete = past.archive.complete();
            self.tell(Event::HistoryFull { complete });
        }
    }

    /// Asks a neighbour for what this phone's history lacks.
    pub(super) fn fill_history(&mut self, now: Instant) {
        if self.past.archive.wanted().is_none() {
            return;
        }
        let links: Vec<LinkId> = self.neighbours.secured().collect();
        if let Some((link, first)) = self.past.poll_question(now, links.iter().copied()) {
            let table = self.table_tag();
            let bytes = HistoryWant { table, first }.to_bytes();
            self.mesh.send(link, Class::Control, bytes);
        }
    }

    /// Takes a message about histories; `None` if it is about something else.
    pub(super) fn on_history(
        &mut self,
        now: Instant,
        link: LinkId,
        message: &[u8],
    ) -> Option<Result<Kind, Ignored>> {
        let kind = message.first().and_then(|byte| Kind::from_u8(*byte));
        Some(match kind? {
            Kind::HistoryWant => self.on_history_want(now, link, message),
            Kind::HistoryRuns => self.on_history_runs(now, link, message),
            _ => return None,
        })
    }

    fn on_history_want(
        &mut self,
        now: Instant,
        link: LinkId,
        message: &[u8],
    ) -> Result<Kind, Ignored> {
        let want = HistoryWant::from_bytes(message)?;
        if want.table != self.table_tag() {
            return Err(Ignored::OtherTable);
        }
        let answered = self.past.answered.get(&link);
        let recent = answered.is_some_and(|at| now.since(*at) < ANSWER_QUIET);
        if recent || self.mesh.backlog(link) > super::links::ANSWER_BACKLOG_MAX {
            return Err(Ignored::TooOften);
        }
        self.past.answered.insert(link, now);
        let runs = self.past.archive.runs_from(want.first);
        let bytes = HistoryRuns::write(want.table, want.first, &runs);
        self.mesh.send(link, Class::Bulk, bytes);
        Ok(Kind::HistoryWant)
    }

    fn on_history_runs(
        &mut self,
        now: Instant,
        link: LinkId,
        message: &[u8],
    ) -> Result<Kind, Ignored> {
        if self.past.asked.is_none_or(|(asked, _)| asked != link) {
            return Err(Ignored::Unclaimed);
        }
        let answer = HistoryRuns::from_bytes(message);
        let tag = self.table_tag();
        let past = &mut self.past;
        // Whatever it brought, this neighbour has had its turn.
        past.asked = None;
        let answer = answer?;
        if answer.table != tag {
            return Err(Ignored::OtherTable);
        }
        let before = past.archive.complete();
        let refused = answer
            .runs
            .into_iter()
            .find_map(|run| past.archive.fill(run).err());
        if past.archive.complete() == before {
            return Err(if refused.is_some() {
                Ignored::BadSignature
            } else {
                Ignored::Stale
            });
        }
        past.fruitless = 0;
        past.last = LinkId(link.0.saturating_sub(1));
        past.not_before = now.after(ANSWER_QUIET);
        Ok(Kind::HistoryRuns)
    }
}
