//! What became of this phone's own commands: each ends in exactly one event.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use bitcraps_core::consensus::limits::REQUESTS_AHEAD_MAX;
use bitcraps_core::crypto::Seat;
use bitcraps_core::node;
use bitcraps_core::table::{Outcome, Table};

use crate::event::Event;

/// Most commands on their way. Half of what the others take in, because the phone itself makes requests too.
const COMMANDS_MAX: u64 = REQUESTS_AHEAD_MAX / 2;

/// Where a command is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Signed and on its way.
    Sent,
    /// Ordered in this slot; it may still wait for the open roll.
    Ordered(u64),
}

/// Commands without an answer, by number.
#[derive(Debug)]
pub(crate) struct Requests {
    seat: Seat,
    stages: BTreeMap<u64, Stage>,
    has_jumped: bool,
}

impl Requests {
    pub(crate) const fn new(seat: Seat) -> Self {
        Self {
            seat,
            stages: BTreeMap::new(),
            has_jumped: false,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.stages.len() as u64 >= COMMANDS_MAX
    }

    pub(crate) fn on_submitted(&mut self, number: u64) {
        self.stages.insert(number, Stage::Sent);
    }

    /// Takes note of what the core says; a refusal is told at once.
    pub(crate) fn on_event(&mut self, event: &node::Event) -> Option<Event> {
        match event {
            node::Event::Delivered {
                sequence, batch, ..
            } => {
                for request in batch.iter().filter(|request| request.player() == self.seat) {
                    if let Some(stage) = self.stages.get_mut(&request.number()) {
                        *stage = Stage::Ordered(*sequence);
                    }
                }
                None
            }
            node::Event::Installed { .. } => {
                self.has_jumped = true;
                None
            }
            node::Event::Happened {
                sequence,
                outcome:
                    Outcome::Rejected {
                        seat,
                        number,
                        reason,
                    },
            } if *seat == self.seat => {
                self.stages.remove(number)?;
                Some(Event::Rejected {
                    sequence: *sequence,
                    request: *number,
                    reason: reason.to_string(),
                })
            }
            _ => None,
        }
    }

    /// Everything that is settled now that all outcomes so far are told: what was ordered, not refused and does not
    /// wait any more has taken effect.
    pub(crate) fn settle(&mut self, table: &Table, next: u64) -> Vec<Event> {
        let mut events = Vec::new();
        let seat = self.seat;
        let has_jumped = std::mem::take(&mut self.has_jumped);
        self.stages.retain(|number, stage| match *stage {
            Stage::Ordered(_) if table.is_deferred(seat, *number) => true,
            Stage::Ordered(sequence) => {
                let request = *number;
                events.push(Event::Committed { sequence, request });
                false
            }
            // Ordered in a slot that this phone never saw.
            Stage::Sent if has_jumped && *number < next => {
                events.push(Event::Overtaken { request: *number });
                false
            }
            Stage::Sent => true,
        });
        events
    }
}
