//! The 28 edge cases of craps.md B4, one test each, in their order. The last one, exact edges, is `craps_edges.rs`.

mod felt;

use bitcraps_core::craps::{
    BetKind, BoxNumber, Chips, FieldPays, HardNumber, Layout, LineResult, Phase, Refusal,
    RepeatNumber, Roll, Rules, Window,
};
use bitcraps_core::crypto::Seat;
use bitcraps_core::table::{Operation, Outcome, Rejection, TableRules};
use felt::Felt;

use BetKind::{Come, DontCome, DontPass, DontPassOdds, Field, PassLine, PassOdds};

const SEAT: Seat = Seat(0);
const FOUR: BoxNumber = BoxNumber::Four;
const SIX: BoxNumber = BoxNumber::Six;
const EIGHT: BoxNumber = BoxNumber::Eight;
const LOSE: LineResult = LineResult::Lose;
const PUSH: LineResult = LineResult::Push;
const BACK: LineResult = LineResult::Returned;

const fn won(profit: Chips) -> LineResult {
    LineResult::Win {
        profit,
        stays: false,
    }
}

const fn paid(profit: Chips) -> LineResult {
    LineResult::Win {
        profit,
        stays: true,
    }
}

const fn to(to: BetKind) -> LineResult {
    LineResult::Travels { to }
}

/// One seat's game, told as calls.
struct Game(Layout);

impl Game {
    /// The home game without put bets.
    fn new() -> Self {
        Self::with(Rules {
            put: false,
            ..Rules::default()
        })
    }

    fn with(rules: Rules) -> Self {
        Self(Layout::new(rules))
    }

    fn bet(&mut self, kind: BetKind, amount: Chips) -> &mut Self {
        assert_eq!(self.0.place(SEAT, kind, amount), Ok(()), "{kind} {amount}");
        self
    }

    fn refuses(&mut self, kind: BetKind, amount: Chips, refusal: Refusal) -> &mut Self {
        assert_eq!(self.0.place(SEAT, kind, amount), Err(refusal));
        self
    }

    fn reduce(&mut self, kind: BetKind, by: Chips) -> Result<Vec<(BetKind, Chips)>, Refusal> {
        self.0
            .reduce(SEAT, kind, by)
            .map(|reduced| reduced.returned)
    }

    /// Throws these faces, and says what must happen, in order.
    fn throw(&mut self, first: u8, second: u8, expected: &[(BetKind, LineResult)]) -> &mut Self {
        let settlement = self.0.resolve(Roll::new(first, second).expect("faces"));
        self.0.apply(&settlement);
        let lines: Vec<_> = settlement
            .lines
            .iter()
            .map(|line| (line.kind, line.result))
            .collect();
        assert_eq!(lines, expected, "on {first}-{second}");
        self
    }

    /// Throws totals on which nothing must happen.
    fn pass_over(&mut self, totals: &[u8]) -> &mut Self {
        for total in totals {
            let roll = Roll::all()
                .find(|roll| roll.total() == *total)
                .expect("a total");
            self.throw(roll.first(), roll.second(), &[]);
        }
        self
    }

    fn stands(&mut self, expected: &[(BetKind, Chips)]) -> &mut Self {
        let bets: Vec<_> = self
            .0
            .bets()
            .map(|(_, kind, bet)| (kind, bet.amount))
            .collect();
        assert_eq!(bets, expected);
        self
    }
}

#[test]
fn case_01_dont_pass_and_dont_come_push_on_twelve_and_stay() {
    let mut game = Game::new();
    game.bet(DontPass, 10)
        .throw(6, 6, &[(DontPass, PUSH)])
        .stands(&[(DontPass, 10)]);
    game.throw(2, 2, &[]).bet(DontCome, 10);
    game.throw(6, 6, &[(DontCome, PUSH)])
        .stands(&[(DontPass, 10), (DontCome, 10)]);
    assert_eq!(
        game.reduce(DontCome, 10),
        Ok(vec![(DontCome, 10)]),
        "free to come down"
    );
    game.bet(DontCome, 10);
    game.throw(3, 3, &[(DontCome, to(BetKind::DontComePoint(SIX)))]);
    game.throw(6, 6, &[]);
}

