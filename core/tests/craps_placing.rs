//! What seats may place, add to, reduce, take down and call on or off.

use bitcraps_core::craps::{
    Bet, BetKind, BoxNumber, Chips, Layout, OddsLimit, Phase, Refusal, Roll, Rules, STAKE_MAX,
    Window,
};
use bitcraps_core::crypto::Seat;

const SEAT: Seat = Seat(0);

/// The home game, but without put bets.
fn rules() -> Rules {
    Rules {
        put: false,
        ..Rules::default()
    }
}

fn roll(layout: &mut Layout, total: u8) {
    let roll = Roll::all()
        .find(|roll| roll.total() == total)
        .expect("a total of two dice");
    let settlement = layout.resolve(roll);
    layout.apply(&settlement);
}

/// A layout with these bets, then a point of `total`.
fn with_point(total: u8, bets: &[(BetKind, Chips)]) -> Layout {
    with_rules_and_point(rules(), total, bets)
}

fn with_rules_and_point(rules: Rules, total: u8, bets: &[(BetKind, Chips)]) -> Layout {
    let mut layout = Layout::new(rules);
    for &(kind, amount) in bets {
        layout.place(SEAT, kind, amount).expect("a legal bet");
    }
    roll(&mut layout, total);
    layout
}

fn amount(layout: &Layout, kind: BetKind) -> Chips {
    layout.bet(SEAT, kind).map_or(0, |bet| bet.amount)
}

#[test]
fn a_layout_starts_empty_on_the_come_out() {
    let layout = Layout::new(rules());
    assert_eq!(layout.phase(), Phase::ComeOut);
    assert_eq!(layout.bets().count(), 0);
    assert_eq!(layout.stake_of(SEAT), 0);
    assert!(!layout.has_line_bet(SEAT));
}

#[test]
fn adding_to_a_bet_merges_and_keeps_its_call() {
    let (mut layout, six) = (Layout::new(rules()), BetKind::Place(BoxNumber::Six));
    layout.place(SEAT, six, 12).expect("legal");
    layout.set_working(SEAT, six, true).expect("stands");
    layout.place(SEAT, six, 6).expect("legal");
    layout.place(Seat(1), six, 6).expect("legal");
    assert_eq!(
        layout.bet(SEAT, six),
        Some(&Bet {
            amount: 18,
            working: Some(true)
        })
    );
    assert_eq!((layout.stake_of(SEAT), layout.stake_of(Seat(1))), (18, 6));
    assert_eq!(layout.bets().count(), 2);
}

#[test]
fn line_bets_open_on_the_come_out_only() {
    for kind in [BetKind::PassLine, BetKind::DontPass] {
        let mut layout = with_point(4, &[]);
        let refused = Refusal::WrongPhase {
            kind,
            opens: Window::ComeOut,
        };
        assert_eq!(layout.place(SEAT, kind, 10), Err(refused));
        let mut layout = with_point(4, &[(kind, 10)]);
        assert!(layout.has_line_bet(SEAT));
        let refused = Refusal::CannotIncrease { kind };
        assert_eq!(layout.place(SEAT, kind, 10), Err(refused));
        assert_eq!(amount(&layout, kind), 10);
    }
}

// craps.md B4.8
#[test]
fn come_needs_a_point_and_pass_is_bound_by_one() {
    let come = BetKind::Come;
    let refused = Refusal::WrongPhase {
        kind: come,
        opens: Window::Point,
    };
    assert_eq!(Layout::new(rules()).place(SEAT, come, 10), Err(refused));
    let pass = BetKind::PassLine;
    let mut layout = with_point(8, &[(pass, 10)]);
    for by in [1, 5, 10] {
        let refused = Refusal::Contract { kind: pass };
        assert_eq!(layout.reduce(SEAT, pass, by), Err(refused));
    }
    let mut layout = Layout::new(rules());
    layout.place(SEAT, pass, 10).expect("legal");
    let reduced = layout
        .reduce(SEAT, pass, 10)
        .expect("free before the point");
    assert_eq!(reduced.returned, [(pass, 10)]);
    assert_eq!(layout, Layout::new(rules()));
}

#[test]
fn a_come_bet_is_bound_once_it_has_travelled() {
    let mut layout = with_point(8, &[]);
    layout.place(SEAT, BetKind::Come, 10).expect("legal");
    layout
        .reduce(SEAT, BetKind::Come, 5)
        .expect("free before it travels");
    roll(&mut layout, 5);
    let kind = BetKind::ComePoint(BoxNumber::Five);
    assert_eq!(amount(&layout, kind), 5);
    let contract = Err(Refusal::Contract { kind });
    assert_eq!(layout.reduce(SEAT, kind, 5), contract);
    let refused = Err(Refusal::NotPlaceable { kind });
    assert_eq!(layout.place(SEAT, kind, 5), refused);
}

