//! Newcomers at a running table, players who buy in again, and what becomes of a liar's stack.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod felt;

use bitcraps_core::consensus::{Lie, Quorum};
use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::{PublicKey, Seat};
use bitcraps_core::dice::Dealing;
use bitcraps_core::table::{
    Carried, DealingRefusal, Gone, Operation, Outcome, Rejection, Table, TableRules, Wish,
};
use bitcraps_core::wire::{Decode, Encode};
use felt::{Felt, identity};

fn newcomer(seats: u8) -> PublicKey {
    identity(seats).public_key()
}

fn want(key: PublicKey) -> Operation {
    Operation::Tap(Wish::Seat(key.to_bytes()))
}

/// q players tap for the phone of that number.
fn invite(felt: &mut Felt, who: u8) -> Vec<Outcome> {
    let members = felt.table.members().clone();
    let taps: Vec<(u8, Operation)> = members
        .seats()
        .take(Quorum::of(members.len()).q)
        .map(|seat| (seat.0, want(newcomer(who))))
        .collect();
    felt.operations(&taps)
}

fn carried(felt: &Felt, seat: u8, who: u8, operation: &Operation) -> Operation {
    let carried = Carried::sign(&felt.table, Seat(seat), operation, &identity(who));
    Operation::Carry(Box::new(carried))
}

/// Members deal and acknowledge; the newcomer does nothing yet.
fn members_make_key(felt: &mut Felt, seats: u8) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for seat in 0..seats {
        if !felt.table.attempt().unwrap().is_dealt() {
            let dealing = felt.dealing_of(seat);
            outcomes.extend(felt.ask(seat, dealing));
        }
    }
    let id = felt.attempt();
    for seat in 0..seats {
        outcomes.extend(felt.ask(seat, Operation::Acknowledge(id)));
    }
    outcomes
}

fn seat_newcomer(felt: &mut Felt, seats: u8) -> Vec<Outcome> {
    invite(felt, seats);
    members_make_key(felt, seats);
    let word = Operation::Acknowledge(felt.attempt());
    let word = carried(felt, seats, seats, &word);
    felt.ask(0, word)
}

fn to_epoch(felt: &mut Felt, first: u64) {
    while felt.sequence + 1 < first {
        felt.operations(&[]);
    }
}

fn read_again(felt: &Felt) -> Table {
    let (genesis, bytes) = (felt.table.genesis().clone(), felt.table.to_bytes());
    let chain = bitcraps_core::crypto::Digest::default();
    Table::read(genesis, felt.sequence, chain, &bytes).unwrap()
}

#[test]
fn a_newcomer_that_q_players_want_and_that_acknowledges_has_its_seat_w_plus_1_slots_later() {
    for seats in [3, 4, 7] {
        let mut felt = Felt::new(seats);
        let issued = felt.table.ledger().issued();
        let outcomes = invite(&mut felt, seats);
        let (seat, key) = (Seat(seats), newcomer(seats));
        assert!(outcomes.contains(&Outcome::Invited { seat, key }));
        assert_eq!(felt.table.candidate(), Some((seat, key)));
        assert_eq!(read_again(&felt).digest(), felt.table.digest());
        members_make_key(&mut felt, seats);
        assert_eq!(felt.table.members().len(), usize::from(seats), "not yet");
        let word = carried(&felt, seats, seats, &Operation::Acknowledge(felt.attempt()));
        let outcomes = felt.ask(0, word);
        let chips = 1_000;
        assert!(
            outcomes.contains(&Outcome::Seated { seat, key, chips }),
            "{outcomes:?}"
        );
        let first = felt.sequence + 9;
        assert!(outcomes.iter().any(|outcome| {
            matches!(outcome, Outcome::MembersChange { first: at, members, .. } if *at == first && members.len() == usize::from(seats) + 1)
        }));
        assert_eq!(felt.table.ledger().issued(), issued + chips);
        assert_eq!(felt.table.ledger().check_conservation(), Ok(()));
        assert_eq!(read_again(&felt).digest(), felt.table.digest());
        to_epoch(&mut felt, first);
        let kind = BetKind::PassLine;
        felt.bet(seats, kind, 10);
        assert_eq!(felt.stack(seats), 990);
        assert_eq!(felt.table.key_of(seat), Some(&key));
        assert_eq!(felt.table.shooter(), Some(seat));
        let sheet = felt.table.sheet([].into_iter().collect());
        assert_eq!(sheet.lines.len(), usize::from(seats) + 1);
    }
}

#[test]
fn a_roll_on_either_side_of_the_boundary_is_thrown_with_its_own_epochs_key() {
    let mut felt = Felt::new(4);
    felt.bet(0, BetKind::Field, 10);
    felt.bet(0, BetKind::PassLine, 10);
    seat_newcomer(&mut felt, 4);
    let first = felt.sequence + 9;
    to_epoch(&mut felt, first - 1);
    felt.close();
    assert_eq!(felt.sequence, first - 1);
    assert_eq!(felt.table.dice().closed().unwrap().epoch, 0);
    assert_eq!(
        felt.shares().len(),
        4,
        "the newcomer has none of the old key"
    );
    felt.throw();
    felt.bet(4, BetKind::PassLine, 10);
    felt.close();
    assert_eq!(felt.table.dice().closed().unwrap().epoch, 1);
    let shares = felt.shares();
    assert_eq!(shares.len(), 5);
    // q of five is four, and the newcomer's share counts like any.
    assert!(felt.table.clone().settle(&shares[..3]).is_none());
    assert!(felt.table.settle(&shares[1..]).is_some());
}