#[test]
fn case_02_a_come_out_seven_with_come_and_dont_come_bets_out() {
    let mut game = Game::new();
    game.throw(2, 2, &[]).bet(Come, 10);
    game.throw(3, 3, &[(Come, to(BetKind::ComePoint(SIX)))])
        .bet(DontCome, 10);
    game.throw(4, 4, &[(DontCome, to(BetKind::DontComePoint(EIGHT)))]);
    game.bet(BetKind::ComeOdds(SIX), 25)
        .bet(BetKind::DontComeOdds(EIGHT), 12);
    game.bet(BetKind::Place(BoxNumber::Five), 10)
        .throw(1, 3, &[]);
    assert_eq!(game.0.phase(), Phase::ComeOut);
    game.throw(
        3,
        4,
        &[
            (BetKind::ComePoint(SIX), LOSE),
            (BetKind::ComeOdds(SIX), BACK),
            (BetKind::DontComePoint(EIGHT), won(10)),
            (BetKind::DontComeOdds(EIGHT), won(10)),
        ],
    );
    game.stands(&[(BetKind::Place(BoxNumber::Five), 10)]);
}

#[test]
fn case_03_a_come_out_roll_on_a_come_point_pays_the_flat_bet_and_returns_its_odds() {
    let mut game = Game::new();
    game.throw(2, 2, &[]).bet(Come, 10);
    game.throw(3, 3, &[(Come, to(BetKind::ComePoint(SIX)))]);
    game.bet(BetKind::ComeOdds(SIX), 25).throw(1, 3, &[]);
    let hit = [
        (BetKind::ComePoint(SIX), won(10)),
        (BetKind::ComeOdds(SIX), BACK),
    ];
    game.throw(1, 5, &hit).stands(&[]);
}

#[test]
fn case_04_an_old_come_bet_is_paid_and_the_new_one_takes_its_number() {
    let mut game = Game::new();
    game.throw(2, 2, &[]).bet(Come, 10);
    game.throw(3, 3, &[(Come, to(BetKind::ComePoint(SIX)))])
        .bet(Come, 15);
    let both = [
        (BetKind::ComePoint(SIX), won(10)),
        (Come, to(BetKind::ComePoint(SIX))),
    ];
    game.throw(2, 4, &both)
        .stands(&[(BetKind::ComePoint(SIX), 15)]);
}

#[test]
fn case_05_a_new_come_bet_travels_to_the_point_that_is_made() {
    let mut game = Game::new();
    game.bet(PassLine, 10).throw(4, 4, &[]).bet(Come, 10);
    let both = [(Come, to(BetKind::ComePoint(EIGHT))), (PassLine, won(10))];
    game.throw(3, 5, &both)
        .stands(&[(BetKind::ComePoint(EIGHT), 10)]);
    assert_eq!(game.0.phase(), Phase::ComeOut);
}

#[test]
fn case_06_a_seven_out_pays_the_fresh_come_bet_and_takes_the_travelled_one_and_the_pass() {
    let mut game = Game::new();
    game.bet(PassLine, 10).throw(4, 4, &[]).bet(Come, 10);
    game.throw(2, 2, &[(Come, to(BetKind::ComePoint(FOUR)))])
        .bet(Come, 15);
    let all = [
        (BetKind::ComePoint(FOUR), LOSE),
        (Come, won(15)),
        (PassLine, LOSE),
    ];
    game.throw(1, 6, &all).stands(&[]);
}

#[test]
fn case_07_a_seven_out_takes_the_fresh_dont_come_bet_and_pays_the_travelled_one() {
    let mut game = Game::new();
    game.throw(4, 4, &[]).bet(DontCome, 10);
    game.throw(2, 2, &[(DontCome, to(BetKind::DontComePoint(FOUR)))])
        .bet(DontCome, 15);
    let both = [(BetKind::DontComePoint(FOUR), won(10)), (DontCome, LOSE)];
    game.throw(2, 5, &both).stands(&[]);
}

