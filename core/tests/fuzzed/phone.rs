//! One phone among neighbours that hold every other key: any inputs in any order.

use bitcraps_core::consensus::limits::{
    BLOCKS_MAX, EARLY_PER_PEER_MAX, PEERS_MAX, REQUESTS_AHEAD_MAX,
};
use bitcraps_core::consensus::limits::{REQUEST_VERSIONS_WANTED_MAX, VIEW_RECORDS_MAX, WINDOW};
use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::Digest;
use bitcraps_core::mesh::{Class, Incoming, LINKS_MAX, LinkId, LinkKeys, Mesh, Role, TableSecret};
use bitcraps_core::node::{
    Command, Event, Handle, Input, LinkDownReason, Node, NodeConfig, Output, PROTOCOL_VERSION,
    RadioState,
};
use bitcraps_core::time::Instant;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::Choices;
use super::auditor::Auditor;
use super::liar::{Liar, SEATS, genesis, identity};

/// What one input may lead to at most: far above what any does, and far below a loop.
const OUTPUTS_MAX: usize = 20_000;
/// First byte of a record of a stable checkpoint.
const STABLE: u8 = 5;
const MTU: u16 = 517;
/// Kind of a message that asks whether anybody is there.
const PING: u8 = 19;
const SECRET: TableSecret = TableSecret([3; 16]);
const CLASSES: [Class; 4] = [Class::Vote, Class::Control, Class::Proposal, Class::Bulk];
/// Inputs of one run, so that a long input does not become a slow one.
const INPUTS_MAX: usize = 400;

/// How often what happened to the phone, so that a seed can be asked whether it still gets anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Happened {
    pub(crate) delivered: u64,
    pub(crate) views_entered: u64,
    pub(crate) stable: u64,
    pub(crate) installed: u64,
    pub(crate) epochs: u64,
    pub(crate) caught: u64,
    pub(crate) halted: u64,
}

/// The first byte picks the seat; then each byte picks an input and what follows picks its parts.
pub(crate) fn phone(input: &[u8]) -> Happened {
    let mut choices = Choices(input);
    let own = choices.below(SEATS);
    let mut phone = Phone::new(own);
    for peer in 0..SEATS - 1 {
        phone.link_up(peer as u64 + 1);
    }
    for _ in 0..INPUTS_MAX {
        if choices.is_empty() {
            break;
        }
        phone.next(&mut choices);
    }
    let stats = phone.node.stats();
    Happened {
        delivered: stats.delivered,
        views_entered: stats.views_entered,
        ..phone.happened
    }
}

struct Phone {
    node: Node,
    now: Instant,
    own: usize,
    liar: Liar,
    auditor: Auditor,
    happened: Happened,
    links: u64,
    /// The other ends, by link, and what they have on its way to the phone.
    peers: BTreeMap<u64, Mesh>,
    inbox: VecDeque<(u64, Vec<u8>)>,
}

impl Phone {
    fn new(own: usize) -> Self {
        let config = NodeConfig {
            formed_now: true,
            ..NodeConfig::new(genesis(), identity(own), SECRET)
        };
        Self {
            node: Node::open(config, [9; 32], &[]).unwrap(),
            now: Instant(0),
            own,
            liar: Liar::new(),
            auditor: Auditor::new(PROTOCOL_VERSION, &genesis().digest()),
            happened: Happened::default(),
            links: 0,
            peers: BTreeMap::new(),
            inbox: VecDeque::new(),
        }
    }

    fn next(&mut self, choices: &mut Choices<'_>) {
        while let Some((link, bytes)) = self.inbox.pop_front() {
            let link = LinkId(link);
            self.input(Input::Received { link, bytes });
        }
        match choices.below(16) {
            0 => {
                self.now.0 += u64::from(choices.byte()) * 64;
                self.input(Input::Wake);
            }
            1 => self.command(choices),
            2 => self.surroundings(choices),
            3 => {
                let link = self.link(choices);
                let length = choices.below(64);
                let bytes = choices.bytes(length).to_vec();
                self.input(Input::Received { link, bytes });
            }
            _ => {
                let LinkId(link) = self.link(choices);
                let class = choices.byte() % 4;
                self.liar.follow(&self.node);
                let message = self.liar.message(self.own, choices);
                self.message(link, CLASSES[usize::from(class)], &message);
            }
        }
    }

    fn link(&self, choices: &mut Choices<'_>) -> LinkId {
        LinkId(1 + u64::from(choices.byte()) % (self.links + 1))
    }

    fn command(&mut self, choices: &mut Choices<'_>) {
        let amount = u64::from(choices.byte());
        let kind = [
            BetKind::PassLine,
            BetKind::DontPass,
            BetKind::Field,
            BetKind::Come,
        ][choices.below(4)];
        let command = match choices.below(8) {
            0 => Command::Roll,
            1 => Command::ReduceBet { kind, by: amount },
            2 => Command::RemoveBet { kind },
            3 => Command::SetWorking {
                kind,
                on: amount % 2 == 0,
            },
            6 => Command::Leave,
            7 => Command::PassDice,
            _ => Command::PlaceBet { kind, amount },
        };
        self.input(Input::Command(command));
    }

