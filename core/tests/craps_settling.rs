//! What rolls do: the edge cases of craps.md B4, and the bank's exposure.

use bitcraps_core::craps::{
    BetKind, BoxNumber, Chips, FieldPays, Layout, Line, LineResult, Pair, Phase, Roll, Rules,
    Settlement,
};
use bitcraps_core::crypto::Seat;

const SEAT: Seat = Seat(0);
const LOSE: LineResult = LineResult::Lose;

fn won(profit: Chips) -> LineResult {
    LineResult::Win {
        profit,
        stays: false,
    }
}

/// One seat's hand, told as calls.
struct Hand {
    layout: Layout,
}

impl Hand {
    fn new() -> Self {
        Self::with(Rules::default())
    }

    fn with(rules: Rules) -> Self {
        Self {
            layout: Layout::new(rules),
        }
    }

    fn bet(&mut self, kind: BetKind, amount: Chips) -> &mut Self {
        self.layout.place(SEAT, kind, amount).expect("a legal bet");
        self
    }

    fn call(&mut self, kind: BetKind, on: bool) -> &mut Self {
        self.layout
            .set_working(SEAT, kind, on)
            .expect("a standing bet");
        self
    }

    fn settle(&mut self, total: u8) -> Settlement {
        let roll = Roll::all()
            .find(|roll| roll.total() == total)
            .expect("a total of two dice");
        let settlement = self.layout.resolve(roll);
        self.layout.apply(&settlement);
        settlement
    }

    /// Rolls and checks what happened, in order.
    fn roll(&mut self, total: u8, expected: &[(BetKind, LineResult)]) -> &mut Self {
        let lines: Vec<_> = self
            .settle(total)
            .lines
            .iter()
            .map(|line| (line.kind, line.result))
            .collect();
        assert_eq!(lines, expected, "on a roll of {total}");
        self
    }

    /// Checks which bets stand.
    fn stands(&mut self, expected: &[(BetKind, Chips)]) -> &mut Self {
        let bets: Vec<_> = self
            .layout
            .bets()
            .map(|(_, kind, bet)| (kind, bet.amount))
            .collect();
        assert_eq!(bets, expected);
        self
    }
}

use BetKind::{Come, DontPass, DontPassOdds, Field, PassLine, PassOdds};

fn come_point(total: u8) -> BetKind {
    BetKind::ComePoint(BoxNumber::from_total(total).expect("a box number"))
}

fn come_odds(total: u8) -> BetKind {
    BetKind::ComeOdds(BoxNumber::from_total(total).expect("a box number"))
}

fn place(total: u8) -> BetKind {
    BetKind::Place(BoxNumber::from_total(total).expect("a box number"))
}

fn travels(total: u8) -> LineResult {
    LineResult::Travels {
        to: come_point(total),
    }
}

#[test]
fn the_come_out_decides_or_sets_a_point() {
    for total in 2..=12 {
        let mut hand = Hand::new();
        let settlement = hand.bet(PassLine, 10).settle(total);
        let point = BoxNumber::from_total(total).map_or(Phase::ComeOut, Phase::Point);
        assert_eq!(
            (settlement.phase_before, settlement.phase_after),
            (Phase::ComeOut, point)
        );
        assert!(!settlement.seven_out && !settlement.point_made);
        assert_eq!(hand.layout.phase(), point);
        let results: Vec<_> = settlement.lines.iter().map(|line| line.result).collect();
        match total {
            7 | 11 => assert_eq!(results, [won(10)]),
            2 | 3 | 12 => assert_eq!(results, [LOSE]),
            _ => assert!(results.is_empty()),
        }
    }
}

#[test]
fn a_point_ends_when_it_is_made_or_sevened_out() {
    for total in 2..=12 {
        let mut hand = Hand::new();
        hand.roll(9, &[]);
        let settlement = hand.settle(total);
        assert_eq!(settlement.point_made, total == 9);
        assert_eq!(settlement.seven_out, total == 7);
        let over = total == 7 || total == 9;
        assert_eq!(hand.layout.phase() == Phase::ComeOut, over);
    }
}

