//! The dice, the kinds of bet and their encoding.

use std::collections::BTreeSet;

use bitcraps_core::craps::{
    BETS_PER_SEAT_MAX, BetKind, BoxNumber, Phase, Refusal, Roll, Window, stake_multiple,
};

#[test]
fn the_36_rolls_have_the_known_totals() {
    let mut ways = [0; 13];
    for roll in Roll::all() {
        assert_eq!(Roll::new(roll.first(), roll.second()), Some(roll));
        assert_eq!(roll.is_double(), roll.first() == roll.second());
        ways[usize::from(roll.total())] += 1;
    }
    assert_eq!(ways, [0, 0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1]);
}

#[test]
fn a_face_outside_1_to_6_is_no_roll() {
    for (first, second) in [(0, 1), (1, 0), (7, 1), (1, 7), (255, 255)] {
        assert_eq!(Roll::new(first, second), None);
    }
}

#[test]
fn only_six_totals_are_box_numbers() {
    let totals: Vec<u8> = (0..=u8::MAX)
        .filter(|t| BoxNumber::from_total(*t).is_some())
        .collect();
    assert_eq!(totals, [4, 5, 6, 8, 9, 10]);
    assert_eq!(BoxNumber::ALL.map(BoxNumber::total), [4, 5, 6, 8, 9, 10]);
}

#[test]
fn every_bet_has_exactly_one_encoding() {
    let mut decodable = BTreeSet::new();
    for family in 0..=u8::MAX {
        for total in 0..=u8::MAX {
            if let Some(kind) = BetKind::from_code([family, total]) {
                assert_eq!(kind.code(), [family, total]);
                assert!(decodable.insert(kind), "{kind} has two encodings");
            }
        }
    }
    assert_eq!(decodable, BetKind::all().collect());
    assert_eq!(decodable.len(), BETS_PER_SEAT_MAX);
    assert_eq!(BETS_PER_SEAT_MAX, 24);
}

#[test]
fn the_encoding_does_not_change() {
    let six = BoxNumber::Six;
    let golden = [
        (BetKind::PassLine, [1, 0], "pass-line", "pass line"),
        (BetKind::DontPass, [2, 0], "dont-pass", "don't pass"),
        (BetKind::PassOdds, [3, 0], "pass-odds", "pass odds"),
        (
            BetKind::DontPassOdds,
            [4, 0],
            "dont-pass-odds",
            "don't pass odds",
        ),
        (BetKind::Come, [5, 0], "come", "come"),
        (
            BetKind::ComePoint(six),
            [6, 6],
            "come-point",
            "come point 6",
        ),
        (
            BetKind::ComeOdds(BoxNumber::Four),
            [7, 4],
            "come-odds",
            "come odds 4",
        ),
        (BetKind::Field, [8, 0], "field", "field"),
        (BetKind::Place(BoxNumber::Ten), [9, 10], "place", "place 10"),
    ];
    for (kind, code, name, words) in golden {
        assert_eq!(
            (kind.code(), kind.name(), kind.to_string().as_str()),
            (code, name, words)
        );
    }
}

#[test]
fn odds_and_flat_bets_name_each_other() {
    for kind in BetKind::all() {
        assert!(
            kind.flat().is_none_or(|flat| flat.odds() == Some(kind)),
            "{kind}"
        );
        assert!(
            kind.odds().is_none_or(|odds| odds.flat() == Some(kind)),
            "{kind}"
        );
    }
    assert_eq!(BetKind::PassOdds.flat(), Some(BetKind::PassLine));
    assert_eq!(BetKind::DontPass.odds(), Some(BetKind::DontPassOdds));
    let nine = BoxNumber::Nine;
    assert_eq!(
        BetKind::ComeOdds(nine).flat(),
        Some(BetKind::ComePoint(nine))
    );
    assert_eq!(BetKind::Come.odds(), None);
}

#[test]
fn stakes_go_up_by_what_pays_exactly() {
    for (number, take, lay, place) in [
        (BoxNumber::Four, 1, 2, 5),
        (BoxNumber::Five, 2, 3, 5),
        (BoxNumber::Six, 5, 6, 6),
        (BoxNumber::Eight, 5, 6, 6),
        (BoxNumber::Nine, 2, 3, 5),
        (BoxNumber::Ten, 1, 2, 5),
    ] {
        let point = Phase::Point(number);
        assert_eq!(stake_multiple(BetKind::PassOdds, point), Some(take));
        assert_eq!(stake_multiple(BetKind::DontPassOdds, point), Some(lay));
        for phase in [Phase::ComeOut, Phase::Point(BoxNumber::Four), point] {
            assert_eq!(stake_multiple(BetKind::ComeOdds(number), phase), Some(take));
            assert_eq!(stake_multiple(BetKind::Place(number), phase), Some(place));
            assert_eq!(stake_multiple(BetKind::Field, phase), Some(1));
        }
    }
    assert_eq!(stake_multiple(BetKind::PassOdds, Phase::ComeOut), None);
    assert_eq!(stake_multiple(BetKind::DontPassOdds, Phase::ComeOut), None);
}

#[test]
fn refusals_name_the_rule_and_the_fix() {
    let kind = BetKind::PassLine;
    for (refusal, text) in [
        (
            Refusal::WrongPhase {
                kind,
                opens: Window::ComeOut,
            },
            "pass line is open only on the come-out, wait until the point is decided",
        ),
        (
            Refusal::NotAMultiple { of: 6 },
            "bet would not pay whole chips, make it a multiple of 6",
        ),
        (
            Refusal::NoFlatBet { needs: kind },
            "odds need a pass line bet, make that one first",
        ),
    ] {
        assert_eq!(refusal.to_string(), text);
    }
}
