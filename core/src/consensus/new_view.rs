//! Beginning a view: the primary's new-view, and every backup's check of it (Castro–Liskov §4.4).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::early::Held;
use super::ignored::Ignored;
use super::limits::PEERS_MAX;
use super::memory::Place;
use super::message::{Message, NewViewMessage};
use super::normal::Slot;
use super::record::Record;
use super::replay::ReplayError;
use super::replica::{Action, Peer, Replica, Urgency};
use super::statement::{Head, NewView, Phase};
use super::view_change::Report;
use crate::crypto::{Digest, Seat, SeatSet, Signed, Statement};
use crate::time::Instant;
use crate::wire::{DecodeError, Encode};

/// Where a new-view of this replica's own waits after a start. No link has this number.
const OURSELVES: Peer = Peer(u64::MAX);

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

/// A new-view that is to be entered.
struct Began {
    view: u64,
    head: Option<Head>,
    /// What the view's votes cover.
    digest: Digest,
    bytes: Vec<u8>,
    view_changes: Vec<Vec<u8>>,
}

/// What a look at a new-view gives.
enum Verdict {
    /// Some view-change or certificate that it names is not here.
    Incomplete,
    /// Not by the view's primary, or not a quorum.
    Invalid,
    /// Signed by the primary and not what follows from the view-changes it names.
    Lie,
    /// To be entered: the new-view's digest and its view-changes.
    Valid(Digest, Vec<Vec<u8>>),
}

impl Replica {
    /// As primary of `view`, with a quorum of usable reports: choose the head, sign, enter.
    pub(super) fn begin_view(&mut self, now: Instant, view: u64) {
        // One that is signed already waits for the view-changes that it names.
        if self.memory.knows(Place::NewView(view)) {
            return;
        }
        self.memory.note(Place::NewView(view));
        let trusted = |seat| self.trusts(seat);
        let reports = self.view_changes.usable_for(view, trusted);
        // The highest claim first: it is proven, and the lower ones need not be.
        let mut chosen: Vec<(Seat, &Report)> = reports.into_iter().collect();
        chosen.sort_by_key(|(seat, report)| (Reverse(report.signed.value().prepared), *seat));
        chosen.truncate(self.epoch.quorum.q);
        chosen.sort_by_key(|(seat, _)| *seat);
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
        let view_changes = chosen.iter().map(|(_, report)| report.bytes.clone());
        let view_changes = view_changes.collect();
        let signed = Signed::sign(statement, &self.epoch.context, &self.identity);
        let message = NewViewMessage {
            view,
            head,
            seats,
            tags,
            signature: *signed.signature(),
        };
        let began = Began {
            view,
            head,
            digest: signed.digest(&self.epoch.context),
            bytes: self.new_view_wire(&message),
            view_changes,
        };
        self.persist(&Record::Own {
            head: None,
            message: began.bytes.clone(),
        });
        self.flood_own(Urgency::Vote, began.bytes.clone());
        self.enter(now, began);
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
        if message.view == self.view {
            self.witness_new_view(now, &message);
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
            if message.view == self.view {
                self.witness_new_view(now, &message);
            }
            match verdict {
                Verdict::Valid(..) if self.contradicts_delivered(message.head.as_ref()) => {}
                Verdict::Valid(digest, view_changes) => {
                    if self.epoch.primary(message.view) == self.seat {
                        self.meet_own(Place::NewView(message.view));
                    }
                    self.note_heard(now, self.epoch.primary(message.view));
                    self.relay(Urgency::Vote, &bytes);
                    let began = Began {
                        view: message.view,
                        head: message.head,
                        digest,
                        bytes,
                        view_changes,
                    };
                    self.enter(now, began);
                }
                Verdict::Lie => self.leave_view(now, message.view.saturating_add(1)),
                Verdict::Incomplete | Verdict::Invalid => {}
            }
        }
    }

