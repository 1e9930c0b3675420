//! Who connects to whom, in its simplest form: dial what is discovered, shake hands, keep one link per pair.

use std::collections::BTreeMap;
use std::time::Duration;

use super::io::Handle;
use crate::crypto::{Digest, Seat, SeatSet};
use crate::mesh::{LinkId, Role};
use crate::time::{Instant, earliest};

/// Weaker than this is not worth a link.
const RSSI_MIN: i8 = -90;
/// Dials start this much later at most, so that both ends seldom dial at once.
const DIAL_JITTER: Duration = Duration::from_millis(300);
/// A dial that has not come up by then has failed.
const DIAL_TIMEOUT: Duration = Duration::from_secs(8);
/// A link that is not secured by then carries nothing for us: it is closed, and the pair may try again.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(4);
/// Most strangers that this phone shakes hands with at a time; others wait.
const PENDING_MAX: usize = 2;
/// A stranger that takes longer makes room for one that waits.
const PENDING_SHARE: Duration = Duration::from_secs(1);
/// Most phones in the list of those to dial.
const HANDLES_MAX: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Neighbour {
    role: Role,
    seat: Option<Seat>,
    /// When it is given up if it is not secured by then; unset once it is being closed.
    secured_by: Option<Instant>,
    hail: Hail,
}

/// How far a stranger has come with this phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hail {
    /// Not hailed, or no stranger any more.
    None,
    /// It waits for its turn.
    Waits,
    /// It was answered at this time.
    Answered(Instant),
}

/// The links of this phone and the phones it may still dial.
#[derive(Debug)]
pub(super) struct Neighbours {
    links: BTreeMap<LinkId, Neighbour>,
    waiting: BTreeMap<Handle, Instant>,
    /// One dial at a time, as Android has it.
    dialling: Option<(Handle, Instant)>,
    /// Which handle a link of ours was dialled by, so that it is not dialled again.
    dialled: BTreeMap<LinkId, Handle>,
    /// Whose phone a handle turned out to be, so that a seat with a link is not dialled a second time.
    seats: BTreeMap<Handle, Seat>,
    seed: Digest,
    draws: u64,
    links_max: usize,
}

/// What to do about a link that has just been secured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The first link to that seat, or the better one: serve it.
    Serve,
    /// A link to that seat is better; ours to close if we are its central, the other end's otherwise.
    Redundant,
}

impl Neighbours {
    pub(super) const fn new(seed: Digest, links_max: usize) -> Self {
        Self {
            links: BTreeMap::new(),
            waiting: BTreeMap::new(),
            dialling: None,
            dialled: BTreeMap::new(),
            seats: BTreeMap::new(),
            seed,
            draws: 0,
            links_max,
        }
    }

    pub(super) fn on_discovered(&mut self, now: Instant, handle: Handle, rssi: i8) {
        let linked = self
            .seats
            .get(&handle)
            .is_some_and(|seat| self.has_link_to(*seat));
        let known = linked
            || self.waiting.contains_key(&handle)
            || self.dialled.values().any(|dialled| *dialled == handle)
            || self
                .dialling
                .is_some_and(|(dialling, _)| dialling == handle);
        if !known && rssi >= RSSI_MIN && self.waiting.len() < HANDLES_MAX {
            let at = now.after(self.jitter());
            self.waiting.insert(handle, at);
        }
    }

    /// The next phone to dial, if none is being dialled and there is room for a link.
    pub(super) fn poll_dial(&mut self, now: Instant) -> Option<Handle> {
        if self.dialling.is_some_and(|(_, deadline)| deadline <= now) {
            self.on_dial_failed(now);
        }
        if self.dialling.is_some() || self.links.len() >= self.links_max {
            return None;
        }
        let linked = |handle: &Handle| {
            self.seats
                .get(handle)
                .is_some_and(|seat| self.has_link_to(*seat))
        };
        let gone: Vec<Handle> = self
            .waiting
            .keys()
            .filter(|handle| linked(handle))
            .copied()
            .collect();
        gone.iter().for_each(|handle| {
            self.waiting.remove(handle);
        });
        let (handle, _) = self.waiting.iter().find(|(_, at)| **at <= now)?;
        let handle = *handle;
        self.waiting.remove(&handle);
        self.dialling = Some((handle, now.after(DIAL_TIMEOUT)));
        Some(handle)
    }

