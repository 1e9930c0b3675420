//! The chain of batches: what is delivered, and what is known above it.
//!
//! C_s = H(C_{s−1} ‖ s ‖ H(batch)). The view is no part of it, so a batch keeps its digest when a later view
//! decides it. H(batch) covers the full digests of the requests, not the short ids that travel.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::Certificate;
use super::limits::{BATCH_BYTES_MAX, BLOCKS_MAX, DECIDED_MAX};
use super::statement::SignedRequest;
use crate::crypto::{Digest, Roster, Seat};

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
    let digests: Vec<Digest> = digests.collect();
    let parts: Vec<&[u8]> = digests.iter().map(|digest| &digest.0[..]).collect();
    let batch = Digest::of("bitcraps/batch/v1", &parts);
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
    /// Set where a certificate ends; it covers the slots below it that have none.
    pub(super) certificate: Option<Certificate>,
}

/// The delivered prefix and the known blocks above it.
#[derive(Debug)]
pub(super) struct Chain {
    delivered: u64,
    tip: Digest,
    /// Next request number of each player, as of `delivered`.
    next_numbers: Vec<u64>,
    decided: BTreeMap<u64, Decided>,
    blocks: BTreeMap<Digest, Block>,
}

impl Chain {
    pub(super) fn new(table: &Digest, roster: &Roster) -> Self {
        Self {
            delivered: 0,
            tip: genesis_chain(table),
            next_numbers: vec![1; roster.len()],
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
        self.next_numbers
            .get(player.index())
            .copied()
            .unwrap_or(u64::MAX)
    }

    /// Next request number of each player, by seat.
    pub(super) fn next_numbers(&self) -> &[u64] {
        &self.next_numbers
    }

    pub(super) fn decided(&self, sequence: u64) -> Option<&Decided> {
        self.decided.get(&sequence)
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
    pub(super) fn numbers_at(&self, head: &Digest) -> Option<Vec<u64>> {
        let mut numbers = self.next_numbers.clone();
        for (_, block) in self.path_to(head)? {
            advance(&mut numbers, &block.batch)?;
        }
        Some(numbers)
    }

    /// Whether the batch is one that everybody may vote for after `head`: within its size, and every player's
    /// numbers carried on without a gap.
    pub(super) fn continues(&self, head: &Digest, batch: &[Arc<SignedRequest>]) -> bool {
        let bytes: usize = batch.iter().map(|request| request.wire_size()).sum();
        bytes <= BATCH_BYTES_MAX
            && self
                .numbers_at(head)
                .is_some_and(|mut numbers| advance(&mut numbers, batch).is_some())
    }

    /// Delivers every block up to the certificate's head and returns them in order.
    pub(super) fn deliver(&mut self, certificate: Certificate) -> Vec<(u64, Digest, Batch)> {
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
            let mut numbers = self.next_numbers.clone();
            if advance(&mut numbers, &block.batch).is_some() {
                self.next_numbers = numbers;
            }
            self.delivered = block.sequence;
            self.tip = digest;
            let certificate = (digest == head).then(|| certificate.clone());
            self.decided.insert(
                block.sequence,
                Decided {
                    batch: block.batch.clone(),
                    certificate,
                },
            );
            delivered.push((block.sequence, digest, block.batch));
        }
        while self.decided.len() > DECIDED_MAX {
            self.decided.pop_first();
        }
        self.blocks
            .retain(|_, block| block.sequence > self.delivered);
        delivered
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

fn advance(numbers: &mut [u64], batch: &[Arc<SignedRequest>]) -> Option<()> {
    for request in batch {
        let next = numbers.get_mut(request.player().index())?;
        if *next != request.number() {
            return None;
        }
        *next = next.checked_add(1)?;
    }
    Some(())
}
