//! Messages over lossy-looking links: sealed, cut to the link's MTU, put together again, flooded once.
//!
//! Both ends of a link prove who they are before anything else passes, and everything after that travels in sealed
//! records: there is no other way. A link is ordered and reliable while it is up (BLE repeats lost packets itself), and may vanish at any moment.
//! What was lost with it is asked for again above. Imports `wire`, `time`, `crypto`.

mod chunk;
mod invite;
mod link;
mod neighbour_list;
mod session;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use chunk::{CHUNK_HEADER_BYTES, ChunkError, MTU_MAX, MTU_MIN};
pub use invite::{
    Acceptance, Admission, CLAIM_BYTES, Claim, Invite, InviteError, NotAdmitted, TOKENS_MAX, Terms,
    Token, WallMinutes,
};
use link::Link;
pub use neighbour_list::Links;
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

/// What a chunk led to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// Nothing that is whole.
    Partial,
    /// Somebody wants to shake hands: [`Mesh::answer`], when there is time for strangers.
    Hail,
    /// Both ends have proven who they are; this is the other one's key.
    Secured(PublicKey),
    /// A message from the other end.
    Message(Class, Vec<u8>),
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

/// A chunk on its link, and the message that begins with it, if one does.
pub type Leaving = (LinkId, Vec<u8>, Option<Arc<[u8]>>);