// craps.md B4.9
#[test]
fn dont_pass_may_shrink_after_the_point_but_never_grow() {
    let dont = BetKind::DontPass;
    let mut layout = with_point(9, &[(dont, 20)]);
    layout.reduce(SEAT, dont, 8).expect("may shrink");
    assert_eq!(amount(&layout, dont), 12);
    let below = Err(Refusal::BelowMinimum { min: 5 });
    assert_eq!(layout.reduce(SEAT, dont, 8), below);
    let refused = Err(Refusal::CannotIncrease { kind: dont });
    assert_eq!(layout.place(SEAT, dont, 8), refused);
    layout.reduce(SEAT, dont, 12).expect("may come down");
    let refused = Err(Refusal::WrongPhase {
        kind: dont,
        opens: Window::ComeOut,
    });
    assert_eq!(layout.place(SEAT, dont, 20), refused);
}

// craps.md B4.10
#[test]
fn odds_stop_at_three_four_five_times_the_flat_bet() {
    for (point, max) in [(4, 30), (5, 40), (6, 50), (8, 50), (9, 40), (10, 30)] {
        let layout = with_point(point, &[(BetKind::PassLine, 10), (BetKind::DontPass, 10)]);
        assert_odds_max(&layout, BetKind::PassOdds, max);
        assert_odds_max(&layout, BetKind::DontPassOdds, 60);
    }
}

#[test]
fn odds_in_multiples_limit_the_stake_of_a_taker_and_the_win_of_a_layer() {
    let rules = Rules {
        odds: OddsLimit::Times(2),
        ..rules()
    };
    for (point, take, lay) in [(4, 22, 44), (5, 22, 33), (6, 20, 24), (10, 22, 44)] {
        let bets = [(BetKind::PassLine, 11), (BetKind::DontPass, 11)];
        let layout = with_rules_and_point(rules, point, &bets);
        assert_odds_max(&layout, BetKind::PassOdds, take);
        assert_odds_max(&layout, BetKind::DontPassOdds, lay);
    }
}

fn assert_odds_max(layout: &Layout, odds: BetKind, max: Chips) {
    assert_eq!(layout.check_place(SEAT, odds, max), Ok(()), "{odds} {max}");
    for more in [max + 1, max + 6, Chips::MAX] {
        let refused = Err(Refusal::OddsAboveLimit { max });
        assert_eq!(
            layout.check_place(SEAT, odds, more),
            refused,
            "{odds} {more}"
        );
    }
}

// craps.md B4.10
#[test]
fn odds_need_their_flat_bet_and_a_point() {
    let layout = with_point(6, &[]);
    let five = BoxNumber::Five;
    for (odds, needs) in [
        (BetKind::PassOdds, BetKind::PassLine),
        (BetKind::DontPassOdds, BetKind::DontPass),
        (BetKind::ComeOdds(five), BetKind::ComePoint(five)),
    ] {
        let refused = Err(Refusal::NoFlatBet { needs });
        assert_eq!(layout.check_place(SEAT, odds, 30), refused);
    }
    let mut layout = Layout::new(rules());
    layout.place(SEAT, BetKind::PassLine, 10).expect("legal");
    let kind = BetKind::PassOdds;
    let refused = Err(Refusal::WrongPhase {
        kind,
        opens: Window::Point,
    });
    assert_eq!(layout.check_place(SEAT, kind, 10), refused);
}

#[test]
fn come_odds_may_be_added_on_a_come_out() {
    let mut layout = with_point(8, &[]);
    layout.place(SEAT, BetKind::Come, 10).expect("legal");
    roll(&mut layout, 9);
    roll(&mut layout, 8);
    assert_eq!(layout.phase(), Phase::ComeOut);
    let odds = BetKind::ComeOdds(BoxNumber::Nine);
    assert_odds_max(&layout, odds, 40);
    layout.place(SEAT, odds, 20).expect("legal");
    assert_eq!(layout.is_working(SEAT, odds), Some(false));
    assert_eq!(
        layout.is_working(SEAT, BetKind::ComePoint(BoxNumber::Nine)),
        Some(true)
    );
    layout.reduce(SEAT, odds, 6).expect("odds are free");
    let refused = Err(Refusal::NotAMultiple { of: 2 });
    assert_eq!(layout.reduce(SEAT, odds, 7), refused);
    assert_eq!(amount(&layout, odds), 14);
}

// craps.md B4.10
#[test]
fn taking_down_dont_pass_takes_its_lay_odds_along() {
    let (dont, odds) = (BetKind::DontPass, BetKind::DontPassOdds);
    let mut layout = with_point(6, &[(dont, 10)]);
    layout.place(SEAT, odds, 60).expect("within the limit");
    let before = layout.clone();
    let refused = Err(Refusal::OddsAboveLimit { max: 30 });
    assert_eq!(layout.reduce(SEAT, dont, 5), refused);
    assert_eq!(layout, before);
    let reduced = layout.reduce(SEAT, dont, 10).expect("may come down");
    assert_eq!(reduced.returned, [(dont, 10), (odds, 60)]);
    assert_eq!(layout.stake_of(SEAT), 0);
    let mut layout = before;
    layout.reduce(SEAT, odds, 30).expect("odds are free");
    layout.reduce(SEAT, dont, 5).expect("odds fit now");
    assert_eq!((amount(&layout, dont), amount(&layout, odds)), (5, 30));
}

