//! The life of a roll and of a hand: who shoots, who may close, what waits for the dice.

mod felt;

use bitcraps_core::craps::{BetKind, BoxNumber, Phase, Refusal, Window};
use bitcraps_core::crypto::Seat;
use bitcraps_core::table::{
    AttemptId, DealingRefusal, Operation, Outcome, Rejection, Table, TableRules,
};
use bitcraps_core::wire::Encode;
use felt::{Felt, rolled};

const PASS: BetKind = BetKind::PassLine;
const FIELD: BetKind = BetKind::Field;
const ID: AttemptId = AttemptId {
    epoch: 0,
    attempt: 0,
};

fn place(kind: BetKind, amount: u64) -> Operation {
    Operation::PlaceBet { kind, amount }
}

/// Four seats, of which seat 0 has a line bet.
fn ready() -> Felt {
    let mut felt = Felt::new(4);
    felt.bet(0, PASS, 10);
    felt
}

fn closed() -> Felt {
    let mut felt = ready();
    felt.close();
    felt
}

#[test]
fn a_hand_goes_from_the_come_out_over_a_point_made_to_the_seven_out() {
    let mut felt = Felt::new(4);
    felt.bet(0, PASS, 10);
    felt.bet(2, BetKind::DontPass, 20);

    let roll = felt.roll(6);
    assert_eq!((roll.roll, roll.hand, roll.shooter), (1, 1, Some(Seat(0))));
    assert_eq!(roll.phase, Phase::Point(BoxNumber::Six));
    assert_eq!(felt.table.layout().phase(), Phase::Point(BoxNumber::Six));

    let roll = felt.roll(8);
    assert_eq!((roll.roll, roll.settlement.lines.len()), (2, 0));

    let roll = felt.roll(6);
    assert!(roll.settlement.point_made && !roll.settlement.seven_out);
    assert_eq!((felt.stack(0), felt.stack(2)), (1_010, 980));
    assert_eq!(felt.table.hand(), 1, "a point made does not end the hand");

    felt.bet(0, PASS, 10);
    felt.bet(1, PASS, 10);
    assert_eq!(felt.table.shooter(), Some(Seat(0)), "keeps the dice");
    felt.roll(5);
    let roll = felt.roll(7);
    assert!(roll.settlement.seven_out);
    assert_eq!((roll.roll, roll.hand, roll.phase), (5, 1, Phase::ComeOut));
    assert_eq!((felt.stack(0), felt.stack(1)), (1_000, 990));
    assert_eq!((felt.table.hand(), felt.table.rolls()), (2, 5));
    assert_eq!(felt.table.layout().bets().count(), 0);
    felt.table.ledger().check_conservation().unwrap();
}

#[test]
fn the_first_seat_clockwise_with_a_line_bet_is_the_shooter() {
    let mut felt = Felt::new(4);
    assert_eq!(felt.table.shooter(), None);
    felt.bet(0, FIELD, 5);
    assert_eq!(felt.table.shooter(), None, "the field is no line bet");
    felt.bet(3, PASS, 5);
    assert_eq!(felt.table.shooter(), Some(Seat(3)));
    felt.bet(1, BetKind::DontPass, 5);
    assert_eq!(felt.table.shooter(), Some(Seat(1)));
    felt.ask(
        1,
        Operation::RemoveBet {
            kind: BetKind::DontPass,
        },
    );
    assert_eq!(felt.table.shooter(), Some(Seat(3)));
}

#[test]
fn the_dice_go_to_the_next_seat_after_a_seven_out_and_around_the_table() {
    let mut felt = Felt::new(4);
    felt.bet(3, PASS, 5);
    felt.roll(4);
    assert_eq!(felt.roll(7).shooter, Some(Seat(3)));
    (0..4).for_each(|seat| felt.bet(seat, PASS, 5));
    assert_eq!(
        felt.table.shooter(),
        Some(Seat(0)),
        "after the last, the first"
    );
    felt.roll(4);
    felt.roll(7);
    [0, 2, 3]
        .into_iter()
        .for_each(|seat| felt.bet(seat, PASS, 5));
    assert_eq!(felt.table.shooter(), Some(Seat(2)), "1 has no line bet");
    assert_eq!(felt.table.hand(), 3);
}

