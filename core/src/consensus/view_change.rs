//! Leaving a view: view-changes and the certificates they refer to (Castro–Liskov §4.4).

use std::collections::{BTreeMap, BTreeSet};

use super::allowance::Allowance;
use super::certificate::Certificate;
use super::early::Held;
use super::ignored::Ignored;
use super::limits::{
    VIEW_CHANGE_EACH, VIEW_CHANGE_VERSIONS_MAX as VERSIONS_MAX, VIEW_CHANGES_AT_ONCE_MAX,
    VIEW_CHANGES_PER_SEAT_MAX,
};
use super::memory::Place;
use super::message::{Message, PreparedMessage, SignedBytes};
use super::replay::ReplayError;
use super::replica::{Action, Replica, Urgency};
use super::statement::{Head, Phase, ViewChange};
use crate::crypto::{Digest, Seat, Signed, Statement};
use crate::time::Instant;
use crate::wire::{Decode, DecodeError};

/// A checked view-change, its digest, and the message as it travels.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) signed: Signed<ViewChange>,
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
}

/// Who has left for which view, and the prepared certificates behind their claims.
#[derive(Default, Debug)]
pub(super) struct ViewChanges {
    /// By (view, seat); two where a replica signed two, because a new-view may stand on either, and any that a
    /// waiting new-view names.
    reports: BTreeMap<(u64, Seat), Vec<Report>>,
    certificates: BTreeMap<Head, Certificate>,
    /// Heads whose certificate was flooded, by us or through us.
    travelled: BTreeSet<Head>,
    /// How many more are taken in and passed on of each seat.
    allowances: BTreeMap<Seat, Allowance>,
}

impl ViewChanges {
    pub(super) fn len(&self) -> usize {
        self.reports.values().map(Vec::len).sum()
    }

    /// Whether this is a head that a certificate here vouches for, or none at all.
    pub(super) fn is_proven(&self, claim: Option<Head>) -> bool {
        claim.is_none_or(|head| self.certificates.contains_key(&head))
    }

    /// The report of a seat for a view whose digest begins with `tag`.
    pub(super) fn named(&self, view: u64, seat: Seat, tag: [u8; 16]) -> Option<&Report> {
        let mut reports = self.reports.get(&(view, seat))?.iter();
        reports.find(|report| report.digest.short() == tag)
    }

    /// One report of each trusted seat for a view with which a new-view can be made. A claim counts only with its
    /// certificate; one that lies below a proven one changes nothing, so nobody need show its certificate.
    pub(super) fn usable_for(
        &self,
        view: u64,
        trusted: impl Fn(Seat) -> bool,
    ) -> BTreeMap<Seat, &Report> {
        let of_view = self.reports.range((view, Seat(0))..=(view, Seat(u8::MAX)));
        let of_view = of_view.filter(|((_, seat), _)| trusted(*seat));
        let claim = |report: &Report| report.signed.value().prepared;
        let claims = of_view.clone().flat_map(|(_, reports)| reports).map(claim);
        let highest = claims.filter(|claim| self.is_proven(*claim)).max();
        let highest = highest.flatten();
        of_view
            .filter_map(|((_, seat), reports)| {
                let mut reports = reports.iter();
                let usable = reports.find(|report| claim(report) <= highest);
                usable.map(|report| (*seat, report))
            })
            .collect()
    }

    /// The certificate behind a claim.
    pub(super) fn certificate(&self, head: &Head) -> Option<&Certificate> {
        self.certificates.get(head)
    }

    /// The highest view that at least `count` replicas have left for or gone beyond.
    fn reached_by(&self, count: usize, trusted: impl Fn(Seat) -> bool) -> Option<u64> {
        let mut highest: BTreeMap<Seat, u64> = BTreeMap::new();
        for (view, seat) in self.reports.keys().filter(|(_, seat)| trusted(*seat)) {
            highest.insert(*seat, *view);
        }
        let mut views: Vec<u64> = highest.into_values().collect();
        views.sort_unstable_by(|left, right| right.cmp(left));
        views.get(count.checked_sub(1)?).copied()
    }

    /// Adds a checked report; if the replica has too many, its oldest for a view that is not `needed` makes
    /// room. Whoever signs for a hundred views must not push out the one that others stand on.
    fn insert(&mut self, report: Report, needed: &BTreeSet<u64>) {
        let (view, seat) = (report.signed.value().view, report.signed.value().signer);
        self.reports.entry((view, seat)).or_default().push(report);
        let of_seat: Vec<(u64, Seat)> = self
            .reports
            .keys()
            .filter(|(_, other)| *other == seat)
            .copied()
            .collect();
        if of_seat.len() > VIEW_CHANGES_PER_SEAT_MAX
            && let Some(oldest) = of_seat.iter().find(|(view, _)| !needed.contains(view))
        {
            self.reports.remove(oldest);
        }
        self.drop_unclaimed();
    }

