//! HALT: a replica that has seen two quorums contradict each other stops for good, and says whose fault it is.
//!
//! A status names what its sender delivered last by four bytes. Whoever is as far or further, and decided otherwise,
//! answers with what a quorum signed about that slot; the neighbour has its own half of the proof. A lying status
//! costs its link that one answer.
//!
//! The latch is on disk before anything else happens, and nothing clears it. A halted replica votes, proposes,
//! delivers and takes in nothing; to whoever asks it shows the proof. A proof from another epoch does not halt: keys
//! of a past roster may be in anybody's hands. Within an epoch a proof halts wherever its slot lies, also below the
//! stable checkpoint, because it names more liars than this roster can bear.

use std::collections::BTreeMap;

use super::blame::{Culprits, ViewRecord, blame};
use super::catch_up::QUIET;
use super::certificate::Certificate;
use super::chain::batch_digest;
use super::epoch::Epoch;
use super::fork::{ForkProof, Halt, Side, SideMessage};
use super::ignored::Ignored;
use super::limits::{LINK_MAX, VIEW_RECORDS_MAX};
use super::message::{Message, Status};
use super::record::Record;
use super::replica::{Action, Peer, Replica, Urgency};
use super::statement::{Head, ViewChange};
use crate::crypto::Digest;
use crate::time::Instant;
use crate::wire::{Decode, Encode};

/// How the views of this epoch began, and the halt.
#[derive(Default, Debug)]
pub(super) struct Fork {
    /// Those that this replica entered.
    pub(super) views: BTreeMap<u64, ViewRecord>,
    halted: Option<Box<Halted>>,
}

/// Why this replica has stopped.
#[derive(Debug)]
struct Halted {
    /// The epoch that forked.
    epoch: Epoch,
    halt: Halt,
    culprits: Culprits,
}

impl Halted {
    /// How much it explains: more culprits, then votes in place of checkpoints, more views, shorter ways.
    fn rank(&self) -> (usize, usize, usize, std::cmp::Reverse<usize>) {
        let sides = [&self.halt.proof.left, &self.halt.proof.right];
        let votes = sides.iter().filter(|side| side.commit().is_some()).count();
        let ways = sides.map(|side| match side {
            Side::Commit { batches, .. } => batches.len(),
            Side::Checkpoint(_) => 0,
        });
        let way = std::cmp::Reverse(ways.iter().sum());
        (self.culprits.len(), votes, self.halt.views.len(), way)
    }

    /// Whether it names as many as two quorums share.
    fn is_complete(&self) -> bool {
        let quorum = self.epoch.quorum;
        self.culprits.len() >= 2 * quorum.q - quorum.n
    }
}

impl Replica {
    /// Whether this replica has stopped for good.
    #[must_use]
    pub const fn is_halted(&self) -> bool {
        self.fork.halted.is_some()
    }

    /// Why it has stopped, and who is to blame as far as it is proven here.
    #[must_use]
    pub fn halted(&self) -> Option<(&Halt, &Culprits)> {
        let halted = self.fork.halted.as_ref()?;
        Some((&halted.halt, &halted.culprits))
    }

    /// Latches again what the journal says. A record is this replica's own word, so it halts even where the epoch's
    /// roster is no longer known; then it names nobody.
    pub fn restore_halt(&mut self, halt: Halt) {
        let mut epochs = std::iter::once(&self.epoch).chain(&self.past_epochs);
        let epoch = epochs.find(|epoch| epoch.number == halt.proof.epoch);
        let culprits = epoch.and_then(|epoch| halt.culprits(epoch));
        let epoch = epoch.unwrap_or(&self.epoch).clone();
        self.stop(Halted {
            epoch,
            halt,
            culprits: culprits.unwrap_or_default(),
        });
    }

    /// The proof as it travels, once there is one.
    pub(super) fn halt_wire(&self) -> Option<Vec<u8>> {
        let halted = self.fork.halted.as_ref()?;
        let sequence = halted.halt.proof.sequence;
        let message = Message::Halt(halted.halt.clone());
        Some(message.to_wire(self.table_tag, 0, sequence))
    }

