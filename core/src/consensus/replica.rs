//! One PBFT participant: state, dispatch, and what it asks its surroundings to do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::certificate::Certificate;
use super::chain::{Batch, Chain};
use super::early::{Early, Held};
use super::ignored::Ignored;
use super::limits::WINDOW;
use super::message::{Message, SignedBytes};
use super::new_view::NewViews;
use super::normal::Slot;
use super::pool::Pool;
use super::quorum::Quorum;
use super::statement::{Head, Phase, Request, RequestId, SignedRequest, Vote};
use super::timing::Timing;
use super::view_change::ViewChanges;
use crate::crypto::{Context, Digest, Identity, Roster, Seat, Signature, Signed};
use crate::time::Instant;
use crate::wire::{Decode, Kind, widen_u8, widen_u16};

/// A neighbour, by the number of the link to it. Says nothing about who it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Peer(pub u64);

/// How soon a message must leave, as classes of the links' queues (design, "Mesh").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Urgency {
    /// Votes, view-changes, new-views and their certificates.
    Vote,
    /// Status and wants.
    Control,
    /// Proposals and requests.
    Proposal,
    /// Catch-up.
    Bulk,
}

/// What the replica wants done, strictly in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Make this durable before acting on anything behind it.
    Persist(Vec<u8>),
    /// Send to every neighbour that is not known to have it. `own`: this replica is its origin.
    Flood {
        /// Queue class.
        urgency: Urgency,
        /// The message.
        bytes: Vec<u8>,
        /// Whether it was made here, for the count of origin bytes.
        own: bool,
        /// Of a request or vote made elsewhere, whose it is: it reaches that replica's own neighbours without us.
        /// Proposals and view changes are few and go everywhere.
        origin: Option<Seat>,
    },
    /// Send to one neighbour.
    Send {
        /// To whom.
        peer: Peer,
        /// Queue class.
        urgency: Urgency,
        /// The message.
        bytes: Vec<u8>,
    },
    /// A slot is decided and all below it are delivered.
    Deliver {
        /// Its sequence number.
        sequence: u64,
        /// C_s.
        chain: Digest,
        /// Its requests, in order.
        batch: Batch,
    },
    /// This replica stopped voting in its view.
    LeftView {
        /// The view it wants to move to.
        target: u64,
    },
    /// A new view began here.
    EnteredView {
        /// The view.
        view: u64,
        /// Its primary.
        primary: Seat,
    },
}

/// What a replica is made of.
#[derive(Debug)]
pub struct ReplicaConfig {
    /// Protocol version that signatures cover.
    pub version: u16,
    /// Digest of the genesis.
    pub table: Digest,
    /// The seats and their keys.
    pub roster: Roster,
    /// This phone's key; it must be in the roster.
    pub identity: Arc<Identity>,
    /// How many proposals it keeps under way as primary: [`PIPELINE`](super::limits::PIPELINE) unless a test wants
    /// more. Backups take whatever fits the window.
    pub pipeline: u64,
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
}

/// One PBFT participant. See the module's header for the protocol.
#[derive(Debug)]
pub struct Replica {
    pub(super) seat: Seat,
    pub(super) identity: Arc<Identity>,
    pub(super) pipeline: u64,
    pub(super) roster: Roster,
    pub(super) quorum: Quorum,
    pub(super) table_tag: u16,
    pub(super) table_context: Context,
    pub(super) context: Context,
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
    /// The request that the view's deadline is for (Castro–Liskov §4.4): the one that has waited longest when the
    /// deadline was set. Others may pass it without buying the primary more time.
    pub(super) awaited: Option<(u8, u64)>,
    pub(super) peers: BTreeMap<Peer, super::catch_up::PeerState>,
    /// Last time each seat was heard from, by a checked signature.
    pub(super) heard: Vec<Option<Instant>>,
    /// Whether empty batches are wanted while nothing else is to be ordered.
    pub(super) filler: bool,
    pub(super) own_number: u64,
    pub(super) actions: VecDeque<Action>,
}

impl Replica {
    /// A replica at the start of view 0. `None` if the identity has no seat.
    #[must_use]
    pub fn new(config: ReplicaConfig) -> Option<Self> {
        let ReplicaConfig {
            version,
            table,
            roster,
            identity,
            pipeline,
        } = config;
        let seat = roster.seat_of(&identity.public_key())?;
        let quorum = Quorum::of(roster.len());
        Some(Self {
            seat,
            identity,
            pipeline,
            quorum,
            table_tag: u16::from_le_bytes([table.0[0], table.0[1]]),
            table_context: Context::of_table(version, &table),
            context: Context::of_epoch(version, &table, 0, &roster.digest()),
            view: 0,
            target: None,
            chain: Chain::new(&table, &roster),
            pool: Pool::default(),
            slots: BTreeMap::new(),
            prepared: None,
            view_changes: ViewChanges::default(),
            new_views: NewViews::default(),
            early: Early::default(),
            timing: Timing::new(),
            awaited: None,
            peers: BTreeMap::new(),
            heard: vec![None; roster.len()],
            filler: false,
            own_number: 1,
            actions: VecDeque::new(),
            roster,
        })
    }

