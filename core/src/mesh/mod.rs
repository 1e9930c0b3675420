//! Messages over lossy-looking links: sealed, cut to the link's MTU, put together again, flooded once.
//!
//! Both ends of a link prove who they are before anything else passes, and everything after that travels in sealed
//! records: there is no other way. A link is ordered and reliable while it is up (BLE repeats lost packets itself), and may vanish at any moment.
//! What was lost with it is asked for again above. Imports `wire`, `time`, `crypto`.

mod bundle;
mod chunk;
mod graph;
mod have;
mod invite;
mod link;
mod link_state;
mod neighbour_list;
mod seen;
mod session;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use bundle::PACK_MAX;
pub use chunk::{CHUNK_HEADER_BYTES, ChunkError, MTU_MAX, MTU_MIN};
pub use graph::{Graph, PARENTS};
pub use have::{HAVE_OTHERS_MAX, HAVE_SLOTS_MAX, Have, Short};
pub use invite::{
    Acceptance, Admission, CLAIM_BYTES, Claim, Invite, InviteError, NotAdmitted, TOKENS_MAX, Terms,
    Token, WallMinutes,
};
use link::Link;
pub use link_state::{LINK_STATE_BYTES, LinkState, LinkStateIgnored, LinkStates};
pub use neighbour_list::Links;
use seen::Seen;
pub use session::handshake::{HandshakeError, LinkProof};
pub use session::record::{RecordError, Session};
pub use session::secret::{LinkKeys, ServiceId, TABLE_SECRET_BYTES, TableSecret};

use crate::crypto::{Digest, PublicKey};

/// Most links that are served at once.
pub const LINKS_MAX: usize = 32;

/// A link, by the number that the shell gave it. Never reused within one run of the node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub u64);

/// Which end of the BLE connection this phone is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It dialled; it writes to the other end's inbox.
    Central,
    /// It was dialled; it notifies from its outbox.
    Peripheral,
}

/// The queues of a link, most urgent first. Chosen anew for each chunk, so a vote waits for one chunk at most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Class {
    /// Votes, view-changes, new-views, and the handshake in front of them.
    Vote = 0,
    /// Status, wants, lists of links.
    Control = 1,
    /// Proposals and requests.
    Proposal = 2,
    /// Catch-up.
    Bulk = 3,
}

impl Class {
    const ALL: [Self; 4] = [Self::Vote, Self::Control, Self::Proposal, Self::Bulk];

    /// Longest message of the class, in bytes: a bound on what a neighbour can make us hold.
    #[must_use]
    pub const fn message_bytes_max(self) -> usize {
        match self {
            Self::Vote | Self::Control | Self::Proposal => 16 * 1024,
            Self::Bulk => 128 * 1024,
        }
    }
}

/// The short digest by which a link's queue recognises a message.
pub(crate) type Fingerprint = [u8; 8];

fn fingerprint(bytes: &[u8]) -> Fingerprint {
    let Digest([a, b, c, d, e, f, g, h, ..]) = Digest::of("bitcraps/mesh/seen/v1", &[bytes]);
    [a, b, c, d, e, f, g, h]
}

/// The bytes by which [`Have`] names a message that is no vote.
#[must_use]
pub fn short(bytes: &[u8]) -> Short {
    let [a, b, c, d, ..] = fingerprint(bytes);
    [a, b, c, d]
}

/// What a chunk led to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// Nothing that is whole.
    Partial,
    /// Somebody wants to shake hands: [`Mesh::answer`], when there is time for strangers.
    Hail,
    /// Both ends have proven who they are; this is the other one's key.
    Secured(PublicKey),
    /// Messages from the other end that left it together.
    Messages(Class, Vec<Vec<u8>>),
    /// This link will carry nothing: close it.
    Refused(Refusal),
}

/// Why a link is closed. It proves nothing against anybody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Refusal {
    /// The handshake failed.
    #[error("handshake: {0}")]
    Handshake(#[from] HandshakeError),
    /// It was not over in time.
    #[error("handshake not over in time")]
    TooLate,
    /// It took too many bytes.
    #[error("too many bytes from a stranger")]
    TooMuch,
    /// The other end has proven a key that has no seat here.
    #[error("no seat at this table")]
    NotSeated,
    /// It sent too much without sense lately.
    #[error("too much without sense")]
    Offended,
    /// Several records in a row did not open.
    #[error("records do not open")]
    Records,
}

/// A chunk on its link, and the messages that begin with it.
pub type Leaving = (LinkId, Vec<u8>, Vec<Arc<[u8]>>);

/// The links of one phone.
#[derive(Debug)]
pub struct Mesh {
    keys: LinkKeys,
    links: BTreeMap<LinkId, Link>,
    seen: Seen,
    /// Messages that did not fit into a full queue.
    dropped: u64,
}

impl Mesh {
    /// No links yet.
    #[must_use]
    pub const fn new(keys: LinkKeys) -> Self {
        Self {
            keys,
            links: BTreeMap::new(),
            seen: Seen::new(),
            dropped: 0,
        }
    }

    /// A link is up; as central, this phone begins the handshake. `mtu` is the ATT MTU and is taken as at least 23 and at
    /// most 517. `false` if there are too many already.
    pub fn link_up(&mut self, link: LinkId, role: Role, mtu: u16) -> bool {
        if self.links.len() >= LINKS_MAX {
            return false;
        }
        let Ok(new) = Link::new(role, mtu, &mut self.keys) else {
            return false;
        };
        self.links.insert(link, new);
        true
    }

