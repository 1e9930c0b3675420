//! Beginning a view: the primary's new-view, and every backup's check of it (Castro–Liskov §4.4).

use std::collections::BTreeMap;

use super::early::Held;
use super::ignored::Ignored;
use super::limits::PEERS_MAX;
use super::message::{Message, NewViewMessage};
use super::normal::Slot;
use super::replica::{Action, Peer, Replica, Urgency};
use super::statement::{Head, NewView, Phase};
use super::view_change::Report;
use crate::crypto::{Seat, SeatSet, Signed};
use crate::time::Instant;
use crate::wire::{DecodeError, Encode};

/// The new-view of the current view, and those that cannot be checked yet: one for each link.
#[derive(Default, Debug)]
pub(super) struct NewViews {
    pub(super) current: Option<Vec<u8>>,
    waiting: BTreeMap<Peer, (NewViewMessage, Vec<u8>)>,
}

impl NewViews {
    /// The views of the new-views that wait.
    pub(super) fn views(&self) -> impl Iterator<Item = u64> {
        self.waiting.values().map(|(message, _)| message.view)
    }

    /// Whether a new-view that waits stands on this view-change of a seat.
    pub(super) fn names(&self, view: u64, seat: Seat, tag: [u8; 16]) -> bool {
        self.waiting.values().any(|(message, _)| {
            let mut named = message.seats.iter().zip(&message.tags);
            message.view == view && named.any(|(of, its)| of == seat && *its == tag)
        })
    }

    pub(super) fn forget_peer(&mut self, peer: Peer) {
        self.waiting.remove(&peer);
    }
}

/// What a look at a new-view gives.
enum Verdict {
    /// Some view-change or certificate that it names is not here.
    Incomplete,
    /// Not by the view's primary, or not a quorum.
    Invalid,
    /// Signed by the primary and not what follows from the view-changes it names.
    Lie,
    /// To be entered.
    Valid,
}

impl Replica {
    /// As primary of `view`, with a quorum of backed reports: choose the head, sign, enter.
    pub(super) fn begin_view(&mut self, now: Instant, view: u64) {
        let reports = self.view_changes.backed_for(view);
        let chosen: Vec<(Seat, &Report)> = reports.into_iter().take(self.quorum.q).collect();
        let statement = NewView {
            view,
            head: highest(chosen.iter().map(|(_, report)| *report)),
            view_changes: chosen
                .iter()
                .map(|(seat, report)| (*seat, report.digest))
                .collect(),
        };
        let seats: SeatSet = chosen.iter().map(|(seat, _)| *seat).collect();
        let tags = chosen
            .iter()
            .map(|(_, report)| report.digest.short())
            .collect();
        let head = statement.head;
        let signature = *Signed::sign(statement, &self.context, &self.identity).signature();
        let message = NewViewMessage {
            view,
            head,
            seats,
            tags,
            signature,
        };
        let bytes = self.new_view_wire(&message);
        self.persist_and_flood(Urgency::Vote, bytes.clone());
        self.enter(now, view, head, bytes);
    }

    fn new_view_wire(&self, message: &NewViewMessage) -> Vec<u8> {
        let sequence = message.head.map_or(0, |head| head.sequence);
        Message::NewView(message.clone()).to_wire(self.table_tag, message.view, sequence)
    }

    pub(super) fn on_new_view(
        &mut self,
        now: Instant,
        peer: Peer,
        held: Held,
    ) -> Result<(), Ignored> {
        let Message::NewView(message) = held.message else {
            return Err(Ignored::Stale);
        };
        if self.new_views.current.as_ref() == Some(&held.bytes) {
            return Err(Ignored::Duplicate);
        }
        if message.view <= self.view {
            return Err(Ignored::Stale);
        }
        if self.target.is_some_and(|target| target > message.view) {
            return Err(Ignored::LeftView);
        }
        if self.new_view_wire(&message) != held.bytes {
            return Err(Ignored::Malformed(DecodeError::OutOfRange("header")));
        }
        let waiting = &mut self.new_views.waiting;
        if waiting.len() >= PEERS_MAX && !waiting.contains_key(&peer) {
            return Err(Ignored::Full);
        }
        waiting.insert(peer, (message, held.bytes.clone()));
        self.try_enter(now);
        if self.new_views.waiting.contains_key(&peer) {
            self.ask(now, peer);
            return Err(Ignored::Held);
        }
        if self.new_views.current.as_ref() == Some(&held.bytes) {
            Ok(())
        } else {
            Err(Ignored::BadSignature)
        }
    }

