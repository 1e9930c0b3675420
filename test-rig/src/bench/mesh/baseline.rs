//! The exchange of one decision over the rig's radio by ways that need no knowledge of who has what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bitcraps_core::crypto::Seat;
use bitcraps_core::mesh::Graph;

use super::Commit;
use crate::random::Stream;
use crate::scenario::Radio;
use crate::sim::{Air, Happened, edges, link_profile};

/// Request and proposal of one id; a vote. Then what frames a message on a link: chunk header, and what seals it.
const PROPOSAL_BYTES: usize = 93 + 87;
const VOTE_BYTES: usize = 75;
/// What everybody says to everybody.
const SAID_BYTES: usize = 100;
const FRAME_BYTES: usize = 4 + 16;
/// What the OS gets at a time, as in the core.
const OS_BYTES_MAX: usize = 488;
const OS_CHUNKS_MAX: usize = 6;
const PAUSE_US: u64 = 3_000_000;

/// How messages get about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// On to every neighbour that has not sent it.
    Flood,
    /// Along the edges of one tree of least height.
    Tree,
    /// On to a neighbour where this phone is one of its two designated ways from the message's origin. Everybody knows the
    /// graph, nobody lies and nothing is lost for good, so nothing has to be held in case that a way fails.
    Designated,
}

/// A proposal by phone 0, a vote of a phase (0 or 1) by a phone, or what a phone says to all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Message {
    Proposal,
    Vote(usize, usize),
    Said(usize),
}

impl Message {
    const fn bytes(self) -> usize {
        match self {
            Self::Proposal => PROPOSAL_BYTES + FRAME_BYTES,
            Self::Vote(..) => VOTE_BYTES + FRAME_BYTES,
            Self::Said(_) => SAID_BYTES + FRAME_BYTES,
        }
    }

    /// What the simulated chunk begins with, so that the receiver knows it again.
    fn to_chunk(self) -> Vec<u8> {
        let name = match self {
            Self::Vote(phase, signer) => [phase, signer],
            Self::Proposal => [2, 0],
            Self::Said(by) => [3, by],
        };
        let name = name.map(|value| u8::try_from(value).unwrap_or(0));
        let mut chunk = vec![0; self.bytes()];
        chunk[..2].copy_from_slice(&name);
        chunk
    }

    fn of_chunk(chunk: &[u8]) -> Self {
        match chunk[0] {
            2 => Self::Proposal,
            3 => Self::Said(usize::from(chunk[1])),
            phase => Self::Vote(usize::from(phase), usize::from(chunk[1])),
        }
    }
}

/// One end of a link: what waits, what the OS has, what the other end has.
#[derive(Default, Debug)]
struct Outlet {
    waiting: VecDeque<Message>,
    in_os: VecDeque<usize>,
    known: BTreeSet<Message>,
}

#[derive(Default, Debug)]
struct Phone {
    has: BTreeSet<Message>,
    done: bool,
}

struct Exchange {
    air: Air,
    now_us: u64,
    quorum: usize,
    phones: Vec<Phone>,
    /// By phone and link.
    outlets: BTreeMap<(usize, u64), Outlet>,
    ends: BTreeMap<u64, [usize; 2]>,
    /// Links that messages travel over.
    used: BTreeSet<u64>,
    /// What the designated ways are worked out from, where those are used.
    graph: Option<Graph>,
    arrivals: BTreeMap<(u64, u64), (usize, u64, Message)>,
    scheduled: u64,
    done: usize,
    transmissions: u64,
    bytes: u64,
}

/// `count` decisions one after the other in a room of `n`.
pub(super) fn commit(n: u8, seed: u64, way: Way, count: usize) -> Vec<Commit> {
    let mut exchange = Exchange::new(n, seed, way);
    (0..count).map(|_| exchange.decide()).collect()
}

/// All phones say something at once, `count` times one after the other.
pub(super) fn all_to_all(n: u8, seed: u64, way: Way, count: usize) -> Vec<Commit> {
    let mut exchange = Exchange::new(n, seed, way);
    (0..count).map(|_| exchange.say_all()).collect()
}

