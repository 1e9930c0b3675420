//! A hall of phones in the lobby and at the table, for the tests of how a table comes about.

use std::collections::{BTreeMap, VecDeque};

use bitcraps_core::crypto::{Checker, Identity};
use bitcraps_core::mesh::{LinkId, NotAdmitted, Role, TableSecret, WallMinutes};
use bitcraps_core::node::{
    Event, Founding, Input, LinkDownReason, Lobby, LobbyConfig, LobbyEvent, Name, Node, Output,
    WallClock,
};
use bitcraps_core::table::TableRules;
use bitcraps_core::time::Instant;

pub(crate) const SECRET: TableSecret = TableSecret([0x5e; 16]);
pub(crate) const MTU: u16 = 185;
pub(crate) const TICK_MS: u64 = 10;
pub(crate) const NOON: WallMinutes = WallMinutes(29_000_000);

pub(crate) fn person(number: u8) -> Identity {
    Identity::from_seed(&[number + 1; 32])
}

pub(crate) fn config(number: u8) -> LobbyConfig {
    LobbyConfig {
        identity: person(number),
        name: Name::new(&format!("player {number}")).unwrap(),
        links_max: 6,
        checker: Checker::default(),
        clock: WallClock {
            at: Instant(0),
            minutes: NOON,
        },
    }
}

pub(crate) fn host_with(secret: TableSecret) -> Lobby {
    Lobby::host(config(0), TableRules::default(), secret, [1; 32]).unwrap()
}

pub(crate) enum Phone {
    Lobby(Box<Lobby>),
    Table(Box<Node>),
    Off,
}

impl Phone {
    pub(crate) fn handle_input(&mut self, now: Instant, input: Input) {
        match self {
            Self::Lobby(lobby) => lobby.handle_input(now, input),
            Self::Table(node) => node.handle_input(now, input),
            Self::Off => {}
        }
    }

    pub(crate) fn poll_output(&mut self, now: Instant) -> Output {
        match self {
            Self::Lobby(lobby) => lobby.poll_output(now),
            Self::Table(node) => node.poll_output(now),
            Self::Off => Output::Idle { wake_at: None },
        }
    }
}

/// Phones, and links that carry each chunk a tick later.
pub(crate) struct Hall {
    pub(crate) phones: Vec<Phone>,
    pub(crate) now: Instant,
    pub(crate) events: Vec<Vec<Event>>,
    pub(crate) links: BTreeMap<LinkId, (usize, usize)>,
    wire: VecDeque<(usize, LinkId, Vec<u8>)>,
    /// Everything that was received, for whoever wants to bend it.
    pub(crate) heard: Vec<Vec<Vec<u8>>>,
    wakes: Vec<Option<Instant>>,
}

impl Hall {
    pub(crate) fn of(lobbies: Vec<Lobby>) -> Self {
        let count = lobbies.len();
        let phones = lobbies
            .into_iter()
            .map(|lobby| Phone::Lobby(Box::new(lobby)));
        Self {
            phones: phones.collect(),
            now: Instant(0),
            events: vec![Vec::new(); count],
            links: BTreeMap::new(),
            wire: VecDeque::new(),
            heard: vec![Vec::new(); count],
            wakes: vec![None; count],
        }
    }

    /// A host, guests with an invite each, and links in a row: the last one hears the host through the others.
    pub(crate) fn with_guests(guests: u8) -> Self {
        let mut host = host_with(SECRET);
        let invited = (1..=guests).map(|number| {
            let invite = host.invite(Instant(0), 60).unwrap();
            Lobby::guest(config(number), &invite, [number + 1; 32])
        });
        let invited: Vec<Lobby> = invited.collect();
        let mut hall = Self::of([host].into_iter().chain(invited).collect());
        for at in 1..hall.phones.len() {
            hall.join(at, at - 1);
        }
        hall.run(1_000);
        hall
    }

    pub(crate) fn add(&mut self, lobby: Lobby) -> usize {
        self.phones.push(Phone::Lobby(Box::new(lobby)));
        self.events.push(Vec::new());
        self.heard.push(Vec::new());
        self.wakes.push(None);
        self.phones.len() - 1
    }

    pub(crate) fn join(&mut self, central: usize, peripheral: usize) -> LinkId {
        let link = LinkId(self.links.keys().last().map_or(1, |last| last.0 + 1));
        self.links.insert(link, (central, peripheral));
        for (phone, role) in [(central, Role::Central), (peripheral, Role::Peripheral)] {
            let mtu = MTU;
            self.input(phone, Input::LinkUp { link, role, mtu });
        }
        link
    }