#[test]
fn limits_are_on_the_whole_bet_and_round_to_what_pays_exactly() {
    let mut layout = Layout::new(rules());
    let six = BetKind::Place(BoxNumber::Six);
    let nine = BetKind::Place(BoxNumber::Nine);
    for (kind, amount, refusal) in [
        (BetKind::Field, 0, Refusal::BelowMinimum { min: 5 }),
        (BetKind::Field, 4, Refusal::BelowMinimum { min: 5 }),
        (BetKind::Field, 1001, Refusal::AboveMaximum { max: 1000 }),
        (
            BetKind::Field,
            Chips::MAX,
            Refusal::AboveMaximum { max: 1000 },
        ),
        (six, 5, Refusal::BelowMinimum { min: 6 }),
        (six, 20, Refusal::NotAMultiple { of: 6 }),
        (six, 1000, Refusal::AboveMaximum { max: 996 }),
        (nine, 12, Refusal::NotAMultiple { of: 5 }),
    ] {
        assert_eq!(layout.check_place(SEAT, kind, amount), Err(refusal));
    }
    layout.place(SEAT, BetKind::Field, 999).expect("legal");
    layout
        .place(SEAT, BetKind::Field, 1)
        .expect("the whole is within the limits");
    let refused = Err(Refusal::AboveMaximum { max: 1000 });
    assert_eq!(layout.place(SEAT, BetKind::Field, 1), refused);
    let refused = Err(Refusal::AboveMaximum { max: 1000 });
    assert_eq!(layout.place(SEAT, BetKind::Field, Chips::MAX), refused);
}

#[test]
fn no_limit_of_the_table_lets_a_stake_overflow() {
    let rules = Rules {
        bet_min: 0,
        bet_max: Chips::MAX,
        odds: OddsLimit::Times(255),
        ..rules()
    };
    let mut layout = Layout::new(rules);
    let max = Err(Refusal::AboveMaximum { max: STAKE_MAX });
    assert_eq!(
        layout.check_place(SEAT, BetKind::DontPass, STAKE_MAX + 1),
        max
    );
    let min = Err(Refusal::BelowMinimum { min: 1 });
    assert_eq!(layout.check_place(SEAT, BetKind::DontPass, 0), min);
    layout
        .place(SEAT, BetKind::DontPass, STAKE_MAX)
        .expect("legal");
    roll(&mut layout, 4);
    let max = Err(Refusal::OddsAboveLimit { max: STAKE_MAX });
    assert_eq!(
        layout.check_place(SEAT, BetKind::DontPassOdds, Chips::MAX),
        max
    );
    layout
        .place(SEAT, BetKind::DontPassOdds, STAKE_MAX)
        .expect("legal");
    assert_eq!(layout.exposure(), STAKE_MAX + STAKE_MAX / 2);
    assert_eq!(layout.exposure_with(SEAT, BetKind::Field, Chips::MAX), None);
    let narrow = Rules {
        bet_min: Chips::MAX,
        ..rules
    };
    let six = BetKind::Place(BoxNumber::Six);
    let layout = Layout::new(narrow);
    assert!(layout.check_place(SEAT, six, 6).is_err());
    assert!(layout.check_place(SEAT, six, Chips::MAX).is_err());
}

#[test]
fn only_a_standing_stake_can_be_taken_down() {
    let mut layout = Layout::new(rules());
    let kind = BetKind::Place(BoxNumber::Eight);
    let refused = Err(Refusal::NoSuchBet { kind });
    assert_eq!(layout.reduce(SEAT, kind, 6), refused);
    layout.place(SEAT, kind, 12).expect("legal");
    let refused = Err(Refusal::MoreThanStake { stake: 12 });
    assert_eq!(layout.reduce(SEAT, kind, 13), refused);
    let refused = Err(Refusal::BelowMinimum { min: 1 });
    assert_eq!(layout.reduce(SEAT, kind, 0), refused);
    let refused = Err(Refusal::NoSuchBet { kind });
    assert_eq!(layout.reduce(Seat(1), kind, 6), refused);
}

#[test]
fn only_bets_that_the_house_lets_rest_can_be_called_on_or_off() {
    let mut layout = Layout::new(rules());
    for kind in BetKind::all() {
        let refused = match kind {
            BetKind::Place(_)
            | BetKind::PlaceToLose(_)
            | BetKind::Buy(_)
            | BetKind::Lay(_)
            | BetKind::Hard(_)
            | BetKind::ComeOdds(_) => Refusal::NoSuchBet { kind },
            _ => Refusal::CannotToggle { kind },
        };
        assert_eq!(layout.set_working(SEAT, kind, true), Err(refused));
    }
    let four = BetKind::Place(BoxNumber::Four);
    layout.place(SEAT, four, 5).expect("legal");
    assert_eq!(layout.is_working(SEAT, four), Some(false));
    layout.set_working(SEAT, four, true).expect("stands");
    assert_eq!(layout.is_working(SEAT, four), Some(true));
}
