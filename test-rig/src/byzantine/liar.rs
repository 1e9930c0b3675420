//! The man in the middle of one phone: a real node on one side, the radio on the other, and a lie in between.
//!
//! Links are secured and a node knows no other way. So the lie ends the sessions itself: towards the others with the
//! phone's real key, which it has, and towards its own node as the neighbour that has just proven itself outside. For that
//! alone the rig lends it the neighbours' keys; nothing that leaves the phone is ever made with them. What the node says
//! is opened, shown to the lie, and sealed again for the real neighbour. The other way round the same. The node knows
//! nothing of it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bitcraps_core::crypto::{Digest, Identity, PublicKey, Seat};
use bitcraps_core::mesh::{Incoming, LinkId, LinkKeys, Mesh, Role};
use bitcraps_core::node::{Event, Input, LinkDownReason, Node, NodeConfig, Output, Tap};
use bitcraps_core::table::Genesis;
use bitcraps_core::time::{Instant, earliest};

use super::Lying;
use super::foresight::Foreseen;
use super::pen::Pen;
use super::stage::{Letter, Line, Stage};
use crate::random::{Stream, derive};
use crate::sim::Phone;

/// While more bytes than one connection event carries wait outside, the node gets no room.
const BACKLOG_MAX: usize = 488;
/// Numbers of people who have no seat at any table.
const STRANGERS: u64 = 1 << 32;

/// A lie and when it is told, in milliseconds from the start of the game.
#[derive(Debug)]
pub(super) struct Period {
    pub(super) from_ms: u64,
    pub(super) until_ms: Option<u64>,
    /// Whether it is told before the game begins as well.
    pub(super) in_formation: bool,
    pub(super) lie: Box<dyn Lying>,
}

/// What stands between a lying phone's node and the radio.
#[derive(Debug)]
pub struct Liar {
    periods: Vec<Period>,
    stage: Stage,
    seed: u64,
    /// What the lie itself wants done.
    outputs: VecDeque<Output>,
    /// When the game began; before that only lies about the first key are told.
    began: Option<Instant>,
    over: bool,
    told: Option<usize>,
    twin: Twin,
    stranger: Stranger,
}

/// Whom the phone claims to be on some links: somebody with the table's secret and without a seat.
#[derive(Debug)]
struct Stranger {
    mesh: Mesh,
    links: BTreeSet<LinkId>,
}

/// A second node with the same key, for whoever runs twice.
#[derive(Debug)]
struct Twin {
    seed: [u8; 32],
    identity: Identity,
    node: Option<Box<Node>>,
    /// What it wants done, the radio apart.
    outputs: VecDeque<Output>,
}

impl Liar {
    pub(super) fn new(genesis: &Genesis, seed: u64, phone: u8, periods: Vec<Period>) -> Self {
        let index = u64::from(phone);
        let pen = Pen::new(genesis, Phone::identity(seed, index), Seat(phone));
        let keys = link_keys(seed, Phone::identity(seed, index), index);
        let nobody = STRANGERS + index;
        let strange = link_keys(seed, Phone::identity(seed, nobody), nobody);
        Self {
            periods,
            stage: Stage::new(pen, keys, Stream::new(seed, "liar", index)),
            seed,
            outputs: VecDeque::new(),
            began: None,
            over: false,
            told: None,
            twin: Twin {
                seed: derive(seed, "twin", index),
                identity: Phone::identity(seed, index),
                node: None,
                outputs: VecDeque::new(),
            },
            stranger: Stranger {
                mesh: Mesh::new(strange),
                links: BTreeSet::new(),
            },
        }
    }

    /// The tap between the lie and the radio.
    pub(crate) const fn tap(&mut self) -> &mut Tap {
        &mut self.stage.tap
    }

    /// The next roll that it has worked out before it is settled.
    pub(crate) fn poll_foreseen(&mut self) -> Option<Foreseen> {
        self.stage.foreseen.pop_front()
    }

    /// The game begins, and with it the time of the lies.
    pub fn begin(&mut self, now: Instant) {
        self.began = Some(now);
    }

    /// From now on the phone is as honest as its node.
    pub fn end(&mut self, now: Instant, node: &mut Node) {
        self.over = true;
        self.stage.now = now;
        self.turn(node);
    }

