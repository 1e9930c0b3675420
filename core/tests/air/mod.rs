//! Phones in one room that see each other, dial each other and lose each other, as their nodes ask for it.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::collections::{BTreeMap, BTreeSet};

use bitcraps_core::crypto::{Identity, Roster, Seat};
use bitcraps_core::mesh::{LinkId, Role, TableSecret};
use bitcraps_core::node::{
    Command, Event, Handle, Input, LinkDownReason, Node, NodeConfig, Output, RadioState,
};
use bitcraps_core::table::{Genesis, TableRules};
use bitcraps_core::time::Instant;

/// How long a chunk takes, and how often phones wake, in milliseconds.
const TICK_MS: u64 = 20;
/// A phone that advertises is seen after this long, a dial comes up or fails after these.
const SIGHT_MS: u64 = 300;
const DIAL_MS: u64 = 700;
const FAIL_MS: u64 = 1_500;
/// A link over which nothing comes is down after this long.
const SUPERVISION_MS: u64 = 5_000;
/// Links that a phone's system holds.
const LINKS_MAX: usize = 7;
const MTU: u16 = 185;

#[derive(Debug)]
enum Due {
    Sight {
        phone: usize,
        peer: usize,
    },
    Dialled {
        central: usize,
        peripheral: usize,
    },
    Chunk {
        to: usize,
        link: LinkId,
        bytes: Vec<u8>,
    },
}

/// The room.
pub(crate) struct Air {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: Instant,
    /// Up, by number: central and peripheral.
    pub(crate) links: BTreeMap<LinkId, (usize, usize)>,
    /// When each phone dialled whom.
    pub(crate) dials: Vec<(Instant, usize, usize)>,
    pub(crate) events: Vec<Vec<Event>>,
    /// Whether a central's dials to a peripheral fail always.
    pub(crate) fails: fn(usize, usize) -> bool,
    /// Out of everybody's range, or with Bluetooth off.
    away: BTreeSet<usize>,
    /// Taking nothing in and doing nothing; since when, and what its system will tell it.
    frozen: BTreeMap<usize, (Instant, Vec<Input>)>,
    due: BTreeMap<(u64, u64), Due>,
    scheduled: u64,
    wakes: Vec<Option<Instant>>,
    next_link: u64,
}

fn identity(seat: u8) -> Identity {
    Identity::from_seed(&[seat + 1; 32])
}

impl Air {
    /// `n` phones that turn their radios on now.
    pub(crate) fn of(n: u8, fails: fn(usize, usize) -> bool) -> Self {
        let keys = (0..n).map(|seat| identity(seat).public_key()).collect();
        let genesis = Genesis {
            rules: TableRules::default(),
            roster: Roster::new(keys).unwrap(),
        };
        let node = |seat| {
            let config = NodeConfig {
                formed_now: true,
                ..NodeConfig::new(genesis.clone(), identity(seat), TableSecret([0x5e; 16]))
            };
            Node::open(config, [seat; 32], &[]).unwrap()
        };
        let count = usize::from(n);
        let mut air = Self {
            nodes: (0..n).map(node).collect(),
            now: Instant(0),
            links: BTreeMap::new(),
            dials: Vec::new(),
            events: vec![Vec::new(); count],
            fails,
            away: BTreeSet::new(),
            frozen: BTreeMap::new(),
            due: BTreeMap::new(),
            scheduled: 0,
            wakes: vec![None; count],
            next_link: 1,
        };
        for phone in 0..count {
            air.input(phone, Input::RadioState(RadioState::On));
        }
        air
    }

    fn schedule(&mut self, after_ms: u64, due: Due) {
        self.scheduled += 1;
        self.due
            .insert((self.now.0 + after_ms, self.scheduled), due);
    }

    // ------------------------------------------------------------------ what happens to phones

    /// A phone goes out of range: its links die of silence.
    pub(crate) fn walk_out(&mut self, phone: usize) {
        self.away.insert(phone);
        for link in self.links_of(phone) {
            self.cut(link, [LinkDownReason::Timeout; 2]);
        }
    }

    /// And comes back.
    pub(crate) fn come_back(&mut self, phone: usize) {
        self.away.remove(&phone);
        for peer in (0..self.nodes.len()).filter(|peer| *peer != phone) {
            self.see_each_other(phone, peer);
        }
    }

