//! One PBFT participant: state, dispatch, and what it asks its surroundings to do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use super::action::{Action, Peer, Urgency};
use super::certificate::Certificate;
use super::chain::Chain;
use super::checkpoint::Checkpoints;
use super::early::{Early, Held};
use super::epoch::{Epoch, NO_NEW_VIEW};
use super::halt::Fork;
use super::ignored::Ignored;
use super::limits::{HIGH_WATER, WINDOW};
use super::memory::Memory;
use super::message::{Message, SignedBytes};
use super::new_view::NewViews;
use super::normal::Slot;
use super::pool::Pool;
use super::record::Record;
use super::rotation::Omissions;
use super::statement::{Head, Phase, Request, RequestId, SignedRequest, Vote};
use super::timing::Timing;
use super::view_change::ViewChanges;
use super::witness::Witness;
use crate::crypto::{Checker, Context, Digest, Identity, Roster, SEATS_MAX, Seat, Signature};
use crate::time::{Instant, earliest};
use crate::wire::{Decode, Encode, Kind, widen_u8, widen_u16};

/// What a replica is made of.
#[derive(Debug)]
pub struct ReplicaConfig {
    /// Protocol version that signatures cover.
    pub version: u16,
    /// Digest of the genesis.
    pub table: Digest,
    /// The members of the first epoch.
    pub roster: Roster,
    /// This phone's seat. Whoever is no member follows, and votes once a roster has its key.
    pub seat: Seat,
    /// This phone's key.
    pub identity: Arc<Identity>,
    /// How many proposals it keeps under way as primary: [`PIPELINE`](super::limits::PIPELINE) unless a test wants
    /// more. Backups take whatever fits the window.
    pub pipeline: u64,
    /// By which signatures are checked: the default, except in a simulator.
    pub checker: Checker,
}

/// How full the bounded structures are; a checker compares them with the documented bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Request bodies that are not delivered.
    pub pool: usize,
    /// Messages that wait for something.
    pub held: usize,
    /// Undelivered batches.
    pub blocks: usize,
    /// View-changes kept.
    pub view_changes: usize,
    /// Delivered slots kept for others.
    pub decided: usize,
    /// Views kept with their view-changes.
    pub views: usize,
}

/// One PBFT participant. See the module's header for the protocol.
#[derive(Debug)]
pub struct Replica {
    pub(super) seat: Seat,
    pub(super) identity: Arc<Identity>,
    pub(super) pipeline: u64,
    pub(super) version: u16,
    pub(super) table: Digest,
    pub(super) table_tag: u16,
    pub(super) table_context: Context,
    pub(super) epoch: Epoch,
    /// Rosters to come, each with its first slot.
    pub(super) changes: Vec<(u64, Roster)>,
    /// Whether this phone's key is at its seat in this epoch.
    pub(super) is_member: bool,
    /// Digest of the new-view that `view` began with, and what votes in it cover.
    pub(super) new_view: Digest,
    pub(super) view_context: Context,
    /// The last slot that the layers above have applied.
    pub(super) applied: u64,
    pub(super) checkpoints: Checkpoints,
    pub(super) witness: Witness,
    /// How views began, and the halt.
    pub(super) fork: Fork,
    /// The last epochs before this one.
    pub(super) past_epochs: Vec<Epoch>,
    /// The view whose proposals and votes are looked at.
    pub(super) view: u64,
    /// Set when this replica has left `view`; it votes no more until a view ≥ this one begins.
    pub(super) target: Option<u64>,
    pub(super) chain: Chain,
    pub(super) pool: Pool,
    /// Slots of `view` above the delivered prefix.
    pub(super) slots: BTreeMap<u64, Slot>,
    /// The highest prepared certificate held.
    pub(super) prepared: Option<Certificate>,
    pub(super) view_changes: ViewChanges,
    pub(super) new_views: NewViews,
    pub(super) early: Early,
    pub(super) timing: Timing,
    pub(super) omissions: Omissions,
    /// The request that the view's deadline is for (Castro–Liskov §4.4): the one that has waited longest when the
    /// deadline was set. Others may pass it without buying the primary more time.
    pub(super) awaited: Option<(u8, u64)>,
    /// The last slot that may have been proposed before that request could be.
    pub(super) proposed_before: u64,
    pub(super) peers: BTreeMap<Peer, super::catch_up::PeerState>,
    /// Whom this phone has asked for what it lacks.
    pub(super) source: Option<super::catch_up::Source>,
    /// Last time each seat was heard from, by a checked signature.
    pub(super) heard: Vec<Option<Instant>>,
    /// Whether empty batches are wanted while nothing else is to be ordered.
    pub(super) filler: bool,
    pub(super) own_number: u64,
    /// What this replica signed, and whether it knows all of it.
    pub(super) memory: Memory,
    /// The last prepared certificates of a journal that is being read.
    pub(super) replayed: Vec<Certificate>,
    pub(super) actions: VecDeque<Action>,
}

