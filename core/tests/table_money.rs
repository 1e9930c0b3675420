//! Chips at the table: funds, what the bank can vouch for, conservation and determinism under random play.

mod felt;
mod random;

use std::time::Duration;

use bitcraps_core::craps::{
    BetKind, BoxNumber, FirePays, HornNumber, OddsLimit, Phase, Rules, Vig,
};
use bitcraps_core::crypto::Seat;
use bitcraps_core::table::{AttemptId, Operation, Outcome, Rejection, TableRules};
use bitcraps_core::wire::Encode;
use felt::{Felt, Request};
use random::Random;

const PASS: BetKind = BetKind::PassLine;
const FIELD: BetKind = BetKind::Field;
const SIX: BetKind = BetKind::Place(BoxNumber::Six);

fn with_chips(buy_in: u64, bank: u64) -> Felt {
    let rules = TableRules {
        buy_in,
        bank,
        ..TableRules::default()
    };
    Felt::with_rules(4, rules)
}

fn place(kind: BetKind, amount: u64) -> Operation {
    Operation::PlaceBet { kind, amount }
}

#[test]
fn nobody_bets_more_than_the_stack_holds() {
    let mut felt = with_chips(100, 10_000);
    felt.bet(1, PASS, 60);
    let funds = Rejection::Funds {
        have: 40,
        wanted: 41,
    };
    assert_eq!(felt.refusal(1, place(FIELD, 41)), funds);
    assert_eq!(
        funds.to_string(),
        "the bet takes 41 chips and the stack has 40"
    );
    felt.bet(1, FIELD, 40);
    assert_eq!(felt.stack(1), 0);
    felt.ask(1, Operation::ReduceBet { kind: PASS, by: 20 });
    assert_eq!(felt.stack(1), 20, "what came back can be bet again");
    felt.bet(1, FIELD, 20);
}

#[test]
fn a_bet_that_the_bank_could_not_pay_is_refused_when_it_is_placed() {
    let mut felt = with_chips(1_000, 100);
    felt.bet(0, PASS, 70);
    let refused = |owed| Rejection::Bank { bank: 100, owed };
    assert_eq!(felt.refusal(1, place(PASS, 31)), refused(101));
    // The field pays 3:1 on twelve.
    assert_eq!(felt.refusal(1, place(FIELD, 11)), refused(103));
    felt.bet(1, FIELD, 10);
    assert_eq!(felt.refusal(2, place(PASS, 5)), refused(105));
    felt.ask(1, Operation::RemoveBet { kind: FIELD });
    felt.bet(2, PASS, 30);
}

#[test]
fn every_bet_that_was_taken_is_paid_in_full_when_all_win_at_once() {
    let mut felt = with_chips(1_000, 100);
    felt.bet(0, PASS, 40);
    felt.bet(1, PASS, 30);
    felt.bet(2, FIELD, 10);
    let roll = felt.roll(11);
    assert_eq!(roll.settlement.lines.len(), 3);
    assert_eq!(
        [felt.stack(0), felt.stack(1), felt.stack(2)],
        [1_040, 1_030, 1_010]
    );
    assert_eq!(felt.bank(), 20);
}

#[test]
fn winners_that_stay_up_come_down_last_settled_first_when_the_bank_no_longer_covers_them() {
    let mut felt = with_chips(1_000, 112);
    felt.bet(0, PASS, 5);
    for seat in [1, 2] {
        felt.bet(seat, SIX, 30);
        let kind = SIX;
        let on = true;
        assert_eq!(
            felt.ask(seat, Operation::SetWorking { kind, on }),
            [Outcome::WorkingSet {
                seat: Seat(seat),
                kind,
                on
            }]
        );
    }
    // Both win 35 on the six and stay: 42 chips are left in the bank, and 5 + 35 + 35 could be due.
    let (_, outcomes) = felt.roll_closed_by(6, Felt::close);
    let returned = Outcome::BetReturned {
        seat: Seat(2),
        kind: SIX,
        amount: 30,
    };
    assert_eq!(outcomes[1..], [returned]);
    assert_eq!(felt.bank(), 42);
    assert_eq!(
        [felt.stack(1), felt.stack(2)],
        [1_005, 1_035],
        "both are paid"
    );
    assert!(felt.table.layout().bet(Seat(1), SIX).is_some());
    assert!(felt.table.layout().bet(Seat(2), SIX).is_none());
    felt.table.ledger().check_conservation().unwrap();
    let (bank, owed) = (42, 75);
    assert_eq!(
        felt.refusal(2, place(SIX, 30)),
        Rejection::Bank { bank, owed }
    );
}

