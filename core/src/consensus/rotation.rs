//! Giving up a primary that is not silent: one that is always late, or that keeps a player's requests out.

use std::collections::BTreeMap;

use super::chain::Batch;
use super::limits::{BATCH_BYTES_MAX, BATCH_MAX};
use super::replica::Replica;
use crate::crypto::{Seat, SeatSet};
use crate::time::Instant;

/// Through so many slots a primary may leave out a request that it could have ordered.
const OMISSIONS_MAX: u8 = 4;

/// What the primary of this view has left out, and who has made use of that already.
#[derive(Default, Debug)]
pub(super) struct Omissions {
    /// By player and number: slots of this view that had room for the request.
    counts: BTreeMap<(u8, u64), u8>,
    /// Players that have caused a rotation since the last stable checkpoint. A player that hides its requests from the
    /// primary can do it once.
    spent: SeatSet,
}

impl Omissions {
    pub(super) fn begin_view(&mut self) {
        self.counts.clear();
    }

    pub(super) fn on_stable(&mut self) {
        self.spent = SeatSet::default();
    }
}

impl Replica {
    /// A slot of this view was delivered: whose request that is known here was left out, although there was room?
    /// `numbers` must not be advanced over anything but this slot yet.
    pub(super) fn note_omissions(&mut self, batch: &Batch) {
        let bytes: usize = batch.iter().map(|request| request.wire_size()).sum();
        let next: Vec<(u8, u64, usize)> = self
            .pool
            .next_of_all(self.chain.numbers())
            .map(|request| (request.player().0, request.number(), request.wire_size()))
            .collect();
        let known: Vec<(u8, u64)> = next
            .iter()
            .map(|(player, number, _)| (*player, *number))
            .collect();
        self.omissions.counts.retain(|name, _| known.contains(name));
        for (player, number, size) in next {
            if batch.len() < BATCH_MAX && bytes + size <= BATCH_BYTES_MAX {
                let count = self.omissions.counts.entry((player, number)).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    /// Gives the view up if its primary has been slow or has kept somebody out for too long.
    pub(super) fn mind_the_primary(&mut self, now: Instant) {
        if self.target.is_some() || self.epoch.primary(self.view) == self.seat {
            return;
        }
        let kept_out = self.omissions.counts.iter().find(|((player, _), count)| {
            // The first count may be of a slot that was proposed before the request came.
            **count > OMISSIONS_MAX && !self.omissions.spent.contains(Seat(*player))
        });
        if let Some(player) = kept_out.map(|((player, _), _)| *player) {
            self.omissions.spent.insert(Seat(player));
            self.leave_view(now, self.view.saturating_add(1));
        } else if self.timing.is_slow() {
            self.leave_view(now, self.view.saturating_add(1));
        } else if self.omissions.counts.values().any(|count| *count == 2) {
            // Perhaps it never reached the primary.
            self.send_waiting_again();
        }
    }
}