    pub(crate) fn set_bluetooth(&mut self, phone: usize, on: bool) {
        if on {
            self.away.remove(&phone);
            self.input(phone, Input::RadioState(RadioState::On));
            self.come_back(phone);
        } else {
            self.input(phone, Input::RadioState(RadioState::Off));
            self.walk_out(phone);
        }
    }

    /// The system freezes the app; its links die when nothing comes of them.
    pub(crate) fn freeze(&mut self, phone: usize) {
        self.frozen.insert(phone, (self.now, Vec::new()));
    }

    pub(crate) fn thaw(&mut self, phone: usize) {
        let (_, told) = self.frozen.remove(&phone).unwrap();
        for input in told {
            self.input(phone, input);
        }
        self.input(phone, Input::Wake);
        self.come_back(phone);
    }

    pub(crate) fn drop_everything(&mut self) {
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            self.cut(link, [LinkDownReason::Timeout; 2]);
        }
    }

    fn cut(&mut self, link: LinkId, reasons: [LinkDownReason; 2]) {
        let Some((a, b)) = self.links.remove(&link) else {
            return;
        };
        for (phone, reason) in [a, b].into_iter().zip(reasons) {
            self.input(phone, Input::LinkDown { link, reason });
        }
        self.see_each_other(a, b);
    }

    fn see_each_other(&mut self, a: usize, b: usize) {
        for (phone, peer) in [(a, b), (b, a)] {
            self.schedule(SIGHT_MS, Due::Sight { phone, peer });
        }
    }

    // ------------------------------------------------------------------ inputs and outputs

    pub(crate) fn command(&mut self, phone: usize, command: Command) {
        self.input(phone, Input::Command(command));
    }

    fn input(&mut self, phone: usize, input: Input) {
        if let Some((_, told)) = self.frozen.get_mut(&phone) {
            if matches!(input, Input::LinkDown { .. } | Input::RadioState(_)) {
                told.push(input);
            }
            return;
        }
        self.nodes[phone].handle_input(self.now, input);
        loop {
            match self.nodes[phone].poll_output(self.now) {
                Output::Transmit { link, chunk } => self.transmit(phone, link, chunk),
                Output::Disconnect { link } => self.disconnect(phone, link),
                Output::Connect { handle } => self.dial(phone, handle),
                Output::Scan(true) => {
                    for peer in (0..self.nodes.len()).filter(|peer| *peer != phone) {
                        self.schedule(SIGHT_MS, Due::Sight { phone, peer });
                    }
                }
                Output::Event(event) => self.events[phone].push(event),
                Output::Idle { wake_at } => {
                    self.wakes[phone] = wake_at;
                    return;
                }
                Output::Persist(_) | Output::Advertise(_) | Output::Scan(false) => {}
            }
        }
    }

    fn transmit(&mut self, phone: usize, link: LinkId, bytes: Vec<u8>) {
        self.nodes[phone].handle_input(self.now, Input::Writable { link });
        if let Some((a, b)) = self.links.get(&link) {
            let to = if *a == phone { *b } else { *a };
            self.schedule(TICK_MS, Due::Chunk { to, link, bytes });
        }
    }

    fn disconnect(&mut self, phone: usize, link: LinkId) {
        let central = self.links.get(&link).map(|(central, _)| *central);
        let reasons = if central == Some(phone) {
            [LinkDownReason::Local, LinkDownReason::Remote]
        } else {
            [LinkDownReason::Remote, LinkDownReason::Local]
        };
        self.cut(link, reasons);
    }

    fn dial(&mut self, central: usize, handle: Handle) {
        let peripheral = usize::try_from(handle.0).unwrap();
        self.dials.push((self.now, central, peripheral));
        let fails = (self.fails)(central, peripheral);
        let after = if fails { FAIL_MS } else { DIAL_MS };
        self.schedule(
            after,
            Due::Dialled {
                central,
                peripheral,
            },
        );
    }

    fn on_dialled(&mut self, central: usize, peripheral: usize) {
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let ends = [central, peripheral];
        let full = |end: &usize| self.links_of(*end).len() >= LINKS_MAX;
        let gone = |end: &usize| self.away.contains(end) || self.frozen.contains_key(end);
        if (self.fails)(central, peripheral) || ends.iter().any(full) || ends.iter().any(gone) {
            let reason = LinkDownReason::ConnectFailed;
            return self.input(central, Input::LinkDown { link, reason });
        }
        self.links.insert(link, (central, peripheral));
        let mtu = MTU;
        for (phone, role) in [(central, Role::Central), (peripheral, Role::Peripheral)] {
            self.input(phone, Input::LinkUp { link, role, mtu });
        }
    }

    // ------------------------------------------------------------------ time

    pub(crate) fn run(&mut self, duration_ms: u64) {
        let end = self.now.0 + duration_ms;
        while self.now.0 < end {
            self.now.0 += TICK_MS;
            self.let_frozen_links_die();
            while let Some(entry) = self.due.first_entry() {
                if entry.key().0 > self.now.0 {
                    break;
                }
                let due = entry.remove();
                self.happen(due);
            }
            for phone in 0..self.nodes.len() {
                if self.wakes[phone].is_some_and(|at| at <= self.now) {
                    self.input(phone, Input::Wake);
                }
            }
        }
    }

    fn let_frozen_links_die(&mut self) {
        let over = |(since, _): &(Instant, Vec<Input>)| since.0 + SUPERVISION_MS <= self.now.0;
        let dead = self.frozen.iter().filter(|(_, frozen)| over(frozen));
        let dead: Vec<usize> = dead.map(|(phone, _)| *phone).collect();
        for phone in dead {
            for link in self.links_of(phone) {
                self.cut(link, [LinkDownReason::Timeout; 2]);
            }
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Sight { phone, peer } => {
                let hidden = |end: &usize| self.away.contains(end) || self.frozen.contains_key(end);
                if ![phone, peer].iter().any(hidden) {
                    let (handle, rssi, hint) = (Handle(peer as u64), -60, None);
                    self.input(phone, Input::Discovered { handle, rssi, hint });
                }
            }
            Due::Dialled {
                central,
                peripheral,
            } => self.on_dialled(central, peripheral),
            Due::Chunk { to, link, bytes } if self.links.contains_key(&link) => {
                self.input(to, Input::Received { link, bytes });
            }
            Due::Chunk { .. } => {}
        }
    }

    // ------------------------------------------------------------------ what there is

    pub(crate) fn links_of(&self, phone: usize) -> Vec<LinkId> {
        let of = |(_, (a, b)): &(&LinkId, &(usize, usize))| *a == phone || *b == phone;
        self.links
            .iter()
            .filter(of)
            .map(|(link, _)| *link)
            .collect()
    }

    /// The neighbours that a phone has shaken hands with, by its own events.
    pub(crate) fn secured(&self, phone: usize) -> BTreeSet<Seat> {
        let mut up = BTreeMap::new();
        for event in &self.events[phone] {
            match event {
                Event::NeighbourUp { link, seat } => {
                    up.insert(*link, *seat);
                }
                Event::NeighbourDown { link, .. } => {
                    up.remove(link);
                }
                _ => {}
            }
        }
        up.into_values().collect()
    }

    /// Whether phones outside `gone` hear each other over links that both ends have secured.
    pub(crate) fn is_connected_without(&self, gone: &BTreeSet<usize>) -> bool {
        let secured: Vec<BTreeSet<Seat>> = (0..self.nodes.len()).map(|p| self.secured(p)).collect();
        connected_without(&secured, gone)
    }

    /// Whether the honest hear each other whichever `f` phones drop everything.
    pub(crate) fn survives(&self, f: usize) -> bool {
        let n = self.nodes.len();
        let secured: Vec<BTreeSet<Seat>> = (0..n).map(|p| self.secured(p)).collect();
        (0..1_u32 << n)
            .filter(|gone| gone.count_ones() as usize == f)
            .map(|gone| (0..n).filter(|p| gone >> p & 1 == 1).collect())
            .all(|gone| connected_without(&secured, &gone))
    }
}

fn connected_without(secured: &[BTreeSet<Seat>], gone: &BTreeSet<usize>) -> bool {
    let alive: Vec<usize> = (0..secured.len()).filter(|p| !gone.contains(p)).collect();
    let mut reached: Vec<usize> = alive.first().copied().into_iter().collect();
    let mut next = 0;
    while let Some(at) = reached.get(next).copied() {
        next += 1;
        for seat in &secured[at] {
            let to = seat.index();
            let both = secured[to].iter().any(|back| back.index() == at);
            if both && !gone.contains(&to) && !reached.contains(&to) {
                reached.push(to);
            }
        }
    }
    reached.len() == alive.len()
}
