//! Proposals: the primary makes them, backups accept them (Castro–Liskov §4.2, pre-prepare).

use super::catch_up::batch_record;
use super::chain::{Batch, Block, next_chain};
use super::early::Held;
use super::ignored::Ignored;
use super::limits::{PEERS_MAX, RIVALS_MAX};
use super::memory::Place;
use super::message::{Message, PrePrepare};
use super::normal::Slot;
use super::replica::{Action, Peer, Replica, Urgency};
use super::statement::{Head, Phase, RequestId, Vote};
use crate::crypto::Digest;
use crate::time::Instant;

impl Replica {
    /// As primary: propose what is pending, at most `pipeline` slots ahead so that batches fill.
    pub(super) fn propose(&mut self, now: Instant) {
        while self.is_voting() && self.epoch.primary(self.view) == self.seat {
            let (top, parent) = self.top();
            let sequence = top + 1;
            if sequence > self.window_end() || top >= self.chain.delivered() + self.pipeline {
                return;
            }
            let Some(numbers) = self.chain.numbers_at(&parent) else {
                return;
            };
            let batch = self.pool.next_batch(numbers);
            let fill = self.filler && top == self.chain.delivered();
            if batch.is_empty() && !fill {
                return;
            }
            if !self.propose_batch(now, sequence, parent, batch) {
                return;
            }
        }
    }

    fn propose_batch(&mut self, now: Instant, sequence: u64, parent: Digest, batch: Batch) -> bool {
        let chain = next_chain(&parent, sequence, &batch);
        let head = Head {
            view: self.view,
            sequence,
            chain,
        };
        let ids = batch.iter().map(|request| request.id()).collect();
        if !self.chain.insert(
            chain,
            Block {
                parent,
                sequence,
                batch: batch.clone(),
            },
        ) {
            return false;
        }
        self.memory.note(Place::Vote(Phase::Prepare, head));
        let signature = self.sign_vote(Phase::Prepare, head);
        let proposal = PrePrepare { ids, signature };
        let bytes =
            Message::PrePrepare(proposal.clone()).to_wire(self.table_tag, self.view, sequence);
        let slot = self.slot_mut(sequence);
        slot.proposal = Some((proposal, bytes.clone()));
        slot.head = Some(head);
        slot.voted[0] = true;
        self.persist(&batch_record(parent, sequence, &batch));
        self.persist_and_flood(Urgency::Proposal, Some(head), bytes);
        self.timing.work(now);
        self.timing.proposed(now);
        self.add_vote(now, sequence, Phase::Prepare, self.seat, signature);
        true
    }

    /// The highest slot of this view that a next proposal would extend, and its digest.
    pub(super) fn top(&self) -> (u64, Digest) {
        let delivered = (self.chain.delivered(), self.chain.tip());
        let head = self.slots.values().rev().find_map(Slot::head);
        head.map_or(delivered, |head| (head.sequence, head.chain))
            .max(delivered)
    }

    /// C_{s−1} for a proposal at `sequence`, if it is known in this view.
    fn parent_of(&self, sequence: u64) -> Option<Digest> {
        if sequence == self.chain.delivered() + 1 {
            return Some(self.chain.tip());
        }
        let below = self.slots.get(&sequence.checked_sub(1)?)?;
        below.head().map(|head| head.chain)
    }

