//! Phones in memory: replicas, links with latency, virtual time, and checks after every action.
//!
//! Nothing here trusts the code under test: agreement, order and signatures are judged from what comes out of it.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

mod auditor;
pub(crate) mod clock;
pub(crate) mod forge;
pub(crate) mod model;
#[path = "../random/mod.rs"]
mod random;
mod restart;
mod seeds;

use std::collections::{BTreeMap, BTreeSet};

use auditor::Auditor;
use bitcraps_core::consensus::{
    Action, Batch, Ignored, Peer, Replica, genesis_chain, limits, next_chain,
};
use bitcraps_core::crypto::{Digest, Seat};
use bitcraps_core::time::Instant;
use bitcraps_core::wire::{Decode, Encode};
use clock::Clock;
use model::Model;
pub(crate) use random::Random;
pub(crate) use seeds::*;

/// What becomes of one message that a phone sends: (now, to, bytes) to any number of (extra delay, bytes).
pub(crate) type Filter = Box<dyn FnMut(u64, usize, Vec<u8>) -> Vec<(u64, Vec<u8>)>>;

/// One phone and what it delivered.
pub(crate) struct Phone {
    pub(crate) replica: Replica,
    pub(crate) honest: bool,
    pub(crate) delivered: Vec<(u64, Digest, Batch)>,
    pub(crate) filter: Option<Filter>,
    pub(crate) ignored: BTreeMap<Ignored, usize>,
    pub(crate) left: Vec<u64>,
    known: BTreeMap<usize, BTreeSet<Vec<u8>>>,
    numbers: BTreeMap<u8, u64>,
    auditor: Auditor,
    /// The last slot it delivered or took over, and its chain digest.
    tip: (u64, Digest),
    pub(crate) model: Model,
    /// Whom it knows to lie, with the proof.
    pub(crate) convicted: BTreeMap<usize, Vec<u8>>,
    /// The slots whose state it took over from others.
    pub(crate) installed: Vec<u64>,
    /// The epochs it entered.
    pub(crate) epochs: Vec<(u64, u64, usize)>,
    /// Whom it blamed for a fork when it stopped, each time with the proof.
    pub(crate) halts: Vec<(BTreeSet<usize>, Vec<u8>)>,
    /// Everything that it made durable, in order.
    pub(crate) journal: Vec<Vec<u8>>,
    /// How many things it still does before it dies.
    fuse: Option<u64>,
    pub(crate) clock: Clock,
}

/// A message on its way: from, to, the link's generation, and the bytes.
type Flying = (usize, usize, u64, Vec<u8>);

/// All phones, the links between them, and the clock.
pub(crate) struct Cluster {
    pub(crate) n: usize,
    pub(crate) phones: Vec<Phone>,
    pub(crate) now: u64,
    pub(crate) random: Random,
    /// Shortest and longest latency of a hop, in ms.
    pub(crate) latency: (u64, u64),
    /// Directed pairs whose messages vanish while the link stays up.
    pub(crate) blocked: BTreeSet<(usize, usize)>,
    /// Everything that a phone originated, and everything sent to one neighbour only.
    pub(crate) own: Vec<(usize, Vec<u8>)>,
    pub(crate) sends: Vec<(usize, Vec<u8>)>,
    /// More phones lie than the table can bear, so that honest ones may disagree.
    pub(crate) above_the_bound: bool,
    links: BTreeMap<(usize, usize), u64>,
    generation: u64,
    last: BTreeMap<(usize, usize), u64>,
    queue: BTreeMap<(u64, u64), Flying>,
    count: u64,
    decided: BTreeMap<u64, Digest>,
    states: BTreeMap<u64, Vec<u8>>,
    dead: BTreeSet<usize>,
    /// How often a phone has started again.
    starts: u64,
}

impl Cluster {
    /// n honest phones without links.
    pub(crate) fn new(n: usize, seed: u64) -> Self {
        Self::with_seats(n, &(0..n).collect::<Vec<_>>(), seed)
    }

    /// A full mesh in which every hop takes 10 ms.
    pub(crate) fn mesh(n: usize) -> Self {
        let mut cluster = Self::new(n, 1);
        cluster.latency = (10, 10);
        cluster.connect_all();
        cluster
    }

