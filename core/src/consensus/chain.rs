//! The chain of batches: what is delivered, and what is known above it.
//!
//! C_s = H(C_{s−1} ‖ s ‖ H(batch)). The view is no part of it, so a batch keeps its digest when a later view
//! decides it. H(batch) covers the full digests of the requests, not the short ids that travel.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::Certificate;
use super::limits::{BATCH_BYTES_MAX, BLOCKS_MAX};
use super::numbers::Numbers;
use super::statement::SignedRequest;
use crate::crypto::{Digest, Seat};

/// A batch: requests in the order in which they take effect.
pub type Batch = Vec<Arc<SignedRequest>>;

/// C_0 of a table.
#[must_use]
pub fn genesis_chain(table: &Digest) -> Digest {
    Digest::of("bitcraps/chain/genesis/v1", &[&table.0])
}

/// C_s from C_{s−1}, s and the batch.
#[must_use]
pub fn next_chain(parent: &Digest, sequence: u64, batch: &[Arc<SignedRequest>]) -> Digest {
    chain_of_digests(parent, sequence, batch.iter().map(|request| request.digest))
}

/// As [`next_chain`], from the requests' digests alone.
pub(super) fn chain_of_digests(
    parent: &Digest,
    sequence: u64,
    digests: impl Iterator<Item = Digest>,
) -> Digest {
    chain_of_batch(parent, sequence, &batch_digest(digests))
}

/// H(batch), from the requests' digests.
pub(super) fn batch_digest(digests: impl Iterator<Item = Digest>) -> Digest {
    let digests: Vec<Digest> = digests.collect();
    let parts: Vec<&[u8]> = digests.iter().map(|digest| &digest.0[..]).collect();
    Digest::of("bitcraps/batch/v1", &parts)
}

/// As [`next_chain`], from H(batch) alone.
pub(super) fn chain_of_batch(parent: &Digest, sequence: u64, batch: &Digest) -> Digest {
    Digest::of(
        "bitcraps/chain/v1",
        &[&parent.0, &sequence.to_le_bytes(), &batch.0],
    )
}

/// A batch at its place in the chain, not delivered yet.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) parent: Digest,
    pub(super) sequence: u64,
    pub(super) batch: Batch,
}

/// A delivered slot.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub(super) batch: Batch,
    /// C_s.
    pub(super) chain: Digest,
    /// The slot's epoch.
    pub(super) epoch: u64,
    /// After it.
    pub(super) numbers: Numbers,
    /// Set where a certificate ends; it covers the slots below it that have none.
    pub(super) certificate: Option<Certificate>,
}

/// The delivered prefix and the known blocks above it.
#[derive(Debug)]
pub(super) struct Chain {
    delivered: u64,
    tip: Digest,
    /// As of `delivered`.
    numbers: Numbers,
    decided: BTreeMap<u64, Decided>,
    blocks: BTreeMap<Digest, Block>,
}

impl Chain {
    pub(super) fn new(table: &Digest) -> Self {
        Self {
            delivered: 0,
            tip: genesis_chain(table),
            numbers: Numbers::new(),
            decided: BTreeMap::new(),
            blocks: BTreeMap::new(),
        }
    }

    pub(super) const fn delivered(&self) -> u64 {
        self.delivered
    }

    pub(super) const fn tip(&self) -> Digest {
        self.tip
    }

    pub(super) fn next_number(&self, player: Seat) -> u64 {
        self.numbers.next(player)
    }

    /// Each player's place, as of what is delivered.
    pub(super) const fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// C_s of a slot that is delivered and not truncated.
    pub(super) fn chain_at(&self, sequence: u64) -> Option<Digest> {
        if sequence == self.delivered {
            return Some(self.tip);
        }
        self.decided.get(&sequence).map(|decided| decided.chain)
    }

    pub(super) fn decided(&self, sequence: u64) -> Option<&Decided> {
        self.decided.get(&sequence)
    }

    pub(super) fn decided_len(&self) -> usize {
        self.decided.len()
    }

    pub(super) fn blocks_len(&self) -> usize {
        self.blocks.len()
    }

    /// Adds a block above the delivered prefix. Refuses when the bound is reached: the caller then
    /// leaves the slot to catch-up.
    pub(super) fn insert(&mut self, digest: Digest, block: Block) -> bool {
        if self.blocks.len() >= BLOCKS_MAX && !self.blocks.contains_key(&digest) {
            return false;
        }
        self.blocks.insert(digest, block);
        true
    }