#[test]
fn the_shooter_keeps_the_dice_over_naturals_and_craps_on_the_come_out() {
    let mut felt = Felt::new(4);
    felt.bet(1, PASS, 5);
    for total in [7, 11, 2, 3, 12] {
        let roll = felt.roll(total);
        assert!(!roll.settlement.seven_out, "{total} on a come-out");
        assert_eq!((roll.hand, roll.shooter), (1, Some(Seat(1))));
        // Seat 0 comes before seat 1, but the hand is seat 1's.
        for seat in [0, 1] {
            if felt.table.layout().bet(Seat(seat), PASS).is_none() {
                felt.bet(seat, PASS, 5);
            }
        }
        assert_eq!(felt.table.shooter(), Some(Seat(1)), "after {total}");
    }
}

#[test]
fn a_shooter_who_does_not_bet_again_passes_the_dice_on_within_the_hand() {
    let mut felt = Felt::new(4);
    felt.bet(0, PASS, 5);
    felt.roll(7);
    felt.bet(2, PASS, 5);
    assert_eq!(felt.table.shooter(), Some(Seat(2)));
    felt.roll(4);
    assert_eq!(felt.table.hand(), 1);
    assert_eq!(felt.table.shooter(), Some(Seat(2)));
    felt.roll(7);
    (0..4).for_each(|seat| felt.bet(seat, PASS, 5));
    assert_eq!(
        felt.table.shooter(),
        Some(Seat(3)),
        "next after who shot last"
    );
}

#[test]
fn only_the_shooter_closes_the_open_roll() {
    let mut felt = Felt::new(4);
    let close = Operation::RollClose { roll: 1 };
    let shooter = None;
    assert_eq!(
        felt.refusal(0, close.clone()),
        Rejection::NotShooter { shooter }
    );
    felt.bet(2, PASS, 10);
    let shooter = Some(Seat(2));
    assert_eq!(felt.refusal(0, close), Rejection::NotShooter { shooter });
    for given in [0, 2, u64::MAX] {
        let refused = Rejection::WrongRoll { given, open: 1 };
        assert_eq!(
            felt.refusal(2, Operation::RollClose { roll: given }),
            refused
        );
    }
    assert!(felt.table.is_ready());
    felt.close();
    assert!(felt.table.dice().is_closed() && !felt.table.is_ready());
}

#[test]
fn nothing_is_played_before_the_dice_have_a_key() {
    let mut felt = Felt::without_key(4, TableRules::default());
    assert!(!felt.table.is_ready());
    assert_eq!(felt.refusal(0, place(PASS, 10)), Rejection::NoKey);
    let close = Operation::RollClose { roll: 1 };
    assert_eq!(felt.refusal(0, close), Rejection::NoKey);
    let idle = Operation::Idle { roll: 1 };
    assert_eq!(felt.refusal(0, idle), Rejection::NoKey);
    felt.make_key();
    assert!(felt.table.is_ready());
    felt.bet(0, PASS, 10);
}

#[test]
fn a_closed_roll_waits_for_q_shares_and_any_q_make_the_same_dice() {
    let mut felt = closed();
    let shares = felt.shares();
    assert_eq!(felt.table.settle(&shares[..2]), None, "q − 1 are too few");
    let twice = [shares[0], shares[1], shares[1]];
    assert_eq!(felt.table.settle(&twice), None);
    let mut other = Felt::new(4);
    other.bet(0, PASS, 10);
    other.set_salt(1);
    other.close();
    assert_eq!(
        felt.table.settle(&other.shares()),
        None,
        "shares of another chain are of another roll"
    );
    let dice = |seats: [usize; 3]| {
        let mut felt = felt.clone();
        let outcomes = felt.table.settle(&seats.map(|seat| shares[seat])).unwrap();
        rolled(&outcomes).settlement.roll
    };
    assert_eq!(dice([0, 1, 2]), dice([3, 2, 1]));
    assert_eq!(dice([0, 1, 2]), dice([0, 3, 2]));
    felt.throw();
    assert_eq!(felt.table.settle(&shares), None, "and it is thrown once");
}

