//! Whom this phone reaches: its own signed list of links, everybody else's, and what a player is told of it.

use std::sync::Arc;
use std::time::Duration;

use super::{Event, Node};
use crate::consensus::Ignored;
use crate::crypto::{Checker, Context, Seat, SeatSet};
use crate::mesh::{Class, LinkId, LinkState, LinkStateIgnored, LinkStates};
use crate::time::Instant;
use crate::wire::Kind;

/// Between two of this phone's own lists; others look at no more than that of anybody.
const LIST_EVERY: Duration = Duration::from_secs(1);
/// A list that has not changed is sent again this often: whoever missed it gets it.
const LIST_AGAIN: Duration = Duration::from_secs(30);

/// What is known of everybody's links.
#[derive(Debug)]
pub(super) struct Reach {
    states: LinkStates,
    signed: Option<Instant>,
    /// The list that was signed is not what is true now.
    is_stale: bool,
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
            told: None,
        }
    }

    fn list_at(&self) -> Option<Instant> {
        let Some(signed) = self.signed else {
            return self.is_stale.then_some(Instant(0));
        };
        let wait = if self.is_stale {
            LIST_EVERY
        } else {
            LIST_AGAIN
        };
        Some(signed.after(wait))
    }
}

impl Node {
    /// This phone's links have changed.
    pub(super) fn on_links_changed(&mut self) {
        self.reach.is_stale = true;
        let seats = self.neighbours.seats();
        self.relay.set_links(self.seat(), seats);
    }

    /// A neighbour is new: it gets everybody's list.
    pub(super) fn introduce_others(&mut self, link: LinkId) {
        for message in self.reach.states.messages() {
            self.mesh.send(link, Class::Control, message.to_vec());
        }
    }

    pub(super) fn reach_wake(&self) -> Option<Instant> {
        // Whoever has lost its last link says so to itself.
        let is_due = self.reach.is_stale || self.neighbours.secured().next().is_some();
        self.reach.list_at().filter(|_| is_due)
    }

    /// Signs this phone's list if it is time, and tells the player what has changed.
    pub(super) fn tend_reach(&mut self, now: Instant) {
        if self.reach_wake().is_some_and(|at| at <= now) {
            let (own, links) = (self.seat(), self.neighbours.seats());
            let identity = Arc::clone(&self.identity);
            let message = self.reach.states.sign(now, own, links, &identity);
            self.reach.signed = Some(now);
            self.reach.is_stale = false;
            self.pass_list_on(None, &message);
        }
        self.tell_reach();
    }

    fn pass_list_on(&mut self, from: Option<LinkId>, message: &[u8]) {
        let links: Vec<LinkId> = self.neighbours.secured().collect();
        let others = links.into_iter().filter(|link| Some(*link) != from);
        self.mesh
            .flood(others, Class::Control, from.is_none(), message.to_vec());
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
            self.on_news_of_links(state);
            self.pass_list_on(Some(link), message);
        }
        self.count(match result {
            Ok(_) => Ok(Kind::LinkState),
            Err(reason) => Err(reason.into()),
        });
    }

    fn on_news_of_links(&mut self, state: LinkState) {
        if state.signer == self.seat() {
            // From before this phone started again: what holds now is signed above it.
            self.reach.is_stale = true;
            return;
        }
        self.relay.set_links(state.signer, state.links);
        self.neighbours.on_links(state.signer, state.links);
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