impl Replica {
    /// A replica at the start of view 0 of epoch 0.
    #[must_use]
    pub fn new(config: ReplicaConfig) -> Self {
        let ReplicaConfig {
            version,
            table,
            roster,
            seat,
            identity,
            pipeline,
            checker,
        } = config;
        let epoch = Epoch::new(version, &table, 0, 1, roster).with_checker(&checker);
        let timing = Timing::new(epoch.roster.len());
        Self {
            seat,
            pipeline,
            version,
            table,
            table_tag: u16::from_le_bytes([table.0[0], table.0[1]]),
            table_context: Context::of_table(version, &table),
            changes: Vec::new(),
            is_member: epoch.roster.key(seat) == Some(&identity.public_key()),
            identity,
            new_view: NO_NEW_VIEW,
            view_context: epoch.view_context(&NO_NEW_VIEW),
            epoch,
            applied: 0,
            checkpoints: Checkpoints::default(),
            witness: Witness::default(),
            fork: Fork::default(),
            past_epochs: Vec::new(),
            view: 0,
            target: None,
            chain: Chain::new(&table),
            pool: Pool::default(),
            slots: BTreeMap::new(),
            prepared: None,
            view_changes: ViewChanges::default(),
            new_views: NewViews::default(),
            early: Early::default(),
            timing,
            omissions: Omissions::default(),
            awaited: None,
            proposed_before: 0,
            peers: BTreeMap::new(),
            source: None,
            heard: vec![None; SEATS_MAX],
            filler: false,
            own_number: 1,
            memory: Memory::default(),
            replayed: Vec::new(),
            actions: VecDeque::new(),
        }
    }

    /// Signs an operation of this phone's player and floods it. Gives its id and number; nothing at a table that
    /// forked, or while this replica may have signed more than it knows of ([`Replica::may_submit`]).
    pub fn submit(&mut self, now: Instant, payload: Vec<u8>) -> Option<(RequestId, u64)> {
        if !self.may_submit() {
            return None;
        }
        let next = self.chain.next_number(self.seat);
        let (number, skips) = self.memory.number_request(self.own_number, next);
        let request = Request {
            player: self.seat,
            number,
            skips,
            payload,
        };
        self.own_number = number.saturating_add(1);
        let signed = self
            .epoch
            .sign(request, &self.table_context, &self.identity);
        let request = Arc::new(SignedRequest {
            digest: signed.digest(&self.table_context),
            signed,
        });
        let id = request.id();
        let bytes = self.request_wire(&request);
        self.persist_and_flood(Urgency::Proposal, None, bytes);
        self.pool.insert(request);
        self.on_pool_change(now);
        Some((id, self.own_number - 1))
    }

    /// Whether something that this phone's player signed waits to be ordered.
    #[must_use]
    pub fn own_waits(&self) -> bool {
        self.own_number > self.chain.next_number(self.seat)
    }

    /// Takes a message in.
    ///
    /// # Errors
    /// Why it had no effect. That blames nobody; the caller counts it.
    pub fn handle_message(
        &mut self,
        now: Instant,
        peer: Peer,
        bytes: &[u8],
    ) -> Result<Kind, Ignored> {
        let (header, message) = Message::from_wire(bytes)?;
        if header.table != self.table_tag {
            return Err(Ignored::OtherTable);
        }
        let view = widen_u8(header.view, self.view);
        let sequence = widen_u16(header.sequence, self.chain.delivered());
        let held = Held {
            view,
            sequence,
            message,
            bytes: bytes.to_vec(),
        };
        self.on_message(now, peer, held)?;
        Ok(header.kind)
    }

    /// Does what is due by now.
    pub fn handle_wake(&mut self, now: Instant) {
        if self.is_halted() {
            self.timing.idle();
            return;
        }
        self.ask_if_due(now);
        if self.timing.take_view_timeout(now) {
            if self.target.is_none() && self.awaited.is_some() && self.awaited_is_over() {
                self.awaited = None;
                self.mind_timers(now);
            } else {
                let next = self.target.unwrap_or(self.view).saturating_add(1);
                self.leave_view(now, next);
            }
        }
        if self.timing.take_resync(now) {
            self.ask_neighbours();
            self.send_waiting_again();
        }
    }