#[test]
fn case_08_come_needs_a_point_and_a_pass_bet_on_one_is_a_contract() {
    let mut game = Game::new();
    let opens = Window::Point;
    game.refuses(Come, 10, Refusal::WrongPhase { kind: Come, opens });
    game.refuses(
        DontCome,
        10,
        Refusal::WrongPhase {
            kind: DontCome,
            opens,
        },
    );
    game.bet(PassLine, 10).throw(4, 4, &[]);
    assert_eq!(
        game.reduce(PassLine, 10),
        Err(Refusal::Contract { kind: PassLine })
    );
    assert_eq!(
        game.reduce(PassLine, 5),
        Err(Refusal::Contract { kind: PassLine })
    );
}

#[test]
fn case_09_dont_pass_may_shrink_after_the_point_and_never_grow_or_come_back() {
    let mut game = Game::new();
    game.bet(DontPass, 20).throw(4, 4, &[]);
    game.refuses(DontPass, 5, Refusal::CannotIncrease { kind: DontPass });
    assert_eq!(game.reduce(DontPass, 5), Ok(vec![(DontPass, 5)]));
    assert_eq!(game.reduce(DontPass, 15), Ok(vec![(DontPass, 15)]));
    let opens = Window::ComeOut;
    game.refuses(
        DontPass,
        10,
        Refusal::WrongPhase {
            kind: DontPass,
            opens,
        },
    );
    game.bet(DontCome, 20);
    game.throw(2, 2, &[(DontCome, to(BetKind::DontComePoint(FOUR)))]);
    let kind = BetKind::DontComePoint(FOUR);
    game.refuses(kind, 5, Refusal::NotPlaceable { kind });
    assert_eq!(game.reduce(kind, 5), Ok(vec![(kind, 5)]));
}

#[test]
fn case_10_odds_stop_at_3_4_5_times_need_their_flat_bet_and_come_down_with_it() {
    for (point, max) in [(4, 30), (5, 40), (6, 50), (8, 50), (9, 40), (10, 30)] {
        let mut game = Game::new();
        game.bet(PassLine, 10).bet(DontPass, 10).pass_over(&[point]);
        game.refuses(PassOdds, max + 10, Refusal::OddsAboveLimit { max });
        game.bet(PassOdds, max);
        game.refuses(DontPassOdds, 66, Refusal::OddsAboveLimit { max: 60 });
        game.bet(DontPassOdds, 60);
        let both = vec![(DontPass, 10), (DontPassOdds, 60)];
        assert_eq!(game.reduce(DontPass, 10), Ok(both));
        game.refuses(DontPassOdds, 6, Refusal::NoFlatBet { needs: DontPass });
    }
}

#[test]
fn case_11_a_point_made_pays_its_odds_at_its_rate_and_leaves_other_come_odds() {
    let mut game = Game::new();
    game.bet(PassLine, 10).throw(4, 5, &[]).bet(Come, 10);
    game.throw(2, 2, &[(Come, to(BetKind::ComePoint(FOUR)))]);
    game.bet(BetKind::ComeOdds(FOUR), 30).bet(PassOdds, 40);
    game.throw(3, 6, &[(PassLine, won(10)), (PassOdds, won(60))]);
    game.stands(&[
        (BetKind::ComePoint(FOUR), 10),
        (BetKind::ComeOdds(FOUR), 30),
    ]);
}

#[test]
fn case_12_place_bets_that_are_called_on_lose_to_a_come_out_seven() {
    let mut game = Game::new();
    let (six, five) = (BetKind::Place(SIX), BetKind::Place(BoxNumber::Five));
    game.bet(six, 12).bet(five, 10);
    game.0.set_working(SEAT, five, true).expect("stands");
    game.throw(3, 4, &[(five, LOSE)]).stands(&[(six, 12)]);
}

