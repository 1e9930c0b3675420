//! The normal case: request, pre-prepare, prepare, commit (Castro–Liskov §4.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::Certificate;
use super::early::Held;
use super::evidence::VoteProof;
use super::ignored::Ignored;
use super::memory::Place;
use super::message::{Message, PrePrepare, SignedBytes, VoteMessage};
use super::record::Record;
use super::replica::{Action, Peer, Replica, Urgency};
use super::statement::{Head, Phase, RequestId, Vote};
use super::tally::Tally;
use crate::crypto::{Digest, Seat, Signature};
use crate::time::Instant;

/// One slot of the current view.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Proposals that cannot be checked yet, one for each link that brought one.
    pub(super) waiting: BTreeMap<Peer, (PrePrepare, Vec<u8>)>,
    /// The accepted proposal as it travels. A slot that a new-view chose has none.
    pub(super) proposal: Option<(PrePrepare, Vec<u8>)>,
    /// C_s, once a proposal is accepted or a new-view names it.
    pub(super) head: Option<Head>,
    prepares: Tally,
    commits: Tally,
    pub(super) voted: [bool; 2],
    /// A new-view chose this slot's head: it has no proposal, and nothing below it may get one.
    chosen: bool,
    /// Other heads that the primary signed for this slot.
    pub(super) rivals: Vec<Head>,
}

impl Slot {
    pub(super) fn new(seats: usize, quorum: usize) -> Self {
        Self {
            waiting: BTreeMap::new(),
            proposal: None,
            head: None,
            prepares: Tally::new(seats, quorum),
            commits: Tally::new(seats, quorum),
            voted: [false; 2],
            chosen: false,
            rivals: Vec::new(),
        }
    }

