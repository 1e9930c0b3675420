//! The links of this phone: who is at the other end, which ones are kept, and which are missing.
//!
//! Planned links come first, by place in the roster. While one is missing, others stand in for it, and go once it is
//! there. Of two links between a pair the one whose central dials first by the draw is kept; its central closes the
//! other. A link over which nothing comes back is closed, whatever the system says about it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::dialler::{Dialler, Watchdog, Wish};
use super::io::Handle;
use super::links::{QUIET_BUSY, QUIET_IDLE};
use super::plan::Plan;
use crate::crypto::{Digest, PublicKey, Roster, Seat, SeatSet};
use crate::mesh::{LinkId, Role};
use crate::time::{Instant, earliest};

/// A link that is not secured by then carries nothing for us: it is closed, and the pair may try again.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(4);
/// Most strangers that this phone shakes hands with at a time; others wait.
const PENDING_MAX: usize = 2;
/// A stranger that takes longer makes room for one that waits.
const PENDING_SHARE: Duration = Duration::from_secs(1);
/// A planned link that is missing for so long may be stood in for by a phone that is known not to be planned.
const SUBSTITUTE_AFTER: Duration = Duration::from_secs(10);
/// Links that a phone without a place in the roster is content with.
const UNPLANNED_TARGET: usize = 3;
/// So many questions without an answer, and a link is dead.
const PINGS_MAX: u8 = 3;
/// Chunks and messages without sense that are taken from a neighbour in a row, and one more each second.
const OFFENCES_MAX: u32 = 64;
/// For so long a neighbour that sent more than that is not let in again.
const BAN: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
struct Neighbour {
    role: Role,
    seat: Option<Seat>,
    /// Whom it has links to, by its own word.
    linked: SeatSet,
    /// When it is given up if it is not secured by then; unset once it is being closed.
    secured_by: Option<Instant>,
    hail: Hail,
    /// When something came last, when something was asked last, and how often since then.
    heard: Instant,
    asked: Instant,
    pings: u8,
    /// What is left of [`OFFENCES_MAX`], and since when.
    allowance: u32,
    offended: Instant,
    is_closing: bool,
    /// Its closing has been ordered.
    is_given_up: bool,
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
    plan: Plan,
    dialler: Dialler,
    watchdog: Watchdog,
    /// Since when a planned link has been missing.
    lacking_since: Option<Instant>,
    /// Who is not let in, and until when.
    banned: BTreeMap<Seat, Instant>,
    is_on: bool,
    links_max: usize,
}

/// What to do about a link that has just been secured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The first link to that seat, or the better one: serve it.
    Serve,
    /// A link to that seat is better; ours to close if we are its central, the other end's otherwise.
    Redundant,
    /// That seat is not let in now, or the link is being closed.
    Banned,
}

/// What a quiet link needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Quiet {
    /// Ask whether anybody is there.
    Ask(LinkId),
    /// Nobody is.
    Dead(LinkId),
}

/// How long a link may be quiet.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Patience {
    /// Since when something has been waiting to be decided.
    pub(super) busy_since: Option<Instant>,
}

impl Patience {
    /// When a link on which something last happened at `at` has been quiet for too long.
    fn over_at(self, at: Instant) -> Instant {
        let idle = at.after(QUIET_IDLE);
        self.busy_since
            .map_or(idle, |since| idle.min(at.max(since).after(QUIET_BUSY)))
    }
}

impl Neighbours {
    pub(super) const fn new(seed: Digest, links_max: usize, plan: Plan) -> Self {
        Self {
            links: BTreeMap::new(),
            plan,
            dialler: Dialler::new(seed),
            watchdog: Watchdog::new(),
            lacking_since: None,
            banned: BTreeMap::new(),
            is_on: false,
            links_max,
        }
    }

    /// The roster may have changed.
    pub(super) fn replan(&mut self, own: &PublicKey, roster: &Roster) {
        self.plan = Plan::new(own, roster, self.links_max);
    }

    // ------------------------------------------------------------------ dialling

    pub(super) fn on_discovered(&mut self, now: Instant, handle: Handle, rssi: i8) {
        self.watchdog.calm();
        let first = |seat| self.plan.dials.contains(seat);
        self.dialler.on_discovered(now, handle, rssi, first);
    }

    pub(super) fn on_dial_failed(&mut self, now: Instant) {
        self.dialler.on_failed(now);
    }

    /// Who is not let in, and until when.
    fn banned_at(&self, now: Instant) -> impl Iterator<Item = (Seat, Instant)> {
        let banned = self.banned.iter().map(|(seat, until)| (*seat, *until));
        banned.filter(move |(_, until)| *until > now)
    }

