//! Leaves out one player: as primary it never proposes that player's requests, as relay it never passes them on.

use std::collections::BTreeSet;

use bitcraps_core::consensus::{Message, RequestId};
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Node;

use super::pen::Spoken;
use super::{Letter, Lying, Stage};
use crate::random::Stream;

/// How many requests may be asked for at a time.
const WANTED_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct Censor {
    drawn: u64,
    /// What its own node has asked for, because another primary proposed it: those it must hear, or it falls behind.
    wanted: BTreeSet<RequestId>,
}

impl Censor {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            drawn: Stream::new(seed, "censored", 0).below(u64::MAX),
            wanted: BTreeSet::new(),
        }
    }

    /// Whoever sits this far to the left: every censor of a room has another victim.
    fn is_victims(&self, stage: &Stage, spoken: &Spoken) -> bool {
        let n = u64::try_from(stage.pen.roster.len()).unwrap_or(1);
        let step = 1 + self.drawn % (n - 1).max(1);
        let victim = (u64::from(stage.pen.seat.0) + step) % n;
        matches!(spoken.message, Message::Request(_))
            && spoken
                .author
                .is_some_and(|Seat(seat)| u64::from(seat) == victim)
    }
}

impl Lying for Censor {
    fn say(&mut self, stage: &mut Stage, node: &Node, letter: Letter) {
        if let Some(spoken) = stage.read(node, &letter) {
            if self.is_victims(stage, &spoken) {
                return;
            }
            if let Message::Want(ids) = &spoken.message {
                self.wanted.extend(ids);
                while self.wanted.len() > WANTED_MAX {
                    self.wanted.pop_first();
                }
            }
        }
        stage.pass(letter);
    }

    fn hear(&mut self, stage: &mut Stage, node: &Node, letter: &Letter) -> bool {
        let Some(spoken) = stage.read(node, letter) else {
            return true;
        };
        let Message::Request(signed) = &spoken.message else {
            return true;
        };
        let id = RequestId(stage.pen.request_digest(&signed.statement).short());
        !self.is_victims(stage, &spoken) || self.wanted.remove(&id)
    }
}
