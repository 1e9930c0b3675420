//! Wants to know a roll while its bets can still change, alone or with others: all of them pool their shares of every close
//! that is proposed, before it is decided.
//!
//! As long as they are few enough for it to matter, the primary among them also makes time for it. It shows its proposal of a
//! close to as many honest phones as it takes for a prepared certificate, and to no more, and keeps its commit vote of that
//! slot back: whatever those phones give away with their own commit votes is in its hands before a certificate can be
//! anywhere (dice.md A2, rules A to C).

use std::collections::BTreeSet;

use bitcraps_core::consensus::{Message, Phase};
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Node;

use super::foresight::Pool;
use super::pen::Spoken;
use super::{Letter, Lying, Stage};

/// How many slots are remembered.
const KEPT_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct Peeker {
    pool: Pool,
    /// Slots whose close this phone has proposed, by view.
    held_up: BTreeSet<(u64, u64)>,
}

impl Peeker {
    pub(super) fn new(pool: Pool) -> Self {
        let held_up = BTreeSet::new();
        Self { pool, held_up }
    }

    /// Whether the others must not hear this.
    fn keeps_back(&mut self, stage: &Stage, spoken: &Spoken, letter: &Letter) -> bool {
        if spoken.author != Some(stage.pen.seat) {
            return false;
        }
        let at = (spoken.view, spoken.sequence);
        match &spoken.message {
            Message::PrePrepare(proposal) if self.pool.borrow().closed_by(proposal).is_some() => {
                self.held_up.insert(at);
                if self.held_up.len() > KEPT_MAX {
                    self.held_up.pop_first();
                }
                let shown = self.shown(stage);
                stage
                    .seat_at(letter.link)
                    .is_some_and(|seat| !shown.contains(&seat))
            }
            Message::Vote(vote) => vote.phase == Phase::Commit && self.held_up.contains(&at),
            _ => false,
        }
    }

    /// Whom the proposal of a close is shown to: the plotters, and as many others as make a quorum with them. Everybody, if
    /// the plotters are more than can lie without being a danger to agreement itself: then only the dice are looked at.
    fn shown(&self, stage: &Stage) -> BTreeSet<Seat> {
        let seats = || stage.pen.roster.seats();
        let members = self.pool.borrow().members.clone();
        let faulty = (stage.pen.roster.len().saturating_sub(1)) / 3;
        if members.len() > faulty {
            return seats().collect();
        }
        let others = seats().filter(|seat| !members.contains(seat));
        let others = others.take(stage.pen.quorum().saturating_sub(members.len()));
        others.chain(members.iter().copied()).collect()
    }
}

impl Lying for Peeker {
    fn say(&mut self, stage: &mut Stage, node: &Node, letter: Letter) {
        self.pool.borrow_mut().note(stage, node, &letter);
        let spoken = stage.read(node, &letter);
        if !spoken.is_some_and(|spoken| self.keeps_back(stage, &spoken, &letter)) {
            stage.pass(letter);
        }
    }

    fn hear(&mut self, stage: &mut Stage, node: &Node, letter: &Letter) -> bool {
        self.pool.borrow_mut().note(stage, node, letter);
        true
    }
}