    pub(super) fn chosen(seats: usize, quorum: usize, head: Head) -> Self {
        Self {
            head: Some(head),
            chosen: true,
            ..Self::new(seats, quorum)
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.head.is_some()
    }

    /// Whether a new-view chose this slot's head.
    pub(super) const fn is_chosen(&self) -> bool {
        self.chosen
    }

    pub(super) const fn head(&self) -> Option<Head> {
        self.head
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn proposal_bytes(&self) -> Option<&[u8]> {
        self.proposal.as_ref().map(|(_, bytes)| bytes.as_slice())
    }

    pub(super) fn tally(&self, phase: Phase) -> &Tally {
        match phase {
            Phase::Prepare => &self.prepares,
            Phase::Commit => &self.commits,
        }
    }

    fn tally_mut(&mut self, phase: Phase) -> &mut Tally {
        match phase {
            Phase::Prepare => &mut self.prepares,
            Phase::Commit => &mut self.commits,
        }
    }

    pub(super) fn exclude(&mut self, seat: Seat) {
        self.prepares.exclude(seat);
        self.commits.exclude(seat);
    }

    pub(super) fn forget_peer(&mut self, peer: Peer) {
        self.waiting.remove(&peer);
    }

    fn wants(&self, id: &RequestId) -> bool {
        self.waiting
            .values()
            .any(|(proposal, _)| proposal.ids.contains(id))
    }
}

impl Replica {
    pub(super) fn on_request(
        &mut self,
        now: Instant,
        bytes: &SignedBytes,
        raw: &[u8],
    ) -> Result<(), Ignored> {
        let request = self.take_request(bytes)?;
        if self.request_wire(&request) != raw {
            return Err(Ignored::Malformed(crate::wire::DecodeError::OutOfRange(
                "header",
            )));
        }
        let player = request.player();
        self.note_heard(now, player);
        if player == self.seat {
            self.meet_own_number(request.number());
        }
        let first = self.pool.first_version(player.0, request.number()).cloned();
        let request = Arc::new(request);
        self.pool.insert(Arc::clone(&request));
        self.relay_from(Urgency::Proposal, Some(player), raw);
        if let Some(first) = first {
            self.witness_double_spend(now, &first, &request);
        }
        self.try_accept_all(now);
        self.on_pool_change(now);
        Ok(())
    }

    /// Asks the cheap questions about a request first, then checks its signature.
    fn take_request(
        &self,
        bytes: &SignedBytes,
    ) -> Result<super::statement::SignedRequest, Ignored> {
        use super::statement::Request;
        use crate::wire::Decode;
        let statement = Request::from_bytes(&bytes.statement)?;
        if self.epoch.roster.key(statement.player).is_none() {
            return Err(Ignored::NotSeated);
        }
        let id = self.id_of_statement(&bytes.statement);
        let next = self.chain.next_number(statement.player);
        let wanted = self.slots.values().any(|slot| slot.wants(&id));
        self.pool.ignore_request(&statement, next, &id, wanted)?;
        self.open_request(bytes)
    }

    fn id_of_statement(&self, statement: &[u8]) -> RequestId {
        RequestId(self.request_digest(statement).short())
    }

    /// The digest that a request has or would have, from its statement's bytes.
    pub(super) fn request_digest(&self, statement: &[u8]) -> Digest {
        use super::statement::Request;
        use crate::crypto::Statement;
        Digest::of(Request::TAG, &[&self.table_context.0.0, statement])
    }

    /// The pool or the wish for slots changed: propose if it is our turn, and mind the timers.
    pub(super) fn on_pool_change(&mut self, now: Instant) {
        self.propose(now);
        self.mind_timers(now);
    }

    /// Starts the timers while there is work and stops them when there is none.
    pub(super) fn mind_timers(&mut self, now: Instant) {
        if self.target.is_some() {
            return;
        }
        if self.has_work() {
            self.timing.work(now);
            if self.awaited.is_none() {
                self.awaited = self.pool.oldest_next(self.chain.numbers());
                if self.awaited.is_some() {
                    // The next proposal may be on its way already.
                    self.proposed_before = self.top().0 + 1;
                    self.timing.restart_deadline(now);
                }
            }
        } else {
            self.awaited = None;
            self.timing.idle();
        }
    }

    /// Casts this replica's vote for a slot, once per (view, slot, phase), if it still votes in this view and
    /// holds every body up to the slot.
    pub(super) fn vote(&mut self, now: Instant, sequence: u64, phase: Phase) {
        let Some(slot) = self.slots.get(&sequence) else {
            return;
        };
        let index = usize::from(phase == Phase::Commit);
        let Some(head) = slot.head.filter(|_| self.is_voting() && !slot.voted[index]) else {
            return;
        };
        if self.chain.path_to(&head.chain).is_none() {
            return;
        }
        self.slot_mut(sequence).voted[index] = true;
        self.memory.note(Place::Vote(phase, head));
        let signature = self.sign_vote(phase, head);
        let tag = head.chain.tag();
        let message = Message::Vote(VoteMessage {
            phase,
            signer: self.seat,
            tag,
            signature,
        });
        let bytes = message.to_wire(self.table_tag, head.view, sequence);
        self.persist_and_flood(Urgency::Vote, Some(head), bytes);
        self.add_vote(now, sequence, phase, self.seat, signature);
    }

    pub(super) fn on_vote(&mut self, now: Instant, peer: Peer, held: Held) -> Result<(), Ignored> {
        let Message::Vote(vote) = held.message else {
            return Err(Ignored::Stale);
        };
        let known = self.slots.get(&held.sequence).and_then(Slot::head);
        let ahead = held.view > self.view || held.sequence > self.window_end();
        let Some(head) = known.filter(|_| !ahead && held.view == self.view) else {
            return self.hold_ahead(now, peer, held);
        };
        if vote.tag != head.chain.tag() {
            return self.on_rival_vote(now, &vote, held.sequence);
        }
        self.ignore_vote(&vote, held.sequence)?;
        let statement = Vote {
            phase: vote.phase,
            head,
        };
        if !self.verify_vote(&statement, vote.signer, vote.signature) {
            return Err(Ignored::BadSignature);
        }
        self.note_heard(now, vote.signer);
        if vote.signer == self.seat {
            self.meet_own(Place::Vote(vote.phase, head));
        }
        self.relay_from(Urgency::Vote, Some(vote.signer), held.bytes);
        self.add_vote(now, held.sequence, vote.phase, vote.signer, vote.signature);
        Ok(())
    }

    /// A vote for something else than what this replica accepted: it matters only if its signer also voted for that.
    fn on_rival_vote(
        &mut self,
        now: Instant,
        vote: &VoteMessage,
        sequence: u64,
    ) -> Result<(), Ignored> {
        let Some(slot) = self.slots.get(&sequence) else {
            return Err(Ignored::Stale);
        };
        let rival = slot.rivals.iter().find(|head| head.chain.tag() == vote.tag);
        let Some(head) = rival
            .copied()
            .filter(|_| slot.tally(vote.phase).has(vote.signer))
        else {
            return Err(Ignored::Conflict);
        };
        let statement = Vote {
            phase: vote.phase,
            head,
        };
        if !self.verify_vote(&statement, vote.signer, vote.signature) {
            return Err(Ignored::BadSignature);
        }
        let proof = self.vote_proof(head, vote.signature);
        self.witness(now, vote.phase, vote.signer, proof);
        Ok(())
    }

    pub(super) const fn vote_proof(&self, head: Head, signature: Signature) -> VoteProof {
        VoteProof {
            head,
            new_view: self.new_view,
            signature,
        }
    }

    fn ignore_vote(&self, vote: &VoteMessage, sequence: u64) -> Result<(), Ignored> {
        if self.epoch.roster.key(vote.signer).is_none() {
            return Err(Ignored::NotSeated);
        }
        let Some(slot) = self.slots.get(&sequence) else {
            return Err(Ignored::Stale);
        };
        let tally = slot.tally(vote.phase);
        if tally.has(vote.signer) {
            return Err(Ignored::Duplicate);
        }
        if tally.is_complete() {
            return Err(Ignored::Late);
        }
        Ok(())
    }

    /// Holds what belongs to a later view or to a slot whose proposal is missing; drops what is over.
    pub(super) fn hold_ahead(
        &mut self,
        now: Instant,
        peer: Peer,
        held: Held,
    ) -> Result<(), Ignored> {
        let delivered = self.chain.delivered();
        if held.view < self.view || held.sequence <= delivered {
            return Err(Ignored::Stale);
        }
        let far = held.view > self.view.saturating_add(1) || held.sequence > self.window_end();
        if far {
            // Somebody may be well ahead of us: ask this neighbour, it costs one small message.
            self.ask(now, peer);
        }
        if held.sequence > self.window_end() {
            return Err(Ignored::OutOfWindow);
        }
        if self.early.hold(peer, held) {
            Err(Ignored::Held)
        } else {
            Err(Ignored::Full)
        }
    }

    /// Looks again at held messages that can be checked now.
    pub(super) fn review_early(&mut self, now: Instant) {
        let (view, end) = (self.view, self.window_end());
        let open: Vec<u64> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.is_open())
            .map(|(sequence, _)| *sequence)
            .collect();
        let open_checkpoint = |sequence| self.checkpoints.is_open(sequence);
        let ready = |held: &Held| {
            if matches!(held.message, Message::Checkpoint(_)) {
                return open_checkpoint(held.sequence);
            }
            held.view == view
                && held.sequence <= end
                && (matches!(held.message, Message::PrePrepare(_)) || open.contains(&held.sequence))
        };
        for (peer, held) in self.early.take(ready) {
            // Its reason was counted when it was held; a second look only has effects.
            let _ = self.on_message(now, peer, held);
        }
    }

    /// Counts a checked vote and acts on what it completes.
    pub(super) fn add_vote(
        &mut self,
        now: Instant,
        sequence: u64,
        phase: Phase,
        signer: Seat,
        signature: Signature,
    ) {
        let new_view = self.new_view;
        let Some(head) = self.slot_mut(sequence).head else {
            return;
        };
        if signer != self.seat {
            let proof = self.vote_proof(head, signature);
            self.witness(now, phase, signer, proof);
            if !self.trusts(signer) || !self.slots.contains_key(&sequence) {
                return;
            }
        }
        let slot = self.slot_mut(sequence);
        let tally = slot.tally_mut(phase);
        if tally.has(signer) || tally.is_complete() {
            return;
        }
        tally.add(signer, signature);
        let Some(certificate) = tally.certificate(phase, head, new_view) else {
            return;
        };
        match phase {
            Phase::Prepare => self.on_prepared_certificate(now, certificate),
            Phase::Commit => self.on_commit_certificate(now, certificate),
        }
    }

    /// Prepared (Castro–Liskov §4.2): remember the certificate, vote commit.
    fn on_prepared_certificate(&mut self, now: Instant, certificate: Certificate) {
        let sequence = certificate.head.sequence;
        // After leaving the view its report is signed: a later certificate must not enter the next report alone,
        // but keeping it is harmless and helps a later view. The vote itself is refused in `vote`.
        if self
            .prepared
            .as_ref()
            .is_none_or(|best| best.head < certificate.head)
        {
            self.persist(&Record::Certificate(certificate.clone()));
            self.prepared = Some(certificate);
        }
        self.vote(now, sequence, Phase::Commit);
    }

    /// Decided: deliver everything up to here that is not delivered yet.
    pub(super) fn on_commit_certificate(&mut self, now: Instant, certificate: Certificate) {
        if self.is_halted() {
            return;
        }
        let view = certificate.head.view;
        let decided_by = certificate.clone();
        // Only what this view's primary proposed here says anything about it.
        let proposed = |slot: &Slot| slot.proposal.is_some();
        let slot = self.slots.get(&certificate.head.sequence);
        let of_view = slot.is_some_and(proposed);
        let delivered = self.chain.deliver(self.epoch.number, certificate);
        if delivered.is_empty() {
            return;
        }
        self.persist(&Record::Certificate(decided_by.clone()));
        let mut last = None;
        for (sequence, chain, batch) in delivered {
            for request in &batch {
                let (player, number) = (request.player().0, request.number());
                if let Some(first) = self.pool.first_version(player, number).cloned() {
                    self.witness_double_spend(now, &first, request);
                }
                self.pool.remove_up_to(request.player().0, request.number());
            }
            last = Some(batch.clone());
            let ends = sequence == decided_by.head.sequence;
            self.actions.push_back(Action::Deliver {
                sequence,
                chain,
                batch,
                certificate: ends.then(|| decided_by.clone()),
            });
        }
        let next = self.chain.next_number(self.seat);
        self.meet_own_number(next.saturating_sub(1));
        let delivered = self.chain.delivered();
        self.leave_contradicted_view(now, view);
        self.slots.retain(|sequence, _| *sequence > delivered);
        self.early.drop_where(|held| {
            let checkpoint = matches!(held.message, Message::Checkpoint(_));
            held.sequence <= delivered && !checkpoint
        });
        if self.target.is_none() {
            if self.awaited_is_over() {
                self.awaited = None;
                self.timing.delivered(now);
            } else {
                self.timing.progressed(now);
                // Only now could the primary propose it: under a load of bets the slots before took as long as its own.
                if delivered <= self.proposed_before {
                    self.timing.restart_deadline(now);
                }
            }
        }
        if let Some(batch) = last.filter(|_| of_view) {
            self.note_omissions(&batch);
        }
        // The last body below the view's chosen head may have come with these.
        self.on_chosen_bodies(now);
        self.try_accept_all(now);
        self.review_early(now);
        self.mind_the_primary(now);
        self.on_pool_change(now);
    }

    /// Whether the request that the deadline is for is delivered, or will never be because its player signed two.
    pub(super) fn awaited_is_over(&self) -> bool {
        self.awaited.is_none_or(|(player, number)| {
            self.chain.next_number(Seat(player)) > number
                || self.pool.only_version(player, number).is_none()
        })
    }

    pub(super) fn slot_mut(&mut self, sequence: u64) -> &mut Slot {
        let (seats, quorum) = (self.epoch.roster.bound(), self.epoch.quorum.q);
        self.slots
            .entry(sequence)
            .or_insert_with(|| Slot::new(seats, quorum))
    }
}