impl Exchange {
    fn new(n: u8, seed: u64, way: Way) -> Self {
        let radio = Radio::plain();
        let graph = edges(&radio.topology, n);
        let tree = (way == Way::Tree).then(|| lowest_tree(n, &graph));
        let mut exchange = Self {
            air: Air::new(usize::from(n), None),
            now_us: 0,
            quorum: {
                let (n, f) = (usize::from(n), usize::from((n - 1) / 3));
                (n + f + 1).div_ceil(2)
            },
            phones: Vec::new(),
            outlets: BTreeMap::new(),
            ends: BTreeMap::new(),
            used: BTreeSet::new(),
            graph: (way == Way::Designated).then(|| known_graph(n, &graph)),
            arrivals: BTreeMap::new(),
            scheduled: 0,
            done: 0,
            transmissions: 0,
            bytes: 0,
        };
        let mut roles = Stream::new(seed, "roles", 0);
        for (id, (a, b)) in (0..).zip(&graph) {
            let (central, peripheral) = if roles.below(2) == 0 {
                (*a, *b)
            } else {
                (*b, *a)
            };
            let ends = [central, peripheral].map(usize::from);
            let profile = link_profile(&radio, central, peripheral);
            let stream = Stream::new(seed, "radio", id);
            exchange.air.connect(id, ends, profile, stream, 0);
            exchange.ends.insert(id, ends);
            if tree.as_ref().is_none_or(|tree| tree.contains(&(*a, *b))) {
                exchange.used.insert(id);
            }
        }
        exchange
    }

    /// The first phone proposes; runs until everybody has a quorum of commits, and then until the room is quiet.
    fn decide(&mut self) -> Commit {
        self.exchange(|this| this.take(0, Message::Proposal, None))
    }

    /// Everybody says something; runs until everybody has it all.
    fn say_all(&mut self) -> Commit {
        self.exchange(|this| {
            (0..this.phones.len()).for_each(|phone| this.take(phone, Message::Said(phone), None));
        })
    }

    fn exchange(&mut self, begin: impl FnOnce(&mut Self)) -> Commit {
        let count = self.air.phones();
        self.phones = (0..count).map(|_| Phone::default()).collect();
        self.outlets.clear();
        self.done = 0;
        let (began_us, before) = (self.now_us, (self.transmissions, self.bytes));
        begin(self);
        let mut took_us = 0;
        while self.now_us < began_us + PAUSE_US {
            self.step();
            if took_us == 0 && self.done == count {
                took_us = self.now_us - began_us;
            }
        }
        Commit {
            took_us,
            transmissions: self.transmissions - before.0,
            bytes: self.bytes - before.1,
        }
    }

    /// The next arrival or connection event.
    fn step(&mut self) {
        let arrival = self.arrivals.first_key_value().map(|((at, _), _)| *at);
        let event = self.air.next_us().unwrap_or(u64::MAX);
        if let Some(at) = arrival.filter(|at| *at <= event) {
            self.now_us = at;
            if let Some((_, (phone, link, message))) = self.arrivals.pop_first() {
                self.take(phone, message, Some(link));
            }
            return;
        }
        self.now_us = event;
        let Some((link, Happened::Carried(carried))) = self.air.run_event() else {
            return;
        };
        let ends = self.ends[&link];
        for carried in carried {
            self.transmissions += 1;
            self.bytes += carried.chunk.len() as u64;
            let message = Message::of_chunk(&carried.chunk);
            if let Some(at) = carried.arrives_us {
                self.scheduled += 1;
                let to = ends[1 - carried.from_end];
                self.arrivals
                    .insert((at, self.scheduled), (to, link, message));
            }
            let from = ends[carried.from_end];
            self.outlets
                .entry((from, link))
                .or_default()
                .in_os
                .pop_front();
            self.hand_over(from, link);
        }
    }

    /// A phone has a message, its own or one that came over a link.
    fn take(&mut self, phone: usize, message: Message, from: Option<u64>) {
        if let Some(link) = from {
            let outlet = self.outlets.entry((phone, link)).or_default();
            outlet.known.insert(message);
            outlet.waiting.retain(|waiting| *waiting != message);
        }
        if !self.phones[phone].has.insert(message) {
            return;
        }
        let links: Vec<u64> = self.used.iter().copied().collect();
        for link in links {
            if Some(link) == from || !self.ends[&link].contains(&phone) {
                continue;
            }
            if !self.passes_on(phone, link, message) {
                continue;
            }
            let outlet = self.outlets.entry((phone, link)).or_default();
            if !outlet.known.contains(&message) {
                outlet.waiting.push_back(message);
                self.hand_over(phone, link);
            }
        }
        self.react(phone);
    }

