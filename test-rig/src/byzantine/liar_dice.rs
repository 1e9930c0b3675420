//! Gives false shares of the dice, under its own signature.

use bitcraps_core::node::Node;

use super::withhold_share::is_own_share;
use super::{Letter, Lying, Stage};

#[derive(Debug)]
pub(super) struct LiarDice;

impl Lying for LiarDice {
    fn say(&mut self, stage: &mut Stage, node: &Node, mut letter: Letter) {
        if is_own_share(stage, &letter) {
            let Some(closed) = node.table().dice().closed() else {
                return;
            };
            let Some(bytes) = stage.pen.false_share(closed, &letter.bytes) else {
                return;
            };
            letter.bytes = bytes;
        }
        stage.pass(letter);
    }
}
