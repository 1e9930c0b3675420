//! Who forked the table: at least 2q − n phones, none of them honest (consensus.md §3.4, "Why accountable").
//!
//! Two commit certificates of one view share 2q − n signers that voted for two chains in it. Of two views w < w', the
//! votes of w' cover the new-view that it began with, and so the q view-changes below it. Of their signers at least
//! 2q − n had signed the commit in w. Either all of them hid it, which is amnesia; or one reported it or something
//! later, and then the new-view's head is no lower than that commit. Whoever voted against that head is guilty; and if
//! the votes followed it, the head itself was prepared against the commit, in a view from w on, and the argument goes
//! on from there.
//!
//! It rests on four rules that an honest replica keeps: in one view it votes along one chain; along the new-view's
//! head and never below it; its view-changes report what it voted to commit or more; it signs one checkpoint for a
//! slot. A replica that took over a state cannot know whether what lies below is the chain that it voted along before.
//! So votes before and after a checkpoint prove nothing about one chain.

use std::collections::BTreeMap;

use super::certificate::{Certificate, CertificateBody};
use super::epoch::Epoch;
use super::evidence::{Evidence, Lie, VoteProof, hides};
use super::fork::{ForkProof, Side};
use super::limits::{CHECKPOINT_EVERY, HALT_VIEWS_MAX};
use super::message::SignedBytes;
use super::statement::{Head, NewView, Phase, ViewChange, read_head, write_head};
use crate::crypto::{Digest, SEATS_MAX, Seat, SeatSet, Signature, Statement};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Each culprit once, by seat.
pub type Culprits = Vec<(Seat, Reason)>;

/// What a culprit did.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// Voted for two chains in one view.
    TwoChains,
    /// Signed two checkpoints for one slot.
    TwoCheckpoints,
    /// Reported less in a view-change than it had voted to commit.
    Amnesia,
    /// Voted in a view against the head that the view's view-changes gave it.
    AgainstNewView,
}

impl Reason {
    /// The name in events, traces and on the settlement sheet.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TwoChains => "two-chains",
            Self::TwoCheckpoints => "two-checkpoints",
            Self::Amnesia => "amnesia",
            Self::AgainstNewView => "against-new-view",
        }
    }
}

/// How a view began: the new-view, the view-changes below it, and the certificate behind its head.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ViewRecord {
    /// The view.
    pub view: u64,
    /// The head that it began with.
    pub head: Option<Head>,
    /// By seat, each with its signature.
    pub view_changes: Vec<(ViewChange, Signature)>,
    /// The head's prepared certificate.
    pub prepared: Option<Certificate>,
}

impl ViewRecord {
    /// What the new-view's signature covers.
    #[must_use]
    pub fn statement(&self, epoch: &Epoch) -> NewView {
        let digest = |statement: &ViewChange| {
            Digest::of(
                ViewChange::TAG,
                &[&epoch.context.0.0, &statement.to_bytes()],
            )
        };
        let view_changes = self.view_changes.iter();
        NewView {
            view: self.view,
            head: self.head,
            view_changes: view_changes
                .map(|(statement, _)| (statement.signer, digest(statement)))
                .collect(),
        }
    }

    /// The digest of the new-view, which the view's votes cover.
    #[must_use]
    pub fn digest(&self, epoch: &Epoch) -> Digest {
        let statement = self.statement(epoch).to_bytes();
        Digest::of(NewView::TAG, &[&epoch.context.0.0, &statement])
    }

    /// Whether everything in it is signed by whom it says. That it follows is another question.
    pub(super) fn verify(&self, epoch: &Epoch) -> bool {
        let signed = |(statement, signature): &(ViewChange, Signature)| {
            let (signer, bytes) = (statement.signer, statement.to_bytes());
            let signed = epoch.open::<ViewChange>(signer, &bytes, *signature, &epoch.context);
            signed.is_some()
        };
        let prepared = self.prepared.as_ref();
        self.view_changes.iter().all(signed)
            && prepared.is_none_or(|certificate| {
                Some(certificate.head) == self.head
                    && certificate.phase == Phase::Prepare
                    && certificate.verify(epoch)
            })
    }

