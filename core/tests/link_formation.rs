//! A room forms by itself, from nothing and after whatever phones go through.

mod air;

use std::collections::BTreeSet;

use air::Air;
use bitcraps_core::craps::BetKind;
use bitcraps_core::node::{Command, Event};

const BET: Command = Command::PlaceBet {
    kind: BetKind::PassLine,
    amount: 10,
};

const fn never(_: usize, _: usize) -> bool {
    false
}

fn f_of(n: u8) -> usize {
    usize::from((n - 1) / 3)
}

/// Everybody is secured, f droppers cut nobody off, no pair has two links, and nobody dials any more.
fn assert_formed(air: &Air, n: u8) {
    for phone in 0..usize::from(n) {
        assert!(
            !air.secured(phone).is_empty(),
            "{n}: phone {phone} is alone"
        );
        assert!(air.links_of(phone).len() <= 7);
    }
    assert!(air.survives(f_of(n)), "{n}: f phones cut others off");
    let pairs = air.links.values().map(|(a, b)| (a.min(b), a.max(b)));
    let different: BTreeSet<_> = pairs.collect();
    assert_eq!(
        different.len(),
        air.links.len(),
        "{n}: a pair has two links"
    );
    let (last, ..) = air.dials.last().expect("somebody dialled");
    assert!(last.0 + 10_000 < air.now.0, "{n}: somebody still dials");
}

fn forms(n: u8, fails: fn(usize, usize) -> bool) -> Air {
    forms_within(30_000, n, fails)
}

fn forms_within(duration_ms: u64, n: u8, fails: fn(usize, usize) -> bool) -> Air {
    let mut air = Air::of(n, fails);
    air.run(duration_ms);
    assert_formed(&air, n);
    air
}

#[test]
fn small_tables_form_from_nothing() {
    for n in 2..=7 {
        forms(n, never);
    }
}

#[test]
fn tables_of_eight_to_twelve_form_from_nothing_without_linking_everybody() {
    for n in [8, 9, 10, 11, 12] {
        forms(n, never);
    }
}

#[test]
fn tables_of_thirteen_to_eighteen_form_from_nothing() {
    for n in [13, 14, 15, 16, 17, 18] {
        forms(n, never);
    }
}

#[test]
fn whichever_sides_dials_always_fail_the_other_side_dials() {
    for n in 2..=18 {
        for fails in [|a: usize, b: usize| a < b, |a: usize, b: usize| a > b] {
            // Half of all dials are in vain, and each takes its time.
            forms_within(45_000, n, fails);
        }
    }
}

/// How long until a phone's bet is decided everywhere, in milliseconds.
fn bets(air: &mut Air, phone: usize) -> u64 {
    let began = air.now.0;
    let before: Vec<u64> = air.nodes.iter().map(|node| node.delivered().0).collect();
    air.command(phone, BET);
    while air.now.0 < began + 60_000 {
        air.run(100);
        let settled = |(node, before): (&_, &u64)| node_at(node) > *before;
        if air.nodes.iter().zip(&before).all(settled) && same_state(air) {
            return air.now.0 - began;
        }
    }
    panic!("phone {phone} is not back in the game");
}

fn node_at(node: &bitcraps_core::node::Node) -> u64 {
    node.delivered().0
}

fn same_state(air: &Air) -> bool {
    let first = air.nodes[0].delivered();
    air.nodes.iter().all(|node| node.delivered() == first)
}

#[test]
fn a_phone_that_walks_out_and_returns_is_back_in_the_game_by_itself() {
    for n in [4, 10] {
        let mut air = forms(n, never);
        air.walk_out(2);
        air.run(40_000);
        assert!(air.secured(2).is_empty());
        air.command(1, BET);
        air.run(5_000);
        air.come_back(2);
        air.run(20_000);
        assert!(air.survives(f_of(n)), "{n}");
        bets(&mut air, 2);
    }
}

#[test]
fn a_phone_whose_app_was_suspended_for_a_minute_is_back_by_itself() {
    for n in [4, 10] {
        let mut air = forms(n, never);
        air.freeze(1);
        air.run(60_000);
        assert!(air.links_of(1).is_empty());
        air.thaw(1);
        air.run(20_000);
        assert!(air.survives(f_of(n)), "{n}");
        bets(&mut air, 1);
    }
}

#[test]
fn bluetooth_off_and_on_again_and_all_links_dropped_at_once() {
    for n in [4, 10] {
        let mut air = forms(n, never);
        air.set_bluetooth(3, false);
        air.run(5_000);
        air.set_bluetooth(3, true);
        air.run(20_000);
        assert!(air.survives(f_of(n)), "{n}: bluetooth");
        bets(&mut air, 3);
        air.drop_everything();
        air.run(20_000);
        assert!(air.survives(f_of(n)), "{n}: everything dropped");
        bets(&mut air, 0);
    }
}

#[test]
fn a_player_is_told_how_many_are_reached_and_how_many_may_go() {
    let mut air = forms(10, never);
    let last = |air: &Air, phone: usize| {
        let told = air.events[phone].iter().rev();
        let mut told = told.filter_map(|event| match event {
            Event::Reach {
                reached,
                members,
                can_lose,
                cut,
            } => Some((reached.len(), *members, *can_lose, *cut)),
            _ => None,
        });
        told.next().expect("it was told")
    };
    assert_eq!(last(&air, 0), (10, 10, Some(3), None));
    air.walk_out(7);
    air.run(12_000);
    let (reached, members, can_lose, _) = last(&air, 0);
    assert_eq!((reached, members, can_lose), (9, 10, Some(2)));
    assert_eq!(last(&air, 7).0, 1, "it reaches itself");
    air.come_back(7);
    air.run(20_000);
    assert_eq!(last(&air, 7), (10, 10, Some(3), None));
}