#[test]
fn case_13_a_hard_six_loses_easy_and_wins_hard_and_stays_up() {
    let hard = BetKind::Hard(HardNumber::Six);
    let mut game = Game::new();
    game.bet(hard, 5)
        .throw(3, 3, &[(hard, paid(45))])
        .stands(&[(hard, 5)]);
    game.throw(5, 3, &[])
        .throw(5, 1, &[(hard, LOSE)])
        .stands(&[]);
    game.bet(hard, 5).throw(3, 4, &[(hard, LOSE)]);
    let mut game = Game::with(Rules {
        hardways_rest: true,
        ..Rules::default()
    });
    game.bet(hard, 5)
        .throw(3, 4, &[])
        .throw(3, 3, &[])
        .throw(3, 3, &[(hard, paid(45))]);
}

#[test]
fn case_14_box_bets_stay_up_after_a_win_and_line_come_and_one_roll_bets_come_down() {
    let (place, buy) = (BetKind::Place(SIX), BetKind::Buy(FOUR));
    let lay = BetKind::Lay(EIGHT);
    let lose = BetKind::PlaceToLose(EIGHT);
    let mut game = Game::new();
    game.bet(PassLine, 10).throw(4, 5, &[]);
    game.bet(place, 12)
        .bet(buy, 20)
        .throw(2, 4, &[(place, paid(14))]);
    game.throw(1, 3, &[(buy, paid(39))])
        .stands(&[(PassLine, 10), (place, 12), (buy, 20)]);
    game.bet(lay, 24).bet(lose, 10).bet(Field, 5).bet(Come, 5);
    game.throw(5, 6, &[(Field, won(5)), (Come, won(5))]);
    game.throw(
        1,
        6,
        &[
            (place, LOSE),
            (lose, paid(8)),
            (buy, LOSE),
            (lay, paid(19)),
            (PassLine, LOSE),
        ],
    );
    game.stands(&[(lose, 10), (lay, 24)]);
}

#[test]
fn case_15_the_field_pays_twelve_as_the_house_says() {
    let tables = [
        (FieldPays::DoubleBoth, 20, 20),
        (FieldPays::TripleTwelve, 20, 30),
        (FieldPays::TripleBoth, 30, 30),
    ];
    for (field, two, twelve) in tables {
        let mut game = Game::with(Rules {
            field,
            ..Rules::default()
        });
        game.bet(Field, 10).throw(6, 6, &[(Field, won(twelve))]);
        game.bet(Field, 10).throw(1, 1, &[(Field, won(two))]);
        game.bet(Field, 10).throw(6, 5, &[(Field, won(10))]);
        game.bet(Field, 10)
            .throw(2, 3, &[(Field, LOSE)])
            .stands(&[]);
    }
}

#[test]
fn case_16_the_world_bet_gives_its_stake_back_on_a_seven() {
    let mut game = Game::new();
    game.bet(BetKind::World, 5)
        .throw(3, 4, &[(BetKind::World, BACK)])
        .stands(&[]);
    game.bet(BetKind::World, 5)
        .throw(1, 1, &[(BetKind::World, won(26))]);
    game.bet(BetKind::World, 10)
        .throw(5, 6, &[(BetKind::World, won(22))]);
}

#[test]
fn case_17_a_horn_of_four_wins_twelve_on_eleven() {
    let mut game = Game::new();
    let horn = BetKind::Horn;
    game.refuses(horn, 6, Refusal::NotAMultiple { of: 4 });
    game.bet(horn, 4).throw(5, 6, &[(horn, won(12))]);
    game.bet(horn, 4).throw(6, 6, &[(horn, won(27))]);
    game.bet(horn, 4).throw(2, 6, &[(horn, LOSE)]).stands(&[]);
}

#[test]
fn case_18_fire_counts_different_points_over_come_out_sevens_and_pays_four_24_to_1() {
    let fire = BetKind::Fire;
    let mut game = Game::new();
    // The 6 twice, a come-out 7 between, then 4, 5 and 8: four different points in five.
    game.bet(fire, 5)
        .pass_over(&[6, 6, 7, 6, 6, 11, 4, 4, 5, 5, 8, 8, 9]);
    assert_eq!(game.0.trackers().points_made(), 4);
    assert_eq!(game.reduce(fire, 5), Err(Refusal::Contract { kind: fire }));
    game.throw(3, 4, &[(fire, won(120))]).stands(&[]);
    game.bet(fire, 5).pass_over(&[6, 6, 6, 6, 4, 4, 5, 5, 9]);
    game.throw(3, 4, &[(fire, LOSE)]);
    // The sixth point decides it at once.
    game.bet(fire, 1)
        .pass_over(&[4, 4, 5, 5, 6, 6, 8, 8, 9, 9, 10]);
    game.throw(5, 5, &[(fire, won(999))]).pass_over(&[4, 4]);
}

