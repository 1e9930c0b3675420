//! A phone's own requests, rewritten: other words under the number that its node gave them.

use std::collections::BTreeMap;

use bitcraps_core::consensus::{Evidence, Message, Request};
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Node;
use bitcraps_core::table::Operation;
use bitcraps_core::wire::{Decode, Encode};

use super::{Letter, Stage};

/// How many numbers are remembered.
const KEPT_MAX: usize = 256;

/// What the phone sends under each number, the same to everybody.
#[derive(Debug, Default)]
pub(super) struct Rewritten {
    sent: BTreeMap<u64, Vec<u8>>,
}

impl Rewritten {
    /// Says something, with the phone's own operations as `rewrite` makes them.
    ///
    /// The node behind the lie finds that its own player signed two requests with one number. It keeps that to itself: the
    /// lie is another one.
    pub(super) fn say(
        &mut self,
        stage: &mut Stage,
        node: &Node,
        mut letter: Letter,
        rewrite: impl FnOnce(&mut Stage, Operation) -> Operation,
    ) {
        let own = stage.pen.seat;
        let spoken = stage.read(node, &letter);
        if let Some(spoken) = &spoken
            && let Message::Evidence(evidence) = &spoken.message
            && evidence.culprit == own
        {
            return;
        }
        if let Some(spoken) = spoken.filter(|spoken| spoken.author == Some(own))
            && let Message::Request(signed) = &spoken.message
            && let Ok(request) = Request::from_bytes(&signed.statement)
            && let Ok(operation) = Operation::from_bytes(&request.payload)
        {
            let sent = self.sent.entry(request.number).or_insert_with(|| {
                let operation = match operation {
                    Operation::Evidence(evidence) if accuses(&evidence, own) => {
                        Operation::Idle { roll: 0 }
                    }
                    operation => rewrite(stage, operation),
                };
                stage.pen.request(request.number, operation.to_bytes())
            });
            letter.bytes.clone_from(sent);
            if self.sent.len() > KEPT_MAX {
                self.sent.pop_first();
            }
        }
        stage.pass(letter);
    }
}

fn accuses(evidence: &Evidence, seat: Seat) -> bool {
    evidence.culprit == seat
}
