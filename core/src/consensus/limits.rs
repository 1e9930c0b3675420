//! Every bound of this module in one place: queues, maps, windows and lists that a peer's bytes can reach.

/// W: how many slots above the last delivered one may be under way.
pub const WINDOW: u64 = 8;
/// Most requests in one batch.
pub const BATCH_MAX: usize = 32;
/// Most bytes that the requests of one batch take in a catch-up answer. With this a run of [`WINDOW`] slots under one
/// certificate fits into the largest message.
pub const BATCH_BYTES_MAX: usize = 6 * 1024;
/// Most bytes in one request's payload.
pub const PAYLOAD_MAX: usize = 2048;
/// How far a player's request numbers may run ahead of what was delivered.
pub const REQUESTS_AHEAD_MAX: u64 = 64;
/// How many different requests with one number are kept (a player that signs two is lying).
pub const REQUEST_VERSIONS_MAX: usize = 2;
/// How many of them are kept when proposals name them.
pub const REQUEST_VERSIONS_WANTED_MAX: usize = 16;
/// How many messages that cannot be checked yet are kept for each link.
pub const EARLY_PER_PEER_MAX: usize = 512;
/// How many view-changes of one replica are kept.
pub const VIEW_CHANGES_PER_SEAT_MAX: usize = 4;
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
/// How many delivered slots are kept for replicas that fell behind, until checkpoints take over.
pub const DECIDED_MAX: usize = 1 << 16;
/// How many pending requests are sent again in one answer.
pub const POOL_PER_ANSWER_MAX: usize = 32;
/// How many proposals the primary keeps under way before it waits and fills the next batch. With more, a burst of
/// bets makes more slots, and their votes take longer on the air than the wait costs (measured: `rig run`, n = 4, 7, 16).
pub const PIPELINE: u64 = 1;
/// Most links that a replica talks to.
pub const PEERS_MAX: usize = 32;
