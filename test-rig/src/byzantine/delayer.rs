//! Sends everything as late as it dares: so that a decision takes 0.99 of the time-out that its primary has.

use std::time::Duration;

use bitcraps_core::node::Node;
use bitcraps_core::time::Instant;

use super::{Letter, Lying, Stage};

/// What a decision is taken to need beside the delay, before it was measured.
const OTHERS_PRIOR: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Delayer {
    /// Since when something waits to be decided.
    working_since: Option<Instant>,
    delivered: u64,
    /// When the last delayed letter left, and how long everything else took until the decision.
    left: Option<Instant>,
    others: Duration,
}

impl Default for Delayer {
    fn default() -> Self {
        Self {
            working_since: None,
            delivered: 0,
            left: None,
            others: OTHERS_PRIOR,
        }
    }
}

impl Lying for Delayer {
    fn say(&mut self, stage: &mut Stage, node: &Node, letter: Letter) {
        self.watch(stage.now, node);
        let leads = stage.pen.primary(node.view().0) == stage.pen.seat;
        let since = self.working_since.filter(|_| leads).unwrap_or(stage.now);
        let until = since.after(late(node).saturating_sub(self.others));
        if leads {
            self.left = Some(until.max(stage.now));
        }
        stage.hold(until, letter);
    }

    fn hear(&mut self, stage: &mut Stage, node: &Node, _letter: &Letter) -> bool {
        self.watch(stage.now, node);
        true
    }
}

impl Delayer {
    fn watch(&mut self, now: Instant, node: &Node) {
        let (delivered, _) = node.delivered();
        if delivered > self.delivered {
            self.delivered = delivered;
            self.working_since = None;
            if let Some(left) = self.left.take().filter(|left| *left <= now) {
                self.others = (self.others * 3 + now.since(left)) / 4;
            }
        }
        if node.usage().consensus.pool > 0 {
            self.working_since.get_or_insert(now);
        }
    }
}

/// 0.99 of the time that a primary has.
fn late(node: &Node) -> Duration {
    node.view_timeout() * 99 / 100
}
