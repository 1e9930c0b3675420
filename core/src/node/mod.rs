//! `Node`: one phone at one table. The only place where two layers meet.
//!
//! The driver loop, for any shell:
//!
//! ```no_run
//! # use bitcraps_core::{crypto::Identity, mesh::TableSecret, node::{Input, Node, NodeConfig, Output}};
//! # use bitcraps_core::{table::Genesis, time::Instant};
//! # fn driver(genesis: Genesis, secret: TableSecret, input: Input, now: Instant) -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::from_seed(&[7; 32]);
//! let mut node = Node::open(NodeConfig::new(genesis, identity, secret), [0; 32], &[])?;
//! node.handle_input(now, input); // any number of these
//! loop {
//!     match node.poll_output(now) {
//!         Output::Persist(record) => { /* append and sync before going on */ }
//!         Output::Transmit { link, chunk } => { /* hand to the OS; Input::Writable when it has left */ }
//!         Output::Connect { handle } => { /* dial; Input::LinkUp when it can carry chunks */ }
//!         Output::Disconnect { link } => { /* close; Input::LinkDown */ }
//!         Output::Advertise(on) | Output::Scan(on) => { /* start or stop */ }
//!         Output::Event(event) => { /* show */ }
//!         Output::Idle { wake_at } => break, /* Input::Wake then */
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! How a bet travels: [`Command::PlaceBet`] is signed as a request and floods; the primary orders it; q commits deliver
//! it on every phone; [`crate::table::Table`] applies it; [`Event::Happened`] says what came of it.

mod coin;
mod config;
mod dealer;
mod dialler;
mod duties;
mod io;
mod links;
mod lobby;
mod neighbours;
mod outlook;
mod past;
mod plan;
mod reach;
mod relay;
mod replay;
mod slots;
mod stats;
mod tap;
mod watched;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use coin::Coin;
use config::Opening;
pub use config::{NodeConfig, OpenError};
use duties::Duties;
use io::event_of;
pub use io::{Command, Event, Handle, Input, LinkDownReason, Output, RadioState};
use links::Tended;
use lobby::guests::Guests;
pub use lobby::{
    Founding, Listed, Lobby, LobbyConfig, LobbyError, LobbyEvent, NAME_BYTES_MAX, Name, WallClock,
};
use neighbours::{Neighbours, Patience};
use past::Past;
use plan::Plan;
use reach::Reach;
use relay::Relay;
use slots::DecidedSlot;
pub use stats::{Stats, Usage};
pub use tap::{TAPPED_MAX, Tap, Tapped, Way};
use watched::Watched;

use crate::consensus::{Action, Epoch, Evidence, Replica, ReplicaConfig, Urgency, limits};
use crate::crypto::{Context, Digest, Identity, Seat};
use crate::history::Archive;
use crate::mesh::{Class, LinkId, LinkKeys, Mesh};
use crate::table::{Operation, Table, Wish};
use crate::time::{Instant, earliest};
pub use crate::wire::PROTOCOL_VERSION;
use crate::wire::{Decode, Encode, Header, Kind, Reader};

/// Nothing decided for this long although something waits: the player is told.
const STALL_AFTER: Duration = Duration::from_secs(10);

/// One phone: inputs in, outputs out, any order, deterministic.
#[derive(Debug)]
pub struct Node {
    identity: Arc<Identity>,
    table_id: Digest,
    replica: Replica,
    table: Table,
    mesh: Mesh,
    /// What the lobby came to, for those who were away.
    founding: Option<Vec<u8>>,
    neighbours: Watched<Neighbours>,
    patience: Patience,
    tended: Tended,
    relay: Watched<Relay>,
    /// When the relay is to be looked at, as of the last time, unless it was touched since.
    relay_at: Option<Instant>,
    /// Who wants to sit down.
    guests: Guests,
    reach: Reach,
    duties: Duties,
    past: Past,
    coin: Coin,
    /// Decided slots that wait for the dice of the one below them.
    waiting_slots: VecDeque<DecidedSlot>,
    outputs: VecDeque<Output>,
    stats: Stats,
    tap: Tap,
    /// Since when something has waited without a decision.
    waiting_since: Option<Instant>,
    /// When it wants to be woken, until something happens.
    wake: Option<Option<Instant>>,
    stalled: bool,
}

