//! The driver: a core node, its journal and its clock, and what it has handed out that nobody has fetched yet.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, VecDeque};
use std::time;

use bitcraps_core::consensus::Standing;
use bitcraps_core::crypto::Identity;
use bitcraps_core::mesh::{Token, WallMinutes};
use bitcraps_core::node::{self, Command, Input, Node, NodeConfig};
use bitcraps_core::time::Instant;

use crate::card::Card;
use crate::error::{NodeError, Result};
use crate::event::{Event, event_of};
use crate::lobby::{names, now, wall_clock};
use crate::output::Output;
use crate::requests::Requests;
use crate::storage::{JournalFile, Storage};
use crate::view::{LinkView, QuorumView, TableView};

/// Most names of newcomers that are remembered; with more, the later ones have none.
const NAMES_MAX: usize = 64;

/// One phone at a table.
#[derive(Debug)]
pub(crate) struct Driver {
    card: Card,
    node: Node,
    journal: JournalFile,
    started: time::Instant,
    requests: Requests,
    /// What players are called, by seat; nobody unless the table was founded in a lobby.
    names: Vec<String>,
    /// What those who knocked are called, by key.
    knocked: BTreeMap<Vec<u8>, String>,
    /// Outputs of the core that were looked through for a command's number; they go first.
    looked_through: VecDeque<node::Output>,
    events: VecDeque<Event>,
    shooter: Option<u8>,
    links: BTreeMap<u64, Option<u8>>,
    /// The roll that has waited for its dice for a while, and for whom.
    awaited: Option<(u64, Vec<u8>)>,
    /// A write failed: what the node would say now, it could not keep.
    failed: Option<String>,
}

/// What a driver begins with.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) card: Card,
    pub(crate) node: Node,
    pub(crate) journal: JournalFile,
    /// The node's clock counts from here.
    pub(crate) started: time::Instant,
    pub(crate) links: BTreeMap<u64, Option<u8>>,
}

impl Driver {
    /// Opens the node from its folder, new or where it was.
    pub(crate) fn open(
        storage: &Storage,
        card: Card,
        seed: &[u8; 32],
        formed_now: bool,
    ) -> Result<Self> {
        let (mut journal, records) = storage.journal()?;
        let config = || {
            let identity = Identity::from_seed(seed);
            let founding = card.founding.as_ref();
            NodeConfig {
                formed_now,
                founding: founding.map(|founding| founding.bytes().to_vec()),
                joins: card.joins,
                clock: Some(wall_clock()),
                ..NodeConfig::new(card.genesis.clone(), identity, card.secret)
            }
        };
        let opened = match Node::open(config(), entropy()?, &records) {
            // As good as lost: the phone begins without it, and observes for as long as it must.
            Err(node::OpenError::Journal { .. }) => {
                journal = journal.abandon()?;
                Node::open(config(), entropy()?, &[])
            }
            opened => opened,
        };
        let node = opened.map_err(|error| match error {
            node::OpenError::NotSeated => NodeError::Card(error.to_string()),
            node::OpenError::Rules(_) => NodeError::Rules(error.to_string()),
            node::OpenError::Journal { .. } => NodeError::Storage(error.to_string()),
        })?;
        Ok(Self::of(Origin {
            card,
            node,
            journal,
            started: time::Instant::now(),
            links: BTreeMap::new(),
        }))
    }

    pub(crate) fn of(origin: Origin) -> Self {
        let Origin {
            card,
            node,
            journal,
            started,
            links,
        } = origin;
        Self {
            requests: Requests::new(node.seat()),
            shooter: shooter(&node),
            names: names(card.founding.as_ref()),
            knocked: BTreeMap::new(),
            card,
            node,
            journal,
            started,
            looked_through: VecDeque::new(),
            events: VecDeque::new(),
            links,
            awaited: None,
            failed: None,
        }
    }