    /// Looks again at the new-views that wait.
    pub(super) fn try_enter(&mut self, now: Instant) {
        let peers: Vec<Peer> = self.new_views.waiting.keys().copied().collect();
        for peer in peers {
            let Some((message, bytes)) = self.new_views.waiting.get(&peer).cloned() else {
                continue;
            };
            let over = message.view <= self.view
                || self.target.is_some_and(|target| target > message.view);
            let verdict = if over {
                Verdict::Invalid
            } else {
                self.judge(&message)
            };
            if matches!(verdict, Verdict::Incomplete) {
                continue;
            }
            self.new_views.waiting.remove(&peer);
            match verdict {
                Verdict::Valid => {
                    self.note_heard(now, self.primary(message.view));
                    self.relay(Urgency::Vote, &bytes);
                    self.enter(now, message.view, message.head, bytes);
                }
                Verdict::Lie => self.leave_view(now, message.view.saturating_add(1)),
                Verdict::Incomplete | Verdict::Invalid => {}
            }
        }
    }

    fn judge(&self, message: &NewViewMessage) -> Verdict {
        if message.seats.len() != self.quorum.q {
            return Verdict::Invalid;
        }
        let mut reports = Vec::with_capacity(self.quorum.q);
        for (seat, tag) in message.seats.iter().zip(&message.tags) {
            let Some(report) = self.view_changes.backed(message.view, seat, *tag) else {
                return Verdict::Incomplete;
            };
            reports.push((seat, report));
        }
        let statement = NewView {
            view: message.view,
            head: message.head,
            view_changes: reports
                .iter()
                .map(|(seat, report)| (*seat, report.digest))
                .collect(),
        };
        let primary = self.roster.key(self.primary(message.view));
        let signed = primary.is_some_and(|key| {
            let bytes = statement.to_bytes();
            Signed::<NewView>::open(&bytes, message.signature, &self.context, key).is_ok()
        });
        if !signed {
            return Verdict::Invalid;
        }
        if highest(reports.iter().map(|(_, report)| *report)) == message.head {
            Verdict::Valid
        } else {
            Verdict::Lie
        }
    }

    /// Starts `view` from `head`: everybody who has not delivered the head votes on it again, in this view.
    fn enter(&mut self, now: Instant, view: u64, head: Option<Head>, bytes: Vec<u8>) {
        self.view = view;
        self.target = None;
        self.new_views.current = Some(bytes);
        self.view_changes.forget_before(view);
        self.slots.clear();
        self.early.drop_where(|held| held.view < view);
        let own = self
            .prepared
            .as_ref()
            .map(|certificate| certificate.head.chain);
        let heads: Vec<_> = head.map(|head| head.chain).into_iter().chain(own).collect();
        self.chain.keep_paths(&heads);
        self.awaited = None;
        self.timing.entered_view();
        self.actions.push_back(Action::EnteredView {
            view,
            primary: self.primary(view),
        });
        if let Some(head) = head.filter(|head| head.sequence > self.chain.delivered()) {
            let slot = Slot::chosen(self.quorum.n, self.quorum.q, Head { view, ..head });
            self.slots.insert(head.sequence, slot);
            self.vote(now, head.sequence, Phase::Prepare);
            if self.chain.path_to(&head.chain).is_none() {
                self.ask_neighbours();
            }
        }
        self.review_early(now);
        self.on_pool_change(now);
    }
}

/// The highest head among reports: the latest view wins, then the longest chain in it.
fn highest<'a>(reports: impl Iterator<Item = &'a Report>) -> Option<Head> {
    reports
        .filter_map(|report| report.signed.value().prepared)
        .max()
}