#[test]
fn a_second_close_in_the_slot_waits_for_the_dice_and_is_then_for_a_roll_that_is_over() {
    let mut felt = ready();
    let close = Operation::RollClose { roll: 1 };
    let outcomes = felt.operations(&[(0, close.clone()), (0, close)]);
    let by = Some(Seat(0));
    assert_eq!(outcomes, [Outcome::RollClosed { roll: 1, by }]);
    assert_eq!(felt.table.deferred_len(), 1);
    let outcomes = felt.throw();
    let reason = Rejection::WrongRoll { given: 1, open: 2 };
    assert!(matches!(outcomes[0], Outcome::Rolled(_)));
    assert!(
        matches!(outcomes[1], Outcome::Rejected { reason: r, .. } if r == reason),
        "{outcomes:?}"
    );
}

#[test]
fn q_players_who_have_waited_close_the_roll_and_one_fewer_do_not() {
    let mut felt = ready();
    // It rests on the come-out, so some bet stands whatever falls.
    felt.bet(3, BetKind::Place(BoxNumber::Six), 12);
    let idle = Operation::Idle { roll: 1 };
    assert_eq!(felt.ask(1, idle.clone()), []);
    assert_eq!(felt.ask(1, idle.clone()), [], "one player counts once");
    assert_eq!(felt.ask(2, idle.clone()), []);
    assert!(!felt.table.dice().is_closed(), "q − 1 have waited");
    assert_eq!(
        felt.ask(3, idle.clone()),
        [Outcome::RollClosed { roll: 1, by: None }]
    );
    let roll = rolled(&felt.throw());
    assert_eq!(roll.shooter, Some(Seat(0)), "the dice were still seat 0's");
    assert_eq!(
        felt.ask(1, Operation::Idle { roll: 2 }),
        [],
        "each roll counts anew"
    );
    assert!(!felt.table.dice().is_closed());
}

#[test]
fn a_shooter_who_kept_the_table_waiting_loses_the_dice_but_the_hand_goes_on() {
    let mut felt = Felt::new(4);
    for seat in 0..4 {
        felt.bet(seat, BetKind::PassLine, 10);
    }
    let first = felt.roll(6);
    assert_eq!((first.shooter, first.hand), (Some(Seat(0)), 1));
    let (waited_for, _) = felt.roll_closed_by(9, |felt| {
        for seat in 1..4 {
            felt.ask(seat, Operation::Idle { roll: 2 });
        }
    });
    assert_eq!(waited_for.shooter, Some(Seat(0)));
    assert_eq!(
        felt.table.shooter(),
        Some(Seat(1)),
        "the next seat rolls on"
    );
    assert_eq!(felt.table.layout().phase(), Phase::Point(BoxNumber::Six));
    let next = felt.roll(5);
    assert_eq!((next.shooter, next.hand), (Some(Seat(1)), 1));
    assert_eq!(felt.table.shooter(), Some(Seat(1)), "and keeps the dice");
}

#[test]
fn nobody_waits_for_a_roll_without_bets_or_for_another_roll() {
    let mut felt = Felt::new(4);
    let idle = |roll| Operation::Idle { roll };
    assert_eq!(felt.refusal(0, idle(1)), Rejection::NoBets);
    felt.bet(0, FIELD, 5);
    let refused = Rejection::WrongRoll { given: 2, open: 1 };
    assert_eq!(felt.refusal(0, idle(2)), refused);
}