    /// Whether one more of a seat is taken in and passed on now: every view-change crosses every link of the table, and
    /// whoever signs one after the other for ever higher views would have all of the air for them.
    fn is_allowed(&mut self, now: Instant, seat: Seat) -> bool {
        let allowance = self.allowances.entry(seat).or_default();
        allowance.take(now, 1, VIEW_CHANGES_AT_ONCE_MAX, VIEW_CHANGE_EACH)
    }

    /// Whether a seat has so many views that one for `view` would be the first to make room.
    fn is_outdated(&self, view: u64, seat: Seat, needed: &BTreeSet<u64>) -> bool {
        let views: Vec<u64> = self
            .reports
            .keys()
            .filter(|(_, other)| *other == seat)
            .map(|(of, _)| *of)
            .collect();
        let spare = views.iter().find(|of| !needed.contains(of));
        views.len() >= VIEW_CHANGES_PER_SEAT_MAX
            && !views.contains(&view)
            && !needed.contains(&view)
            && spare.is_none_or(|oldest| view < *oldest)
    }

    fn drop_unclaimed(&mut self) {
        let claimed: BTreeSet<Head> = self.claims().collect();
        self.certificates.retain(|head, _| claimed.contains(head));
        self.travelled.retain(|head| claimed.contains(head));
    }

    fn claims(&self) -> impl Iterator<Item = Head> {
        self.reports
            .values()
            .flatten()
            .filter_map(|report| report.signed.value().prepared)
    }

    /// The view-change of a seat for the highest view, as it was signed.
    pub(super) fn highest_of(&self, seat: Seat) -> Option<SignedBytes> {
        let mut of_seat = self.reports.iter().filter(|((_, of), _)| *of == seat);
        let (_, reports) = of_seat.next_back()?;
        reports
            .first()
            .map(|report| SignedBytes::from(&report.signed))
    }

    /// Keeps a checked certificate if a report claims its head.
    pub(super) fn keep_certificate(&mut self, certificate: &Certificate) {
        if self.claims().any(|head| head == certificate.head) {
            let kept = self.certificates.entry(certificate.head);
            kept.or_insert_with(|| certificate.clone());
        }
    }

    /// Forgets what led to views before `view`.
    pub(super) fn forget_before(&mut self, view: u64) {
        self.reports.retain(|(of, _), _| *of >= view);
        self.drop_unclaimed();
    }

    /// What moves on a neighbour in `view`, in the order in which it can use it: everything for the `needed` views and for
    /// those that somebody waits to enter. What leads to others would only take its place on a slow link.
    pub(super) fn after(&self, view: u64, needed: &BTreeSet<u64>, table: u16) -> Vec<Vec<u8>> {
        let by_seat = self.reports.keys().map(|(of, seat)| (*seat, *of));
        let highest: BTreeMap<Seat, u64> = by_seat.collect();
        let waited_for: BTreeSet<u64> = highest.into_values().collect();
        let moves_on =
            |(of, _): &(u64, Seat)| *of > view && (needed.contains(of) || waited_for.contains(of));
        let newer = self.reports.iter().filter(|(key, _)| moves_on(key));
        let reports: Vec<&Report> = newer.flat_map(|(_, reports)| reports).collect();
        let claimed: BTreeSet<Head> = reports
            .iter()
            .filter_map(|report| report.signed.value().prepared)
            .collect();
        let certificates = claimed
            .iter()
            .filter_map(|head| self.certificates.get(head));
        let certificates = certificates.map(|certificate| prepared_wire(certificate, table));
        reports
            .iter()
            .map(|report| report.bytes.clone())
            .chain(certificates)
            .collect()
    }
}

impl Replica {
    /// Gives up on every view below `target`: signs what is prepared, and votes no more until a new view.
    pub(super) fn leave_view(&mut self, now: Instant, target: u64) {
        if target <= self.target.unwrap_or(self.view) || !self.may_vote() {
            return;
        }
        self.target = Some(target);
        self.timing.left_view(now);
        self.actions.push_back(Action::LeftView { target });
        let statement = ViewChange {
            signer: self.seat,
            view: target,
            delivered: self.chain.delivered(),
            prepared: self.prepared.as_ref().map(|certificate| certificate.head),
        };
        self.memory.note(Place::ViewChange(target));
        let signed = Signed::sign(statement, &self.epoch.context, &self.identity);
        let bytes = self.view_change_wire(&signed);
        self.persist_and_flood(Urgency::Vote, None, bytes.clone());
        let digest = signed.digest(&self.epoch.context);
        let report = Report {
            signed,
            digest,
            bytes,
        };
        self.view_changes.insert(report, &self.needed_views());
        if let Some(certificate) = self.prepared.clone() {
            let head = certificate.head;
            let certificates = &mut self.view_changes.certificates;
            certificates.entry(head).or_insert(certificate);
        }
        self.show_certificate();
        self.on_reports(now);
    }

