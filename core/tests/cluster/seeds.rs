//! Keys, rosters and randomness of the tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bitcraps_core::consensus::{Replica, ReplicaConfig};
use bitcraps_core::crypto::{Checker, Context, Digest, Identity, Roster, Seat, Verdicts};

/// The table of all tests, and the version that signatures cover.
pub(crate) const TABLE: Digest = Digest([7; 32]);
pub(crate) const VERSION: u16 = 1;

/// Above this the verdicts are forgotten.
const KEPT_MAX: usize = 1 << 14;

thread_local! {
    /// All replicas of a test check the same signatures; each is checked once.
    static KEPT: Checker = Checker::with(Arc::new(Kept::default()));
}

#[derive(Default, Debug)]
struct Kept(Mutex<BTreeMap<Digest, bool>>);

impl Verdicts for Kept {
    fn verdict(&self, name: &Digest, check: &mut dyn FnMut() -> bool) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        *kept.entry(*name).or_insert_with(check)
    }
}

pub(crate) fn identity(seat: usize) -> Arc<Identity> {
    Arc::new(Identity::from_seed(
        &[u8::try_from(seat).unwrap_or(0) + 1; 32],
    ))
}

pub(crate) fn roster(n: usize) -> Roster {
    let keys = (0..n).map(|seat| identity(seat).public_key()).collect();
    Roster::new(keys).expect("different keys, 2 to 18 of them")
}

/// The context of votes, view-changes and new-views.
pub(crate) fn epoch_context(n: usize) -> Context {
    Context::of_epoch(VERSION, &TABLE, 0, &roster(n).digest())
}

pub(crate) fn new_replica(n: usize, at: usize) -> Replica {
    Replica::new(config(n, at))
}

pub(crate) fn config(n: usize, at: usize) -> ReplicaConfig {
    ReplicaConfig {
        version: VERSION,
        table: TABLE,
        roster: roster(n),
        seat: seat(at),
        identity: identity(at),
        // More than one slot under way, so that view changes find whole chains undecided.
        pipeline: 2,
        checker: KEPT.with(Clone::clone),
    }
}

/// A seat as consensus knows it.
pub(crate) fn seat(index: usize) -> Seat {
    Seat(u8::try_from(index).unwrap_or(u8::MAX))
}
