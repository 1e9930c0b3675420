//! What a neighbour is known to have.

use std::collections::VecDeque;

use crate::consensus::limits::WINDOW;
use crate::crypto::{Seat, SeatSet};
use crate::mesh::{Have, Short, short};
use crate::wire::{Decode, Header, Kind, Reader, widen_u8, widen_u16};

/// Most messages other than votes that are remembered of a neighbour.
const OTHERS_MAX: usize = 128;
/// A vote's length: header, seat, tag, signature.
const VOTE_BYTES: usize = 75;

/// Where this phone is: what low bits of numbers are widened by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) view: u64,
    /// The last slot delivered.
    pub(super) delivered: u64,
    /// The first roll not settled.
    pub(super) roll: u64,
}

/// What a message is to whoever passes it on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Name {
    Vote {
        view: u64,
        sequence: u64,
        commit: bool,
        signer: Seat,
    },
    /// A share of a roll.
    Share {
        roll: u64,
        signer: Seat,
    },
    Request {
        player: u8,
        number: u64,
        short: Short,
    },
    Other(Short),
}

impl Name {
    /// The name of a message, as seen from this place.
    pub(super) fn of(bytes: &[u8], place: Place) -> Self {
        let other = || Self::Other(short(bytes));
        let Ok(header) = Header::decode(&mut Reader::new(bytes)) else {
            return other();
        };
        let player = bytes.get(6).copied().unwrap_or(u8::MAX);
        match header.kind {
            Kind::Prepare | Kind::Commit if bytes.len() == VOTE_BYTES => Self::Vote {
                view: widen_u8(header.view, place.view),
                sequence: widen_u16(header.sequence, place.delivered),
                commit: header.kind == Kind::Commit,
                signer: Seat(player),
            },
            Kind::Share => Self::Share {
                roll: widen_u16(header.sequence, place.roll),
                signer: Seat(player),
            },
            Kind::Request => {
                let number = bytes.get(7..15).and_then(|bytes| bytes.try_into().ok());
                Self::Request {
                    player,
                    number: number.map_or(0, u64::from_le_bytes),
                    short: short(bytes),
                }
            }
            _ => other(),
        }
    }

    /// Whether a neighbour that turns out to have this may turn out to have the other thereby: a commit speaks for the
    /// prepares of its slot, and a share for all of the rolls before.
    pub(super) fn may_tell_of(self, other: Self) -> bool {
        match (self, other) {
            (Self::Vote { sequence, .. }, Self::Vote { sequence: of, .. }) => sequence == of,
            (Self::Share { .. }, Self::Share { .. }) => true,
            _ => self.short().is_some() && self.short() == other.short(),
        }
    }

    const fn short(self) -> Option<Short> {
        match self {
            Self::Request { short, .. } | Self::Other(short) => Some(short),
            Self::Vote { .. } | Self::Share { .. } => None,
        }
    }

    /// Whether only the last few of these are remembered of a neighbour: of votes and shares all that still matter are.
    pub(super) const fn is_remembered_briefly(self) -> bool {
        matches!(self, Self::Request { .. } | Self::Other(_))
    }
}

/// One neighbour.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) seat: Seat,
    view: u64,
    /// The highest slot that it has delivered.
    pub(super) delivered: u64,
    /// Prepares and commits by slot, of a few slots in no order.
    votes: Vec<(u64, [SeatSet; 2])>,
    /// The first roll that it has not settled, and the shares that it has of it.
    pub(super) roll: u64,
    shares: SeatSet,
    others: VecDeque<Short>,
}

impl Known {
    pub(super) fn new(seat: Seat) -> Self {
        Self {
            seat,
            view: 0,
            delivered: 0,
            votes: Vec::new(),
            roll: 0,
            shares: SeatSet::default(),
            others: VecDeque::new(),
        }
    }

    /// It has sent this itself. Its own commit says that it has all the prepares it wants.
    pub(super) fn sent(&mut self, name: Name, place: Place) {
        match name {
            Name::Vote {
                view,
                sequence,
                commit,
                signer,
            } => {
                let seats = if commit && signer == self.seat {
                    [SeatSet::ALL, one(signer)]
                } else if commit {
                    [SeatSet::default(), one(signer)]
                } else {
                    [one(signer), SeatSet::default()]
                };
                self.add_votes(view, sequence, place.delivered, seats);
            }
            Name::Share { roll, signer } => self.add_shares(roll, place, one(signer)),
            Name::Request { short, .. } | Name::Other(short) => self.add_other(short),
        }
    }