    fn view_change_wire(&self, signed: &Signed<ViewChange>) -> Vec<u8> {
        let (view, delivered) = (signed.value().view, signed.value().delivered);
        Message::ViewChange(SignedBytes::from(signed)).to_wire(self.table_tag, view, delivered)
    }

    pub(super) fn on_view_change(
        &mut self,
        now: Instant,
        bytes: &SignedBytes,
        raw: &[u8],
    ) -> Result<(), Ignored> {
        let statement = ViewChange::from_bytes(&bytes.statement)?;
        if self.epoch.roster.key(statement.signer).is_none() {
            return Err(Ignored::NotSeated);
        }
        let known = self
            .view_changes
            .reports
            .get(&(statement.view, statement.signer));
        let known = known.map_or(&[][..], Vec::as_slice);
        if statement.view <= self.view {
            return Err(Ignored::Stale);
        }
        if known.iter().any(|report| report.bytes == raw) {
            return Err(Ignored::Duplicate);
        }
        if statement
            .prepared
            .is_some_and(|head| head.view >= statement.view)
        {
            return Err(Ignored::Malformed(DecodeError::OutOfRange("prepared view")));
        }
        let digest = self.view_change_digest(&bytes.statement);
        if known.iter().any(|report| report.digest == digest) {
            return Err(Ignored::Duplicate);
        }
        let first = known
            .first()
            .map(|report| SignedBytes::from(&report.signed));
        // A liar may sign many; one that a new-view stands on is needed to judge that new-view.
        let (view, signer) = (statement.view, statement.signer);
        let crowded = known.len() >= VERSIONS_MAX;
        if crowded && !self.new_views.names(view, signer, digest.short()) {
            return Err(Ignored::Conflict);
        }
        // It would make room for itself: taken in and passed on, it would go round and round.
        if self
            .view_changes
            .is_outdated(view, signer, &self.needed_views())
        {
            return Err(Ignored::Stale);
        }
        let context = &self.epoch.context;
        let signed = self
            .epoch
            .open::<ViewChange>(signer, &bytes.statement, bytes.signature, context)
            .ok_or(Ignored::BadSignature)?;
        if self.view_change_wire(&signed) != raw {
            return Err(Ignored::Malformed(DecodeError::OutOfRange("header")));
        }
        self.note_heard(now, signer);
        self.witness_view_change(now, &statement, bytes, first);
        if !self.needed_views().contains(&view) && !self.view_changes.is_allowed(now, signer) {
            return Err(Ignored::TooOften);
        }
        if crowded && let Some(reports) = self.view_changes.reports.get_mut(&(view, signer)) {
            reports.retain(|report| self.new_views.names(view, signer, report.digest.short()));
        }
        let report = Report {
            signed,
            digest,
            bytes: raw.to_vec(),
        };
        self.take_report(now, report);
        Ok(())
    }

    /// A checked view-change counts from now on, and travels on.
    fn take_report(&mut self, now: Instant, report: Report) {
        self.relay(Urgency::Vote, &report.bytes);
        let claim = report.signed.value().prepared;
        self.view_changes.insert(report, &self.needed_views());
        let own = self.prepared.clone();
        if let Some(own) = own.filter(|own| Some(own.head) == claim) {
            self.view_changes
                .certificates
                .entry(own.head)
                .or_insert(own);
        }
        self.show_certificate();
        self.on_reports(now);
    }

    /// A view-change out of the journal: this replica's own, or one that a view began with.
    pub(super) fn replay_view_change(
        &mut self,
        bytes: &SignedBytes,
        raw: Vec<u8>,
    ) -> Result<(), ReplayError> {
        let statement = ViewChange::from_bytes(&bytes.statement)?;
        let key = self.epoch.roster.key(statement.signer);
        let key = key.ok_or(ReplayError::Foreign("a view-change"))?;
        let context = &self.epoch.context;
        let signed = Signed::<ViewChange>::open(&bytes.statement, bytes.signature, context, key)
            .map_err(|_| ReplayError::Foreign("a view-change"))?;
        let digest = signed.digest(context);
        let (view, signer) = (statement.view, statement.signer);
        if self
            .view_changes
            .named(view, signer, digest.short())
            .is_none()
        {
            let report = Report {
                signed,
                digest,
                bytes: raw,
            };
            self.view_changes.insert(report, &self.needed_views());
        }
        Ok(())
    }

