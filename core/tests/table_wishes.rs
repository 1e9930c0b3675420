//! What q players bring about together: a player is unseated, the table is dissolved. Fewer bring about nothing, and no
//! chip is lost in either.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod felt;

use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::{Seat, SeatSet};
use bitcraps_core::table::{
    DealingRefusal, Gone, Operation, Outcome, Rejection, Table, TableRules, Wish,
};
use bitcraps_core::wire::{Decode, Encode};
use felt::Felt;

fn unseat(seat: u8) -> Operation {
    Operation::Tap(Wish::Unseat(Seat(seat)))
}

const DISSOLVE: Operation = Operation::Tap(Wish::Dissolve);

fn place(kind: BetKind, amount: u64) -> Operation {
    Operation::PlaceBet { kind, amount }
}

/// Every chip there is, counted from outside.
fn chips(felt: &Felt) -> u64 {
    let ledger = felt.table.ledger();
    let of = |seat| ledger.stack(seat).unwrap() + ledger.escrow(seat).unwrap();
    let seats = felt.table.genesis().roster.seats();
    seats.map(of).sum::<u64>() + ledger.bank()
}

/// The same table, out of its bytes.
fn read_again(felt: &Felt) -> Table {
    let table = &felt.table;
    let chain = bitcraps_core::crypto::Digest::default();
    let bytes = table.to_bytes();
    Table::read(table.genesis().clone(), table.sequence(), chain, &bytes).unwrap()
}

#[test]
fn a_player_is_unseated_by_q_others_and_keeps_every_chip() {
    let mut felt = Felt::new(4);
    let issued = chips(&felt);
    felt.ask(3, place(BetKind::PassLine, 10));
    felt.ask(3, place(BetKind::Field, 5));
    felt.ask(0, place(BetKind::PassLine, 10));
    felt.roll(6);
    felt.ask(3, place(BetKind::Field, 5));
    let stack = felt.table.ledger().stack(Seat(3)).unwrap();
    let tapped = |seat, have| Outcome::Tapped {
        seat: Seat(seat),
        wish: Wish::Unseat(Seat(3)),
        have,
        needed: 3,
    };
    assert_eq!(felt.ask(0, unseat(3)), [tapped(0, 1)]);
    assert_eq!(felt.refusal(0, unseat(3)), Rejection::Tapped);
    let own = Rejection::NotThere { seat: Seat(3) };
    assert_eq!(felt.refusal(3, unseat(3)), own);
    assert_eq!(felt.ask(1, unseat(3)), [tapped(1, 2)]);
    assert_eq!(felt.table.gone(Seat(3)), None, "two of four are no quorum");
    let outcomes = felt.ask(2, unseat(3));
    let back = Outcome::BetReturned {
        seat: Seat(3),
        kind: BetKind::Field,
        amount: 5,
    };
    assert_eq!(
        outcomes,
        [tapped(2, 3), back, Outcome::Unseated { seat: Seat(3) }]
    );
    let table = &felt.table;
    assert_eq!(table.gone(Seat(3)), Some(Gone::Unseated));
    assert_eq!(table.ledger().stack(Seat(3)), Ok(stack + 5));
    let line = table.layout().bet(Seat(3), BetKind::PassLine);
    assert_eq!(
        line.map(|bet| bet.amount),
        Some(10),
        "a contract bet is decided by the dice"
    );
    assert_ne!(
        table.shooter(),
        Some(Seat(3)),
        "and makes nobody the shooter"
    );
    assert_eq!(
        felt.refusal(3, place(BetKind::Field, 5)),
        Rejection::Gone(Gone::Unseated)
    );
    assert_eq!(felt.refusal(0, unseat(3)), own, "once is enough");
    assert_eq!(
        table_members(&felt),
        [0, 1, 2],
        "the next key is for the others"
    );
    felt.roll(6);
    let ledger = felt.table.ledger();
    assert_eq!(
        (ledger.stack(Seat(3)), ledger.escrow(Seat(3))),
        (Ok(stack + 25), Ok(0))
    );
    assert_eq!(chips(&felt), issued);
    assert_eq!(read_again(&felt).to_bytes(), felt.table.to_bytes());
}

fn table_members(felt: &Felt) -> Vec<u8> {
    let members = felt.table.next_members();
    members.seats().map(|seat| seat.0).collect()
}

#[test]
fn the_taps_of_players_who_are_gone_do_not_count() {
    let mut felt = Felt::new(7);
    for seat in 0..4 {
        felt.ask(seat, unseat(6));
    }
    assert_eq!(felt.table.wanting(Wish::Unseat(Seat(6))).len(), 4);
    felt.ask(0, Operation::Leave);
    assert_eq!(felt.table.wanting(Wish::Unseat(Seat(6))).len(), 3);
    felt.ask(4, unseat(6));
    assert_eq!(
        felt.table.gone(Seat(6)),
        None,
        "four that still play, and it takes five"
    );
    assert_eq!(read_again(&felt).wanting(Wish::Unseat(Seat(6))).len(), 4);
    felt.ask(5, unseat(6));
    assert_eq!(felt.table.gone(Seat(6)), Some(Gone::Unseated));
}

