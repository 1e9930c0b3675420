//! Going on from a journal: the records of an earlier run, one after the other, through the same code that made them.
//!
//! A replica that replays has no links, signs nothing and is handed no messages; what it asks for besides delivering
//! is void, because it is in the journal already. Signatures of others were checked before they were recorded, and
//! the journal's own checksums say that nothing has changed since; bodies are opened again because there is no other
//! way to them.

use std::sync::Arc;

use super::certificate::Certificate;
use super::chain::{Batch, Block, next_chain};
use super::checkpoint::{Progress, Stable, State};
use super::memory::{Memory, Place};
use super::message::{Message, SignedBytes, VoteMessage};
use super::record::Record;
use super::replica::{Replica, ReplicaConfig};
use super::state_transfer::EpochEnd;
use super::statement::{Head, Phase, Request, SignedRequest};
use super::timing::Timing;
use crate::crypto::{Digest, SEATS_MAX, Signature, Signed};
use crate::time::Instant;
use crate::wire::{Decode, DecodeError, widen_u16};

/// A journal says nothing about time.
const THEN: Instant = Instant(0);

/// Why a record is none that this replica can have written here. The journal is then as good as lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReplayError {
    /// It is no record.
    #[error("{0}")]
    Malformed(#[from] DecodeError),
    /// It belongs to another table or another phone.
    #[error("{0} of another table or phone")]
    Foreign(&'static str),
    /// It does not follow from the records before it.
    #[error("{0} does not follow from what is in front of it")]
    Misplaced(&'static str),
}

impl Replica {
    /// A replica that starts again: hand it its records with [`Replica::replay`], then [`Replica::resume`]. The nonce
    /// must be another one at each start.
    #[must_use]
    pub fn reopen(config: ReplicaConfig, nonce: [u8; 16]) -> Self {
        Self {
            memory: Memory::asking(nonce),
            ..Self::new(config)
        }
    }

    /// Takes the next record in. Every [`Action::Deliver`](super::Action::Deliver) and
    /// [`Action::Install`](super::Action::Install) that comes of it must be carried out before the next one.
    ///
    /// # Errors
    /// [`ReplayError`]: the journal cannot be used.
    pub fn replay(&mut self, record: &[u8]) -> Result<(), ReplayError> {
        match Record::from_bytes(record)? {
            Record::Own { head, message } => self.replay_own(head, message),
            Record::Batch {
                parent,
                sequence,
                batch,
            } => self.replay_batch(parent, sequence, &batch),
            Record::Certificate(certificate) => self.replay_certificate(certificate),
            Record::Entered {
                new_view,
                view_changes,
            } => self.replay_entered(THEN, new_view, view_changes),
            Record::Stable {
                epoch,
                certificate,
                progress,
                application,
            } => self.replay_stable(Stable {
                certificate,
                state: State {
                    progress,
                    application,
                },
                epoch,
            }),
            Record::EpochEnd(end) => self.replay_epoch_end(end),
            Record::Evidence(evidence) => {
                self.convict(THEN, evidence);
                Ok(())
            }
            Record::Halted(halt) => {
                self.restore_halt(halt);
                Ok(())
            }
            Record::Observing { epoch } => {
                self.memory.replay_observing(epoch);
                Ok(())
            }
            // The table's, not consensus'.
            Record::Roll { .. } | Record::FalseShare { .. } => Ok(()),
        }
    }

    /// The journal has been read: from here on the replica lives, and asks before it votes.
    pub fn resume(&mut self) {
        let next = self.chain.next_number(self.seat);
        self.own_number = self.own_number.max(next);
        self.memory.resume(self.epoch.number);
        self.replayed.clear();
        self.timing = Timing::new(self.epoch.roster.len());
        self.awaited = None;
        self.omissions = Default::default();
        self.heard = vec![None; SEATS_MAX];
        self.actions.clear();
    }

    fn replay_own(&mut self, head: Option<Head>, bytes: Vec<u8>) -> Result<(), ReplayError> {
        let (header, message) = Message::from_wire(&bytes)?;
        if header.table != self.table_tag {
            return Err(ReplayError::Foreign("a message"));
        }
        match message {
            Message::Request(signed) => self.replay_request(&signed),
            Message::PrePrepare(proposal) => {
                let head = head.ok_or(ReplayError::Misplaced("a proposal"))?;
                let signature = proposal.signature;
                if self.is_under_way(&head) {
                    self.slot_mut(head.sequence).proposal = Some((proposal, bytes));
                }
                self.replay_vote(Phase::Prepare, head, signature)
            }
            Message::Vote(VoteMessage {
                phase, signature, ..
            }) => {
                let head = head.ok_or(ReplayError::Misplaced("a vote"))?;
                self.replay_vote(phase, head, signature)
            }
            Message::ViewChange(signed) => self.replay_own_view_change(&signed, bytes),
            Message::NewView(message) => {
                self.memory.note(Place::NewView(message.view));
                self.wait_for_own_view(message, bytes);
                Ok(())
            }
            Message::Checkpoint(vote) => {
                let sequence = widen_u16(header.sequence, self.chain.delivered());
                self.memory.note(Place::Checkpoint(sequence));
                self.replay_checkpoint(THEN, sequence, vote)
            }
            _ => Err(ReplayError::Misplaced("a message that nobody signs")),
        }
    }

    fn replay_request(&mut self, bytes: &SignedBytes) -> Result<(), ReplayError> {
        let key = self.identity.public_key();
        let context = &self.table_context;
        let signed = Signed::<Request>::open(&bytes.statement, bytes.signature, context, &key);
        let signed = signed.map_err(|_| ReplayError::Foreign("a request"))?;
        let digest = signed.digest(context);
        let request = Arc::new(SignedRequest { signed, digest });
        self.own_number = self.own_number.max(request.number().saturating_add(1));
        self.memory.replay_request(request.skips());
        self.replay_body(&request);
        Ok(())
    }

    /// Keeps a body that is not ordered yet.
    fn replay_body(&mut self, request: &Arc<SignedRequest>) {
        let ordered = request.number() < self.chain.next_number(request.player());
        if !ordered && !self.pool.contains(&request.id()) {
            self.pool.insert(Arc::clone(request));
        }
    }

    fn is_under_way(&self, head: &Head) -> bool {
        head.view == self.view && head.sequence > self.chain.delivered()
    }

    /// A vote of this replica counts again, if its slot is still under way.
    fn replay_vote(
        &mut self,
        phase: Phase,
        head: Head,
        signature: Signature,
    ) -> Result<(), ReplayError> {
        self.memory.note(Place::Vote(phase, head));
        if !self.is_under_way(&head) {
            return Ok(());
        }
        let seat = self.seat;
        let slot = self.slot_mut(head.sequence);
        if slot.head.is_some_and(|known| known != head) {
            return Err(ReplayError::Misplaced("a vote"));
        }
        slot.head = Some(head);
        slot.voted[usize::from(phase == Phase::Commit)] = true;
        self.add_vote(THEN, head.sequence, phase, seat, signature);
        Ok(())
    }

    fn replay_batch(
        &mut self,
        parent: Digest,
        sequence: u64,
        batch: &[SignedBytes],
    ) -> Result<(), ReplayError> {
        let opened = batch.iter().map(|bytes| self.known_or_opened(bytes));
        let batch = opened
            .collect::<Result<Batch, _>>()
            .map_err(|_| ReplayError::Foreign("a batch"))?;
        if sequence <= self.chain.delivered() {
            return Ok(());
        }
        batch.iter().for_each(|request| self.replay_body(request));
        let chain = next_chain(&parent, sequence, &batch);
        let block = Block {
            parent,
            sequence,
            batch,
        };
        if self.chain.insert(chain, block) {
            Ok(())
        } else {
            Err(ReplayError::Misplaced("a batch"))
        }
    }

    fn replay_certificate(&mut self, certificate: Certificate) -> Result<(), ReplayError> {
        self.witness_certificate(THEN, &certificate);
        let head = certificate.head;
        if certificate.phase == Phase::Commit {
            if head.sequence <= self.chain.delivered() {
                return Ok(());
            }
            self.on_commit_certificate(THEN, certificate);
            let delivered = self.chain.delivered() == head.sequence || self.is_halted();
            return delivered
                .then_some(())
                .ok_or(ReplayError::Misplaced("a commit certificate"));
        }
        self.replayed.push(certificate.clone());
        if self.replayed.len() > REPLAYED_MAX {
            self.replayed.remove(0);
        }
        if self.prepared.as_ref().is_none_or(|best| best.head < head) {
            self.prepared = Some(certificate);
        }
        Ok(())
    }

    fn replay_stable(&mut self, stable: Stable) -> Result<(), ReplayError> {
        let sequence = stable.certificate.checkpoint.sequence;
        if sequence <= self.chain.delivered() {
            self.checkpoints.forget(sequence);
            self.on_stable(stable);
            return Ok(());
        }
        let mut epochs = std::iter::once(&self.epoch).chain(&self.checkpoints.ahead);
        let epoch = epochs.find(|epoch| epoch.number == stable.epoch).cloned();
        let epoch = epoch.ok_or(ReplayError::Misplaced("a checkpoint"))?;
        let progress = Progress::from_bytes(&stable.state.progress)?;
        self.install(THEN, epoch, progress, stable);
        Ok(())
    }

    fn replay_epoch_end(&mut self, end: EpochEnd) -> Result<(), ReplayError> {
        if end.epoch >= self.known_epoch().number {
            let next = end.next(self.known_epoch(), self.version, &self.table);
            let next = next.ok_or(ReplayError::Misplaced("the end of an epoch"))?;
            self.checkpoints.ahead.push(next);
        }
        self.checkpoints.remember_end(end);
        Ok(())
    }
}

/// How many prepared certificates are kept while replaying, for the views that begin with one of them.
const REPLAYED_MAX: usize = 16;
