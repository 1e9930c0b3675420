//! A node that goes on from its journal.

use super::config::OpenError;
use super::io::{Event, Output};
use super::{Node, Stats};
use crate::consensus::ReplayError;
use crate::time::Instant;

/// A journal says nothing about time.
const THEN: Instant = Instant(0);

impl Node {
    /// Takes the records in, through the same code that made them. There is no link yet, and what would be made durable
    /// is in the journal already, so of what comes out only what the player must know again is kept.
    pub(super) fn replay(&mut self, records: &[Vec<u8>]) -> Result<(), OpenError> {
        for (index, record) in records.iter().enumerate() {
            let failed = |error| OpenError::Journal {
                record: index,
                error,
            };
            self.replica.replay(record).map_err(failed)?;
            while let Some(action) = self.replica.poll_action() {
                self.carry_out(THEN, action);
            }
            if self.table.sequence() != self.replica.delivered().0 {
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
}