#[test]
fn of_two_players_none_can_be_unseated_and_of_three_nobody_is_outvoted() {
    let mut felt = Felt::new(2);
    assert_eq!(felt.refusal(0, unseat(1)), Rejection::LastTwo);
    let mut felt = Felt::new(3);
    felt.ask(0, unseat(2));
    felt.ask(1, unseat(2));
    assert_eq!(felt.table.gone(Seat(2)), None, "it takes all three");
    let nobody = Rejection::NotThere { seat: Seat(9) };
    assert_eq!(felt.refusal(0, unseat(9)), nobody);
}

#[test]
fn a_table_is_dissolved_by_q_players_with_every_bet_back_and_the_books_closed() {
    let mut felt = Felt::new(4);
    let issued = chips(&felt);
    felt.ask(0, place(BetKind::PassLine, 10));
    felt.ask(1, place(BetKind::DontPass, 20));
    felt.roll(5);
    felt.ask(0, place(BetKind::PassOdds, 10));
    felt.ask(2, DISSOLVE);
    felt.ask(1, DISSOLVE);
    assert_eq!(felt.table.dissolved(), None);
    let outcomes = felt.ask(0, DISSOLVE);
    assert_eq!(outcomes.last(), Some(&Outcome::Dissolved));
    let at = felt.sequence;
    let back = |outcome: &&Outcome| matches!(outcome, Outcome::BetReturned { .. });
    assert_eq!(outcomes.iter().filter(back).count(), 3, "contract bets too");
    let sheet = felt.table.sheet(SeatSet::default());
    assert_eq!(sheet.dissolved, Some(felt.sequence));
    assert!(
        sheet
            .lines
            .iter()
            .all(|line| line.layout == 0 && line.up() == 0)
    );
    assert_eq!(chips(&felt), issued);
    for operation in [
        place(BetKind::Field, 5),
        DISSOLVE,
        Operation::Leave,
        unseat(1),
    ] {
        assert_eq!(felt.refusal(3, operation), Rejection::Dissolved);
    }
    assert!(
        felt.table.attempt().is_none(),
        "nobody makes keys for it any more"
    );
    assert_eq!(read_again(&felt).dissolved(), Some(at));
}

#[test]
fn a_table_is_not_dissolved_while_a_closed_roll_waits() {
    let mut felt = Felt::new(4);
    felt.ask(0, place(BetKind::PassLine, 10));
    felt.ask(1, DISSOLVE);
    felt.ask(2, DISSOLVE);
    let roll = felt.roll_number();
    // One slot: the close, and behind it the tap that would dissolve the table.
    let outcomes = felt.operations(&[(0, Operation::RollClose { roll }), (3, DISSOLVE)]);
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(felt.table.dissolved(), None);
    let outcomes = felt.throw();
    assert!(matches!(outcomes[0], Outcome::Rolled(_)));
    assert_eq!(outcomes.last(), Some(&Outcome::Dissolved));
}

#[test]
fn nothing_is_dealt_and_no_chip_moves_before_every_seat_has_signed() {
    let mut felt = Felt::unsigned(4, TableRules::default());
    let line = place(BetKind::PassLine, 10);
    for seat in 0..3 {
        let missing = 3 - usize::from(seat);
        let seat_of = Seat(seat);
        let signed = Outcome::Signed {
            seat: seat_of,
            missing,
        };
        assert_eq!(felt.ask(seat, Operation::Sign), [signed]);
        assert_eq!(felt.refusal(seat, Operation::Sign), Rejection::Tapped);
        assert_eq!(felt.refusal(seat, line.clone()), Rejection::NoKey);
        let unsigned = Rejection::Dealing(DealingRefusal::Unsigned);
        let dealing = felt.dealing_of(seat);
        assert_eq!(felt.refusal(seat, dealing), unsigned);
        assert!(!felt.table.is_founded());
    }
    assert_eq!(read_again(&felt).signed().len(), 3);
    felt.ask(3, Operation::Sign);
    assert!(felt.table.is_founded());
    felt.make_key();
    assert!(matches!(felt.ask(0, line)[..], [Outcome::BetPlaced { .. }]));
}

#[test]
fn wishes_have_one_encoding() {
    for wish in [
        Wish::Unseat(Seat(0)),
        Wish::Unseat(Seat(17)),
        Wish::Dissolve,
    ] {
        let bytes = Operation::Tap(wish).to_bytes();
        assert_eq!(Operation::from_bytes(&bytes), Ok(Operation::Tap(wish)));
        assert_eq!(bytes.len(), 2);
    }
    for seat in 18..255 {
        assert!(Operation::from_bytes(&[23, seat]).is_err(), "{seat}");
    }
}
