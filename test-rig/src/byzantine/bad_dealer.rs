//! Deals one member a share that does not lie on the polynomial which it committed to.

use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Node;
use bitcraps_core::table::Operation;

use super::forger::another;
use super::rewrite::Rewritten;
use super::{Letter, Lying, Stage};

#[derive(Debug, Default)]
pub(super) struct BadDealer {
    rewritten: Rewritten,
}

impl Lying for BadDealer {
    fn say(&mut self, stage: &mut Stage, node: &Node, letter: Letter) {
        self.rewritten
            .say(stage, node, letter, |stage, operation| match operation {
                Operation::Deal(id, mut dealing) => {
                    let victim = another(stage);
                    if let Some(share) =
                        position(stage, node, victim).and_then(|at| dealing.shares.get_mut(at))
                    {
                        share[0] ^= 1;
                    }
                    Operation::Deal(id, dealing)
                }
                other => other,
            });
    }
}

/// Where a member's share stands in a dealing.
fn position(stage: &Stage, node: &Node, victim: Seat) -> Option<usize> {
    let attempt = node.table().attempt();
    let roster = attempt.map_or(&stage.pen.roster, |attempt| attempt.ceremony().roster());
    roster.seats().position(|seat| seat == victim)
}
