//! Keys as the log makes them: who deals, who is caught, what a silent phone costs, and when a key is made anew.

mod felt;

use bitcraps_core::consensus::{Lie, limits};
use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::{Checker, Seat, Signature};
use bitcraps_core::dice::{Dealing, RollShare, Share, ShareMessage};
use bitcraps_core::table::{
    AttemptId, DealingRefusal, FalseShare, Gone, Operation, Outcome, ROLLS_PER_KEY, Rejection,
    TableRules,
};
use felt::{Felt, identity};

fn keyless(seats: u8) -> Felt {
    Felt::without_key(seats, TableRules::default())
}

fn dealing(felt: &Felt, seat: u8) -> Box<Dealing> {
    match felt.dealing_of(seat) {
        Operation::Deal(_, dealing) => dealing,
        other => panic!("{other:?}"),
    }
}

fn refused(felt: &mut Felt, seat: u8, operation: Operation) -> DealingRefusal {
    match felt.refusal(seat, operation) {
        Rejection::Dealing(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Who was convicted in this slot, and of what.
fn convicted(outcomes: &[Outcome]) -> Vec<(u8, Lie)> {
    let convictions = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Convicted { seat, lie, .. } => Some((seat.0, *lie)),
        _ => None,
    });
    convictions.collect()
}

#[test]
fn the_first_q_dealings_make_the_key_and_who_comes_later_need_not_deal() {
    let mut felt = keyless(4);
    for (seat, have) in [(3, 1), (1, 2), (0, 3)] {
        let outcomes = felt.ask(seat, felt.dealing_of(seat));
        let seat = Seat(seat);
        assert_eq!(
            outcomes,
            [Outcome::Dealt {
                seat,
                have,
                needed: 3
            }]
        );
    }
    let late = felt.dealing_of(2);
    assert_eq!(refused(&mut felt, 2, late), DealingRefusal::Enough);
    let id = felt.attempt();
    for seat in [2, 0, 1] {
        assert_eq!(felt.ask(seat, Operation::Acknowledge(id)), []);
    }
    let outcomes = felt.ask(3, Operation::Acknowledge(id));
    let dealers = [3, 1, 0].map(Seat).to_vec();
    let (epoch, attempt) = (0, 0);
    let made = Outcome::KeyMade {
        epoch,
        attempt,
        dealers,
    };
    assert_eq!(outcomes, [made], "epoch 0 goes on with it at once");
    assert!(felt.table.has_key() && felt.table.attempt().is_none());
}

#[test]
fn a_key_takes_q_and_f_acknowledgements_and_silence_costs_nobody_a_seat() {
    for (seats, needed) in [
        (2, 2),
        (3, 3),
        (4, 4),
        (5, 5),
        (6, 5),
        (7, 7),
        (9, 8),
        (10, 10),
    ] {
        let mut felt = keyless(seats);
        felt.deal_all();
        let id = felt.attempt();
        for seat in 0..seats {
            assert_eq!(
                felt.table.has_key(),
                seat >= needed,
                "{seats} seats, {seat}"
            );
            if seat < needed {
                felt.ask(seat, Operation::Acknowledge(id));
            }
        }
        assert_eq!(felt.table.members().len(), usize::from(seats));
        let all = (0..seats).all(|seat| felt.table.gone(Seat(seat)).is_none());
        assert!(all, "nobody is left out");
    }
}

#[test]
fn acknowledgements_come_after_the_dealings_once_from_each_member() {
    let mut felt = keyless(4);
    let id = felt.attempt();
    let acknowledge = Operation::Acknowledge(id);
    assert_eq!(
        refused(&mut felt, 0, acknowledge.clone()),
        DealingRefusal::TooEarly
    );
    felt.deal_all();
    felt.ask(0, acknowledge.clone());
    assert_eq!(refused(&mut felt, 0, acknowledge), DealingRefusal::Again);
    for other in [AttemptId { epoch: 1, ..id }, AttemptId { attempt: 1, ..id }] {
        let old = Operation::Acknowledge(other);
        assert_eq!(refused(&mut felt, 1, old), DealingRefusal::Other);
    }
}

#[test]
fn the_same_dealing_twice_is_no_lie_and_another_one_is() {
    let mut felt = keyless(4);
    let (id, first) = (felt.attempt(), felt.dealing_of(1));
    felt.ask(1, first.clone());
    assert_eq!(refused(&mut felt, 1, first), DealingRefusal::Again);
    let mut other = dealing(&felt, 1);
    other.shares[0][0] ^= 1;
    let outcomes = felt.ask(1, Operation::Deal(id, other));
    assert_eq!(convicted(&outcomes), [(1, Lie::Dealings)]);
}

#[test]
fn a_dealing_that_is_none_convicts_and_one_of_another_attempt_does_not() {
    let mut felt = keyless(4);
    let id = felt.attempt();
    let mut bent = dealing(&felt, 2);
    bent.response[0] ^= 1;
    let stale = AttemptId { attempt: 7, ..id };
    let refusal = refused(&mut felt, 2, Operation::Deal(stale, bent.clone()));
    assert_eq!(refusal, DealingRefusal::Other);
    // Somebody else's dealing in one's own name is a proof that fails.
    let copied = Operation::Deal(id, dealing(&felt, 0));
    assert_eq!(convicted(&felt.ask(3, copied)), [(3, Lie::Dealing)]);
    let id = felt.attempt();
    let outcomes = felt.ask(2, Operation::Deal(id, bent));
    assert_eq!(convicted(&outcomes), [(2, Lie::Dealing)]);
}

#[test]
fn a_false_share_evicts_its_dealer_before_the_table_even_begins() {
    let mut felt = keyless(4);
    let id = felt.attempt();
    let mut bad = dealing(&felt, 0);
    bad.shares[2][5] ^= 4;
    felt.ask(0, Operation::Deal(id, bad));
    let attempt = felt.table.attempt().expect("under way");
    let dealt = attempt.dealings().next().expect("dealt").clone();
    let complaint = attempt
        .ceremony()
        .open(&identity(2), Seat(2), &dealt)
        .expect_err("false");
    let outcomes = felt.ask(2, Operation::Complain(id, complaint));
    assert_eq!(convicted(&outcomes), [(0, Lie::Share)]);
    assert_eq!(felt.table.gone(Seat(0)), Some(Gone::Convicted(Lie::Share)));
    // The others make the key of epoch 1; epoch 0 never has one.
    let outcomes = felt.make_key();
    let change = Outcome::MembersChange {
        first: felt.sequence + limits::WINDOW + 1,
        members: [1, 2, 3].map(Seat).to_vec(),
        quorum: 3,
    };
    assert_eq!(outcomes.last(), Some(&change));
    assert!(!felt.table.has_key());
    while felt.table.is_changing() {
        felt.slot(&[]);
    }
    assert!(felt.table.has_key());
    felt.bet(1, BetKind::PassLine, 10);
    felt.close();
    felt.throw();
}

#[test]
fn a_complaint_about_a_right_share_convicts_whoever_makes_it() {
    let mut felt = keyless(5);
    felt.deal_all();
    let id = felt.attempt();
    let ceremony = felt.table.attempt().expect("under way").ceremony().clone();
    let complaint = ceremony.complain(&identity(4), Seat(1));
    let outcomes = felt.ask(4, Operation::Complain(id, complaint));
    assert_eq!(convicted(&outcomes), [(4, Lie::Complaint)]);
    assert_eq!(felt.table.gone(Seat(1)), None);
    // About somebody who has not dealt, or about oneself, nothing is proven.
    let id = felt.attempt();
    let ceremony = felt.table.attempt().expect("under way").ceremony().clone();
    let complaint = ceremony.complain(&identity(3), Seat(2));
    let nothing = refused(&mut felt, 3, Operation::Complain(id, complaint));
    assert_eq!(nothing, DealingRefusal::NoDealing);
}

#[test]
fn a_complaint_still_counts_when_the_others_were_enough_for_the_key() {
    let mut felt = keyless(6);
    let id = felt.attempt();
    let mut bad = dealing(&felt, 0);
    bad.shares[5][0] ^= 1;
    felt.ask(0, Operation::Deal(id, bad));
    for seat in 1..4 {
        felt.ask(seat, felt.dealing_of(seat));
    }
    for seat in 0..5 {
        felt.ask(seat, Operation::Acknowledge(id));
    }
    let key = felt.table.key(0).expect("five of six are enough");
    let dealt = key.dealings().next().expect("dealt").clone();
    let complaint = key.ceremony().open(&identity(5), Seat(5), &dealt);
    let complaint = Operation::Complain(id, complaint.expect_err("false"));
    assert_eq!(convicted(&felt.ask(5, complaint)), [(0, Lie::Share)]);
    assert_eq!(
        felt.attempt().epoch,
        1,
        "and the others make a key without it"
    );
}

#[test]
fn q_who_give_up_begin_another_attempt_and_one_fewer_do_not() {
    let mut felt = keyless(4);
    felt.deal_all();
    let id = felt.attempt();
    let give_up = Operation::GiveUp(id);
    assert_eq!(felt.ask(0, give_up.clone()), []);
    assert_eq!(
        refused(&mut felt, 0, give_up.clone()),
        DealingRefusal::Again
    );
    assert_eq!(felt.ask(1, give_up.clone()), []);
    assert_eq!(felt.attempt(), id);
    let (epoch, attempt) = (0, 0);
    assert_eq!(felt.ask(2, give_up), [Outcome::GivenUp { epoch, attempt }]);
    let next = felt.attempt();
    assert_eq!(next, AttemptId { attempt: 1, ..id });
    let old = Operation::Acknowledge(id);
    assert_eq!(refused(&mut felt, 3, old), DealingRefusal::Other);
    felt.make_key();
    assert!(felt.table.has_key());
}

/// A table of this many whose key is worn: fifty rolls have been thrown with it.
fn worn(seats: u8) -> Felt {
    let mut felt = Felt::new(seats);
    while felt.table.rolls() < ROLLS_PER_KEY {
        roll(&mut felt);
    }
    assert_eq!(felt.attempt().epoch, 1);
    felt
}

fn roll(felt: &mut Felt) {
    if felt.table.shooter().is_none() {
        felt.bet(0, BetKind::DontPass, 5);
    }
    felt.close();
    felt.throw();
}

#[test]
fn a_member_that_neither_deals_nor_acknowledges_is_blamed_of_nothing_and_play_goes_on_with_the_old_key()
 {
    let mut felt = worn(4);
    let id = felt.attempt();
    for seat in 0..3 {
        felt.ask(seat, felt.dealing_of(seat));
    }
    for seat in 0..3 {
        assert_eq!(felt.ask(seat, Operation::Acknowledge(id)), []);
    }
    roll(&mut felt);
    assert!(felt.table.key(1).is_none(), "four of four must have it");
    for seat in 0..3 {
        felt.ask(seat, Operation::GiveUp(id));
    }
    let next = felt.attempt();
    assert_eq!((next.epoch, next.attempt), (1, id.attempt + 1));
    roll(&mut felt);
    assert_eq!(felt.table.gone(Seat(3)), None, "silence costs nothing");
    assert_eq!(felt.table.members().len(), 4);
    // It is back: the next attempt has its key.
    felt.make_key();
    assert!(felt.table.key(1).is_some());
}

#[test]
fn a_dealer_that_acknowledges_nothing_is_in_the_key_all_the_same_where_enough_others_do() {
    let mut felt = worn(6);
    let id = felt.attempt();
    felt.deal_all();
    let outcomes: Vec<Outcome> = (1..6)
        .flat_map(|seat| felt.ask(seat, Operation::Acknowledge(id)))
        .collect();
    let made = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::KeyMade { dealers, .. } => Some(dealers.clone()),
        _ => None,
    });
    assert!(made.is_some_and(|dealers| dealers.contains(&Seat(0))));
    assert_eq!(felt.table.gone(Seat(0)), None);
    let late = Operation::Acknowledge(id);
    assert_eq!(refused(&mut felt, 0, late), DealingRefusal::Other);
}

