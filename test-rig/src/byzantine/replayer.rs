//! Sends what it once heard or said again and again, out of views and slots that are long over.

use std::collections::VecDeque;
use std::time::Duration;

use bitcraps_core::mesh::Class;
use bitcraps_core::node::Node;
use bitcraps_core::wire::Kind;

use super::{Letter, Lying, Stage};

const EVERY: Duration = Duration::from_millis(100);
const KEPT_MAX: usize = 2048;
/// With more waiting for a link, old letters only keep its own ones from leaving.
const BACKLOG_MAX: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Replayer {
    kept: VecDeque<(Class, Vec<u8>)>,
    seen: u64,
}

impl Replayer {
    fn keep(&mut self, stage: &mut Stage, letter: &Letter) {
        // What neighbours say to each other is of no use to anybody else; lists of links say nothing of a slot.
        if letter
            .bytes
            .first()
            .is_none_or(|kind| *kind >= Kind::Ping as u8)
        {
            return;
        }
        self.seen += 1;
        let entry = (letter.class, letter.bytes.clone());
        if self.kept.len() < KEPT_MAX {
            self.kept.push_back(entry);
        } else if stage.random.below(self.seen) < KEPT_MAX as u64 {
            // A sample over the whole game: old views stay in it.
            let at = stage.random.index(KEPT_MAX);
            self.kept[at] = entry;
        }
    }
}

impl Lying for Replayer {
    fn say(&mut self, stage: &mut Stage, _node: &Node, letter: Letter) {
        self.keep(stage, &letter);
        stage.pass(letter);
    }

    fn hear(&mut self, stage: &mut Stage, _node: &Node, letter: &Letter) -> bool {
        self.keep(stage, letter);
        true
    }

    fn wake(&mut self, stage: &mut Stage, _node: &Node) {
        for (link, _) in stage.neighbours() {
            if self.kept.is_empty() || stage.backlog(link) > BACKLOG_MAX {
                continue;
            }
            let (class, bytes) = self.kept[stage.random.index(self.kept.len())].clone();
            stage.send(link, class, bytes);
        }
        stage.wake_after(EVERY);
    }
}