#[test]
fn case_19_a_come_out_seven_takes_the_bonus_and_all_pays_each_on_the_way() {
    let (small, tall, all) = (BetKind::BonusSmall, BetKind::BonusTall, BetKind::BonusAll);
    let mut game = Game::new();
    game.bet(small, 1)
        .bet(tall, 1)
        .bet(all, 1)
        .pass_over(&[2, 3, 11]);
    game.throw(3, 4, &[(small, LOSE), (tall, LOSE), (all, LOSE)]);
    game.bet(small, 1)
        .bet(tall, 1)
        .bet(all, 1)
        .pass_over(&[2, 3, 4, 5]);
    let opens = Window::ClearBoard;
    let late = BetKind::Repeater(RepeatNumber::Two);
    game.refuses(late, 1, Refusal::WrongPhase { kind: late, opens });
    game.throw(3, 3, &[(small, won(34))])
        .pass_over(&[8, 9, 10, 11]);
    game.throw(6, 6, &[(tall, won(34)), (all, won(175))])
        .stands(&[]);
}

#[test]
fn case_20_a_repeater_counts_only_what_comes_after_it() {
    let two = BetKind::Repeater(RepeatNumber::Two);
    let mut game = Game::new();
    game.pass_over(&[2]);
    let opens = Window::ClearBoard;
    game.refuses(two, 1, Refusal::WrongPhase { kind: two, opens });
    game.pass_over(&[7]).bet(two, 1).pass_over(&[2, 3]);
    game.throw(1, 1, &[(two, won(40))])
        .pass_over(&[7])
        .bet(two, 1);
    game.pass_over(&[2]).throw(6, 1, &[(two, LOSE)]);
}

#[test]
fn case_21_ride_the_line_counts_naturals_as_well_as_points() {
    let ride = BetKind::RideTheLine;
    let mut game = Game::with(Rules::REFERENCE);
    // 7, 11, the point 6 and the point 4: four wins.
    game.bet(ride, 10).pass_over(&[7, 11, 12, 6, 6, 4, 9, 4, 8]);
    game.throw(3, 4, &[(ride, won(20))]);
    game.bet(ride, 10)
        .pass_over(&[7, 11, 5])
        .throw(3, 4, &[(ride, BACK)]);
    game.bet(ride, 10)
        .pass_over(&[11, 5])
        .throw(3, 4, &[(ride, LOSE)]);
    game.bet(ride, 10).pass_over(&[7; 15]).pass_over(&[4]);
    game.throw(3, 4, &[(ride, won(500))]);
}

#[test]
fn case_22_muggsy_loses_to_a_come_out_eleven() {
    let muggsy = BetKind::Muggsy;
    let mut game = Game::new();
    for (first, second) in [(5, 6), (1, 1), (1, 2), (6, 6)] {
        game.bet(muggsy, 1).throw(first, second, &[(muggsy, LOSE)]);
    }
    game.bet(muggsy, 1).throw(3, 4, &[(muggsy, won(2))]);
    game.bet(muggsy, 1).throw(2, 2, &[]);
    assert_eq!(
        game.reduce(muggsy, 1),
        Err(Refusal::Contract { kind: muggsy })
    );
    game.throw(3, 4, &[(muggsy, won(3))]);
    game.bet(muggsy, 1)
        .throw(2, 2, &[])
        .throw(2, 2, &[(muggsy, LOSE)]);
}