#[test]
fn all_winners_come_down_when_the_bank_is_drained() {
    let mut felt = with_chips(1_000, 75);
    felt.bet(0, PASS, 5);
    for seat in [1, 2] {
        felt.bet(seat, SIX, 30);
        felt.ask(
            seat,
            Operation::SetWorking {
                kind: SIX,
                on: true,
            },
        );
    }
    let (_, outcomes) = felt.roll_closed_by(6, Felt::close);
    let returned: Vec<u8> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::BetReturned { seat, .. } => Some(seat.0),
            _ => None,
        })
        .collect();
    assert_eq!(returned, [2, 1]);
    assert_eq!((felt.bank(), felt.table.layout().bets().count()), (5, 1));
}

/// A request that may be legal, stale, too large, for another roll, or garbage.
fn random_request(random: &mut Random, felt: &Felt) -> Request {
    let kinds: Vec<BetKind> = BetKind::all().collect();
    let seat = random.seat(felt.seats());
    let roll = felt.roll_number();
    let near = (roll + random.below(3)).saturating_sub(1);
    let kind = random.one_of(&kinds);
    let amount = match random.below(8) {
        0 => random.next(),
        1 => 0,
        _ => {
            let bounds = felt.table.layout().bounds(Seat(seat), kind);
            bounds.map_or(1, |bounds| bounds.unit) * (1 + random.below(20))
        }
    };
    let by = random.below(30);
    let operation = match random.below(20) {
        0..7 => place(kind, amount),
        7 => Operation::ReduceBet { kind, by },
        8 => Operation::RemoveBet { kind },
        9 => Operation::SetWorking {
            kind,
            on: random.below(2) == 0,
        },
        10 => Operation::RollClose { roll: near },
        11 => Operation::Idle { roll: near },
        12 if random.below(2) == 0 => Operation::PassDice { roll: near },
        12 => Operation::Acknowledge(AttemptId {
            epoch: near,
            attempt: 0,
        }),
        13 | 14 => {
            let length = random.index(40);
            let bytes = random.bytes(length);
            return (Seat(seat), random.next(), bytes);
        }
        _ => next_step(felt, seat),
    };
    (Seat(seat), random.next(), operation.to_bytes())
}

/// What this seat would do next if it wanted the dice to fall.
fn next_step(felt: &Felt, seat: u8) -> Operation {
    let roll = felt.roll_number();
    if felt.table.shooter() == Some(Seat(seat)) {
        Operation::RollClose { roll }
    } else if felt.table.layout().phase() == Phase::ComeOut {
        place(PASS, 5)
    } else {
        Operation::Idle { roll }
    }
}

fn random_rules(random: &mut Random) -> TableRules {
    let craps = Rules {
        vig: random.one_of(Vig::ALL),
        fire: random.one_of(FirePays::ALL),
        put: random.below(2) == 0,
        hardways_rest: random.below(2) == 0,
        odds: random.one_of(&[OddsLimit::ThreeFourFive, OddsLimit::Times(10)]),
        ..Rules::default()
    };
    TableRules {
        buy_in: random.below(500),
        bank: random.one_of(&[random.clone().below(400), 20_000]),
        craps,
        idle_limit: Duration::from_secs(30),
        rebuys: 255,
        forfeits: random.below(2) == 0,
    }
}

fn check_books(felt: &Felt, seed: u64) {
    let (table, at) = (&felt.table, felt.sequence);
    let ledger = table.ledger();
    assert_eq!(ledger.check_conservation(), Ok(()), "seed {seed} slot {at}");
    for seat in (0..felt.seats()).map(Seat) {
        let (escrow, standing) = (ledger.escrow(seat), table.layout().stake_of(seat));
        assert_eq!(escrow, Ok(standing), "seed {seed} slot {at} seat {seat}");
    }
    let exposure = table.layout().exposure();
    assert!(
        exposure <= ledger.bank(),
        "seed {seed} slot {at}: {exposure} could be due, the bank has {}",
        ledger.bank()
    );
    assert!(table.books_agree(), "seed {seed} slot {at}");
}

#[test]
fn chips_are_conserved_and_two_tables_with_one_log_are_equal_at_every_slot() {
    let mut rolls = 0;
    for seed in 0..75 {
        let mut random = Random(seed);
        let rules = random_rules(&mut random);
        let seats = 2 + random.seat(9);
        let mut felt = Felt::with_rules(seats, rules.clone());
        let mut twin = Felt::with_rules(seats, rules);
        for _ in 0..400 {
            let requests: Vec<Request> = (0..random.below(4))
                .map(|_| random_request(&mut random, &felt))
                .collect();
            let outcomes = felt.slot_and_dice(&requests);
            let twins = twin.slot_and_dice(&requests);
            assert_eq!(outcomes, twins, "seed {seed}");
            let (digest, twins) = (felt.table.digest(), twin.table.digest());
            assert_eq!(digest, twins, "seed {seed} slot {}", felt.sequence);
            check_books(&felt, seed);
        }
        rolls += felt.table.rolls();
    }
    assert!(rolls > 400, "random play must get somewhere: {rolls} rolls");
}

