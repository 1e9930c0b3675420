//! Messages that cannot be checked yet because a proposal or a new-view is still on its way.

use std::collections::{BTreeMap, VecDeque};

use super::limits::{EARLY_PER_PEER_MAX, PEERS_MAX};
use super::message::Message;
use super::replica::Peer;

/// One held message: where it came from, its full view and sequence number, and its bytes.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) view: u64,
    pub(super) sequence: u64,
    pub(super) message: Message,
    pub(super) bytes: Vec<u8>,
}

/// A bounded buffer for each link, so that one link cannot push out what another brought.
#[derive(Default, Debug)]
pub(super) struct Early {
    by_peer: BTreeMap<Peer, VecDeque<Held>>,
}

impl Early {
    /// Holds a message; `false` if the link's share is used up.
    pub(super) fn hold(&mut self, peer: Peer, held: Held) -> bool {
        if self.by_peer.len() >= PEERS_MAX && !self.by_peer.contains_key(&peer) {
            return false;
        }
        let queue = self.by_peer.entry(peer).or_default();
        if queue.len() >= EARLY_PER_PEER_MAX || queue.iter().any(|other| other.bytes == held.bytes)
        {
            return false;
        }
        queue.push_back(held);
        true
    }

    /// Takes out everything that `ready` says can be looked at now, in order of arrival per link.
    pub(super) fn take(&mut self, ready: impl Fn(&Held) -> bool) -> Vec<(Peer, Held)> {
        let mut taken = Vec::new();
        for (peer, queue) in &mut self.by_peer {
            let mut rest = VecDeque::new();
            for held in queue.drain(..) {
                if ready(&held) {
                    taken.push((*peer, held));
                } else {
                    rest.push_back(held);
                }
            }
            *queue = rest;
        }
        self.by_peer.retain(|_, queue| !queue.is_empty());
        taken
    }

    /// Forgets what is over.
    pub(super) fn drop_where(&mut self, stale: impl Fn(&Held) -> bool) {
        for queue in self.by_peer.values_mut() {
            queue.retain(|held| !stale(held));
        }
        self.by_peer.retain(|_, queue| !queue.is_empty());
    }

    pub(super) fn forget_peer(&mut self, peer: Peer) {
        self.by_peer.remove(&peer);
    }

    pub(super) fn len(&self) -> usize {
        self.by_peer.values().map(VecDeque::len).sum()
    }
}
