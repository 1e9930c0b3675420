//! Lies in step with others: whoever of them is primary proposes two things, and all of them vote for both, the one on
//! the one side of the table and the other on the other. Nothing is passed from side to side.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bitcraps_core::consensus::{Head, Message, Phase};
use bitcraps_core::crypto::Seat;
use bitcraps_core::mesh::{Class, LinkId};
use bitcraps_core::node::Node;

use super::equivocator::{Version, second_proposal};
use super::pen::Spoken;
use super::{Letter, Lying, Stage};

/// How many slots the plot remembers.
const KEPT_MAX: usize = 256;

/// What plotters share.
pub(super) type Plot = Rc<RefCell<Plan>>;

#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Who is in it.
    pub(super) members: BTreeSet<Seat>,
    /// Who is shown the second version; drawn by whoever lies first.
    other_side: BTreeSet<Seat>,
    /// The two versions of a view's slot.
    splits: BTreeMap<(u64, u64), [Version; 2]>,
}

impl Plan {
    fn side(&self, seat: Seat) -> usize {
        usize::from(self.other_side.contains(&seat))
    }
}

#[derive(Debug)]
pub(super) struct Colluder {
    plot: Plot,
    voted: BTreeSet<(u64, u64)>,
}

impl Colluder {
    pub(super) fn new(plot: Plot) -> Self {
        let voted = BTreeSet::new();
        Self { plot, voted }
    }

    /// Votes for both versions of whatever has been split since.
    fn vote_for_both(&mut self, stage: &mut Stage) {
        let plot = Rc::clone(&self.plot);
        let plan = plot.borrow();
        for (at, versions) in &plan.splits {
            if !self.voted.insert(*at) {
                continue;
            }
            let leads = stage.pen.primary(at.0) == stage.pen.seat;
            for (link, seat) in stage.neighbours() {
                let (head, _) = versions[plan.side(seat)];
                if !leads {
                    stage.send(link, Class::Vote, stage.pen.vote(Phase::Prepare, head));
                }
                stage.send(link, Class::Vote, stage.pen.vote(Phase::Commit, head));
            }
        }
        while self.voted.len() > KEPT_MAX {
            self.voted.pop_first();
        }
    }

    /// As primary: a second proposal beside the one that the node made.
    fn split(&self, stage: &Stage, spoken: &Spoken, bytes: &[u8]) {
        let at = (spoken.view, spoken.sequence);
        let (Message::PrePrepare(proposal), Some(known)) =
            (&spoken.message, stage.memory.head(at.0, at.1))
        else {
            return;
        };
        let mut plan = self.plot.borrow_mut();
        if plan.splits.contains_key(&at) {
            return;
        }
        let head = Head {
            view: at.0,
            sequence: at.1,
            chain: known.chain,
        };
        if let Some(second) = second_proposal(stage, at, &proposal.ids) {
            plan.splits.insert(at, [(head, bytes.to_vec()), second]);
        }
        if plan.splits.len() > KEPT_MAX {
            plan.splits.pop_first();
        }
    }

    /// What a neighbour on its side may get to see of a split slot; `None` if the slot is not split.
    fn shown(&self, stage: &Stage, spoken: &Spoken, link: LinkId) -> Option<Shown> {
        let plan = self.plot.borrow();
        let versions = plan.splits.get(&(spoken.view, spoken.sequence))?;
        let seat = stage.seat_at(link)?;
        let (head, bytes) = &versions[plan.side(seat)];
        let own = spoken.author == Some(stage.pen.seat);
        match &spoken.message {
            Message::PrePrepare(_) => Some(Shown::Instead(bytes.clone())),
            // Its own votes are out already, one for each side.
            Message::Vote(_) if own => Some(Shown::Nothing),
            Message::Vote(vote) if vote.tag != head.chain.tag() => Some(Shown::Nothing),
            _ => None,
        }
    }
}

enum Shown {
    Nothing,
    Instead(Vec<u8>),
}

impl Lying for Colluder {
    fn say(&mut self, stage: &mut Stage, node: &Node, mut letter: Letter) {
        if let Some(spoken) = stage.read(node, &letter) {
            if spoken.author == Some(stage.pen.seat) {
                self.split(stage, &spoken, &letter.bytes);
            }
            match self.shown(stage, &spoken, letter.link) {
                Some(Shown::Nothing) => return,
                Some(Shown::Instead(bytes)) => letter.bytes = bytes,
                None => {}
            }
        }
        stage.pass(letter);
        self.vote_for_both(stage);
    }

    fn hear(&mut self, stage: &mut Stage, _node: &Node, _letter: &Letter) -> bool {
        self.vote_for_both(stage);
        true
    }

    fn wake(&mut self, stage: &mut Stage, _node: &Node) {
        let mut plan = self.plot.borrow_mut();
        if plan.other_side.is_empty() {
            let seats = stage.pen.roster.seats();
            let seats: Vec<Seat> = seats.filter(|seat| !plan.members.contains(seat)).collect();
            plan.other_side = stage.other_half(&seats);
        }
    }
}
