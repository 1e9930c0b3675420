//! The man in the middle of one phone: a real node on one side, the radio on the other, and a lie in between.
//!
//! The node's chunks are put together again, each message is shown to the lie, and what the lie makes of it is cut into
//! chunks by a second mesh. The other way round the same. The node knows nothing of it.

use std::collections::VecDeque;

use bitcraps_core::crypto::{Identity, Seat};
use bitcraps_core::mesh::{Class, Hello, LinkId, Mesh};
use bitcraps_core::node::{Event, Input, LinkDownReason, Node, NodeConfig, Output};
use bitcraps_core::table::Genesis;
use bitcraps_core::time::{Instant, earliest};
use bitcraps_core::wire::{Decode, Kind};

use super::Lying;
use super::pen::Pen;
use super::stage::{Letter, Line, Stage};
use crate::random::{Stream, derive};
use crate::sim::Phone;

/// A lie and when it is told, in milliseconds from the start of the game.
#[derive(Debug)]
pub(super) struct Period {
    pub(super) from_ms: u64,
    pub(super) until_ms: Option<u64>,
    pub(super) lie: Box<dyn Lying>,
}

/// What stands between a lying phone's node and the radio.
#[derive(Debug)]
pub struct Liar {
    periods: Vec<Period>,
    stage: Stage,
    /// The other side of the node's own links.
    inner: Mesh,
    /// When the game began; nobody lies before.
    began: Option<Instant>,
    over: bool,
    told: Option<usize>,
    twin: Twin,
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
        Self {
            periods,
            stage: Stage::new(pen, Stream::new(seed, "liar", index)),
            inner: Mesh::default(),
            began: None,
            over: false,
            told: None,
            twin: Twin {
                seed: derive(seed, "twin", index),
                identity: Phone::identity(seed, index),
                node: None,
                outputs: VecDeque::new(),
            },
        }
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
                let (hello, seat, of_twin) = (None, None, false);
                self.stage.outer.link_up(link, mtu);
                self.inner.link_up(link, mtu);
                let line = Line {
                    seat,
                    role,
                    mtu,
                    hello,
                    of_twin,
                };
                self.stage.lines.insert(link, line);
                node.handle_input(now, input);
            }
            Input::LinkDown { link, .. } => {
                let of_twin = self.is_of_twin(link);
                self.inner.link_down(link);
                self.stage.forget(link);
                self.body(node, of_twin).handle_input(now, input);
            }
            Input::Received { link, bytes } => {
                // What does not fit together never was a message, and a lie is about messages.
                if let Ok(Some((class, bytes))) = self.stage.outer.receive(link, &bytes) {
                    self.hear(node, Letter { link, class, bytes });
                }
            }
            Input::Writable { link } => self.stage.outer.writable(link),
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
        let mut wake_at = loop {
            match node.poll_output(now) {
                Output::Transmit { link, chunk } => {
                    self.take_chunk(node, link, &chunk);
                    node.handle_input(now, Input::Writable { link });
                }
                Output::Idle { wake_at } => break wake_at,
                other => return other,
            }
        };
        wake_at = earliest(wake_at, self.poll_twin(now, node));
        if let Some(output) = self.twin.outputs.pop_front() {
            return output;
        }
        self.stage.release();
        if let Some((link, chunk)) = self.stage.raw.pop_front() {
            return Output::Transmit { link, chunk };
        }
        if let Some((link, chunk)) = self.stage.outer.poll_transmit() {
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
        let Some(began) = self.began else { return };
        let at = u64::try_from(self.stage.now.since(began).as_millis()).unwrap_or(u64::MAX);
        let is_told = |period: &Period| {
            period.from_ms <= at && period.until_ms.is_none_or(|until| at < until)
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

    /// A chunk that the node sends: once a message is complete, the lie says something.
    fn take_chunk(&mut self, node: &Node, link: LinkId, chunk: &[u8]) {
        let Ok(Some((class, bytes))) = self.inner.receive(link, chunk) else {
            return;
        };
        let letter = Letter { link, class, bytes };
        self.stage.note(node, &letter);
        match self.told.filter(|_| !is_hello(&letter)) {
            Some(told) => self.periods[told].lie.say(&mut self.stage, node, letter),
            None => self.stage.pass(letter),
        }
    }

    fn hear(&mut self, node: &mut Node, letter: Letter) {
        self.stage.note(node, &letter);
        if is_hello(&letter) {
            if let Some(line) = self.stage.lines.get_mut(&letter.link) {
                line.seat = Hello::from_bytes(&letter.bytes)
                    .ok()
                    .map(|hello| hello.seat);
                line.hello = Some(letter.clone());
            }
        } else if let Some(told) = self.told
            && !self.periods[told].lie.hear(&mut self.stage, node, &letter)
        {
            return;
        }
        self.stage.memory.note_heard(&letter.bytes);
        self.deliver(node, letter);
    }

    /// Gives a message to the node that serves its link.
    fn deliver(&mut self, node: &mut Node, letter: Letter) {
        let now = self.stage.now;
        let of_twin = self.is_of_twin(letter.link);
        self.inner.send(letter.link, letter.class, letter.bytes);
        while let Some((link, bytes)) = self.inner.poll_transmit() {
            self.inner.writable(link);
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
        let config = NodeConfig::new(genesis, identity);
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
        let (role, mtu, hello) = (line.role, line.mtu, line.hello.clone());
        let reason = LinkDownReason::Remote;
        self.body(node, !to_twin)
            .handle_input(now, Input::LinkDown { link, reason });
        self.inner.link_down(link);
        self.inner.link_up(link, mtu);
        self.body(node, to_twin)
            .handle_input(now, Input::LinkUp { link, role, mtu });
        if let Some(hello) = hello {
            self.deliver(node, hello);
        }
    }

    fn poll_twin(&mut self, now: Instant, node: &Node) -> Option<Instant> {
        loop {
            match self.twin.node.as_mut()?.poll_output(now) {
                Output::Transmit { link, chunk } => {
                    self.take_chunk(node, link, &chunk);
                    self.twin
                        .node
                        .as_mut()?
                        .handle_input(now, Input::Writable { link });
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

fn is_hello(letter: &Letter) -> bool {
    letter.bytes.first() == Some(&(Kind::Hello as u8)) && letter.class == Class::Vote
}
