//! A node that goes on from its journal.

use super::config::OpenError;
use super::io::{Event, Output};
use super::{Node, Stats};
use crate::consensus::{Record, ReplayError};
use crate::mesh::LinkId;
use crate::table::Operation;
use crate::time::Instant;
use crate::wire::Decode;

/// A journal says nothing about time.
const THEN: Instant = Instant(0);
/// A journal is no neighbour. Links are numbered by the shell, from 1.
const NO_LINK: LinkId = LinkId(0);

impl Node {
    /// Takes the records in, through the same code that made them. There is no link yet, and what would be made durable
    /// is in the journal already, so of what comes out only what the player must know again is kept.
    pub(super) fn replay(&mut self, records: &[Vec<u8>]) -> Result<(), OpenError> {
        for (index, record) in records.iter().enumerate() {
            let failed = |error| OpenError::Journal {
                record: index,
                error,
            };
            match Record::from_bytes(record) {
                Ok(Record::Roll { shares, .. }) => self.replay_roll(&shares),
                Ok(Record::FalseShare { operation }) => self.replay_proof(&operation),
                _ => self.replica.replay(record).map_err(failed)?,
            }
            while let Some(action) = self.replica.poll_action() {
                self.carry_out(THEN, action);
            }
            // Slots wait behind a roll whose shares come further down, or have not all come yet.
            let waiting = self.waiting_slots.len() as u64;
            if self.table.sequence() + waiting != self.replica.delivered().0 {
                return Err(failed(ReplayError::Misplaced("the state of a table")));
            }
        }
        self.replica.resume();
        let lasting = |output: &Output| {
            matches!(
                output,
                Output::Event(Event::Halted { .. } | Event::Caught { .. })
            )
        };
        self.outputs.retain(lasting);
        self.stats = Stats::default();
        self.waiting_since = None;
        self.stalled = false;
        if !records.is_empty() {
            let (sequence, chain) = self.replica.delivered();
            self.tell(Event::Restored { sequence, chain });
        }
        self.tell(Event::Standing(self.replica.standing()));
        Ok(())
    }

    /// A roll was settled with these shares. They are checked like any others; what does not fit the roll that waits
    /// leaves it waiting, and the others have its shares.
    fn replay_roll(&mut self, shares: &[Vec<u8>]) {
        self.mind_the_dice(THEN);
        for share in shares {
            // Counts nothing that was not counted when it came: the counters begin anew behind the journal.
            let _ = self.coin.on_share(NO_LINK, &self.table, share);
        }
        self.coin.link_down(NO_LINK);
        self.mind_the_dice(THEN);
    }

    /// Somebody was caught with a false share. That may be ordered by now, and then the table says so.
    fn replay_proof(&mut self, operation: &[u8]) {
        if let Ok(Operation::FalseShare(shown)) = Operation::from_bytes(operation) {
            self.caught_in_the_dice(THEN, shown);
        }
    }
}
