//! Before there is a table: a core lobby with its clock, and what the app sees of it.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::time::{self, SystemTime, UNIX_EPOCH};

use bitcraps_core::crypto::{Checker, Identity, PublicKey, Seat};
use bitcraps_core::mesh::{Invite, TABLE_SECRET_BYTES, TableSecret, WallMinutes};
use bitcraps_core::node::{
    self, Founding, Input, Listed, LobbyConfig, LobbyEvent, Name, Node, RadioState, WallClock,
};
use bitcraps_core::table;
use bitcraps_core::time::Instant;

use crate::card::Card;
use crate::driver::{Driver, Origin, entropy, shell_output};
use crate::error::{NodeError, Result};
use crate::event::{Event, event_of};
use crate::output::Output;
use crate::rules::TableRules;
use crate::storage::Storage;

/// How many links a phone in a lobby can hold; every phone can hold so many.
const LINKS_MAX: usize = 6;

/// A lobby as this phone knows it. Everybody sees the same list and the same rules.
#[derive(Clone, Debug, uniffi::Record)]
pub struct LobbyView {
    /// Whether this phone is the host: only the host invites, removes and proposes.
    pub is_host: bool,
    /// What will be played by; nothing before the host's list has been heard.
    pub rules: Option<TableRules>,
    /// Who is here, the host first: the seats, in this order.
    pub guests: Vec<Guest>,
    /// Whether everybody is asked to sign now.
    pub is_proposed: bool,
}

/// Somebody in a lobby.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Guest {
    /// Its key.
    pub public_key: Vec<u8>,
    /// What its player is called.
    pub name: String,
    /// Whether it has signed the table that is proposed.
    pub has_signed: bool,
}

impl Guest {
    pub(crate) fn of(listed: &Listed, has_signed: bool) -> Self {
        Self {
            public_key: listed.key.to_bytes().to_vec(),
            name: listed.name.as_str().to_owned(),
            has_signed,
        }
    }
}

/// One phone in a lobby.
#[derive(Debug)]
pub(crate) struct Lobby {
    storage: Storage,
    secret: TableSecret,
    lobby: node::Lobby,
    is_host: bool,
    started: time::Instant,
    /// All of them, so that the table knows its links from the beginning.
    links: BTreeMap<u64, Option<u8>>,
    is_radio_on: bool,
    /// The seat at a running table that this phone is to get.
    welcome: Option<Seat>,
}

impl Lobby {
    /// Opens the host's, with a fresh secret.
    pub(crate) fn host(
        storage: &Storage,
        seed: &[u8; 32],
        name: &str,
        rules: TableRules,
    ) -> Result<Self> {
        let rules = table::TableRules::try_from(rules)?;
        let mut secret = [0; TABLE_SECRET_BYTES];
        secret.copy_from_slice(&entropy()?[..TABLE_SECRET_BYTES]);
        let secret = TableSecret(secret);
        let config = config(seed, name)?;
        let lobby = node::Lobby::host(config, rules, secret, entropy()?)
            .map_err(|error| NodeError::Rules(error.to_string()))?;
        Ok(Self::of(storage, secret, lobby, true))
    }

    /// Opens a guest's.
    pub(crate) fn guest(
        storage: &Storage,
        seed: &[u8; 32],
        name: &str,
        invite: &str,
    ) -> Result<Self> {
        let invite = Invite::from_text(invite);
        let invite = invite.map_err(|error| NodeError::Invite(error.to_string()))?;
        let lobby = node::Lobby::guest(config(seed, name)?, &invite, entropy()?);
        Ok(Self::of(storage, invite.secret, lobby, false))
    }

    fn of(storage: &Storage, secret: TableSecret, lobby: node::Lobby, is_host: bool) -> Self {
        Self {
            storage: storage.clone(),
            secret,
            lobby,
            is_host,
            started: time::Instant::now(),
            links: BTreeMap::new(),
            is_radio_on: false,
            welcome: None,
        }
    }

    /// The text of an invite for one guest.
    pub(crate) fn invite(&mut self, minutes: u32) -> Result<String> {
        let invite = self.lobby.invite(self.now(), minutes)?;
        Ok(invite.to_text())
    }

    /// Asks everybody on the list to sign.
    pub(crate) fn propose(&mut self) -> Result<()> {
        Ok(self.lobby.close()?)
    }

    /// Asks nobody any more: the list is open again.
    pub(crate) fn reopen(&mut self) -> Result<()> {
        Ok(self.lobby.reopen(self.now())?)
    }

    /// Takes a guest off the list.
    pub(crate) fn remove(&mut self, public_key: &[u8]) -> Result<()> {
        let bytes: std::result::Result<[u8; 32], _> = public_key.try_into();
        let key = bytes.ok().and_then(|key| PublicKey::from_bytes(&key).ok());
        let key = key.ok_or(node::LobbyError::NoGuest)?;
        Ok(self.lobby.remove(self.now(), &key)?)
    }