    /// This replica left a view.
    pub(super) fn replay_own_view_change(
        &mut self,
        bytes: &SignedBytes,
        raw: Vec<u8>,
    ) -> Result<(), ReplayError> {
        let view = ViewChange::from_bytes(&bytes.statement)?.view;
        self.memory.note(Place::ViewChange(view));
        if view <= self.target.unwrap_or(self.view) {
            return Ok(());
        }
        self.replay_view_change(bytes, raw)?;
        self.target = Some(view);
        if let Some(certificate) = self.prepared.clone() {
            self.view_changes.keep_certificate(&certificate);
        }
        Ok(())
    }

    /// A prepared certificate: worth checking only if some report claims it and it is not here yet.
    pub(super) fn on_prepared(
        &mut self,
        now: Instant,
        prepared: &PreparedMessage,
        held: &Held,
    ) -> Result<(), Ignored> {
        let names = |head: &Head| {
            head.chain.tag() == prepared.tag
                && head.view.to_le_bytes()[0] == held.view.to_le_bytes()[0]
                && head.sequence.to_le_bytes()[..2] == held.sequence.to_le_bytes()[..2]
        };
        let claims: BTreeSet<Head> = self.view_changes.claims().filter(names).collect();
        if claims.is_empty() {
            return Err(Ignored::Unclaimed);
        }
        let open: Vec<Head> = claims
            .into_iter()
            .filter(|head| !self.view_changes.travelled.contains(head))
            .collect();
        if open.is_empty() {
            return Err(Ignored::Duplicate);
        }
        for head in open {
            let certificate = prepared.body.clone().into_certificate(Phase::Prepare, head);
            if certificate.verify(&self.epoch) {
                self.witness_certificate(now, &certificate);
                self.relay(Urgency::Vote, &held.bytes);
                self.view_changes.travelled.insert(head);
                self.view_changes
                    .certificates
                    .entry(head)
                    .or_insert(certificate);
                self.on_reports(now);
                return Ok(());
            }
        }
        Err(Ignored::BadSignature)
    }

    /// Sends the certificate behind the own report if the new primary is this replica, or claims less. What the primary
    /// claims as well it has a certificate for, and one is enough for everybody.
    fn show_certificate(&mut self) {
        let (Some(target), Some(certificate)) = (self.target, self.prepared.clone()) else {
            return;
        };
        let primary = self.epoch.primary(target);
        let claimed = self.view_changes.reports.get(&(target, primary));
        let claims_less = claimed.is_some_and(|reports| {
            let mut claims = reports.iter().map(|report| report.signed.value().prepared);
            claims.any(|claim| claim < Some(certificate.head))
        });
        let wanted = primary == self.seat || claims_less;
        if wanted && self.view_changes.travelled.insert(certificate.head) {
            let bytes = prepared_wire(&certificate, self.table_tag);
            self.flood_own(Urgency::Vote, bytes);
        }
    }

    /// The views whose view-changes this replica or a neighbour that is behind cannot do without.
    pub(super) fn needed_views(&self) -> BTreeSet<u64> {
        let own = [Some(self.view), self.target];
        own.into_iter()
            .flatten()
            .chain(self.new_views.views())
            .collect()
    }

    fn view_change_digest(&self, statement: &[u8]) -> Digest {
        Digest::of(ViewChange::TAG, &[&self.epoch.context.0.0, statement])
    }

    /// Reports or their certificates changed: join, lead, or follow.
    pub(super) fn on_reports(&mut self, now: Instant) {
        // §4.5.2: f + 1 replicas cannot all be lying, so follow them even before the own time-out.
        let enough = self.epoch.quorum.f + 1;
        let reached = self
            .view_changes
            .reached_by(enough, |seat| self.trusts(seat));
        if let Some(view) = reached {
            self.leave_view(now, view);
        }
        let Some(target) = self.target else { return };
        let usable = self
            .view_changes
            .usable_for(target, |seat| self.trusts(seat));
        if usable.len() >= self.epoch.quorum.q {
            self.timing.quorum_left_view(now);
            let primary = self.epoch.primary(target);
            if primary == self.seat {
                self.begin_view(now, target);
            } else if !self.trusts(primary) {
                self.leave_view(now, target.saturating_add(1));
            }
        }
        self.try_enter(now);
    }
}

/// A prepared certificate as it travels.
pub(super) fn prepared_wire(certificate: &Certificate, table: u16) -> Vec<u8> {
    let head = certificate.head;
    let message = PreparedMessage {
        tag: head.chain.tag(),
        body: certificate.into(),
    };
    Message::Prepared(message).to_wire(table, head.view, head.sequence)
}
