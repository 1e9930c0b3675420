//! The event loop: links come up, chunks travel, nodes and players act.

use std::collections::VecDeque;
use std::sync::Arc;

use bitcraps_core::crypto::{Checker, Roster, Seat};
use bitcraps_core::mesh::LinkId;
use bitcraps_core::node::{Command, Event, Input, Output, RadioState};
use bitcraps_core::table::{Genesis, TableRules};
use bitcraps_core::time::Instant;

use super::agenda::Agenda;
use super::outside::OutsideLinks;
use super::phone::Phone;
use super::player::Player;
use super::radio::Air;
use super::tapping::Sight;
use super::topology::{edges, links_wanted};
use super::trace::{Entry, Trace};
use crate::byzantine::{Foreseen, liars};
use crate::random::Stream;
use crate::scenario::Scenario;

/// A room that has not formed after this long is a fault of the rig or a graph that cannot be.
const FORMATION_MAX_US: u64 = 300_000_000;

/// Something to come.
#[derive(Debug)]
pub(super) enum Due {
    Wake {
        phone: usize,
    },
    Turn {
        phone: usize,
    },
    Left {
        link: u64,
        phone: usize,
    },
    Arrives {
        link: u64,
        phone: usize,
        chunk: Vec<u8>,
    },
    Discovered {
        phone: usize,
        peer: usize,
    },
    Dialled {
        phone: usize,
        peer: usize,
    },
    Supervision {
        link: u64,
    },
    Synced {
        phone: usize,
        life: u64,
    },
    FaultsChange,
}

/// Something that a checker or a person may want to know.
#[derive(Clone, Debug)]
pub enum Observation {
    /// A phone made a record durable.
    Persisted {
        /// Which phone.
        phone: usize,
        /// The record.
        record: Vec<u8>,
    },
    /// An honest phone handed the first chunk of a message to its radio.
    Sent {
        /// Which phone.
        phone: usize,
        /// The message, in clear.
        message: Arc<[u8]>,
    },
    /// A phone has started again from what its disk held.
    Restarted {
        /// Which phone.
        phone: usize,
        /// The last slot that its journal has applied.
        applied: u64,
        /// The epoch that it is in.
        epoch: u64,
        /// Its view there.
        view: u64,
        /// Who votes there, in the order in which they lead its views.
        primaries: Vec<usize>,
        /// Seats that it has proof against, so that their votes do not count with it.
        convicted: Vec<u8>,
    },
    /// A lying phone has worked a roll out.
    Foreseen {
        /// Which phone.
        phone: usize,
        /// What it knows.
        foreseen: Foreseen,
    },
    /// A phone told its player something.
    Event {
        /// Which phone.
        phone: usize,
        /// The event.
        event: Event,
    },
    /// Of a room that is tapped: what checkers have no use for.
    Tapped(Sight),
}

/// The phones did not find each other.
#[derive(Debug)]
pub struct FormationError(pub String);

/// The whole room.
#[derive(Debug)]
pub struct Room {
    /// All phones, by seat.
    pub phones: Vec<Phone>,
    /// The hash and counters of everything that happened.
    pub trace: Trace,
    pub(super) scenario: Scenario,
    pub(super) air: Air,
    pub(super) edges: Vec<(u8, u8)>,
    /// How many links phones want at a table of this size.
    links_wanted: usize,
    pub(super) now_us: u64,
    /// When the game began; formation is over then.
    pub(super) started_us: Option<u64>,
    /// How many slots the making of the first key took.
    formation_slots: u64,
    due: Agenda<Due>,
    pub(super) next_link: u64,
    pub(super) stream: Stream,
    pub(super) seed: u64,
    turns: Vec<Option<u64>>,
    /// Inputs that a suspended phone finds when it is back.
    missed: Vec<Vec<Input>>,
    /// What was seen, and when.
    observations: VecDeque<(u64, Observation)>,
    /// When what was taken last was seen.
    observed_us: u64,
    /// Whether the phones' links are listened to.
    pub(super) tapped: bool,
    /// Set once the faults of the scenario are over for good: the liveness phase.
    pub(super) healed: bool,
    /// Set if the phones are on the air: nothing of the radio is simulated then.
    pub(super) outside: Option<OutsideLinks>,
}

