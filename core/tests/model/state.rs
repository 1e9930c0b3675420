//! What a state holds, and which states are the same one.

use super::chains::{CHAINS, Chain, EMPTY, Scope};

pub(crate) const HONEST_MAX: usize = 4;
pub(crate) const VIEWS_MAX: usize = 3;
pub(crate) const SLOTS_MAX: usize = 2;

/// The rule that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mutant {
    None,
    /// A view-change says that nothing is prepared.
    LockNotReported,
    /// A view-change may claim what no certificate backs.
    ClaimsWithoutCertificates,
    /// Proposals at or below the head that the view began with are accepted.
    BelowTheChosenHead,
    /// Votes are cast in a view that was left already.
    VotesAfterLeaving,
    /// A vote for a slot does not ask what is in the slots below.
    WithoutTheBodiesBelow,
}

/// How far the search goes, and under which rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) honest: usize,
    pub(crate) liars: usize,
    /// Votes in a certificate.
    pub(crate) quorum: usize,
    /// View-changes in a new-view.
    pub(crate) reports: usize,
    pub(crate) views: usize,
    pub(crate) scope: Scope,
    pub(crate) mutant: Mutant,
    /// Whether states that can do the same from now on count as one. Off, the states are those of the TLA+ model.
    pub(crate) reduce: bool,
}

/// A point of the chain as voted on in a view; (0, empty) stands for none.
pub(crate) type Head = (u8, Chain);

/// By view, then by sequence. Heads that are level are told apart by digest: here either may be the higher.
pub(crate) const fn at_least(left: Head, right: Head) -> bool {
    let longer = super::chains::length(left.1) >= super::chains::length(right.1);
    left.0 > right.0 || (left.0 == right.0 && longer)
}

/// One honest replica.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(crate) struct Local {
    pub(crate) view: u8,
    /// The view it wants; its view while it votes.
    pub(crate) target: u8,
    /// The head that its view began with while that is above `done`, else empty.
    pub(crate) chosen: Chain,
    /// The chain that it has delivered.
    pub(crate) done: Chain,
    /// The highest head that it holds a prepared certificate for.
    pub(crate) lock: Head,
    /// Prepare votes by view and slot.
    pub(crate) prep: [[Chain; SLOTS_MAX]; VIEWS_MAX],
    /// Commit votes by view, as masks of chains.
    pub(crate) comm: [u8; VIEWS_MAX],
    /// View-changes by view.
    pub(crate) report: [Option<Head>; VIEWS_MAX],
}

impl Local {
    /// Whether it casts votes in its view.
    pub(crate) fn votes(&self, bound: &Bound) -> bool {
        self.view == self.target || bound.mutant == Mutant::VotesAfterLeaving
    }

    fn rename(&mut self, names: &[Chain; 7]) {
        let name = |chain: &mut Chain| *chain = names[usize::from(*chain)];
        name(&mut self.chosen);
        name(&mut self.done);
        name(&mut self.lock.1);
        self.prep.as_flattened_mut().iter_mut().for_each(name);
        self.comm
            .iter_mut()
            .for_each(|mask| *mask = rename_mask(*mask, names));
        let heads = self.report.iter_mut().flatten();
        heads.for_each(|head| name(&mut head.1));
    }
}

fn rename_mask(mask: u8, names: &[Chain; 7]) -> u8 {
    let named = CHAINS.iter().filter(|chain| mask >> **chain & 1 == 1);
    named.fold(0, |all, chain| all | 1 << names[usize::from(*chain)])
}

/// A view that nobody votes in any more: what is left of it is what its votes have proven.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(crate) struct Closed {
    pub(crate) prepared: u8,
    pub(crate) committed: u8,
}

/// All honest replicas; the liars need no state, because they have signed everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(crate) struct State {
    pub(crate) locals: [Local; HONEST_MAX],
    pub(crate) closed: [Closed; VIEWS_MAX],
}

impl State {
    pub(crate) fn honest(&self, bound: &Bound) -> &[Local] {
        &self.locals[..bound.honest]
    }

    pub(crate) fn prepared(&self, bound: &Bound, view: usize, chain: Chain) -> bool {
        let slot = super::chains::length(chain) - 1;
        let honest = self.honest(bound).iter();
        let votes = honest
            .filter(|local| local.prep[view][slot] == chain)
            .count();
        self.closed[view].prepared >> chain & 1 == 1 || votes + bound.liars >= bound.quorum
    }

    pub(crate) fn committed(&self, bound: &Bound, view: usize, chain: Chain) -> bool {
        let honest = self.honest(bound).iter();
        let votes = honest
            .filter(|local| local.comm[view] >> chain & 1 == 1)
            .count();
        self.closed[view].committed >> chain & 1 == 1 || votes + bound.liars >= bound.quorum
    }

    /// The one state that stands for all that differ in names only or, if that is wished for, in what is over.
    pub(crate) fn canonical(mut self, bound: &Bound) -> Self {
        if bound.reduce {
            self.forget(bound);
        }
        let renamings = bound.scope.renamings();
        let renamings = if bound.reduce {
            renamings
        } else {
            &renamings[..2]
        };
        let renamed = renamings.iter().map(|names| {
            let mut state = self;
            state.locals[..bound.honest]
                .iter_mut()
                .for_each(|local| local.rename(names));
            for closed in &mut state.closed {
                closed.prepared = rename_mask(closed.prepared, names);
                closed.committed = rename_mask(closed.committed, names);
            }
            state.locals[..bound.honest].sort_unstable();
            state
        });
        renamed.min().unwrap_or(self)
    }

    /// Drops what no step and no property can ask for again.
    fn forget(&mut self, bound: &Bound) {
        let least = |of: fn(&Local) -> u8| self.honest(bound).iter().map(of).min().unwrap_or(0);
        let (least_view, least_target) = (least(|local| local.view), least(|local| local.target));
        for view in 0..bound.views {
            // Everybody has left it, so no vote is added. Its certificates still count.
            if view < usize::from(least_target) {
                let closed = Closed {
                    prepared: self.mask(|chain| self.prepared(bound, view, chain)),
                    committed: self.mask(|chain| self.committed(bound, view, chain)),
                };
                self.closed[view] = closed;
                for local in &mut self.locals[..bound.honest] {
                    local.prep[view] = [EMPTY; SLOTS_MAX];
                    local.comm[view] = 0;
                }
            }
            // Everybody has entered it or a later one, so nobody stands on its reports again.
            if view <= usize::from(least_view) {
                self.locals[..bound.honest]
                    .iter_mut()
                    .for_each(|local| local.report[view] = None);
            }
        }
        let last = bound.views - 1;
        // A lock is for the next report, and a claim for the next new-view: after the last, neither comes.
        let locals = self.locals[..bound.honest].iter_mut();
        locals
            .filter(|local| usize::from(local.target) == last)
            .for_each(|local| local.lock = (0, EMPTY));
        if usize::from(least_view) == last {
            self.closed
                .iter_mut()
                .for_each(|closed| closed.prepared = 0);
        }
    }

    fn mask(&self, of: impl Fn(Chain) -> bool) -> u8 {
        CHAINS
            .iter()
            .filter(|chain| of(**chain))
            .fold(0, |mask, chain| mask | 1 << chain)
    }
}
