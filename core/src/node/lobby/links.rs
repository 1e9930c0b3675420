//! The links of a phone in the lobby: whom it dials, and which of two links to one phone stays.
//!
//! A lobby is small and quiet, so this is simpler than at the table: a phone dials two others, and more while it has not
//! heard of the host; so phones that come one after the other are all connected, and none is full of its own dials.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::crypto::PublicKey;
use crate::mesh::{LinkId, Role};
use crate::node::Handle;
use crate::time::{Instant, earliest};

/// So many links are dialled once the host has been heard of; the rest is room for others to dial.
const DIALS: usize = 2;
/// A dial that has not come up by then has failed.
const DIAL_TIMEOUT: Duration = Duration::from_secs(8);
/// A failed dial is tried again after this long.
const DIAL_AGAIN: Duration = Duration::from_secs(1);
/// A link that is not secured by then is closed.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(4);
/// Most phones in the list of those to dial.
const HANDLES_MAX: usize = 64;

#[derive(Clone, Copy, Debug)]
struct End {
    role: Role,
    key: Option<PublicKey>,
    secured_by: Instant,
    handle: Option<Handle>,
}

#[derive(Debug)]
pub(super) struct LobbyLinks {
    own: PublicKey,
    links: BTreeMap<LinkId, End>,
    waiting: BTreeMap<Handle, Instant>,
    dialling: Option<(Handle, Instant)>,
    links_max: usize,
}

impl LobbyLinks {
    pub(super) const fn new(own: PublicKey, links_max: usize) -> Self {
        Self {
            own,
            links: BTreeMap::new(),
            waiting: BTreeMap::new(),
            dialling: None,
            links_max,
        }
    }

    pub(super) fn on_discovered(&mut self, now: Instant, handle: Handle) {
        let dialled = self.links.values().any(|end| end.handle == Some(handle));
        let dialling = self.dialling.is_some_and(|(other, _)| other == handle);
        if !dialled && !dialling && self.waiting.len() < HANDLES_MAX {
            self.waiting.entry(handle).or_insert(now);
        }
    }

    /// The next phone to dial. `knows_host` says whether the host's list has been heard.
    pub(super) fn poll_dial(&mut self, now: Instant, knows_host: bool) -> Option<Handle> {
        if self.dialling.is_some_and(|(_, deadline)| deadline <= now) {
            self.on_dial_failed(now);
        }
        if self.dialling.is_some() || !self.has_room(knows_host) {
            return None;
        }
        let (handle, _) = self.waiting.iter().find(|(_, at)| **at <= now)?;
        let handle = *handle;
        self.waiting.remove(&handle);
        self.dialling = Some((handle, now.after(DIAL_TIMEOUT)));
        Some(handle)
    }

    fn has_room(&self, knows_host: bool) -> bool {
        let central = |end: &&End| end.role == Role::Central;
        let dialled = self.links.values().filter(central).count();
        self.links.len() < self.links_max && (!knows_host || dialled < DIALS)
    }

    pub(super) fn on_dial_failed(&mut self, now: Instant) {
        if let Some((handle, _)) = self.dialling.take() {
            self.waiting.insert(handle, now.after(DIAL_AGAIN));
        }
    }

    pub(super) fn on_link_up(&mut self, now: Instant, link: LinkId, role: Role) {
        let dialled = self.dialling.take_if(|_| role == Role::Central);
        let end = End {
            role,
            key: None,
            secured_by: now.after(HANDSHAKE_TIMEOUT),
            handle: dialled.map(|(handle, _)| handle),
        };
        self.links.insert(link, end);
    }

    pub(super) fn on_link_down(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    /// The other end has proven its key. Of two links between a pair the one whose central has the lower key stays, the
    /// older of two such: both ends come to the same verdict. Gives those that are this phone's to close.
    pub(super) fn on_secured(&mut self, link: LinkId, key: PublicKey) -> Vec<LinkId> {
        if let Some(end) = self.links.get_mut(&link) {
            end.key = Some(key);
        }
        let pair = self.links.iter().filter(|(_, end)| end.key == Some(key));
        let rank = |(link, end): &(&LinkId, &End)| {
            let central = if end.role == Role::Central {
                self.own
            } else {
                key
            };
            (central.to_bytes(), **link)
        };
        let Some(best) = pair.clone().min_by_key(rank).map(|(link, _)| *link) else {
            return Vec::new();
        };
        let ours = pair.filter(|(link, end)| **link != best && end.role == Role::Central);
        ours.map(|(link, _)| *link).collect()
    }

    /// Links whose other end has not proven anything in time.
    pub(super) fn late(&self, now: Instant) -> Vec<LinkId> {
        let links = self.links.iter();
        let late = links.filter(|(_, end)| end.key.is_none() && end.secured_by <= now);
        late.map(|(link, _)| *link).collect()
    }

    /// Whose phone is at the other end of a link.
    pub(super) fn key(&self, link: LinkId) -> Option<PublicKey> {
        self.links.get(&link)?.key
    }

    pub(super) fn secured(&self) -> impl Iterator<Item = LinkId> {
        let links = self.links.iter();
        links.filter_map(|(link, end)| end.key.map(|_| *link))
    }

    /// One link to each phone that has proven its key, for whoever goes on with them.
    pub(super) fn into_secured(self) -> Vec<(LinkId, Role, Option<PublicKey>)> {
        let mut seen = BTreeSet::new();
        let links = self.links.into_iter().map(|(link, end)| {
            let key = end.key.filter(|key| seen.insert(key.to_bytes()));
            (link, end.role, key)
        });
        links.collect()
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    /// Everything that is up, for when the radio goes off.
    pub(super) fn clear(&mut self) -> Vec<LinkId> {
        self.waiting.clear();
        self.dialling = None;
        self.links.keys().copied().collect()
    }

    pub(super) fn next_wake(&self, knows_host: bool) -> Option<Instant> {
        let dial = self.dialling.map(|(_, deadline)| deadline);
        let free = self.dialling.is_none() && self.has_room(knows_host);
        let waiting = self.waiting.values().min().copied().filter(|_| free);
        let strangers = self.links.values().filter(|end| end.key.is_none());
        let late = strangers.map(|end| end.secured_by).min();
        earliest(earliest(dial, waiting), late)
    }
}