#[test]
fn a_newcomer_that_does_not_acknowledge_is_not_seated_however_many_others_do() {
    // Five members alone are as many acknowledgements as a key for six takes.
    let mut felt = Felt::new(5);
    invite(&mut felt, 5);
    let outcomes = members_make_key(&mut felt, 5);
    assert!(
        !outcomes
            .iter()
            .any(|outcome| matches!(outcome, Outcome::KeyMade { .. }))
    );
    let id = felt.attempt();
    let give_up: Vec<(u8, Operation)> = (0..4).map(|seat| (seat, Operation::GiveUp(id))).collect();
    let outcomes = felt.operations(&give_up);
    let (seat, key) = (Seat(5), newcomer(5));
    assert!(
        outcomes.contains(&Outcome::NotSeated { seat, key }),
        "{outcomes:?}"
    );
    assert!(felt.table.attempt().is_none(), "the old key goes on");
    assert_eq!(felt.table.ledger().seats(), 5);
    // What was dealt for that attempt comes late, and the next newcomer's attempt is another one.
    let late = Operation::Acknowledge(id);
    invite(&mut felt, 6);
    assert_eq!(felt.table.candidate(), Some((Seat(5), newcomer(6))));
    assert_ne!(felt.attempt(), id);
    let refused = felt.refusal(3, late);
    assert_eq!(refused, Rejection::Dealing(DealingRefusal::Other));
    members_make_key(&mut felt, 5);
    let word = Operation::Acknowledge(felt.attempt());
    let old = carried(&felt, 5, 5, &word);
    assert_eq!(felt.refusal(0, old), Rejection::NoProof, "another key's");
    let word = carried(&felt, 5, 6, &word);
    let outcomes = felt.ask(0, word);
    assert!(
        outcomes
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Seated { .. }))
    );
}

#[test]
fn what_a_newcomer_did_not_sign_or_may_not_say_is_not_carried() {
    let mut felt = Felt::new(4);
    let early = carried(&felt, 4, 4, &Operation::Leave);
    assert_eq!(
        felt.refusal(0, early),
        Rejection::NoProof,
        "nobody is wanted"
    );
    invite(&mut felt, 4);
    for operation in [
        Operation::Leave,
        Operation::Sign,
        Operation::GiveUp(felt.attempt()),
    ] {
        let word = carried(&felt, 4, 4, &operation);
        assert_eq!(felt.refusal(0, word), Rejection::NoProof, "{operation:?}");
    }
    let nested = carried(&felt, 4, 4, &Operation::Acknowledge(felt.attempt()));
    let nested = carried(&felt, 4, 4, &nested);
    assert_eq!(felt.refusal(0, nested), Rejection::NoProof);
    let by_other = carried(&felt, 4, 1, &Operation::Acknowledge(felt.attempt()));
    assert_eq!(felt.refusal(1, by_other), Rejection::NoProof);
    let other_seat = carried(&felt, 3, 4, &Operation::Acknowledge(felt.attempt()));
    assert_eq!(felt.refusal(1, other_seat), Rejection::NoProof);
}

#[test]
fn a_newcomer_that_deals_falsely_is_not_seated_and_nobody_else_pays_for_it() {
    let mut felt = Felt::new(4);
    invite(&mut felt, 4);
    let Operation::Deal(id, dealing) = felt.dealing_of(4) else {
        panic!()
    };
    let bent = Dealing {
        challenge: [1; 32],
        ..*dealing
    };
    let word = carried(&felt, 4, 4, &Operation::Deal(id, Box::new(bent)));
    let outcomes = felt.ask(2, word);
    let (seat, key) = (Seat(4), newcomer(4));
    assert_eq!(outcomes, [Outcome::NotSeated { seat, key }]);
    assert!((0..5).all(|seat| felt.table.gone(Seat(seat)).is_none()));
    assert!(felt.table.attempt().is_none());
}

#[test]
fn a_dealer_that_cheats_a_newcomer_is_convicted_by_what_the_newcomer_shows() {
    let mut felt = Felt::new(5);
    invite(&mut felt, 5);
    let Operation::Deal(id, mut dealing) = felt.dealing_of(0) else {
        panic!()
    };
    dealing.shares[5][0] ^= 1;
    felt.ask(0, Operation::Deal(id, dealing));
    let attempt = felt.table.attempt().unwrap();
    let known = attempt.dealings().next().unwrap();
    let opened = attempt.ceremony().open(&identity(5), Seat(5), known);
    let Err(complaint) = opened else {
        panic!("its share is false")
    };
    let word = carried(&felt, 5, 5, &Operation::Complain(id, complaint));
    let outcomes = felt.ask(3, word);
    assert!(matches!(
        outcomes[..],
        [Outcome::Convicted {
            seat: Seat(0),
            lie: Lie::Share,
            ..
        }]
    ));
    assert_eq!(felt.table.gone(Seat(0)), Some(Gone::Convicted(Lie::Share)));
    // It goes on with the newcomer and without the dealer.
    let roster = felt.table.attempt().unwrap().ceremony().roster().clone();
    assert_eq!(roster.key(Seat(0)), None);
    assert_eq!(roster.key(Seat(5)), Some(&newcomer(5)));
}

