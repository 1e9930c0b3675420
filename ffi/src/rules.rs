//! House rules: every choice a table can make, and the presets.

use std::time::Duration;

use bitcraps_core::crypto::SEATS_MIN;
use bitcraps_core::wire::{Decode, Encode};
use bitcraps_core::{craps, table, time};

use crate::error::{NodeError, Result};

/// The rules of a table, fixed for its life. Start from a preset and change what you like. Amounts are chips.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct TableRules {
    /// What each seat starts with.
    pub buy_in: u64,
    /// What the bank starts with.
    pub bank: u64,
    /// How long a shooter may keep the others waiting.
    pub idle_limit_ms: u64,
    /// How often a player who has lost everything may buy in again.
    pub rebuys: u8,
    /// Whether the stack of a player who is proven to have lied goes to the bank; otherwise it is frozen.
    pub forfeits: bool,
    /// The least bet on the line, in the boxes or on the field.
    pub bet_min: u64,
    /// The greatest such bet.
    pub bet_max: u64,
    /// The least hardway, one-roll or side bet.
    pub prop_min: u64,
    /// The most that a hardway or a one-roll bet may win.
    pub prop_win_max: u64,
    /// The greatest side bet.
    pub side_max: u64,
    /// How much may stand behind a flat bet.
    pub odds: OddsLimit,
    /// Whether pass and come bets may be made or raised on a number that is set already.
    pub put: bool,
    /// The craps that is barred for don't bets: 12 or 3.
    pub bar: u8,
    /// What the field pays on 2 and 12.
    pub field: FieldPays,
    /// Whether the commission of buy and lay bets is charged with the stake, not from a win.
    pub vig_up_front: bool,
    /// Whether big 6 and big 8 pay 7:6, not 1:1.
    pub big_pays_seven_to_six: bool,
    /// Whether hardways are off on a come-out roll unless called on.
    pub hardways_rest: bool,
    /// Whether prices of 2, 3, 11, 12 and hops are meant "for one".
    pub props_for_one: bool,
    /// Whether prices of repeaters are meant "for one".
    pub repeaters_for_one: bool,
    /// The pay table of the fire bet: 0 pays 24, 249, 999; 1 pays 10, 200, 2000.
    pub fire_table: u8,
    /// What all small and all tall pay to one: 30, 34 or 35.
    pub bonus_pays: u8,
    /// What the bet on all numbers pays to one: 150, 155, 175 or 176.
    pub bonus_all_pays: u8,
    /// The pay table of ride the line, 1 to 7.
    pub ride_table: u8,
}

/// The most that may be bet at true odds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum OddsLimit {
    /// Three times on 4 and 10, four times on 5 and 9, five times on 6 and 8.
    ThreeFourFive,
    /// So many times on every number.
    Times {
        /// 1 to 100.
        times: u8,
    },
}

/// What the field pays on 2 and on 12.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum FieldPays {
    /// 2:1 on both.
    DoubleBoth,
    /// 2:1 on 2, 3:1 on 12.
    TripleTwelve,
    /// 3:1 on both.
    TripleBoth,
}

/// The names of the presets: the home game first.
#[uniffi::export]
#[must_use]
pub fn rule_presets() -> Vec<String> {
    let names = craps::PRESETS.iter().map(|(name, _)| (*name).to_owned());
    names.collect()
}

/// The rules of this name.
///
/// # Errors
/// [`NodeError::Rules`] if there are none.
#[uniffi::export]
pub fn preset_rules(name: &str) -> Result<TableRules> {
    let rules = table::TableRules::preset(name);
    let unknown = || NodeError::Rules(format!("there are no rules called {name}"));
    rules.map(TableRules::from).ok_or_else(unknown)
}

/// Says what is wrong with rules, before anybody is invited.
///
/// # Errors
/// [`NodeError::Rules`] names the first rule that cannot be kept.
#[uniffi::export]
pub fn check_rules(rules: TableRules, seats: u8) -> Result<()> {
    let rules = table::TableRules::try_from(rules)?;
    let checked = rules.check(usize::from(seats).max(SEATS_MIN));
    checked.map_err(|error| NodeError::Rules(error.to_string()))
}

