//! What a liar has picked up: request bodies, chain digests, and which messages were others'.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bitcraps_core::consensus::{Head, Message, NewViewMessage, RequestId, ViewChange};
use bitcraps_core::crypto::{Digest, Seat};
use bitcraps_core::node::Node;
use bitcraps_core::wire::Decode;

use super::pen::{Pen, Spoken, chain_of};

/// How much of each kind is remembered.
const KEPT_MAX: usize = 4096;

/// A slot as it was proposed or chosen: what it extends, and where it leads.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) parent: Option<Digest>,
    pub(crate) chain: Digest,
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    bodies: BTreeMap<RequestId, Digest>,
    order: VecDeque<RequestId>,
    heads: BTreeMap<(u64, u64), Known>,
    /// View-changes by their view and the first bytes of their digests: the whole digest, and the head that they claim.
    reports: BTreeMap<(u64, [u8; 16]), (Digest, Option<Head>)>,
    /// Fingerprints of what was heard.
    heard: BTreeSet<[u8; 16]>,
    heard_order: VecDeque<[u8; 16]>,
}

impl Memory {
    /// Takes note of a message that was heard or said.
    pub(crate) fn note(&mut self, pen: &Pen, node: &Node, spoken: &Spoken) {
        match &spoken.message {
            Message::Request(signed) => {
                let digest = pen.request_digest(&signed.statement);
                let id = RequestId(digest.short());
                if self.bodies.insert(id, digest).is_none() {
                    self.order.push_back(id);
                }
                if self.order.len() > KEPT_MAX
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.bodies.remove(&oldest);
                }
            }
            Message::PrePrepare(proposal) => {
                let at = (spoken.view, spoken.sequence);
                let Some(parent) = self
                    .parent_of(node, at)
                    .filter(|_| !self.heads.contains_key(&at))
                else {
                    return;
                };
                if let Some(chain) = self.chain_of(&parent, spoken.sequence, &proposal.ids) {
                    let parent = Some(parent);
                    self.keep(at, Known { parent, chain });
                }
            }
            Message::ViewChange(signed) => {
                if let Ok(said) = ViewChange::from_bytes(&signed.statement) {
                    let digest = pen.view_change_digest(&signed.statement);
                    let at = (said.view, digest.short());
                    self.reports.insert(at, (digest, said.prepared));
                    if self.reports.len() > KEPT_MAX {
                        self.reports.pop_first();
                    }
                }
            }
            Message::NewView(new_view) => {
                if let Some(head) = new_view.head {
                    let (parent, chain) = (None, head.chain);
                    self.keep((new_view.view, head.sequence), Known { parent, chain });
                }
            }
            _ => {}
        }
    }

    pub(crate) fn note_heard(&mut self, bytes: &[u8]) {
        let print = fingerprint(bytes);
        if self.heard.insert(print) {
            self.heard_order.push_back(print);
        }
        if self.heard_order.len() > KEPT_MAX
            && let Some(oldest) = self.heard_order.pop_front()
        {
            self.heard.remove(&oldest);
        }
    }

    pub(crate) fn has_heard(&self, bytes: &[u8]) -> bool {
        self.heard.contains(&fingerprint(bytes))
    }

    /// What stands at a slot of a view, as far as this phone can tell.
    pub(crate) fn head(&self, view: u64, sequence: u64) -> Option<&Known> {
        self.heads.get(&(view, sequence))
    }

    /// The chain digest that a batch of these requests makes; `None` if a body was never seen.
    pub(crate) fn chain_of(
        &self,
        parent: &Digest,
        sequence: u64,
        ids: &[RequestId],
    ) -> Option<Digest> {
        let digests = ids.iter().map(|id| self.bodies.get(id).copied());
        let digests = digests.collect::<Option<Vec<Digest>>>()?;
        Some(chain_of(parent, sequence, &digests))
    }

    /// What each view-change claims that a new-view stands on, whose it is, and its whole digest; `None` if one was never
    /// seen.
    pub(crate) fn reports(&self, of: &NewViewMessage) -> Option<Vec<(Option<Head>, Seat, Digest)>> {
        let named = of.seats.iter().zip(&of.tags).map(|(seat, tag)| {
            let (digest, claim) = self.reports.get(&(of.view, *tag))?;
            Some((*claim, seat, *digest))
        });
        named.collect()
    }

    /// Ids of requests seen lately.
    pub(crate) fn recent_ids(&self, count: usize) -> Vec<RequestId> {
        self.order.iter().rev().take(count).copied().collect()
    }

    fn parent_of(&self, node: &Node, (view, sequence): (u64, u64)) -> Option<Digest> {
        let (delivered, tip) = node.delivered();
        if sequence == delivered + 1 {
            return Some(tip);
        }
        let below = self.heads.get(&(view, sequence.checked_sub(1)?))?;
        Some(below.chain)
    }

    fn keep(&mut self, at: (u64, u64), known: Known) {
        self.heads.insert(at, known);
        if self.heads.len() > KEPT_MAX {
            self.heads.pop_first();
        }
    }
}

fn fingerprint(bytes: &[u8]) -> [u8; 16] {
    Digest::of("bitcraps-rig/heard/v1", &[bytes]).short()
}