    pub(crate) fn cut(&mut self, link: LinkId) {
        let Some((a, b)) = self.links.remove(&link) else {
            return;
        };
        let reason = LinkDownReason::Remote;
        for phone in [a, b] {
            self.input(phone, Input::LinkDown { link, reason });
        }
    }

    pub(crate) fn input(&mut self, phone: usize, input: Input) {
        self.phones[phone].handle_input(self.now, input);
        self.drain(phone);
    }

    pub(crate) fn drain(&mut self, phone: usize) {
        loop {
            match self.phones[phone].poll_output(self.now) {
                Output::Transmit { link, chunk } => {
                    let writable = Input::Writable { link };
                    self.phones[phone].handle_input(self.now, writable);
                    if let Some((a, b)) = self.links.get(&link) {
                        let other = if *a == phone { *b } else { *a };
                        self.wire.push_back((other, link, chunk));
                    }
                }
                Output::Event(event) => self.events[phone].push(event),
                Output::Disconnect { link } => self.cut(link),
                Output::Idle { wake_at } => {
                    self.wakes[phone] = wake_at;
                    return;
                }
                _ => {}
            }
        }
    }

    pub(crate) fn run(&mut self, duration_ms: u64) {
        let end = self.now.0 + duration_ms;
        while self.now.0 < end {
            self.now.0 += TICK_MS;
            for (phone, link, bytes) in std::mem::take(&mut self.wire) {
                if self.links.contains_key(&link) {
                    self.heard[phone].push(bytes.clone());
                    self.input(phone, Input::Received { link, bytes });
                }
            }
            for phone in 0..self.phones.len() {
                if self.wakes[phone].is_some_and(|at| at <= self.now) {
                    self.input(phone, Input::Wake);
                }
            }
        }
    }

    pub(crate) fn lobby(&mut self, phone: usize) -> &mut Lobby {
        match &mut self.phones[phone] {
            Phone::Lobby(lobby) => lobby,
            _ => panic!("phone {phone} is not in the lobby"),
        }
    }

    pub(crate) fn node(&self, phone: usize) -> &Node {
        match &self.phones[phone] {
            Phone::Table(node) => node,
            _ => panic!("phone {phone} has no table"),
        }
    }

    pub(crate) fn close(&mut self) {
        self.lobby(0).close().unwrap();
        self.drain(0);
        self.run(500);
    }

    pub(crate) fn answer(&mut self, phone: usize, signs: bool) {
        self.lobby(phone).answer(signs).unwrap();
        self.drain(phone);
    }

    /// Every phone that has a founding goes on as a node.
    pub(crate) fn begin(&mut self) {
        for phone in 0..self.phones.len() {
            let Phone::Lobby(lobby) = &self.phones[phone] else {
                continue;
            };
            let welcome = |event: &LobbyEvent| matches!(event, LobbyEvent::Welcomed { .. });
            let seated = self.founding(phone).is_some() || self.told(phone).any(welcome);
            if lobby.founding().is_none() || !seated {
                continue;
            }
            let Phone::Lobby(lobby) = std::mem::replace(&mut self.phones[phone], Phone::Off) else {
                continue;
            };
            let seed = u8::try_from(phone).unwrap();
            let node = lobby.begin(self.now, [seed + 100; 32]).unwrap();
            self.phones[phone] = Phone::Table(Box::new(node));
            self.drain(phone);
        }
    }

    pub(crate) fn told(&self, phone: usize) -> impl Iterator<Item = &LobbyEvent> {
        self.events[phone].iter().filter_map(|event| match event {
            Event::Lobby(event) => Some(event),
            _ => None,
        })
    }

    pub(crate) fn not_admitted(&self, phone: usize) -> Vec<NotAdmitted> {
        let told = self.told(phone).filter_map(|event| match event {
            LobbyEvent::NotAdmitted(reason) => Some(*reason),
            _ => None,
        });
        told.collect()
    }

    pub(crate) fn founding(&self, phone: usize) -> Option<&Founding> {
        self.told(phone).find_map(|event| match event {
            LobbyEvent::Founded(founding) => Some(&**founding),
            _ => None,
        })
    }

    pub(crate) fn names(&mut self, phone: usize) -> Vec<String> {
        let listed = self.lobby(phone).listed().iter();
        listed
            .map(|listed| listed.name.as_str().to_owned())
            .collect()
    }
}