#[test]
fn what_was_said_about_the_key_of_another_epoch_is_refused_and_convicts_nobody() {
    let mut felt = worn(4);
    let old = AttemptId {
        epoch: 0,
        attempt: 0,
    };
    let dealt = felt.table.key(0).expect("the old key").clone();
    let dealing = dealt.dealings().next().expect("dealt").dealing().clone();
    let complaint = dealt.ceremony().complain(&identity(3), Seat(2));
    for operation in [
        Operation::Deal(old, Box::new(dealing)),
        Operation::Acknowledge(old),
        Operation::GiveUp(old),
    ] {
        let reason = refused(&mut felt, 0, operation);
        assert_eq!(reason, DealingRefusal::Other);
    }
    let new = felt.attempt();
    let about_nothing = Operation::Complain(new, complaint);
    let reason = refused(&mut felt, 3, about_nothing);
    assert_eq!(reason, DealingRefusal::NoDealing);
    assert!((0..4).all(|seat| felt.table.gone(Seat(seat)).is_none()));
}

#[test]
fn after_fifty_rolls_a_key_is_made_anew_and_the_old_one_goes_on_until_there_is_one() {
    let mut felt = Felt::new(4);
    felt.bet(0, BetKind::DontPass, 5);
    while felt.table.rolls() < ROLLS_PER_KEY {
        assert!(
            felt.table.attempt().is_none(),
            "roll {}",
            felt.roll_number()
        );
        if felt.table.shooter().is_none() {
            felt.bet(0, BetKind::DontPass, 5);
        }
        felt.close();
        felt.throw();
    }
    assert_eq!(
        felt.attempt(),
        AttemptId {
            epoch: 1,
            attempt: 0
        }
    );
    let old = felt.table.key(0).expect("the old key").coin().group_key();
    // Nobody answers: play goes on with the old key.
    if felt.table.shooter().is_none() {
        felt.bet(0, BetKind::DontPass, 5);
    }
    felt.close();
    felt.throw();
    for seat in [2, 0, 1] {
        let dealing = felt.dealing_of(seat);
        felt.ask(seat, dealing);
    }
    let id = felt.attempt();
    (0..4).for_each(|seat| drop(felt.ask(seat, Operation::Acknowledge(id))));
    assert_eq!(felt.table.members().primary(0), Seat(2), "it dealt first");
    assert_ne!(
        felt.table.key(1).expect("the new key").coin().group_key(),
        old
    );
    assert!(felt.table.key(0).is_some(), "until the epoch is over");
    while felt.table.is_changing() {
        felt.slot(&[]);
    }
    felt.slot(&[]);
    assert!(felt.table.key(0).is_none(), "and then it is forgotten");
    assert_eq!(felt.table.members().len(), 4);
}

