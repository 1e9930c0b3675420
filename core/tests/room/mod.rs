//! Real nodes joined by a table of links: what one transmits the other receives a tick later, in order.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bitcraps_core::crypto::{Digest, Identity, Roster};
use bitcraps_core::mesh::{Class, Incoming, LinkId, LinkKeys, Mesh, Role, TableSecret};
use bitcraps_core::node::{
    Command, Event, Handle, Input, LinkDownReason, Node, NodeConfig, Output, Tapped, Way,
};
use bitcraps_core::table::{Genesis, Outcome, TableRules};
use bitcraps_core::time::Instant;

/// How long a chunk takes, and how often phones wake, in milliseconds.
const TICK_MS: u64 = 10;
pub(crate) const MTU: u16 = 185;
pub(crate) const SECRET: TableSecret = TableSecret([0x5e; 16]);

pub(crate) fn identity(seat: u8) -> Identity {
    Identity::from_seed(&[seat + 1; 32])
}

pub(crate) fn genesis(seats: u8, buy_in: u64) -> Genesis {
    let keys = (0..seats).map(|seat| identity(seat).public_key()).collect();
    let rules = TableRules {
        buy_in,
        ..TableRules::default()
    };
    let roster = Roster::new(keys).unwrap();
    Genesis { rules, roster }
}

pub(crate) fn open(genesis: Genesis, seat: u8) -> Node {
    open_with(genesis, seat, SECRET)
}

pub(crate) fn open_with(genesis: Genesis, seat: u8, secret: TableSecret) -> Node {
    let config = NodeConfig {
        formed_now: true,
        ..NodeConfig::new(genesis, identity(seat), secret)
    };
    let mut node = Node::open(config, [seat; 32], &[]).unwrap();
    node.tap().set(true);
    node
}

/// A message in clear, by how much the phone had put out when it began to leave or had come in.
pub(crate) type Noted = (usize, Arc<[u8]>);

/// All phones, the links between them, and the clock.
pub(crate) struct Room {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: Instant,
    /// Everything that each phone put out, in order.
    pub(crate) outputs: Vec<Vec<Output>>,
    /// The chunks that each phone took in.
    pub(crate) received: Vec<Vec<Vec<u8>>>,
    /// The messages that each phone heard and said.
    pub(crate) heard: Vec<Vec<Noted>>,
    pub(crate) said: Vec<Vec<Noted>>,
    /// Phones that nothing reaches and that say nothing, while their links stay up.
    pub(crate) deaf: BTreeSet<usize>,
    pub(crate) mtu: u16,
    links: BTreeMap<LinkId, (usize, usize)>,
    wire: Vec<(usize, LinkId, Vec<u8>)>,
    wakes: Vec<Option<Instant>>,
    next_link: u64,
}

impl Room {
    pub(crate) fn of(nodes: Vec<Node>) -> Self {
        let count = nodes.len();
        Self {
            nodes,
            now: Instant(0),
            outputs: vec![Vec::new(); count],
            received: vec![Vec::new(); count],
            heard: vec![Vec::new(); count],
            said: vec![Vec::new(); count],
            deaf: BTreeSet::new(),
            mtu: MTU,
            links: BTreeMap::new(),
            wire: Vec::new(),
            wakes: vec![None; count],
            next_link: 1,
        }
    }

    /// Phones of one table without links.
    pub(crate) fn apart(seats: u8) -> Self {
        Self::of(
            (0..seats)
                .map(|seat| open(genesis(seats, 1_000), seat))
                .collect(),
        )
    }

    /// Phones of one table, each with a link to each.
    pub(crate) fn meshed(seats: u8) -> Self {
        let mut room = Self::apart(seats);
        room.join_all();
        room
    }

    pub(crate) fn join_all(&mut self) {
        for a in 0..self.nodes.len() {
            for b in a + 1..self.nodes.len() {
                self.join(a, b);
            }
        }
    }

    /// Puts up a link of which `central` dialled.
    pub(crate) fn join(&mut self, central: usize, peripheral: usize) -> LinkId {
        let link = LinkId(self.next_link);
        self.next_link += 1;
        self.links.insert(link, (central, peripheral));
        let mtu = self.mtu;
        for (phone, role) in [(central, Role::Central), (peripheral, Role::Peripheral)] {
            self.input(phone, Input::LinkUp { link, role, mtu });
        }
        link
    }

    pub(crate) fn cut(&mut self, link: LinkId, reason: LinkDownReason) {
        let Some((a, b)) = self.links.remove(&link) else {
            return;
        };
        self.wire.retain(|(_, on, _)| *on != link);
        for phone in [a, b] {
            self.input(phone, Input::LinkDown { link, reason });
        }
    }

    /// Deaf phones hear again. Whatever was said to them meanwhile is lost, and with it their links: they get new ones.
    pub(crate) fn hear_again(&mut self) {
        let deaf = std::mem::take(&mut self.deaf);
        let is_dead = |(a, b): &(usize, usize)| deaf.contains(a) || deaf.contains(b);
        let links = self.links.iter().filter(|(_, ends)| is_dead(ends));
        let dead: Vec<LinkId> = links.map(|(link, _)| *link).collect();
        for link in dead {
            self.cut(link, LinkDownReason::Timeout);
        }
        for a in 0..self.nodes.len() {
            for b in a + 1..self.nodes.len() {
                let joined = self
                    .links
                    .values()
                    .any(|ends| *ends == (a, b) || *ends == (b, a));
                if is_dead(&(a, b)) && !joined {
                    self.join(a, b);
                }
            }
        }
    }

