//! House variants: presets, what cannot be played, and how rules travel.

use std::time::Duration;

use bitcraps_core::craps::{
    BetKind, BonusPays, BoxNumber, Chips, HardNumber, HornNumber, OddsLimit, PRESETS, RidePays,
    Rules, RulesError, STAKE_MAX, Vig,
};
use bitcraps_core::table::{HouseError, TableRules};
use bitcraps_core::wire::{Decode, DecodeError, Encode};

#[test]
fn every_preset_can_be_played_at_a_full_table_and_comes_back_from_its_bytes() {
    for (name, craps) in PRESETS {
        assert_eq!(Rules::preset(name), Some(craps));
        assert_eq!(craps.check(), Ok(()), "{name}");
        let table = TableRules::preset(name).unwrap();
        assert_eq!((table.craps, table.check(18)), (craps, Ok(())), "{name}");
        assert_eq!(
            TableRules::from_bytes(&table.to_bytes()),
            Ok(table),
            "{name}"
        );
    }
    assert_eq!(Rules::preset("downtown"), None);
    let default = TableRules::default();
    assert_eq!(default.check(18), Ok(()));
    assert_eq!(default.to_bytes().len(), 80, "as the protocol says");
}

#[test]
fn presets_differ_where_they_say_they_do() {
    let (strip, home) = (Rules::STRIP, Rules::FRIENDLY);
    assert!(strip.bet_min > home.bet_min && strip.hardways_rest && !home.hardways_rest);
    assert_eq!((strip.vig, home.vig), (Vig::UpFront, Vig::OnWin));
    assert!(home.put && !strip.put);
    let bytes: Vec<Vec<u8>> = PRESETS.iter().map(|(_, rules)| rules.to_bytes()).collect();
    assert!(bytes[0] != bytes[1] && bytes[1] != bytes[2] && bytes[0] != bytes[2]);
}

/// The rules are refused with this error, which names a rule, and their bytes are too.
fn refused(rules: Rules, error: RulesError, rule: &str) {
    assert_eq!(rules.check(), Err(error));
    assert!(
        error.to_string().contains(&format!("rule {rule}")),
        "{error}"
    );
    assert!(Rules::from_bytes(&rules.to_bytes()).is_err());
}

const BASE: Rules = Rules::FRIENDLY;

#[test]
fn limits_of_nothing_or_without_end_are_refused_by_name() {
    for rule in ["bet_min", "prop_min"] {
        let mut rules = BASE;
        let min = if rule == "bet_min" {
            &mut rules.bet_min
        } else {
            &mut rules.prop_min
        };
        *min = 0;
        refused(rules, RulesError::Zero { rule }, rule);
    }
    let (rule, value) = ("bet_max", STAKE_MAX + 1);
    let rules = Rules {
        bet_max: value,
        ..BASE
    };
    refused(rules, RulesError::AboveStakeMax { rule, value }, rule);
    let (rule, value) = ("side_max", Chips::MAX);
    let rules = Rules {
        side_max: value,
        ..BASE
    };
    refused(rules, RulesError::AboveStakeMax { rule, value }, rule);
    for times in [0, 101] {
        let odds = OddsLimit::Times(times);
        refused(Rules { odds, ..BASE }, RulesError::Odds { times }, "odds");
    }
}