    pub(super) fn on_pre_prepare(
        &mut self,
        now: Instant,
        peer: Peer,
        held: Held,
    ) -> Result<(), Ignored> {
        let Message::PrePrepare(proposal) = &held.message else {
            return Err(Ignored::Stale);
        };
        if held.view != self.view || held.sequence > self.window_end() {
            return self.hold_ahead(now, peer, held);
        }
        if let Err(reason) = self.ignore_pre_prepare(held.sequence, proposal) {
            if reason == Ignored::Conflict {
                let proposal = proposal.clone();
                self.on_rival_proposal(now, held.sequence, &proposal, &held.bytes);
                let slot = self.slots.get(&held.sequence);
                if slot.is_some_and(|slot| slot.proposal_bytes() == Some(&held.bytes)) {
                    return Ok(());
                }
            }
            return Err(reason);
        }
        let (proposal, sequence) = (proposal.clone(), held.sequence);
        let ids = proposal.ids.clone();
        let slot = self.slot_mut(sequence);
        if slot.waiting.contains_key(&peer) || slot.waiting.len() >= PEERS_MAX {
            return Err(Ignored::Full);
        }
        slot.waiting.insert(peer, (proposal.clone(), held.bytes));
        self.try_accept(now, sequence);
        let slot = self.slots.get(&sequence);
        if slot.is_some_and(|slot| slot.waiting.contains_key(&peer)) {
            self.want_bodies(peer, &ids);
            return Err(Ignored::Held);
        }
        // A slot that is gone was delivered on the way.
        let taken = |slot: &Slot| {
            slot.proposal
                .as_ref()
                .is_some_and(|(known, _)| *known == proposal)
        };
        if slot.is_none_or(taken) {
            Ok(())
        } else {
            Err(Ignored::BadSignature)
        }
    }

    fn ignore_pre_prepare(&self, sequence: u64, proposal: &PrePrepare) -> Result<(), Ignored> {
        if sequence <= self.chain.delivered() {
            return Err(Ignored::Stale);
        }
        // A view that began with a head decides nothing below it anew: what the head's chain holds there may be
        // decided already. Without this a lying primary forks the table.
        if self
            .slots
            .range(sequence..)
            .any(|(_, slot)| slot.is_chosen())
        {
            return Err(Ignored::Conflict);
        }
        match self.slots.get(&sequence) {
            Some(Slot {
                proposal: Some((known, _)),
                ..
            }) if known == proposal => Err(Ignored::Duplicate),
            Some(Slot { head: Some(_), .. }) => Err(Ignored::Conflict),
            _ => Ok(()),
        }
    }

    /// Another proposal for a slot that has one: if the primary signed both, that is proof. It can be checked as far
    /// as its bodies are here.
    fn on_rival_proposal(
        &mut self,
        now: Instant,
        sequence: u64,
        proposal: &PrePrepare,
        bytes: &[u8],
    ) {
        let bodies = proposal.ids.iter().map(|id| self.pool.body(id).cloned());
        let (Some(parent), Some(batch)) =
            (self.parent_of(sequence), bodies.collect::<Option<Batch>>())
        else {
            return;
        };
        let head = Head {
            view: self.view,
            sequence,
            chain: next_chain(&parent, sequence, &batch),
        };
        let primary = self.epoch.primary(self.view);
        let vote = Vote {
            phase: Phase::Prepare,
            head,
        };
        let slot = self.slot_mut(sequence);
        if slot.head == Some(head) && !slot.is_chosen() && slot.proposal.is_none() {
            // Voted for before a restart: the journal has the batch, and the primary's own vote comes again here.
            if self.verify_vote(&vote, primary, proposal.signature) {
                self.note_heard(now, primary);
                self.slot_mut(sequence).proposal = Some((proposal.clone(), bytes.to_vec()));
                self.relay(Urgency::Proposal, bytes);
                self.add_vote(now, sequence, Phase::Prepare, primary, proposal.signature);
            }
            return;
        }
        let slot = self.slot_mut(sequence);
        let known = slot.rivals.contains(&head) || slot.head == Some(head);
        if known || slot.rivals.len() >= RIVALS_MAX {
            return;
        }
        if self.verify_vote(&vote, primary, proposal.signature) {
            self.slot_mut(sequence).rivals.push(head);
            self.relay(Urgency::Proposal, bytes);
            let proof = self.vote_proof(head, proposal.signature);
            self.witness(now, Phase::Prepare, primary, proof);
        }
    }