    /// When [`Replica::handle_wake`] is wanted next.
    #[must_use]
    pub fn next_wake(&self) -> Option<Instant> {
        let wake = earliest(self.timing.next_wake(), self.memory.next_wake());
        wake.filter(|_| !self.is_halted())
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether [`Replica::poll_action`] has something.
    #[must_use]
    pub fn has_actions(&self) -> bool {
        !self.actions.is_empty()
    }

    /// Says whether empty batches are wanted: the state above waits for slots to pass, not for a request.
    pub fn set_filler(&mut self, now: Instant, filler: bool) {
        if self.filler != filler {
            self.filler = filler;
            self.on_pool_change(now);
        }
    }

    /// This phone's seat.
    #[must_use]
    pub const fn seat(&self) -> Seat {
        self.seat
    }

    /// The current epoch.
    #[must_use]
    pub const fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The current view.
    #[must_use]
    pub const fn view(&self) -> u64 {
        self.view
    }

    /// Whether the replica votes in its view.
    #[must_use]
    pub const fn is_voting(&self) -> bool {
        self.target.is_none() && self.may_vote()
    }

    /// Whether this replica may sign votes at all: a member of the epoch that knows what it signed before, at a table
    /// that did not fork.
    pub(super) const fn may_vote(&self) -> bool {
        self.is_member && self.memory.is_whole() && !self.is_halted()
    }

    /// The last delivered slot and its chain digest.
    #[must_use]
    pub const fn delivered(&self) -> (u64, Digest) {
        (self.chain.delivered(), self.chain.tip())
    }

    /// Digest of the new-view that the current view began with, which its votes cover; zero in view 0.
    #[must_use]
    pub const fn new_view(&self) -> Digest {
        self.new_view
    }

    /// The stable checkpoint; 0 is the genesis.
    #[must_use]
    pub fn stable(&self) -> u64 {
        self.checkpoints.stable_sequence()
    }

    /// When a seat was last heard from.
    #[must_use]
    pub fn last_heard(&self, seat: Seat) -> Option<Instant> {
        self.heard.get(seat.index()).copied().flatten()
    }

    /// How long a view's primary gets now before it is given up.
    #[must_use]
    pub fn view_timeout(&self) -> std::time::Duration {
        self.timing.timeout()
    }

    /// How long a decision takes here, smoothed.
    #[must_use]
    pub const fn decision_time(&self) -> std::time::Duration {
        self.timing.smoothed()
    }

    /// Whether anything waits to be decided, or the replica is between two views.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.target.is_some() || self.memory.is_asking() || self.has_work()
    }

