//! State transfer: a replica that fell below what its neighbours keep goes on from a stable checkpoint.
//!
//! Nothing is believed but signatures: the state must have the digest that a quorum signed, and the quorum's roster
//! is the one that this replica knows, or that follows from it through the certified ends of the epochs between.

use super::checkpoint::{CheckpointCertificate, Progress, Stable, State, state_digest};
use super::epoch::Epoch;
use super::fork::Side;
use super::ignored::Ignored;
use super::limits::{EPOCHS_PER_ANSWER_MAX, STATE_BYTES_MAX};
use super::message::{Message, Status};
use super::record::Record;
use super::replica::{Action, Peer, Replica, Urgency};
use crate::crypto::{Digest, Seat};
use crate::time::Instant;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Most bytes in [`Progress`]: eighteen numbers and ten rosters.
const PROGRESS_BYTES_MAX: usize = 8 * 1024;

/// How an epoch ended: its last checkpoint, whose state names the next roster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EpochEnd {
    /// Which epoch.
    pub epoch: u64,
    /// The checkpoint of its last slot.
    pub certificate: CheckpointCertificate,
    /// Consensus' part of the state.
    pub progress: Vec<u8>,
    /// Digest of the other part.
    pub application: Digest,
}

impl EpochEnd {
    /// The epoch that follows, if all this holds.
    pub(super) fn next(&self, epoch: &Epoch, version: u16, table: &Digest) -> Option<Epoch> {
        let checkpoint = &self.certificate.checkpoint;
        if self.epoch != epoch.number
            || checkpoint.state != state_digest(&self.progress, &self.application)
            || !self.certificate.verify(epoch)
        {
            return None;
        }
        let progress = Progress::from_bytes(&self.progress).ok()?;
        let (first, roster) = progress.changes.into_iter().next()?;
        let ends = checkpoint.sequence.checked_add(1) == Some(first);
        ends.then(|| {
            Epoch::new(version, table, epoch.number + 1, first, roster).with_checker(&epoch.checker)
        })
    }
}

impl Encode for EpochEnd {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.epoch);
        self.certificate.encode(writer);
        writer.bytes_u16(&self.progress);
        self.application.encode(writer);
    }
}

impl Decode for EpochEnd {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: reader.u64()?,
            certificate: CheckpointCertificate::decode(reader)?,
            progress: reader.bytes_u16(PROGRESS_BYTES_MAX, "progress")?.to_vec(),
            application: Digest::decode(reader)?,
        })
    }
}

/// Link-local: how the epochs ended that a neighbour does not know, and the state at a stable checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateMessage {
    /// Ends of epochs, in order.
    pub ends: Vec<EpochEnd>,
    /// The checkpoint and its state, if the ends lead to its epoch.
    pub last: Option<StateAt>,
}

/// A stable checkpoint with its whole state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateAt {
    /// Its epoch.
    pub epoch: u64,
    /// A quorum's word.
    pub certificate: CheckpointCertificate,
    /// Consensus' part.
    pub progress: Vec<u8>,
    /// The table's part.
    pub application: Vec<u8>,
}

impl Encode for StateAt {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.epoch);
        self.certificate.encode(writer);
        writer.bytes_u16(&self.progress);
        writer.bytes_u16(&self.application);
    }
}

impl Decode for StateAt {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: reader.u64()?,
            certificate: CheckpointCertificate::decode(reader)?,
            progress: reader.bytes_u16(PROGRESS_BYTES_MAX, "progress")?.to_vec(),
            application: reader.bytes_u16(STATE_BYTES_MAX, "state")?.to_vec(),
        })
    }
}

impl Encode for StateMessage {
    fn encode(&self, writer: &mut Writer) {
        writer.count_u8(self.ends.len());
        self.ends.iter().for_each(|end| end.encode(writer));
        writer.bool(self.last.is_some());
        if let Some(last) = &self.last {
            last.encode(writer);
        }
    }
}

impl Decode for StateMessage {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.count_u8(EPOCHS_PER_ANSWER_MAX, "epoch ends")?;
        let ends = (0..count)
            .map(|_| EpochEnd::decode(reader))
            .collect::<Result<_, _>>()?;
        let last = if reader.bool("has state")? {
            Some(StateAt::decode(reader)?)
        } else {
            None
        };
        Ok(Self { ends, last })
    }
}

impl Replica {
    /// Sends a neighbour the stable state, and how the roster came to it.
    pub(super) fn send_state(&mut self, peer: Peer, status: &Status) {
        let Some(stable) = &self.checkpoints.stable else {
            return;
        };
        let mut ends = Vec::new();
        let mut complete = true;
        for epoch in status.epoch..stable.epoch {
            let end = self.checkpoints.ended.get(&epoch);
            let Some(end) = end.filter(|_| ends.len() < EPOCHS_PER_ANSWER_MAX) else {
                complete = false;
                break;
            };
            ends.push(end.clone());
        }
        let last = complete.then(|| StateAt {
            epoch: stable.epoch,
            certificate: stable.certificate.clone(),
            progress: stable.state.progress.clone(),
            application: stable.state.application.clone(),
        });
        let sequence = stable.certificate.checkpoint.sequence;
        let message = Message::State(StateMessage { ends, last });
        let bytes = message.to_wire(self.table_tag, self.view, sequence);
        self.send(peer, Urgency::Bulk, bytes);
    }

