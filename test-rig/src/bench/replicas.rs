//! Replicas in lock-step: every message takes one hop, all of a hop arrive together, and everything sent is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bitcraps_core::consensus::{Action, Peer, Replica, ReplicaConfig};
use bitcraps_core::crypto::{Checker, Digest, Roster, Seat};
use bitcraps_core::node::PROTOCOL_VERSION;
use bitcraps_core::time::Instant;
use bitcraps_core::wire::Kind;

use crate::sim::Phone;

/// Messages and bytes of a kind.
pub(super) type Counts = BTreeMap<Kind, (u64, u64)>;

#[derive(Debug)]
pub(super) struct Replicas {
    pub(super) replicas: Vec<Replica>,
    pub(super) now: Instant,
    /// What replicas made and flooded since the last look.
    pub(super) origin: Counts,
    /// Kinds that get lost, and who is off.
    pub(super) lost: BTreeSet<Kind>,
    pub(super) off: BTreeSet<usize>,
    /// Whether a message is passed on to whoever has not had it: in a full mesh nobody needs that.
    pub(super) passes_on: bool,
    /// What arrives with the next hop: from, to, bytes.
    flying: Vec<(usize, usize, Vec<u8>)>,
    known: Vec<BTreeSet<Vec<u8>>>,
}

impl Replicas {
    /// A full mesh of `n`, whose primary keeps `pipeline` proposals under way.
    pub(super) fn new(n: u8, pipeline: u64) -> Result<Self, String> {
        let keys = (0..u64::from(n)).map(|seat| Phone::identity(1, seat).public_key());
        let roster = Roster::new(keys.collect()).map_err(|error| error.to_string())?;
        let replica = |seat: u64| {
            Replica::new(ReplicaConfig {
                version: PROTOCOL_VERSION,
                table: Digest([7; 32]),
                roster: roster.clone(),
                seat: Seat(u8::try_from(seat).unwrap_or(0)),
                identity: Arc::new(Phone::identity(1, seat)),
                pipeline,
                checker: Checker::default(),
            })
        };
        let replicas = (0..u64::from(n)).map(replica).collect();
        let mut all = Self {
            replicas,
            now: Instant(0),
            origin: Counts::new(),
            lost: BTreeSet::new(),
            off: BTreeSet::new(),
            passes_on: true,
            flying: Vec::new(),
            known: vec![BTreeSet::new(); usize::from(n)],
        };
        for at in 0..all.replicas.len() {
            for other in (0..all.replicas.len()).filter(|other| *other != at) {
                all.replicas[at].link_up(Peer(other as u64));
            }
            all.drain(at);
        }
        all.settle(10)?;
        Ok(all)
    }

    pub(super) fn submit(&mut self, at: usize, payload: &[u8]) {
        self.replicas[at].submit(self.now, payload.to_vec());
        self.drain(at);
    }

    /// One hop: everything under way arrives. `false` if there was nothing.
    pub(super) fn hop(&mut self) -> bool {
        let flying = std::mem::take(&mut self.flying);
        let any = !flying.is_empty();
        for (from, to, bytes) in flying {
            if !self.off.contains(&to) {
                if self.passes_on {
                    self.known[to].insert(bytes.clone());
                }
                // What is ignored has no effect, and that is all there is to it here.
                let _ = self.replicas[to].handle_message(self.now, Peer(from as u64), &bytes);
                self.drain(to);
            }
        }
        any
    }

    /// Hops until nothing is under way.
    pub(super) fn settle(&mut self, hops_max: usize) -> Result<(), String> {
        let mut hops = 0;
        while self.hop() {
            hops += 1;
            if hops > hops_max {
                return Err(format!("still talking after {hops_max} hops"));
            }
        }
        Ok(())
    }

    /// Lets time pass to a moment, everybody waking when it wants to. One hop takes a millisecond.
    pub(super) fn run_until(&mut self, end: Instant, done: impl Fn(&Self) -> bool) -> bool {
        while self.now < end && !done(self) {
            self.now = Instant(self.now.0 + 1);
            self.hop();
            for at in 0..self.replicas.len() {
                let due = self.replicas[at]
                    .next_wake()
                    .is_some_and(|wake| wake <= self.now);
                if due && !self.off.contains(&at) {
                    self.replicas[at].handle_wake(self.now);
                    self.drain(at);
                }
            }
        }
        done(self)
    }

    /// The count of some kinds together: messages and bytes.
    pub(super) fn count(&self, kinds: &[Kind]) -> (u64, u64) {
        let of = kinds.iter().filter_map(|kind| self.origin.get(kind));
        of.fold((0, 0), |sum, (count, bytes)| (sum.0 + count, sum.1 + bytes))
    }

    fn drain(&mut self, at: usize) {
        while let Some(action) = self.replicas[at].poll_action() {
            match action {
                Action::Flood { own: false, .. } if !self.passes_on => {}
                Action::Flood { bytes, own, .. } => {
                    let kind = bytes.first().and_then(|byte| Kind::from_u8(*byte));
                    if let Some(kind) = kind.filter(|_| own) {
                        let (count, total) = self.origin.entry(kind).or_default();
                        *count += 1;
                        *total += bytes.len() as u64;
                    }
                    for to in (0..self.replicas.len()).filter(|to| *to != at) {
                        if !self.known[to].contains(&bytes) {
                            self.send(at, to, bytes.clone());
                        }
                    }
                }
                Action::Send { peer, bytes, .. } => {
                    let to = usize::try_from(peer.0).unwrap_or(usize::MAX);
                    self.send(at, to, bytes);
                }
                // The work is empty, but it is applied, so that checkpoints move the window on.
                Action::Deliver { sequence, .. } => {
                    let checkpoint = self.replicas[at].is_checkpoint(sequence);
                    let state = checkpoint.then(|| sequence.to_le_bytes().to_vec());
                    self.replicas[at].applied(self.now, sequence, None, state);
                }
                _ => {}
            }
        }
    }

    fn send(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        let kind = bytes.first().and_then(|byte| Kind::from_u8(*byte));
        let is_lost = kind.is_some_and(|kind| self.lost.contains(&kind));
        if !is_lost && !self.off.contains(&from) {
            self.flying.push((from, to, bytes));
        }
    }
}