    /// Gives an input to the phone.
    pub fn handle_input(&mut self, now: Instant, node: &mut Node, input: Input) {
        self.stage.now = now;
        self.turn(node);
        match input {
            Input::LinkUp { link, role, mtu } => {
                let lie = self.told.map(|told| &mut self.periods[told].lie);
                if lie.is_some_and(|lie| lie.is_stranger(&self.stage)) {
                    self.stranger.mesh.link_up(link, role, mtu);
                    self.stranger.links.insert(link);
                } else {
                    self.stage.outer.link_up(link, role, mtu);
                }
                let line = Line {
                    seat: None,
                    role,
                    mtu,
                    inner: None,
                    of_twin: false,
                    owed: 0,
                };
                self.stage.lines.insert(link, line);
            }
            Input::LinkDown { link, reason } => self.link_down(node, link, reason),
            Input::Received { link, bytes } if self.stranger.links.contains(&link) => {
                self.receive_as_stranger(link, &bytes);
            }
            Input::Received { link, bytes } => self.receive(node, link, &bytes),
            Input::Writable { link } => {
                self.stage.outer.writable(link);
                self.stranger.mesh.writable(link);
            }
            Input::Wake => {
                node.handle_input(now, Input::Wake);
                if let Some(twin) = &mut self.twin.node {
                    twin.handle_input(now, Input::Wake);
                }
                self.wake(node);
            }
            other => node.handle_input(now, other),
        }
    }

    /// The next thing that the phone wants done; chunks are the lie's, everything else the node's.
    pub fn poll_output(&mut self, now: Instant, node: &mut Node) -> Output {
        self.stage.now = now;
        self.make_room(node);
        let mut wake_at = loop {
            match node.poll_output(now) {
                Output::Transmit { link, chunk } => {
                    self.take_chunk(node, link, &chunk);
                    self.owe_room(node, link);
                }
                Output::Idle { wake_at } => break wake_at,
                other => return other,
            }
        };
        wake_at = earliest(wake_at, self.poll_twin(now, node));
        if let Some(output) = self.twin.outputs.pop_front() {
            return output;
        }
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        self.stage.release();
        if let Some((link, chunk)) = self.stage.raw.pop_front() {
            return Output::Transmit { link, chunk };
        }
        if let Some((link, chunk, begins)) = self.stage.outer.poll_chunk() {
            let tap = &mut self.stage.tap;
            begins.iter().for_each(|message| tap.said(link, message));
            return Output::Transmit { link, chunk };
        }
        if let Some((link, chunk)) = self.stranger.mesh.poll_transmit() {
            return Output::Transmit { link, chunk };
        }
        let wake_at = earliest(wake_at, self.stage.next_wake());
        Output::Idle {
            wake_at: earliest(wake_at, self.next_turn()),
        }
    }

    // ------------------------------------------------------------------ the lie

    /// Begins and ends lies whose time has come.
    fn turn(&mut self, node: &mut Node) {
        let since = |began| u64::try_from(self.stage.now.since(began).as_millis());
        let at = self.began.map(|began| since(began).unwrap_or(u64::MAX));
        let is_told = |period: &Period| match at {
            None => period.in_formation,
            Some(at) => period.from_ms <= at && period.until_ms.is_none_or(|until| at < until),
        };
        let told = self
            .periods
            .iter()
            .position(|period| is_told(period) && !self.over);
        if told == self.told {
            return;
        }
        self.told = told;
        self.stage.wake = None;
        self.join(node);
        if let Some(told) = told {
            if self.periods[told].lie.is_two() {
                self.split(node);
            }
            self.periods[told].lie.wake(&mut self.stage, node);
        }
    }

    fn next_turn(&self) -> Option<Instant> {
        let began = self.began.filter(|_| !self.over)?;
        let edges = self
            .periods
            .iter()
            .flat_map(|period| [Some(period.from_ms), period.until_ms]);
        let edges = edges
            .flatten()
            .map(|ms| Instant(began.0.saturating_add(ms)));
        edges.filter(|at| *at > self.stage.now).min()
    }

    fn wake(&mut self, node: &Node) {
        if let Some(told) = self.told
            && self.stage.wake.is_some_and(|at| at <= self.stage.now)
        {
            self.stage.wake = None;
            self.stage.pen.follow(node);
            self.periods[told].lie.wake(&mut self.stage, node);
        }
    }

    // ------------------------------------------------------------------ the links

    fn link_down(&mut self, node: &mut Node, link: LinkId, reason: LinkDownReason) {
        let now = self.stage.now;
        let told = self.stage.lines.get(&link).map(|line| line.inner.is_some());
        let of_twin = self.is_of_twin(link);
        self.stage.forget(link);
        self.stranger.mesh.link_down(link);
        self.stranger.links.remove(&link);
        // A link that the node has not been told of is a dial that came to nothing.
        let reason = if told == Some(false) {
            LinkDownReason::ConnectFailed
        } else {
            reason
        };
        self.body(node, of_twin)
            .handle_input(now, Input::LinkDown { link, reason });
    }