    fn surroundings(&mut self, choices: &mut Choices<'_>) {
        let link = self.link(choices);
        match choices.below(6) {
            0 => self.input(Input::LinkDown {
                link,
                reason: LinkDownReason::Timeout,
            }),
            1 => self.link_up(self.links + 1),
            2 => self.input(Input::Writable { link }),
            3 => self.input(Input::RadioState(RadioState::Off)),
            4 => self.input(Input::RadioState(RadioState::On)),
            _ => {
                let handle = Handle(choices.byte().into());
                let rssi = choices.byte().cast_signed();
                self.input(Input::Discovered {
                    handle,
                    rssi,
                    hint: None,
                });
            }
        }
    }

    /// A phone dials and shakes hands: each of the other seats' in turn.
    fn link_up(&mut self, number: u64) {
        self.links = self.links.max(number);
        let others = SEATS as u64 - 1;
        let seat = (self.own as u64 + 1 + (number - 1) % others) % SEATS as u64;
        let identity = Arc::new(identity(usize::try_from(seat).unwrap()));
        let entropy = Digest([u8::try_from(number % 251).unwrap(); 32]);
        let mut peer = Mesh::new(LinkKeys::new(identity, &SECRET, &entropy));
        let (link, mtu) = (LinkId(number), MTU);
        peer.link_up(link, Role::Central, mtu);
        self.peers.insert(number, peer);
        let role = Role::Peripheral;
        self.input(Input::LinkUp { link, role, mtu });
        self.talk(number);
    }

    /// Hands in a message, as a neighbour would send it.
    fn message(&mut self, link: u64, class: Class, message: &[u8]) {
        if let Some(peer) = self.peers.get_mut(&link) {
            peer.send(LinkId(link), class, message.to_vec());
        }
        self.talk(link);
    }

    /// Lets the other end of a link say what it has to say, and whatever comes of that.
    fn talk(&mut self, link: u64) {
        self.pull(link);
        while let Some((link, bytes)) = self.inbox.pop_front() {
            let input = Input::Received {
                link: LinkId(link),
                bytes,
            };
            self.input(input);
            self.pull(link);
        }
    }

    fn pull(&mut self, link: u64) {
        let Some(peer) = self.peers.get_mut(&link) else {
            return;
        };
        while let Some((_, chunk)) = peer.poll_transmit() {
            peer.writable(LinkId(link));
            self.inbox.push_back((link, chunk));
        }
    }

    /// One input, and everything that comes of it.
    fn input(&mut self, input: Input) {
        self.node.handle_input(self.now, input);
        for _ in 0..OUTPUTS_MAX {
            match self.node.poll_output(self.now) {
                Output::Persist(record) => {
                    self.auditor.persist(&record);
                    self.happened.stable += u64::from(record[0] == STABLE);
                }
                Output::Transmit { link, chunk } => {
                    assert!(chunk.len() <= usize::from(MTU) - 3);
                    self.node.handle_input(self.now, Input::Writable { link });
                    self.answer(link, &chunk);
                }
                Output::Disconnect { link } => {
                    self.peers.remove(&link.0);
                    let reason = LinkDownReason::Local;
                    self.node
                        .handle_input(self.now, Input::LinkDown { link, reason });
                }
                Output::Event(event) => self.happen(&event),
                Output::Idle { .. } => return self.check_bounds(),
                Output::Connect { .. } | Output::Advertise(_) | Output::Scan(_) => {}
            }
        }
        panic!("one input led to more than {OUTPUTS_MAX} outputs");
    }

    /// What the phone says is of no interest once hands are shaken; that it asks whether anybody is there is.
    fn answer(&mut self, link: LinkId, chunk: &[u8]) {
        let Some(peer) = self.peers.get_mut(&link.0) else {
            return;
        };
        let Ok(Incoming::Messages(_, messages)) = peer.receive(link, chunk) else {
            return;
        };
        for mut ping in messages {
            if ping[0] == PING {
                ping[3] = 1;
                peer.send(link, Class::Control, ping);
            }
        }
        self.pull(link.0);
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::EpochBegan { .. } => {
                self.auditor.enter_epoch();
                self.happened.epochs += 1;
            }
            Event::Delivered { chain, .. } => self.auditor.reach(chain),
            Event::Installed { chain, .. } => {
                self.auditor.reach(chain);
                self.happened.installed += 1;
            }
            Event::Caught { .. } => self.happened.caught += 1,
            Event::Halted { .. } => self.happened.halted += 1,
            _ => {}
        }
    }

    fn check_bounds(&self) {
        let usage = self.node.usage();
        let ahead = usize::try_from(REQUESTS_AHEAD_MAX).unwrap();
        let window = usize::try_from(WINDOW).unwrap();
        assert!(usage.links <= LINKS_MAX);
        assert!(usage.consensus.views <= VIEW_RECORDS_MAX);
        assert!(usage.consensus.blocks <= BLOCKS_MAX);
        assert!(usage.consensus.pool <= SEATS * ahead * REQUEST_VERSIONS_WANTED_MAX);
        assert!(usage.consensus.held <= PEERS_MAX * (EARLY_PER_PEER_MAX + window));
    }
}
