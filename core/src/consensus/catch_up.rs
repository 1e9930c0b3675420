//! Neighbours help each other along: status, missing bodies, delivered slots with their certificates.
//!
//! Everything here is link-local. A status is an unsigned hint: it can cost the link that brought it, nothing else.
//! What comes back is checked like anything else: requests by their signatures, slots by a commit certificate.

use std::sync::Arc;
use std::time::Duration;

use super::allowance::Allowance;
use super::chain::{Batch, Block, chain_of_digests, next_chain};
use super::ignored::Ignored;
use super::limits::{
    ANSWER_BYTES_MAX, ANSWER_BYTES_TARGET, PEERS_MAX, POOL_PER_ANSWER_MAX, SLOTS_PER_ANSWER_MAX,
    WANTED_AT_ONCE_MAX, WANTED_EACH,
};
use super::message::{Message, SignedBytes, Slots, Status, VoteMessage};
use super::record::Record;
use super::replica::{Action, Peer, Replica, Urgency};
use super::statement::{Head, Phase, RequestId, SignedRequest};
use crate::crypto::Digest;
use crate::time::Instant;

/// How soon the same neighbour is asked or answered again when nothing has changed.
pub(super) const QUIET: Duration = Duration::from_millis(250);

/// How soon the same slots are sent to the same neighbour again: they are the longest of all messages, and a slow link
/// is still busy with the last ones.
const SLOTS_QUIET: Duration = Duration::from_secs(2);

/// How soon votes, view-changes and waiting requests are shown to the same neighbour again when there are no others; then
/// twice as soon, and so on. What was sent arrives, and on a slow link the same again would keep new things away.
const SHOWN_QUIET: Duration = Duration::from_secs(2);
const SHOWN_QUIET_MAX: Duration = Duration::from_secs(32);

/// A neighbour that was asked for what this phone lacks has so long to bring some of it; then another is asked.
const SOURCE_PATIENCE: Duration = Duration::from_secs(1);

/// The one neighbour that is asked for slots: what several bring is the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    peer: Peer,
    /// When it was asked first, or last brought something.
    since: Instant,
}

/// What was shown to a neighbour.
#[derive(Clone, Copy, Debug)]
struct News {
    at: Instant,
    quiet: Duration,
    /// Of everything that was to be shown.
    digest: Digest,
}

/// What is remembered about a neighbour, so that a talkative one costs little.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct PeerState {
    asked: Option<Instant>,
    answered: Option<(Instant, u64)>,
    /// When slots were last sent, and after which one.
    slots: Option<(Instant, u64)>,
    /// Votes, view-changes and requests that it was shown last.
    news: Option<News>,
    /// When something that was to prove a fork last proved nothing.
    pub(super) doubted: Option<Instant>,
    /// When it was last shown what is decided here.
    pub(super) shown: Option<Instant>,
    /// How many more bodies it gets that asks for them.
    wanted: Allowance,
}

impl Replica {
    /// A link to a neighbour is up: tell it where we are.
    pub fn link_up(&mut self, peer: Peer) {
        if self.peers.len() < PEERS_MAX {
            self.peers.insert(peer, PeerState::default());
            self.send_status(peer);
            if let Some(question) = self.open_question() {
                self.send(peer, Urgency::Control, question);
            }
        }
    }

    /// A link is gone, and with it what only that link was to bring.
    pub fn link_down(&mut self, peer: Peer) {
        self.peers.remove(&peer);
        self.source = self.source.filter(|source| source.peer != peer);
        self.early.forget_peer(peer);
        self.new_views.forget_peer(peer);
        self.slots
            .values_mut()
            .for_each(|slot| slot.forget_peer(peer));
    }

    /// Tells every neighbour where we are; each sends what we lack.
    pub(super) fn ask_neighbours(&mut self) {
        let peers: Vec<Peer> = self.peers.keys().copied().collect();
        peers.into_iter().for_each(|peer| self.send_status(peer));
    }