    /// A chunk from the others.
    fn receive(&mut self, node: &mut Node, link: LinkId, chunk: &[u8]) {
        match self.stage.outer.receive(link, chunk) {
            Ok(Incoming::Messages(class, messages)) => {
                for bytes in messages {
                    self.stage.tap.heard(link, &bytes);
                    self.hear(node, Letter { link, class, bytes });
                }
            }
            Ok(Incoming::Hail) if self.stage.outer.answer(link).is_ok() => {}
            Ok(Incoming::Secured(key)) => self.on_secured(node, link, &key),
            Ok(Incoming::Hail | Incoming::Refused(_)) => {
                self.outputs.push_back(Output::Disconnect { link });
            }
            // What does not fit together never was a message, and a lie is about messages.
            Ok(Incoming::Partial) | Err(_) => {}
        }
    }

    /// On a link on which the phone is nobody. The other end closes it, unless it is a thief as well.
    fn receive_as_stranger(&mut self, link: LinkId, chunk: &[u8]) {
        match self.stranger.mesh.receive(link, chunk) {
            Ok(Incoming::Hail) if self.stranger.mesh.answer(link).is_ok() => {}
            Ok(Incoming::Hail | Incoming::Secured(_) | Incoming::Refused(_)) => {
                self.outputs.push_back(Output::Disconnect { link });
            }
            Ok(Incoming::Partial | Incoming::Messages(..)) | Err(_) => {}
        }
    }

    /// A neighbour has proven itself: now the node may know of the link.
    fn on_secured(&mut self, node: &mut Node, link: LinkId, key: &PublicKey) {
        let seat = self.stage.pen.roster.seat_of(key);
        let Some(line) = self.stage.lines.get_mut(&link).filter(|_| seat.is_some()) else {
            self.outputs.push_back(Output::Disconnect { link });
            return;
        };
        line.seat = seat;
        self.connect(node, link);
    }

    /// Puts the node on one end of a link and the neighbour's stand-in on the other.
    fn connect(&mut self, node: &mut Node, link: LinkId) {
        let now = self.stage.now;
        let seed = self.seed;
        let Some(line) = self.stage.lines.get_mut(&link) else {
            return;
        };
        let Some(Seat(seat)) = line.seat else { return };
        let face = Phone::identity(seed, seat.into());
        let mut inner = Mesh::new(link_keys(seed, face, link.0));
        line.owed = 0;
        let (role, mtu, of_twin) = (line.role, line.mtu, line.of_twin);
        let other = match role {
            Role::Central => Role::Peripheral,
            Role::Peripheral => Role::Central,
        };
        inner.link_up(link, other, mtu);
        line.inner = Some(inner);
        self.body(node, of_twin)
            .handle_input(now, Input::LinkUp { link, role, mtu });
        self.pump(node, link);
    }

    /// A chunk that the node sends: once a message is complete, the lie says something.
    fn take_chunk(&mut self, node: &mut Node, link: LinkId, chunk: &[u8]) {
        let line = self.stage.lines.get_mut(&link);
        let Some(inner) = line.and_then(|line| line.inner.as_mut()) else {
            return;
        };
        match inner.receive(link, chunk) {
            Ok(Incoming::Messages(class, messages)) => {
                for bytes in messages {
                    self.say(node, Letter { link, class, bytes });
                }
            }
            Ok(Incoming::Hail) => {
                let answered = inner.answer(link);
                debug_assert!(answered.is_ok(), "the phone's own node hails wrongly");
            }
            _ => {}
        }
        self.pump(node, link);
    }

    /// The node has room for its next chunk on a link at once, or when what waits outside has left: a node whose queue is
    /// somebody else's would send what is long stale, and answer before its last answer is on its way.
    fn owe_room(&mut self, node: &mut Node, link: LinkId) {
        if let Some(line) = self.stage.lines.get_mut(&link) {
            line.owed += 1;
        }
        self.make_room(node);
    }

    fn make_room(&mut self, node: &mut Node) {
        let now = self.stage.now;
        let owed = self.stage.lines.iter().filter(|(_, line)| line.owed > 0);
        let links: Vec<LinkId> = owed.map(|(link, _)| *link).collect();
        for link in links {
            if self.stage.backlog(link) > BACKLOG_MAX {
                continue;
            }
            let line = self.stage.lines.get_mut(&link);
            let owed = line.map_or(0, |line| std::mem::take(&mut line.owed));
            let of_twin = self.is_of_twin(link);
            for _ in 0..owed {
                self.body(node, of_twin)
                    .handle_input(now, Input::Writable { link });
            }
        }
    }