    pub(super) fn on_dial_failed(&mut self, now: Instant) {
        if let Some((handle, _)) = self.dialling.take() {
            let at = now.after(self.jitter() + Duration::from_secs(1));
            self.waiting.insert(handle, at);
        }
    }

    pub(super) fn on_link_up(&mut self, now: Instant, link: LinkId, role: Role) {
        if role == Role::Central
            && let Some((handle, _)) = self.dialling.take()
        {
            self.dialled.insert(link, handle);
        }
        self.links.insert(
            link,
            Neighbour {
                role,
                seat: None,
                secured_by: Some(now.after(HANDSHAKE_TIMEOUT)),
                hail: Hail::None,
            },
        );
    }

    /// Somebody wants to shake hands on this link.
    pub(super) fn on_hail(&mut self, link: LinkId) {
        if let Some(neighbour) = self.links.get_mut(&link) {
            neighbour.hail = Hail::Waits;
        }
    }

    /// The next stranger whose turn has come.
    pub(super) fn poll_hail(&mut self, now: Instant) -> Option<LinkId> {
        if self.pending().count() >= PENDING_MAX {
            return None;
        }
        let (link, neighbour) = self.waiting_strangers().next()?;
        neighbour.hail = Hail::Answered(now);
        Some(link)
    }

    fn waiting_strangers(&mut self) -> impl Iterator<Item = (LinkId, &mut Neighbour)> {
        let links = self.links.iter_mut();
        let waits = |neighbour: &Neighbour| neighbour.hail == Hail::Waits;
        links
            .filter(move |(_, neighbour)| waits(neighbour) && neighbour.secured_by.is_some())
            .map(|(link, neighbour)| (*link, neighbour))
    }

    /// The strangers that have been answered and have not proven anything yet.
    fn pending(&self) -> impl Iterator<Item = (LinkId, Instant)> {
        self.links.iter().filter_map(|(link, neighbour)| {
            let Hail::Answered(at) = neighbour.hail else {
                return None;
            };
            let pending = neighbour.seat.is_none() && neighbour.secured_by.is_some();
            pending.then_some((*link, at))
        })
    }

    /// The next link that has not been secured in time.
    pub(super) fn poll_late(&mut self, now: Instant) -> Option<LinkId> {
        let mut late = self.late_at().filter(|(_, at)| *at <= now);
        let (link, _) = late.next()?;
        drop(late);
        self.links.get_mut(&link)?.secured_by = None;
        Some(link)
    }

    /// When each stranger's time is over. With others waiting, that is sooner for those that hold them up.
    fn late_at(&self) -> impl Iterator<Item = (LinkId, Instant)> {
        let waits =
            |neighbour: &Neighbour| neighbour.hail == Hail::Waits && neighbour.secured_by.is_some();
        let others_wait = self.links.values().any(waits);
        let held_up = others_wait && self.pending().count() >= PENDING_MAX;
        self.links.iter().filter_map(move |(link, neighbour)| {
            let at = neighbour.secured_by.filter(|_| neighbour.seat.is_none())?;
            match neighbour.hail {
                Hail::Answered(since) if held_up => {
                    Some((*link, at.min(since.after(PENDING_SHARE))))
                }
                _ => Some((*link, at)),
            }
        })
    }

    /// Forgets a link; gives the seat at its other end.
    pub(super) fn on_link_down(&mut self, link: LinkId) -> Option<Seat> {
        self.dialled.remove(&link);
        self.links.remove(&link)?.seat
    }