    /// The next phone to dial, if none is being dialled and a link is missing.
    pub(super) fn poll_dial(&mut self, now: Instant) -> Option<Handle> {
        if !self.is_lacking() {
            self.lacking_since = None;
        } else if self.lacking_since.is_none() {
            self.lacking_since = Some(now);
        }
        let wishes = Wishes::of(self, now);
        self.dialler.poll(now, |seat| wishes.wish(seat))
    }

    /// Whether to start scanning and advertising again, because nothing comes of them.
    pub(super) fn poll_rescan(&mut self, now: Instant) -> bool {
        let lonely = self.is_on && self.links.is_empty();
        self.watchdog.poll(now, lonely)
    }

    fn is_lacking(&self) -> bool {
        if self.plan.seats.is_empty() {
            return self.served().count() < UNPLANNED_TARGET;
        }
        let linked = self.seats();
        self.plan.seats.iter().any(|seat| !linked.contains(seat))
    }

    fn target(&self) -> usize {
        match self.plan.seats.len() {
            0 => UNPLANNED_TARGET,
            planned => planned,
        }
    }

    // ------------------------------------------------------------------ links come and go

    pub(super) fn on_link_up(&mut self, now: Instant, link: LinkId, role: Role) {
        self.watchdog.calm();
        if role == Role::Central {
            self.dialler.on_link_up(link);
        }
        self.adopt(now, link, role);
    }

    /// A link that is up already comes to the table.
    pub(super) fn adopt(&mut self, now: Instant, link: LinkId, role: Role) {
        let neighbour = Neighbour {
            role,
            seat: None,
            linked: SeatSet::default(),
            secured_by: Some(now.after(HANDSHAKE_TIMEOUT)),
            hail: Hail::None,
            heard: now,
            asked: now,
            pings: 0,
            allowance: OFFENCES_MAX,
            offended: now,
            is_closing: false,
            is_given_up: false,
        };
        self.links.insert(link, neighbour);
    }

    /// A link that is not a neighbour's after all: it stays up, and the phone behind it is not dialled while it does.
    pub(super) fn hand_over(&mut self, link: LinkId) {
        self.links.remove(&link);
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
        let mut waiting = self.links.iter_mut().filter(|(_, n)| n.waits());
        let (link, neighbour) = waiting.next()?;
        neighbour.hail = Hail::Answered(now);
        Some(*link)
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
        let late = self.late_at().find(|(_, at)| *at <= now);
        let (link, _) = late?;
        self.links.get_mut(&link)?.secured_by = None;
        Some(link)
    }