impl Node {
    /// A node that goes on from its journal: `records` are what it handed out as [`Output::Persist`] and what is
    /// durable of it, in order; none for a new phone. `entropy` is fresh at each start; nothing else random ever enters.
    ///
    /// # Errors
    /// [`OpenError`] if the phone has no seat or the rules cannot be.
    pub fn open(
        config: NodeConfig,
        entropy: [u8; 32],
        records: &[Vec<u8>],
    ) -> Result<Self, OpenError> {
        let identity = Arc::new(config.identity);
        let seed = Digest::of("bitcraps/entropy/v1", &[&entropy]);
        let keys = LinkKeys::new(Arc::clone(&identity), &config.secret, &seed);
        let opening = Opening {
            genesis: config.genesis,
            identity,
            mesh: Mesh::new(keys),
            links_max: config.links_max,
            checker: config.checker,
            formed_now: config.formed_now,
            founding: config.founding,
            joins: config.joins,
            clock: config.clock,
        };
        Self::assemble(opening, entropy, records)
    }

    fn assemble(
        opening: Opening,
        entropy: [u8; 32],
        records: &[Vec<u8>],
    ) -> Result<Self, OpenError> {
        let Opening {
            genesis,
            identity,
            mesh,
            links_max,
            checker,
            formed_now,
            founding,
            joins,
            clock,
        } = opening;
        let table_id = genesis.digest();
        let seat = genesis.roster.seat_of(&identity.public_key()).or(joins);
        let seed = Digest::of("bitcraps/entropy/v1", &[&entropy]);
        let replica = ReplicaConfig {
            version: PROTOCOL_VERSION,
            table: table_id,
            roster: genesis.roster.clone(),
            seat: seat.ok_or(OpenError::NotSeated)?,
            identity: Arc::clone(&identity),
            pipeline: limits::PIPELINE,
            checker: checker.clone(),
        };
        let guests = Guests::new(mesh.service(), clock);
        let replica = if formed_now && records.is_empty() {
            Replica::new(replica)
        } else {
            let nonce = Digest::of("bitcraps/nonce/v1", &[&entropy]).short();
            Replica::reopen(replica, nonce)
        };
        let plan = Plan::new(&identity.public_key(), &genesis.roster, links_max);
        let table_tag = u16::from_le_bytes([table_id.0[0], table_id.0[1]]);
        let mut node = Self {
            past: Past::new(Archive::new(genesis.clone())),
            duties: Duties::new(replica.seat()),
            coin: Coin::new(
                replica.seat(),
                table_tag,
                Arc::clone(&identity),
                checker.clone(),
            ),
            waiting_slots: VecDeque::new(),
            table: Table::new(genesis)?,
            mesh,
            founding,
            guests,
            neighbours: Watched::new(Neighbours::new(seed, links_max, plan)),
            patience: Patience::default(),
            tended: Tended::default(),
            relay: Watched::new(Relay::default()),
            relay_at: None,
            reach: Reach::new(
                table_tag,
                Context::of_table(PROTOCOL_VERSION, &table_id),
                checker.clone(),
            ),
            outputs: VecDeque::new(),
            stats: Stats::default(),
            tap: Tap::default(),
            waiting_since: None,
            wake: None,
            stalled: false,
            identity,
            table_id,
            replica,
        };
        if !node.replica.may_submit() {
            node.replay(records)?;
        }
        Ok(node)
    }