#[test]
fn a_signed_share_that_is_false_convicts_its_signer_and_nothing_else_does() {
    let mut felt = Felt::new(4);
    felt.bet(0, BetKind::PassLine, 10);
    felt.close();
    let closed = *felt.table.dice().closed().expect("closed");
    let share = |felt: &Felt, seat: usize| *felt.shares()[seat].share();
    let context = felt.table.context_of(0).expect("epoch 0");
    let shown = |share: Share, key_of: u8| {
        let statement = RollShare {
            roll: closed.roll,
            chain: closed.chain,
            share,
        };
        FalseShare {
            epoch: 0,
            roll: closed.roll,
            chain: closed.chain,
            share,
            signature: ShareMessage::sign(statement, &context, &identity(key_of)).signature,
        }
    };
    let right = shown(share(&felt, 2), 2);
    let bent = |seat| {
        let mut share = share(&felt, seat);
        share.response[0] ^= 1;
        share
    };
    let (forged, lie) = (shown(bent(2), 1), shown(bent(2), 2));
    assert!(matches!(
        felt.table.check_share(&Checker::default(), &lie.share),
        Some(Err(_))
    ));
    let unsigned = FalseShare {
        signature: Signature([0; 64]),
        ..lie
    };
    let of_another_epoch = FalseShare { epoch: 1, ..lie };
    felt.throw();
    for (shown, reason) in [
        (right, Rejection::NoProof),
        (forged, Rejection::NoProof),
        (unsigned, Rejection::NoProof),
        (of_another_epoch, Rejection::OldEvidence),
    ] {
        let operation = Operation::FalseShare(Box::new(shown));
        assert_eq!(felt.refusal(0, operation), reason);
    }
    let outcomes = felt.ask(0, Operation::FalseShare(Box::new(lie)));
    assert_eq!(convicted(&outcomes), [(2, Lie::RollShare)]);
}