impl Room {
    /// Phones at their places, radios off, nothing linked.
    ///
    /// # Errors
    /// Why the table cannot be, in one line.
    pub fn new(scenario: Scenario, seed: u64, rules: TableRules) -> Result<Self, String> {
        Self::with(scenario, seed, rules, &super::verdicts::shared())
    }

    /// [`Room::new`], with a choice of how signatures are checked.
    pub(super) fn with(
        scenario: Scenario,
        seed: u64,
        rules: TableRules,
        checker: &Checker,
    ) -> Result<Self, String> {
        let players = usize::from(scenario.players);
        let keys = (0..players as u64)
            .map(|p| Phone::identity(seed, p).public_key())
            .collect();
        let roster = Roster::new(keys).map_err(|error| error.to_string())?;
        let genesis = Genesis { rules, roster };
        let edges = edges(&scenario.radio.topology, scenario.players);
        let degree = |p: u8| edges.iter().filter(|(a, b)| *a == p || *b == p).count();
        let phones = (0..scenario.players).map(|p| {
            let stream = Stream::new(seed, "workload", u64::from(p));
            let rounds = scenario.stop.rounds;
            let player = Player::new(Seat(p), scenario.workload.clone(), rounds, stream);
            let links_max = degree(p).max(6);
            let checker = checker.clone();
            Phone::new(&genesis, seed, u64::from(p), links_max, player, checker)
        });
        let mut phones = phones
            .collect::<Result<Vec<_>, bitcraps_core::node::OpenError>>()
            .map_err(|error| error.to_string())?;
        for (phone, liar) in phones.iter_mut().zip(liars(&scenario, &genesis, seed)) {
            phone.liar = liar;
            // Checkers want to know what a phone says; what it hears, others have said.
            phone.node.tap().set_said_only();
        }
        Ok(Self {
            turns: vec![None; players],
            missed: vec![Vec::new(); players],
            phones,
            edges,
            links_wanted: links_wanted(scenario.players),
            air: Air::new(players, scenario.radio.bandwidth),
            trace: Trace::default(),
            now_us: 0,
            started_us: None,
            formation_slots: 0,
            due: Agenda::new(),
            next_link: 1,
            stream: Stream::new(seed, "room", 0),
            seed,
            observations: VecDeque::new(),
            observed_us: 0,
            tapped: false,
            healed: false,
            outside: None,
            scenario,
        })
    }

    /// Turns the radios on, lets everybody link up and make the first key; the game's time starts when the
    /// honest phones in range of each other have the links that they want, and each of them knows the key.
    ///
    /// # Errors
    /// [`FormationError`] if that never comes.
    pub fn form(&mut self) -> Result<(), FormationError> {
        for phone in 0..self.phones.len() {
            self.input(phone, Input::RadioState(RadioState::On));
        }
        for (a, b) in self.edges.clone() {
            self.discover(usize::from(a), usize::from(b));
        }
        while !(self.is_formed() && self.has_key()) {
            let over = self.now_us > FORMATION_MAX_US;
            if over || !self.step() {
                return Err(self.unformed());
            }
        }
        self.begin();
        Ok(())
    }

    /// The game's time begins, and with it the players, the lies and the faults.
    pub(super) fn begin(&mut self) {
        self.started_us = Some(self.now_us);
        let delivered = self.phones.iter().map(|phone| phone.node.delivered().0);
        self.formation_slots = delivered.max().unwrap_or(0);
        for fault_us in self.fault_changes_us() {
            self.schedule(self.now_us + fault_us, Due::FaultsChange);
        }
        let now = self.now();
        for phone in 0..self.phones.len() {
            if let Some(liar) = &mut self.phones[phone].liar {
                liar.begin(now);
                self.input(phone, Input::Wake);
            }
            self.act(phone);
        }
    }

