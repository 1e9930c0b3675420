//! Answers whoever is behind with lies: cut, altered, reordered or stale slots, altered states, and certificates that do not
//! fit or lack a signature. Says of itself that it is far ahead, so that it is asked.

use std::time::Duration;

use bitcraps_core::consensus::{
    CertificateBody, CheckpointCertificate, Message, Slots, StateAt, Status,
};
use bitcraps_core::crypto::{SeatSet, Signature};
use bitcraps_core::mesh::Class;
use bitcraps_core::node::Node;

use super::{Letter, Lying, Stage};

const EVERY: Duration = Duration::from_millis(400);
/// How far ahead it says it is.
const AHEAD_MAX: u64 = 1000;

#[derive(Debug, Default)]
pub(super) struct BadStateTransfer {
    /// The last true answer, to be given again when it is long over.
    stale: Option<Vec<u8>>,
}

impl Lying for BadStateTransfer {
    fn say(&mut self, stage: &mut Stage, node: &Node, mut letter: Letter) {
        let Some(spoken) = stage.read(node, &letter) else {
            stage.pass(letter);
            return;
        };
        let lie = match spoken.message {
            Message::Slots(slots) => Some(Message::Slots(altered(stage, slots))),
            Message::State(mut state) => {
                match (&mut state.last, state.ends.last_mut()) {
                    (Some(last), _) => alter_state(stage, last),
                    (None, Some(end)) => shorten_checkpoint(&mut end.certificate),
                    (None, None) => {}
                }
                Some(Message::State(state))
            }
            Message::Decided(mut decided) => (stage.random.below(4) == 0).then(|| {
                shorten(&mut decided.body);
                Message::Decided(decided)
            }),
            _ => None,
        };
        if let Some(lie) = lie {
            let is_answer = !matches!(lie, Message::Decided(_));
            let bytes = stage.pen.wire(&lie, spoken.view, spoken.sequence);
            let truth = std::mem::replace(&mut letter.bytes, bytes);
            let stale = is_answer.then(|| self.stale.replace(truth)).flatten();
            if let Some(stale) = stale.filter(|_| stage.random.below(4) == 0) {
                letter.bytes = stale;
            }
        }
        stage.pass(letter);
    }

    fn wake(&mut self, stage: &mut Stage, node: &Node) {
        let status = Message::Status(Status {
            view: node.view().0 + stage.random.below(3),
            delivered: node.delivered().0 + stage.random.below(AHEAD_MAX),
            stable: stage.random.below(node.delivered().0 + AHEAD_MAX),
            epoch: stage.random.below(3),
            tag: [u8::try_from(stage.random.below(256)).unwrap_or(0); 4],
        });
        let bytes = stage.pen.wire(&status, node.view().0, node.delivered().0);
        stage.send_all(Class::Control, &bytes);
        stage.wake_after(EVERY);
    }
}

fn altered(stage: &mut Stage, mut slots: Slots) -> Slots {
    let batch = stage.random.index(slots.batches.len());
    match stage.random.below(8) {
        0 => slots.certificate = None,
        1 => {
            if let Some((_, body)) = &mut slots.certificate {
                body.signatures.reverse();
            }
        }
        2 => {
            if let Some((view, _)) = &mut slots.certificate {
                *view += 1;
            }
        }
        3 => {
            slots.batches.pop();
        }
        4 => slots.first += 1,
        5 => {
            if let Some(batch) = slots.batches.get_mut(batch) {
                batch.reverse();
                batch.pop();
            }
        }
        6 => {
            if let Some((_, body)) = &mut slots.certificate {
                shorten(body);
            }
        }
        _ => {
            // The chain and the certificate stay whole: only the signature of a request is wrong.
            let requests = slots.batches.iter_mut().flatten();
            requests.for_each(|request| request.signature = Signature([1; 64]));
        }
    }
    slots
}

/// A certificate of one signature fewer than it takes.
fn shorten(body: &mut CertificateBody) {
    body.signatures.pop();
    body.signers = all_but_the_last(body.signers);
}

fn shorten_checkpoint(certificate: &mut CheckpointCertificate) {
    certificate.signatures.pop();
    certificate.signers = all_but_the_last(certificate.signers);
}

fn all_but_the_last(seats: SeatSet) -> SeatSet {
    seats.iter().take(seats.len().saturating_sub(1)).collect()
}

/// Another state than was signed, or one that too few signed.
fn alter_state(stage: &mut Stage, state: &mut StateAt) {
    match stage.random.below(3) {
        0 => shorten_checkpoint(&mut state.certificate),
        1 if !state.application.is_empty() => {
            let at = stage.random.index(state.application.len());
            state.application[at] ^= 1;
        }
        _ => state.certificate.checkpoint.sequence += 16,
    }
}