impl From<table::TableRules> for TableRules {
    fn from(rules: table::TableRules) -> Self {
        let craps = rules.craps;
        Self {
            buy_in: rules.buy_in,
            bank: rules.bank,
            idle_limit_ms: time::millis(rules.idle_limit),
            rebuys: rules.rebuys,
            forfeits: rules.forfeits,
            bet_min: craps.bet_min,
            bet_max: craps.bet_max,
            prop_min: craps.prop_min,
            prop_win_max: craps.prop_win_max,
            side_max: craps.side_max,
            odds: match craps.odds {
                craps::OddsLimit::ThreeFourFive => OddsLimit::ThreeFourFive,
                craps::OddsLimit::Times(times) => OddsLimit::Times { times },
            },
            put: craps.put,
            bar: code(&craps.bar),
            field: match craps.field {
                craps::FieldPays::DoubleBoth => FieldPays::DoubleBoth,
                craps::FieldPays::TripleTwelve => FieldPays::TripleTwelve,
                craps::FieldPays::TripleBoth => FieldPays::TripleBoth,
            },
            vig_up_front: craps.vig == craps::Vig::UpFront,
            big_pays_seven_to_six: craps.big == craps::BigPays::SevenToSix,
            hardways_rest: craps.hardways_rest,
            props_for_one: craps.props == craps::Pricing::ForOne,
            repeaters_for_one: craps.repeaters == craps::Pricing::ForOne,
            fire_table: code(&craps.fire),
            bonus_pays: code(&craps.bonus),
            bonus_all_pays: code(&craps.bonus_all),
            ride_table: code(&craps.ride),
        }
    }
}

impl TryFrom<TableRules> for table::TableRules {
    type Error = NodeError;

    fn try_from(rules: TableRules) -> Result<Self> {
        Ok(Self {
            buy_in: rules.buy_in,
            bank: rules.bank,
            idle_limit: Duration::from_millis(rules.idle_limit_ms),
            rebuys: rules.rebuys,
            forfeits: rules.forfeits,
            craps: layout_rules(&rules)?,
        })
    }
}

fn layout_rules(rules: &TableRules) -> Result<craps::Rules> {
    let pricing = |for_one| {
        if for_one {
            craps::Pricing::ForOne
        } else {
            craps::Pricing::ToOne
        }
    };
    Ok(craps::Rules {
        bet_min: rules.bet_min,
        bet_max: rules.bet_max,
        prop_min: rules.prop_min,
        prop_win_max: rules.prop_win_max,
        side_max: rules.side_max,
        odds: match rules.odds {
            OddsLimit::ThreeFourFive => craps::OddsLimit::ThreeFourFive,
            OddsLimit::Times { times } => craps::OddsLimit::Times(times),
        },
        put: rules.put,
        bar: choice("bar", rules.bar)?,
        field: match rules.field {
            FieldPays::DoubleBoth => craps::FieldPays::DoubleBoth,
            FieldPays::TripleTwelve => craps::FieldPays::TripleTwelve,
            FieldPays::TripleBoth => craps::FieldPays::TripleBoth,
        },
        vig: if rules.vig_up_front {
            craps::Vig::UpFront
        } else {
            craps::Vig::OnWin
        },
        big: if rules.big_pays_seven_to_six {
            craps::BigPays::SevenToSix
        } else {
            craps::BigPays::Even
        },
        hardways_rest: rules.hardways_rest,
        props: pricing(rules.props_for_one),
        repeaters: pricing(rules.repeaters_for_one),
        fire: choice("fire_table", rules.fire_table)?,
        bonus: choice("bonus_pays", rules.bonus_pays)?,
        bonus_all: choice("bonus_all_pays", rules.bonus_all_pays)?,
        ride: choice("ride_table", rules.ride_table)?,
    })
}

/// The number by which a choice of the house travels; it is what the layout prints.
fn code(choice: &impl Encode) -> u8 {
    choice.to_bytes().first().copied().unwrap_or_default()
}

fn choice<T: Decode>(name: &str, code: u8) -> Result<T> {
    T::from_bytes(&[code])
        .map_err(|_| NodeError::Rules(format!("rule {name} cannot be {code}, see its description")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_come_back_from_the_other_side_unchanged_and_can_be_played() {
        for name in rule_presets() {
            let rules = preset_rules(&name).expect("it is listed");
            let core = table::TableRules::try_from(rules.clone()).expect("it is a preset");
            assert_eq!(Some(core), table::TableRules::preset(&name));
            check_rules(rules, 18).expect("it is a preset");
        }
    }

    #[test]
    fn a_choice_that_no_house_offers_is_refused_by_its_name() {
        let home = preset_rules("friendly").expect("it is listed");
        for (rules, name) in [
            (
                TableRules {
                    bar: 4,
                    ..home.clone()
                },
                "bar",
            ),
            (
                TableRules {
                    ride_table: 8,
                    ..home.clone()
                },
                "ride_table",
            ),
            (TableRules { buy_in: 1, ..home }, "buy_in"),
        ] {
            let error = check_rules(rules, 4)
                .expect_err("nobody offers it")
                .to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
