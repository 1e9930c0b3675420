//! What must hold in every state, and what must be reached in some.

use super::chains::{CHAINS, Chain, compatible, contains, length};
use super::state::{Bound, State};

/// A statement about one state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Property {
    /// No two commit certificates, of any views, are for chains that part.
    Agreement,
    /// No two replicas deliver differently at a slot.
    Delivery,
    /// In one view, prepared certificates for one slot are for one chain. (For two slots they may be for chains that
    /// part: who stays behind in a view may deliver what a later view decided, and vote on top of that.)
    OnePreparedChain,
    /// What is decided, every honest prepare of a later view contains (8.2, claim a).
    Survival,
    /// False by intention: a search that never breaks it has not reached a decision in its last view.
    NeverDecidesInTheLastView,
    /// False by intention: a search that never breaks it has not voted on a chosen head again after a delivery.
    NeverChoosesAgain,
}

impl Property {
    pub(crate) const SAFETY: [Self; 4] = [
        Self::Agreement,
        Self::Delivery,
        Self::OnePreparedChain,
        Self::Survival,
    ];

    pub(crate) fn holds(self, state: &State, bound: &Bound) -> bool {
        let last = bound.views - 1;
        match self {
            Self::Agreement => pairwise(&committed(state, bound, 0..bound.views)),
            Self::Delivery => {
                let done: Vec<Chain> = state.honest(bound).iter().map(|local| local.done).collect();
                pairwise(&done)
            }
            Self::OnePreparedChain => (0..bound.views).all(|view| {
                let prepared = CHAINS
                    .into_iter()
                    .filter(|chain| state.prepared(bound, view, *chain));
                let prepared: Vec<Chain> = prepared.collect();
                (1..=bound.scope.slots()).all(|slot| {
                    prepared
                        .iter()
                        .filter(|chain| length(**chain) == slot)
                        .count()
                        <= 1
                })
            }),
            Self::Survival => survival(state, bound),
            Self::NeverDecidesInTheLastView => {
                let decided = committed(state, bound, last..bound.views);
                !decided
                    .into_iter()
                    .any(|chain| length(chain) == bound.scope.slots())
            }
            Self::NeverChoosesAgain => !state.honest(bound).iter().any(|local| {
                usize::from(local.view) == last
                    && length(local.chosen) == bound.scope.slots()
                    && local.prep[last][bound.scope.slots() - 1] == local.chosen
            }),
        }
    }
}

fn committed(state: &State, bound: &Bound, views: std::ops::Range<usize>) -> Vec<Chain> {
    let heads = views.flat_map(|view| CHAINS.map(|chain| (view, chain)));
    let decided = heads.filter(|(view, chain)| state.committed(bound, *view, *chain));
    decided.map(|(_, chain)| chain).collect()
}

fn pairwise(chains: &[Chain]) -> bool {
    chains
        .iter()
        .all(|left| chains.iter().all(|right| compatible(*left, *right)))
}

fn survival(state: &State, bound: &Bound) -> bool {
    (0..bound.views).all(|view| {
        let later = state
            .honest(bound)
            .iter()
            .flat_map(|local| &local.prep[view + 1..bound.views]);
        let votes: Vec<Chain> = later
            .flatten()
            .copied()
            .filter(|chain| *chain != 0)
            .collect();
        let decided = committed(state, bound, view..view + 1);
        decided
            .iter()
            .all(|chain| votes.iter().all(|vote| contains(*vote, *chain)))
    })
}
