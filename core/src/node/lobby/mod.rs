//! Before there is a table: the host's list, its guests, and the genesis that every one of them signs.
//!
//! The host opens a lobby with its rules and makes an [`Invite`] for each guest. A guest opens one with its invite, finds
//! the others by the table secret and knocks. The host's signed list reaches everybody: the same names and the same rules
//! on every phone. [`Lobby::close`] makes the list a genesis; every player signs it or declines; who declines is off the
//! list, and it is open again. The host's own signature comes last, so that until then nothing is decided and nobody is
//! bound. With all of them there is a [`Founding`], and [`Lobby::begin`] goes on as a [`Node`] over the same links.
//!
//! Inputs and outputs are those of a [`Node`]; what only a lobby does are its methods.

pub(super) mod guests;
mod host;
mod links;
mod message;
mod talk;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use host::Door;
use links::LobbyLinks;
use message::{Answer, Knock, List, seal};
pub use message::{Founding, Listed, NAME_BYTES_MAX, Name};

use super::io::{Event, Input, LinkDownReason, Output, RadioState};
use super::{Node, OpenError, Opening, Stats};
use crate::crypto::{Checker, Context, Digest, Identity, PublicKey, Seat, Signed};
use crate::mesh::{
    Class, Incoming, Invite, LinkId, LinkKeys, Mesh, NotAdmitted, Refusal, ServiceId, TOKENS_MAX,
    TableSecret, WallMinutes,
};
use crate::table::{Genesis, HouseError, TableRules};
use crate::time::Instant;
use crate::wire::{Kind, Writer};

/// Most knocks that wait to be answered, and most refusals that are kept: two for each invite that can be counted.
const KNOCKS_MAX: usize = 2 * TOKENS_MAX;

/// What any phone brings to a lobby.
#[derive(Debug)]
pub struct LobbyConfig {
    /// This phone's key.
    pub identity: Identity,
    /// What its player is called.
    pub name: Name,
    /// How many links this phone can hold.
    pub links_max: usize,
    /// By which signatures are checked once there is a table.
    pub checker: Checker,
    /// The time of day.
    pub clock: WallClock,
}

/// The time of day at some moment of the monotonic clock: invites expire by the one, phones count in the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WallClock {
    /// A moment.
    pub at: Instant,
    /// What a clock on the wall showed then.
    pub minutes: WallMinutes,
}

impl WallClock {
    fn minutes(&self, now: Instant) -> WallMinutes {
        let since = now.since(self.at).as_secs() / 60;
        let since = u32::try_from(since).unwrap_or(u32::MAX);
        WallMinutes(self.minutes.0.saturating_add(since))
    }
}

/// What a player in a lobby is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LobbyEvent {
    /// Who is here now, the host first, and what is played by. Everybody sees the same.
    Listed {
        /// Counts up.
        version: u32,
        /// The rules.
        rules: Box<TableRules>,
        /// The guests.
        listed: Vec<Listed>,
    },
    /// The host asks for this genesis to be signed: [`Lobby::answer`].
    Proposed {
        /// Rules and seats; the list that was told last has the names.
        genesis: Box<Genesis>,
    },
    /// Somebody has signed, or will not.
    Answered {
        /// Who.
        listed: Listed,
        /// Which.
        signs: bool,
    },
    /// This phone is not let in.
    NotAdmitted(NotAdmitted),
    /// The host did not let somebody in. Told to the host.
    TurnedAway {
        /// Whose phone.
        guest: PublicKey,
        /// Why.
        reason: NotAdmitted,
    },
    /// This phone was on the list and is not any more.
    Removed,
    /// Somebody knocks at the running table: `Command::Seat` says that this player wants it here.
    Knocked {
        /// Whose phone.
        guest: PublicKey,
        /// What it wants to be called.
        name: Name,
        /// Who invited it.
        inviter: Seat,
    },
    /// The players at a running table want this phone at a seat. Keep [`Founding::bytes`] and the seat where the journal
    /// will be, then call [`Lobby::begin`].
    Welcomed {
        /// The seat.
        seat: Seat,
        /// What the table began with.
        founding: Box<Founding>,
    },
    /// Everybody has signed. Keep [`Founding::bytes`] where the journal will be, then call [`Lobby::begin`].
    Founded(Box<Founding>),
    /// The others have a table, and this phone has no seat at it.
    BeganWithout,
}

