//! What can happen next: section 5 of `core/docs/protocol.md`.

use super::chains::{Chain, EMPTY, contains, length, parent};
use super::state::{Bound, Head, Local, Mutant, State, at_least};

/// One step of one honest replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Accept a proposal and vote prepare (5.4).
    Accept(Chain),
    /// Vote prepare for the head that the view began with (5.8).
    VoteChosen,
    /// Put a prepared certificate together, and vote commit (5.5).
    Certify(Chain),
    /// Deliver up to here (5.5, 5.9).
    Deliver(Chain),
    /// Leave for a later view (5.7).
    Leave(u8),
    /// Enter a view that begins with this head (5.8).
    Enter(u8, Head),
}

/// Every step that a state allows, with the replica that takes it and what comes of it.
pub(crate) fn successors(state: &State, bound: &Bound, mut each: impl FnMut(usize, Step, State)) {
    for (replica, local) in state.honest(bound).iter().enumerate() {
        let mut to = |step: Step, change: &dyn Fn(&mut Local)| {
            let mut next = *state;
            change(&mut next.locals[replica]);
            each(replica, step, next);
        };
        for chain in bound.scope.chains().iter().copied() {
            on_proposal(local, bound, chain, &mut to);
            on_prepares(state, local, bound, chain, &mut to);
            on_commits(state, local, bound, chain, &mut to);
        }
        vote_chosen(local, bound, &mut to);
        for view in 0..bound.views {
            change_view(state, local, bound, view, &mut to);
        }
    }
}

type To<'a> = dyn FnMut(Step, &dyn Fn(&mut Local)) + 'a;

/// On top of the slot below in this view, or of the delivered tip (R4), and above the chosen head (R3). Accepting and
/// voting are one step: while a replica has left, accepting changes nothing that counts.
fn on_proposal(local: &Local, bound: &Bound, chain: Chain, to: &mut To<'_>) {
    let (view, slot) = (usize::from(local.view), length(chain));
    let above_chosen = slot > length(local.chosen) || bound.mutant == Mutant::BelowTheChosenHead;
    let parent_known = if slot == length(local.done) + 1 {
        local.done == parent(chain)
    } else {
        slot > 1 && local.prep[view][slot - 2] == parent(chain)
    };
    let parent_known = parent_known || bound.mutant == Mutant::WithoutTheBodiesBelow;
    let open = slot > length(local.done) && local.prep[view][slot - 1] == EMPTY;
    if local.votes(bound) && open && above_chosen && parent_known {
        to(Step::Accept(chain), &|local| {
            local.prep[view][slot - 1] = chain
        });
    }
}

/// Whoever has not delivered the chosen head votes on it again, once its bodies are here.
fn vote_chosen(local: &Local, bound: &Bound, to: &mut To<'_>) {
    let (view, slot) = (usize::from(local.view), length(local.chosen));
    if local.votes(bound) && slot > 0 && local.prep[view][slot - 1] == EMPTY {
        to(Step::VoteChosen, &|local| {
            local.prep[view][slot - 1] = local.chosen
        });
    }
}

/// The certificate is kept also after leaving the view; the vote is cast only before.
fn on_prepares(state: &State, local: &Local, bound: &Bound, chain: Chain, to: &mut To<'_>) {
    let (view, slot) = (usize::from(local.view), length(chain));
    if slot <= length(local.done) || !state.prepared(bound, view, chain) {
        return;
    }
    let head = (local.view, chain);
    let lock = if at_least(local.lock, head) {
        local.lock
    } else {
        head
    };
    let votes = local.votes(bound) && local.prep[view][slot - 1] == chain;
    let comm = local.comm[view] | u8::from(votes) << chain;
    if lock != local.lock || comm != local.comm[view] {
        to(Step::Certify(chain), &|local| {
            (local.lock, local.comm[view]) = (lock, comm)
        });
    }
}

/// Commits of any view, and the bodies: a neighbour that is ahead may bring them.
fn on_commits(state: &State, local: &Local, bound: &Bound, chain: Chain, to: &mut To<'_>) {
    let extends = length(chain) > length(local.done) && contains(chain, local.done);
    if extends && (0..bound.views).any(|view| state.committed(bound, view, chain)) {
        to(Step::Deliver(chain), &|local| {
            local.done = chain;
            if length(local.chosen) <= length(chain) {
                local.chosen = EMPTY;
            }
        });
    }
}

/// Leaving: by time-out, by proof, or after others, so at any time and for any later view. Entering: with any head that
/// follows from view-changes that were signed, because every replica computes it again.
fn change_view(state: &State, local: &Local, bound: &Bound, view: usize, to: &mut To<'_>) {
    let Ok(number) = u8::try_from(view) else {
        return;
    };
    if number > local.target {
        let hides = bound.mutant == Mutant::LockNotReported;
        let report = if hides { (0, EMPTY) } else { local.lock };
        to(Step::Leave(number), &|local| {
            (local.target, local.report[view]) = (number, Some(report));
        });
    }
    if number > local.view && number >= local.target {
        for head in choices(state, bound, view) {
            to(Step::Enter(number, head), &|local| {
                (local.view, local.target) = (number, number);
                let above = length(head.1) > length(local.done);
                local.chosen = if above { head.1 } else { EMPTY };
            });
        }
    }
}

/// The heads that a new-view for `view` may have: the highest of enough reports. Every liar's report is among them:
/// without it there would be an honest one in its place, and the liar can claim the same as that.
fn choices(state: &State, bound: &Bound, view: usize) -> Vec<Head> {
    let reports: Vec<Head> = state
        .honest(bound)
        .iter()
        .filter_map(|l| l.report[view])
        .collect();
    let claims = claims(state, bound, view);
    let mut heads = Vec::new();
    for set in 0..1_u32 << reports.len() {
        if set.count_ones() as usize + bound.liars != bound.reports {
            continue;
        }
        let named = (0..reports.len()).filter(|index| set >> index & 1 == 1);
        let honest: Vec<Head> = named.map(|index| reports[index]).collect();
        for claim in &claims {
            let all: Vec<Head> = honest.iter().chain([claim]).copied().collect();
            let highest = all
                .iter()
                .filter(|head| all.iter().all(|other| at_least(**head, *other)));
            heads.extend(highest.copied());
        }
    }
    heads.sort_unstable();
    heads.dedup();
    heads
}

/// What a liar's view-change may claim: only what a certificate backs.
fn claims(state: &State, bound: &Bound, view: usize) -> Vec<Head> {
    let mut claims = vec![(0, EMPTY)];
    for (number, before) in (0_u8..).zip(0..view) {
        let without = bound.mutant == Mutant::ClaimsWithoutCertificates;
        let backed = |chain: &Chain| without || state.prepared(bound, before, *chain);
        let chains = bound.scope.chains().iter().copied();
        claims.extend(chains.filter(backed).map(|chain| (number, chain)));
    }
    claims
}
