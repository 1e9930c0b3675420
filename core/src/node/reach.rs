//! Whom this phone reaches: its own signed list of links, everybody else's, and what a player is told of it.

use std::sync::Arc;
use std::time::Duration;

use super::{Event, Node};
use crate::consensus::Ignored;
use crate::crypto::{Checker, Context, Seat, SeatSet};
use crate::mesh::{Class, LinkId, LinkStateIgnored, LinkStates};
use crate::time::Instant;
use crate::wire::Kind;

/// From a change of this phone's links to its list of them, so that one list tells of several. Neighbours are told at
/// once, and by that alone it is decided what to pass on to them; this is for players, who are in no such hurry.
const LIST_AFTER: Duration = Duration::from_secs(2);
/// A list that has not changed is sent again this often: whoever missed it gets it.
const LIST_AGAIN: Duration = Duration::from_secs(120);

/// What is known of everybody's links.
#[derive(Debug)]
pub(super) struct Reach {
    states: LinkStates,
    signed: Option<Instant>,
    /// The list that was signed is not what is true now; when the next one is due, once that was noticed.
    is_stale: bool,
    due: Option<Instant>,
    told: Option<Told>,
}

/// What the player was told last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Told {
    reached: SeatSet,
    members: SeatSet,
    cut: Option<usize>,
}

impl Reach {
    pub(super) const fn new(table_tag: u16, context: Context, checker: Checker) -> Self {
        Self {
            states: LinkStates::new(table_tag, context, checker),
            signed: None,
            is_stale: false,
            due: None,
            told: None,
        }
    }

    /// This phone's links have changed.
    pub(super) const fn links_changed(&mut self) {
        self.is_stale = true;
    }

    fn list_at(&self) -> Option<Instant> {
        self.due
            .or_else(|| self.signed.map(|signed| signed.after(LIST_AGAIN)))
    }
}

impl Node {
    /// A neighbour is new: it gets everybody's list.
    pub(super) fn introduce_others(&mut self, link: LinkId) {
        for message in self.reach.states.messages() {
            self.mesh.send(link, Class::Bulk, Arc::clone(message));
        }
    }

    pub(super) fn reach_wake(&self) -> Option<Instant> {
        // Whoever has lost its last link says so to itself.
        let is_due = self.reach.due.is_some() || self.neighbours.secured().next().is_some();
        self.reach.list_at().filter(|_| is_due)
    }

    /// Signs this phone's list if it is time, and tells the player what has changed.
    pub(super) fn tend_reach(&mut self, now: Instant) {
        if std::mem::take(&mut self.reach.is_stale) && self.reach.due.is_none() {
            self.reach.due = Some(now.after(LIST_AFTER));
        }
        if self.reach_wake().is_some_and(|at| at <= now) {
            let (own, links) = (self.seat(), self.neighbours.seats());
            let identity = Arc::clone(&self.identity);
            let message = self.reach.states.sign(now, own, links, &identity);
            self.reach.signed = Some(now);
            self.reach.due = None;
            self.pass_list_on(None, &message);
        }
        self.tell_reach();
    }

    fn pass_list_on(&mut self, from: Option<LinkId>, message: &[u8]) {
        let links: Vec<LinkId> = self.neighbours.secured().collect();
        let others = links.into_iter().filter(|link| Some(*link) != from);
        self.mesh
            .flood(others, Class::Bulk, from.is_none(), message);
    }

    /// Somebody's list has come.
    pub(super) fn on_link_state(&mut self, now: Instant, link: LinkId, message: &[u8]) {
        let current = &self.replica.epoch().roster;
        let genesis = &self.table.genesis().roster;
        let seated = |seat: Seat| {
            let mut rosters = [current, genesis].into_iter();
            rosters.find(|roster| roster.key(seat).is_some())
        };
        let result = self.reach.states.accept(now, message, seated);
        if let Ok(state) = result {
            // From before this phone started again: what holds now is signed above it.
            self.reach.is_stale |= state.signer == self.seat();
            self.pass_list_on(Some(link), message);
        }
        let done = result.map(|_| Kind::LinkState).map_err(Ignored::from);
        if let Err(reason) = done {
            self.weigh(now, link, reason);
        }
        self.count(done);
    }

    fn tell_reach(&mut self) {
        let epoch = self.replica.epoch();
        let members: SeatSet = epoch.roster.seats().collect();
        let (quorum, own) = (epoch.quorum, self.seat());
        let changed = self.reach.states.take_changed();
        let known = self.reach.told.is_some_and(|told| told.members == members);
        if known && !changed {
            return;
        }
        let reached = self.reach.states.reachable(own, members);
        // Two phones or three cannot be cut apart by f = 0 of them.
        let connectivity = self.reach.states.connectivity(members);
        let news = Told {
            reached,
            members,
            cut: Some(connectivity).filter(|cut| *cut <= quorum.f && quorum.f > 0),
        };
        let alone_as_ever = self.reach.told.is_none() && reached.len() <= 1;
        if self.reach.told != Some(news) && !alone_as_ever {
            self.reach.told = Some(news);
            self.tell(Event::Reach {
                reached,
                members: members.len(),
                can_lose: reached.len().checked_sub(quorum.q),
                cut: news.cut,
            });
        }
    }
}

impl From<LinkStateIgnored> for Ignored {
    fn from(reason: LinkStateIgnored) -> Self {
        match reason {
            LinkStateIgnored::Malformed(error) => Self::Malformed(error),
            LinkStateIgnored::OtherTable => Self::OtherTable,
            LinkStateIgnored::NotSeated => Self::NotSeated,
            LinkStateIgnored::Duplicate => Self::Duplicate,
            LinkStateIgnored::TooOften => Self::TooOften,
            LinkStateIgnored::Signature => Self::BadSignature,
        }
    }
}