    /// Phones with these seats; a seat that stands twice is a pair of twins, who are liars.
    pub(crate) fn with_seats(n: usize, seats: &[usize], seed: u64) -> Self {
        let phones = seats.iter().map(|seat| Phone {
            replica: new_replica(n, *seat),
            honest: seats.iter().filter(|other| *other == seat).count() == 1,
            delivered: Vec::new(),
            filter: None,
            ignored: BTreeMap::new(),
            left: Vec::new(),
            known: BTreeMap::new(),
            numbers: BTreeMap::new(),
            auditor: Auditor::new(VERSION, &TABLE),
            tip: (0, genesis_chain(&TABLE)),
            model: Model::new(roster(n)),
            convicted: BTreeMap::new(),
            installed: Vec::new(),
            epochs: Vec::new(),
            halts: Vec::new(),
            journal: Vec::new(),
            fuse: None,
            clock: Clock::default(),
        });
        Self {
            n,
            phones: phones.collect(),
            now: 0,
            random: Random(seed),
            latency: (5, 40),
            blocked: BTreeSet::new(),
            own: Vec::new(),
            sends: Vec::new(),
            above_the_bound: false,
            links: BTreeMap::new(),
            generation: 0,
            last: BTreeMap::new(),
            queue: BTreeMap::new(),
            count: 0,
            decided: BTreeMap::new(),
            states: BTreeMap::new(),
            dead: BTreeSet::new(),
            starts: 0,
        }
    }

    pub(crate) fn connect_all(&mut self) {
        let count = self.phones.len();
        for a in 0..count {
            (a + 1..count).for_each(|b| self.connect(a, b));
        }
    }

    /// Links each phone to those `distances` further round the circle: `[1]` is a ring.
    pub(crate) fn connect_circulant(&mut self, distances: &[usize]) {
        let count = self.phones.len();
        for a in 0..count {
            for distance in distances {
                self.connect(a, (a + distance) % count);
            }
        }
    }

    pub(crate) fn is_connected(&self, a: usize, b: usize) -> bool {
        self.links.contains_key(&(a, b))
    }

    pub(crate) fn connect(&mut self, a: usize, b: usize) {
        if a == b || self.is_connected(a, b) {
            return;
        }
        self.generation += 1;
        for (from, to) in [(a, b), (b, a)] {
            self.links.insert((from, to), self.generation);
        }
        for (from, to) in [(a, b), (b, a)] {
            self.phones[from].replica.link_up(Peer(to as u64));
            self.drain(from);
        }
    }

    pub(crate) fn cut(&mut self, a: usize, b: usize) {
        for (from, to) in [(a, b), (b, a)] {
            if self.links.remove(&(from, to)).is_some() {
                self.phones[from].known.remove(&to);
                self.phones[from].replica.link_down(Peer(to as u64));
                self.drain(from);
            }
        }
    }

    /// Cuts every link between the two groups.
    pub(crate) fn partition(&mut self, left: &[usize], right: &[usize]) {
        for a in left {
            right.iter().for_each(|b| self.cut(*a, *b));
        }
    }

    pub(crate) fn silence(&mut self, phone: usize) {
        self.phones[phone].filter = Some(Box::new(|_, _, _| Vec::new()));
    }

    pub(crate) fn submit(&mut self, phone: usize, payload: &[u8]) {
        let now = self.local(phone);
        self.phones[phone].replica.submit(now, payload.to_vec());
        self.drain(phone);
    }

    /// Hands a message in at once, whatever the links are.
    pub(crate) fn inject(&mut self, from: usize, to: usize, bytes: &[u8]) -> Result<(), Ignored> {
        let now = self.local(to);
        let phone = &mut self.phones[to];
        phone.known.entry(from).or_default().insert(bytes.to_vec());
        let result = phone.replica.handle_message(now, Peer(from as u64), bytes);
        if let Err(reason) = result {
            *phone.ignored.entry(reason).or_default() += 1;
        }
        self.drain(to);
        result.map(|_| ())
    }

    pub(crate) fn run_for(&mut self, duration: u64) {
        let end = self.now + duration;
        while self.step(end) {}
        self.now = end;
    }

    /// Runs until `done` holds or `limit` ms have passed; says which.
    pub(crate) fn run_until(&mut self, limit: u64, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        while !done(self) {
            if !self.step(end) {
                self.now = end;
                return done(self);
            }
        }
        true
    }