    /// The other end of a link has proven its seat. Of two links between a pair the one whose central has the
    /// lower seat stays, the older of two such; both ends come to the same verdict without talking.
    pub(super) fn on_secured(&mut self, link: LinkId, own: Seat, seat: Seat) -> Verdict {
        let rank = |id: LinkId, role: Role| {
            let central = if role == Role::Central { own } else { seat };
            (central, id)
        };
        let Some(neighbour) = self.links.get(&link) else {
            return Verdict::Redundant;
        };
        let mine = rank(link, neighbour.role);
        let better = self.links.iter().any(|(other, neighbour)| {
            *other != link && neighbour.seat == Some(seat) && rank(*other, neighbour.role) < mine
        });
        if let Some(neighbour) = self.links.get_mut(&link) {
            neighbour.seat = Some(seat);
        }
        if let Some(handle) = self.dialled.get(&link)
            && self.seats.len() < HANDLES_MAX
        {
            self.seats.insert(*handle, seat);
        }
        if better {
            Verdict::Redundant
        } else {
            Verdict::Serve
        }
    }

    /// Links to the same seat that a better one replaces and that are ours to close.
    pub(super) fn redundant_to(&self, link: LinkId, seat: Seat) -> Vec<LinkId> {
        let others = self.links.iter().filter(|(other, neighbour)| {
            **other != link && neighbour.seat == Some(seat) && neighbour.role == Role::Central
        });
        others.map(|(other, _)| *other).collect()
    }

    fn has_link_to(&self, seat: Seat) -> bool {
        self.links
            .values()
            .any(|neighbour| neighbour.seat == Some(seat))
    }

    pub(super) fn seat(&self, link: LinkId) -> Option<Seat> {
        self.links.get(&link)?.seat
    }

    pub(super) fn role(&self, link: LinkId) -> Option<Role> {
        self.links.get(&link).map(|neighbour| neighbour.role)
    }

    /// The links that messages are flooded over.
    pub(super) fn secured(&self) -> impl Iterator<Item = LinkId> {
        self.served().map(|(link, _)| link)
    }

    /// The seats that this phone has links to.
    pub(super) fn seats(&self) -> SeatSet {
        self.served().map(|(_, seat)| seat).collect()
    }

