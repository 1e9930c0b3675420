//! What ends the exchange of votes: which ones are here, and the certificate for whoever lacks some.

use super::certificate::CertificateBody;
use super::early::Held;
use super::ignored::Ignored;
use super::limits::WINDOW;
use super::message::{Message, PreparedMessage, VoteMessage};
use super::normal::Slot;
use super::replica::{Peer, Replica};
use super::statement::{Phase, Vote};
use crate::crypto::{Seat, SeatSet};
use crate::time::Instant;

impl Replica {
    /// The prepares and commits of this view that were checked here, from the first slot that is not delivered on. Where
    /// there are q, all seats: no more are wanted.
    #[must_use]
    pub fn votes_held(&self) -> Vec<[SeatSet; 2]> {
        self.open_slots()
            .map(|(_, slot)| {
                [Phase::Prepare, Phase::Commit].map(|phase| {
                    let tally = slot.tally(phase);
                    if tally.is_complete() {
                        SeatSet::ALL
                    } else {
                        tally.votes().map(|(seat, _)| seat).collect()
                    }
                })
            })
            .collect()
    }

    /// The slots, from the first that is not delivered on, that have q prepares here.
    pub fn prepared_slots(&self) -> impl Iterator<Item = u64> {
        let complete = |slot: &Slot| slot.tally(Phase::Prepare).is_complete();
        let prepared = self.open_slots().filter(move |(_, slot)| complete(slot));
        prepared.map(|(sequence, _)| sequence)
    }

    fn open_slots(&self) -> impl Iterator<Item = (u64, &Slot)> {
        let first = self.chain.delivered().saturating_add(1);
        let window = first..first.saturating_add(WINDOW);
        window.map_while(|sequence| {
            let slot = self.slots.get(&sequence)?;
            slot.is_open().then_some((sequence, slot))
        })
    }

    /// Checked prepares of an open slot that are not in `except`, as they travel. The primary's is its proposal.
    #[must_use]
    pub fn prepares_wire(&self, sequence: u64, except: SeatSet) -> Vec<Vec<u8>> {
        let Some(slot) = self.slots.get(&sequence) else {
            return Vec::new();
        };
        let Some(head) = slot.head() else {
            return Vec::new();
        };
        let proposed = slot.proposal_bytes().is_some();
        let by_proposal = |seat: Seat| proposed && seat == self.epoch.primary(self.view);
        let votes = slot.tally(Phase::Prepare).votes();
        votes
            .filter(|(seat, _)| !except.contains(*seat) && !by_proposal(*seat))
            .map(|(signer, signature)| {
                let vote = Message::Vote(VoteMessage {
                    phase: Phase::Prepare,
                    signer,
                    tag: head.chain.tag(),
                    signature,
                });
                vote.to_wire(self.table_tag, head.view, sequence)
            })
            .collect()
    }

    /// The commit certificate that covers a delivered slot, as it travels, and the slot that it is for.
    #[must_use]
    pub fn decided_wire(&self, sequence: u64) -> Option<(u64, Vec<u8>)> {
        let through = self.chain.delivered();
        let last = sequence.saturating_add(WINDOW).min(through);
        (sequence..=last).find_map(|sequence| {
            let decided = self.chain.decided(sequence)?;
            let certificate = decided.certificate.as_ref()?;
            if decided.epoch != self.epoch.number {
                return None;
            }
            let message = Message::Decided(PreparedMessage {
                tag: decided.chain.tag(),
                body: CertificateBody::from(certificate),
            });
            let view = certificate.head.view;
            Some((sequence, message.to_wire(self.table_tag, view, sequence)))
        })
    }

    /// A commit certificate instead of the votes that it is made of.
    pub(super) fn on_decided(
        &mut self,
        now: Instant,
        peer: Peer,
        message: &PreparedMessage,
        held: &Held,
    ) -> Result<(), Ignored> {
        if held.sequence <= self.chain.delivered() {
            return Err(Ignored::Stale);
        }
        let slot = self.slots.get(&held.sequence);
        let head = slot.and_then(|slot| slot.head());
        let fits = head.filter(|head| {
            head.view == held.view && held.view == self.view && head.chain.tag() == message.tag
        });
        let (Some(head), Some(slot)) = (fits, slot) else {
            // What it certifies is not here: the neighbour has the slot itself.
            self.ask(now, peer);
            return Err(Ignored::Unclaimed);
        };
        let body = &message.body;
        let complete = body.signers.len() == self.epoch.quorum.q;
        if !complete || body.new_view != self.new_view {
            return Err(Ignored::BadSignature);
        }
        // Those that came by themselves are checked already.
        let known = slot.tally(Phase::Commit);
        let statement = Vote {
            phase: Phase::Commit,
            head,
        };
        let checked = body
            .signers
            .iter()
            .zip(&body.signatures)
            .all(|(seat, signature)| {
                known.signature(seat) == Some(*signature)
                    || self.verify_vote(&statement, seat, *signature)
            });
        if !checked {
            return Err(Ignored::BadSignature);
        }
        let certificate = body.clone().into_certificate(Phase::Commit, head);
        self.witness_certificate(now, &certificate);
        self.on_commit_certificate(now, certificate);
        Ok(())
    }
}