    /// Runs until `count` requests are delivered at each of these phones.
    #[track_caller]
    pub(crate) fn expect(&mut self, phones: &[usize], count: usize, limit: u64) {
        let done = |cluster: &Self| phones.iter().all(|phone| cluster.requests(*phone) >= count);
        if !self.run_until(limit, done) {
            let seen: Vec<_> = phones
                .iter()
                .map(|p| (*p, self.requests(*p), &self.phones[*p].replica))
                .map(|(p, count, r)| (p, count, r.delivered().0, r.view(), r.is_voting()))
                .collect();
            panic!("{count} requests expected, (phone, requests, slots, view, votes): {seen:?}");
        }
    }

    /// How many requests a phone has delivered.
    pub(crate) fn requests(&self, phone: usize) -> usize {
        let delivered = &self.phones[phone].delivered;
        delivered.iter().map(|(_, _, batch)| batch.len()).sum()
    }

    /// Does the next thing that is due by `end`.
    fn step(&mut self, end: u64) -> bool {
        let living = (0..self.phones.len()).filter(|phone| !self.dead.contains(phone));
        let wakes = living.filter_map(|phone| {
            let state = &self.phones[phone];
            let at = state.clock.when(state.replica.next_wake()?);
            Some((at.max(self.now), phone))
        });
        let wake = wakes.min();
        let arrival = self.queue.first_key_value().map(|(key, _)| key.0);
        let at = wake.map(|(at, _)| at).into_iter().chain(arrival).min();
        let Some(at) = at.filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        if arrival == Some(at) {
            let (_, (from, to, generation, bytes)) = self.queue.pop_first().expect("not empty");
            if self.links.get(&(from, to)) == Some(&generation) {
                let _ = self.inject(from, to, &bytes);
            }
        } else if let Some((_, phone)) = wake {
            let now = self.local(phone);
            self.phones[phone].replica.handle_wake(now);
            self.drain(phone);
        }
        true
    }

    fn drain(&mut self, phone: usize) {
        while let Some(action) = self.phones[phone].replica.poll_action() {
            if self.dead.contains(&phone) {
                continue;
            }
            if let Some(fuse) = &mut self.phones[phone].fuse {
                if *fuse == 0 {
                    return self.kill(phone);
                }
                *fuse -= 1;
            }
            match action {
                Action::Persist(bytes) => {
                    self.phones[phone].journal.push(bytes.clone());
                    if self.phones[phone].honest {
                        self.phones[phone].auditor.persist(&bytes);
                    }
                }
                Action::Flood { bytes, own, .. } => self.flood(phone, bytes, own),
                Action::Send { peer, bytes, .. } => {
                    let to = usize::try_from(peer.0).expect("a phone");
                    self.sends.push((phone, bytes.clone()));
                    self.send(phone, to, bytes);
                }
                Action::Deliver {
                    sequence,
                    chain,
                    batch,
                    ..
                } => self.deliver(phone, sequence, chain, batch),
                Action::Install {
                    sequence,
                    chain,
                    application,
                } => self.install(phone, sequence, chain, &application),
                Action::EnteredEpoch {
                    epoch,
                    first,
                    members,
                } => {
                    let at = &mut self.phones[phone];
                    at.auditor.enter_epoch();
                    at.epochs.push((epoch, first, members.len()));
                }
                Action::Convicted { seat, evidence, .. } => self.convict(phone, seat, evidence),
                Action::Halted {
                    culprits, proof, ..
                } => {
                    let seats = culprits.into_iter().map(|(seat, _)| usize::from(seat.0));
                    self.halt(phone, seats.collect(), proof);
                }
                Action::LeftView { target } => self.phones[phone].left.push(target),
                Action::EnteredView { .. } | Action::StandingChanged => {}
            }
        }
        let load = self.phones[phone].replica.load();
        assert!(load.blocks <= limits::BLOCKS_MAX, "{load:?}");
        assert!(
            load.held <= limits::PEERS_MAX * (limits::EARLY_PER_PEER_MAX + 8),
            "{load:?}"
        );
    }

    fn flood(&mut self, phone: usize, bytes: Vec<u8>, own: bool) {
        if own {
            if self.phones[phone].honest {
                self.phones[phone].auditor.flood(&bytes);
            }
            self.own.push((phone, bytes.clone()));
        }
        let neighbours = self.links.range((phone, 0)..=(phone, usize::MAX));
        for to in neighbours.map(|((_, to), _)| *to).collect::<Vec<_>>() {
            let known = self.phones[phone].known.entry(to).or_default();
            if known.insert(bytes.clone()) {
                self.send(phone, to, bytes.clone());
            }
        }
    }

