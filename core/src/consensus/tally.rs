//! Votes of one phase for one slot in one view.

use super::certificate::Certificate;
use super::statement::{Head, Phase};
use crate::crypto::{Digest, Seat, Signature};

/// Collects checked votes until there are q, and stops there: more would only cost checks.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    votes: Vec<Option<Signature>>,
    count: usize,
    quorum: usize,
}

impl Tally {
    pub(super) fn new(seats: usize, quorum: usize) -> Self {
        Self {
            votes: vec![None; seats],
            count: 0,
            quorum,
        }
    }

    pub(super) fn has(&self, seat: Seat) -> bool {
        self.votes.get(seat.index()).is_some_and(Option::is_some)
    }

    /// A seat's vote, if it is in.
    pub(super) fn signature(&self, seat: Seat) -> Option<Signature> {
        self.votes.get(seat.index()).copied().flatten()
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.count >= self.quorum
    }

    /// Adds a checked vote. The caller has made sure that the seat exists and is not in yet.
    pub(super) fn add(&mut self, seat: Seat, signature: Signature) {
        debug_assert!(!self.has(seat), "the caller ignores duplicates");
        if let Some(vote) = self
            .votes
            .get_mut(seat.index())
            .filter(|vote| vote.is_none())
        {
            *vote = Some(signature);
            self.count += 1;
        }
    }

    /// Takes a seat's vote out again, unless the votes are complete with it.
    pub(super) fn exclude(&mut self, seat: Seat) {
        if !self.is_complete()
            && let Some(vote) = self.votes.get_mut(seat.index())
            && vote.take().is_some()
        {
            self.count -= 1;
        }
    }

    /// The votes so far, by seat.
    pub(super) fn votes(&self) -> impl Iterator<Item = (Seat, Signature)> {
        (0_u8..)
            .map(Seat)
            .zip(&self.votes)
            .filter_map(|(seat, vote)| vote.map(|vote| (seat, vote)))
    }

    /// A certificate of exactly q votes, once there are that many.
    pub(super) fn certificate(
        &self,
        phase: Phase,
        head: Head,
        new_view: Digest,
    ) -> Option<Certificate> {
        self.is_complete().then(|| {
            let (signers, signatures): (Vec<_>, Vec<_>) = self.votes().take(self.quorum).unzip();
            Certificate {
                phase,
                head,
                new_view,
                signers: signers.into_iter().collect(),
                signatures,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::NO_NEW_VIEW;

    #[test]
    fn a_certificate_appears_with_the_quorum_and_holds_exactly_that_many() {
        let head = Head {
            view: 0,
            sequence: 1,
            chain: Digest([1; 32]),
        };
        let mut tally = Tally::new(4, 3);
        for seat in [2, 0] {
            tally.add(Seat(seat), Signature([seat; 64]));
            assert_eq!(tally.certificate(Phase::Prepare, head, NO_NEW_VIEW), None);
        }
        tally.add(Seat(3), Signature([3; 64]));
        tally.add(Seat(1), Signature([1; 64]));
        let certificate = tally
            .certificate(Phase::Prepare, head, NO_NEW_VIEW)
            .unwrap();
        assert_eq!(certificate.signers.len(), 3);
        assert_eq!(certificate.signatures.len(), 3);
    }
}
