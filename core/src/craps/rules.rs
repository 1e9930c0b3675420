//! What differs between casinos: limits and house variants. The table's genesis fixes them.

use super::bet::{BetKind, Chips, STAKE_MAX};
use super::catalogue;
use super::dice::BoxNumber;
use super::payout::Pays;

/// The rules of one table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The least amount of a bet that is not odds, in chips.
    pub bet_min: Chips,
    /// The greatest amount of a bet that is not odds, in chips; never more than [`STAKE_MAX`].
    pub bet_max: Chips,
    /// How much may stand behind a flat bet.
    pub odds: OddsLimit,
    /// What the field pays on 12.
    pub field_twelve: FieldTwelve,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            bet_min: 5,
            bet_max: 1000,
            odds: OddsLimit::ThreeFourFive,
            field_twelve: FieldTwelve::Triple,
        }
    }
}

/// The most that may be bet at true odds, as multiples of the flat bet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OddsLimit {
    /// Three times on 4 and 10, four times on 5 and 9, five times on 6 and 8; laying, six times
    /// on every number. Full odds then win or lay six times the flat bet everywhere.
    ThreeFourFive,
    /// So many times on every number; laying, as much as wins so many times.
    Times(u8),
}

/// What the field pays on 12; 2 always pays 2:1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldTwelve {
    /// 2:1.
    Double,
    /// 3:1.
    Triple,
}

/// The amounts that a bet may have at this table, all divisible by `unit`.
pub(crate) struct Bounds {
    pub(crate) min: Chips,
    pub(crate) max: Chips,
    pub(crate) unit: Chips,
}

impl Rules {
    /// The bounds of a bet that is not odds.
    pub(crate) fn flat_bounds(&self, unit: Chips) -> Bounds {
        let min = self.bet_min.max(1);
        let max = self.bet_max.min(STAKE_MAX);
        Bounds {
            // A minimum so high that it has no multiple above it admits no bet anyway.
            min: min.checked_next_multiple_of(unit).unwrap_or(min),
            max: round_down(max, unit),
            unit,
        }
    }

    /// The bounds of odds paid on `number` behind a flat bet of `flat` chips; the table's minimum
    /// and maximum do not apply to them. `None` if the kind has no rate or the limit overflows.
    pub(crate) fn odds_bounds(
        &self,
        kind: BetKind,
        number: Option<BoxNumber>,
        flat: Chips,
    ) -> Option<Bounds> {
        let pays = catalogue::entry(kind).pays;
        let ratio = pays.common(number)?;
        let max = match (self.odds, pays) {
            (OddsLimit::ThreeFourFive, Pays::LayOdds) => flat.checked_mul(6)?,
            (OddsLimit::ThreeFourFive, _) => flat.checked_mul(three_four_five(number?))?,
            // A layer stakes more than he wins; the limit is on the win.
            (OddsLimit::Times(times), Pays::LayOdds) => flat
                .checked_mul(times.into())?
                .checked_div(ratio.win)?
                .checked_mul(ratio.per)?,
            (OddsLimit::Times(times), _) => flat.checked_mul(times.into())?,
        };
        let unit = ratio.per;
        Some(Bounds {
            min: unit,
            max: round_down(max.min(STAKE_MAX), unit),
            unit,
        })
    }
}

fn three_four_five(number: BoxNumber) -> Chips {
    match number {
        BoxNumber::Four | BoxNumber::Ten => 3,
        BoxNumber::Five | BoxNumber::Nine => 4,
        BoxNumber::Six | BoxNumber::Eight => 5,
    }
}

fn round_down(amount: Chips, unit: Chips) -> Chips {
    // Units are the denominators of the pay tables, so at least 1, and the remainder is no more
    // than the amount.
    amount - amount % unit
}