    /// Whether an honest replica could have entered the view by it: q view-changes of different seats, and the
    /// highest of their heads.
    fn follows(&self, epoch: &Epoch) -> bool {
        let seats: SeatSet = self.signers();
        let of_view = |(statement, _): &(ViewChange, Signature)| {
            let earlier = |head: Head| head.view < self.view;
            statement.view == self.view && statement.prepared.is_none_or(earlier)
        };
        let heads = self.view_changes.iter();
        self.view_changes.len() == epoch.quorum.q
            && seats.len() == epoch.quorum.q
            && self.view_changes.iter().all(of_view)
            && self.head == heads.filter_map(|(statement, _)| statement.prepared).max()
    }

    fn signers(&self) -> SeatSet {
        let statements = self.view_changes.iter();
        statements.map(|(statement, _)| statement.signer).collect()
    }
}

impl Encode for ViewRecord {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.view);
        write_head(self.head.as_ref(), writer);
        writer.count_u8(self.view_changes.len());
        for (statement, signature) in &self.view_changes {
            statement.encode(writer);
            signature.encode(writer);
        }
        writer.bool(self.prepared.is_some());
        if let Some(certificate) = &self.prepared {
            CertificateBody::from(certificate).encode(writer);
        }
    }
}

impl Decode for ViewRecord {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let view = reader.u64()?;
        let head = read_head(reader)?;
        let count = reader.count_u8(SEATS_MAX, "view-changes")?;
        let view_changes = (0..count)
            .map(|_| Ok((ViewChange::decode(reader)?, Signature::decode(reader)?)))
            .collect::<Result<_, DecodeError>>()?;
        let prepared = match (reader.bool("has prepared")?, head) {
            (false, _) => None,
            (true, Some(head)) => {
                let body = CertificateBody::decode(reader, head.view == 0)?;
                Some(body.into_certificate(Phase::Prepare, head))
            }
            (true, None) => return Err(DecodeError::OutOfRange("prepared")),
        };
        Ok(Self {
            view,
            head,
            view_changes,
            prepared,
        })
    }
}

/// What a look at a fork gives.
#[derive(Default, Debug)]
pub(super) struct Blame {
    reasons: BTreeMap<Seat, Reason>,
    /// Where a lie is one that two signed statements prove by themselves.
    pub(super) evidence: Vec<Evidence>,
    /// The views that were looked at.
    pub(super) views: Vec<ViewRecord>,
}

impl Blame {
    pub(super) fn culprits(&self) -> Culprits {
        let reasons = self.reasons.iter();
        reasons.map(|(seat, reason)| (*seat, *reason)).collect()
    }

    fn name(&mut self, seat: Seat, reason: Reason) {
        self.reasons.entry(seat).or_insert(reason);
    }
}

/// Follows the argument as far as the known views carry it. Everything given is checked already.
pub(super) fn blame(epoch: &Epoch, proof: &ForkProof, known: &[&ViewRecord]) -> Blame {
    let mut blame = Blame::default();
    match (&proof.left, &proof.right) {
        (Side::Checkpoint(one), Side::Checkpoint(other)) => {
            for seat in one.signers.iter().filter(|s| other.signers.contains(*s)) {
                blame.name(seat, Reason::TwoCheckpoints);
                let [one, other] = [one, other].map(|certificate| {
                    let bytes = certificate.checkpoint.to_bytes();
                    signed_bytes(bytes, certificate.signers, &certificate.signatures, seat)
                });
                if let (Some(one), Some(other)) = (one, other) {
                    let (number, lie) = (epoch.number, Lie::Checkpoints);
                    let evidence = Evidence::of_statements(number, seat, lie, one, other);
                    blame.evidence.push(evidence);
                }
            }
        }
        (left, right) => {
            // Who signed a checkpoint had it from a commit certificate. Somebody still has that one.
            if let (Some(one), Some(other)) = (left.commit(), right.commit()) {
                if one.head.view == other.head.view {
                    blame.within_one_view(epoch, one, other);
                } else if one.head.view < other.head.view {
                    blame.across_views(epoch, proof.sequence, one, right, known);
                } else {
                    blame.across_views(epoch, proof.sequence, other, left, known);
                }
            }
        }
    }
    blame
}

impl Blame {
    /// Votes for two chains in one view.
    fn within_one_view(&mut self, epoch: &Epoch, one: &Certificate, other: &Certificate) {
        if is_checkpoint_between(one.head.sequence, other.head.sequence) {
            return;
        }
        let both = one.signers.iter().filter(|s| other.signers.contains(*s));
        for seat in both {
            self.name(seat, Reason::TwoChains);
            let same = one.phase == other.phase && one.head.sequence == other.head.sequence;
            if let (true, Some(a), Some(b)) = (same, vote_of(one, seat), vote_of(other, seat)) {
                let evidence = Evidence::of_votes(epoch.number, seat, one.phase, a, b);
                self.evidence.push(evidence);
            }
        }
    }

