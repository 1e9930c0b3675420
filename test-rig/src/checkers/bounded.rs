//! Bounded: nothing that a peer can fill grows beyond its documented bound. The bounds stand here a second time.

use bitcraps_core::node::Usage;

use super::Property;

/// 64 numbers ahead, two versions each.
const POOL_PER_SEAT_MAX: usize = 64 * 2 + 16;
/// 512 for each of 32 links.
const HELD_MAX: usize = 512 * 32;
const BLOCKS_MAX: usize = 64;
/// Four views, at most sixteen versions each.
const VIEW_CHANGES_PER_SEAT_MAX: usize = 4 * 16;
const QUEUE_BYTES_PER_LINK_MAX: usize = 256 * 1024;
const DEFERRED_PER_SEAT_MAX: usize = 64;
/// The epoch that is running, the one before while its last slot waits for the dice, and the changes that are ordered.
const KEY_SHARES_MAX: usize = 2 + CHANGES_MAX;
const CHANGES_MAX: usize = 9;

#[derive(Debug)]
pub(super) struct Bounded {
    pub(super) property: Property,
    seats: usize,
}

impl Bounded {
    pub(super) fn new(seats: usize) -> Self {
        Self {
            property: Property::default(),
            seats,
        }
    }

    pub(super) fn sample(&mut self, phone: usize, usage: &Usage) {
        let load = usage.consensus;
        let within = load.pool <= POOL_PER_SEAT_MAX * self.seats
            && load.held <= HELD_MAX
            && load.blocks <= BLOCKS_MAX
            && load.view_changes <= VIEW_CHANGES_PER_SEAT_MAX * self.seats
            && usage.queued_bytes <= QUEUE_BYTES_PER_LINK_MAX * usage.links.max(1)
            && usage.deferred <= DEFERRED_PER_SEAT_MAX * self.seats
            && usage.key_shares <= KEY_SHARES_MAX;
        self.property.check(within, || {
            format!("phone {phone} is over a bound: {usage:?}")
        });
    }
}
