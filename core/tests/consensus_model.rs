//! Every state of a small model of the protocol, and for every rule that safety stands on: without it, a way to a fork.
//!
//! `cargo test --release -p bitcraps-core --test consensus_model -- --ignored --nocapture` goes as far as the model can.
//! `core/models` has the same model for TLC.

mod model;

use std::fmt::Write as _;

use model::{Bound, Found, Mutant, Property, Scope, search};

/// n = 4 with one liar and the quorums of the protocol.
const FOUR: Bound = Bound {
    honest: 3,
    liars: 1,
    quorum: 3,
    reports: 3,
    views: 2,
    scope: Scope::OneSlot,
    mutant: Mutant::None,
    reduce: true,
};

/// n = 5 with one liar: the smallest table at which 2f + 1 is not enough.
const FIVE: Bound = Bound {
    honest: 4,
    quorum: 4,
    reports: 4,
    ..FOUR
};

/// Searches everything, says how much that was, and finds nothing.
#[track_caller]
fn is_safe(bound: &Bound) -> Found {
    let found = search(bound, &Property::SAFETY);
    println!(
        "{bound:?}\n  {} states, {} steps, depth {}",
        found.states, found.steps, found.depth
    );
    assert_eq!(found.broken, None, "{}", shown(&found));
    found
}

/// Finds a way to break `property` and shows it.
#[track_caller]
fn breaks(bound: &Bound, property: Property) {
    let found = search(bound, &[property]);
    println!(
        "{bound:?}\n  {} states until {}",
        found.states,
        shown(&found)
    );
    assert!(
        found.broken.is_some(),
        "{property:?} still holds: model or bound is too small"
    );
}

fn shown(found: &Found) -> String {
    let Some((property, way)) = &found.broken else {
        return "nothing is broken".into();
    };
    let mut shown = format!("{property:?} is broken after {} steps:", way.len());
    for (replica, step) in way {
        let _ = write!(shown, " {replica}:{step:?}");
    }
    shown
}

/// What TLC reports as distinct states: `core/models/check` expects the same numbers.
const TLC_TWO_VIEWS: usize = 52_197;
const TLC_TWO_SLOTS: usize = 5_397;

#[test]
fn the_model_has_as_many_states_as_tlc_finds() {
    let two_views = is_safe(&Bound {
        reduce: false,
        ..FOUR
    });
    let two_slots = is_safe(&Bound {
        reduce: false,
        views: 1,
        scope: Scope::Wide,
        ..FOUR
    });
    assert_eq!(
        (two_views.states, two_slots.states),
        (TLC_TWO_VIEWS, TLC_TWO_SLOTS)
    );
    let reduced = is_safe(&FOUR);
    assert!(reduced.states < two_views.states);
}

#[test]
fn three_views_of_one_slot_are_safe() {
    is_safe(&Bound { views: 3, ..FOUR });
}

#[test]
fn two_views_of_two_slots_are_safe() {
    is_safe(&Bound {
        scope: Scope::Narrow,
        ..FOUR
    });
}

#[test]
fn five_phones_are_safe_with_four_votes() {
    is_safe(&FIVE);
}

#[test]
#[ignore = "for --release: a quarter of a minute there"]
fn two_views_of_two_slots_with_any_batches_are_safe() {
    is_safe(&Bound {
        scope: Scope::Wide,
        ..FOUR
    });
}

#[test]
#[ignore = "for --release: 24 million states, twenty minutes and 3 GB there"]
fn three_views_of_two_slots_are_safe() {
    is_safe(&Bound {
        views: 3,
        scope: Scope::Narrow,
        ..FOUR
    });
}

#[test]
fn the_search_goes_where_it_should() {
    for (views, scope) in [(2, Scope::Narrow), (3, Scope::OneSlot)] {
        let bound = Bound {
            views,
            scope,
            ..FOUR
        };
        breaks(&bound, Property::NeverDecidesInTheLastView);
        breaks(&bound, Property::NeverChoosesAgain);
    }
}

#[test]
fn one_vote_less_than_a_quorum_forks_the_table() {
    breaks(&Bound { quorum: 2, ..FOUR }, Property::Agreement);
    breaks(&Bound { quorum: 2, ..FOUR }, Property::OnePreparedChain);
}

#[test]
fn two_f_plus_one_votes_fork_a_table_of_five() {
    let bound = Bound { quorum: 3, ..FIVE };
    breaks(&bound, Property::Agreement);
    breaks(
        &Bound {
            reports: 3,
            ..bound
        },
        Property::Delivery,
    );
}

#[test]
fn a_new_view_on_one_view_change_less_than_a_quorum_forks_the_table() {
    breaks(&Bound { reports: 2, ..FOUR }, Property::Agreement);
    // Not at every table: with five, three view-changes share f + 1 seats with every four commits.
    is_safe(&Bound { reports: 3, ..FIVE });
}

#[test]
fn a_view_change_that_hides_a_lock_forks_the_table() {
    breaks(&mutant(Mutant::LockNotReported), Property::Agreement);
}

#[test]
fn claims_that_count_without_their_certificates_fork_the_table() {
    breaks(
        &mutant(Mutant::ClaimsWithoutCertificates),
        Property::Agreement,
    );
}

#[test]
fn votes_in_a_view_that_was_left_fork_the_table() {
    // A view is not over once all have left it, so nothing can be forgotten.
    let bound = Bound {
        reduce: false,
        ..mutant(Mutant::VotesAfterLeaving)
    };
    breaks(&bound, Property::Agreement);
}

#[test]
fn proposals_at_or_below_the_chosen_head_fork_the_table() {
    let one_slot = mutant(Mutant::BelowTheChosenHead);
    breaks(&one_slot, Property::Survival);
    breaks(
        &Bound {
            scope: Scope::Narrow,
            ..one_slot
        },
        Property::Agreement,
    );
}

#[test]
fn votes_without_the_bodies_below_fork_the_table() {
    let bound = Bound {
        scope: Scope::Narrow,
        ..mutant(Mutant::WithoutTheBodiesBelow)
    };
    breaks(&Bound { views: 1, ..bound }, Property::Agreement);
}

const fn mutant(mutant: Mutant) -> Bound {
    Bound { mutant, ..FOUR }
}