    /// When each stranger's time is over. With others waiting, that is sooner for those that hold them up.
    fn late_at(&self) -> impl Iterator<Item = (LinkId, Instant)> {
        let others_wait = self.links.values().any(Neighbour::waits);
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

    /// A link is closed because it carries nothing for us; gives whether that is news. Of a guest's it always is.
    pub(super) fn give_up(&mut self, link: LinkId) -> bool {
        let Some(neighbour) = self.links.get_mut(&link) else {
            return true;
        };
        neighbour.secured_by = None;
        !std::mem::replace(&mut neighbour.is_given_up, true)
    }

    /// Forgets a link; gives the seat at its other end.
    pub(super) fn on_link_down(&mut self, now: Instant, link: LinkId) -> Option<Seat> {
        let neighbour = self.links.remove(&link);
        let seat = neighbour.and_then(|neighbour| neighbour.seat);
        let lost = seat.map(|seat| (seat, self.plan.dials.contains(seat)));
        self.dialler.on_link_down(now, link, lost);
        seat
    }

    /// The other end of a link has proven its seat. Of two links between a pair the one stays whose central is the one
    /// that dials first, and of two such the newer: whoever dials again has lost the older. Both ends come to the same
    /// verdict without talking.
    pub(super) fn on_secured(&mut self, now: Instant, link: LinkId, seat: Seat) -> Verdict {
        self.banned.retain(|_, until| *until > now);
        let Some(neighbour) = self.links.get(&link).copied() else {
            return Verdict::Redundant;
        };
        if neighbour.is_given_up || self.banned.contains_key(&seat) {
            return Verdict::Banned;
        }
        let mine = self.rank(link, neighbour.role, seat);
        let better = self.links.iter().any(|(other, neighbour)| {
            *other != link
                && neighbour.seat == Some(seat)
                && !neighbour.is_closing
                && self.rank(*other, neighbour.role, seat) < mine
        });
        if let Some(neighbour) = self.links.get_mut(&link) {
            neighbour.seat = Some(seat);
            neighbour.heard = now;
        }
        self.dialler.on_secured(link, seat);
        if better {
            self.close(link);
            Verdict::Redundant
        } else {
            Verdict::Serve
        }
    }

    fn rank(&self, link: LinkId, role: Role, seat: Seat) -> (bool, Reverse<LinkId>) {
        let by_the_draw = (role == Role::Central) == self.plan.dials.contains(seat);
        (!by_the_draw, Reverse(link))
    }

    /// Links to the same seat that a better one replaces and that are ours to close.
    pub(super) fn redundant_to(&mut self, link: LinkId, seat: Seat) -> Vec<LinkId> {
        let others = self.links.iter_mut().filter(|(other, neighbour)| {
            **other != link && neighbour.seat == Some(seat) && neighbour.role == Role::Central
        });
        others
            .map(|(other, neighbour)| {
                neighbour.is_closing = true;
                *other
            })
            .collect()
    }

    fn close(&mut self, link: LinkId) {
        if let Some(neighbour) = self.links.get_mut(&link) {
            neighbour.is_closing = neighbour.role == Role::Central;
        }
    }

    /// The next link that stands in for a planned one and is not needed any more: ours to close if we are its central
    /// and the other end has enough without us; anybody's if there are more links than a phone can hold.
    pub(super) fn poll_surplus(&mut self, now: Instant) -> Option<LinkId> {
        let (target, count) = (self.target(), self.seats().len());
        let crowded = self.links.len() > self.links_max;
        let spare = |neighbour: &Neighbour| {
            neighbour.role == Role::Central && neighbour.linked.len() > target
        };
        let surplus = self.links.iter().rev().filter(|(_, neighbour)| {
            let planned = neighbour
                .seat
                .is_none_or(|seat| self.plan.seats.contains(seat));
            let votes = neighbour
                .seat
                .is_some_and(|seat| self.plan.members.contains(seat));
            let needed = !votes || count <= target || !spare(neighbour);
            !planned && !neighbour.is_closing && (crowded || !needed)
        });
        let (link, _) = surplus.min_by_key(|(_, neighbour)| neighbour.role != Role::Central)?;
        let link = *link;
        let neighbour = self.links.get_mut(&link).filter(|_| count > 1)?;
        neighbour.is_closing = true;
        let seat = neighbour.seat;
        self.dialler.cool_down(now, link, seat);
        Some(link)
    }

    // ------------------------------------------------------------------ what passes

    /// Something came in that was sealed by the other end.
    pub(super) fn on_heard(&mut self, now: Instant, link: LinkId) {
        if let Some(neighbour) = self.links.get_mut(&link) {
            neighbour.heard = now;
            neighbour.pings = 0;
        }
    }

    /// The next link that has been quiet for too long.
    pub(super) fn poll_quiet(&mut self, now: Instant, patience: Patience) -> Option<Quiet> {
        let quiet = |n: &Neighbour| n.quiet_at(patience).is_some_and(|at| at <= now);
        let (link, neighbour) = self.links.iter_mut().find(|(_, n)| quiet(n))?;
        if neighbour.pings >= PINGS_MAX {
            neighbour.is_closing = true;
            return Some(Quiet::Dead(*link));
        }
        neighbour.pings += 1;
        neighbour.asked = now;
        Some(Quiet::Ask(*link))
    }

    /// Something without sense came in: it fits nothing, or its signature does not, which whoever passes on looks at
    /// first. Gives whether that was once too often: the link is to be closed then.
    pub(super) fn on_offence(&mut self, now: Instant, link: LinkId) -> bool {
        let is_only = self.seat(link).is_some() && self.served().all(|(served, ..)| served == link);
        let Some(neighbour) = self.links.get_mut(&link).filter(|n| !n.is_closing) else {
            return false;
        };
        let refill = now.since(neighbour.offended).as_secs();
        let allowance = u64::from(neighbour.allowance) + refill;
        neighbour.allowance =
            u32::try_from(allowance).map_or(OFFENCES_MAX, |a| a.min(OFFENCES_MAX));
        if refill > 0 {
            neighbour.offended = now;
        }
        if neighbour.allowance > 0 {
            neighbour.allowance -= 1;
            return false;
        }
        // The only working link is better than none, whatever comes over it besides.
        if is_only {
            return false;
        }
        neighbour.is_closing = true;
        let seat = neighbour.seat;
        if let Some(seat) = seat {
            self.banned.insert(seat, now.after(BAN));
        }
        self.dialler.cool_down(now, link, seat);
        true
    }

    // ------------------------------------------------------------------ questions

    /// The seat behind a link that is served.
    pub(super) fn seat(&self, link: LinkId) -> Option<Seat> {
        let neighbour = self.links.get(&link)?;
        neighbour.seat.filter(|_| !neighbour.is_cut())
    }

    pub(super) fn role(&self, link: LinkId) -> Option<Role> {
        self.links.get(&link).map(|neighbour| neighbour.role)
    }

    /// The links that messages are flooded over.
    pub(super) fn secured(&self) -> impl Iterator<Item = LinkId> {
        self.served().map(|(link, ..)| link)
    }

    /// The seats that this phone has links to.
    pub(super) fn seats(&self) -> SeatSet {
        self.served().map(|(_, seat, _)| seat).collect()
    }

    /// A phone has said whom it has links to.
    pub(super) fn on_links(&mut self, seat: Seat, linked: SeatSet) {
        let of_seat = self.links.values_mut().filter(|n| n.seat == Some(seat));
        of_seat.for_each(|neighbour| neighbour.linked = linked);
    }

    fn served(&self) -> impl Iterator<Item = (LinkId, Seat, SeatSet)> {
        self.links.iter().filter_map(|(link, neighbour)| {
            let seat = neighbour.seat.filter(|_| !neighbour.is_cut())?;
            Some((*link, seat, neighbour.linked))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    /// The radio went on or off; gives the links that go down with it.
    pub(super) fn set_on(&mut self, is_on: bool) -> Vec<LinkId> {
        self.is_on = is_on;
        self.watchdog.calm();
        if is_on {
            return Vec::new();
        }
        self.dialler.clear();
        self.links.keys().copied().collect()
    }

    /// When time alone brings something, a link that is quiet aside.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let wishes = Wishes::of(self, now);
        let dial = self.dialler.next_wake(|seat| wishes.wish(seat));
        let late = self.late_at().map(|(_, at)| at).min();
        let substitute = self
            .lacking_since
            .map(|since| since.after(SUBSTITUTE_AFTER));
        let substitute = substitute.filter(|at| *at > now);
        let pardon = self.banned_at(now).map(|(_, until)| until).min();
        let wake = earliest(earliest(dial, late), earliest(substitute, pardon));
        self.watchdog.next_wake(wake)
    }

    /// When the next link has been quiet for too long. Whatever is heard only puts that off.
    pub(super) fn quiet_wake(&self, patience: Patience) -> Option<Instant> {
        let quiet = self.links.values().filter_map(|n| n.quiet_at(patience));
        quiet.min()
    }
}

impl Neighbour {
    fn waits(&self) -> bool {
        self.hail == Hail::Waits && self.secured_by.is_some()
    }

    /// Being closed for what came over it, or for what did not. A redundant link is used until it is gone.
    const fn is_cut(&self) -> bool {
        self.is_closing && (self.allowance == 0 || self.pings >= PINGS_MAX)
    }

    fn quiet_at(&self, patience: Patience) -> Option<Instant> {
        let served = self.seat.is_some() && !self.is_closing;
        served.then(|| patience.over_at(self.heard.max(self.asked)))
    }
}

/// What each phone is worth dialling now.
#[derive(Clone, Copy)]
struct Wishes {
    planned: SeatSet,
    /// Seats that are linked, or not let in.
    no_use: SeatSet,
    /// There is room for a link; or for one more than that, since one that stands in would make room.
    may_probe: bool,
    may_stand_in: bool,
}

impl Wishes {
    fn of(neighbours: &Neighbours, now: Instant) -> Self {
        let (planned, linked) = (neighbours.plan.seats, neighbours.seats());
        let count = neighbours.links.len();
        let lacking = neighbours.lacking_since.filter(|_| neighbours.is_lacking());
        let has_room = count < neighbours.links_max;
        let stand_in = linked.iter().any(|seat| !planned.contains(seat));
        let patience = lacking.is_some_and(|since| since.after(SUBSTITUTE_AFTER) <= now);
        let may_probe = has_room || stand_in && count <= neighbours.links_max;
        Self {
            planned,
            no_use: linked
                .iter()
                .chain(neighbours.banned_at(now).map(|(seat, _)| seat))
                .collect(),
            may_probe: lacking.is_some() && may_probe,
            may_stand_in: patience && has_room && linked.len() < neighbours.target(),
        }
    }

    fn wish(self, seat: Option<Seat>) -> Option<Wish> {
        match seat {
            None => self.may_probe.then_some(Wish::Unknown),
            Some(seat) if self.no_use.contains(seat) => None,
            Some(seat) if self.planned.contains(seat) => self.may_probe.then_some(Wish::Planned),
            Some(_) => self.may_stand_in.then_some(Wish::Substitute),
        }
    }
}

#[cfg(test)]
mod tests;