    /// `lock` was committed, and `later` in a view above it, although they contradict each other at `sequence`.
    fn across_views(
        &mut self,
        epoch: &Epoch,
        sequence: u64,
        lock: &Certificate,
        later: &Side,
        known: &[&ViewRecord],
    ) {
        let Some(mut offender) = later.commit().cloned() else {
            return;
        };
        // Whether the offender is known to hold another batch than the lock at `sequence`. If not, it lies below the
        // lock, where nothing can be decided in a later view.
        let mut on_side = true;
        for _ in 0..HALT_VIEWS_MAX {
            let Some(record) = known
                .iter()
                .find(|record| record.digest(epoch) == offender.new_view)
            else {
                return;
            };
            self.views.push((*record).clone());
            if record.view != offender.head.view || !record.follows(epoch) {
                return self.against_new_view(&offender);
            }
            if self.all_hide(epoch, lock, record) {
                return;
            }
            // Somebody reported the lock or more, so there is a head and it is no lower.
            let Some(head) = record.head else { return };
            if head.sequence > offender.head.sequence {
                return self.against_new_view(&offender);
            }
            if on_side && head.sequence >= sequence {
                if later.chain_at(sequence, head.sequence) != Some(head.chain) {
                    if !is_checkpoint_between(head.sequence, offender.head.sequence) {
                        self.against_new_view(&offender);
                    }
                    return;
                }
            } else {
                on_side = false;
            }
            let Some(prepared) = &record.prepared else {
                return;
            };
            if head.view == lock.head.view {
                return self.within_one_view(epoch, lock, prepared);
            }
            offender = prepared.clone();
        }
    }

    /// Names everybody that committed `lock` and hid it; gives whether nobody reported it.
    fn all_hide(&mut self, epoch: &Epoch, lock: &Certificate, record: &ViewRecord) -> bool {
        let mut all = true;
        for (statement, signature) in &record.view_changes {
            let seat = statement.signer;
            let Some(commit) = vote_of(lock, seat) else {
                continue;
            };
            if hides(statement, &lock.head) {
                self.name(seat, Reason::Amnesia);
                let bytes = SignedBytes {
                    statement: statement.to_bytes(),
                    signature: *signature,
                };
                let evidence = Evidence::of_amnesia(epoch.number, seat, commit, bytes);
                self.evidence.push(evidence);
            } else {
                all = false;
            }
        }
        all
    }

    fn against_new_view(&mut self, offender: &Certificate) {
        let signers = offender.signers.iter();
        signers.for_each(|seat| self.name(seat, Reason::AgainstNewView));
    }
}

/// Whether a replica may have taken over a checkpoint's state after a vote for one slot and before one for the other.
const fn is_checkpoint_between(one: u64, other: u64) -> bool {
    let (low, high) = if one < other {
        (one, other)
    } else {
        (other, one)
    };
    high > 0 && (high - 1) / CHECKPOINT_EVERY > low / CHECKPOINT_EVERY
}

fn vote_of(certificate: &Certificate, seat: Seat) -> Option<VoteProof> {
    let mut votes = certificate.signers.iter().zip(&certificate.signatures);
    let (_, signature) = votes.find(|(signer, _)| *signer == seat)?;
    Some(VoteProof {
        head: certificate.head,
        new_view: certificate.new_view,
        signature: *signature,
    })
}

fn signed_bytes(
    statement: Vec<u8>,
    signers: SeatSet,
    signatures: &[Signature],
    seat: Seat,
) -> Option<SignedBytes> {
    let (_, signature) = signers.iter().zip(signatures).find(|(of, _)| *of == seat)?;
    Some(SignedBytes {
        statement,
        signature: *signature,
    })
}

#[cfg(test)]
mod tests {
    use super::is_checkpoint_between;

    #[test]
    fn a_checkpoint_lies_between_two_slots_or_not() {
        for (low, high, between) in [
            (1, 15, false),
            (1, 16, false),
            (15, 17, true),
            (16, 17, false),
            (16, 32, false),
            (16, 33, true),
            (5, 5, false),
            (16, 16, false),
        ] {
            assert_eq!(is_checkpoint_between(low, high), between, "{low} {high}");
            assert_eq!(is_checkpoint_between(high, low), between, "{low} {high}");
        }
    }
}