// craps.md B4.1
#[test]
fn dont_pass_is_pushed_by_a_twelve_and_stays() {
    let mut hand = Hand::new();
    hand.bet(DontPass, 10)
        .roll(12, &[(DontPass, LineResult::Push)])
        .stands(&[(DontPass, 10)]);
    hand.layout
        .reduce(SEAT, DontPass, 5)
        .expect("free to come down");
    hand.roll(2, &[(DontPass, won(5))]).stands(&[]);
    hand.bet(DontPass, 10).roll(3, &[(DontPass, won(10))]);
    hand.bet(DontPass, 10).roll(7, &[(DontPass, LOSE)]);
    hand.bet(DontPass, 10)
        .roll(11, &[(DontPass, LOSE)])
        .stands(&[]);
}

/// Come 10 with odds of `odds` established on `total`, then back on a come-out.
fn come_on_a_come_out(total: u8, odds: Chips) -> Hand {
    let mut hand = Hand::new();
    hand.roll(10, &[])
        .bet(Come, 10)
        .roll(total, &[(Come, travels(total))]);
    hand.bet(come_odds(total), odds).roll(10, &[]);
    assert_eq!(hand.layout.phase(), Phase::ComeOut);
    hand
}

// craps.md B4.2
#[test]
fn a_come_out_seven_takes_the_come_bet_and_returns_its_odds() {
    let mut hand = come_on_a_come_out(6, 25);
    hand.bet(place(8), 12);
    hand.roll(
        7,
        &[(come_point(6), LOSE), (come_odds(6), LineResult::Returned)],
    );
    hand.stands(&[(place(8), 12)]);
}

// craps.md B4.3
#[test]
fn a_come_out_hit_pays_the_come_bet_and_returns_its_odds() {
    let mut hand = come_on_a_come_out(6, 25);
    hand.roll(
        6,
        &[
            (come_point(6), won(10)),
            (come_odds(6), LineResult::Returned),
        ],
    )
    .stands(&[]);
}

#[test]
fn come_odds_that_are_called_on_are_decided_on_the_come_out() {
    let mut hand = come_on_a_come_out(6, 25);
    hand.call(come_odds(6), true);
    hand.roll(6, &[(come_point(6), won(10)), (come_odds(6), won(30))])
        .stands(&[]);
    let mut hand = come_on_a_come_out(5, 20);
    hand.call(come_odds(5), true);
    hand.roll(7, &[(come_point(5), LOSE), (come_odds(5), LOSE)])
        .stands(&[]);
}

#[test]
fn come_odds_that_are_called_off_come_back_even_while_a_point_is_set() {
    let mut hand = come_on_a_come_out(6, 25);
    hand.call(come_odds(6), false).roll(4, &[]);
    hand.roll(
        7,
        &[(come_point(6), LOSE), (come_odds(6), LineResult::Returned)],
    )
    .stands(&[]);
}

// craps.md B4.4
#[test]
fn an_old_come_bet_is_paid_before_a_new_one_takes_its_number() {
    let mut hand = Hand::new();
    hand.roll(4, &[])
        .bet(Come, 10)
        .roll(6, &[(Come, travels(6))]);
    hand.bet(come_odds(6), 20).bet(Come, 15);
    hand.roll(
        6,
        &[
            (come_point(6), won(10)),
            (come_odds(6), won(24)),
            (Come, travels(6)),
        ],
    );
    hand.stands(&[(come_point(6), 15)]);
}

// craps.md B4.5
#[test]
fn a_new_come_bet_travels_to_the_point_that_is_made() {
    let mut hand = Hand::new();
    hand.bet(PassLine, 10).roll(8, &[]).bet(Come, 10);
    hand.roll(8, &[(Come, travels(8)), (PassLine, won(10))]);
    hand.stands(&[(come_point(8), 10)]);
    assert_eq!(hand.layout.phase(), Phase::ComeOut);
}

// craps.md B4.6
#[test]
fn a_seven_out_pays_the_new_come_bet_and_takes_the_others() {
    let mut hand = Hand::new();
    hand.bet(PassLine, 10).bet(DontPass, 5).roll(8, &[]);
    hand.bet(Come, 10).roll(4, &[(Come, travels(4))]);
    hand.bet(Come, 15)
        .bet(PassOdds, 20)
        .bet(DontPassOdds, 12)
        .bet(come_odds(4), 7);
    hand.bet(place(9), 5).bet(Field, 5);
    hand.roll(
        7,
        &[
            (Field, LOSE),
            (place(9), LOSE),
            (come_point(4), LOSE),
            (come_odds(4), LOSE),
            (Come, won(15)),
            (PassLine, LOSE),
            (DontPass, won(5)),
            (PassOdds, LOSE),
            (DontPassOdds, won(10)),
        ],
    );
    hand.stands(&[]);
}

