//! What leaves with the same connection event leaves as one: a pack of messages, votes that share a header as a bundle.
//!
//! A pack is `kind u8 | (length u16 | message)…`; a bundle of k votes is `kind u8 | table u16 | view u8 | sequence u16 |
//! phase u8 | tag 4 B | seats 3 B | k signatures`, 14 + 64k bytes. Neither is signed or passed on: the receiver takes
//! both apart and sees the messages as their origins made them.

use std::sync::Arc;

use crate::crypto::{SIGNATURE_BYTES, Seat, SeatSet};
use crate::wire::{Decode, DecodeError, Encode, Kind, Reader, Writer};

/// Header, seat, tag and signature.
const VOTE_BYTES: usize = 75;
/// Most messages in a pack, and so most that one record can cost its receiver, votes of bundles aside.
pub const PACK_MAX: usize = 32;
/// A message's length in a pack.
const LENGTH_BYTES: usize = 2;

/// What the votes of a bundle share: kind, table, view, sequence and tag.
type Shared = [u8; 10];

/// A vote's shared part and its seat, if the bytes are a vote.
fn as_vote(message: &[u8]) -> Option<(Shared, Seat)> {
    let is_vote = matches!(
        message.first().copied().and_then(Kind::from_u8),
        Some(Kind::Prepare | Kind::Commit)
    );
    if !is_vote || message.len() != VOTE_BYTES {
        return None;
    }
    let mut shared = [0; 10];
    shared[..6].copy_from_slice(message.get(..6)?);
    shared[6..].copy_from_slice(message.get(7..11)?);
    Some((shared, Seat(*message.get(6)?)))
}

/// Collects messages that leave together and tells how long they get.
#[derive(Default, Debug)]
pub(super) struct Packing {
    /// Bundles and single messages in the order of their first one.
    parts: Vec<Part>,
    bytes: usize,
}

#[derive(Debug)]
enum Part {
    Single(Arc<[u8]>),
    Votes(Shared, Vec<(Seat, Arc<[u8]>)>),
}

impl Part {
    fn length(&self) -> usize {
        match self {
            Self::Single(message) => message.len(),
            Self::Votes(_, votes) if votes.len() == 1 => VOTE_BYTES,
            Self::Votes(_, votes) => 14 + SIGNATURE_BYTES * votes.len(),
        }
    }
}

impl Packing {
    /// Adds a message unless that makes the pack longer than `bytes_max`; the first one always fits.
    pub(super) fn add(&mut self, message: &Arc<[u8]>, bytes_max: usize) -> bool {
        let vote = as_vote(message);
        let bundle = vote.and_then(|(shared, seat)| {
            let same = |part: &Part| match part {
                Part::Votes(other, votes) => {
                    *other == shared && votes.iter().all(|(other, _)| *other != seat)
                }
                Part::Single(_) => false,
            };
            self.parts.iter().position(same)
        });
        let more = match bundle {
            // The second vote of a bundle pays for its header.
            Some(_) => SIGNATURE_BYTES + 3,
            None => LENGTH_BYTES + message.len(),
        };
        if !self.parts.is_empty()
            && (self.length() + LENGTH_BYTES + more > bytes_max
                || (bundle.is_none() && self.parts.len() >= PACK_MAX))
        {
            return false;
        }
        match (vote, bundle) {
            (Some((_, seat)), Some(at)) => {
                if let Some(Part::Votes(_, votes)) = self.parts.get_mut(at) {
                    votes.push((seat, Arc::clone(message)));
                }
            }
            (Some((shared, seat)), None) => {
                let votes = vec![(seat, Arc::clone(message))];
                self.parts.push(Part::Votes(shared, votes));
            }
            (None, _) => self.parts.push(Part::Single(Arc::clone(message))),
        }
        self.bytes = self.parts.iter().map(Part::length).sum();
        true
    }