    /// Takes one input in; what follows from it waits in [`poll`](Self::poll).
    pub(crate) fn handle(&mut self, input: Input) -> Result<()> {
        self.check()?;
        match &input {
            Input::LinkUp { link, .. } => {
                self.links.insert(link.0, None);
            }
            Input::LinkDown { link, .. } => {
                self.links.remove(&link.0);
            }
            _ => {}
        }
        let now = self.now();
        self.node.handle_input(now, input);
        Ok(())
    }

    /// Signs a command and gives its number.
    pub(crate) fn command(&mut self, command: Command) -> Result<u64> {
        self.check()?;
        if self.requests.is_full() {
            let text = "too many commands wait for the others; wait for some to come back";
            return Err(NodeError::Busy(text));
        }
        let now = self.now();
        self.node.handle_input(now, Input::Command(command));
        // The number stands in an event that lies behind earlier outputs; those are fetched in their turn.
        loop {
            let output = self.node.poll_output(now);
            let answer = match &output {
                node::Output::Event(node::Event::Submitted { number, .. }) => Some(Ok(*number)),
                node::Output::Event(node::Event::NotNow { .. }) | node::Output::Idle { .. } => {
                    Some(Err(self.why_not_now()))
                }
                _ => None,
            };
            if !matches!(output, node::Output::Idle { .. }) {
                self.looked_through.push_back(output);
            }
            match answer {
                Some(Ok(number)) => {
                    self.requests.on_submitted(number);
                    return Ok(number);
                }
                Some(Err(error)) => return Err(error),
                None => {}
            }
        }
    }

    fn why_not_now(&self) -> NodeError {
        NodeError::Busy(match self.node.standing() {
            Standing::Whole => "the table has halted; see its events",
            Standing::Asking(_) => "this phone started again and asks the others; wait for it",
            Standing::Observing => {
                "this phone lost what it signed; it looks on until the next epoch"
            }
        })
    }

    /// The text of an invite to this running table.
    pub(crate) fn invite(&self, minutes: u32) -> Result<String> {
        if self.card.founding.is_none() {
            let text = "this table was not founded in one, so nobody can sit down later";
            return Err(NodeError::Lobby(text.to_owned()));
        }
        let [a, b, c, d, e, f, g, h, ..] = entropy()?;
        let token = Token([a, b, c, d, e, f, g, h]);
        let until = wall_clock().minutes.0.saturating_add(minutes);
        let invite = self
            .node
            .invite(self.card.secret, token, WallMinutes(until));
        Ok(invite.to_text())
    }

    /// The next thing to do. Records are written here, and are on disk before anything behind them is handed out.
    pub(crate) fn poll(&mut self) -> Result<Output> {
        self.check()?;
        let polled = self.poll_durable();
        if let Err(error) = &polled {
            self.failed = Some(error.to_string());
        }
        polled
    }

    /// Closes the journal until there is something to write.
    pub(crate) fn suspend(&mut self) -> Result<()> {
        self.journal.suspend()
    }

    /// The table that this phone sits at.
    pub(crate) const fn card(&self) -> &Card {
        &self.card
    }

