//! Blames an honest dealer: where it should say that its shares are right, it complains.

use bitcraps_core::node::Node;
use bitcraps_core::table::Operation;

use super::rewrite::Rewritten;
use super::{Letter, Lying, Stage};

#[derive(Debug, Default)]
pub(super) struct FalseAccuser {
    rewritten: Rewritten,
}

impl Lying for FalseAccuser {
    fn say(&mut self, stage: &mut Stage, node: &Node, letter: Letter) {
        self.rewritten
            .say(stage, node, letter, |stage, operation| match operation {
                Operation::Acknowledge(id) => accusation(stage, node)
                    .map_or(Operation::Acknowledge(id), |complaint| {
                        Operation::Complain(id, complaint)
                    }),
                other => other,
            });
    }
}

fn accusation(stage: &Stage, node: &Node) -> Option<bitcraps_core::dice::Complaint> {
    let attempt = node.table().attempt()?;
    let mut dealers = attempt.dealings().map(|dealing| dealing.dealer());
    let dealer = dealers.find(|dealer| *dealer != stage.pen.seat)?;
    Some(stage.pen.complain(attempt.ceremony(), dealer))
}