    pub(super) fn on_state(
        &mut self,
        now: Instant,
        peer: Peer,
        message: StateMessage,
    ) -> Result<(), Ignored> {
        let known = self.known_epoch().number;
        for end in message.ends {
            if end.epoch >= self.known_epoch().number {
                let next = end.next(self.known_epoch(), self.version, &self.table);
                let next = next.ok_or(Ignored::BadSignature)?;
                self.checkpoints.ahead.push(next);
                self.persist(&Record::EpochEnd(end.clone()));
                self.checkpoints.remember_end(end);
            }
        }
        let Some(last) = message.last else {
            return if self.known_epoch().number > known {
                self.ask_further(now, peer);
                Ok(())
            } else {
                Err(Ignored::Stale)
            };
        };
        let checkpoint = last.certificate.checkpoint;
        if checkpoint.sequence <= self.chain.delivered() {
            let _ = self.compare(now, checkpoint.sequence, Side::Checkpoint(last.certificate));
            return Err(Ignored::Stale);
        }
        let mut epochs = std::iter::once(&self.epoch).chain(&self.checkpoints.ahead);
        let epoch = epochs.find(|epoch| epoch.number == last.epoch);
        let epoch = epoch.cloned().ok_or(Ignored::OutOfWindow)?;
        let state = State {
            progress: last.progress,
            application: last.application,
        };
        if checkpoint.state != state.digest() || !last.certificate.verify(&epoch) {
            return Err(Ignored::BadSignature);
        }
        let progress = Progress::from_bytes(&state.progress)?;
        let stable = Stable {
            certificate: last.certificate,
            state,
            epoch: last.epoch,
        };
        self.install(now, epoch, progress, stable);
        self.ask_further(now, peer);
        Ok(())
    }

    /// The last epoch that this replica can check certificates of.
    pub(super) fn known_epoch(&self) -> &Epoch {
        self.checkpoints.ahead.last().unwrap_or(&self.epoch)
    }

    /// Goes on from a certified state.
    pub(super) fn install(
        &mut self,
        now: Instant,
        epoch: Epoch,
        progress: Progress,
        stable: Stable,
    ) {
        let checkpoint = stable.certificate.checkpoint;
        let application = stable.state.application.clone();
        let sequence = checkpoint.sequence;
        let numbers = progress.numbers;
        self.meet_own_number(numbers.next(self.seat).saturating_sub(1));
        for seat in epoch.roster.seats() {
            let next = numbers.next(seat);
            self.pool.remove_up_to(seat.0, next.saturating_sub(1));
        }
        self.own_number = self.own_number.max(numbers.next(self.seat));
        self.chain.install(sequence, checkpoint.chain, numbers);
        self.applied = sequence;
        self.on_stable(stable);
        if epoch.number != self.epoch.number {
            self.begin_epoch(now, epoch);
        }
        self.changes = progress.changes;
        self.leave_contradicted_view(now, self.view);
        self.slots.retain(|of, _| *of > sequence);
        self.early.drop_where(|held| held.sequence <= sequence);
        self.actions.push_back(Action::Install {
            sequence,
            chain: checkpoint.chain,
            application,
        });
        self.end_epoch_if_due(now);
        self.on_pool_change(now);
    }

    /// Moves to an epoch: a roster of its own, and views from 0.
    pub(super) fn begin_epoch(&mut self, now: Instant, epoch: Epoch) {
        let (between, ahead) = std::mem::take(&mut self.checkpoints.ahead)
            .into_iter()
            .partition(|ahead| ahead.number <= epoch.number);
        self.checkpoints.ahead = ahead;
        let past = std::mem::replace(&mut self.epoch, epoch);
        self.begin_witness(past, between);
        self.memory.begin_epoch(now);
        self.view = 0;
        self.target = None;
        self.set_new_view(super::epoch::NO_NEW_VIEW);
        self.slots.clear();
        self.prepared = None;
        self.view_changes = Default::default();
        self.new_views = Default::default();
        self.fork.views.clear();
        self.chain.forget_blocks();
        self.pool.keep_members(&self.epoch.roster);
        self.awaited = None;
        self.timing.entered_view();
        let key = self.identity.public_key();
        self.is_member = self.epoch.roster.key(self.seat) == Some(&key);
        let first = self.epoch.first;
        self.early.drop_where(|held| held.sequence < first);
        self.actions.push_back(Action::EnteredEpoch {
            epoch: self.epoch.number,
            first,
            members: self.epoch.roster.seats().collect::<Vec<Seat>>(),
        });
        self.ask_neighbours();
        self.review_early(now);
    }

    /// The layers above have applied a slot and say what follows from it.
    ///
    /// `roster`: the members from slot `sequence + W + 1` on, if they change. `state`: the encoded state after the
    /// slot, if [`Replica::is_checkpoint`] asked for it.
    pub fn applied(
        &mut self,
        now: Instant,
        sequence: u64,
        roster: Option<crate::crypto::Roster>,
        state: Option<Vec<u8>>,
    ) {
        debug_assert_eq!(sequence, self.applied + 1, "slots are applied in order");
        let was_held_up = self.is_held_up();
        self.applied = sequence;
        if was_held_up && !self.is_held_up() {
            self.ask_on(now);
        }
        if let Some(roster) = roster {
            // At most one a slot, and each is over W + 1 slots later.
            let first = sequence.saturating_add(super::limits::WINDOW + 1);
            self.changes.push((first, roster));
        }
        if let Some(state) = state {
            self.take_checkpoint(now, sequence, state);
        }
        self.end_epoch_if_due(now);
        self.try_accept_all(now);
        self.review_early(now);
        self.on_pool_change(now);
    }

    fn end_epoch_if_due(&mut self, now: Instant) {
        if self.epoch_end() != Some(self.applied) {
            return;
        }
        let (first, roster) = self.changes.remove(0);
        let number = self.epoch.number + 1;
        let epoch = Epoch::new(self.version, &self.table, number, first, roster)
            .with_checker(&self.epoch.checker);
        self.begin_epoch(now, epoch);
    }
}
