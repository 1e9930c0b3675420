//! Real nodes joined by a table of links: what one transmits the other receives a tick later, in order.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::collections::{BTreeMap, BTreeSet};

use bitcraps_core::crypto::{Digest, Identity, Roster};
use bitcraps_core::mesh::{CHUNK_HEADER_BYTES, LinkId, Role};
use bitcraps_core::node::{
    Command, Event, Handle, Input, LinkDownReason, Node, NodeConfig, Output,
};
use bitcraps_core::table::{Genesis, Outcome, TableRules};
use bitcraps_core::time::Instant;

/// How long a chunk takes, and how often phones wake, in milliseconds.
const TICK_MS: u64 = 10;
pub(crate) const MTU: u16 = 185;

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
    Node::open(NodeConfig::new(genesis, identity(seat)), [seat; 32], &[]).unwrap()
}

/// All phones, the links between them, and the clock.
pub(crate) struct Room {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: Instant,
    /// Everything that each phone put out, in order.
    pub(crate) outputs: Vec<Vec<Output>>,
    /// Everything that each phone took in, by how much it had put out before.
    pub(crate) received: Vec<Vec<(usize, LinkId, Vec<u8>)>>,
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
                let before = self.outputs[phone].len();
                self.received[phone].push((before, link, bytes.clone()));
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

/// Puts chunks together again, one message of each link and class at a time, with the tag that `begin` gave when
/// the first of them came. Written from the format, not with the code under test.
#[derive(Default)]
pub(crate) struct Reader<T>(BTreeMap<(LinkId, u8), (T, Vec<u8>)>);

impl<T: Copy> Reader<T> {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn take(&mut self, link: LinkId, chunk: &[u8], begin: T) -> Option<(T, Vec<u8>)> {
        let (flags, payload) = (chunk[1], &chunk[CHUNK_HEADER_BYTES..]);
        let key = (link, flags & 3);
        if flags & 4 != 0 {
            self.0.insert(key, (begin, Vec::new()));
        }
        self.0.get_mut(&key)?.1.extend_from_slice(payload);
        if flags & 8 == 0 {
            return None;
        }
        self.0.remove(&key)
    }
}

/// Chunks of at most `MTU` that carry one message, as a stranger would write them.
pub(crate) fn chunks(class: u8, number: u8, message: &[u8]) -> Vec<Vec<u8>> {
    let size = usize::from(MTU) - 3 - CHUNK_HEADER_BYTES;
    let parts: Vec<&[u8]> = message.chunks(size).collect();
    let last = parts.len() - 1;
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let first = if index == 0 { 4 } else { 0 };
            let end = if index == last { 8 } else { 0 };
            let index = u8::try_from(index % 256).unwrap();
            [&[0, class | first | end, number, index][..], part].concat()
        })
        .collect()
}