#[test]
fn a_come_bet_has_its_own_come_out() {
    for (total, result) in [(11, won(10)), (2, LOSE), (3, LOSE), (12, LOSE)] {
        let mut hand = Hand::new();
        hand.roll(5, &[])
            .bet(Come, 10)
            .roll(total, &[(Come, result)])
            .stands(&[]);
    }
}

// craps.md B4.11
#[test]
fn odds_are_paid_at_the_rate_of_the_point() {
    for (point, take, lay) in [
        (4, won(60), won(15)),
        (5, won(45), won(20)),
        (6, won(36), won(25)),
        (8, won(36), won(25)),
        (9, won(45), won(20)),
        (10, won(60), won(15)),
    ] {
        let mut hand = Hand::new();
        hand.bet(PassLine, 10).roll(point, &[]).bet(PassOdds, 30);
        hand.roll(point, &[(PassLine, won(10)), (PassOdds, take)])
            .stands(&[]);
        hand.bet(DontPass, 10)
            .roll(point, &[])
            .bet(DontPassOdds, 30);
        hand.roll(7, &[(DontPass, won(10)), (DontPassOdds, lay)])
            .stands(&[]);
        hand.bet(DontPass, 10)
            .roll(point, &[])
            .bet(DontPassOdds, 30);
        hand.roll(point, &[(DontPass, LOSE), (DontPassOdds, LOSE)])
            .stands(&[]);
    }
}

// craps.md B4.11
#[test]
fn a_made_point_leaves_come_odds_on_other_numbers() {
    let mut hand = Hand::new();
    hand.bet(PassLine, 10)
        .roll(9, &[])
        .bet(Come, 10)
        .roll(4, &[(Come, travels(4))]);
    hand.bet(come_odds(4), 30).bet(PassOdds, 40);
    hand.roll(9, &[(PassLine, won(10)), (PassOdds, won(60))]);
    hand.stands(&[(come_point(4), 10), (come_odds(4), 30)]);
}

// craps.md B4.12
#[test]
fn place_bets_rest_on_the_come_out_unless_called_on() {
    let mut hand = Hand::new();
    hand.bet(place(6), 12)
        .bet(place(5), 10)
        .call(place(5), true);
    hand.roll(7, &[(place(5), LOSE)]).stands(&[(place(6), 12)]);
    hand.roll(6, &[]).stands(&[(place(6), 12)]);
    hand.call(place(6), false)
        .roll(7, &[])
        .stands(&[(place(6), 12)]);
}

// craps.md B4.14
#[test]
fn place_winners_stay_up_and_are_paid_at_the_rate_of_the_number() {
    for (number, stake, profit) in [
        (4, 10, 18),
        (5, 10, 14),
        (6, 12, 14),
        (8, 12, 14),
        (9, 10, 14),
        (10, 10, 18),
    ] {
        let mut hand = Hand::new();
        let point = if number == 8 { 6 } else { 8 };
        hand.roll(point, &[]).bet(place(number), stake);
        let win = LineResult::Win {
            profit,
            stays: true,
        };
        for _ in 0..2 {
            hand.roll(number, &[(place(number), win)])
                .stands(&[(place(number), stake)]);
        }
        hand.roll(7, &[(place(number), LOSE)]).stands(&[]);
    }
}

// craps.md B4.14 and B4.15
#[test]
fn the_field_lasts_one_roll_and_pays_twelve_as_the_house_says() {
    for (variant, twelve) in [(FieldPays::DoubleBoth, 20), (FieldPays::TripleTwelve, 30)] {
        for total in 2..=12 {
            let mut hand = Hand::with(Rules {
                field: variant,
                ..Rules::default()
            });
            let result = match total {
                5..=8 => LOSE,
                2 => won(20),
                12 => won(twelve),
                _ => won(10),
            };
            hand.bet(Field, 10)
                .roll(total, &[(Field, result)])
                .stands(&[]);
        }
    }
}