    /// What a quorum of this epoch signed about a slot that is delivered and kept here.
    fn own_side(&self, sequence: u64) -> Option<Side> {
        let Some(decided) = self.chain.decided(sequence) else {
            let stable = self.checkpoints.stable.as_ref()?;
            let certificate = &stable.certificate;
            let here = certificate.checkpoint.sequence == sequence;
            let own = here && stable.epoch == self.epoch.number;
            return own.then(|| Side::Checkpoint(certificate.clone()));
        };
        let chain = decided.chain;
        if decided.epoch != self.epoch.number {
            return None;
        }
        let mut batches = Vec::new();
        for above in (sequence..).take(LINK_MAX + 1) {
            let decided = self.chain.decided(above)?;
            if above > sequence {
                let digests = decided.batch.iter().map(|request| request.digest);
                batches.push(batch_digest(digests));
            }
            if let Some(certificate) = decided.certificate.clone() {
                return Some(Side::Commit {
                    chain,
                    batches,
                    certificate,
                });
            }
        }
        None
    }

    /// Whether a neighbour says to have delivered something else than this replica, which can show what it delivered.
    pub(super) fn is_contradicted_by(&self, status: &Status) -> bool {
        let chain = self.chain.chain_at(status.delivered);
        chain.is_some_and(|chain| chain.tag() != status.tag)
            && self.own_side(status.delivered).is_some()
    }

    /// Shows a neighbour what a quorum signed about a slot, but not again and again.
    pub(super) fn show_side(
        &mut self,
        now: Instant,
        peer: Peer,
        sequence: u64,
    ) -> Result<(), Ignored> {
        let side = self.own_side(sequence).ok_or(Ignored::Stale)?;
        let state = self.peers.get_mut(&peer).ok_or(Ignored::Stale)?;
        if state.shown.is_some_and(|at| now.since(at) < QUIET) {
            return Err(Ignored::TooOften);
        }
        state.shown = Some(now);
        let epoch = self.epoch.number;
        let message = Message::Side(SideMessage {
            epoch,
            sequence,
            side,
        });
        let bytes = message.to_wire(self.table_tag, self.view, sequence);
        self.send(peer, Urgency::Control, bytes);
        Ok(())
    }

    /// A side or a halt. A link that brings one that proves nothing new is not listened to for a moment.
    pub(super) fn on_fork_message(
        &mut self,
        now: Instant,
        peer: Peer,
        message: Message,
    ) -> Result<(), Ignored> {
        let state = self.peers.get(&peer).ok_or(Ignored::Stale)?;
        if state.doubted.is_some_and(|at| now.since(at) < QUIET) {
            return Err(Ignored::TooOften);
        }
        let result = match message {
            Message::Halt(halt) => self.on_halt(now, halt),
            Message::Side(side) if side.epoch == self.epoch.number => {
                self.compare(now, side.sequence, side.side)
            }
            _ => Err(Ignored::Stale),
        };
        if result.is_err()
            && let Some(state) = self.peers.get_mut(&peer)
        {
            state.doubted = Some(now);
        }
        result
    }

    /// What is left to do for a halted replica: learn more culprits, and tell whoever asks.
    pub(super) fn on_message_halted(
        &mut self,
        now: Instant,
        peer: Peer,
        message: Message,
    ) -> Result<(), Ignored> {
        match message {
            Message::Halt(_) => return self.on_fork_message(now, peer, message),
            Message::Status(_) => self.tell(now, peer),
            _ => {}
        }
        Err(Ignored::Halted)
    }

    /// Somebody else's side of a slot: halts if it contradicts what is delivered here.
    pub(super) fn compare(
        &mut self,
        now: Instant,
        sequence: u64,
        side: Side,
    ) -> Result<(), Ignored> {
        let own = self.own_side(sequence).ok_or(Ignored::Unclaimed)?;
        let proof = ForkProof::new(self.epoch.number, sequence, own, side);
        let proof = proof.ok_or(Ignored::Duplicate)?;
        if !proof.verify(&self.epoch) {
            return Err(Ignored::BadSignature);
        }
        let epoch = self.epoch.clone();
        self.learn(now, epoch, proof, Vec::new())
    }

    fn on_halt(&mut self, now: Instant, halt: Halt) -> Result<(), Ignored> {
        let halted = self.fork.halted.as_deref();
        if halted.is_some_and(Halted::is_complete) {
            return Err(Ignored::Duplicate);
        }
        let epoch = halted.map_or(&self.epoch, |halted| &halted.epoch).clone();
        if halt.proof.epoch != epoch.number {
            return Err(Ignored::Stale);
        }
        if halted.is_some_and(|halted| halted.halt == halt) {
            return Err(Ignored::Duplicate);
        }
        let verified = halt.views.iter().all(|record| record.verify(&epoch));
        if !verified || !halt.proof.verify(&epoch) {
            return Err(Ignored::BadSignature);
        }
        self.learn(now, epoch, halt.proof, halt.views)
    }