/// The links of one phone.
#[derive(Debug)]
pub struct Mesh {
    keys: LinkKeys,
    links: BTreeMap<LinkId, Link>,
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
        let link = self.links.get_mut(&link).ok_or(ChunkError::UnknownLink)?;
        let incoming = link.receive(&self.keys, chunk, free_tag)?;
        if let Incoming::Message(_, message) = &incoming {
            link.note_seen(fingerprint(message));
        }
        Ok(incoming)
    }

    /// Queues a message for one link.
    pub fn send(&mut self, link: LinkId, class: Class, bytes: Vec<u8>) {
        let seen = fingerprint(&bytes);
        let bytes: Arc<[u8]> = bytes.into();
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
        bytes: Vec<u8>,
    ) {
        let seen = fingerprint(&bytes);
        let bytes: Arc<[u8]> = bytes.into();
        for link in links {
            if let Some(link) = self.links.get_mut(&link)
                && !link.has_seen(&seen)
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

    /// The next chunk that may be handed to the OS, and the message that begins with it, if one does.
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
mod tests {
    use super::*;

    use crate::crypto::Identity;

    const LINK: LinkId = LinkId(1);

    fn mesh(person: u8) -> Mesh {
        let identity = Arc::new(Identity::from_seed(&[person; 32]));
        let secret = TableSecret([9; 16]);
        Mesh::new(LinkKeys::new(identity, &secret, &Digest([person; 32])))
    }

    /// The message that a chunk completes.
    fn take(mesh: &mut Mesh, chunk: &[u8]) -> Option<(Class, Vec<u8>)> {
        match mesh.receive(LINK, chunk).unwrap() {
            Incoming::Message(class, message) => Some((class, message)),
            Incoming::Hail => {
                mesh.answer(LINK).unwrap();
                None
            }
            Incoming::Partial | Incoming::Secured(_) => None,
            Incoming::Refused(refusal) => panic!("{refusal}"),
        }
    }

    /// Two meshes joined by one link, everything delivered in order.
    fn carry(from: &mut Mesh, to: &mut Mesh) -> Vec<(Class, Vec<u8>)> {
        let mut arrived = Vec::new();
        while let Some((_, chunk)) = from.poll_transmit() {
            arrived.extend(take(to, &chunk));
            from.writable(LINK);
        }
        arrived
    }

    fn pair(mtu: u16) -> (Mesh, Mesh) {
        let (mut left, mut right) = (mesh(1), mesh(2));
        assert!(left.link_up(LINK, Role::Central, mtu));
        assert!(right.link_up(LINK, Role::Peripheral, mtu));
        while !left.is_secured(LINK) {
            carry(&mut left, &mut right);
            carry(&mut right, &mut left);
        }
        (left, right)
    }

    #[test]
    fn a_handshake_crosses_a_link_of_any_mtu_and_fits_a_strangers_budget() {
        for mtu in [23, 24, 50, 185, 517] {
            let (left, right) = pair(mtu);
            assert!(left.is_secured(LINK) && right.is_secured(LINK), "mtu {mtu}");
        }
    }

    #[test]
    fn what_is_not_secured_says_nothing_but_its_handshake() {
        let mut left = mesh(1);
        left.link_up(LINK, Role::Peripheral, 185);
        left.send(LINK, Class::Vote, vec![1; 80]);
        assert_eq!(left.poll_transmit(), None);
    }

    #[test]
    fn whoever_talks_too_much_before_it_has_proven_anything_is_refused_once() {
        let mut left = mesh(1);
        left.link_up(LINK, Role::Peripheral, 517);
        let refusals = (0..100_000_u32).filter(|number| {
            let garbage = [&[0x80, 4, 0, 0][..], &number.to_le_bytes()].concat();
            left.receive(LINK, &garbage) == Ok(Incoming::Refused(Refusal::TooMuch))
        });
        assert_eq!(refusals.count(), 1);
    }

    #[test]
    fn a_chunk_for_another_link_spoils_nothing() {
        let (mut left, mut right) = pair(23);
        left.send(LINK, Class::Vote, vec![1; 80]);
        let mut arrived = Vec::new();
        while let Some((_, chunk)) = left.poll_transmit() {
            let mut other = chunk.clone();
            other[0] ^= 1;
            assert_eq!(right.receive(LINK, &other), Err(ChunkError::OtherLink));
            arrived.extend(take(&mut right, &chunk));
            left.writable(LINK);
        }
        assert_eq!(arrived, [(Class::Vote, vec![1; 80])]);
    }

    #[test]
    fn records_that_do_not_open_cost_a_message_each_and_in_a_row_the_link() {
        let (mut left, mut right) = pair(185);
        for number in 0..2 * link::RECORD_FAILURES_MAX {
            left.send(LINK, Class::Vote, vec![number; 80]);
            let (_, mut chunk) = left.poll_transmit().unwrap();
            left.writable(LINK);
            chunk[40] ^= 1;
            let received = right.receive(LINK, &chunk);
            if number + 1 < link::RECORD_FAILURES_MAX {
                assert_eq!(received, Err(ChunkError::Record(RecordError::Sealed)));
            } else if number + 1 == link::RECORD_FAILURES_MAX {
                assert_eq!(received, Ok(Incoming::Refused(Refusal::Records)));
            }
        }
        assert!(!right.is_secured(LINK));
    }

    #[test]
    fn every_link_of_a_peripheral_has_another_tag() {
        let mut right = mesh(9);
        let mut tags = std::collections::BTreeSet::new();
        for person in 1..=6 {
            let link = LinkId(person.into());
            let mut left = mesh(person);
            assert!(left.link_up(LINK, Role::Central, 185));
            assert!(right.link_up(link, Role::Peripheral, 185));
            while !left.is_secured(LINK) {
                while let Some((_, chunk)) = left.poll_transmit() {
                    if right.receive(link, &chunk) == Ok(Incoming::Hail) {
                        right.answer(link).unwrap();
                    }
                    left.writable(LINK);
                }
                while let Some((_, chunk)) = right.poll_transmit() {
                    left.receive(LINK, &chunk).unwrap();
                    right.writable(link);
                }
            }
            right.send(link, Class::Vote, vec![1]);
            tags.insert(right.poll_transmit().unwrap().1[0]);
        }
        assert_eq!(tags.len(), 6);
    }

    #[test]
    fn messages_of_any_length_cross_a_link_of_any_mtu() {
        for mtu in [23, 24, 27, 50, 185, 247, 517] {
            let (mut left, mut right) = pair(mtu);
            for length in [0_usize, 1, 15, 16, 17, 32, 100, 4096, 5000, 16 * 1024] {
                let message: Vec<u8> = (0..length)
                    .map(|i| u8::try_from(i % 251).unwrap())
                    .collect();
                left.send(LINK, Class::Proposal, message.clone());
                assert_eq!(
                    carry(&mut left, &mut right),
                    [(Class::Proposal, message)],
                    "mtu {mtu}"
                );
            }
        }
    }

    #[test]
    fn a_chunk_never_exceeds_what_the_mtu_leaves() {
        let (mut left, _) = pair(23);
        left.send(LINK, Class::Bulk, vec![7; 100]);
        while let Some((_, chunk)) = left.poll_transmit() {
            assert!(chunk.len() <= 20, "ATT takes three of the 23 bytes");
            left.writable(LINK);
        }
    }

    #[test]
    fn a_vote_overtakes_bulk_between_two_chunks() {
        let (mut left, mut right) = pair(23);
        left.send(LINK, Class::Bulk, vec![1; 500]);
        let mut arrived = Vec::new();
        let (_, first) = left.poll_transmit().unwrap();
        arrived.extend(take(&mut right, &first));
        left.send(LINK, Class::Vote, vec![2; 30]);
        arrived.extend(carry(&mut left, &mut right));
        let order: Vec<Class> = arrived.iter().map(|(class, _)| *class).collect();
        assert_eq!(order, [Class::Vote, Class::Bulk]);
        assert_eq!(arrived[1].1, vec![1; 500]);
    }

    #[test]
    fn no_more_than_an_events_worth_is_handed_to_the_os_before_it_says_writable() {
        let (mut left, _) = pair(23);
        left.send(LINK, Class::Vote, vec![0; 1000]);
        let burst = std::iter::from_fn(|| left.poll_transmit()).count();
        assert_eq!(burst, link::OS_CHUNKS_MAX);
        left.writable(LINK);
        assert!(left.poll_transmit().is_some());
        assert!(left.poll_transmit().is_none());
    }

    #[test]
    fn a_flood_skips_the_link_it_came_from_and_is_called_off_when_the_other_end_sends_it_first() {
        let (mut left, mut right) = pair(185);
        left.send(LINK, Class::Vote, b"vote".to_vec());
        let arrived = carry(&mut left, &mut right);
        right.flood(
            [LINK].into_iter(),
            arrived[0].0,
            false,
            arrived[0].1.clone(),
        );
        assert!(right.poll_transmit().is_none(), "the other end has it");

        let (mut left, mut right) = pair(185);
        right.flood([LINK].into_iter(), Class::Vote, false, b"vote".to_vec());
        left.send(LINK, Class::Vote, b"vote".to_vec());
        let chunk = left.poll_transmit().unwrap().1;
        assert!(take(&mut right, &chunk).is_some());
        assert!(
            right.poll_transmit().is_none(),
            "what was queued is called off"
        );
    }

    #[test]
    fn own_messages_leave_before_those_passed_on_and_never_break_one_that_has_begun() {
        let (mut left, mut right) = pair(23);
        left.flood([LINK].into_iter(), Class::Vote, false, vec![1; 40]);
        let mut arrived = Vec::new();
        let (_, chunk) = left.poll_transmit().unwrap();
        arrived.extend(take(&mut right, &chunk));
        left.flood([LINK].into_iter(), Class::Vote, false, vec![2; 40]);
        left.flood([LINK].into_iter(), Class::Proposal, true, vec![3; 40]);
        left.flood([LINK].into_iter(), Class::Vote, true, vec![4; 40]);
        arrived.extend(carry(&mut left, &mut right));
        let order: Vec<u8> = arrived.iter().map(|(_, message)| message[0]).collect();
        assert_eq!(order, [1, 4, 3, 2]);
    }

    #[test]
    fn what_waits_already_is_not_queued_twice() {
        let (mut left, mut right) = pair(23);
        for _ in 0..3 {
            left.send(LINK, Class::Bulk, vec![1; 100]);
        }
        assert_eq!(carry(&mut left, &mut right).len(), 1);
        left.send(LINK, Class::Bulk, vec![1; 100]);
        assert_eq!(
            carry(&mut left, &mut right).len(),
            1,
            "it has left, so it may go again"
        );
    }

    #[test]
    fn stale_messages_leave_the_queue_but_one_that_has_begun_is_finished() {
        let (mut left, mut right) = pair(23);
        for byte in 1..=3 {
            left.send(LINK, Class::Vote, vec![byte; 40]);
        }
        let mut arrived = Vec::new();
        let (_, chunk) = left.poll_transmit().unwrap();
        arrived.extend(take(&mut right, &chunk));
        left.drop_stale(|message| message[0] != 3);
        arrived.extend(carry(&mut left, &mut right));
        let order: Vec<u8> = arrived.iter().map(|(_, message)| message[0]).collect();
        assert_eq!(order, [1, 3]);
        assert_eq!(left.queued_bytes(), 0);
    }

    #[test]
    fn a_full_queue_drops_and_counts_instead_of_growing() {
        let (mut left, _) = pair(185);
        for i in 0..200_u32 {
            let mut message = vec![0; 4096];
            message[..4].copy_from_slice(&i.to_le_bytes());
            left.send(LINK, Class::Bulk, message);
        }
        assert!(left.queued_bytes() <= link::QUEUE_BYTES_MAX);
        assert!(left.dropped() > 0);
    }
}