#[test]
fn limits_that_leave_a_bet_without_any_amount_are_refused_by_name() {
    let none = |rules: Rules, rule, kind, [min, max, unit]: [Chips; 3]| {
        let error = RulesError::NoAmount {
            rule,
            kind,
            min,
            max,
            unit,
        };
        refused(rules, error, rule);
    };
    none(
        Rules { bet_max: 4, ..BASE },
        "bet_max",
        BetKind::PassLine,
        [5, 4, 1],
    );
    let lose = BetKind::PlaceToLose(BoxNumber::Four);
    none(
        Rules {
            bet_max: 10,
            ..BASE
        },
        "bet_max",
        lose,
        [11, 0, 11],
    );
    let hard = BetKind::Hard(HardNumber::Six);
    none(
        Rules {
            prop_win_max: 8,
            ..BASE
        },
        "prop_win_max",
        hard,
        [1, 0, 1],
    );
    let aces = BetKind::Single(HornNumber::Two);
    none(
        Rules {
            prop_win_max: 29,
            ..BASE
        },
        "prop_win_max",
        aces,
        [1, 0, 1],
    );
    none(
        Rules {
            side_max: 0,
            ..BASE
        },
        "side_max",
        BetKind::Fire,
        [1, 0, 1],
    );
}

#[test]
fn a_table_needs_a_bank_and_stacks_that_fit_its_bets() {
    let home = TableRules::default();
    let poor = TableRules {
        bank: 1_000,
        ..home.clone()
    };
    let bank = HouseError::Bank {
        bank: 1_000,
        kind: BetKind::Replay,
        needs: 1_000,
    };
    assert_eq!(poor.check(4), Ok(()), "just enough for {bank}");
    let poorer = TableRules {
        bank: 998,
        ..home.clone()
    };
    let fire = HouseError::Bank {
        bank: 998,
        kind: BetKind::Fire,
        needs: 999,
    };
    assert_eq!(poorer.check(4), Err(fire));
    assert!(fire.to_string().contains("rule bank"));
    let broke = TableRules {
        buy_in: 4,
        ..home.clone()
    };
    assert_eq!(
        broke.check(4),
        Err(HouseError::BuyIn {
            buy_in: 4,
            least: 5
        })
    );
    let endless = TableRules {
        buy_in: Chips::MAX / 2,
        ..home.clone()
    };
    assert_eq!(endless.check(4), Err(HouseError::TooManyChips));
    let hasty = TableRules {
        idle_limit: Duration::ZERO,
        ..home.clone()
    };
    assert_eq!(hasty.check(4), Err(HouseError::IdleLimit));
    let wrong = TableRules {
        craps: Rules {
            bet_min: 0,
            ..home.craps
        },
        ..home
    };
    assert_eq!(
        wrong.check(4),
        Err(HouseError::Craps(RulesError::Zero { rule: "bet_min" }))
    );
}

#[test]
fn every_byte_of_the_rules_is_read_strictly() {
    let bytes = Rules::REFERENCE.to_bytes();
    assert_eq!(bytes.len(), 54);
    for (at, _) in bytes.iter().enumerate() {
        assert!(Rules::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
        for value in 0..=u8::MAX {
            let mut other = bytes.clone();
            other[at] = value;
            if let Ok(rules) = Rules::from_bytes(&other) {
                assert_eq!(rules.to_bytes(), other, "one encoding for one value");
            }
        }
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Rules::from_bytes(&longer), Err(DecodeError::Trailing));
}

#[test]
fn ride_the_line_has_seven_tables_and_the_bonus_three() {
    let pays = |ride| {
        BetKind::RideTheLine.pays(&Rules {
            ride,
            ..Rules::REFERENCE
        })
    };
    let tables: Vec<String> = RidePays::ALL.iter().map(|ride| pays(*ride)).collect();
    assert_eq!(
        tables[0],
        "the stake back for 2; 1:1 for 3; 2:1 for 4; 4:1 for 5; 6:1 for 6; 8:1 for 7; 15:1 for 8; 20:1 for 9; \
         25:1 for 10; 50:1 for 11 or more wins"
    );
    assert_eq!(tables.len(), 7);
    for (bonus, text) in [
        (BonusPays::Thirty, "30:1"),
        (BonusPays::ThirtyFour, "34:1"),
        (BonusPays::ThirtyFive, "35:1"),
    ] {
        assert_eq!(
            BetKind::BonusTall.pays(&Rules {
                bonus,
                ..Rules::REFERENCE
            }),
            text
        );
    }
}
