//! As the primary, keeps a slot back and proposes the close of a roll in the one above it. Where slots were decided each by
//! itself, the dice would be known with the bets of the slot below still to be chosen. Here no honest phone votes for a slot
//! without everything below it.

use std::collections::BTreeMap;

use bitcraps_core::consensus::{Head, Message};
use bitcraps_core::node::Node;

use super::foresight::Foresight;
use super::pen::Spoken;
use super::{Letter, Lying, Stage};

/// How many slots are remembered.
const KEPT_MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct SlotSkipper {
    foresight: Foresight,
    /// What is proposed in place of a slot with a close, by its view and number: the slot above.
    raised: BTreeMap<(u64, u64), Option<Vec<u8>>>,
}

impl SlotSkipper {
    /// The proposal of a close as if it stood one slot higher, on the slot below its own.
    fn raise(&mut self, stage: &Stage, node: &Node, spoken: &Spoken) -> Option<Vec<u8>> {
        let Message::PrePrepare(proposal) = &spoken.message else {
            return None;
        };
        let roll = self.foresight.closed_by(proposal)?;
        let (view, sequence) = (spoken.view, spoken.sequence + 1);
        let parent = stage.memory.head(view, spoken.sequence)?.parent?;
        let chain = stage.memory.chain_of(&parent, sequence, &proposal.ids)?;
        let head = Head {
            view,
            sequence,
            chain,
        };
        self.foresight.expect(stage, node, (sequence, chain), roll);
        Some(stage.pen.proposal(head, proposal.ids.clone()))
    }
}

impl Lying for SlotSkipper {
    fn say(&mut self, stage: &mut Stage, node: &Node, mut letter: Letter) {
        self.foresight.note(stage, node, &letter);
        let own = stage
            .read(node, &letter)
            .filter(|spoken| spoken.author == Some(stage.pen.seat));
        if let Some(spoken) = own {
            let at = (spoken.view, spoken.sequence);
            if matches!(spoken.message, Message::PrePrepare(_)) && !self.raised.contains_key(&at) {
                let raised = self.raise(stage, node, &spoken);
                self.raised.insert(at, raised);
                if self.raised.len() > KEPT_MAX {
                    self.raised.pop_first();
                }
            }
            match (&spoken.message, self.raised.get(&at)) {
                (Message::PrePrepare(_), Some(Some(raised))) => letter.bytes.clone_from(raised),
                // Its node votes for the slot that nobody gets to see.
                (Message::Vote(_), Some(Some(_))) => return,
                _ => {}
            }
        }
        stage.pass(letter);
    }

    fn hear(&mut self, stage: &mut Stage, node: &Node, letter: &Letter) -> bool {
        self.foresight.note(stage, node, letter);
        true
    }
}
