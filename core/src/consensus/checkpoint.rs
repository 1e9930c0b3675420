//! Checkpoints (Castro–Liskov §4.3): a quorum's word on the whole state at a slot, every sixteen slots and at each
//! epoch's end. What lies below the stable one is truncated, and a replica that fell far behind goes on from it.

use std::collections::BTreeMap;

use super::early::Held;
use super::epoch::Epoch;
use super::ignored::Ignored;
use super::limits::{CHANGES_MAX, CHECKPOINT_EVERY, CHECKPOINTS_MAX, EPOCHS_MAX};
use super::memory::Place;
use super::message::{CheckpointMessage, Message};
use super::numbers::Numbers;
use super::record::Record;
use super::replay::ReplayError;
use super::replica::{Peer, Replica, Urgency};
use super::state_transfer::EpochEnd;
use super::statement::Checkpoint;
use super::tally::Tally;
use crate::crypto::{Digest, Roster, Seat, SeatSet, Signature};
use crate::time::Instant;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// What consensus itself must know to go on from a slot. Part of every checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Progress {
    pub(super) numbers: Numbers,
    /// The slot's epoch.
    pub(super) epoch: u64,
    pub(super) first: u64,
    pub(super) roster: Roster,
    /// Rosters to come, each with its first slot.
    pub(super) changes: Vec<(u64, Roster)>,
}

impl Encode for Progress {
    fn encode(&self, writer: &mut Writer) {
        self.numbers.encode(writer);
        writer.u64(self.epoch);
        writer.u64(self.first);
        self.roster.encode(writer);
        writer.count_u8(self.changes.len());
        for (first, roster) in &self.changes {
            writer.u64(*first);
            roster.encode(writer);
        }
    }
}

impl Decode for Progress {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let numbers = Numbers::decode(reader)?;
        let (epoch, first) = (reader.u64()?, reader.u64()?);
        let roster = Roster::decode(reader)?;
        let count = reader.count_u8(CHANGES_MAX, "changes")?;
        let changes = (0..count)
            .map(|_| Ok((reader.u64()?, Roster::decode(reader)?)))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self {
            numbers,
            epoch,
            first,
            roster,
            changes,
        })
    }
}

/// The state at a slot: consensus' part and what the layers above handed down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct State {
    pub(super) progress: Vec<u8>,
    pub(super) application: Vec<u8>,
}

impl State {
    pub(super) fn digest(&self) -> Digest {
        state_digest(&self.progress, &application_digest(&self.application))
    }
}

/// Digest of the part of a state that the layers above handed down.
#[must_use]
pub fn application_digest(application: &[u8]) -> Digest {
    Digest::of("bitcraps/application/v1", &[application])
}

pub(super) fn state_digest(progress: &[u8], application: &Digest) -> Digest {
    Digest::of("bitcraps/state/v1", &[progress, &application.0])
}

/// Exactly q signatures over one checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckpointCertificate {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// Who signed.
    pub signers: SeatSet,
    /// Their signatures, in seat order.
    pub signatures: Vec<Signature>,
}

impl CheckpointCertificate {
    /// Whether a quorum of the epoch signed it. Costs q signature checks.
    #[must_use]
    pub fn verify(&self, epoch: &Epoch) -> bool {
        let q = epoch.quorum.q;
        let statement = self.checkpoint.to_bytes();
        let signed = |(seat, signature): (Seat, &Signature)| {
            let signed = epoch.open::<Checkpoint>(seat, &statement, *signature, &epoch.context);
            signed.is_some()
        };
        self.signers.len() == q
            && self.signatures.len() == q
            && self.signers.iter().zip(&self.signatures).all(signed)
    }
}

impl Encode for CheckpointCertificate {
    fn encode(&self, writer: &mut Writer) {
        self.checkpoint.encode(writer);
        self.signers.encode(writer);
        self.signatures
            .iter()
            .for_each(|signature| signature.encode(writer));
    }
}

impl Decode for CheckpointCertificate {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let checkpoint = Checkpoint::decode(reader)?;
        let signers = SeatSet::decode(reader)?;
        let signatures = (0..signers.len())
            .map(|_| Signature::decode(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            checkpoint,
            signers,
            signatures,
        })
    }
}

/// A checkpoint of this replica that is not stable yet.
#[derive(Clone, Debug)]
struct Waiting {
    statement: Checkpoint,
    state: State,
    epoch: Epoch,
    /// Whether the epoch ends with it.
    ends_epoch: bool,
    votes: Tally,
}

/// A checkpoint that a quorum signed, with its state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stable {
    pub(super) certificate: CheckpointCertificate,
    pub(super) state: State,
    pub(super) epoch: u64,
}

/// Checkpoints on their way to be stable, the stable one, and how each past epoch ended.
#[derive(Default, Debug)]
pub(super) struct Checkpoints {
    waiting: BTreeMap<u64, Waiting>,
    pub(super) stable: Option<Stable>,
    pub(super) ended: BTreeMap<u64, EpochEnd>,
    /// Epochs after the current one that certificates vouch for.
    pub(super) ahead: Vec<Epoch>,
}