#[test]
fn one_fewer_than_q_bring_nobody_and_a_player_wants_one_newcomer_at_a_time() {
    let mut felt = Felt::new(4);
    for seat in 0..2 {
        felt.ask(seat, want(newcomer(9)));
    }
    assert_eq!(felt.table.candidate(), None);
    assert_eq!(felt.refusal(1, want(newcomer(9))), Rejection::Tapped);
    felt.ask(1, want(newcomer(8)));
    felt.ask(2, want(newcomer(9)));
    assert_eq!(
        felt.table.candidate(),
        None,
        "seat 1 has thought better of it"
    );
    assert_eq!(read_again(&felt).digest(), felt.table.digest());
    felt.ask(3, want(newcomer(9)));
    assert_eq!(felt.table.candidate(), Some((Seat(4), newcomer(9))));
    assert_eq!(felt.refusal(0, want(newcomer(7))), Rejection::Seating);
    let here = Rejection::SitsHere { seat: Seat(2) };
    assert_eq!(felt.refusal(0, want(newcomer(2))), here);
    let mut full = Felt::new(18);
    assert_eq!(full.refusal(0, want(newcomer(20))), Rejection::NoRoom);
    let bytes = [&[23, 254][..], &[0xff; 32]].concat();
    assert!(Operation::from_bytes(&bytes).is_err(), "no key");
}

#[test]
fn a_seat_that_was_left_stays_in_the_books_and_the_newcomer_gets_the_next_number() {
    let mut felt = Felt::new(5);
    felt.ask(1, Operation::Leave);
    felt.make_key();
    let first = felt.sequence + 9;
    to_epoch(&mut felt, first);
    let outcomes = invite(&mut felt, 5);
    let (seat, key) = (Seat(5), newcomer(5));
    assert!(outcomes.contains(&Outcome::Invited { seat, key }));
    let again = Rejection::SitsHere { seat: Seat(1) };
    let mut other = Felt::new(5);
    other.ask(1, Operation::Leave);
    assert_eq!(other.refusal(0, want(newcomer(1))), again, "who left, left");
}

#[test]
fn whoever_has_lost_everything_buys_in_again_as_often_as_the_rules_say() {
    let rules = TableRules {
        buy_in: 10,
        rebuys: 1,
        ..TableRules::default()
    };
    let mut felt = Felt::with_rules(4, rules);
    let have = Rejection::HasChips { have: 10, least: 5 };
    assert_eq!(felt.refusal(0, Operation::BuyIn), have);
    felt.bet(0, BetKind::PassLine, 10);
    assert_eq!(
        felt.refusal(0, Operation::BuyIn),
        have,
        "they lie on the table"
    );
    felt.roll(2);
    let issued = felt.table.ledger().issued();
    let (seat, chips) = (Seat(0), 10);
    let outcomes = felt.ask(0, Operation::BuyIn);
    assert_eq!(outcomes, [Outcome::BoughtIn { seat, chips }]);
    assert_eq!(felt.table.ledger().issued(), issued + 10);
    assert_eq!(read_again(&felt).digest(), felt.table.digest());
    let sheet = felt.table.sheet([].into_iter().collect());
    assert_eq!((sheet.lines[0].start, sheet.lines[0].up()), (20, -10));
    felt.bet(0, BetKind::PassLine, 10);
    felt.roll(2);
    let refused = felt.refusal(0, Operation::BuyIn);
    assert_eq!(refused, Rejection::NoMoreChips { times: 1 });
}

#[test]
fn a_liars_stack_is_frozen_or_the_banks_as_the_rules_say() {
    for forfeits in [false, true] {
        let rules = TableRules {
            forfeits,
            ..TableRules::default()
        };
        let mut felt = Felt::with_rules(5, rules);
        felt.bet(1, BetKind::PassLine, 10);
        invite(&mut felt, 5);
        let Operation::Deal(id, dealing) = felt.dealing_of(1) else {
            panic!()
        };
        let bent = Dealing {
            challenge: [1; 32],
            ..*dealing
        };
        let bank = felt.bank();
        let outcomes = felt.ask(1, Operation::Deal(id, Box::new(bent)));
        let (seized, left) = if forfeits { (990, 0) } else { (0, 990) };
        let convicted = Outcome::Convicted {
            seat: Seat(1),
            lie: Lie::Dealing,
            by: Seat(1),
            forfeited: 10,
            seized,
        };
        assert_eq!(outcomes, [convicted]);
        assert_eq!((felt.stack(1), felt.bank()), (left, bank + 10 + seized));
        assert_eq!(felt.table.ledger().check_conservation(), Ok(()));
    }
}
