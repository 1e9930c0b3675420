//! Answers whoever is behind with lies: cut, altered, reordered or stale slots, and certificates that do not fit. Says
//! of itself that it is far ahead, so that it is asked.

use std::time::Duration;

use bitcraps_core::consensus::{Message, Slots, Status};
use bitcraps_core::crypto::Signature;
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
        let spoken = stage.read(node, &letter);
        if let Some((Message::Slots(slots), sequence)) =
            spoken.map(|spoken| (spoken.message, spoken.sequence))
        {
            let lie = Message::Slots(altered(stage, slots));
            let stale = self.stale.replace(letter.bytes);
            let again = stale.filter(|_| stage.random.below(4) == 0);
            let view = node.view().0;
            letter.bytes = again.unwrap_or_else(|| stage.pen.wire(&lie, view, sequence));
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
    match stage.random.below(7) {
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
        _ => {
            // The chain and the certificate stay whole: only the signature of a request is wrong.
            let requests = slots.batches.iter_mut().flatten();
            requests.for_each(|request| request.signature = Signature([1; 64]));
        }
    }
    slots
}