    pub(crate) fn send(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        let Some(generation) = self.links.get(&(from, to)).copied() else {
            return;
        };
        let copies = match &mut self.phones[from].filter {
            Some(filter) => filter(self.now, to, bytes),
            None => vec![(0, bytes)],
        };
        for (delay, bytes) in copies {
            if self.blocked.contains(&(from, to)) {
                continue;
            }
            let (least, most) = self.latency;
            let at = self.now + delay + least + self.random.below(most - least + 1);
            let last = self.last.entry((from, to)).or_default();
            *last = at.max(*last);
            self.count += 1;
            self.queue
                .insert((*last, self.count), (from, to, generation, bytes));
        }
    }

    /// What a phone's clock shows.
    fn local(&self, phone: usize) -> Instant {
        self.phones[phone].clock.shows(self.now)
    }

    fn deliver(&mut self, phone: usize, sequence: u64, chain: Digest, batch: Batch) {
        let now = self.local(phone);
        let at = &mut self.phones[phone];
        assert!(at.halts.is_empty(), "phone {phone} delivers after its halt");
        if at.honest {
            let (last, parent) = at.tip;
            assert_eq!(sequence, last + 1, "phone {phone} left a gap");
            assert_eq!(chain, next_chain(&parent, sequence, &batch));
            for request in &batch {
                let number = at.numbers.entry(request.player().0);
                // Where the state was taken over, the numbers go on from anywhere.
                let number = number.or_insert_with(|| match at.installed.is_empty() {
                    true => 0,
                    false => request.number() - 1,
                });
                let next = *number + 1;
                let skips = request.skips() && request.number() > next;
                assert!(request.number() == next || skips, "order at {sequence}");
                *number = request.number();
            }
            let agreed = *self.decided.entry(sequence).or_insert(chain);
            assert!(
                agreed == chain || self.above_the_bound,
                "phone {phone} disagrees at {sequence}"
            );
        }
        at.tip = (sequence, chain);
        at.auditor.reach(&chain);
        let roster = at.model.apply(&batch);
        let state = at.model.to_bytes();
        if at.honest && !self.above_the_bound {
            let agreed = self.states.entry(sequence).or_insert_with(|| state.clone());
            assert_eq!(*agreed, state, "phone {phone} has another state");
        }
        at.delivered.push((sequence, chain, batch));
        let state = at.replica.is_checkpoint(sequence).then_some(state);
        at.replica.applied(now, sequence, roster, state);
    }

    fn halt(&mut self, phone: usize, culprits: BTreeSet<usize>, proof: Vec<u8>) {
        assert!(self.above_the_bound, "phone {phone} halts without cause");
        // The latch is on disk before anything follows from it: kind 8, then the proof.
        let record = self.phones[phone].journal.last().expect("a record");
        assert_eq!((record[0], &record[1..]), (8, &proof[..]));
        let honest = self.phones.iter().filter(|phone| phone.honest);
        for other in honest.map(|phone| usize::from(phone.replica.seat().0)) {
            assert!(!culprits.contains(&other), "{phone} blames {other}");
        }
        self.phones[phone].halts.push((culprits, proof));
    }

    fn convict(&mut self, phone: usize, seat: Seat, evidence: Vec<u8>) {
        let at = usize::from(seat.0);
        let is_honest = |p: &Phone| p.replica.seat() == seat && p.honest;
        assert!(
            !self.phones.iter().any(is_honest),
            "phone {phone} blames the honest {at}"
        );
        self.phones[phone].convicted.insert(at, evidence);
    }

    fn install(&mut self, phone: usize, sequence: u64, chain: Digest, application: &[u8]) {
        let at = &mut self.phones[phone];
        assert!(at.halts.is_empty(), "phone {phone} installs after its halt");
        if at.honest && !self.above_the_bound {
            assert!(sequence > at.tip.0, "phone {phone} went back to {sequence}");
            assert_eq!(self.decided.get(&sequence), Some(&chain), "made-up state");
            let state = self.states.get(&sequence).map(Vec::as_slice);
            assert_eq!(state, Some(application), "made-up state");
        }
        at.tip = (sequence, chain);
        at.auditor.reach(&chain);
        at.model = Model::from_bytes(application).expect("a model");
        at.numbers.clear();
        at.installed.push(sequence);
    }
}