    fn say(&mut self, node: &Node, letter: Letter) {
        self.stage.note(node, &letter);
        match self.told {
            Some(told) => self.periods[told].lie.say(&mut self.stage, node, letter),
            None => self.stage.pass(letter),
        }
    }

    fn hear(&mut self, node: &mut Node, letter: Letter) {
        self.stage.note(node, &letter);
        if let Some(told) = self.told
            && !self.periods[told].lie.hear(&mut self.stage, node, &letter)
        {
            return;
        }
        self.stage.memory.note_heard(&letter.bytes);
        let Letter { link, class, bytes } = letter;
        let line = self.stage.lines.get_mut(&link);
        if let Some(inner) = line.and_then(|line| line.inner.as_mut()) {
            inner.send(link, class, bytes);
            self.pump(node, link);
        }
    }

    /// Gives the node that serves a link whatever its neighbour's stand-in has to say.
    fn pump(&mut self, node: &mut Node, link: LinkId) {
        let now = self.stage.now;
        let of_twin = self.is_of_twin(link);
        loop {
            let line = self.stage.lines.get_mut(&link);
            let Some(inner) = line.and_then(|line| line.inner.as_mut()) else {
                return;
            };
            let Some((_, bytes)) = inner.poll_transmit() else {
                return;
            };
            inner.writable(link);
            self.body(node, of_twin)
                .handle_input(now, Input::Received { link, bytes });
        }
    }

    // ------------------------------------------------------------------ the twin

    fn is_of_twin(&self, link: LinkId) -> bool {
        self.stage.lines.get(&link).is_some_and(|line| line.of_twin)
    }

    fn body<'a>(&'a mut self, node: &'a mut Node, of_twin: bool) -> &'a mut Node {
        match &mut self.twin.node {
            Some(twin) if of_twin => twin,
            _ => node,
        }
    }

    /// Starts a second node with the same key and gives it half of the links.
    fn split(&mut self, node: &mut Node) {
        let genesis = node.table().genesis().clone();
        let identity = std::mem::replace(&mut self.twin.identity, Identity::from_seed(&[0; 32]));
        // The lie itself: an honest phone without a journal asks before it votes.
        let config = NodeConfig {
            formed_now: true,
            ..NodeConfig::new(genesis, identity, Phone::table_secret(self.seed))
        };
        // It has the seat that the first one has, so opening it cannot fail.
        self.twin.node = Node::open(config, self.twin.seed, &[]).ok().map(Box::new);
        let links = self.stage.neighbours().into_iter().map(|(link, _)| link);
        let links: Vec<LinkId> = links.filter(|link| self.stage.is_in_half(*link)).collect();
        links
            .into_iter()
            .for_each(|link| self.hand_over(node, link, true));
    }

    /// Back to one node on all links.
    fn join(&mut self, node: &mut Node) {
        let lines = self.stage.lines.iter().filter(|(_, line)| line.of_twin);
        let links: Vec<LinkId> = lines.map(|(link, _)| *link).collect();
        links
            .into_iter()
            .for_each(|link| self.hand_over(node, link, false));
        self.twin.outputs.clear();
    }

    /// Takes a link from one of the two nodes and gives it to the other; the neighbour notices nothing.
    fn hand_over(&mut self, node: &mut Node, link: LinkId, to_twin: bool) {
        let now = self.stage.now;
        let Some(line) = self.stage.lines.get_mut(&link) else {
            return;
        };
        line.of_twin = to_twin;
        let reason = LinkDownReason::Remote;
        self.body(node, !to_twin)
            .handle_input(now, Input::LinkDown { link, reason });
        self.connect(node, link);
    }

    fn poll_twin(&mut self, now: Instant, node: &mut Node) -> Option<Instant> {
        loop {
            match self.twin.node.as_mut()?.poll_output(now) {
                Output::Transmit { link, chunk } => {
                    self.take_chunk(node, link, &chunk);
                    self.owe_room(node, link);
                }
                Output::Idle { wake_at } => return wake_at,
                output @ (Output::Disconnect { .. }
                | Output::Event(
                    Event::NeighbourUp { .. } | Event::NeighbourDown { .. },
                )) => {
                    self.twin.outputs.push_back(output);
                }
                // One radio, one player, and nobody reads a liar's journal.
                _ => {}
            }
        }
    }
}

/// Keys for one of the lie's own ends of a link; `index` keeps their randomness apart.
fn link_keys(seed: u64, identity: Identity, index: u64) -> LinkKeys {
    let entropy = Digest(derive(seed, "liar-links", index));
    LinkKeys::new(Arc::new(identity), &Phone::table_secret(seed), &entropy)
}