    fn served(&self) -> impl Iterator<Item = (LinkId, Seat)> {
        self.links
            .iter()
            .filter_map(|(link, neighbour)| neighbour.seat.map(|seat| (*link, seat)))
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    /// Everything that is up or on its way, for when the radio goes off.
    pub(super) fn clear(&mut self) -> Vec<LinkId> {
        self.waiting.clear();
        self.dialling = None;
        self.links.keys().copied().collect()
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        let deadline = self.dialling.map(|(_, deadline)| deadline);
        let free = self.dialling.is_none() && self.links.len() < self.links_max;
        let waiting = self.waiting.values().min().copied().filter(|_| free);
        let late = self.late_at().map(|(_, at)| at).min();
        earliest(earliest(deadline, waiting), late)
    }

    fn jitter(&mut self) -> Duration {
        self.draws += 1;
        let draw = Digest::of(
            "bitcraps/jitter/v1",
            &[&self.seed.0, &self.draws.to_le_bytes()],
        );
        let [low, high, ..] = draw.0;
        let span = u64::from(u16::from_le_bytes([low, high]));
        Duration::from_millis(span * crate::time::millis(DIAL_JITTER) / u64::from(u16::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbours() -> Neighbours {
        Neighbours::new(Digest([1; 32]), 6)
    }

    #[test]
    fn of_two_links_between_a_pair_both_ends_keep_the_same_one() {
        // Seats 2 and 5 dialled each other: link 10 with 2 as central, link 11 with 5 as central.
        for order in [[10, 11], [11, 10]] {
            let (mut two, mut five) = (neighbours(), neighbours());
            for id in order {
                let central_is_two = id == 10;
                let role = |is_central| {
                    if is_central {
                        Role::Central
                    } else {
                        Role::Peripheral
                    }
                };
                two.on_link_up(Instant(0), LinkId(id), role(central_is_two));
                five.on_link_up(Instant(0), LinkId(id), role(!central_is_two));
            }
            for id in order {
                two.on_secured(LinkId(id), Seat(2), Seat(5));
                five.on_secured(LinkId(id), Seat(5), Seat(2));
            }
            assert_eq!(two.on_secured(LinkId(10), Seat(2), Seat(5)), Verdict::Serve);
            assert_eq!(
                five.on_secured(LinkId(10), Seat(5), Seat(2)),
                Verdict::Serve
            );
            assert_eq!(
                two.on_secured(LinkId(11), Seat(2), Seat(5)),
                Verdict::Redundant
            );
            assert_eq!(
                five.redundant_to(LinkId(10), Seat(2)),
                [LinkId(11)],
                "its central closes it"
            );
        }
    }

    #[test]
    fn one_phone_is_dialled_at_a_time_and_a_failed_dial_is_tried_again() {
        let mut n = neighbours();
        n.on_discovered(Instant(0), Handle(1), -50);
        n.on_discovered(Instant(0), Handle(2), -50);
        n.on_discovered(Instant(0), Handle(3), -95);
        let soon = Instant(300);
        let first = n.poll_dial(soon).unwrap();
        assert_eq!(n.poll_dial(soon), None);
        n.on_dial_failed(soon);
        let later = Instant(5_000);
        let mut dialled = vec![n.poll_dial(later).unwrap()];
        n.on_link_up(Instant(0), LinkId(1), Role::Central);
        dialled.push(n.poll_dial(later).unwrap());
        dialled.sort();
        assert_eq!(dialled, [Handle(1), Handle(2)], "the third is too far away");
        assert!(dialled.contains(&first));
    }

    #[test]
    fn a_link_that_is_not_secured_in_time_is_given_up_once() {
        let mut n = neighbours();
        n.on_link_up(Instant(0), LinkId(1), Role::Peripheral);
        n.on_link_up(Instant(0), LinkId(2), Role::Central);
        n.on_secured(LinkId(2), Seat(0), Seat(1));
        assert_eq!(n.next_wake(), Some(Instant(4_000)));
        assert_eq!(n.poll_late(Instant(3_999)), None);
        assert_eq!(n.poll_late(Instant(4_000)), Some(LinkId(1)));
        assert_eq!(n.poll_late(Instant(4_000)), None);
        assert_eq!(n.next_wake(), None);
    }

    #[test]
    fn two_strangers_at_a_time_are_answered_and_slow_ones_make_room() {
        let mut n = neighbours();
        for link in 1..=4 {
            n.on_link_up(Instant(0), LinkId(link), Role::Peripheral);
            n.on_hail(LinkId(link));
        }
        assert_eq!(n.poll_hail(Instant(0)), Some(LinkId(1)));
        assert_eq!(n.poll_hail(Instant(0)), Some(LinkId(2)));
        assert_eq!(n.poll_hail(Instant(0)), None);
        n.on_secured(LinkId(2), Seat(0), Seat(1));
        assert_eq!(n.poll_hail(Instant(500)), Some(LinkId(3)));
        assert_eq!(n.poll_late(Instant(999)), None);
        assert_eq!(n.poll_late(Instant(1_000)), Some(LinkId(1)), "4 waits");
        assert_eq!(n.poll_hail(Instant(1_000)), Some(LinkId(4)));
        assert_eq!(n.poll_late(Instant(1_500)), None, "nobody waits");
        assert_eq!(n.poll_late(Instant(4_000)), Some(LinkId(3)));
    }

    #[test]
    fn a_full_phone_dials_nobody() {
        let mut n = Neighbours::new(Digest([1; 32]), 1);
        n.on_link_up(Instant(0), LinkId(1), Role::Peripheral);
        n.on_discovered(Instant(0), Handle(1), -50);
        assert_eq!(n.poll_dial(Instant(10_000)), None);
        n.on_secured(LinkId(1), Seat(0), Seat(1));
        assert_eq!(n.next_wake(), None, "and does not wake up for it");
        n.on_link_down(LinkId(1));
        assert_eq!(n.poll_dial(Instant(10_000)), Some(Handle(1)));
    }
}
