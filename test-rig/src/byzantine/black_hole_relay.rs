//! Speaks for itself and passes nothing on, nor answers with what others signed.

use bitcraps_core::consensus::Message;
use bitcraps_core::node::Node;

use super::{Letter, Lying, Stage};

#[derive(Debug)]
pub(super) struct BlackHoleRelay;

impl Lying for BlackHoleRelay {
    fn say(&mut self, stage: &mut Stage, node: &Node, letter: Letter) {
        let answers = stage.read(node, &letter).is_some_and(|spoken| {
            matches!(spoken.message, Message::Slots(_) | Message::Decided(_))
        });
        if !answers && !stage.is_relay(node, &letter) {
            stage.pass(letter);
        }
    }
}