    /// The blocks from just above the delivered prefix up to `head`, lowest first.
    /// `None` if a block is missing or `head` does not extend what is delivered here.
    pub(super) fn path_to(&self, head: &Digest) -> Option<Vec<(Digest, &Block)>> {
        let mut path = Vec::new();
        let mut digest = *head;
        while digest != self.tip {
            let block = self.blocks.get(&digest)?;
            if block.sequence <= self.delivered || path.len() >= BLOCKS_MAX {
                return None;
            }
            path.push((digest, block));
            digest = block.parent;
        }
        path.reverse();
        Some(path)
    }

    /// Each player's next request number after the chain up to `head`.
    pub(super) fn numbers_at(&self, head: &Digest) -> Option<Numbers> {
        let mut numbers = self.numbers.clone();
        for (_, block) in self.path_to(head)? {
            numbers.advance(block.batch.iter().map(AsRef::as_ref))?;
        }
        Some(numbers)
    }

    /// Whether the batch is one that everybody may vote for after `head`: within its size, and every player's
    /// numbers carried on.
    pub(super) fn continues(&self, head: &Digest, batch: &[Arc<SignedRequest>]) -> bool {
        let bytes: usize = batch.iter().map(|request| request.wire_size()).sum();
        let carried_on = |mut numbers: Numbers| {
            let batch = batch.iter().map(AsRef::as_ref);
            numbers.advance(batch).is_some()
        };
        bytes <= BATCH_BYTES_MAX && self.numbers_at(head).is_some_and(carried_on)
    }

    /// Delivers every block up to the certificate's head and returns them in order.
    pub(super) fn deliver(
        &mut self,
        epoch: u64,
        certificate: Certificate,
    ) -> Vec<(u64, Digest, Batch)> {
        let head = certificate.head.chain;
        let Some(path) = self.path_to(&head) else {
            return Vec::new();
        };
        let path: Vec<(Digest, Block)> = path
            .into_iter()
            .map(|(digest, block)| (digest, block.clone()))
            .collect();
        let mut delivered = Vec::new();
        for (digest, block) in path {
            // A batch with a gap cannot gather a quorum while at most f lie: honest replicas do not vote
            // for one. Above that bound the numbers simply stay where they are.
            let _ = self.numbers.advance(block.batch.iter().map(AsRef::as_ref));
            self.delivered = block.sequence;
            self.tip = digest;
            let certificate = (digest == head).then(|| certificate.clone());
            self.decided.insert(
                block.sequence,
                Decided {
                    batch: block.batch.clone(),
                    chain: digest,
                    epoch,
                    numbers: self.numbers.clone(),
                    certificate,
                },
            );
            delivered.push((block.sequence, digest, block.batch));
        }
        self.blocks
            .retain(|_, block| block.sequence > self.delivered);
        delivered
    }

    /// C_s and everybody's numbers after a delivered slot that is not truncated.
    pub(super) fn state_at(&self, sequence: u64) -> Option<(Digest, Numbers)> {
        let decided = self.decided.get(&sequence)?;
        Some((decided.chain, decided.numbers.clone()))
    }

    /// Forgets delivered slots below `sequence`.
    pub(super) fn truncate_below(&mut self, sequence: u64) {
        self.decided = self.decided.split_off(&sequence);
    }

    /// Goes on from a slot whose state was taken from a checkpoint.
    pub(super) fn install(&mut self, sequence: u64, tip: Digest, numbers: Numbers) {
        self.delivered = sequence;
        self.tip = tip;
        self.numbers = numbers;
        self.decided.clear();
        self.blocks.retain(|_, block| block.sequence > sequence);
    }

    /// Forgets all undelivered blocks: a new epoch orders afresh.
    pub(super) fn forget_blocks(&mut self) {
        self.blocks.clear();
    }

    /// Forgets all undelivered blocks that lead to none of `heads`.
    pub(super) fn keep_paths(&mut self, heads: &[Digest]) {
        let mut keep: Vec<Digest> = Vec::new();
        for head in heads {
            let mut digest = *head;
            while let Some(block) = self.blocks.get(&digest) {
                keep.push(digest);
                digest = block.parent;
            }
        }
        self.blocks.retain(|digest, _| keep.contains(digest));
    }
}
