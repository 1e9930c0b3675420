//! What this replica has seen others sign, as far as a later lie could contradict it; and what follows from a proof.

use std::collections::BTreeMap;

use super::certificate::Certificate;
use super::epoch::Epoch;
use super::evidence::{Evidence, Lie, VoteProof, hides};
use super::ignored::Ignored;
use super::limits::{PAST_EPOCHS_MAX, WITNESSED_MAX};
use super::memory::Place;
use super::message::{Message, NewViewMessage, SignedBytes};
use super::record::Record;
use super::replica::{Action, Replica, Urgency};
use super::statement::{NewView, Phase, SignedRequest, ViewChange};
use crate::crypto::Seat;
use crate::time::Instant;
use crate::wire::Encode;

/// Checked votes of the last slots, by view, sequence number and phase; each seat's first.
#[derive(Default, Debug)]
pub(super) struct Witness {
    votes: BTreeMap<(u64, u64, Phase), BTreeMap<Seat, VoteProof>>,
    /// Each seat's highest commit vote: what its next view-change must not hide.
    commits: BTreeMap<Seat, VoteProof>,
    /// Each seat's highest vote of either phase: what it hears of when it starts again.
    highest: BTreeMap<Seat, (Phase, VoteProof)>,
    /// Who lied in this epoch, with the proof. One of each seat is enough.
    pub(super) convicted: BTreeMap<Seat, Evidence>,
}

impl Witness {
    /// Notes a checked vote; gives the earlier one that it contradicts.
    fn note(&mut self, phase: Phase, signer: Seat, vote: VoteProof) -> Option<VoteProof> {
        if phase == Phase::Commit {
            let highest = self.commits.entry(signer).or_insert(vote);
            *highest = vote.max(*highest);
        }
        let place =
            |(phase, vote): &(Phase, VoteProof)| (vote.head.view, vote.head.sequence, *phase);
        let highest = self.highest.entry(signer).or_insert((phase, vote));
        if place(highest) < place(&(phase, vote)) {
            *highest = (phase, vote);
        }
        let key = (vote.head.view, vote.head.sequence, phase);
        let first = *self
            .votes
            .entry(key)
            .or_default()
            .entry(signer)
            .or_insert(vote);
        while self.votes.len() > WITNESSED_MAX {
            self.votes.pop_first();
        }
        let other = (first.head.chain, first.new_view) != (vote.head.chain, vote.new_view);
        other.then_some(first)
    }

    /// A seat's highest vote that came here in this epoch.
    pub(super) fn highest_of(&self, seat: Seat) -> Option<(Phase, VoteProof)> {
        self.highest.get(&seat).copied()
    }
}

impl Replica {
    /// A checked vote, whatever it is for.
    pub(super) fn witness(&mut self, now: Instant, phase: Phase, signer: Seat, vote: VoteProof) {
        if let Some(first) = self.witness.note(phase, signer, vote) {
            let evidence = Evidence::of_votes(self.epoch.number, signer, phase, first, vote);
            self.convict(now, evidence);
        }
    }

    /// The votes of a checked certificate of this epoch.
    pub(super) fn witness_certificate(&mut self, now: Instant, certificate: &Certificate) {
        for (seat, signature) in certificate.signers.iter().zip(&certificate.signatures) {
            let vote = VoteProof {
                head: certificate.head,
                new_view: certificate.new_view,
                signature: *signature,
            };
            self.witness(now, certificate.phase, seat, vote);
        }
    }

    /// A checked view-change: does it hide what its signer had voted to commit, and has it signed another for this view?
    pub(super) fn witness_view_change(
        &mut self,
        now: Instant,
        statement: &ViewChange,
        bytes: &SignedBytes,
        first: Option<SignedBytes>,
    ) {
        if statement.signer == self.seat {
            self.meet_own(Place::ViewChange(statement.view));
        }
        if let Some(first) = first {
            let (epoch, culprit) = (self.epoch.number, statement.signer);
            let (lie, other) = (Lie::ViewChanges, bytes.clone());
            let evidence = Evidence::of_statements(epoch, culprit, lie, first, other);
            self.convict(now, evidence);
        }
        let commit = self.witness.commits.get(&statement.signer).copied();
        if let Some(commit) = commit.filter(|commit| hides(statement, &commit.head)) {
            let (epoch, culprit) = (self.epoch.number, statement.signer);
            let evidence = Evidence::of_amnesia(epoch, culprit, commit, bytes.clone());
            self.convict(now, evidence);
        }
    }

    /// Another new-view for the current view, as far as the view-changes that it names are here: did the primary sign
    /// it too?
    pub(super) fn witness_new_view(&mut self, now: Instant, message: &NewViewMessage) {
        let primary = self.epoch.primary(self.view);
        let current = self.fork.views.get(&self.view);
        let bytes = self.new_views.current.as_deref();
        let signature = bytes.and_then(|bytes| match Message::from_wire(bytes) {
            Ok((_, Message::NewView(current))) => Some(current.signature),
            _ => None,
        });
        let (Some(record), Some(signature), Some(other)) =
            (current, signature, self.statement_of(message))
        else {
            return;
        };
        let first = SignedBytes {
            statement: record.statement(&self.epoch).to_bytes(),
            signature,
        };
        let second = SignedBytes {
            statement: other.to_bytes(),
            signature: message.signature,
        };
        let context = &self.epoch.context;
        if first.statement != second.statement
            && !self.witness.convicted.contains_key(&primary)
            && self
                .epoch
                .open::<NewView>(primary, &second.statement, second.signature, context)
                .is_some()
        {
            let (epoch, lie) = (self.epoch.number, Lie::NewViews);
            let evidence = Evidence::of_statements(epoch, primary, lie, first, second);
            self.convict(now, evidence);
        }
    }

