//! Counters that a player's diagnostics page and the rig read. A plain struct, no metrics crate.

use std::collections::BTreeMap;

use crate::consensus::{Ignored, Load};
use crate::mesh::{ChunkError, Refusal};
use crate::wire::Kind;

/// What a node has done so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Messages that this node made and flooded: count and bytes, by kind.
    pub origin: BTreeMap<Kind, (u64, u64)>,
    /// Messages that neighbours sent, by kind, whatever came of them.
    pub heard: BTreeMap<Kind, u64>,
    /// Messages that had an effect, by kind.
    pub accepted: BTreeMap<Kind, u64>,
    /// Messages that had none, by reason.
    pub ignored: BTreeMap<Ignored, u64>,
    /// Links that were closed because the other end did not come in, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Chunks that did not fit together, by reason.
    pub bad_chunks: BTreeMap<ChunkError, u64>,
    /// Slots delivered.
    pub delivered: u64,
    /// Views entered after view 0.
    pub views_entered: u64,
    /// Records handed out to be made durable, and their bytes.
    pub persisted: (u64, u64),
}

/// How full the bounded structures are now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Consensus: pool, held messages, blocks, view-changes.
    pub consensus: Load,
    /// Bytes in all link queues.
    pub queued_bytes: usize,
    /// Links served.
    pub links: usize,
    /// What waits for the dice of a closed roll, or is ahead of its close: operations, slots, shares.
    pub deferred: usize,
    /// Epochs whose dice this phone can give a share of.
    pub key_shares: usize,
}
