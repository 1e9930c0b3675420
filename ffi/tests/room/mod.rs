//! Real nodes in real time, joined by an in-memory radio: what the shells of the other languages do, in Rust.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bitcraps_ffi::{
    BetKind, Event, GameNode, LinkLoss, LinkRole, NodeConfig, Output, preset_rules, table_card,
};

const MTU: u16 = 185;
/// Nothing in these tests takes longer on a machine that works.
const PATIENCE: Duration = Duration::from_secs(180);

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("bitcraps-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn phone(&self, phone: usize) -> String {
        self.0.join(phone.to_string()).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn seed(phone: usize) -> Vec<u8> {
    vec![u8::try_from(phone).expect("few phones") + 1; 32]
}

pub(crate) fn open(storage_dir: String, phone: usize) -> GameNode {
    let identity_seed = seed(phone);
    GameNode::open(NodeConfig {
        storage_dir,
        identity_seed,
    })
    .expect("the folder is ours")
}

/// Phones, the links between them, and what each has been told.
pub(crate) struct Room {
    pub(crate) folder: Folder,
    pub(crate) nodes: Vec<GameNode>,
    pub(crate) events: Vec<Vec<Event>>,
    pub(crate) dead: BTreeSet<usize>,
    links: BTreeMap<u64, (usize, usize)>,
    air: VecDeque<(usize, u64, Vec<u8>)>,
    wake_at: Vec<Option<Instant>>,
    next_link: u64,
}

impl Room {
    /// A table of so many phones, all linked, whose dice have a key.
    pub(crate) fn seated(name: &str, phones: usize) -> Self {
        let folder = Folder::new(name);
        let nodes: Vec<GameNode> = (0..phones)
            .map(|phone| open(folder.phone(phone), phone))
            .collect();
        let keys = nodes.iter().map(GameNode::public_key).collect();
        let rules = preset_rules("friendly").expect("it is a preset");
        let card = table_card(rules, keys).expect("the rules are fine");
        for node in &nodes {
            node.take_seat(card.clone(), true).expect("it is seated");
        }
        let mut room = Self::of(folder, nodes);
        room.join_all();
        room.run_until("the key of the dice", |room| {
            let mut tables = room.nodes.iter().map(GameNode::table);
            tables.all(|table| table.is_some_and(|table| table.dice.has_key))
        });
        room
    }

    pub(crate) fn of(folder: Folder, nodes: Vec<GameNode>) -> Self {
        let phones = nodes.len();
        Self {
            folder,
            nodes,
            events: vec![Vec::new(); phones],
            dead: BTreeSet::new(),
            links: BTreeMap::new(),
            air: VecDeque::new(),
            wake_at: vec![None; phones],
            next_link: 1,
        }
    }

    /// One more phone; gives its number.
    pub(crate) fn add(&mut self, open: impl FnOnce(String, usize) -> GameNode) -> usize {
        let phone = self.nodes.len();
        self.nodes.push(open(self.folder.phone(phone), phone));
        self.events.push(Vec::new());
        self.wake_at.push(None);
        phone
    }

    pub(crate) fn join_all(&mut self) {
        for a in 0..self.nodes.len() {
            for b in a + 1..self.nodes.len() {
                self.join(a, b);
            }
        }
    }

    pub(crate) fn join(&mut self, central: usize, peripheral: usize) {
        let link = self.next_link;
        self.next_link += 1;
        self.links.insert(link, (central, peripheral));
        for (phone, role) in [
            (central, LinkRole::Central),
            (peripheral, LinkRole::Peripheral),
        ] {
            let up = self.nodes[phone].link_up(link, role, MTU);
            up.expect("the node is open");
            self.pump(phone);
        }
    }

    /// Switches a phone off: its links go down a moment later.
    pub(crate) fn kill(&mut self, phone: usize) {
        self.dead.insert(phone);
        let of = |(a, b): &(usize, usize)| *a == phone || *b == phone;
        let links: Vec<u64> = self
            .links
            .iter()
            .filter(|(_, ends)| of(ends))
            .map(|(link, _)| *link)
            .collect();
        for link in links {
            self.cut(link);
        }
    }

    /// Opens a phone that was switched off again, from its folder, and links it to all others.
    pub(crate) fn reopen(&mut self, phone: usize) {
        self.nodes[phone].shutdown().expect("the disk works");
        self.nodes[phone] = open(self.folder.phone(phone), phone);
        self.dead.remove(&phone);
        self.wake_at[phone] = None;
        for other in (0..self.nodes.len()).filter(|other| *other != phone) {
            self.join(phone, other);
        }
    }

    fn cut(&mut self, link: u64) {
        let Some((a, b)) = self.links.remove(&link) else {
            return;
        };
        for phone in [a, b] {
            if !self.dead.contains(&phone) {
                let down = self.nodes[phone].link_down(link, LinkLoss::Timeout);
                down.expect("the node is open");
                self.pump(phone);
            }
        }
    }

    fn pump(&mut self, phone: usize) {
        loop {
            match self.nodes[phone].poll_output().expect("the disk works") {
                Output::Transmit { link, chunk } => {
                    assert!(chunk.len() <= usize::from(MTU) - 3);
                    let writable = self.nodes[phone].link_writable(link);
                    writable.expect("the node is open");
                    if let Some((a, b)) = self.links.get(&link) {
                        let other = if *a == phone { *b } else { *a };
                        self.air.push_back((other, link, chunk));
                    }
                }
                Output::Event { event } => self.events[phone].push(event),
                Output::Disconnect { link } => self.cut(link),
                Output::Idle { wake_after_ms } => {
                    let at = |ms| Instant::now() + Duration::from_millis(ms);
                    self.wake_at[phone] = wake_after_ms.map(at);
                    return;
                }
                Output::Advertise { .. } | Output::Scan { .. } | Output::Connect { .. } => {}
            }
        }
    }

    /// Lets the room run until something holds.
    ///
    /// # Panics
    /// If it does not within three minutes.
    pub(crate) fn run_until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for phone in 0..self.nodes.len() {
                self.pump_if_alive(phone);
            }
            if holds(self) {
                return;
            }
            assert!(Instant::now() < deadline, "waited for {what} in vain");
            if self.air.is_empty() {
                std::thread::sleep(Duration::from_millis(2));
            }
            for (phone, link, chunk) in std::mem::take(&mut self.air) {
                if !self.dead.contains(&phone) && self.links.contains_key(&link) {
                    let received = self.nodes[phone].link_received(link, chunk);
                    received.expect("the node is open");
                    self.pump(phone);
                }
            }
        }
    }

    fn pump_if_alive(&mut self, phone: usize) {
        if self.dead.contains(&phone) {
            return;
        }
        if self.wake_at[phone].is_some_and(|at| at <= Instant::now()) {
            self.nodes[phone].wake().expect("the node is open");
        }
        self.pump(phone);
    }

    /// Waits for what became of a command: the reason if it was refused.
    pub(crate) fn answer(&mut self, phone: usize, request: u64) -> Result<(), String> {
        let mut answer = None;
        self.run_until("an answer", |room| {
            answer = room.events[phone].iter().find_map(|event| match event {
                Event::Committed { request: of, .. } if *of == request => Some(Ok(())),
                Event::Rejected {
                    request: of,
                    reason,
                    ..
                } if *of == request => Some(Err(reason.clone())),
                _ => None,
            });
            answer.is_some()
        });
        answer.expect("it was waited for")
    }

    pub(crate) fn bet(&mut self, phone: usize, kind: BetKind, amount: u64) -> Result<(), String> {
        let request = self.nodes[phone].place_bet(kind, amount);
        let request = request.expect("the node takes commands");
        self.answer(phone, request)
    }

    pub(crate) fn stack(&self, phone: usize, seat: usize) -> u64 {
        let table = self.nodes[phone].table().expect("it sits at a table");
        table.seats[seat].stack
    }
}