    /// Signs what is proposed, or does not.
    pub(crate) fn answer(&mut self, signs: bool) -> Result<()> {
        Ok(self.lobby.answer(signs)?)
    }

    pub(crate) fn handle(&mut self, input: Input) {
        match &input {
            Input::LinkUp { link, .. } => {
                self.links.insert(link.0, None);
            }
            Input::LinkDown { link, .. } => {
                self.links.remove(&link.0);
            }
            Input::RadioState(state) => self.is_radio_on = *state == RadioState::On,
            _ => {}
        }
        let now = self.now();
        self.lobby.handle_input(now, input);
    }

    /// The next thing to do; nothing once there is a table and this phone is wanted there: then [`begin`](Self::begin).
    pub(crate) fn poll(&mut self) -> Option<Output> {
        let now = self.now();
        loop {
            match self.lobby.poll_output(now) {
                node::Output::Event(node::Event::Lobby(LobbyEvent::Founded(_))) => return None,
                node::Output::Event(node::Event::Lobby(LobbyEvent::Welcomed { seat, .. })) => {
                    self.welcome = Some(seat);
                    return None;
                }
                node::Output::Event(event) => {
                    if let Some(event) = event_of(event) {
                        return Some(Output::Event { event });
                    }
                }
                node::Output::Idle { wake_at } => {
                    let wake_after_ms = wake_at.map(|at| at.0.saturating_sub(now.0));
                    return Some(Output::Idle { wake_after_ms });
                }
                output => return Some(shell_output(output)),
            }
        }
    }

    /// Goes on at the table, over the same links. What everybody has signed is on disk before anything else is done: the
    /// host's signature has not left its phone by then.
    pub(crate) fn begin(self) -> Result<Driver> {
        let founding = self.lobby.founding().ok_or(NodeError::NoTable)?;
        let card = Card {
            secret: self.secret,
            genesis: founding.genesis().clone(),
            founding: Some(founding.clone()),
            joins: self.welcome,
        };
        self.storage.keep_card(&card.to_bytes())?;
        let journal = self.storage.new_journal()?;
        let now = now(self.started);
        let node: Node = self
            .lobby
            .begin(now, entropy()?)
            .map_err(|error| NodeError::Card(error.to_string()))?;
        let seat = node.seat().0;
        let event = match self.welcome {
            None => Event::Founded { seat },
            Some(_) => Event::Welcomed { seat },
        };
        let mut driver = Driver::of(Origin {
            card,
            node,
            journal,
            started: self.started,
            links: self.links,
        });
        driver.tell(event);
        if self.is_radio_on {
            // Whom the lobby has seen and not dialled, the table sees by looking again.
            driver.handle(Input::RadioState(RadioState::On))?;
        }
        Ok(driver)
    }

    pub(crate) fn view(&self) -> LobbyView {
        let listed = self.lobby.listed().iter().zip(0..);
        let guests = listed.map(|(listed, seat)| {
            let has_signed = self.lobby.answer_of(Seat(seat)) == Some(true);
            Guest::of(listed, has_signed)
        });
        LobbyView {
            is_host: self.is_host,
            rules: self.lobby.rules().cloned().map(TableRules::from),
            guests: guests.collect(),
            is_proposed: self.lobby.is_closed(),
        }
    }

    /// What the radio advertises.
    pub(crate) fn service(&self) -> String {
        self.lobby.service().to_string()
    }

    fn now(&self) -> Instant {
        now(self.started)
    }
}

/// What players are called, by seat.
pub(crate) fn names(founding: Option<&Founding>) -> Vec<String> {
    let names = founding.into_iter().flat_map(Founding::names);
    names.map(|name| name.as_str().to_owned()).collect()
}

/// The monotonic clock that the core counts by.
pub(crate) fn now(started: time::Instant) -> Instant {
    let elapsed = started.elapsed().as_millis();
    Instant(u64::try_from(elapsed).unwrap_or(u64::MAX))
}

fn config(seed: &[u8; 32], name: &str) -> Result<LobbyConfig> {
    let unfit = || {
        let most = node::NAME_BYTES_MAX;
        NodeError::Lobby(format!(
            "a name is one line of 1 to {most} bytes of text; choose another one"
        ))
    };
    Ok(LobbyConfig {
        identity: Identity::from_seed(seed),
        name: Name::new(name).ok_or_else(unfit)?,
        links_max: LINKS_MAX,
        checker: Checker::default(),
        clock: wall_clock(),
    })
}

/// What the clock on the wall shows at the beginning of a monotonic clock that starts now; 1970 if it is older than that.
pub(crate) fn wall_clock() -> WallClock {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let minutes = since.map_or(0, |since| since.as_secs() / 60);
    WallClock {
        at: Instant(0),
        minutes: WallMinutes(u32::try_from(minutes).unwrap_or(u32::MAX)),
    }
}
