//! The dice, the kinds of bet and their encoding.

use std::collections::BTreeSet;

use bitcraps_core::craps::{
    BETS_PER_SEAT_MAX, BetKind, BoxNumber, HornNumber, Pair, Refusal, RepeatNumber, Roll, Rules,
    Window,
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
    assert_eq!(BETS_PER_SEAT_MAX, 122);
}

/// Code, number and id of every kind: what travels and what games are saved with.
const GOLDEN: &str = include_str!("data/bets.txt");

#[test]
fn the_encoding_does_not_change() {
    let lines: Vec<String> = BetKind::all()
        .map(|kind| format!("{} {} {}", kind.code()[0], kind.code()[1], kind.id()))
        .collect();
    assert_eq!(
        lines,
        GOLDEN.lines().collect::<Vec<_>>(),
        "\n{}",
        lines.join("\n")
    );
}

#[test]
fn kinds_are_ordered_as_they_are_encoded() {
    let kinds: Vec<BetKind> = BetKind::all().collect();
    assert!(kinds.is_sorted() && kinds.is_sorted_by_key(|kind| kind.code()));
}

#[test]
fn every_kind_has_an_id_and_a_name_of_its_own() {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for kind in BetKind::all() {
        assert!(ids.insert(kind.id()), "{}", kind.id());
        assert!(names.insert(kind.name()), "{kind}");
        assert_eq!(BetKind::from_id(kind.id()), Some(kind));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(kind.id().chars().all(plain), "{}", kind.id());
        let number = kind.code()[1];
        let of_family = number == 0 || kind.id().starts_with(kind.family());
        assert!(
            of_family || matches!(kind, BetKind::Single(_)),
            "{}",
            kind.id()
        );
        if number > 0 && !matches!(kind, BetKind::Hop(_) | BetKind::Single(_)) {
            assert!(kind.id().ends_with(&format!("-{number}")), "{}", kind.id());
        }
    }
    assert_eq!(BetKind::from_id("place"), None, "a family is no kind");
    assert_eq!(BetKind::Single(HornNumber::Eleven).id(), "yo");
    assert_eq!(
        BetKind::Hop(Pair::from(Roll::new(5, 2).expect("faces"))).id(),
        "hop-2-5"
    );
}

#[test]
fn the_21_pairs_are_all_there_and_stand_where_they_say() {
    for (index, pair) in Pair::ALL.into_iter().enumerate() {
        assert_eq!(pair.index(), index);
        assert_eq!(Pair::from_code(pair.code()), Some(pair));
        assert_eq!(Pair::from(pair.roll()), pair);
    }
    let rolled: BTreeSet<Pair> = Roll::all().map(Pair::from).collect();
    assert_eq!(rolled.len(), Pair::COUNT);
}

#[test]
fn help_says_of_every_bet_what_a_player_asks() {
    for kind in BetKind::all() {
        let facts = kind.facts(&Rules::REFERENCE);
        for text in [
            facts.spot,
            facts.window,
            facts.rule,
            &facts.pays,
            &facts.amounts,
        ] {
            assert!(!text.is_empty(), "{kind}");
        }
    }
    let pays = |kind: BetKind| kind.pays(&Rules::REFERENCE);
    for (kind, text) in [
        (BetKind::PassLine, "1:1"),
        (BetKind::PassOdds, "2:1 on 4, 10; 3:2 on 5, 9; 6:5 on 6, 8"),
        (BetKind::Place(BoxNumber::Six), "7:6"),
        (BetKind::Field, "2:1 on 2, 12; 1:1 on 3, 4, 9, 10, 11"),
        (BetKind::Horn, "27:4 on 2, 12; 12:4 on 3, 11"),
        (
            BetKind::World,
            "26:5 on 2, 12; 11:5 on 3, 11; the stake back on 7",
        ),
        (BetKind::CrapsEleven, "14:2 on 11; 6:2 on 2, 3, 12"),
        (
            BetKind::Buy(BoxNumber::Four),
            "2:1 less 5 % of the stake when it wins",
        ),
        (BetKind::Fire, "24:1 for 4; 249:1 for 5; 999:1 for 6 points"),
        (BetKind::Repeater(RepeatNumber::Six), "90:1"),
        (
            BetKind::Muggsy,
            "2:1 on a come-out 7; 3:1 on a point and a 7",
        ),
    ] {
        assert_eq!(pays(kind), text, "{kind}");
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
    let rules = Rules::default();
    let unit = |kind| rules.bounds(kind).map(|bounds| bounds.unit);
    for (number, take, lay, place, lose) in [
        (BoxNumber::Four, 1, 2, 5, 11),
        (BoxNumber::Five, 2, 3, 5, 8),
        (BoxNumber::Six, 5, 6, 6, 5),
        (BoxNumber::Eight, 5, 6, 6, 5),
        (BoxNumber::Nine, 2, 3, 5, 8),
        (BoxNumber::Ten, 1, 2, 5, 11),
    ] {
        let odds = |kind| {
            rules
                .odds_bounds(kind, number, 60)
                .map(|bounds| bounds.unit)
        };
        assert_eq!(odds(BetKind::PassOdds), Some(take));
        assert_eq!(odds(BetKind::DontPassOdds), Some(lay));
        assert_eq!(odds(BetKind::ComeOdds(number)), Some(take));
        assert_eq!(odds(BetKind::DontComeOdds(number)), Some(lay));
        assert_eq!(unit(BetKind::Place(number)), Some(place));
        assert_eq!(unit(BetKind::PlaceToLose(number)), Some(lose));
        assert_eq!(unit(BetKind::Buy(number)), Some(take));
        assert_eq!(unit(BetKind::Lay(number)), Some(lay));
        assert_eq!(
            unit(BetKind::ComeOdds(number)),
            None,
            "odds follow their flat bet"
        );
    }
    for (kind, of) in [
        (BetKind::Field, 1),
        (BetKind::Horn, 4),
        (BetKind::HornHigh(HornNumber::Two), 5),
        (BetKind::World, 5),
        (BetKind::CrapsEleven, 2),
        (BetKind::ThreeWay, 3),
        (BetKind::HiLoYo, 3),
        (BetKind::HiLo, 1),
    ] {
        assert_eq!(unit(kind), Some(of), "{kind}");
    }
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