#[test]
fn operations_ordered_after_the_close_take_effect_after_the_settlement_in_their_order() {
    let mut felt = ready();
    let before = (felt.stack(1), felt.table.layout().clone());
    let outcomes = felt.operations(&[
        (0, Operation::RollClose { roll: 1 }),
        (1, place(FIELD, 5)),
        (1, place(FIELD, 1)),
        (1, Operation::RemoveBet { kind: FIELD }),
    ]);
    let by = Some(Seat(0));
    assert_eq!(outcomes, [Outcome::RollClosed { roll: 1, by }]);
    assert_eq!(felt.table.deferred_len(), 3);
    assert_eq!((felt.stack(1), felt.table.layout().clone()), before);

    let outcomes = felt.throw();
    let on_field = |outcome: &Outcome| match outcome {
        Outcome::Rolled(roll) => {
            let touched = roll.settlement.lines.iter().any(|line| line.kind == FIELD);
            assert!(!touched, "a bet made after the close took part in the roll");
            "rolled"
        }
        Outcome::BetPlaced { amount: 5, .. } => "5 placed",
        Outcome::BetPlaced { amount: 1, .. } => "1 added",
        Outcome::BetReturned { amount: 6, .. } => "6 returned",
        other => panic!("{other:?}"),
    };
    let told: Vec<&str> = outcomes.iter().map(on_field).collect();
    assert_eq!(told, ["rolled", "5 placed", "1 added", "6 returned"]);
    assert_eq!((felt.table.deferred_len(), felt.stack(1)), (0, before.0));
}

#[test]
fn a_close_among_the_waiting_operations_makes_the_rest_wait_for_the_next_roll() {
    let mut felt = ready();
    // A bar against the dice of roll 1: with don't pass up, somebody has a line bet whatever falls but 7, 11, 2, 3.
    felt.operations(&[
        (0, Operation::RollClose { roll: 1 }),
        (0, place(PASS, 5)),
        (0, place(BetKind::DontPass, 5)),
        (0, Operation::RollClose { roll: 2 }),
        (1, place(FIELD, 5)),
    ]);
    let outcomes = felt.throw();
    assert!(
        outcomes
            .iter()
            .any(|o| matches!(o, Outcome::RollClosed { roll: 2, .. }))
    );
    assert_eq!(
        felt.table.deferred_len(),
        1,
        "the field bet waits for roll 2"
    );
    let outcomes = felt.throw();
    assert_eq!(rolled(&outcomes).roll, 2);
    assert!(matches!(
        outcomes.last(),
        Some(Outcome::BetPlaced { amount: 5, .. })
    ));
}

#[test]
fn the_closed_roll_and_what_waits_for_it_come_back_from_the_tables_bytes() {
    let mut felt = ready();
    felt.operations(&[(0, Operation::RollClose { roll: 1 }), (1, place(FIELD, 5))]);
    let (genesis, bytes) = (felt.table.genesis().clone(), felt.table.to_bytes());
    let chain = felt.table.dice().closed().expect("closed").chain;
    let read = Table::read(genesis, felt.sequence, chain, &bytes).expect("the same table");
    let mut back = felt.clone();
    back.table = read;
    assert_eq!(back.table.digest(), felt.table.digest());
    assert_eq!(
        back.throw(),
        felt.throw(),
        "it is the same roll, never thrown anew"
    );
    assert_eq!(back.table.digest(), felt.table.digest());
}

#[test]
fn payloads_that_are_no_operation_are_refused_one_by_one() {
    let mut felt = ready();
    let good = place(FIELD, 5).to_bytes();
    let unknown_bet = [1, 99, 0, 5, 0, 0, 0, 0, 0, 0, 0];
    let place_without_number = [1, 9, 0, 6, 0, 0, 0, 0, 0, 0, 0];
    let not_a_bool = [4, 8, 0, 2];
    let bad: [&[u8]; 7] = [
        &[],
        &[0],
        &[99],
        &good[..good.len() - 1],
        &unknown_bet,
        &place_without_number,
        &not_a_bool,
    ];
    let before = felt.table.digest();
    let mut requests: Vec<felt::Request> = (100..)
        .zip(bad)
        .map(|(number, bytes)| (Seat(3), number, bytes.to_vec()))
        .collect();
    requests.push((Seat(3), 107, [good, vec![0]].concat()));
    let outcomes = felt.slot(&requests);
    for (number, outcome) in (100..).zip(&outcomes) {
        let seat = Seat(3);
        let reason = Rejection::Malformed;
        assert_eq!(
            *outcome,
            Outcome::Rejected {
                seat,
                number,
                reason
            }
        );
    }
    assert_eq!(outcomes.len(), requests.len());
    assert_eq!(felt.table.digest(), before);
}

