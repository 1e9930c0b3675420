//! Sends first fragments without end and never a last one, and messages that only grow.

use std::time::Duration;

use bitcraps_core::mesh::{CHUNK_HEADER_BYTES, LinkId};
use bitcraps_core::node::Node;

use super::{Lying, Stage};

const EVERY: Duration = Duration::from_millis(100);
/// ATT's own bytes in each write.
const ATT_BYTES: usize = 3;
const FIRST: u8 = 1 << 2;
/// Its own votes and proposals travel in the other two classes, which it leaves whole.
const CLASSES: [u8; 2] = [1, 3];

#[derive(Debug, Default)]
pub(super) struct FragmentBomber {
    count: u8,
    index: u8,
}

impl FragmentBomber {
    fn bomb(&mut self, stage: &mut Stage, link: LinkId) {
        let room = usize::from(stage.mtu(link)).saturating_sub(ATT_BYTES + CHUNK_HEADER_BYTES);
        let class = CLASSES[stage.random.index(CLASSES.len())];
        // Every other one goes on with the message that the last one began.
        let first = stage.random.below(2) == 0;
        if first {
            self.count = self.count.wrapping_add(1);
            self.index = 0;
        } else {
            self.index = self.index.wrapping_add(1);
        }
        let flags = if first { class | FIRST } else { class };
        let mut chunk = vec![stage.tag(link), flags, self.count, self.index];
        chunk.resize(CHUNK_HEADER_BYTES + room, self.count);
        stage.send_chunk(link, chunk);
    }
}

impl Lying for FragmentBomber {
    fn wake(&mut self, stage: &mut Stage, _node: &Node) {
        for (link, _) in stage.neighbours() {
            self.bomb(stage, link);
        }
        stage.wake_after(EVERY);
    }
}
