//! Messages over lossy-looking links: cut to the link's MTU, put together again, flooded once.
//!
//! A link is ordered and reliable while it is up (BLE repeats lost packets itself), and may vanish at any moment.
//! What was lost with it is asked for again above. Imports `wire`, `time`, `crypto`.

mod chunk;
mod hello;
mod link;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use chunk::{CHUNK_HEADER_BYTES, ChunkError, MTU_MAX, MTU_MIN};
pub use hello::{Hello, Links};
use link::Link;

use crate::crypto::Digest;

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
    /// Votes, view-changes, new-views, and the hello in front of them.
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

/// The links of one phone.
#[derive(Default, Debug)]
pub struct Mesh {
    links: BTreeMap<LinkId, Link>,
    /// Messages that did not fit into a full queue.
    dropped: u64,
}

impl Mesh {
    /// A link is up. `mtu` is the ATT MTU and is taken as at least 23 and at most 517.
    pub fn link_up(&mut self, link: LinkId, mtu: u16) -> bool {
        if self.links.len() >= LINKS_MAX {
            return false;
        }
        self.links.insert(link, Link::new(mtu));
        true
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

    /// Takes one chunk in; gives the message that it completes.
    ///
    /// # Errors
    /// [`ChunkError`] if it does not continue what came before. The message it belonged to is dropped.
    pub fn receive(
        &mut self,
        link: LinkId,
        chunk: &[u8],
    ) -> Result<Option<(Class, Vec<u8>)>, ChunkError> {
        let link = self.links.get_mut(&link).ok_or(ChunkError::UnknownLink)?;
        let Some((class, message)) = link.receive(chunk)? else {
            return Ok(None);
        };
        link.note_seen(fingerprint(&message));
        Ok(Some((class, message)))
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

    /// The next chunk that may be handed to the OS.
    pub fn poll_transmit(&mut self) -> Option<(LinkId, Vec<u8>)> {
        self.links
            .iter_mut()
            .find_map(|(id, link)| link.poll_chunk().map(|chunk| (*id, chunk)))
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

    const LINK: LinkId = LinkId(1);

    /// Two meshes joined by one link, everything delivered in order.
    fn carry(from: &mut Mesh, to: &mut Mesh) -> Vec<(Class, Vec<u8>)> {
        let mut arrived = Vec::new();
        while let Some((_, chunk)) = from.poll_transmit() {
            arrived.extend(to.receive(LINK, &chunk).unwrap());
            from.writable(LINK);
        }
        arrived
    }

    fn pair(mtu: u16) -> (Mesh, Mesh) {
        let (mut left, mut right) = (Mesh::default(), Mesh::default());
        assert!(left.link_up(LINK, mtu) && right.link_up(LINK, mtu));
        (left, right)
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
        arrived.extend(right.receive(LINK, &first).unwrap());
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
        assert!(right.receive(LINK, &chunk).unwrap().is_some());
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
        arrived.extend(right.receive(LINK, &chunk).unwrap());
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
        arrived.extend(right.receive(LINK, &chunk).unwrap());
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
