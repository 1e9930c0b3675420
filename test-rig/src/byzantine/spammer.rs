//! Floods its neighbours as fast as the links let it: garbage, votes for views and slots far away, view-changes without
//! end, questions, and everything it ever heard.

use std::time::Duration;

use bitcraps_core::consensus::{Head, Message, Phase, Status, ViewChange};
use bitcraps_core::mesh::{Class, LinkId};
use bitcraps_core::node::Node;

use super::forger::random_digest;
use super::{Letter, Lying, Stage};

const EVERY: Duration = Duration::from_millis(30);
/// How much rubbish waits for a link at a time; its own votes leave before the rest of it.
const BACKLOG_MAX: usize = 1024;
const KEPT_MAX: usize = 256;
const GARBAGE_BYTES_MAX: u64 = 200;

#[derive(Debug, Default)]
pub(super) struct Spammer {
    kept: Vec<(Class, Vec<u8>)>,
    view: u64,
}

impl Lying for Spammer {
    fn hear(&mut self, stage: &mut Stage, _node: &Node, letter: &Letter) -> bool {
        let entry = (letter.class, letter.bytes.clone());
        if self.kept.len() < KEPT_MAX {
            self.kept.push(entry);
        } else {
            let at = stage.random.index(KEPT_MAX);
            self.kept[at] = entry;
        }
        true
    }

    fn wake(&mut self, stage: &mut Stage, node: &Node) {
        for (link, _) in stage.neighbours() {
            while stage.backlog(link) < BACKLOG_MAX {
                let before = stage.backlog(link);
                self.spam(stage, node, link);
                // Whatever waits there already is not queued twice.
                if stage.backlog(link) == before {
                    break;
                }
            }
        }
        stage.wake_after(EVERY);
    }
}

impl Spammer {
    fn spam(&mut self, stage: &mut Stage, node: &Node, link: LinkId) {
        let (class, bytes) = match stage.random.below(6) {
            0 => (Class::Vote, garbage(stage)),
            1 => (Class::Vote, far_vote(stage, node)),
            2 => {
                self.view += 1;
                let statement = ViewChange {
                    signer: stage.pen.seat,
                    view: node.view().0 + self.view,
                    delivered: stage.random.below(1 << 20),
                    prepared: None,
                };
                (Class::Vote, stage.pen.view_change(statement))
            }
            3 => {
                let status = Message::Status(Status {
                    view: stage.random.below(1 + node.view().0 * 2),
                    delivered: stage.random.below(1 + node.delivered().0 * 2),
                    stable: stage.random.below(1 + node.delivered().0 * 2),
                    epoch: stage.random.below(3),
                    tag: [0; 4],
                });
                (Class::Control, stage.pen.wire(&status, 0, 0))
            }
            4 => {
                let want = Message::Want(stage.memory.recent_ids(16));
                (Class::Control, stage.pen.wire(&want, 0, 0))
            }
            _ => match self.kept.get(stage.random.index(self.kept.len())) {
                Some(kept) => kept.clone(),
                None => (Class::Proposal, garbage(stage)),
            },
        };
        stage.send(link, class, bytes);
    }
}

/// Bytes that begin like a message of this table, sometimes.
fn garbage(stage: &mut Stage) -> Vec<u8> {
    let length = stage.random.between(1, GARBAGE_BYTES_MAX);
    let mut bytes: Vec<u8> = (0..length)
        .map(|_| u8::try_from(stage.random.below(256)).unwrap_or(0))
        .collect();
    if stage.random.below(2) == 0 {
        let status = Message::Status(Status {
            view: 0,
            delivered: 0,
            stable: 0,
            epoch: 0,
            tag: [0; 4],
        });
        let view = stage.random.below(4);
        let header = stage.pen.wire(&status, view, 0);
        bytes.splice(..0, header[1..6].iter().copied());
        let kind = u8::try_from(stage.random.between(1, 20)).unwrap_or(1);
        bytes.insert(0, kind);
    }
    bytes
}

/// A vote with a true signature for a place that nobody has reached.
fn far_vote(stage: &mut Stage, node: &Node) -> Vec<u8> {
    let head = Head {
        view: node.view().0 + stage.random.below(1 << 16),
        sequence: node.delivered().0 + stage.random.below(1 << 20),
        chain: random_digest(stage),
    };
    let phase = [Phase::Prepare, Phase::Commit][stage.random.index(2)];
    stage.pen.vote(phase, head)
}