    /// What a new-view's signature covers, if the view-changes that it names are here.
    pub(super) fn statement_of(&self, message: &NewViewMessage) -> Option<NewView> {
        let named = message.seats.iter().zip(&message.tags);
        let digests = named.map(|(seat, tag)| {
            let report = self.view_changes.named(message.view, seat, *tag)?;
            Some((seat, report.digest))
        });
        Some(NewView {
            view: message.view,
            head: message.head,
            view_changes: digests.collect::<Option<_>>()?,
        })
    }

    /// Two checked requests of one player with one number.
    pub(super) fn witness_double_spend(
        &mut self,
        now: Instant,
        one: &SignedRequest,
        other: &SignedRequest,
    ) {
        let provable = |request: &SignedRequest| {
            request.signed.bytes().len() <= super::limits::PROVABLE_REQUEST_MAX
        };
        if one.digest != other.digest && provable(one) && provable(other) {
            let (epoch, culprit) = (self.epoch.number, one.player());
            let pair = (SignedBytes::from(one), SignedBytes::from(other));
            let evidence = Evidence::of_statements(epoch, culprit, Lie::Requests, pair.0, pair.1);
            self.convict(now, evidence);
        }
    }

    pub(super) fn on_evidence(&mut self, now: Instant, evidence: Evidence) -> Result<(), Ignored> {
        if self.witness.convicted.contains_key(&evidence.culprit) {
            return Err(Ignored::Duplicate);
        }
        let mut epochs = std::iter::once(&self.epoch).chain(&self.past_epochs);
        let epoch = epochs.find(|epoch| epoch.number == evidence.epoch);
        let epoch = epoch.ok_or(Ignored::Stale)?;
        let key = epoch.roster.key(evidence.culprit);
        if key.is_none() || key != self.epoch.roster.key(evidence.culprit) {
            return Err(Ignored::NotSeated);
        }
        if !evidence.verify(epoch, &self.table_context) {
            return Err(Ignored::BadSignature);
        }
        self.convict(now, evidence);
        Ok(())
    }

    /// From now on the culprit's votes assemble nothing new here, and if it is the primary its view is over.
    pub(super) fn convict(&mut self, now: Instant, evidence: Evidence) {
        let culprit = evidence.culprit;
        if culprit == self.seat || self.witness.convicted.contains_key(&culprit) {
            return;
        }
        debug_assert!(
            evidence.epoch != self.epoch.number
                || evidence.verify(&self.epoch, &self.table_context),
            "an accusation without proof: {evidence:?}"
        );
        self.persist(&Record::Evidence(evidence.clone()));
        let bytes = Message::Evidence(evidence.clone()).to_wire(self.table_tag, 0, 0);
        self.actions.push_back(Action::Flood {
            urgency: Urgency::Control,
            bytes,
            own: true,
            origin: None,
        });
        self.actions.push_back(Action::Convicted {
            seat: culprit,
            lie: evidence.lie,
            evidence: evidence.to_bytes(),
        });
        self.witness.convicted.insert(culprit, evidence);
        if !self.trusts(culprit) {
            self.slots
                .values_mut()
                .for_each(|slot| slot.exclude(culprit));
            if self.epoch.primary(self.view) == culprit {
                self.leave_view(now, self.view.saturating_add(1));
            }
        }
    }

    /// Whether a seat's votes may help to assemble something new. At two or three phones everybody must agree anyway,
    /// so that a liar can only be voted out with its own vote.
    pub(super) fn trusts(&self, seat: Seat) -> bool {
        self.epoch.quorum.f == 0 || !self.witness.convicted.contains_key(&seat)
    }

    /// Who is convicted in this epoch, with the proof.
    pub fn convicted(&self) -> impl Iterator<Item = (Seat, &Evidence)> {
        let convicted = self.witness.convicted.iter();
        convicted.map(|(seat, evidence)| (*seat, evidence))
    }

    /// A new epoch: votes of the old one contradict nothing any more; whoever lied and still sits here is not
    /// forgotten.
    pub(super) fn begin_witness(&mut self, past: Epoch, between: Vec<Epoch>) {
        let mut convicted = std::mem::take(&mut self.witness.convicted);
        convicted.retain(|seat, _| self.epoch.roster.key(*seat) == past.roster.key(*seat));
        self.witness = Witness {
            convicted,
            ..Witness::default()
        };
        self.past_epochs.push(past);
        let between = between.into_iter();
        let before = between.filter(|epoch| epoch.number < self.epoch.number);
        self.past_epochs.extend(before);
        let kept = self.past_epochs.len().saturating_sub(PAST_EPOCHS_MAX);
        self.past_epochs.drain(..kept);
    }
}