    /// Signs an operation of this phone's player and floods it. Gives its id and number.
    pub fn submit(&mut self, now: Instant, payload: Vec<u8>) -> (RequestId, u64) {
        let request = Request {
            player: self.seat,
            number: self.own_number,
            payload,
        };
        self.own_number += 1;
        let signed = Signed::sign(request, &self.table_context, &self.identity);
        let request = Arc::new(SignedRequest {
            digest: signed.digest(&self.table_context),
            signed,
        });
        let id = request.id();
        let bytes = self.request_wire(&request);
        self.actions.push_back(Action::Persist(bytes.clone()));
        self.actions.push_back(Action::Flood {
            urgency: Urgency::Proposal,
            bytes,
            own: true,
            origin: None,
        });
        self.pool.insert(request);
        self.on_pool_change(now);
        (id, self.own_number - 1)
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
        self.timing.next_wake()
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

    /// The roster's sizes.
    #[must_use]
    pub const fn quorum(&self) -> Quorum {
        self.quorum
    }

    /// The current view.
    #[must_use]
    pub const fn view(&self) -> u64 {
        self.view
    }

    /// Whether the replica votes in its view.
    #[must_use]
    pub const fn is_voting(&self) -> bool {
        self.target.is_none()
    }

    /// The last delivered slot and its chain digest.
    #[must_use]
    pub const fn delivered(&self) -> (u64, Digest) {
        (self.chain.delivered(), self.chain.tip())
    }

    /// The primary of a view: seat v mod n.
    #[must_use]
    pub fn primary(&self, view: u64) -> Seat {
        let n = u64::try_from(self.quorum.n).unwrap_or(1);
        Seat(u8::try_from(view % n).unwrap_or(0))
    }

    /// When a seat was last heard from.
    #[must_use]
    pub fn last_heard(&self, seat: Seat) -> Option<Instant> {
        self.heard.get(seat.index()).copied().flatten()
    }

    /// Whether anything waits to be decided, or the replica is between two views.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.target.is_some() || self.has_work()
    }

    /// How full the bounded structures are.
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            pool: self.pool.len(),
            held: self.early.len() + self.slots.values().map(Slot::waiting).sum::<usize>(),
            blocks: self.chain.blocks_len(),
            view_changes: self.view_changes.len(),
        }
    }

    /// Dispatches one message whose view and sequence number are widened.
    pub(super) fn on_message(
        &mut self,
        now: Instant,
        peer: Peer,
        held: Held,
    ) -> Result<(), Ignored> {
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
            Message::Status(status) => self.on_status(now, peer, *status),
            Message::Want(ids) => self.on_want(now, peer, ids),
            Message::Slots(_) => self.on_slots(now, peer, held.message),
        }
    }

    /// Opens a request that somebody sent, after the cheap questions.
    pub(super) fn open_request(&self, bytes: &SignedBytes) -> Result<SignedRequest, Ignored> {
        let player = Request::from_bytes(&bytes.statement)?.player;
        let key = self.roster.key(player).ok_or(Ignored::NotSeated)?;
        let signed =
            Signed::<Request>::open(&bytes.statement, bytes.signature, &self.table_context, key)
                .map_err(|_| Ignored::BadSignature)?;
        Ok(SignedRequest {
            digest: signed.digest(&self.table_context),
            signed,
        })
    }

    /// Whether `signer` signed this vote.
    pub(super) fn verify_vote(&self, vote: &Vote, signer: Seat, signature: Signature) -> bool {
        use crate::wire::Encode;
        self.roster.key(signer).is_some_and(|key| {
            Signed::<Vote>::open(&vote.to_bytes(), signature, &self.context, key).is_ok()
        })
    }

    /// Signs a vote of this replica. The write-ahead record goes out before the vote does.
    pub(super) fn sign_vote(&self, phase: Phase, head: Head) -> Signature {
        *Signed::sign(Vote { phase, head }, &self.context, &self.identity).signature()
    }

    pub(super) fn request_wire(&self, request: &SignedRequest) -> Vec<u8> {
        Message::Request(SignedBytes::from(request)).to_wire(self.table_tag, 0, request.number())
    }

    pub(super) fn persist_and_flood(&mut self, urgency: Urgency, bytes: Vec<u8>) {
        self.actions.push_back(Action::Persist(bytes.clone()));
        self.actions.push_back(Action::Flood {
            urgency,
            bytes,
            own: true,
            origin: None,
        });
    }

    /// Passes on what was checked, to whoever may lack it.
    pub(super) fn relay(&mut self, urgency: Urgency, bytes: &[u8]) {
        self.relay_from(urgency, None, bytes);
    }

    /// As [`Replica::relay`], for a request or vote that its origin sends to its own neighbours itself.
    pub(super) fn relay_from(&mut self, urgency: Urgency, origin: Option<Seat>, bytes: &[u8]) {
        self.actions.push_back(Action::Flood {
            urgency,
            bytes: bytes.to_vec(),
            own: false,
            origin,
        });
    }

    pub(super) fn note_heard(&mut self, now: Instant, seat: Seat) {
        if let Some(heard) = self.heard.get_mut(seat.index()) {
            *heard = Some(now);
        }
    }

    /// The highest slot that may be voted on now.
    pub(super) const fn window_end(&self) -> u64 {
        self.chain.delivered().saturating_add(WINDOW)
    }

    /// Whether anything waits to be decided.
    pub(super) fn has_work(&self) -> bool {
        self.filler
            || self.pool.has_next(self.chain.next_numbers())
            || self.slots.values().any(Slot::is_open)
    }
}