/// Why a lobby did not do something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LobbyError {
    /// Only the host can.
    #[error("only the host can do this")]
    NotHost,
    /// Alone there is no table.
    #[error("a table takes at least two players; invite somebody")]
    Alone,
    /// The rules do not fit so many players.
    #[error(transparent)]
    Rules(#[from] HouseError),
    /// There is nothing to be signed, or it has been.
    #[error("there is no genesis that waits for this phone's signature")]
    NothingToSign,
    /// Nobody of this key is on the list, or it is the host.
    #[error("there is no such guest")]
    NoGuest,
    /// The table exists.
    #[error("the table has been founded")]
    Founded,
}

/// A phone in a lobby.
#[derive(Debug)]
pub struct Lobby {
    identity: Arc<Identity>,
    name: Name,
    links_max: usize,
    checker: Checker,
    context: Context,
    host: PublicKey,
    /// Drawn at each start of the app.
    run: u64,
    /// The host's.
    door: Option<Door>,
    /// A guest's.
    own_knock: Option<Vec<u8>>,
    /// Whether this guest wants to be off the list.
    leaves: bool,
    /// Checked and not answered yet, by guest.
    knocks: BTreeMap<[u8; 32], (Knock, Vec<u8>)>,
    /// The host's refusals, by guest.
    refused: BTreeMap<[u8; 32], Vec<u8>>,
    list: Option<Signed<List>>,
    /// To that list.
    answers: BTreeMap<Seat, Signed<Answer>>,
    founding: Option<Founding>,
    /// The seat at a running table that this phone is to get.
    welcome: Option<Seat>,
    clock: WallClock,
    mesh: Mesh,
    links: LobbyLinks,
    outputs: VecDeque<Output>,
    stats: Stats,
}

impl Lobby {
    /// The host's lobby. `secret` and `entropy` are fresh and random.
    ///
    /// # Errors
    /// [`HouseError`] if no table can be played under these rules.
    pub fn host(
        config: LobbyConfig,
        rules: TableRules,
        secret: TableSecret,
        entropy: [u8; 32],
    ) -> Result<Self, HouseError> {
        rules.check(crate::crypto::SEATS_MIN)?;
        let (host, clock) = (config.identity.public_key(), config.clock);
        let mut lobby = Self::new(config, host, secret, entropy);
        let listed = vec![Listed {
            key: host,
            name: lobby.name.clone(),
        }];
        let list = List {
            version: 1,
            closed: false,
            rules,
            listed,
        };
        lobby.door = Some(Door::new(secret, clock));
        lobby.take_list(Signed::sign(list, &lobby.context, &lobby.identity));
        Ok(lobby)
    }

    /// A guest's lobby: the host is whoever made the invite.
    #[must_use]
    pub fn guest(config: LobbyConfig, invite: &Invite, entropy: [u8; 32]) -> Self {
        let mut lobby = Self::new(config, invite.inviter, invite.secret, entropy);
        let knock = Knock {
            claim: invite.claim(&lobby.identity),
            name: lobby.name.clone(),
        };
        let signed = Signed::sign(knock, &lobby.context, &lobby.identity);
        lobby.own_knock = Some(seal(Kind::Knock, lobby.tag(), &signed));
        lobby
    }

    fn new(config: LobbyConfig, host: PublicKey, secret: TableSecret, entropy: [u8; 32]) -> Self {
        let LobbyConfig {
            identity,
            name,
            links_max,
            checker,
            clock,
        } = config;
        let identity = Arc::new(identity);
        let seed = Digest::of("bitcraps/entropy/v1", &[&entropy]);
        let [a, b, c, d, e, f, g, h, ..] = Digest::of("bitcraps/lobby/run/v1", &[&entropy]).0;
        let keys = LinkKeys::new(Arc::clone(&identity), &secret, &seed);
        Self {
            links: LobbyLinks::new(identity.public_key(), links_max),
            context: secret.service().context(),
            mesh: Mesh::new(keys),
            identity,
            name,
            links_max,
            checker,
            host,
            run: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            door: None,
            own_knock: None,
            leaves: false,
            knocks: BTreeMap::new(),
            refused: BTreeMap::new(),
            list: None,
            answers: BTreeMap::new(),
            founding: None,
            welcome: None,
            clock,
            outputs: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// Takes one input in. Commands are for a table: here they are answered with [`Event::NotNow`].
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Discovered { handle, .. } => self.links.on_discovered(now, handle),
            Input::LinkUp { link, role, mtu } => {
                if self.mesh.link_up(link, role, mtu) {
                    self.links.on_link_up(now, link, role);
                } else {
                    self.outputs.push_back(Output::Disconnect { link });
                }
            }
            Input::LinkDown { link, reason } => {
                if reason == LinkDownReason::ConnectFailed {
                    self.links.on_dial_failed(now);
                }
                self.drop_link(link);
            }
            Input::Received { link, bytes } => self.on_received(now, link, &bytes),
            Input::Writable { link } => self.mesh.writable(link),
            Input::RadioState(state) => self.on_radio_state(state),
            Input::Command(command) => {
                let event = Event::NotNow { command };
                self.outputs.push_back(Output::Event(event));
            }
            Input::Wake => {}
        }
        self.tend_links(now);
    }