    pub(crate) fn is_up(&self, link: LinkId) -> bool {
        self.links.contains_key(&link)
    }

    pub(crate) fn command(&mut self, phone: usize, command: Command) {
        self.input(phone, Input::Command(command));
    }

    /// One input, and everything that comes of it.
    pub(crate) fn input(&mut self, phone: usize, input: Input) {
        self.nodes[phone].handle_input(self.now, input);
        loop {
            let output = self.nodes[phone].poll_output(self.now);
            self.take_notes(phone);
            self.outputs[phone].push(output.clone());
            match output {
                Output::Transmit { link, chunk } => {
                    assert!(chunk.len() <= usize::from(self.mtu) - 3);
                    self.nodes[phone].handle_input(self.now, Input::Writable { link });
                    if let Some((a, b)) = self.links.get(&link) {
                        let other = if *a == phone { *b } else { *a };
                        self.wire.push((other, link, chunk));
                    }
                }
                Output::Disconnect { link } => self.cut(link, LinkDownReason::Local),
                Output::Connect {
                    handle: Handle(other),
                } => {
                    self.join(phone, usize::try_from(other).unwrap());
                }
                Output::Idle { wake_at } => {
                    self.wakes[phone] = wake_at;
                    return;
                }
                Output::Persist(_) | Output::Advertise(_) | Output::Scan(_) | Output::Event(_) => {}
            }
        }
    }

    fn take_notes(&mut self, phone: usize) {
        let at = self.outputs[phone].len();
        while let Some(Tapped { way, message, .. }) = self.nodes[phone].tap().poll() {
            match way {
                Way::Said => self.said[phone].push((at, message)),
                Way::Heard | Way::Ignored(_) => self.heard[phone].push((at, message)),
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, duration_ms: u64) {
        let end = self.now.0 + duration_ms;
        while self.now.0 < end {
            self.now.0 += TICK_MS;
            for (phone, link, bytes) in std::mem::take(&mut self.wire) {
                let (a, b) = match self.links.get(&link) {
                    Some(ends) => *ends,
                    None => continue,
                };
                if self.deaf.contains(&a) || self.deaf.contains(&b) {
                    continue;
                }
                self.received[phone].push(bytes.clone());
                self.input(phone, Input::Received { link, bytes });
            }
            for phone in 0..self.nodes.len() {
                if self.wakes[phone].is_some_and(|at| at <= self.now) {
                    self.input(phone, Input::Wake);
                }
            }
        }
    }

    pub(crate) fn events(&self, phone: usize) -> impl Iterator<Item = &Event> {
        self.outputs[phone]
            .iter()
            .filter_map(|output| match output {
                Output::Event(event) => Some(event),
                _ => None,
            })
    }

    pub(crate) fn outcomes(&self, phone: usize) -> Vec<Outcome> {
        self.events(phone)
            .filter_map(|event| match event {
                Event::Happened { outcome, .. } => Some(outcome.clone()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn digest(&self, phone: usize) -> Digest {
        self.nodes[phone].table().digest()
    }
}

/// Somebody with a key and the secret, at the other end of one link of a node.
pub(crate) struct Stranger {
    pub(crate) link: LinkId,
    pub(crate) mesh: Mesh,
}

impl Stranger {
    /// Dials the node and shakes hands with it; gives what the node put out.
    pub(crate) fn dial(
        node: &mut Node,
        now: Instant,
        link: LinkId,
        identity: Identity,
    ) -> (Self, Vec<Output>) {
        let keys = LinkKeys::new(Arc::new(identity), &SECRET, &Digest([0x77; 32]));
        let mut mesh = Mesh::new(keys);
        mesh.link_up(link, Role::Central, MTU);
        let (role, mtu) = (Role::Peripheral, MTU);
        node.handle_input(now, Input::LinkUp { link, role, mtu });
        let mut stranger = Self { link, mesh };
        let outputs = stranger.talk(node, now);
        (stranger, outputs)
    }

    pub(crate) fn say(
        &mut self,
        node: &mut Node,
        now: Instant,
        class: Class,
        message: &[u8],
    ) -> Vec<Output> {
        self.mesh.send(self.link, class, message.to_vec());
        self.talk(node, now)
    }

    /// Carries chunks between the two until both have said everything.
    fn talk(&mut self, node: &mut Node, now: Instant) -> Vec<Output> {
        let link = self.link;
        let mut outputs = Vec::new();
        loop {
            while let Some((_, bytes)) = self.mesh.poll_transmit() {
                self.mesh.writable(link);
                node.handle_input(now, Input::Received { link, bytes });
            }
            let mut quiet = true;
            loop {
                match node.poll_output(now) {
                    Output::Transmit { link: on, chunk } => {
                        node.handle_input(now, Input::Writable { link: on });
                        if on == link && self.mesh.receive(link, &chunk) != Ok(Incoming::Partial) {
                            quiet = false;
                        }
                    }
                    Output::Idle { .. } => break,
                    output => outputs.push(output),
                }
            }
            let waiting = self.mesh.poll_transmit();
            if let Some((_, bytes)) = waiting {
                self.mesh.writable(link);
                node.handle_input(now, Input::Received { link, bytes });
            } else if quiet {
                return outputs;
            }
        }
    }
}