    /// Answers a [hail](Incoming::Hail). It costs three multiplications on the curve.
    ///
    /// # Errors
    /// [`Refusal`] if the hail is none; the link is to be closed.
    pub fn answer(&mut self, link: LinkId) -> Result<(), Refusal> {
        match self.links.get_mut(&link) {
            Some(link) => Ok(link.answer(&mut self.keys)?),
            None => Ok(()),
        }
    }

    /// Whether messages can pass.
    #[must_use]
    pub fn is_secured(&self, link: LinkId) -> bool {
        self.tag(link).is_some()
    }

    /// The UUID that this table's phones find each other by.
    #[must_use]
    pub const fn service(&self) -> ServiceId {
        self.keys.service
    }

    /// The byte in front of every chunk of a secured link.
    #[must_use]
    pub fn tag(&self, link: LinkId) -> Option<u8> {
        self.links.get(&link)?.session_tag()
    }

    /// A session tag that no link of ours has. There are more tags than links.
    fn free_tag(&self) -> u8 {
        let taken = |tag: &u8| {
            let mut links = self.links.values();
            links.any(|link| link.session_tag() == Some(*tag))
        };
        let mut tags = 1..chunk::HANDSHAKE_TAG;
        tags.find(|tag| !taken(tag)).unwrap_or(1)
    }

    /// A link is gone, with everything that was queued for it.
    pub fn link_down(&mut self, link: LinkId) {
        self.links.remove(&link);
        self.seen.forget(link);
    }

    /// The OS has room for one more chunk on this link.
    pub fn writable(&mut self, link: LinkId) {
        if let Some(link) = self.links.get_mut(&link) {
            link.writable();
        }
    }

    /// Takes one chunk in.
    ///
    /// # Errors
    /// [`ChunkError`] if it does not continue what came before. The message it belonged to is dropped.
    pub fn receive(&mut self, link: LinkId, chunk: &[u8]) -> Result<Incoming, ChunkError> {
        let secured = self.is_secured(link);
        let free_tag = if secured { 0 } else { self.free_tag() };
        let other = self.links.get_mut(&link).ok_or(ChunkError::UnknownLink)?;
        let incoming = other.receive(&self.keys, chunk, free_tag)?;
        if let Incoming::Messages(_, messages) = &incoming {
            for message in messages {
                let seen = fingerprint(message);
                self.seen.note(link, seen);
                other.call_off(seen);
            }
        }
        Ok(incoming)
    }

    /// Queues a message for one link.
    pub fn send(&mut self, link: LinkId, class: Class, bytes: impl Into<Arc<[u8]>>) {
        let bytes: Arc<[u8]> = bytes.into();
        let seen = fingerprint(&bytes);
        if let Some(link) = self.links.get_mut(&link)
            && !link.queue(class, true, seen, bytes)
        {
            self.dropped += 1;
        }
    }

    /// Queues a message for every one of `links` whose other end has not sent it to us itself. `own` messages go
    /// before those passed on for others.
    pub fn flood(
        &mut self,
        links: impl Iterator<Item = LinkId>,
        class: Class,
        own: bool,
        bytes: impl Into<Arc<[u8]>>,
    ) {
        let bytes: Arc<[u8]> = bytes.into();
        let seen = fingerprint(&bytes);
        let bringers = self.seen.bringers(&seen);
        for link in links.filter(|link| !bringers.contains(link)) {
            if let Some(link) = self.links.get_mut(&link)
                && !link.queue(class, own, seen, Arc::clone(&bytes))
            {
                self.dropped += 1;
            }
        }
    }

    /// Takes out of all queues what is of no use any more, so that it does not delay what is.
    pub fn drop_stale(&mut self, stale: impl Fn(&[u8]) -> bool) {
        self.links
            .values_mut()
            .for_each(|link| link.drop_stale(&stale));
    }

    /// Takes out of one link's queue what its other end is known to have.
    pub fn call_off(&mut self, link: LinkId, has: impl Fn(&[u8]) -> bool) {
        if let Some(link) = self.links.get_mut(&link) {
            link.drop_stale(&has);
        }
    }

    /// The links whose other ends have sent this message themselves.
    #[must_use]
    pub fn brought(&self, bytes: &[u8]) -> Vec<LinkId> {
        self.seen.bringers(&fingerprint(bytes))
    }

    /// The next chunk that may be handed to the OS, and the messages that begin with it.
    pub fn poll_chunk(&mut self) -> Option<Leaving> {
        self.links.iter_mut().find_map(|(id, link)| {
            let (chunk, begins) = link.poll_chunk()?;
            Some((*id, chunk, begins))
        })
    }

    /// The next chunk that may be handed to the OS.
    pub fn poll_transmit(&mut self) -> Option<(LinkId, Vec<u8>)> {
        let (link, chunk, _) = self.poll_chunk()?;
        Some((link, chunk))
    }

    /// Bytes queued for one link.
    #[must_use]
    pub fn backlog(&self, link: LinkId) -> usize {
        self.links.get(&link).map_or(0, Link::queued_bytes)
    }

    /// Bytes queued over all links.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.links.values().map(Link::queued_bytes).sum()
    }

    /// How many messages did not fit into a full queue so far.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests;