    /// The core's node, to look at.
    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }

    /// The table, and for whom its closed roll waits.
    pub(crate) fn table(&self) -> TableView {
        let closed = self.node.table().dice().closed().map(|closed| closed.roll);
        let awaited = self.awaited.as_ref();
        let awaited = awaited.filter(|(roll, _)| Some(*roll) == closed);
        let awaited = awaited.map_or_else(Vec::new, |(_, missing)| missing.clone());
        let name = |seat: u8, key: &[u8]| {
            let name = self.names.get(usize::from(seat));
            name.or_else(|| self.knocked.get(key)).cloned()
        };
        TableView::of(&self.node, awaited, name)
    }

    /// Who must agree, and who can be reached.
    pub(crate) fn quorum(&self) -> QuorumView {
        let mut reachable: Vec<u8> = self.links.values().copied().flatten().collect();
        reachable.push(self.node.seat().0);
        reachable.sort_unstable();
        reachable.dedup();
        QuorumView::of(&self.node, reachable, self.links())
    }

    fn links(&self) -> Vec<LinkView> {
        let links = self.links.iter();
        let views = links.map(|(link, seat)| LinkView {
            link: *link,
            seat: *seat,
        });
        views.collect()
    }

    fn poll_durable(&mut self) -> Result<Output> {
        let now = self.now();
        let output = loop {
            if let Some(event) = self.events.pop_front() {
                break Output::Event { event };
            }
            let output = match self.looked_through.pop_front() {
                Some(output) => output,
                None => self.node.poll_output(now),
            };
            match output {
                node::Output::Persist(record) => self.journal.append(record),
                node::Output::Event(event) => self.take_event(event),
                node::Output::Idle { wake_at } => {
                    self.take_stock();
                    if self.events.is_empty() {
                        let wake_after_ms = wake_at.map(|at| at.0.saturating_sub(now.0));
                        break Output::Idle { wake_after_ms };
                    }
                }
                other => break shell_output(other),
            }
        };
        self.journal.sync()?;
        Ok(output)
    }

    /// Tells the app something that the core does not.
    pub(crate) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }

    fn take_event(&mut self, event: node::Event) {
        match &event {
            node::Event::NeighbourUp { link, seat } => {
                self.links.insert(link.0, Some(seat.0));
            }
            node::Event::NeighbourDown { link, .. } => {
                // Still there for the OS until it says otherwise, but it carries nothing.
                if let Some(seat) = self.links.get_mut(&link.0) {
                    *seat = None;
                }
            }
            node::Event::WaitingForDice { roll, missing } => {
                let missing = missing.iter().map(|seat| seat.0).collect();
                self.awaited = Some((*roll, missing));
            }
            node::Event::Lobby(node::LobbyEvent::Knocked { guest, name, .. })
                if self.knocked.len() < NAMES_MAX =>
            {
                let key = guest.to_bytes().to_vec();
                self.knocked.insert(key, name.as_str().to_owned());
            }
            _ => {}
        }
        self.events.extend(self.requests.on_event(&event));
        self.events.extend(event_of(event));
    }

    /// The core has told everything: what do its table and its numbers say besides?
    fn take_stock(&mut self) {
        let to = shooter(&self.node);
        let from = std::mem::replace(&mut self.shooter, to);
        if from != to {
            self.events.push_back(Event::ShooterMoved { from, to });
        }
        let next = self.node.next_ordered();
        self.events
            .extend(self.requests.settle(self.node.table(), next));
    }

    fn check(&self) -> Result<()> {
        match &self.failed {
            Some(text) => Err(NodeError::Storage(text.clone())),
            None => Ok(()),
        }
    }

    fn now(&self) -> Instant {
        now(self.started)
    }
}

fn shooter(node: &Node) -> Option<u8> {
    node.table().shooter().map(|seat| seat.0)
}

/// What an output of the core is to the shell.
pub(crate) fn shell_output(output: node::Output) -> Output {
    match output {
        node::Output::Transmit { link, chunk } => Output::Transmit {
            link: link.0,
            chunk,
        },
        node::Output::Advertise(on) => Output::Advertise { on },
        node::Output::Scan(on) => Output::Scan { on },
        node::Output::Connect { handle } => Output::Connect { handle: handle.0 },
        node::Output::Disconnect { link } => Output::Disconnect { link: link.0 },
        node::Output::Persist(_) | node::Output::Event(_) | node::Output::Idle { .. } => {
            Output::Idle {
                wake_after_ms: Some(0),
            }
        }
    }
}

/// Fresh at each start; nothing else random ever enters the core.
pub(crate) fn entropy() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| NodeError::Storage(format!("no randomness from the OS: {error}")))?;
    Ok(bytes)
}