impl Checkpoints {
    /// The sequence number of the stable checkpoint; 0 stands for the genesis.
    pub(super) fn stable_sequence(&self) -> u64 {
        let stable = self.stable.as_ref();
        stable.map_or(0, |stable| stable.certificate.checkpoint.sequence)
    }

    /// Whether votes for this slot's checkpoint can be looked at.
    pub(super) fn is_open(&self, sequence: u64) -> bool {
        self.waiting.contains_key(&sequence)
    }

    /// Forgets an own checkpoint that is stable by other votes.
    pub(super) fn forget(&mut self, sequence: u64) {
        self.waiting.remove(&sequence);
    }

    pub(super) fn remember_end(&mut self, end: EpochEnd) {
        self.ended.insert(end.epoch, end);
        while self.ended.len() > EPOCHS_MAX {
            self.ended.pop_first();
        }
    }
}

impl Replica {
    /// Whether the state after this slot must be handed to [`Replica::applied`].
    #[must_use]
    pub fn is_checkpoint(&self, sequence: u64) -> bool {
        sequence.is_multiple_of(CHECKPOINT_EVERY) || self.epoch_end() == Some(sequence)
    }

    /// The last slot of the current epoch, once it is known.
    pub(super) fn epoch_end(&self) -> Option<u64> {
        self.changes
            .first()
            .map(|(first, _)| first.saturating_sub(1))
    }

    /// Signs the state after `sequence`, which the layers above have just applied.
    pub(super) fn take_checkpoint(&mut self, now: Instant, sequence: u64, application: Vec<u8>) {
        let Some((chain, numbers)) = self.chain.state_at(sequence) else {
            return;
        };
        let progress = Progress {
            numbers,
            epoch: self.epoch.number,
            first: self.epoch.first,
            roster: self.epoch.roster.clone(),
            changes: self.changes.clone(),
        };
        let state = State {
            progress: progress.to_bytes(),
            application,
        };
        let statement = Checkpoint {
            sequence,
            chain,
            state: state.digest(),
        };
        let waiting = Waiting {
            statement,
            state,
            epoch: self.epoch.clone(),
            ends_epoch: self.epoch_end() == Some(sequence),
            votes: Tally::new(self.epoch.roster.bound(), self.epoch.quorum.q),
        };
        self.checkpoints.waiting.insert(sequence, waiting);
        while self.checkpoints.waiting.len() > CHECKPOINTS_MAX {
            self.checkpoints.waiting.pop_first();
        }
        if self.may_vote() {
            self.sign_checkpoint(now, sequence);
        }
    }

    fn sign_checkpoint(&mut self, now: Instant, sequence: u64) {
        let Some(waiting) = self.checkpoints.waiting.get(&sequence) else {
            return;
        };
        let statement = waiting.statement;
        let epoch = &waiting.epoch;
        let signed = epoch.sign(statement, &epoch.context, &self.identity);
        let signature = *signed.signature();
        let message = CheckpointMessage {
            signer: self.seat,
            tag: statement.digest().tag(),
            signature,
        };
        self.memory.note(Place::Checkpoint(sequence));
        let bytes = Message::Checkpoint(message).to_wire(self.table_tag, 0, sequence);
        self.persist_and_flood(Urgency::Control, None, bytes);
        self.add_checkpoint_vote(now, sequence, self.seat, signature);
    }

    /// Signs the states that were reached while this replica could not vote, where it is a member of their epoch.
    pub(super) fn sign_missing_checkpoints(&mut self, now: Instant) {
        let (seat, key) = (self.seat, self.identity.public_key());
        let missing = |waiting: &Waiting| {
            waiting.epoch.roster.key(seat) == Some(&key) && !waiting.votes.has(seat)
        };
        let waiting = self.checkpoints.waiting.iter();
        let missing: Vec<u64> = waiting
            .filter(|(_, waiting)| missing(waiting))
            .map(|(sequence, _)| *sequence)
            .collect();
        for sequence in missing {
            self.sign_checkpoint(now, sequence);
        }
    }

    /// This replica's checkpoint vote counts again.
    pub(super) fn replay_checkpoint(
        &mut self,
        now: Instant,
        sequence: u64,
        vote: CheckpointMessage,
    ) -> Result<(), ReplayError> {
        let Some(waiting) = self.checkpoints.waiting.get(&sequence) else {
            return Ok(());
        };
        if waiting.statement.digest().tag() != vote.tag {
            return Err(ReplayError::Misplaced("a checkpoint vote"));
        }
        if !waiting.votes.has(self.seat) {
            self.add_checkpoint_vote(now, sequence, self.seat, vote.signature);
        }
        Ok(())
    }

