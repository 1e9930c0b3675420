//! The house edge of every bet, exactly: solved over the engine, equal to the published rows and to the catalogue.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod chain;

use std::collections::{BTreeMap, BTreeSet};

use bitcraps_core::craps::{
    Bar, BetKind, BigPays, BonusAllPays, BonusPays, BoxNumber, FieldPays, FirePays, OddsLimit,
    Pricing, RidePays, Rules, Vig,
};
use chain::{SEAT, STAKE, edge, fraction, parse, start};
use num_rational::BigRational;
use serde_json::Value;

/// `craps-edges.json` of the rules page, with our bets and house variants added.
const ROWS: &str = include_str!("data/craps-edges.json");

fn rows() -> Vec<Value> {
    serde_json::from_str(ROWS).unwrap()
}

fn is_in_scope(row: &Value) -> bool {
    row["in_scope"].as_bool().unwrap()
}

fn kinds_of(row: &Value) -> Vec<BetKind> {
    let ids = row["ids"]
        .as_array()
        .unwrap_or_else(|| panic!("{row}: no bets of ours"));
    let kind = |id: &Value| {
        BetKind::from_id(id.as_str().unwrap()).unwrap_or_else(|| panic!("{id}: no such bet"))
    };
    ids.iter().map(kind).collect()
}

/// The reference rules with the row's variant.
fn rules_of(row: &Value) -> Rules {
    let mut rules = Rules::REFERENCE;
    let Some(variants) = row["rules"].as_object() else {
        return rules;
    };
    let nth = |text: &str| text.parse::<usize>().unwrap() - 1;
    for (rule, value) in variants {
        let value = value.as_str().unwrap();
        match (rule.as_str(), value) {
            ("bar", "3") => rules.bar = Bar::Three,
            ("vig", "up-front") => rules.vig = Vig::UpFront,
            ("big", "7:6") => rules.big = BigPays::SevenToSix,
            ("field", "2x/3x") => rules.field = FieldPays::TripleTwelve,
            ("field", "3x/3x") => rules.field = FieldPays::TripleBoth,
            ("props", "for-one") => rules.props = Pricing::ForOne,
            ("bonus", "30") => rules.bonus = BonusPays::Thirty,
            ("bonus", "34") => rules.bonus = BonusPays::ThirtyFour,
            ("bonus", "35") => rules.bonus = BonusPays::ThirtyFive,
            ("all", "150") => rules.bonus_all = BonusAllPays::OneFifty,
            ("all", "155") => rules.bonus_all = BonusAllPays::OneFiftyFive,
            ("all", "175") => rules.bonus_all = BonusAllPays::OneSeventyFive,
            ("all", "176") => rules.bonus_all = BonusAllPays::OneSeventySix,
            ("fire", "A") => rules.fire = FirePays::A,
            ("fire", "B") => rules.fire = FirePays::B,
            ("ride", number) => rules.ride = RidePays::ALL[nth(number)],
            other => panic!("{other:?}: no such variant"),
        }
    }
    rules
}

/// The points on which the row's bets are made; bets whose number is their own are made on the come-out, or wherever
/// they must.
fn points_of(row: &Value, kind: BetKind) -> Vec<Option<BoxNumber>> {
    match row["points"].as_array() {
        Some(points) if kind.number().is_none() => points
            .iter()
            .map(|total| BoxNumber::from_total(u8::try_from(total.as_u64().unwrap()).unwrap()))
            .collect(),
        _ => vec![None],
    }
}

/// Edges that were solved already: one chain a bet and pay table is enough.
#[derive(Default)]
struct Solved(BTreeMap<(BetKind, String), BigRational>);

impl Solved {
    fn edge(&mut self, kind: BetKind, rules: &Rules) -> BigRational {
        let name = (kind, format!("{rules:?}"));
        let solve = || edge(start(kind, *rules, None), kind);
        self.0.entry(name).or_insert_with(solve).clone()
    }
}

#[test]
fn every_row_in_scope_is_what_the_engine_and_the_catalogue_say() {
    let mut checked = 0;
    let mut solved = Solved::default();
    for row in rows().iter().filter(|row| is_in_scope(row)) {
        let (num, den) = (
            row["edge_num"].as_str().unwrap(),
            row["edge_den"].as_str().unwrap(),
        );
        let published = parse(&format!("{num}/{den}"));
        let rules = rules_of(row);
        let kinds = kinds_of(row);
        assert!(!kinds.is_empty(), "{row}");
        for kind in kinds {
            for point in points_of(row, kind) {
                let found = match point {
                    Some(_) => edge(start(kind, rules, point), kind),
                    None => solved.edge(kind, &rules),
                };
                assert_eq!(found, published, "{kind} on {point:?}: {row}");
                checked += 1;
            }
            // A pass bet made on a point is a put bet and is priced as such, under the number's own row.
            let priced = kind != BetKind::PassLine || row["points"].is_null();
            let stored = kind.edge(&rules).map(parse);
            assert!(
                !priced || stored.as_ref() == Some(&published),
                "{kind}: {stored:?}, {row}"
            );
        }
    }
    assert!(checked > 150, "{checked}");
}