    /// Does the next thing; `false` if nothing is to come.
    pub fn step(&mut self) -> bool {
        if self.run_air() {
            return true;
        }
        let Some((at, due)) = self.due.pop() else {
            return false;
        };
        self.now_us = self.now_us.max(at);
        match due {
            // What was planned anew since is not what is due: whoever took it for that would plan it once more.
            Due::Wake { phone } if self.phones[phone].wake_us == Some(at) => {
                self.phones[phone].wake_us = None;
                self.sight(|| Sight::Woke { phone });
                self.input(phone, Input::Wake);
            }
            Due::Turn { phone } if self.turns[phone] == Some(at) => {
                self.turns[phone] = None;
                self.act(phone);
            }
            Due::Wake { .. } | Due::Turn { .. } => {}
            Due::Left { link, phone } => {
                self.input(phone, Input::Writable { link: LinkId(link) });
            }
            Due::Arrives { link, phone, chunk } => self.on_arrival(link, phone, chunk),
            Due::Discovered { phone, peer } => self.on_discovered(phone, peer),
            Due::Dialled { phone, peer } => self.on_dialled(phone, peer),
            Due::Supervision { link } => self.on_supervision(link),
            Due::Synced { phone, life } => self.on_synced(phone, life),
            Due::FaultsChange => self.on_faults_change(),
        }
        true
    }

    /// Runs the connection events before the next thing that is due, until one carries something.
    fn run_air(&mut self) -> bool {
        loop {
            let due = self.due.next_us();
            let Some(at) = self.air.next_us() else {
                return false;
            };
            // Events in which nothing is said go on for ever.
            if due.map_or_else(|| !self.air.is_laden(), |due| due <= at) {
                return false;
            }
            self.now_us = self.now_us.max(at);
            if self.on_connection_event() {
                return true;
            }
        }
    }

    pub(super) fn see(&mut self, observation: Observation) {
        self.observations.push_back((self.now_us, observation));
    }

    /// The oldest thing that was seen and not taken yet.
    pub fn take_observation(&mut self) -> Option<Observation> {
        let (at, observation) = self.observations.pop_front()?;
        self.observed_us = at;
        Some(observation)
    }

    /// When the observation that was taken last was made, in microseconds since the game began; negative before.
    #[must_use]
    pub fn observed_us(&self) -> i64 {
        let since = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
        since(self.observed_us) - since(self.started_us.unwrap_or(0))
    }

    /// Microseconds since the game began; 0 during formation.
    #[must_use]
    pub fn game_us(&self) -> u64 {
        self.started_us.map_or(0, |started| self.now_us - started)
    }

    /// Whether formation is over.
    pub(super) const fn has_begun(&self) -> bool {
        self.started_us.is_some()
    }

    /// Microseconds that formation took.
    #[must_use]
    pub fn formation_us(&self) -> u64 {
        self.started_us.unwrap_or(self.now_us)
    }

    /// How many slots the making of the first key took.
    #[must_use]
    pub const fn formation_slots(&self) -> u64 {
        self.formation_slots
    }

    /// When the next thing is due, since the game began.
    #[must_use]
    pub fn next_us(&self) -> Option<u64> {
        let due = self.due.next_us();
        let laden = self.air.next_us().filter(|_| self.air.is_laden());
        let at = due.into_iter().chain(laden).min()?;
        Some(at.saturating_sub(self.started_us.unwrap_or(0)))
    }

    /// Why the game cannot begin.
    fn unformed(&self) -> FormationError {
        let lacks_key = |phone: &&Phone| phone.is_honest() && !phone.node.table().has_key();
        let what = match self.parted() {
            Some((a, b)) => format!("phones {a} and {b} did not link up"),
            None => match self.phones.iter().position(|phone| lacks_key(&phone)) {
                Some(phone) => format!("phone {phone} did not get a key"),
                None => "nothing was left to happen".to_owned(),
            },
        };
        let seconds = FORMATION_MAX_US / 1_000_000;
        FormationError(format!("{what} within {seconds} s of virtual time"))
    }