    /// The next output; [`Output::Idle`] once there is nothing left.
    pub fn poll_output(&mut self, now: Instant) -> Output {
        self.tend_links(now);
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        if let Some((link, chunk)) = self.mesh.poll_transmit() {
            return Output::Transmit { link, chunk };
        }
        let wake_at = self.links.next_wake(self.list.is_some());
        Output::Idle { wake_at }
    }

    /// The UUID of the service to advertise and to scan for.
    #[must_use]
    pub const fn service(&self) -> ServiceId {
        self.mesh.service()
    }

    /// Who is on the list that this phone has, the host first.
    #[must_use]
    pub fn listed(&self) -> &[Listed] {
        self.list.as_ref().map_or(&[], |list| &list.value().listed)
    }

    /// What is played by, as the list that this phone has says; the host's choice.
    #[must_use]
    pub fn rules(&self) -> Option<&TableRules> {
        self.list.as_ref().map(|list| &list.value().rules)
    }

    /// Whether everybody on the list is asked to sign it now.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.list.as_ref().is_some_and(|list| list.value().closed)
    }

    /// What the player at this place of the list has answered, if it has.
    #[must_use]
    pub fn answer_of(&self, seat: Seat) -> Option<bool> {
        self.answers.get(&seat).map(|answer| answer.value().signs)
    }

    /// What everybody has signed, once everybody has.
    #[must_use]
    pub const fn founding(&self) -> Option<&Founding> {
        self.founding.as_ref()
    }

    /// Counters since the start.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How many links there are.
    #[must_use]
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// A player's word on the genesis that is proposed. A guest that does not sign is off the list; so it leaves an open
    /// lobby, too.
    ///
    /// # Errors
    /// [`LobbyError::NothingToSign`].
    pub fn answer(&mut self, signs: bool) -> Result<(), LobbyError> {
        let own = self.identity.public_key();
        if own == self.host || self.founding.is_some() {
            return Err(LobbyError::NothingToSign);
        }
        let list = self.list.as_ref().ok_or(LobbyError::NothingToSign)?;
        let seat = list.value().seat_of(&own);
        let seat = seat.filter(|_| list.value().closed || !signs);
        let seat = seat.ok_or(LobbyError::NothingToSign)?;
        if self.answers.contains_key(&seat) {
            return Err(LobbyError::NothingToSign);
        }
        self.leaves = !signs;
        self.say(seat, signs);
        Ok(())
    }

    fn say(&mut self, seat: Seat, signs: bool) {
        let Some(list) = &self.list else {
            return;
        };
        let answer = Answer {
            list: list.digest(&self.context),
            seat,
            run: self.run,
            signs,
        };
        let answer = Signed::sign(answer, &self.context, &self.identity);
        self.flood(seal(Kind::Answer, self.tag(), &answer));
        self.take_answer(answer);
    }

    /// Goes on as a node at the table that was founded, over the links that there are.
    ///
    /// # Errors
    /// [`OpenError::NotSeated`] if nothing has been founded, or without this phone.
    pub fn begin(self, now: Instant, entropy: [u8; 32]) -> Result<Node, OpenError> {
        let own = self.identity.public_key();
        let founding = self.founding.ok_or(OpenError::NotSeated)?;
        let seat = founding.genesis().roster.seat_of(&own).or(self.welcome);
        let seat = seat.ok_or(OpenError::NotSeated)?;
        let opening = Opening {
            genesis: founding.genesis().clone(),
            identity: self.identity,
            mesh: self.mesh,
            links_max: self.links_max,
            checker: self.checker,
            // What this run of the app signed for the table, it signed after this.
            formed_now: founding.run_of(seat) == Some(self.run),
            founding: Some(founding.bytes().to_vec()),
            joins: self.welcome,
            clock: Some(self.clock),
        };
        let mut node = Node::assemble(opening, entropy, &[])?;
        node.outputs.extend(self.outputs);
        let begun = founding_message(&node.service(), founding.bytes());
        for (link, role, key) in self.links.into_secured() {
            // Whoever has begun already takes up this link from here: what it said before was lost on a lobby.
            node.mesh.send(link, Class::Control, begun.clone());
            node.adopt_link(now, link, role, key);
        }
        Ok(node)
    }

    // ------------------------------------------------------------------ links

    fn on_received(&mut self, now: Instant, link: LinkId, chunk: &[u8]) {
        match self.mesh.receive(link, chunk) {
            Ok(Incoming::Partial) => {}
            Ok(Incoming::Hail) => {
                if let Err(refusal) = self.mesh.answer(link) {
                    self.refuse_link(link, refusal);
                }
            }
            Ok(Incoming::Secured(key)) => {
                for redundant in self.links.on_secured(link, key) {
                    self.outputs
                        .push_back(Output::Disconnect { link: redundant });
                }
                self.tell_all(link);
            }
            Ok(Incoming::Messages(_, messages)) => {
                for message in messages {
                    match self.on_message(now, link, &message) {
                        Ok(kind) => *self.stats.accepted.entry(kind).or_default() += 1,
                        Err(reason) => *self.stats.ignored.entry(reason).or_default() += 1,
                    }
                }
            }
            Ok(Incoming::Refused(refusal)) => self.refuse_link(link, refusal),
            Err(error) => *self.stats.bad_chunks.entry(error).or_default() += 1,
        }
    }

    fn refuse_link(&mut self, link: LinkId, refusal: Refusal) {
        *self.stats.refused.entry(refusal).or_default() += 1;
        self.outputs.push_back(Output::Disconnect { link });
        self.drop_link(link);
    }

    fn drop_link(&mut self, link: LinkId) {
        self.mesh.link_down(link);
        self.links.on_link_down(link);
    }

    fn on_radio_state(&mut self, state: RadioState) {
        let on = state == RadioState::On;
        self.outputs.push_back(Output::Advertise(on));
        self.outputs.push_back(Output::Scan(on));
        if !on {
            for link in self.links.clear() {
                self.drop_link(link);
            }
        }
    }

    fn tend_links(&mut self, now: Instant) {
        for link in self.links.late(now) {
            self.refuse_link(link, Refusal::TooLate);
        }
        while let Some(handle) = self.links.poll_dial(now, self.list.is_some()) {
            self.outputs.push_back(Output::Connect { handle });
        }
    }

    /// Everything that a new neighbour may lack.
    fn tell_all(&mut self, link: LinkId) {
        let (tag, listed) = (self.tag(), self.is_listed());
        let own = self.own_knock.iter().filter(|_| !listed).cloned();
        let list = self.list.iter().map(|list| seal(Kind::List, tag, list));
        let answers = self.answers.values();
        let answers = answers.map(|answer| seal(Kind::Answer, tag, answer));
        let knocks = self.knocks.values().map(|(_, bytes)| bytes.clone());
        let refused = self.refused.values().cloned();
        let service = self.service();
        let founding = self.founding.iter();
        let founding = founding.map(|founding| founding_message(&service, founding.bytes()));
        let all = own.chain(list).chain(answers).chain(knocks);
        let all: Vec<Vec<u8>> = all.chain(refused).chain(founding).collect();
        for bytes in all {
            self.mesh.send(link, Class::Control, bytes);
        }
    }

    fn flood(&mut self, bytes: Vec<u8>) {
        let links: Vec<LinkId> = self.links.secured().collect();
        self.mesh
            .flood(links.into_iter(), Class::Control, true, bytes);
    }

    fn tell(&mut self, event: LobbyEvent) {
        self.outputs.push_back(Output::Event(Event::Lobby(event)));
    }

    fn is_listed(&self) -> bool {
        let own = self.identity.public_key();
        let list = self.list.as_ref();
        list.is_some_and(|list| list.value().seat_of(&own).is_some())
    }

    /// What messages of a lobby carry where those of a table have its tag.
    fn tag(&self) -> u16 {
        lobby_tag(&self.service())
    }
}

pub(super) fn lobby_tag(service: &ServiceId) -> u16 {
    u16::from_le_bytes([service.0[0], service.0[1]])
}

/// A founding as a message.
pub(super) fn founding_message(service: &ServiceId, founding: &[u8]) -> Vec<u8> {
    let mut writer: Writer = message::header(Kind::Founding, lobby_tag(service));
    writer.raw(founding);
    writer.finish()
}