    /// What was added, votes of a bundle side by side.
    pub(super) fn messages(&self) -> Vec<Arc<[u8]>> {
        let mut messages = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                Part::Single(message) => messages.push(Arc::clone(message)),
                Part::Votes(_, votes) => {
                    messages.extend(votes.iter().map(|(_, vote)| Arc::clone(vote)));
                }
            }
        }
        messages
    }

    fn length(&self) -> usize {
        match self.parts.len() {
            0 | 1 => self.bytes,
            parts => 1 + parts * LENGTH_BYTES + self.bytes,
        }
    }

    /// One message as it is, one bundle, or a pack of both.
    pub(super) fn finish(self) -> Arc<[u8]> {
        let mut parts: Vec<Arc<[u8]>> = self.parts.into_iter().map(part_bytes).collect();
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let mut writer = Writer::new();
        writer.u8(Kind::Pack as u8);
        for part in parts {
            writer.bytes_u16(&part);
        }
        writer.finish().into()
    }
}

fn part_bytes(part: Part) -> Arc<[u8]> {
    let (shared, mut votes) = match part {
        Part::Single(message) => return message,
        Part::Votes(shared, votes) => (shared, votes),
    };
    if votes.len() == 1
        && let Some((_, vote)) = votes.pop()
    {
        return vote;
    }
    votes.sort_unstable_by_key(|(seat, _)| *seat);
    let mut writer = Writer::new();
    writer.u8(Kind::Votes as u8);
    writer.raw(&shared[1..6]);
    writer.u8(shared[0]);
    writer.raw(&shared[6..]);
    let seats: SeatSet = votes.iter().map(|(seat, _)| *seat).collect();
    seats.encode(&mut writer);
    for (_, vote) in &votes {
        writer.raw(vote.get(VOTE_BYTES - SIGNATURE_BYTES..).unwrap_or(&[]));
    }
    writer.finish().into()
}

/// The messages of a record: of a pack or a bundle its parts, of anything else it is the message itself.
///
/// # Errors
/// [`DecodeError`] for a pack or bundle that [`Packing`] would not have made; nothing of it counts then.
pub(super) fn unpack(record: Vec<u8>) -> Result<Vec<Vec<u8>>, DecodeError> {
    match record.first().copied().and_then(Kind::from_u8) {
        Some(Kind::Pack) => unpack_parts(record.get(1..).unwrap_or(&[])),
        Some(Kind::Votes) => unpack_votes(&record),
        _ => Ok(vec![record]),
    }
}

fn unpack_parts(bytes: &[u8]) -> Result<Vec<Vec<u8>>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let (mut messages, mut parts) = (Vec::new(), 0);
    while reader.remaining() > 0 {
        parts += 1;
        if parts > PACK_MAX {
            return Err(DecodeError::OutOfRange("pack"));
        }
        let part = reader.bytes_u16(usize::from(u16::MAX), "part")?;
        match part.first().copied().and_then(Kind::from_u8) {
            Some(Kind::Votes) => messages.extend(unpack_votes(part)?),
            Some(Kind::Pack) => return Err(DecodeError::OutOfRange("part")),
            _ if part.is_empty() => return Err(DecodeError::OutOfRange("part")),
            _ => messages.push(part.to_vec()),
        }
    }
    if parts < 2 {
        return Err(DecodeError::OutOfRange("pack"));
    }
    Ok(messages)
}

