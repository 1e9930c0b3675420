//! Keeps its share of the dice back, and does everything else as it should.

use bitcraps_core::node::Node;
use bitcraps_core::wire::Kind;

use super::{Letter, Lying, Stage};

/// Where the signer stands in a share's message.
pub(super) const SIGNER: usize = 6;

#[derive(Debug)]
pub(super) struct WithholdShare;

impl Lying for WithholdShare {
    fn say(&mut self, stage: &mut Stage, _node: &Node, letter: Letter) {
        if !is_own_share(stage, &letter) {
            stage.pass(letter);
        }
    }
}

pub(super) fn is_own_share(stage: &Stage, letter: &Letter) -> bool {
    let bytes = &letter.bytes;
    bytes.first() == Some(&(Kind::Share as u8)) && bytes.get(SIGNER) == Some(&stage.pen.seat.0)
}
