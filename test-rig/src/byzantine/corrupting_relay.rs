//! Flips a few bits in whatever it passes on, and in the slots that it hands to whoever is behind.

use bitcraps_core::consensus::Message;
use bitcraps_core::node::Node;

use super::{Letter, Lying, Stage};

const FLIPS_MAX: u64 = 3;

#[derive(Debug)]
pub(super) struct CorruptingRelay;

impl Lying for CorruptingRelay {
    fn say(&mut self, stage: &mut Stage, node: &Node, mut letter: Letter) {
        let slots = stage.read(node, &letter).is_some_and(|spoken| {
            matches!(spoken.message, Message::Slots(_) | Message::Decided(_))
        });
        if !slots && !stage.is_relay(node, &letter) {
            stage.pass(letter);
            return;
        }
        flip(stage, &mut letter.bytes);
        stage.pass(letter);
    }
}

fn flip(stage: &mut Stage, bytes: &mut [u8]) {
    for _ in 0..stage.random.between(1, FLIPS_MAX) {
        let at = stage.random.index(bytes.len());
        let bit = stage.random.below(8);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }
}