    /// Whether every pair of honest phones in range is linked, or needs no link: both have as many as phones want.
    pub(super) fn is_formed(&self) -> bool {
        self.parted().is_none()
    }

    fn parted(&self) -> Option<(u8, u8)> {
        let phone = |seat: u8| &self.phones[usize::from(seat)];
        let linked = |from: u8, to: u8| phone(from).neighbours.contains(&u64::from(to));
        let joined = |(a, b): (u8, u8)| linked(a, b) && linked(b, a);
        let content = |seat: u8| {
            let own = self.edges.iter().filter(|(a, b)| *a == seat || *b == seat);
            own.filter(|edge| joined(**edge)).count() >= self.links_wanted
        };
        let honest = |seat: u8| phone(seat).is_honest();
        let mut edges = self.edges.iter().copied();
        edges.find(|edge| {
            let (a, b) = *edge;
            !joined(*edge) && honest(a) && honest(b) && !(content(a) && content(b))
        })
    }

    /// Whether every honest phone knows the first key of the dice.
    pub(super) fn has_key(&self) -> bool {
        let mut honest = self.phones.iter().filter(|phone| phone.is_honest());
        honest.all(|phone| phone.node.table().has_key())
    }

    pub(super) fn schedule(&mut self, at_us: u64, due: Due) {
        self.due.add(at_us.max(self.now_us), due);
    }

    pub(super) const fn now(&self) -> Instant {
        Instant(self.now_us / 1000)
    }

    /// What the clock of a phone shows.
    pub(super) fn local(&self, phone: usize) -> Instant {
        self.phones[phone].clock.now(self.now_us)
    }

    /// When the next thing is due, by the room's clock.
    pub(super) fn due_us(&self) -> Option<u64> {
        self.due.next_us()
    }

    /// Gives an input to a phone and carries out what it asks for.
    pub(super) fn input(&mut self, phone: usize, input: Input) {
        if self.phones[phone].crashed {
            return;
        }
        if self.phones[phone].suspended {
            if matches!(input, Input::LinkDown { .. }) {
                self.missed[phone].push(input);
            }
            return;
        }
        if self.phones[phone].syncing {
            self.phones[phone].waiting.push_back(input);
            return;
        }
        let now = self.local(phone);
        // Chunks come and go; a player thinks when it is told something, and now and then besides.
        if !matches!(input, Input::Received { .. } | Input::Writable { .. }) {
            self.phones[phone].told = true;
        }
        self.phones[phone].handle_input(now, input);
        self.drain(phone);
        if std::mem::take(&mut self.phones[phone].told) {
            self.act(phone);
        }
    }

    /// A phone that starts again was not asleep.
    pub(super) fn missed_nothing(&mut self, phone: usize) {
        self.missed[phone].clear();
    }

    /// A phone is back: it finds what happened to its links, then the time.
    pub(super) fn resume(&mut self, phone: usize) {
        for input in std::mem::take(&mut self.missed[phone]) {
            self.input(phone, input);
        }
        self.input(phone, Input::Wake);
    }

    /// Carries out what a phone asks for. Up to the next chunk, one sync serves all records: what is not a record is put
    /// off until they are durable, which is later than the write-ahead rule asks for and never earlier.
    pub(super) fn drain(&mut self, phone: usize) {
        loop {
            self.gather(phone);
            if self.phones[phone].disk.is_dirty() && !self.sync(phone) {
                return;
            }
            if self.carry_out(phone) {
                return;
            }
        }
    }

    /// Takes outputs from the node up to the first that speaks to the radio or the last.
    fn gather(&mut self, phone: usize) {
        let now = self.local(phone);
        loop {
            let output = self.phones[phone].poll_output(now);
            if let Output::Persist(record) = &output {
                let (at, entry) = (self.now_us, Entry::Persist);
                self.trace.add(at, phone, entry, 0, record);
                self.phones[phone].disk.write(record.clone());
            }
            let last = matches!(output, Output::Transmit { .. } | Output::Idle { .. });
            self.phones[phone].gathered.push_back(output);
            if last {
                return;
            }
        }
    }