    /// Tells a neighbour that is further where we are, unless it was told a moment ago, another one is about to bring what
    /// is lacking, or it could not be taken in.
    pub fn ask(&mut self, now: Instant, peer: Peer) {
        let other = self.source.filter(|source| source.peer != peer);
        let waits = other.is_some_and(|source| now.since(source.since) < SOURCE_PATIENCE);
        if waits || self.is_held_up() {
            return;
        }
        if other.is_some() || self.source.is_none() {
            self.source = Some(Source { peer, since: now });
        }
        self.tell(now, peer);
    }

    /// Tells a neighbour where we are, unless it was told a moment ago.
    pub(super) fn tell(&mut self, now: Instant, peer: Peer) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        if state.asked.is_some_and(|at| now.since(at) < QUIET) {
            return;
        }
        state.asked = Some(now);
        self.send_status(peer);
    }

    /// A neighbour has brought something: it is asked for what comes next, at once or when that can be taken in.
    pub(super) fn ask_further(&mut self, now: Instant, peer: Peer) {
        self.source = Some(Source { peer, since: now });
        if !self.is_held_up() {
            self.send_status(peer);
        }
    }

    /// What was delivered has been applied, so that more can be taken in.
    pub(super) fn ask_on(&mut self, now: Instant) {
        if let Some(Source { peer, .. }) = self.source {
            self.ask_further(now, peer);
        }
    }

    pub(super) fn send_status(&mut self, peer: Peer) {
        if let Some(bytes) = self.halt_wire() {
            return self.send(peer, Urgency::Control, bytes);
        }
        let status = Status {
            view: self.view,
            delivered: self.chain.delivered(),
            stable: self.checkpoints.stable_sequence(),
            epoch: self.known_epoch().number,
            tag: self.chain.tip().tag(),
        };
        let bytes =
            Message::Status(status).to_wire(self.table_tag, self.view, self.chain.delivered());
        self.actions.push_back(Action::Send {
            peer,
            urgency: Urgency::Control,
            bytes,
        });
    }

    pub(super) fn on_status(
        &mut self,
        now: Instant,
        peer: Peer,
        status: Status,
    ) -> Result<(), Ignored> {
        let contradicted = self.is_contradicted_by(&status);
        let state = self.peers.get_mut(&peer).ok_or(Ignored::Stale)?;
        // Only slots that are known here count as progress: numbers made up on the spot must not buy answers.
        let within = status.delivered <= self.chain.delivered();
        let progressed = within && state.answered.is_none_or(|(_, at)| status.delivered > at);
        let recent = state.answered.is_some_and(|(at, _)| now.since(at) < QUIET);
        if recent && !progressed {
            return Err(Ignored::TooOften);
        }
        state.answered = Some((now, status.delivered));
        if contradicted {
            return self.show_side(now, peer, status.delivered);
        }
        let sent = state
            .slots
            .is_some_and(|(at, after)| after == status.delivered && now.since(at) < SLOTS_QUIET);
        if status.delivered < self.chain.delivered() && !sent {
            state.slots = Some((now, status.delivered));
            let next = status.delivered + 1;
            if self.chain.decided(next).is_some() {
                self.send_decided(peer, next);
            } else {
                self.send_state(peer, &status);
            }
        }
        let votes = self.checkpoint_votes_for(status.delivered, status.stable);
        votes
            .into_iter()
            .for_each(|bytes| self.send(peer, Urgency::Control, bytes));
        if status.delivered.saturating_add(1) < self.epoch.first {
            // Its views are another epoch's.
            return Ok(());
        }
        self.show_news(now, peer, status.view);
        if status.delivered > self.chain.delivered() || status.view > self.view {
            self.ask(now, peer);
        }
        Ok(())
    }

    /// Sends a neighbour in `view` what moves it on, what is under way, and what waits to be ordered.
    fn show_news(&mut self, now: Instant, peer: Peer, view: u64) {
        let reports = self
            .view_changes
            .after(view, &self.needed_views(), self.table_tag);
        let current = self.new_views.current.clone();
        let reports = reports
            .into_iter()
            .chain(current.filter(|_| view < self.view));
        let open = if view == self.view {
            self.open_slots_wire()
        } else {
            Vec::new()
        };
        let pending = self.pending_wire(|_| true).into_iter();
        let news: Vec<(Urgency, Vec<u8>)> = open
            .into_iter()
            .chain(reports.map(|bytes| (Urgency::Vote, bytes)))
            .chain(pending.map(|bytes| (Urgency::Proposal, bytes)))
            .collect();
        let parts: Vec<&[u8]> = news.iter().map(|(_, bytes)| &bytes[..]).collect();
        let digest = Digest::of("bitcraps/news/v1", &parts);
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        let same = state.news.filter(|shown| shown.digest == digest);
        if same.is_some_and(|shown| now.since(shown.at) < shown.quiet) {
            return;
        }
        let quiet = same.map_or(SHOWN_QUIET, |shown| (shown.quiet * 2).min(SHOWN_QUIET_MAX));
        state.news = Some(News {
            at: now,
            quiet,
            digest,
        });
        for (urgency, bytes) in news {
            self.send(peer, urgency, bytes);
        }
    }

    /// What is soonest to be ordered, as it travels.
    fn pending_wire(&self, wanted: impl Fn(&SignedRequest) -> bool) -> Vec<Vec<u8>> {
        let pending = self.pool.pending(self.chain.numbers()).into_iter();
        let pending = pending.filter(|request| wanted(request));
        pending
            .take(POOL_PER_ANSWER_MAX)
            .map(|request| self.request_wire(request))
            .collect()
    }

    /// Sends this player's own waiting requests again, because a neighbour that found a number too far ahead has
    /// dropped it, and the request that the view's deadline is for, because its player may have kept it from the
    /// primary.
    pub(super) fn send_waiting_again(&mut self) {
        let own = self.pending_wire(|request| {
            let number = (request.player().0, request.number());
            request.player() == self.seat || self.awaited == Some(number)
        });
        let peers: Vec<Peer> = self.peers.keys().copied().collect();
        for peer in peers {
            own.iter()
                .for_each(|bytes| self.send(peer, Urgency::Proposal, bytes.clone()));
        }
    }

    pub(super) fn send(&mut self, peer: Peer, urgency: Urgency, bytes: Vec<u8>) {
        self.actions.push_back(Action::Send {
            peer,
            urgency,
            bytes,
        });
    }

    /// Sends delivered slots from `first` on, ending where a certificate covers them.
    fn send_decided(&mut self, peer: Peer, first: u64) {
        let (mut batches, mut best, mut bytes) = (Vec::new(), None, 0);
        let mut sequence = first;
        let epoch = self.chain.decided(first).map(|decided| decided.epoch);
        while let Some(decided) = self.chain.decided(sequence) {
            if Some(decided.epoch) != epoch {
                break;
            }
            bytes += batch_size(&decided.batch);
            if best.is_some() && bytes > ANSWER_BYTES_MAX {
                break;
            }
            batches.push(batch_bytes(&decided.batch));
            if let Some(certificate) = &decided.certificate {
                best = Some((batches.len(), (certificate.head.view, certificate.into())));
                if bytes >= ANSWER_BYTES_TARGET {
                    break;
                }
            }
            if batches.len() >= SLOTS_PER_ANSWER_MAX {
                break;
            }
            sequence += 1;
        }
        let Some((count, certificate)) = best else {
            return;
        };
        batches.truncate(count);
        let slots = Slots {
            first,
            batches,
            certificate: Some(certificate),
        };
        let bytes = Message::Slots(slots).to_wire(self.table_tag, self.view, first);
        self.send(peer, Urgency::Bulk, bytes);
    }

    /// What is under way in this view: the chosen head's batches, proposals, and the votes for them.
    fn open_slots_wire(&self) -> Vec<(Urgency, Vec<u8>)> {
        let mut messages = Vec::new();
        for (sequence, slot) in &self.slots {
            let Some(head) = slot.head() else { continue };
            if let Some(bytes) = slot.proposal_bytes() {
                messages.push((Urgency::Proposal, bytes.to_vec()));
            } else if let Some(path) = self.chain.path_to(&head.chain) {
                let first = self.chain.delivered() + 1;
                let batches = path
                    .iter()
                    .map(|(_, block)| batch_bytes(&block.batch))
                    .collect();
                let slots = Slots {
                    first,
                    batches,
                    certificate: None,
                };
                let bytes = Message::Slots(slots).to_wire(self.table_tag, self.view, first);
                messages.push((Urgency::Bulk, bytes));
            }
            for phase in [Phase::Prepare, Phase::Commit] {
                for (signer, signature) in slot.tally(phase).votes() {
                    // The primary's prepare is its proposal where there is one.
                    if phase == Phase::Prepare
                        && slot.proposal_bytes().is_some()
                        && signer == self.epoch.primary(self.view)
                    {
                        continue;
                    }
                    let tag = head.chain.tag();
                    let vote = Message::Vote(VoteMessage {
                        phase,
                        signer,
                        tag,
                        signature,
                    });
                    let bytes = vote.to_wire(self.table_tag, head.view, *sequence);
                    messages.push((Urgency::Vote, bytes));
                }
            }
        }
        messages
    }

    pub(super) fn on_want(
        &mut self,
        now: Instant,
        peer: Peer,
        ids: &[RequestId],
    ) -> Result<(), Ignored> {
        let state = self.peers.get_mut(&peer).ok_or(Ignored::Stale)?;
        // Whoever asks for everything that it can name would keep this phone's radio busy with the answers.
        let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        let wanted = &mut state.wanted;
        if !wanted.take(now, count, WANTED_AT_ONCE_MAX, WANTED_EACH) {
            return Err(Ignored::TooOften);
        }
        let bodies: Vec<Vec<u8>> = ids
            .iter()
            .filter_map(|id| self.pool.body(id))
            .map(|request| self.request_wire(request))
            .collect();
        if bodies.is_empty() {
            // Delivered here already, most likely: then the slot itself is what the neighbour needs.
            self.tell(now, peer);
        }
        bodies
            .into_iter()
            .for_each(|bytes| self.send(peer, Urgency::Proposal, bytes));
        Ok(())
    }

    pub(super) fn on_slots(
        &mut self,
        now: Instant,
        peer: Peer,
        message: Message,
    ) -> Result<(), Ignored> {
        let Message::Slots(slots) = message else {
            return Err(Ignored::Stale);
        };
        if self.is_held_up() {
            // What cannot be applied yet is not piled up either.
            return Err(Ignored::OutOfWindow);
        }
        let next = self.chain.delivered() + 1;
        let known = next.checked_sub(slots.first).ok_or(Ignored::OutOfWindow)?;
        let known = usize::try_from(known).map_err(|_| Ignored::Stale)?;
        let new = slots
            .batches
            .get(known..)
            .filter(|new| !new.is_empty())
            .ok_or(Ignored::Stale)?;
        let chosen = self.chosen_head();
        if slots.certificate.is_none() && chosen.is_none() {
            return Err(Ignored::Unclaimed);
        }
        // The q signatures first: they say whether the many of the requests are worth checking.
        let (chain, sequence) = self.chain_through(next, new);
        let Some((view, body)) = slots.certificate else {
            if chosen.is_none_or(|head| head.chain != chain) {
                return Err(Ignored::Unclaimed);
            }
            let blocks = self.open_blocks(next, new)?;
            self.insert_blocks(blocks)?;
            self.on_chosen_bodies(now);
            return Ok(());
        };
        let head = Head {
            view,
            sequence,
            chain,
        };
        let certificate = body.into_certificate(Phase::Commit, head);
        if !certificate.verify(&self.epoch) {
            self.source = self.source.filter(|source| source.peer != peer);
            return Err(Ignored::BadSignature);
        }
        let blocks = self.open_blocks(next, new)?;
        self.witness_certificate(now, &certificate);
        self.insert_blocks(blocks)?;
        self.on_commit_certificate(now, certificate);
        self.ask_further(now, peer);
        Ok(())
    }

    /// The chain digest and sequence number that these batches lead to, from the requests' bytes alone.
    fn chain_through(&self, next: u64, batches: &[Vec<SignedBytes>]) -> (Digest, u64) {
        let (mut chain, mut last) = (self.chain.tip(), next);
        for (sequence, requests) in (next..).zip(batches) {
            let digests = requests
                .iter()
                .map(|bytes| self.request_digest(&bytes.statement));
            chain = chain_of_digests(&chain, sequence, digests);
            last = sequence;
        }
        (chain, last)
    }

    /// The head that the current view began with, while it is not delivered.
    fn chosen_head(&self) -> Option<Head> {
        self.slots.values().find(|slot| slot.is_chosen())?.head()
    }

    /// The bodies up to the chosen head are here: vote, and deliver if its votes were complete already.
    pub(super) fn on_chosen_bodies(&mut self, now: Instant) {
        let Some(head) = self.chosen_head() else {
            return;
        };
        self.vote(now, head.sequence, Phase::Prepare);
        let Some(slot) = self.slots.get(&head.sequence) else {
            return;
        };
        if slot.tally(Phase::Prepare).is_complete() {
            self.vote(now, head.sequence, Phase::Commit);
        }
        let Some(slot) = self.slots.get(&head.sequence) else {
            return;
        };
        if let Some(certificate) =
            slot.tally(Phase::Commit)
                .certificate(Phase::Commit, head, self.new_view)
        {
            self.on_commit_certificate(now, certificate);
        }
        self.try_accept_all(now);
    }

    /// Opens every request and links the batches onto what is delivered here.
    fn open_blocks(
        &self,
        next: u64,
        batches: &[Vec<SignedBytes>],
    ) -> Result<Vec<(Digest, Block)>, Ignored> {
        let mut parent = self.chain.tip();
        let mut blocks = Vec::with_capacity(batches.len());
        for (sequence, requests) in (next..).zip(batches) {
            let batch = requests.iter().map(|bytes| self.known_or_opened(bytes));
            let batch = batch.collect::<Result<Batch, Ignored>>()?;
            let chain = next_chain(&parent, sequence, &batch);
            blocks.push((
                chain,
                Block {
                    parent,
                    sequence,
                    batch,
                },
            ));
            parent = chain;
        }
        Ok(blocks)
    }

    pub(super) fn known_or_opened(
        &self,
        bytes: &SignedBytes,
    ) -> Result<Arc<SignedRequest>, Ignored> {
        let digest = self.request_digest(&bytes.statement);
        let known = self.pool.body(&RequestId(digest.short()));
        match known.filter(|known| known.digest == digest) {
            Some(known) => Ok(Arc::clone(known)),
            None => self.open_request(bytes).map(Arc::new),
        }
    }

    fn insert_blocks(&mut self, blocks: Vec<(Digest, Block)>) -> Result<(), Ignored> {
        for (chain, block) in blocks {
            // A vote or a delivery may follow: what it commits to is durable first.
            let record = batch_record(block.parent, block.sequence, &block.batch);
            if !self.chain.insert(chain, block) {
                return Err(Ignored::Full);
            }
            self.persist(&record);
        }
        Ok(())
    }
}

/// What a batch takes in an answer: statement, length and signature of each request.
fn batch_size(batch: &Batch) -> usize {
    batch.iter().map(|request| request.wire_size()).sum()
}

fn batch_bytes(batch: &Batch) -> Vec<SignedBytes> {
    batch
        .iter()
        .map(|request| SignedBytes::from(request.as_ref()))
        .collect()
}

/// The journal record of a batch: what a vote for it commits to, durable before the vote is sent.
pub(super) fn batch_record(parent: Digest, sequence: u64, batch: &Batch) -> Record {
    Record::Batch {
        parent,
        sequence,
        batch: batch_bytes(batch),
    }
}