    /// It has said what it has.
    pub(super) fn told(&mut self, have: &Have, place: Place) {
        let (view, delivered) = (place.view, place.delivered);
        let next = widen_u16(have.next, delivered);
        self.delivered = self.delivered.max(next.saturating_sub(1));
        let of_view = widen_u8(have.view, view);
        for (sequence, seats) in (next..).zip(&have.slots) {
            self.add_votes(of_view, sequence, delivered, *seats);
        }
        self.add_shares(widen_u16(have.roll, place.roll), place, have.shares);
        have.others.iter().for_each(|short| self.add_other(*short));
    }

    /// The prepares that it has of a slot.
    pub(super) fn prepares(&self, view: u64, sequence: u64) -> SeatSet {
        let votes = self.votes_of(view, sequence);
        votes.map_or_else(SeatSet::default, |[prepares, _]| prepares)
    }

    fn votes_of(&self, view: u64, sequence: u64) -> Option<[SeatSet; 2]> {
        let mut votes = self.votes.iter().filter(|_| view == self.view);
        let (_, votes) = votes.find(|(of, _)| *of == sequence)?;
        Some(*votes)
    }

    fn add_votes(&mut self, view: u64, sequence: u64, delivered: u64, seats: [SeatSet; 2]) {
        if view > self.view {
            self.view = view;
            self.votes.clear();
        }
        // Names of slots far away are not worth a place, whoever makes them up.
        let near = delivered.saturating_sub(WINDOW)..=delivered.saturating_add(2 * WINDOW);
        if view != self.view || !near.contains(&sequence) {
            return;
        }
        match self.votes.iter_mut().find(|(of, _)| *of == sequence) {
            Some((_, known)) => {
                for (known, more) in known.iter_mut().zip(seats) {
                    *known = known.union(more);
                }
            }
            None => self.votes.push((sequence, seats)),
        }
        let first = delivered.saturating_sub(WINDOW);
        self.votes.retain(|(sequence, _)| *sequence >= first);
    }

    /// The shares that it has of a roll.
    pub(super) fn shares(&self, roll: u64) -> SeatSet {
        if roll == self.roll {
            self.shares
        } else {
            SeatSet::default()
        }
    }

    fn add_shares(&mut self, roll: u64, place: Place, shares: SeatSet) {
        // Two rolls ahead is where nobody can be, whoever makes it up.
        if roll > place.roll.saturating_add(1) || roll < self.roll {
            return;
        }
        if roll > self.roll {
            self.roll = roll;
            self.shares = SeatSet::default();
        }
        self.shares = self.shares.union(shares);
    }

    fn add_other(&mut self, short: Short) {
        if self.others.contains(&short) {
            return;
        }
        if self.others.len() >= OTHERS_MAX {
            self.others.pop_front();
        }
        self.others.push_back(short);
    }

    /// Whether it would refuse what is of use at this slot: it is so far behind, by its own word, that it can only use
    /// what it asks for. Without what it cannot use that comes sooner.
    pub(super) fn is_behind(&self, slot: Option<u64>) -> bool {
        slot.is_some_and(|slot| self.cannot_reach(slot))
    }

    /// Whether a slot lies above its window, by its own word of where it is.
    pub(super) const fn cannot_reach(&self, sequence: u64) -> bool {
        self.delivered > 0 && sequence > self.delivered.saturating_add(WINDOW)
    }

    /// Whether it needs this no more.
    pub(super) fn has(&self, name: Name) -> bool {
        match name {
            Name::Vote {
                view,
                sequence,
                commit,
                signer,
            } => {
                let has = |seats: [SeatSet; 2]| seats[usize::from(commit)].contains(signer);
                sequence <= self.delivered || self.votes_of(view, sequence).is_some_and(has)
            }
            Name::Share { roll, signer } => roll < self.roll || self.shares(roll).contains(signer),
            Name::Request { short, .. } | Name::Other(short) => self.others.contains(&short),
        }
    }
}

/// The slot that whoever can use a message must be able to reach, if it matters for that where they are.
pub(super) fn slot_of(bytes: &[u8], place: Place) -> Option<u64> {
    let header = Header::decode(&mut Reader::new(bytes)).ok()?;
    match header.kind {
        Kind::PrePrepare | Kind::Prepare | Kind::Commit => {
            Some(widen_u16(header.sequence, place.delivered))
        }
        Kind::Request | Kind::Share | Kind::Decided => Some(place.delivered),
        _ => None,
    }
}

fn one(seat: Seat) -> SeatSet {
    std::iter::once(seat).collect()
}
