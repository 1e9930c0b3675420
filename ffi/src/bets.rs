//! The bets, by name, and what there is to know about each.

use bitcraps_core::craps;
use bitcraps_core::table;

use crate::error::{NodeError, Result};
use crate::rules::TableRules;

/// One enum over the kinds of the core, with the same names: a kind that one side lacks does not compile.
macro_rules! bet_kinds {
    (
        $(#[$about:meta])*
        plain { $($(#[$doc:meta])* $plain:ident,)+ }
        numbered { $($(#[$numbered_doc:meta])* $numbered:ident,)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Enum)]
        pub enum BetKind {
            $($(#[$doc])* $plain,)+
            $($(#[$numbered_doc])* $numbered {
                /// The number it is on.
                number: u8,
            },)+
        }

        impl From<craps::BetKind> for BetKind {
            fn from(kind: craps::BetKind) -> Self {
                let [_, number] = kind.code();
                match kind {
                    $(craps::BetKind::$plain => Self::$plain,)+
                    $(craps::BetKind::$numbered(_) => Self::$numbered { number },)+
                }
            }
        }
    };
}

bet_kinds! {
    /// What a bet is on. A player has at most one bet of each kind; adding to it merges.
    plain {
        /// With the shooter: 7 or 11 on the come-out, later the point before a seven.
        PassLine,
        /// Against the shooter.
        DontPass,
        /// Behind a pass line bet, at true odds.
        PassOdds,
        /// Behind a don't pass bet, at true odds.
        DontPassOdds,
        /// A pass bet whose come-out is the next roll.
        Come,
        /// A don't pass bet whose come-out is the next roll.
        DontCome,
        /// One roll: 2, 3, 4, 9, 10, 11 or 12.
        Field,
        /// One roll: seven.
        AnySeven,
        /// One roll: 2, 3 or 12.
        AnyCraps,
        /// One roll, in quarters: 2, 3, 11 and 12.
        Horn,
        /// One roll, in fifths: the horn and any seven.
        World,
        /// One roll, in halves: any craps and eleven.
        CrapsEleven,
        /// One roll, in thirds: 2, 3 and 12.
        ThreeWay,
        /// One roll: 2 or 12.
        HiLo,
        /// One roll, in thirds: 2, 12 and 11.
        HiLoYo,
        /// One roll: 8 or more.
        OverSeven,
        /// One roll: 6 or less.
        UnderSeven,
        /// One roll: 6 or less, the 2 paid better.
        LowDice,
        /// Four or more different points made in one hand.
        Fire,
        /// All of 2 to 6 before a seven.
        BonusSmall,
        /// All of 8 to 12 before a seven.
        BonusTall,
        /// All numbers before a seven.
        BonusAll,
        /// How often the pass line wins in one hand.
        RideTheLine,
        /// A come-out seven, or a point and at once a seven.
        Muggsy,
        /// One point made three times or more in one hand.
        Replay,
        /// Three or more different doubles before a seven.
        DifferentDoubles,
        /// A point on the come-out, then at once a seven.
        PointSeven,
        /// A seven on the come-out, then at once a point.
        SevenPoint,
        /// The second half of the one before; it cannot be placed directly.
        SevenPointUp,
    }
    numbered {
        /// A come bet on its number.
        ComePoint,
        /// Behind a come bet on this number, at true odds.
        ComeOdds,
        /// A don't come bet on its number; it cannot be placed directly.
        DontComePoint,
        /// Behind a don't come bet on this number, at true odds.
        DontComeOdds,
        /// The number before a seven, at the house's rate.
        Place,
        /// A seven before the number, at the house's rate.
        PlaceToLose,
        /// The number before a seven, at true odds less a commission.
        Buy,
        /// A seven before the number, at true odds less a commission.
        Lay,
        /// 6 or 8 before a seven.
        Big,
        /// The number as a double before a seven and before it comes any other way.
        Hard,
        /// One roll: 2, 3, 11 or 12.
        Single,
        /// A horn with a second part on 2, 3, 11 or 12.
        HornHigh,
        /// One roll: exactly two faces, as a number of two digits, the lower first: 11, 12, … 66.
        Hop,
        /// The number, as often as the layout says, before a seven.
        Repeater,
    }
}

impl BetKind {
    /// The core's kind of this name.
    pub(crate) fn to_core(self) -> Result<craps::BetKind> {
        let found = craps::BetKind::all().find(|kind| Self::from(*kind) == self);
        found.ok_or_else(|| NodeError::NoSuchBet(format!("{self:?}")))
    }
}

/// Everything that a player may want to know about one bet at one table.
#[derive(Clone, Debug, uniffi::Record)]
pub struct BetFacts {
    /// Which bet.
    pub kind: BetKind,
    /// A stable identifier for programs, such as `place-6`.
    pub id: String,
    /// Words for people, such as "place 6".
    pub name: String,
    /// The identifier of its family, such as `place`.
    pub family: String,
    /// Where it lies on the layout.
    pub spot: String,
    /// When it may be placed.
    pub window: String,
    /// What wins and what loses.
    pub rule: String,
    /// What it pays, to one.
    pub pays: String,
    /// What the house keeps on average, as an exact fraction; nothing for a bet that only grows out of another.
    pub edge: Option<String>,
    /// When it may be reduced or taken down.
    pub removal: String,
    /// Whether it is on.
    pub working: String,
    /// What becomes of a winner.
    pub winner: String,
    /// The amounts that it may have, in words.
    pub amounts: String,
    /// The least amount; nothing for odds, which hang on their flat bet.
    pub least: Option<u64>,
    /// The greatest amount.
    pub most: Option<u64>,
    /// The step from one amount to the next.
    pub unit: Option<u64>,
    /// Whether the next roll decides it.
    pub is_one_roll: bool,
    /// Whether it may be called on or off.
    pub can_be_called: bool,
}

/// Every bet of a table with these rules, in the order of the layout.
///
/// # Errors
/// [`NodeError::Rules`] if no table can be played under them.
#[uniffi::export]
pub fn bet_catalogue(rules: TableRules) -> Result<Vec<BetFacts>> {
    let rules = table::TableRules::try_from(rules)?.craps;
    Ok(craps::BetKind::all()
        .map(|kind| facts(kind, &rules))
        .collect())
}

/// The kind with a stable identifier, such as `place-6`.
///
/// # Errors
/// [`NodeError::NoSuchBet`] if there is none.
#[uniffi::export]
pub fn bet_kind(id: &str) -> Result<BetKind> {
    let kind = craps::BetKind::from_id(id);
    kind.map(BetKind::from)
        .ok_or_else(|| NodeError::NoSuchBet(id.to_owned()))
}

fn facts(kind: craps::BetKind, rules: &craps::Rules) -> BetFacts {
    let facts = kind.facts(rules);
    let bounds = rules.bounds(kind);
    BetFacts {
        kind: kind.into(),
        id: kind.id().to_owned(),
        name: kind.name().to_owned(),
        family: kind.family().to_owned(),
        spot: facts.spot.to_owned(),
        window: facts.window.to_owned(),
        rule: facts.rule.to_owned(),
        pays: facts.pays,
        edge: facts.edge.map(str::to_owned),
        removal: facts.removal.to_owned(),
        working: facts.working.to_owned(),
        winner: facts.winner.to_owned(),
        amounts: facts.amounts,
        least: bounds.map(|bounds| bounds.min),
        most: bounds.map(|bounds| bounds.max),
        unit: bounds.map(|bounds| bounds.unit),
        is_one_roll: kind.is_one_roll(),
        can_be_called: kind.can_be_called(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_core_has_one_name_here_and_finds_its_way_back() {
        for kind in craps::BetKind::all() {
            let named = BetKind::from(kind);
            assert_eq!(named.to_core().expect("it is one"), kind);
            assert_eq!(bet_kind(kind.id()).expect("it is one"), named);
        }
        let seven = BetKind::Place { number: 7 };
        assert!(matches!(seven.to_core(), Err(NodeError::NoSuchBet(_))));
        assert!(matches!(bet_kind("place-7"), Err(NodeError::NoSuchBet(_))));
    }
}