    /// Takes one input in. What follows from it waits in [`Node::poll_output`].
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Discovered {
                handle,
                rssi,
                hint: _,
            } => {
                self.neighbours.on_discovered(now, handle, rssi);
            }
            Input::LinkUp { link, role, mtu } => self.on_link_up(now, link, role, mtu),
            Input::LinkDown { link, reason } => self.on_link_down(now, link, reason),
            Input::Received { link, bytes } => {
                if !self.on_received(now, link, &bytes) {
                    return;
                }
            }
            // Nothing follows from it but what leaves next, and there is one for every chunk.
            Input::Writable { link } => return self.mesh.writable(link),
            Input::RadioState(state) => self.on_radio_state(now, state),
            Input::Command(command) => self.on_command(now, command),
            Input::Wake => self.replica.handle_wake(now),
        }
        self.wake = None;
        self.settle(now);
    }

    /// The next output; [`Output::Idle`] once there is nothing left.
    pub fn poll_output(&mut self, now: Instant) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        if let Some((link, chunk)) = self.poll_chunk() {
            return Output::Transmit { link, chunk };
        }
        if self.wake.is_none() {
            self.wake = Some(self.next_wake(now));
        }
        Output::Idle {
            wake_at: self.wake.flatten(),
        }
    }

    /// This phone's seat.
    #[must_use]
    pub const fn seat(&self) -> Seat {
        self.replica.seat()
    }

    /// The table as of the last delivered slot.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// The last delivered slot and the chain digest that fixes everything up to it.
    #[must_use]
    pub const fn delivered(&self) -> (u64, Digest) {
        self.replica.delivered()
    }

    /// The current view and whether this phone votes in it.
    #[must_use]
    pub const fn view(&self) -> (u64, bool) {
        (self.replica.view(), self.replica.is_voting())
    }

    /// How long this phone gives a primary now before it moves to another view.
    #[must_use]
    pub fn view_timeout(&self) -> Duration {
        self.replica.view_timeout()
    }

    /// Who votes, and what votes in the current view cover besides.
    #[must_use]
    pub const fn epoch(&self) -> (&Epoch, Digest) {
        (self.replica.epoch(), self.replica.new_view())
    }

    /// Counters since the start.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How full the bounded structures are.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            consensus: self.replica.load(),
            queued_bytes: self.mesh.queued_bytes(),
            links: self.neighbours.len(),
            deferred: self.table.deferred_len() + self.waiting_slots.len() + self.coin.held(),
            key_shares: self.coin.key_shares(),
        }
    }

    // ------------------------------------------------------------------ inputs

    fn on_command(&mut self, now: Instant, command: Command) {
        let operation = match command {
            Command::PlaceBet { kind, amount } => Operation::PlaceBet { kind, amount },
            Command::ReduceBet { kind, by } => Operation::ReduceBet { kind, by },
            Command::RemoveBet { kind } => Operation::RemoveBet { kind },
            Command::SetWorking { kind, on } => Operation::SetWorking { kind, on },
            Command::Unseat { seat } => Operation::Tap(Wish::Unseat(seat)),
            Command::Seat { key } => Operation::Tap(Wish::Seat(key.to_bytes())),
            Command::BuyIn => Operation::BuyIn,
            Command::Dissolve => Operation::Tap(Wish::Dissolve),
            Command::Leave => Operation::Leave,
            Command::PassDice => Operation::PassDice {
                roll: self.table.dice().roll(),
            },
            Command::Roll => Operation::RollClose {
                roll: self.table.dice().roll(),
            },
        };
        let Some((id, number)) = self.replica.submit(now, operation.to_bytes()) else {
            return self.tell(Event::NotNow { command });
        };
        self.outputs.push_back(Output::Event(Event::Submitted {
            id,
            number,
            command,
        }));
    }

    // ------------------------------------------------------------------ what follows

    /// Carries out everything that an input led to, until nothing new comes.
    fn settle(&mut self, now: Instant) {
        loop {
            while let Some(action) = self.replica.poll_action() {
                self.carry_out(now, action);
            }
            self.mind_the_dice(now);
            self.speak_as_newcomer(now);
            for operation in self.due_operations(now) {
                self.replica.submit(now, operation.to_bytes());
            }
            // The wish for empty slots alone may have made the replica propose one.
            if !self.replica.has_actions() {
                break;
            }
        }
        self.tend_relay(now);
        self.tend_links(now);
        self.tend_guests(now);
        self.tend_reach(now);
        self.fill_history(now);
        self.watch_for_stall(now);
    }

    fn due_operations(&mut self, now: Instant) -> Vec<Operation> {
        let (relay, seat) = (&self.relay, self.replica.seat());
        let within_reach = || relay.within_reach(seat).len();
        let due = if self.replica.may_submit() {
            let waits = self.replica.own_waits();
            self.duties
                .due(now, &self.table, &self.identity, waits, within_reach)
        } else {
            Vec::new()
        };
        self.replica
            .set_filler(now, Duties::wants_filler(&self.table));
        due
    }

    fn carry_out(&mut self, now: Instant, action: Action) {
        match action {
            Action::Persist(record) => self.persist(record),
            Action::Flood {
                urgency,
                bytes,
                own,
                origin,
            } => self.flood(now, class_of(urgency), bytes, own, origin),
            Action::Send {
                peer,
                urgency,
                bytes,
            } => {
                self.mesh.send(LinkId(peer.0), class_of(urgency), bytes);
            }
            Action::Deliver {
                sequence,
                chain,
                batch,
                certificate,
            } => {
                self.keep(sequence, chain, &batch, certificate.as_ref());
                let slot = DecidedSlot {
                    sequence,
                    chain,
                    batch,
                };
                self.deliver(now, slot);
            }
            Action::Install {
                sequence,
                chain,
                application,
            } => self.install(sequence, chain, &application),
            Action::Convicted {
                seat,
                lie,
                evidence,
            } => {
                let operation = Evidence::from_bytes(&evidence).map(Box::new);
                if let Ok(operation) = operation.map(Operation::Evidence) {
                    self.duties.on_proof(now, seat, operation);
                }
                self.tell(Event::Caught {
                    seat,
                    lie,
                    evidence,
                });
            }
            Action::StandingChanged => self.tell(Event::Standing(self.replica.standing())),
            Action::EnteredEpoch { .. } | Action::Halted { .. } | Action::LeftView { .. } => {
                self.neighbours
                    .replan(&self.identity.public_key(), &self.replica.epoch().roster);
                let quorum = self.replica.epoch().quorum.q;
                if let Some(event) = event_of(action, quorum) {
                    self.tell(event);
                }
            }
            Action::EnteredView { view, primary } => {
                self.mesh
                    .drop_stale(|message| is_of_another_view(message, view));
                self.relay.enter_view();
                self.stats.views_entered += 1;
                self.tell(Event::ViewChanged { view, primary });
            }
        }
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Tells the player once when nothing has been decided for a while, and who has gone quiet.
    fn watch_for_stall(&mut self, now: Instant) {
        if !self.replica.is_waiting() {
            self.waiting_since = None;
            return;
        }
        let since = *self.waiting_since.get_or_insert(now);
        if self.stalled || since.after(STALL_AFTER) > now {
            return;
        }
        self.stalled = true;
        let heard_lately = |seat: &Seat| {
            self.replica
                .last_heard(*seat)
                .is_some_and(|at| now.since(at) < STALL_AFTER)
        };
        let seats = self.replica.epoch().roster.seats();
        let silent = seats
            .filter(|seat| *seat != self.replica.seat() && !heard_lately(seat))
            .collect();
        self.outputs
            .push_back(Output::Event(Event::Stalled { silent }));
    }

    fn next_wake(&self, now: Instant) -> Option<Instant> {
        let stall = self.waiting_since.filter(|_| !self.stalled);
        let stall = stall.map(|since| since.after(STALL_AFTER));
        // Whoever may not submit has no duties: one that is due would wake it again and again.
        let duties = self.duties.next_wake(now, &self.table);
        let duties = duties.filter(|_| self.replica.may_submit());
        let duties = if self.is_candidate() {
            self.duties.next_wake_of_newcomer(now, &self.table)
        } else {
            duties
        };
        let duties = earliest(duties, self.guests.next_wake());
        let past = self
            .past
            .next_wake(self.neighbours.secured().next().is_some());
        let duties = earliest(duties, self.coin.next_wake());
        let wake = earliest(self.replica.next_wake(), self.links_wake(now));
        let wake = earliest(earliest(wake, past), self.relay_wake());
        let wake = earliest(wake, self.reach_wake());
        earliest(earliest(wake, stall), duties)
    }
}

/// Whether a message is a proposal or vote of another view: whoever still needs those gets the new-view instead.
fn is_of_another_view(message: &[u8], view: u64) -> bool {
    Header::decode(&mut Reader::new(message)).is_ok_and(|header| {
        let of_view = matches!(header.kind, Kind::PrePrepare | Kind::Prepare | Kind::Commit);
        of_view && header.view != view.to_le_bytes()[0]
    })
}

const fn class_of(urgency: Urgency) -> Class {
    match urgency {
        Urgency::Vote => Class::Vote,
        Urgency::Control => Class::Control,
        Urgency::Proposal => Class::Proposal,
        Urgency::Bulk => Class::Bulk,
    }
}
