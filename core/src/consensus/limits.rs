//! Every bound of this module in one place: queues, maps, windows and lists that a peer's bytes can reach.

use std::time::Duration;

/// W: how many slots above the last delivered one may be under way.
pub const WINDOW: u64 = 8;
/// Most requests in one batch.
pub const BATCH_MAX: usize = 32;
/// Most bytes that the requests of one batch take in a catch-up answer. With this a run of [`WINDOW`] slots under one
/// certificate fits into the largest message.
pub const BATCH_BYTES_MAX: usize = 6 * 1024;
/// Most bytes in one request's payload: an evidence against a player that signed two long requests.
pub const PAYLOAD_MAX: usize = 4608;
/// Two requests up to this long can be proven to be a double spend.
pub const PROVABLE_REQUEST_MAX: usize = 2060;
/// No other statement that evidence cites is longer.
pub const STATEMENT_MAX: usize = 1024;
/// For how many (view, slot, phase) the votes seen are remembered, to notice a second one.
pub const WITNESSED_MAX: usize = 128;
/// How many past epochs' rosters are kept to check evidence against.
pub const PAST_EPOCHS_MAX: usize = 16;
/// How many other proposals for one slot are kept, to notice who votes for two.
pub const RIVALS_MAX: usize = 2;
/// How far a player's request numbers may run ahead of what was delivered.
pub const REQUESTS_AHEAD_MAX: u64 = 64;
/// How far one request may skip ahead of its player's next number: over all that the player can have signed before.
pub const SKIP_MAX: u64 = 2 * REQUESTS_AHEAD_MAX;
/// A checkpoint after every so many slots, and one at each epoch's end.
pub const CHECKPOINT_EVERY: u64 = 16;
/// How far above the stable checkpoint slots may be voted on: the high water mark.
pub const HIGH_WATER: u64 = 8 * CHECKPOINT_EVERY;
/// How many delivered slots below the stable checkpoint are kept, for replicas that fell behind a little.
pub const SLOTS_BELOW_STABLE: u64 = 4 * CHECKPOINT_EVERY;
/// Most own checkpoints that wait to become stable.
pub const CHECKPOINTS_MAX: usize = 16;
/// Most bytes in a table's encoded state; what is larger cannot be transferred.
pub const STATE_BYTES_MAX: usize = 65_535;
/// How many roster changes may be under way: one for each slot of the window.
pub const CHANGES_MAX: usize = 9;
/// How many past epochs' ends are kept, so that a replica of an old epoch can check how the roster changed.
pub const EPOCHS_MAX: usize = 1024;
/// How many of them one answer carries.
pub const EPOCHS_PER_ANSWER_MAX: usize = 8;
/// How many different requests with one number are kept (a player that signs two is lying).
pub const REQUEST_VERSIONS_MAX: usize = 2;
/// How many of them are kept when proposals name them.
pub const REQUEST_VERSIONS_WANTED_MAX: usize = 16;
/// How many messages that cannot be checked yet are kept for each link.
pub const EARLY_PER_PEER_MAX: usize = 512;
/// How many view-changes of one replica are kept.
pub const VIEW_CHANGES_PER_SEAT_MAX: usize = 4;
/// How many view-changes of one replica for views that nobody needs are taken in and passed on at once.
pub const VIEW_CHANGES_AT_ONCE_MAX: u64 = 4;
/// And how soon one more: no honest replica leaves views faster for long, as their time-outs double.
pub const VIEW_CHANGE_EACH: Duration = Duration::from_secs(1);
/// How many bodies a neighbour gets at once that asks for them.
pub const WANTED_AT_ONCE_MAX: u64 = 64;
/// And how soon one more.
pub const WANTED_EACH: Duration = Duration::from_millis(100);
/// How many views of an epoch are remembered with their view-changes, to say whose fault a fork is.
pub const VIEW_RECORDS_MAX: usize = 64;
/// How many of them one halt carries.
pub const HALT_VIEWS_MAX: usize = 16;
/// Most batches between a slot and the head of the certificate that covers it: whoever caught up has one certificate
/// for each answer.
pub const LINK_MAX: usize = SLOTS_PER_ANSWER_MAX;
/// How many different view-changes of one replica for one view are kept (one that signs two is lying).
pub const VIEW_CHANGE_VERSIONS_MAX: usize = 2;
/// How many undelivered batches are kept, over all views.
pub const BLOCKS_MAX: usize = 64;
/// How many slots one catch-up answer carries at most.
pub const SLOTS_PER_ANSWER_MAX: usize = 16;
/// How many request bytes one catch-up answer carries before it ends at the next certificate.
pub const ANSWER_BYTES_TARGET: usize = 8 * 1024;
/// Where a catch-up answer that has a certificate ends at the latest.
pub const ANSWER_BYTES_MAX: usize = 56 * 1024;
/// How many pending requests are sent again in one answer.
pub const POOL_PER_ANSWER_MAX: usize = 32;
/// How many proposals the primary keeps under way before it waits and fills the next batch. With more, a burst of
/// bets makes more slots, and their votes take longer on the air than the wait costs (measured: `rig run`, n = 4, 7, 16).
pub const PIPELINE: u64 = 1;
/// Most links that a replica talks to.
pub const PEERS_MAX: usize = 32;
