//! Chips move between stack, escrow and bank; none appear, none vanish, errors change nothing.

use bitcraps_core::crypto::Seat;
use bitcraps_core::ledger::{Ledger, LedgerError, Purse, SEATS_MAX};

const SEAT: Seat = Seat(1);

fn ledger() -> Ledger {
    Ledger::new(&[100, 200], 1000).expect("a small sum")
}

fn counts(ledger: &Ledger) -> (u64, u64, u64) {
    ledger.check_conservation().expect("conserved");
    (
        ledger.stack(SEAT).expect("seated"),
        ledger.escrow(SEAT).expect("seated"),
        ledger.bank(),
    )
}

#[test]
fn everything_that_is_issued_is_counted() {
    let ledger = ledger();
    assert_eq!(ledger.issued(), 1300);
    assert_eq!(counts(&ledger), (200, 0, 1000));
}

#[test]
fn a_stake_goes_to_escrow_and_comes_back() {
    let mut ledger = ledger();
    ledger.place(SEAT, 60).expect("affordable");
    assert_eq!(counts(&ledger), (140, 60, 1000));
    ledger.give_back(SEAT, 20).expect("in escrow");
    assert_eq!(counts(&ledger), (160, 40, 1000));
    assert_eq!(ledger.stack(Seat(0)), Ok(100));
}

#[test]
fn a_win_is_paid_by_the_bank_and_a_loss_goes_to_it() {
    let mut ledger = ledger();
    ledger.place(SEAT, 60).expect("affordable");
    ledger.win(SEAT, 12, 14, true).expect("covered");
    assert_eq!(counts(&ledger), (154, 60, 986));
    ledger.win(SEAT, 12, 14, false).expect("covered");
    assert_eq!(counts(&ledger), (180, 48, 972));
    ledger.lose(SEAT, 48).expect("in escrow");
    assert_eq!(counts(&ledger), (180, 0, 1020));
}

#[test]
fn an_operation_that_fails_changes_nothing() {
    let mut ledger = ledger();
    ledger.place(SEAT, 60).expect("affordable");
    let before = ledger.clone();
    let short = |purse, has, needs| Err(LedgerError::NotEnough { purse, has, needs });
    let escrow = Purse::Escrow(SEAT);
    assert_eq!(ledger.place(SEAT, 141), short(Purse::Stack(SEAT), 140, 141));
    assert_eq!(
        ledger.place(SEAT, u64::MAX),
        short(Purse::Stack(SEAT), 140, u64::MAX)
    );
    assert_eq!(ledger.give_back(SEAT, 61), short(escrow, 60, 61));
    assert_eq!(ledger.lose(SEAT, 61), short(escrow, 60, 61));
    assert_eq!(ledger.win(SEAT, 61, 1, true), short(escrow, 60, 61));
    assert_eq!(ledger.win(SEAT, 61, 1, false), short(escrow, 60, 61));
    assert_eq!(
        ledger.win(SEAT, 60, 1001, false),
        short(Purse::Bank, 1000, 1001)
    );
    assert_eq!(
        ledger.win(SEAT, 60, u64::MAX, false),
        Err(LedgerError::Overflow)
    );
    assert_eq!(ledger, before);
}

#[test]
fn a_stranger_has_no_account() {
    let mut ledger = ledger();
    let (seat, before) = (Seat(2), ledger.clone());
    let unknown = LedgerError::UnknownSeat { seat };
    assert_eq!(ledger.place(seat, 0), Err(unknown));
    assert_eq!(ledger.give_back(seat, 0), Err(unknown));
    assert_eq!(ledger.win(seat, 0, 0, false), Err(unknown));
    assert_eq!(ledger.lose(seat, 0), Err(unknown));
    assert_eq!(ledger.stack(seat), Err(unknown));
    assert_eq!(ledger.escrow(seat), Err(unknown));
    assert_eq!(ledger, before);
}

#[test]
fn more_chips_or_seats_than_can_be_counted_are_refused() {
    assert_eq!(Ledger::new(&[u64::MAX, 1], 0), Err(LedgerError::Overflow));
    assert_eq!(Ledger::new(&[1], u64::MAX), Err(LedgerError::Overflow));
    let full = Ledger::new(&[u64::MAX - 1], 1).expect("fits exactly");
    assert_eq!(
        (full.issued(), full.check_conservation()),
        (u64::MAX, Ok(()))
    );
    let seats = SEATS_MAX + 1;
    let refused = Err(LedgerError::TooManySeats { seats });
    assert_eq!(Ledger::new(&vec![0; seats], 0), refused);
    assert!(Ledger::new(&vec![0; SEATS_MAX], 0).is_ok_and(|l| l.stack(Seat(255)) == Ok(0)));
}

#[test]
fn errors_say_what_is_short_and_what_to_do() {
    let error = LedgerError::NotEnough {
        purse: Purse::Stack(Seat(3)),
        has: 10,
        needs: 20,
    };
    let text = "stack of seat 3 has 10 chips of 20 needed, move no more than it has";
    assert_eq!(error.to_string(), text);
}
