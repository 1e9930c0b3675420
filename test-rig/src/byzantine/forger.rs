//! Makes up what others would have to sign: votes, proposals, view-changes, requests and certificates in their names.
//!
//! None of it has a signature that fits, and nothing of it may count, block or blame anybody.

use bitcraps_core::consensus::{
    CertificateBody, Head, Message, Phase, PreparedMessage, Slots, ViewChange,
};
use bitcraps_core::crypto::{Digest, Seat, SeatSet, Signature};
use bitcraps_core::mesh::Class;
use bitcraps_core::node::Node;

use super::pen::Spoken;
use super::{Letter, Lying, Stage};

#[derive(Debug, Default)]
pub(super) struct Forger {
    /// The last vote of its own for which it forged something.
    last: (u64, u64, u8),
}

impl Lying for Forger {
    fn say(&mut self, stage: &mut Stage, node: &Node, letter: Letter) {
        let spoken = stage.read(node, &letter);
        stage.pass(letter);
        let Some(spoken) = spoken.filter(|spoken| spoken.author == Some(stage.pen.seat)) else {
            return;
        };
        let Message::Vote(vote) = &spoken.message else {
            return;
        };
        let this = (spoken.view, spoken.sequence, vote.phase as u8);
        if this != self.last {
            self.last = this;
            for (class, bytes) in forgeries(stage, node, &spoken, vote.phase) {
                stage.send_all(class, &bytes);
            }
        }
    }
}

/// Three of the many things that could be forged at this moment.
fn forgeries(
    stage: &mut Stage,
    node: &Node,
    spoken: &Spoken,
    phase: Phase,
) -> Vec<(Class, Vec<u8>)> {
    let (view, sequence) = (spoken.view, spoken.sequence);
    let chain = stage.memory.head(view, sequence).map(|known| known.chain);
    let head = Head {
        view,
        sequence,
        chain: chain.unwrap_or_else(|| random_digest(stage)),
    };
    (0..3).map(|_| forgery(stage, node, head, phase)).collect()
}

fn forgery(stage: &mut Stage, node: &Node, head: Head, phase: Phase) -> (Class, Vec<u8>) {
    let victim = another(stage);
    let next = Head {
        sequence: head.sequence + 1,
        chain: random_digest(stage),
        ..head
    };
    match stage.random.below(7) {
        0 => (Class::Vote, stage.pen.vote_as(victim, phase, head)),
        1 => (
            Class::Vote,
            stage.pen.vote_as(
                victim,
                phase,
                Head {
                    chain: next.chain,
                    ..head
                },
            ),
        ),
        2 => {
            let ids = stage.memory.recent_ids(2);
            (Class::Proposal, stage.pen.proposal(next, ids))
        }
        3 => {
            let statement = ViewChange {
                signer: victim,
                view: head.view + 1,
                delivered: head.sequence,
                prepared: Some(head),
            };
            (Class::Vote, stage.pen.view_change(statement))
        }
        4 => {
            let number = node.delivered().0 + 1;
            (
                Class::Proposal,
                stage.pen.request_as(victim, number, vec![6, 1]),
            )
        }
        5 => {
            let (tag, body) = (head.chain.tag(), certificate(stage));
            let message = Message::Prepared(PreparedMessage { tag, body });
            (
                Class::Vote,
                stage.pen.wire(&message, head.view, head.sequence),
            )
        }
        _ => {
            let first = node.delivered().0 + 1;
            let certificate = Some((head.view, certificate(stage)));
            let message = Message::Slots(Slots {
                first,
                batches: vec![Vec::new()],
                certificate,
            });
            (Class::Bulk, stage.pen.wire(&message, head.view, first))
        }
    }
}

/// A quorum's signatures that nobody gave.
fn certificate(stage: &mut Stage) -> CertificateBody {
    let q = stage.pen.quorum();
    let signers: SeatSet = stage.pen.roster.seats().take(q).collect();
    let signature = |_| {
        Signature(
            [random_digest(stage).0, random_digest(stage).0]
                .concat()
                .try_into()
                .unwrap_or([7; 64]),
        )
    };
    CertificateBody {
        signers,
        signatures: (0..q).map(signature).collect(),
        new_view: bitcraps_core::consensus::NO_NEW_VIEW,
    }
}

/// Somebody else.
pub(super) fn another(stage: &mut Stage) -> Seat {
    let others = stage
        .pen
        .roster
        .seats()
        .filter(|seat| *seat != stage.pen.seat);
    let others: Vec<Seat> = others.collect();
    others[stage.random.index(others.len())]
}

pub(super) fn random_digest(stage: &mut Stage) -> Digest {
    let mut bytes = [0; 32];
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&stage.random.below(u64::MAX).to_le_bytes());
    }
    Digest(bytes)
}