    fn judge(&self, message: &NewViewMessage) -> Verdict {
        if message.seats.len() != self.epoch.quorum.q {
            return Verdict::Invalid;
        }
        let mut reports = Vec::with_capacity(self.epoch.quorum.q);
        for (seat, tag) in message.seats.iter().zip(&message.tags) {
            let Some(report) = self.view_changes.named(message.view, seat, *tag) else {
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
        let primary = self.epoch.primary(message.view);
        let bytes = statement.to_bytes();
        let context = &self.epoch.context;
        let signature = message.signature;
        let Some(signed) = self
            .epoch
            .open::<NewView>(primary, &bytes, signature, context)
        else {
            return Verdict::Invalid;
        };
        if !self.view_changes.is_proven(message.head) {
            return Verdict::Incomplete;
        }
        if highest(reports.iter().map(|(_, report)| *report)) == message.head {
            let view_changes = reports.iter().map(|(_, report)| report.bytes.clone());
            Verdict::Valid(signed.digest(context), view_changes.collect())
        } else {
            Verdict::Lie
        }
    }

    /// A new-view that this replica signed before it started again: it waits like anybody else's.
    pub(super) fn wait_for_own_view(&mut self, message: NewViewMessage, bytes: Vec<u8>) {
        if message.view > self.view {
            self.new_views.waiting.insert(OURSELVES, (message, bytes));
        }
    }

    /// A view began here before this replica started again.
    pub(super) fn replay_entered(
        &mut self,
        now: Instant,
        bytes: Vec<u8>,
        view_changes: Vec<Vec<u8>>,
    ) -> Result<(), ReplayError> {
        let misplaced = ReplayError::Misplaced("a view");
        let (_, Message::NewView(message)) = Message::from_wire(&bytes)? else {
            return Err(misplaced);
        };
        if message.view <= self.view {
            return Err(misplaced);
        }
        for raw in &view_changes {
            let (_, Message::ViewChange(signed)) = Message::from_wire(raw)? else {
                return Err(misplaced);
            };
            self.replay_view_change(&signed, raw.clone())?;
        }
        for certificate in std::mem::take(&mut self.replayed) {
            self.view_changes.keep_certificate(&certificate);
            self.replayed.push(certificate);
        }
        let statement = self.statement_of(&message).ok_or(misplaced)?;
        let context = &self.epoch.context.0.0;
        let began = Began {
            view: message.view,
            head: message.head,
            digest: Digest::of(NewView::TAG, &[context, &statement.to_bytes()]),
            bytes,
            view_changes,
        };
        self.new_views.waiting.remove(&OURSELVES);
        self.enter(now, began);
        Ok(())
    }

    /// Starts `view` from `head`: everybody who has not delivered the head votes on it again, in this view.
    fn enter(&mut self, now: Instant, began: Began) {
        let Began { view, head, .. } = began;
        // The head's certificate is somebody else's unless this replica put one together: an own record for it.
        let backing = self.remember_view(&began.bytes, &began.view_changes);
        if let Some(backing) = backing.filter(|certificate| {
            let own = self.prepared.as_ref();
            own.is_none_or(|own| own.head != certificate.head)
        }) {
            self.persist(&Record::Certificate(backing));
        }
        self.persist(&Record::Entered {
            new_view: began.bytes.clone(),
            view_changes: began.view_changes,
        });
        self.view = view;
        self.target = None;
        self.set_new_view(began.digest);
        self.new_views.current = Some(began.bytes);
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
        self.omissions.begin_view();
        self.timing.entered_view();
        self.actions.push_back(Action::EnteredView {
            view,
            primary: self.epoch.primary(view),
        });
        if let Some(head) = head.filter(|head| head.sequence > self.chain.delivered()) {
            let slot = Slot::chosen(
                self.epoch.roster.bound(),
                self.epoch.quorum.q,
                Head { view, ..head },
            );
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