    /// How full the bounded structures are.
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            pool: self.pool.len(),
            held: self.early.len() + self.slots.values().map(Slot::waiting).sum::<usize>(),
            blocks: self.chain.blocks_len(),
            view_changes: self.view_changes.len(),
            decided: self.chain.decided_len(),
            views: self.fork.views.len(),
        }
    }

    /// Dispatches one message whose view and sequence number are widened.
    pub(super) fn on_message(
        &mut self,
        now: Instant,
        peer: Peer,
        held: Held,
    ) -> Result<(), Ignored> {
        if self.is_halted() {
            return self.on_message_halted(now, peer, held.message);
        }
        match &held.message {
            Message::Request(signed) => {
                let signed = signed.clone();
                self.on_request(now, &signed, &held.bytes)
            }
            Message::PrePrepare(_) => self.on_pre_prepare(now, peer, held),
            Message::Vote(_) => self.on_vote(now, peer, held),
            Message::ViewChange(signed) => self.on_view_change(now, signed, &held.bytes),
            Message::NewView(_) => self.on_new_view(now, peer, held),
            Message::Prepared(prepared) => self.on_prepared(now, prepared, &held),
            Message::Decided(decided) => self.on_decided(now, peer, decided, &held),
            Message::Status(status) => self.on_status(now, peer, *status),
            Message::Want(ids) => self.on_want(now, peer, ids),
            Message::Slots(_) => self.on_slots(now, peer, held.message),
            Message::Checkpoint(_) => self.on_checkpoint(now, peer, held),
            Message::State(state) => {
                let state = state.clone();
                self.on_state(now, peer, state)
            }
            Message::Evidence(evidence) => {
                let evidence = evidence.clone();
                self.on_evidence(now, evidence)
            }
            Message::Query(signed) => self.on_query(now, signed, &held.bytes),
            Message::Mark(signed) => self.on_mark(now, signed, &held.bytes),
            Message::Halt(_) | Message::Side(_) => self.on_fork_message(now, peer, held.message),
        }
    }

    /// Opens a request that somebody sent, after the cheap questions.
    pub(super) fn open_request(&self, bytes: &SignedBytes) -> Result<SignedRequest, Ignored> {
        let player = Request::from_bytes(&bytes.statement)?.player;
        if self.epoch.roster.key(player).is_none() {
            return Err(Ignored::NotSeated);
        }
        let context = &self.table_context;
        let signed = self
            .epoch
            .open::<Request>(player, &bytes.statement, bytes.signature, context)
            .ok_or(Ignored::BadSignature)?;
        Ok(SignedRequest {
            digest: signed.digest(&self.table_context),
            signed,
        })
    }

    /// Whether `signer` signed this vote.
    pub(super) fn verify_vote(&self, vote: &Vote, signer: Seat, signature: Signature) -> bool {
        let (bytes, context) = (vote.to_bytes(), &self.view_context);
        let signed = self.epoch.open::<Vote>(signer, &bytes, signature, context);
        signed.is_some()
    }

    /// Signs a vote of this replica. The write-ahead record goes out before the vote does.
    pub(super) fn sign_vote(&self, phase: Phase, head: Head) -> Signature {
        let vote = Vote { phase, head };
        let signed = self.epoch.sign(vote, &self.view_context, &self.identity);
        *signed.signature()
    }

    pub(super) fn request_wire(&self, request: &SignedRequest) -> Vec<u8> {
        Message::Request(SignedBytes::from(request)).to_wire(self.table_tag, 0, request.number())
    }

    pub(super) fn persist(&mut self, record: &Record) {
        self.actions.push_back(Action::Persist(record.to_bytes()));
    }

    /// The write-ahead rule in one place: what is signed here is durable before it is sent.
    pub(super) fn persist_and_flood(
        &mut self,
        urgency: Urgency,
        head: Option<Head>,
        bytes: Vec<u8>,
    ) {
        self.persist(&Record::Own {
            head,
            message: bytes.clone(),
        });
        self.flood_own(urgency, bytes);
    }

    pub(super) fn flood_own(&mut self, urgency: Urgency, bytes: Vec<u8>) {
        self.actions.push_back(Action::Flood {
            urgency,
            bytes,
            own: true,
            origin: None,
        });
    }

    /// The current view began with the new-view of this digest.
    pub(super) fn set_new_view(&mut self, digest: Digest) {
        self.new_view = digest;
        self.view_context = self.epoch.view_context(&digest);
    }

    /// Passes on what was checked, to whoever may lack it.
    pub(super) fn relay(&mut self, urgency: Urgency, bytes: &[u8]) {
        self.relay_from(urgency, None, bytes);
    }

    /// As [`Replica::relay`], for a request or vote that its origin sends to its own neighbours itself.
    pub(super) fn relay_from(
        &mut self,
        urgency: Urgency,
        origin: Option<Seat>,
        bytes: impl Into<Vec<u8>>,
    ) {
        self.actions.push_back(Action::Flood {
            urgency,
            bytes: bytes.into(),
            own: false,
            origin,
        });
    }

    pub(super) fn note_heard(&mut self, now: Instant, seat: Seat) {
        if let Some(heard) = self.heard.get_mut(seat.index()) {
            *heard = Some(now);
        }
    }

    /// The highest slot that may be voted on now: within the window above what is applied, in this epoch, and below
    /// the high water mark.
    pub(super) fn window_end(&self) -> u64 {
        let window = self.applied.saturating_add(WINDOW);
        let high = self
            .checkpoints
            .stable_sequence()
            .saturating_add(HIGH_WATER);
        window.min(high).min(self.epoch_end().unwrap_or(u64::MAX))
    }

    /// Whether anything waits to be decided.
    pub(super) fn has_work(&self) -> bool {
        let wanted = self.filler || self.pool.has_next(self.chain.numbers());
        (wanted && !self.is_held_up()) || self.slots.values().any(Slot::is_open)
    }

    /// Whether the layers above are a whole window behind, because a roll waits for its dice: nothing can be proposed
    /// then, and nobody is to blame for it.
    pub(super) const fn is_held_up(&self) -> bool {
        self.chain.delivered() >= self.applied.saturating_add(WINDOW)
    }
}
