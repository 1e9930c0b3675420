//! A room on the air: the same phones, players and liars, driven by the real clock over radios and disks outside.
//!
//! Nothing is simulated here but the players. Whoever drives such a room tells it the time and what radios report, and
//! carries out what phones ask for. Checkers, traces and reports see it as they see every room.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bitcraps_core::crypto::Checker;
use bitcraps_core::mesh::Role;
use bitcraps_core::node::{Event, Input, Output};
use bitcraps_core::table::TableRules;

use super::room::Room;
use super::tapping::Sight;
use super::trace::Entry;
use crate::scenario::Scenario;

/// Things that are due at once before radios are listened to again.
const DUE_MAX: usize = 256;

/// The world around the phones.
pub(crate) trait Outside: Debug {
    /// Makes a record durable before it returns.
    fn persist(&mut self, phone: usize, record: &[u8]);

    /// Carries out what a phone asks of its radio.
    fn ask(&mut self, phone: usize, output: &Output);
}

/// The ends of links outside: each phone numbers its own, and learns who is at the other end once it is proven.
#[derive(Debug)]
pub(super) struct OutsideLinks {
    world: Box<dyn Outside>,
    roles: BTreeMap<(usize, u64), Role>,
    peers: BTreeMap<(usize, u64), usize>,
}

impl Room {
    /// Phones at their places whose radios and disks are outside. Each checks every signature for itself.
    ///
    /// # Errors
    /// Why the table cannot be, in one line.
    pub(crate) fn on_air(
        scenario: Scenario,
        seed: u64,
        rules: TableRules,
        world: Box<dyn Outside>,
    ) -> Result<Self, String> {
        let mut room = Self::with(scenario, seed, rules, &Checker::default())?;
        room.outside = Some(OutsideLinks {
            world,
            roles: BTreeMap::new(),
            peers: BTreeMap::new(),
        });
        Ok(room)
    }

    /// The clock stands here now: does what has come due.
    pub(crate) fn pass_time(&mut self, now_us: u64) {
        self.now_us = self.now_us.max(now_us);
        for _ in 0..DUE_MAX {
            if self.next_due_us().is_none_or(|at| at > self.now_us) {
                return;
            }
            self.step();
        }
    }

    /// When the next thing is due, by the clock of [`Room::pass_time`].
    pub(crate) fn next_due_us(&self) -> Option<u64> {
        self.due_us()
    }

    /// A phone's radio reports something.
    pub(crate) fn report(&mut self, phone: usize, input: Input) {
        let (now_us, none) = (self.now_us, Vec::new());
        let entry = match &input {
            Input::LinkUp { link, role, .. } => {
                if let Some(outside) = &mut self.outside {
                    outside.roles.insert((phone, link.0), *role);
                }
                Some((Entry::LinkUp, link.0, &none))
            }
            Input::LinkDown { link, .. } => Some((Entry::LinkDown, link.0, &none)),
            Input::Received { link, bytes } => Some((Entry::Receive, link.0, bytes)),
            _ => None,
        };
        if let Some((entry, number, bytes)) = entry {
            self.trace.add(now_us, phone, entry, number, bytes);
        }
        let down = match &input {
            Input::LinkDown { link, .. } => Some(*link),
            _ => None,
        };
        self.input(phone, input);
        if let (Some(link), Some(outside)) = (down, &mut self.outside) {
            outside.roles.remove(&(phone, link.0));
        }
    }

    /// Lets the game begin once everybody has found each other and the key is made; gives whether it has begun.
    pub(crate) fn begin_if_formed(&mut self) -> bool {
        if !self.has_begun() && self.is_formed() && self.has_key() {
            self.begin();
        }
        self.has_begun()
    }

    /// Something that a bed does to a phone begins or ends.
    pub(crate) fn show_fault(&mut self, what: &str, phone: usize, begins: bool) {
        let (what, phone) = (what.to_owned(), Some(phone));
        self.sight(|| Sight::Fault {
            what,
            phone,
            begins,
        });
    }

    /// The pairs of phones that should be linked and are not, each from the side that lacks it.
    pub(crate) fn unlinked(&self) -> Vec<(u8, u8)> {
        let both = self.edges.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]);
        let linked = |from: u8, to: u8| {
            let neighbours = &self.phones[usize::from(from)].neighbours;
            neighbours.contains(&u64::from(to))
        };
        both.filter(|(from, to)| !linked(*from, *to)).collect()
    }

    /// Carries out what is for the world outside; `false` for what is still to be done in the room.
    pub(super) fn is_done_outside(&mut self, phone: usize, output: &Output) -> bool {
        if self.outside.is_none() {
            return false;
        }
        match output {
            Output::Persist(record) => {
                if let Some(outside) = &mut self.outside {
                    outside.world.persist(phone, record);
                }
                return false;
            }
            Output::Event(_) | Output::Idle { .. } => return false,
            Output::Transmit { link, chunk } => {
                self.trace
                    .add(self.now_us, phone, Entry::Transmit, link.0, chunk);
                self.trace.air.frames += 1;
                self.trace.air.bytes += chunk.len() as u64;
                self.listen(phone);
            }
            _ => {}
        }
        if let Some(outside) = &mut self.outside {
            outside.world.ask(phone, output);
        }
        true
    }

    /// Keeps track of who is at the other end of which link outside.
    pub(super) fn follow_links(&mut self, phone: usize, event: &Event) {
        let Some(outside) = &mut self.outside else {
            return;
        };
        match event {
            Event::NeighbourUp { link, seat } => {
                let peer = usize::from(seat.0);
                let role = outside.roles.get(&(phone, link.0)).copied();
                let first = !outside.are_joined(phone, peer);
                outside.peers.insert((phone, link.0), peer);
                if first {
                    let ends = match role {
                        Some(Role::Peripheral) => [peer, phone],
                        _ => [phone, peer],
                    };
                    let link = pair(phone, peer);
                    self.sight(|| Sight::LinkUp { link, ends });
                }
            }
            Event::NeighbourDown { link, .. } => {
                let Some(peer) = outside.peers.remove(&(phone, link.0)) else {
                    return;
                };
                if !outside.are_joined(phone, peer) {
                    let (link, ends) = (pair(phone, peer), [phone, peer]);
                    self.sight(|| Sight::LinkDown { link, ends });
                }
            }
            _ => {}
        }
    }

    /// The number under which a link is shown, and who is at its other end, if that is known.
    pub(super) fn other_end(&self, phone: usize, link: u64) -> Option<(u64, usize)> {
        if let Some(outside) = &self.outside {
            let peer = *outside.peers.get(&(phone, link))?;
            return Some((pair(phone, peer), peer));
        }
        let [a, b] = self.air.links.get(link)?.ends;
        Some((link, if a == phone { b } else { a }))
    }
}

impl OutsideLinks {
    /// Whether either of two phones knows of a link to the other.
    fn are_joined(&self, a: usize, b: usize) -> bool {
        let joins = |((from, _), to): (&(usize, u64), &usize)| {
            (*from == a && *to == b) || (*from == b && *to == a)
        };
        self.peers.iter().any(joins)
    }
}

/// Both ends number their links by themselves; a trace shows one number for the pair.
fn pair(a: usize, b: usize) -> u64 {
    let (low, high) = (a.min(b) as u64, a.max(b) as u64);
    100 * (low + 1) + high + 1
}
