//! Where a liar stands: its links, its key, what it remembers, and what it has queued to say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bitcraps_core::consensus::Message;
use bitcraps_core::crypto::Seat;
use bitcraps_core::mesh::{Class, LinkId, LinkKeys, Mesh, Role};
use bitcraps_core::node::{Node, Tap};
use bitcraps_core::time::{Instant, earliest};

use super::foresight::Foreseen;
use super::memory::Memory;
use super::pen::{Pen, Spoken};
use crate::random::Stream;

/// A message on one link, said or heard.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) link: LinkId,
    pub(crate) class: Class,
    pub(crate) bytes: Vec<u8>,
}

/// One of the phone's links.
#[derive(Debug)]
pub(super) struct Line {
    /// Who is at the other end, once that is proven.
    pub(super) seat: Option<Seat>,
    pub(super) role: Role,
    pub(super) mtu: u16,
    /// What the phone's own node takes for the other end, once there is one.
    pub(super) inner: Option<Mesh>,
    /// Whether the twin serves it.
    pub(super) of_twin: bool,
    /// Chunks for which the node has not been told that there is room again.
    pub(super) owed: usize,
}

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) now: Instant,
    pub(crate) pen: Pen,
    pub(crate) memory: Memory,
    pub(crate) random: Stream,
    /// One half of the other seats, for whoever says one thing here and another there.
    half: BTreeSet<Seat>,
    pub(super) lines: BTreeMap<LinkId, Line>,
    /// The phone's side of its links to the others.
    pub(super) outer: Mesh,
    /// What passes over them.
    pub(super) tap: Tap,
    held: BTreeMap<(Instant, u64), Letter>,
    /// When the last letter held for a link leaves, so that none overtakes another.
    last_held: BTreeMap<LinkId, Instant>,
    pub(super) raw: VecDeque<(LinkId, Vec<u8>)>,
    count: u64,
    pub(super) wake: Option<Instant>,
    /// Rolls that the lie has worked out and the rig has not been told of.
    pub(super) foreseen: VecDeque<Foreseen>,
}

impl Stage {
    pub(super) fn new(pen: Pen, keys: LinkKeys, mut random: Stream) -> Self {
        let others = pen.roster.seats().filter(|seat| *seat != pen.seat);
        let half = drawn_half(&mut random, others.collect());
        Self {
            now: Instant(0),
            pen,
            memory: Memory::default(),
            random,
            half,
            lines: BTreeMap::new(),
            outer: Mesh::new(keys),
            tap: Tap::default(),
            held: BTreeMap::new(),
            last_held: BTreeMap::new(),
            raw: VecDeque::new(),
            count: 0,
            wake: None,
            foreseen: VecDeque::new(),
        }
    }

    /// Says what the phone wanted to say. Whatever the other end has already, the node itself has left out.
    pub(crate) fn pass(&mut self, letter: Letter) {
        self.outer.send(letter.link, letter.class, letter.bytes);
    }

    /// Says something over one link.
    pub(crate) fn send(&mut self, link: LinkId, class: Class, bytes: Vec<u8>) {
        self.pass(Letter { link, class, bytes });
    }

    /// Says something over every link.
    pub(crate) fn send_all(&mut self, class: Class, bytes: &[u8]) {
        for (link, _) in self.neighbours() {
            self.send(link, class, bytes.to_vec());
        }
    }

    /// Keeps a letter until a moment, and behind whatever is kept for the same link.
    pub(crate) fn hold(&mut self, until: Instant, letter: Letter) {
        let last = self.last_held.get(&letter.link).copied();
        let at = until.max(self.now).max(last.unwrap_or_default());
        self.last_held.insert(letter.link, at);
        self.count += 1;
        self.held.insert((at, self.count), letter);
    }

    /// Hands a chunk to the radio that no mesh would make.
    pub(crate) fn send_chunk(&mut self, link: LinkId, chunk: Vec<u8>) {
        self.raw.push_back((link, chunk));
    }

    /// Asks for [`super::Lying::wake`] after a while.
    pub(crate) fn wake_after(&mut self, duration: Duration) {
        self.wake = earliest(self.wake, Some(self.now.after(duration)));
    }

    /// The links that are secured, and who is at their other end.
    pub(crate) fn neighbours(&self) -> Vec<(LinkId, Seat)> {
        let lines = self.lines.iter();
        lines
            .filter_map(|(link, line)| line.seat.map(|seat| (*link, seat)))
            .collect()
    }

    pub(crate) fn seat_at(&self, link: LinkId) -> Option<Seat> {
        self.lines.get(&link)?.seat
    }

    /// The ATT MTU of a link.
    pub(crate) fn mtu(&self, link: LinkId) -> u16 {
        self.lines.get(&link).map_or(23, |line| line.mtu)
    }

    /// What stands in front of every chunk of a link.
    pub(crate) fn tag(&self, link: LinkId) -> u8 {
        self.outer.tag(link).unwrap_or_default()
    }

    /// Bytes that wait to leave over a link.
    pub(crate) fn backlog(&self, link: LinkId) -> usize {
        self.outer.backlog(link)
    }

    /// Half of these seats, drawn by chance.
    pub(crate) fn other_half(&mut self, seats: &[Seat]) -> BTreeSet<Seat> {
        drawn_half(&mut self.random, seats.to_vec())
    }

    /// Which of its two faces the phone shows to a neighbour.
    pub(crate) fn is_in_half(&self, link: LinkId) -> bool {
        self.seat_at(link)
            .is_some_and(|seat| self.half.contains(&seat))
    }

    /// Reads a letter by the view and slot that the phone is in.
    pub(crate) fn read(&self, node: &Node, letter: &Letter) -> Option<Spoken> {
        self.pen.read(&letter.bytes, near(node))
    }

    /// Whether the phone only passes this on: somebody else signed it, or brought it.
    pub(crate) fn is_relay(&self, node: &Node, letter: &Letter) -> bool {
        let Some(spoken) = self.read(node, letter) else {
            return false;
        };
        match (spoken.author, &spoken.message) {
            (Some(author), _) => author != self.pen.seat,
            (None, Message::Prepared(_)) => self.memory.has_heard(&letter.bytes),
            // What neighbours tell each other about themselves.
            (None, _) => false,
        }
    }

    /// Takes note of a letter.
    pub(super) fn note(&mut self, node: &Node, letter: &Letter) {
        self.pen.follow(node);
        if let Some(spoken) = self.pen.read(&letter.bytes, near(node)) {
            self.memory.note(&self.pen, node, &spoken);
        }
    }

    pub(super) fn forget(&mut self, link: LinkId) {
        self.lines.remove(&link);
        self.outer.link_down(link);
        self.last_held.remove(&link);
        self.held.retain(|_, letter| letter.link != link);
    }

    /// Lets go what has been held for long enough.
    pub(super) fn release(&mut self) {
        while let Some(entry) = self.held.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let letter = entry.remove();
            self.pass(letter);
        }
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        let held = self.held.first_key_value().map(|((at, _), _)| *at);
        earliest(held, self.wake)
    }
}

fn drawn_half(random: &mut Stream, mut seats: Vec<Seat>) -> BTreeSet<Seat> {
    let size = seats.len().div_ceil(2);
    let drawn = (0..size).map(|_| seats.swap_remove(random.index(seats.len())));
    drawn.collect()
}

fn near(node: &Node) -> (u64, u64) {
    (node.view().0, node.delivered().0)
}