#[test]
fn every_bet_that_can_be_made_has_a_row_and_an_edge() {
    let rows = rows();
    let in_rows: BTreeSet<BetKind> = rows
        .iter()
        .filter(|row| is_in_scope(row))
        .flat_map(kinds_of)
        .collect();
    assert_eq!(rows.len(), 116);
    for kind in BetKind::all() {
        let has_edge = kind.edge(&Rules::REFERENCE).is_some();
        assert_eq!(has_edge, in_rows.contains(&kind), "{kind}");
    }
    for row in rows.iter().filter(|row| !is_in_scope(row)) {
        assert!(row["ids"].is_null(), "{row}");
    }
}

/// The reference rules, each with one variant more.
fn variants() -> Vec<Rules> {
    let base = Rules::REFERENCE;
    let mut all = vec![
        Rules {
            bar: Bar::Three,
            ..base
        },
        Rules {
            vig: Vig::UpFront,
            ..base
        },
        Rules {
            big: BigPays::SevenToSix,
            ..base
        },
        Rules {
            hardways_rest: true,
            ..base
        },
        Rules {
            props: Pricing::ForOne,
            ..base
        },
        Rules {
            repeaters: Pricing::ForOne,
            ..base
        },
        Rules {
            odds: OddsLimit::Times(20),
            ..base
        },
    ];
    all.extend(FieldPays::ALL.iter().map(|field| Rules {
        field: *field,
        ..base
    }));
    all.extend(FirePays::ALL.iter().map(|fire| Rules {
        fire: *fire,
        ..base
    }));
    all.extend(BonusPays::ALL.iter().map(|bonus| Rules {
        bonus: *bonus,
        ..base
    }));
    all.extend(BonusAllPays::ALL.iter().map(|all| Rules {
        bonus_all: *all,
        ..base
    }));
    all.extend(RidePays::ALL.iter().map(|ride| Rules {
        ride: *ride,
        ..base
    }));
    all
}

#[test]
fn every_variant_of_the_house_costs_what_the_catalogue_says() {
    let base = Rules::REFERENCE;
    let mut checked = 0;
    for rules in variants() {
        for kind in BetKind::all() {
            let Some(stored) = kind.edge(&rules) else {
                continue;
            };
            let differs = kind.pays(&rules) != kind.pays(&base)
                || kind.edge(&rules) != kind.edge(&base)
                || kind.facts(&rules).working != kind.facts(&base).working;
            if differs {
                assert_eq!(
                    edge(start(kind, rules, None), kind),
                    parse(stored),
                    "{kind} {rules:?}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 80, "{checked}");
}

#[test]
fn come_and_dont_come_cost_the_same_on_every_point() {
    for point in BoxNumber::ALL {
        let cost = |kind| edge(start(kind, Rules::REFERENCE, Some(point)), kind);
        assert_eq!(cost(BetKind::Come), fraction(7, 495));
        assert_eq!(cost(BetKind::DontCome), fraction(3, 220));
    }
}

#[test]
fn a_bet_costs_the_same_whether_it_rests_on_come_outs_or_not() {
    for kind in BetKind::all().filter(|kind| kind.can_be_called()) {
        let stored = parse(kind.edge(&Rules::REFERENCE).unwrap());
        for on in [true, false] {
            let mut layout = start(kind, Rules::REFERENCE, None);
            layout.set_working(SEAT, kind, on).unwrap();
            let never_decided = !on && !matches!(kind, BetKind::ComeOdds(_));
            if !never_decided {
                assert_eq!(edge(layout, kind), stored, "{kind} called {on}");
            }
        }
    }
}

#[test]
fn commissions_that_do_not_come_out_even_cost_more_never_less() {
    for kind in BetKind::all() {
        if !matches!(kind, BetKind::Buy(_) | BetKind::Lay(_)) {
            continue;
        }
        for vig in [Vig::OnWin, Vig::UpFront] {
            let rules = Rules {
                vig,
                ..Rules::REFERENCE
            };
            let stored = parse(kind.edge(&rules).unwrap());
            for amount in [30, 90, 150] {
                let mut layout = bitcraps_core::craps::Layout::new(chain::unlimited(rules));
                layout.place(SEAT, kind, amount).unwrap();
                assert!(edge(layout, kind) >= stored, "{kind} {amount}");
            }
        }
    }
    assert!(STAKE.is_multiple_of(20 * 6) && STAKE.is_multiple_of(11 * 8 * 5));
}