fn unpack_votes(bytes: &[u8]) -> Result<Vec<Vec<u8>>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let _kind = reader.u8()?;
    let place: [u8; 5] = reader.array()?;
    let phase = reader.u8()?;
    if !matches!(Kind::from_u8(phase), Some(Kind::Prepare | Kind::Commit)) {
        return Err(DecodeError::OutOfRange("phase"));
    }
    let tag: [u8; 4] = reader.array()?;
    let seats = SeatSet::decode(&mut reader)?;
    if seats.len() < 2 {
        return Err(DecodeError::OutOfRange("bundle"));
    }
    let mut votes = Vec::with_capacity(seats.len());
    for seat in seats.iter() {
        let signature: [u8; SIGNATURE_BYTES] = reader.array()?;
        let mut vote = Vec::with_capacity(VOTE_BYTES);
        vote.push(phase);
        vote.extend_from_slice(&place);
        vote.push(seat.0);
        vote.extend_from_slice(&tag);
        vote.extend_from_slice(&signature);
        votes.push(vote);
    }
    reader.finish()?;
    Ok(votes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(kind: Kind, sequence: u8, seat: u8) -> Arc<[u8]> {
        let mut bytes = vec![kind as u8, 1, 2, 0, sequence, 0, seat, 9, 9, 9, 9];
        bytes.resize(VOTE_BYTES, seat);
        bytes.into()
    }

    fn pack(messages: &[Arc<[u8]>]) -> Vec<u8> {
        let mut packing = Packing::default();
        for message in messages {
            assert!(packing.add(message, 4096));
        }
        packing.finish().to_vec()
    }

    #[test]
    fn a_bundle_of_votes_takes_no_more_than_13_bytes_and_65_for_each() {
        for count in 2..=18_u8 {
            let votes: Vec<_> = (0..count).rev().map(|s| vote(Kind::Commit, 7, s)).collect();
            let bytes = pack(&votes);
            assert_eq!(bytes.len(), 14 + 64 * usize::from(count));
            assert!(bytes.len() <= 13 + 65 * usize::from(count));
            let back = unpack(bytes).unwrap();
            let sent: Vec<Vec<u8>> = votes.iter().rev().map(|vote| vote.to_vec()).collect();
            assert_eq!(back, sent, "in seat order");
        }
    }

    #[test]
    fn what_does_not_share_a_header_travels_side_by_side_and_one_message_as_it_is() {
        let status: Arc<[u8]> = vec![Kind::Status as u8, 5, 5].into();
        let messages = [
            vote(Kind::Prepare, 7, 1),
            status.clone(),
            vote(Kind::Commit, 7, 1),
            vote(Kind::Prepare, 7, 0),
        ];
        let back = unpack(pack(&messages)).unwrap();
        assert_eq!(back.len(), 4);
        for message in &messages {
            assert!(back.iter().any(|other| other[..] == message[..]));
        }
        assert_eq!(pack(std::slice::from_ref(&status)), status.to_vec());
    }

    #[test]
    fn a_pack_ends_where_an_event_does_but_takes_its_first_message_whatever_its_length() {
        let mut packing = Packing::default();
        let long: Arc<[u8]> = vec![Kind::Status as u8; 600].into();
        assert!(packing.add(&long, 240));
        assert!(!packing.add(&vote(Kind::Prepare, 7, 0), 240));
        let mut packing = Packing::default();
        let taken = (0..9_u8).take_while(|s| packing.add(&vote(Kind::Prepare, 7, *s), 240));
        assert_eq!(taken.count(), 3);
        assert!(packing.finish().len() <= 240);
    }

    #[test]
    fn two_votes_of_one_seat_are_both_carried() {
        let mut other = vote(Kind::Prepare, 7, 1).to_vec();
        other[40] ^= 1;
        let messages = [vote(Kind::Prepare, 7, 1), other.into()];
        assert_eq!(unpack(pack(&messages)).unwrap().len(), 2);
    }

    #[test]
    fn packs_and_bundles_that_nobody_would_make_are_refused_whole() {
        let good = pack(&[vote(Kind::Prepare, 7, 0), vote(Kind::Prepare, 7, 1)]);
        assert!(unpack(good.clone()).is_ok());
        let refused = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            assert!(unpack(bytes).is_err());
        };
        refused(&|bytes| bytes[6] = Kind::Status as u8);
        refused(&|bytes| bytes[11] = 1);
        refused(&|bytes| bytes[11] = 7);
        refused(&|bytes| bytes.truncate(bytes.len() - 1));
        refused(&|bytes| bytes.push(0));
        let pack = |parts: &[&[u8]]| {
            let mut bytes = vec![Kind::Pack as u8];
            for part in parts {
                bytes.extend_from_slice(&u16::try_from(part.len()).unwrap().to_le_bytes());
                bytes.extend_from_slice(part);
            }
            unpack(bytes)
        };
        let status = [Kind::Status as u8, 1];
        assert_eq!(pack(&[&status, &status]).unwrap().len(), 2);
        assert!(pack(&[&status]).is_err(), "one message needs no pack");
        assert!(
            pack(&[&status, &[Kind::Pack as u8, 1, 0, 1]]).is_err(),
            "none in another"
        );
        assert!(pack(&[&status, &[]]).is_err());
        assert!(pack(&vec![&status[..]; PACK_MAX + 1]).is_err());
    }
}