#[test]
fn seats_are_settled_side_by_side() {
    let mut layout = Layout::new(Rules::default());
    layout.place(Seat(3), PassLine, 10).expect("legal");
    layout.place(Seat(1), DontPass, 20).expect("legal");
    layout.place(Seat(3), Field, 5).expect("legal");
    let roll = Roll::new(1, 2).expect("faces");
    let settlement = layout.resolve(roll);
    let line = |seat, kind, stake, result| Line {
        seat: Seat(seat),
        kind,
        stake,
        result,
    };
    assert_eq!(
        settlement.lines,
        [
            line(3, Field, 5, won(5)),
            line(1, DontPass, 20, won(20)),
            line(3, PassLine, 10, LOSE),
        ]
    );
    assert_eq!(layout.bets().count(), 3, "resolving changes nothing");
}

// craps.md B4.27
#[test]
fn exposure_is_the_best_pair_of_faces_and_every_lasting_profit() {
    let mut hand = Hand::new();
    hand.bet(PassLine, 10).bet(DontPass, 10).roll(6, &[]);
    hand.bet(PassOdds, 50)
        .bet(DontPassOdds, 60)
        .bet(place(8), 12);
    let lasting = 10 + 10 + 60 + 50 + 14;
    assert_eq!(hand.layout.exposure(), lasting);
    // On 12 the field wins 30 and the any seven nothing; on 7 it is the other way round.
    hand.bet(Field, 10).bet(BetKind::AnySeven, 5);
    assert_eq!(hand.layout.exposure(), lasting + 30);
    hand.bet(BetKind::AnySeven, 5);
    assert_eq!(hand.layout.exposure(), lasting + 40);
    let with = |kind, amount| hand.layout.exposure_with(SEAT, kind, amount);
    assert_eq!(with(place(4), 10), Some(lasting + 40 + 18));
    assert_eq!(with(place(8), 6), Some(lasting + 40 + 7));
    assert_eq!(with(Field, 5), Some(lasting + 45));
    assert_eq!(with(BetKind::Hop(Pair::ALL[0]), 1), Some(lasting + 50));
    assert_eq!(with(Come, 25), Some(lasting + 40 + 25));
    let other = hand.layout.exposure_with(Seat(9), Field, 5);
    assert_eq!(other, Some(lasting + 45));
    hand.layout.reduce(SEAT, Field, 10).expect("stands");
    hand.layout
        .reduce(SEAT, BetKind::AnySeven, 10)
        .expect("stands");
    assert_eq!(hand.layout.exposure(), lasting);
}

#[test]
fn what_a_roll_decides_is_no_exposure_any_more() {
    let mut hand = Hand::new();
    hand.bet(PassLine, 10).bet(Field, 10).bet(place(6), 12);
    hand.settle(4);
    assert_eq!(hand.layout.exposure(), 10 + 14);
    hand.bet(PassOdds, 20).settle(4);
    assert_eq!(hand.layout.exposure(), 14);
}

// craps.md B4.27
#[test]
fn a_bank_that_covers_either_of_two_bets_need_not_cover_both() {
    let (mut hand, bank) = (Hand::new(), Some(100));
    assert!(hand.layout.exposure_with(SEAT, PassLine, 60) <= bank);
    assert!(hand.layout.exposure_with(Seat(1), DontPass, 60) <= bank);
    hand.bet(PassLine, 60);
    assert!(hand.layout.exposure_with(Seat(1), DontPass, 60) > bank);
}

#[test]
fn exposure_of_line_odds_without_a_point_is_unknown() {
    let hand = Hand::new();
    assert_eq!(hand.layout.exposure_with(SEAT, PassOdds, 10), None);
}

#[test]
fn a_settlement_of_another_layout_changes_nothing_here() {
    let mut one = Hand::new();
    one.bet(PassLine, 10);
    let foreign = one.settle(7);
    let mut two = Hand::new();
    two.bet(PassLine, 25);
    two.layout.apply(&foreign);
    two.stands(&[(PassLine, 25)]).roll(4, &[]);
    two.layout.apply(&foreign);
    assert_eq!(two.layout.phase(), Phase::Point(BoxNumber::Four));
}

#[test]
fn a_seven_decides_the_second_half_of_seven_point_and_makes_room_for_the_next() {
    let (fresh, up) = (BetKind::SevenPoint, BetKind::SevenPointUp);
    let to_up = LineResult::Travels { to: up };
    let mut hand = Hand::new();
    hand.bet(fresh, 1).roll(7, &[(fresh, to_up)]).bet(fresh, 2);
    hand.roll(7, &[(up, LOSE), (fresh, to_up)])
        .stands(&[(up, 2)]);
    hand.roll(6, &[(up, won(14))]).stands(&[]);
}