    /// Whether a phone sends a message that it has over a link.
    fn passes_on(&self, phone: usize, link: u64, message: Message) -> bool {
        let origin = match message {
            Message::Proposal => 0,
            Message::Vote(_, signer) | Message::Said(signer) => signer,
        };
        let Some(graph) = self.graph.as_ref().filter(|_| origin != phone) else {
            return true;
        };
        let [a, b] = self.ends[&link];
        let to = if a == phone { b } else { a };
        let parents = graph.parents(seat(origin), seat(to));
        parents.is_some_and(|parents| parents.contains(seat(phone)))
    }

    /// Prepares once it has the proposal, commits with q prepares, is done with q commits. The proposal is the
    /// primary's prepare.
    fn react(&mut self, phone: usize) {
        let has = &self.phones[phone].has;
        let said = |message: &&Message| matches!(message, Message::Said(_));
        if has.iter().filter(said).count() == self.phones.len() {
            self.finish(phone);
        }
        let has = &self.phones[phone].has;
        if !has.contains(&Message::Proposal) {
            return;
        }
        let votes = |phase: usize| {
            let of = |message: &&Message| matches!(message, Message::Vote(p, _) if *p == phase);
            has.iter().filter(of).count()
        };
        let (prepares, commits) = (votes(0) + 1, votes(1));
        let own = |phase| Message::Vote(phase, phone);
        if phone != 0 && !has.contains(&own(0)) {
            return self.take(phone, own(0), None);
        }
        if prepares >= self.quorum && !has.contains(&own(1)) {
            return self.take(phone, own(1), None);
        }
        if commits >= self.quorum {
            self.finish(phone);
        }
    }

    fn finish(&mut self, phone: usize) {
        self.done += usize::from(!std::mem::replace(&mut self.phones[phone].done, true));
    }

    fn hand_over(&mut self, phone: usize, link: u64) {
        let outlet = self.outlets.entry((phone, link)).or_default();
        while let Some(message) = outlet.waiting.front().copied() {
            let bytes: usize = outlet.in_os.iter().sum();
            if outlet.in_os.len() >= OS_CHUNKS_MAX
                || (!outlet.in_os.is_empty() && bytes + message.bytes() > OS_BYTES_MAX)
            {
                return;
            }
            outlet.waiting.pop_front();
            outlet.in_os.push_back(message.bytes());
            self.air
                .hand_over(link, phone, message.to_chunk(), self.now_us);
        }
    }
}

fn seat(phone: usize) -> Seat {
    Seat(u8::try_from(phone).unwrap_or(u8::MAX))
}

fn known_graph(n: u8, edges: &[(u8, u8)]) -> Graph {
    let mut graph = Graph::default();
    for of in 0..n {
        let ends = edges.iter().filter(|(a, b)| *a == of || *b == of);
        let other = |(a, b): &(u8, u8)| Seat(if *a == of { *b } else { *a });
        graph.set(Seat(of), ends.map(other).collect());
    }
    graph
}

/// The edges of the tree of least height, breadth first from the best root.
fn lowest_tree(n: u8, graph: &[(u8, u8)]) -> BTreeSet<(u8, u8)> {
    let from = |root: u8| {
        let (mut tree, mut depth) = (BTreeSet::new(), BTreeMap::from([(root, 0_u8)]));
        let mut reached = VecDeque::from([root]);
        while let Some(at) = reached.pop_front() {
            for (a, b) in graph {
                let other = if *a == at { *b } else { *a };
                if (*a == at || *b == at) && !depth.contains_key(&other) {
                    depth.insert(other, depth[&at] + 1);
                    tree.insert((*a, *b));
                    reached.push_back(other);
                }
            }
        }
        (depth.values().copied().max().unwrap_or(0), tree)
    };
    let best = (0..n).map(from).min_by_key(|(height, _)| *height);
    best.map(|(_, tree)| tree).unwrap_or_default()
}