#[test]
fn a_table_fed_one_other_operation_has_another_digest() {
    let mut told_apart = 0;
    for seed in 0..30 {
        let mut random = Random(seed);
        let mut felt = Felt::new(4);
        for _ in 0..100 {
            let requests = [random_request(&mut random, &felt)];
            let mut other = felt.clone();
            felt.slot_and_dice(&requests);
            other.slot_and_dice(&requests);
            assert_eq!(felt.table.digest(), other.table.digest());
            let seat = Seat(random.seat(4));
            if felt.table.check_place(seat, FIELD, 5).is_err() {
                continue;
            }
            let bet = (seat, random.next(), place(FIELD, 5).to_bytes());
            let mut same = felt.clone();
            same.slot(&[]);
            let before = same.table.digest();
            other.slot(&[bet]);
            assert_ne!(
                before,
                other.table.digest(),
                "seed {seed} slot {}",
                felt.sequence
            );
            told_apart += 1;
        }
    }
    assert!(told_apart > 1_000, "{told_apart}");
}

#[test]
fn the_digest_tells_apart_what_no_balance_shows() {
    let mut felt = Felt::new(4);
    felt.bet(0, PASS, 10);
    felt.bet(1, SIX, 12);
    let mut digests = vec![felt.table.digest()];
    let mut note = |change: &dyn Fn(&mut Felt)| {
        let mut other = felt.clone();
        change(&mut other);
        digests.push(other.table.digest());
    };
    let kind = SIX;
    note(&|f| drop(f.ask(1, Operation::SetWorking { kind, on: true })));
    note(&|f| drop(f.ask(1, Operation::SetWorking { kind, on: false })));
    note(&|f| drop(f.ask(2, Operation::Idle { roll: 1 })));
    note(&|f| drop(f.ask(3, Operation::Idle { roll: 1 })));
    note(&|f| f.close());
    note(&|f| {
        f.set_salt(1);
        f.close();
    });
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

#[test]
fn a_commission_up_front_leaves_the_stack_with_the_bet_and_comes_back_with_it() {
    let rules = TableRules {
        craps: Rules {
            vig: Vig::UpFront,
            ..Rules::default()
        },
        ..TableRules::default()
    };
    let mut felt = Felt::with_rules(4, rules);
    let kind = BetKind::Buy(BoxNumber::Four);
    let placed = felt.ask(1, place(kind, 30));
    let vig = 2;
    assert!(matches!(placed[0], Outcome::BetPlaced { amount: 30, vig: v, .. } if v == vig));
    assert_eq!(felt.stack(1), 968, "5 % of 30, rounded up");
    let returned = felt.ask(1, Operation::ReduceBet { kind, by: 10 });
    let seat = Seat(1);
    assert_eq!(
        returned,
        [Outcome::BetReturned {
            seat,
            kind,
            amount: 11
        }]
    );
    assert_eq!(felt.stack(1), 979);
    felt.bet(0, PASS, 10);
    felt.roll(5);
    felt.roll(4);
    assert_eq!(
        felt.stack(1),
        979 + 40 - 1,
        "the next commission is taken out of the win"
    );
    assert!(felt.table.books_agree());
    let taken_down = felt.ask(1, Operation::RemoveBet { kind });
    assert_eq!(
        taken_down,
        [Outcome::BetReturned {
            seat,
            kind,
            amount: 21
        }]
    );
    felt.ask(1, place(kind, 20));
    let before = (felt.stack(1), felt.bank());
    felt.roll(7);
    assert_eq!(felt.stack(1), before.0);
    assert_eq!(
        felt.bank(),
        before.1 + 21 + 10,
        "stake, commission, and the pass bet"
    );
}

#[test]
fn funds_must_cover_the_commission_too() {
    let rules = TableRules {
        buy_in: 20,
        craps: Rules {
            vig: Vig::UpFront,
            ..Rules::default()
        },
        ..TableRules::default()
    };
    let mut felt = Felt::with_rules(4, rules);
    let kind = BetKind::Buy(BoxNumber::Four);
    let funds = Rejection::Funds {
        have: 20,
        wanted: 21,
    };
    assert_eq!(felt.refusal(1, place(kind, 20)), funds);
    felt.bet(1, BetKind::Single(HornNumber::Two), 20);
}