    /// A checked proof, and checked views: halts, or knows better why it has halted.
    fn learn(
        &mut self,
        now: Instant,
        epoch: Epoch,
        mut proof: ForkProof,
        views: Vec<ViewRecord>,
    ) -> Result<(), Ignored> {
        let here = epoch.number == self.epoch.number;
        if let Some(own) = self.own_side(proof.sequence).filter(|_| here) {
            proof.improve(&own);
        }
        let halted = self.fork.halted.as_deref();
        if let Some(known) = halted.filter(|halted| halted.halt.proof.sequence == proof.sequence) {
            proof.improve(&known.halt.proof.left);
            proof.improve(&known.halt.proof.right);
        }
        let own = self.fork.views.values().filter(|_| here);
        let known = halted.into_iter().flat_map(|halted| &halted.halt.views);
        let all: Vec<&ViewRecord> = own.chain(known).chain(&views).collect();
        let blame = blame(&epoch, &proof, &all);
        let culprits = blame.culprits();
        let views = blame.views;
        let next = Halted {
            epoch,
            halt: Halt { proof, views },
            culprits,
        };
        if halted.is_some_and(|halted| halted.rank() >= next.rank()) {
            return Err(Ignored::Duplicate);
        }
        self.persist(&Record::Halted(next.halt.clone()));
        self.stop(next);
        if let Some(bytes) = self.halt_wire() {
            self.flood_own(Urgency::Bulk, bytes);
        }
        let evidence = blame.evidence.into_iter();
        evidence.for_each(|evidence| self.convict(now, evidence));
        Ok(())
    }

    /// From now on nothing is voted, proposed, delivered or taken in.
    fn stop(&mut self, halted: Halted) {
        self.actions.push_back(Action::Halted {
            sequence: halted.halt.proof.sequence,
            culprits: halted.culprits.clone(),
            proof: halted.halt.to_bytes(),
        });
        self.fork.halted = Some(Box::new(halted));
        self.slots.clear();
        self.early = Default::default();
        self.timing.idle();
    }

    /// Keeps how a view began, from its journal record: for the epoch, because votes in it may turn out to be
    /// half of a fork. Gives the certificate of the view's head.
    pub(super) fn remember_view(
        &mut self,
        new_view: &[u8],
        view_changes: &[Vec<u8>],
    ) -> Option<Certificate> {
        let Ok((_, Message::NewView(message))) = Message::from_wire(new_view) else {
            return None;
        };
        let statement = |bytes: &Vec<u8>| match Message::from_wire(bytes) {
            Ok((_, Message::ViewChange(signed))) => {
                let statement = ViewChange::from_bytes(&signed.statement).ok()?;
                Some((statement, signed.signature))
            }
            _ => None,
        };
        let head = message.head;
        let own = self.prepared.as_ref();
        let prepared = own
            .filter(|own| Some(own.head) == head)
            .or_else(|| self.view_changes.certificate(&head?))
            .cloned();
        let record = ViewRecord {
            view: message.view,
            head,
            view_changes: view_changes.iter().filter_map(statement).collect(),
            prepared: prepared.clone(),
        };
        self.fork.views.insert(message.view, record);
        while self.fork.views.len() > VIEW_RECORDS_MAX {
            self.fork.views.pop_first();
        }
        prepared
    }

    /// Whether something else is delivered here than a view is to begin with.
    pub(super) fn contradicts_delivered(&self, head: Option<&Head>) -> bool {
        let contradicts = |head: &Head| {
            let below = head.sequence <= self.chain.delivered();
            let chain = self.chain.chain_at(head.sequence);
            below && chain.is_some_and(|chain| chain != head.chain)
        };
        head.is_some_and(contradicts)
    }

    /// Stops voting in a view in which what was just delivered, by a certificate of `certified`, contradicts the own
    /// votes or the head that the view began with. Votes along two chains in one view are what liars are known by.
    pub(super) fn leave_contradicted_view(&mut self, now: Instant, certified: u64) {
        let delivered = self.chain.delivered();
        let head = self.fork.views.get(&self.view).and_then(|view| view.head);
        let voted = self.slots.values().filter(|slot| slot.voted != [false; 2]);
        let off_chain = |head: Head| {
            let known: Option<Digest> = self.chain.chain_at(head.sequence);
            if head.sequence <= delivered {
                known.is_some_and(|chain| chain != head.chain)
            } else {
                self.chain.path_to(&head.chain).is_none()
            }
        };
        if self.contradicts_delivered(head.as_ref())
            || voted.filter_map(|slot| slot.head()).any(off_chain)
        {
            self.leave_view(now, self.view.saturating_add(1).max(certified));
        }
    }
}