    pub(super) fn on_checkpoint(
        &mut self,
        now: Instant,
        peer: Peer,
        held: Held,
    ) -> Result<(), Ignored> {
        let Message::Checkpoint(vote) = held.message else {
            return Err(Ignored::Stale);
        };
        if held.message.to_wire(self.table_tag, 0, held.sequence) != held.bytes {
            return Err(Ignored::Malformed(DecodeError::OutOfRange("header")));
        }
        let Some(waiting) = self.checkpoints.waiting.get(&held.sequence) else {
            return self.hold_checkpoint(now, peer, held);
        };
        if waiting.epoch.roster.key(vote.signer).is_none() {
            return Err(Ignored::NotSeated);
        }
        if waiting.votes.has(vote.signer) {
            return Err(Ignored::Duplicate);
        }
        if vote.tag != waiting.statement.digest().tag() {
            return Err(Ignored::Conflict);
        }
        let statement = waiting.statement.to_bytes();
        let epoch = &waiting.epoch;
        epoch
            .open::<Checkpoint>(vote.signer, &statement, vote.signature, &epoch.context)
            .ok_or(Ignored::BadSignature)?;
        self.note_heard(now, vote.signer);
        if vote.signer == self.seat {
            self.meet_own(Place::Checkpoint(held.sequence));
        }
        self.relay_from(Urgency::Control, Some(vote.signer), &held.bytes[..]);
        self.add_checkpoint_vote(now, held.sequence, vote.signer, vote.signature);
        Ok(())
    }

    /// A vote for a slot that is not applied here yet waits; one for a slot that is stable is over.
    fn hold_checkpoint(&mut self, now: Instant, peer: Peer, held: Held) -> Result<(), Ignored> {
        if held.sequence <= self.applied {
            return Err(Ignored::Stale);
        }
        if held.sequence > self.window_end() {
            self.ask(now, peer);
            return Err(Ignored::OutOfWindow);
        }
        if self.early.hold(peer, held) {
            Err(Ignored::Held)
        } else {
            Err(Ignored::Full)
        }
    }

    fn add_checkpoint_vote(&mut self, now: Instant, sequence: u64, seat: Seat, vote: Signature) {
        if !self.trusts(seat) {
            return;
        }
        let Some(waiting) = self.checkpoints.waiting.get_mut(&sequence) else {
            return;
        };
        waiting.votes.add(seat, vote);
        if !waiting.votes.is_complete() {
            return;
        }
        let votes = waiting.votes.votes().take(waiting.epoch.quorum.q);
        let (signers, signatures): (Vec<Seat>, Vec<Signature>) = votes.unzip();
        let certificate = CheckpointCertificate {
            checkpoint: waiting.statement,
            signers: signers.into_iter().collect(),
            signatures,
        };
        let Some(waiting) = self.checkpoints.waiting.remove(&sequence) else {
            return;
        };
        if waiting.ends_epoch {
            let end = EpochEnd {
                epoch: waiting.epoch.number,
                certificate: certificate.clone(),
                progress: waiting.state.progress.clone(),
                application: application_digest(&waiting.state.application),
            };
            self.persist(&Record::EpochEnd(end.clone()));
            self.checkpoints.remember_end(end);
        }
        if sequence > self.checkpoints.stable_sequence() {
            self.on_stable(Stable {
                certificate,
                state: waiting.state,
                epoch: waiting.epoch.number,
            });
            self.on_pool_change(now);
        }
    }

    /// A checkpoint is stable: the low water mark rises, and what lies well below it is forgotten.
    pub(super) fn on_stable(&mut self, stable: Stable) {
        let sequence = stable.certificate.checkpoint.sequence;
        self.persist(&Record::Stable {
            epoch: stable.epoch,
            certificate: stable.certificate.clone(),
            progress: stable.state.progress.clone(),
            application: stable.state.application.clone(),
        });
        self.checkpoints
            .waiting
            .retain(|of, waiting| *of > sequence || waiting.ends_epoch);
        self.checkpoints.stable = Some(stable);
        self.omissions.on_stable();
        let low = sequence.saturating_sub(super::limits::SLOTS_BELOW_STABLE);
        self.chain.truncate_below(low);
    }

    /// The checkpoint votes that a neighbour lacks, by where it says it is.
    pub(super) fn checkpoint_votes_for(&self, delivered: u64, stable: u64) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut add = |statement: &Checkpoint, seat: Seat, signature: Signature| {
            let message = CheckpointMessage {
                signer: seat,
                tag: statement.digest().tag(),
                signature,
            };
            let sequence = statement.sequence;
            found.push(Message::Checkpoint(message).to_wire(self.table_tag, 0, sequence));
        };
        if let Some(known) = &self.checkpoints.stable {
            let certificate = &known.certificate;
            let sequence = certificate.checkpoint.sequence;
            if sequence > stable && sequence <= delivered {
                let votes = certificate.signers.iter().zip(&certificate.signatures);
                votes.for_each(|(seat, signature)| add(&certificate.checkpoint, seat, *signature));
            }
        }
        for (sequence, waiting) in &self.checkpoints.waiting {
            if *sequence > stable && *sequence <= delivered {
                let votes = waiting.votes.votes();
                votes.for_each(|(seat, signature)| add(&waiting.statement, seat, signature));
            }
        }
        found
    }
}