    fn want_bodies(&mut self, peer: Peer, ids: &[RequestId]) {
        let lacking: Vec<RequestId> = ids
            .iter()
            .filter(|id| !self.pool.contains(id))
            .copied()
            .collect();
        if !lacking.is_empty() {
            let bytes = Message::Want(lacking).to_wire(self.table_tag, 0, 0);
            self.actions.push_back(Action::Send {
                peer,
                urgency: Urgency::Control,
                bytes,
            });
        }
    }

    /// Looks again at every slot whose proposal waits, lowest first.
    pub(super) fn try_accept_all(&mut self, now: Instant) {
        let waiting: Vec<u64> = self
            .slots
            .iter()
            .filter(|(_, slot)| !slot.waiting.is_empty())
            .map(|(sequence, _)| *sequence)
            .collect();
        for sequence in waiting {
            self.try_accept(now, sequence);
        }
    }

    /// Accepts the first waiting proposal for a slot whose parent and bodies are here and whose signature fits.
    pub(super) fn try_accept(&mut self, now: Instant, sequence: u64) {
        let Some(parent) = self.parent_of(sequence) else {
            return;
        };
        if sequence > self.window_end() {
            return;
        }
        // Without the bodies below, the numbers in the batch cannot be judged, and no vote may be cast.
        if self.chain.path_to(&parent).is_none() {
            return;
        }
        let Some(slot) = self.slots.get(&sequence).filter(|slot| slot.head.is_none()) else {
            return;
        };
        let candidates: Vec<Peer> = slot.waiting.keys().copied().collect();
        let primary = self.epoch.primary(self.view);
        for peer in candidates {
            let Some(slot) = self.slots.get(&sequence) else {
                return;
            };
            let Some((proposal, bytes)) = slot.waiting.get(&peer).cloned() else {
                continue;
            };
            let bodies = proposal.ids.iter().map(|id| self.pool.body(id).cloned());
            let Some(batch) = bodies.collect::<Option<Batch>>() else {
                continue;
            };
            let chain = next_chain(&parent, sequence, &batch);
            let head = Head {
                view: self.view,
                sequence,
                chain,
            };
            let vote = Vote {
                phase: Phase::Prepare,
                head,
            };
            self.slot_mut(sequence).waiting.remove(&peer);
            if primary == self.seat
                || !self.trusts(primary)
                || !self.verify_vote(&vote, primary, proposal.signature)
            {
                continue;
            }
            self.accept(
                now,
                Block {
                    parent,
                    sequence,
                    batch,
                },
                head,
                (proposal, bytes),
            );
            return;
        }
    }

    /// A proposal that the primary signed for this place of the chain.
    fn accept(
        &mut self,
        now: Instant,
        block: Block,
        head: Head,
        (proposal, bytes): (PrePrepare, Vec<u8>),
    ) {
        let (sequence, signature) = (head.sequence, proposal.signature);
        let valid = self.chain.continues(&block.parent, &block.batch);
        let (parent, batch) = (block.parent, block.batch.clone());
        if !self.chain.insert(head.chain, block) {
            return;
        }
        self.note_heard(now, self.epoch.primary(self.view));
        let slot = self.slot_mut(sequence);
        slot.waiting.clear();
        slot.proposal = Some((proposal, bytes.clone()));
        slot.head = Some(head);
        let origin = self.epoch.primary(self.view);
        self.relay_from(Urgency::Proposal, Some(origin), &bytes[..]);
        self.add_vote(
            now,
            sequence,
            Phase::Prepare,
            self.epoch.primary(self.view),
            signature,
        );
        if !valid {
            // Signed by the primary and wrong for everybody: proof that it lies, so there is nothing to wait for.
            self.leave_view(now, self.view.saturating_add(1));
            return;
        }
        self.persist(&batch_record(parent, sequence, &batch));
        if sequence == self.chain.delivered() + 1 {
            self.timing.proposed(now);
        }
        self.vote(now, sequence, Phase::Prepare);
        self.mind_timers(now);
        self.review_early(now);
        self.try_accept(now, sequence.saturating_add(1));
    }
}