#[test]
fn every_refusal_says_why_and_what_would_do() {
    let mut felt = ready();
    let said = |rejection: Rejection| rejection.to_string();
    let wrong = felt.refusal(1, place(BetKind::PassOdds, 10));
    let (kind, opens) = (BetKind::PassOdds, Window::Point);
    // Odds need both a point and a line bet; either reason is right.
    let known = [
        Rejection::Bet(Refusal::WrongPhase { kind, opens }),
        Rejection::Bet(Refusal::NoFlatBet { needs: PASS }),
    ];
    assert!(known.contains(&wrong), "{wrong}");
    let min = felt.refusal(1, place(PASS, 4));
    assert_eq!(min, Rejection::Bet(Refusal::BelowMinimum { min: 5 }));
    assert!(said(min).contains('5'), "{min}");
    let none = felt.refusal(1, Operation::RemoveBet { kind: FIELD });
    assert_eq!(none, Rejection::Bet(Refusal::NoSuchBet { kind: FIELD }));
    let more = felt.refusal(0, Operation::ReduceBet { kind: PASS, by: 11 });
    assert_eq!(more, Rejection::Bet(Refusal::MoreThanStake { stake: 10 }));
    let toggle = felt.refusal(
        0,
        Operation::SetWorking {
            kind: PASS,
            on: true,
        },
    );
    assert_eq!(toggle, Rejection::Bet(Refusal::CannotToggle { kind: PASS }));
    let shooter = felt.refusal(3, Operation::RollClose { roll: 1 });
    assert!(said(shooter).ends_with("seat 0"), "{shooter}");
    let nobody = Rejection::NotShooter { shooter: None };
    assert!(said(nobody).contains("nobody has a line bet"), "{nobody}");
    let roll = felt.refusal(0, Operation::RollClose { roll: 9 });
    assert_eq!(said(roll), "roll 9 is not open, roll 1 is");
    let old = felt.refusal(0, Operation::Acknowledge(ID));
    assert_eq!(old, Rejection::Dealing(DealingRefusal::Other));
}

#[test]
fn the_shooter_passes_the_dice_on_a_come_out_and_the_hand_goes_on() {
    let mut felt = Felt::new(4);
    felt.bet(0, PASS, 10);
    felt.bet(2, PASS, 10);
    felt.bet(1, BetKind::Fire, 5);
    let pass = |roll| Operation::PassDice { roll };
    let shooter = Some(Seat(0));
    assert_eq!(felt.refusal(2, pass(1)), Rejection::NotShooter { shooter });
    let refused = Rejection::WrongRoll { given: 2, open: 1 };
    assert_eq!(felt.refusal(0, pass(2)), refused);
    let (seat, to) = (Seat(0), Some(Seat(2)));
    assert_eq!(felt.ask(0, pass(1)), [Outcome::DicePassed { seat, to }]);
    assert_eq!((felt.table.shooter(), felt.table.hand()), (to, 1));
    assert_eq!(felt.roll(6).shooter, to);
    let point = BoxNumber::Six;
    assert_eq!(felt.refusal(2, pass(2)), Rejection::PassOnPoint { point });
    felt.roll(6);
    felt.bet(2, PASS, 10);
    let (seat, to) = (Seat(2), Some(Seat(2)));
    assert_eq!(
        felt.ask(2, pass(3)),
        [Outcome::DicePassed { seat, to }],
        "nobody else has a line bet"
    );
    let made = felt.table.layout().trackers().points_made();
    assert_eq!((made, felt.table.hand()), (1, 1), "side bets go on");
}

#[test]
fn a_shooter_may_decline_before_the_first_roll_and_get_the_dice_again_later() {
    let mut felt = Felt::new(3);
    (0..3).for_each(|seat| felt.bet(seat, PASS, 5));
    for (seat, to) in [(0, 1), (1, 2), (2, 0)] {
        let passed = Outcome::DicePassed {
            seat: Seat(seat),
            to: Some(Seat(to)),
        };
        assert_eq!(felt.ask(seat, Operation::PassDice { roll: 1 }), [passed]);
    }
    assert_eq!(felt.roll(4).shooter, Some(Seat(0)));
}