    /// Does what was gathered, now that its records are durable; whether that was all for now.
    pub(super) fn carry_out(&mut self, phone: usize) -> bool {
        while let Some(output) = self.phones[phone].gathered.pop_front() {
            match output {
                output if self.is_done_outside(phone, &output) => {}
                Output::Persist(record) => self.see(Observation::Persisted { phone, record }),
                Output::Transmit { link, chunk } => self.transmit(phone, link.0, chunk),
                Output::Connect { handle } => {
                    let peer = usize::try_from(handle.0).unwrap_or(usize::MAX);
                    self.dial(phone, peer);
                }
                Output::Disconnect { link } => self.close(link.0, Some(phone)),
                // A scan that is started again tells of everybody in range anew; radios that are on see each other.
                Output::Scan(true) if self.now_us > 0 => self.look_around(phone),
                Output::Advertise(_) | Output::Scan(_) => {}
                Output::Event(event) => self.on_event(phone, event),
                Output::Idle { wake_at } => {
                    self.listen(phone);
                    self.plan_wake(phone, wake_at);
                    return true;
                }
            }
            // A link that was closed is an input, and what came of that may have killed the phone or waits for its disk.
            let state = &self.phones[phone];
            if state.crashed || state.syncing {
                return true;
            }
        }
        false
    }

    fn plan_wake(&mut self, phone: usize, wake_at: Option<Instant>) {
        let Some(at) = wake_at.map(|at| self.phones[phone].clock.when_us(at)) else {
            return;
        };
        let at = at.max(self.now_us);
        if self.phones[phone]
            .wake_us
            .is_none_or(|planned| at < planned)
        {
            self.phones[phone].wake_us = Some(at);
            self.schedule(at, Due::Wake { phone });
        }
    }

    fn on_event(&mut self, phone: usize, event: Event) {
        self.follow_links(phone, &event);
        match &event {
            Event::NeighbourUp { seat, .. } => {
                self.phones[phone].neighbours.push(u64::from(seat.0));
            }
            Event::NeighbourDown { seat, .. } => {
                let neighbours = &mut self.phones[phone].neighbours;
                if let Some(at) = neighbours.iter().position(|n| *n == u64::from(seat.0)) {
                    neighbours.swap_remove(at);
                }
            }
            Event::Delivered {
                sequence, chain, ..
            } => {
                self.trace
                    .add(self.now_us, phone, Entry::Deliver, *sequence, &chain.0);
            }
            _ => {}
        }
        let now_ms = self.game_us() / 1000;
        self.phones[phone].told = true;
        self.phones[phone].player.on_event(now_ms, &event);
        self.see(Observation::Event { phone, event });
    }

    /// A tap on a phone, beside what its player does.
    pub fn command(&mut self, phone: usize, command: Command) {
        self.input(phone, Input::Command(command));
    }

    /// Lets the player of a phone act, once the game has begun.
    pub(super) fn act(&mut self, phone: usize) {
        let state = &self.phones[phone];
        if self.started_us.is_none() || state.crashed || state.suspended || state.syncing {
            return;
        }
        let (game_ms, now) = (self.game_us() / 1000, self.local(phone));
        let Phone { node, player, .. } = &mut self.phones[phone];
        let commands = player.act(game_ms, node.table());
        for command in commands {
            let input = Input::Command(command);
            if self.phones[phone].crashed {
                return;
            } else if self.phones[phone].syncing {
                self.phones[phone].waiting.push_back(input);
            } else {
                self.phones[phone].handle_input(now, input);
                self.drain(phone);
            }
        }
        if self.phones[phone].crashed {
            return;
        }
        let Phone { node, player, .. } = &self.phones[phone];
        let Some(next) = player.next_act(game_ms, node.table()) else {
            return;
        };
        let at = self.now_us.max(self.started_us.unwrap_or(0) + next * 1000);
        if self.turns[phone].is_none_or(|planned| at < planned) {
            self.turns[phone] = Some(at);
            self.schedule(at, Due::Turn { phone });
        }
    }
}