#[test]
fn case_23_replay_pays_only_its_best_event() {
    let replay = BetKind::Replay;
    let mut game = Game::new();
    game.bet(replay, 1).pass_over(&[6, 6, 6, 6, 6, 6, 6, 6]);
    game.pass_over(&[5, 5, 5, 5, 5, 5, 4]);
    game.throw(3, 4, &[(replay, won(100))]);
    game.bet(replay, 1)
        .pass_over(&[6, 6, 6, 6, 6, 6, 5, 5, 5, 5, 5, 5, 4]);
    game.throw(3, 4, &[(replay, won(95))]);
    game.bet(replay, 1)
        .pass_over(&[6, 6, 6, 6, 5])
        .throw(3, 4, &[(replay, LOSE)]);
}

/// Four seats with a pass bet each and the point 6, whose shooter, seat 0, then goes silent.
fn without_a_shooter() -> Felt {
    let mut felt = Felt::new(4);
    (0..4).for_each(|seat| felt.bet(seat, PassLine, 10));
    felt.bet(1, BetKind::Fire, 5);
    felt.roll(6);
    felt.roll_closed_by(9, |felt| {
        for seat in 1..4 {
            felt.ask(seat, Operation::Idle { roll: 2 });
        }
    });
    felt
}

#[test]
fn case_24_the_point_and_the_hand_stay_when_the_shooter_is_gone() {
    let mut felt = without_a_shooter();
    assert_eq!(felt.table.layout().phase(), Phase::Point(SIX));
    assert_eq!(
        (felt.table.shooter(), felt.table.hand()),
        (Some(Seat(1)), 1)
    );
    assert!(felt.table.layout().bet(Seat(1), BetKind::Fire).is_some());
    let roll = felt.roll(6);
    assert_eq!((roll.shooter, roll.hand), (Some(Seat(1)), 1));
    assert_eq!(
        felt.table.layout().trackers().made(SIX),
        1,
        "made in the hand, by whoever rolled"
    );
}

#[test]
fn case_25_after_a_seven_out_the_next_seat_with_a_line_bet_rolls() {
    let mut felt = Felt::new(4);
    felt.bet(0, PassLine, 10);
    felt.roll(6);
    felt.roll(7);
    assert_eq!((felt.table.shooter(), felt.table.hand()), (None, 2));
    felt.bet(3, DontPass, 10);
    felt.bet(1, Field, 10);
    assert_eq!(
        felt.table.shooter(),
        Some(Seat(3)),
        "1 has no line bet, 2 no bet"
    );
    felt.bet(0, PassLine, 10);
    assert_eq!(felt.table.shooter(), Some(Seat(3)), "0 had the dice last");
}

#[test]
fn case_26_a_bet_after_the_close_is_for_the_next_roll_or_refused_if_it_is_illegal_then() {
    let mut felt = Felt::new(4);
    felt.bet(0, PassLine, 10);
    let late = |kind| Operation::PlaceBet { kind, amount: 5 };
    let (_, outcomes) = felt.roll_closed_by(6, |felt| {
        felt.operations(&[
            (0, Operation::RollClose { roll: 1 }),
            (1, late(Field)),
            (1, late(DontPass)),
            (2, late(Come)),
        ]);
    });
    let placed = |kind| {
        outcomes
            .iter()
            .any(|o| matches!(o, Outcome::BetPlaced { kind: k, .. } if *k == kind))
    };
    assert!(placed(Field) && placed(Come) && !placed(DontPass));
    let opens = Window::ComeOut;
    let reason = Rejection::Bet(Refusal::WrongPhase {
        kind: DontPass,
        opens,
    });
    assert!(
        outcomes
            .iter()
            .any(|o| matches!(o, Outcome::Rejected { reason: r, .. } if *r == reason))
    );
}

#[test]
fn case_27_of_two_bets_that_the_bank_cannot_both_pay_the_second_is_refused() {
    let rules = TableRules {
        bank: 100,
        ..TableRules::default()
    };
    let mut felt = Felt::with_rules(4, rules);
    felt.bet(0, PassLine, 60);
    let kind = DontPass;
    let refused = felt.refusal(1, Operation::PlaceBet { kind, amount: 60 });
    assert_eq!(
        refused,
        Rejection::Bank {
            bank: 100,
            owed: 120
        }
    );
    assert!(
        refused
            .to_string()
            .contains("bank has 100 chips and could owe 120")
    );
    felt.bet(1, kind, 40);
}
