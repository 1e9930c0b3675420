//! Rates of payment, as integer ratios "to one": the stake comes back in addition.

use super::bet::Chips;
use super::dice::BoxNumber;
use super::rules::{FieldTwelve, Rules};

/// `win` chips of profit for every `per` chips staked.
#[derive(Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) win: Chips,
    pub(crate) per: Chips,
}

impl Ratio {
    const fn new(win: Chips, per: Chips) -> Self {
        Self { win, per }
    }

    /// The profit on `stake`, rounded down; `None` if it does not fit.
    pub(crate) fn profit(self, stake: Chips) -> Option<Chips> {
        stake.checked_mul(self.win)?.checked_div(self.per)
    }
}

/// How a family of bets is paid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pays {
    /// 1:1.
    Even,
    /// The number's true odds: 2:1, 3:2, 6:5.
    TrueOdds,
    /// The inverse of the true odds: 1:2, 2:3, 5:6.
    LayOdds,
    /// The house's rate for a place bet: 9:5, 7:5, 7:6.
    Place,
    /// 1:1, but more on 2 and 12.
    Field,
}

impl Pays {
    /// The rate on a roll of `total`; `None` if a number is needed and none is given.
    pub(crate) fn on(self, number: Option<BoxNumber>, total: u8, rules: &Rules) -> Option<Ratio> {
        match (self, total) {
            (Self::Field, 2) => Some(Ratio::new(2, 1)),
            (Self::Field, 12) => Some(field_twelve(rules)),
            _ => self.common(number),
        }
    }

    /// The best rate of any roll.
    pub(crate) fn greatest(self, number: Option<BoxNumber>, rules: &Rules) -> Option<Ratio> {
        match self {
            // No table pays less on 12 than the 2:1 on 2.
            Self::Field => Some(field_twelve(rules)),
            _ => self.common(number),
        }
    }

    /// The smallest stake that pays a whole number of chips on every roll.
    pub(crate) fn unit(self, number: Option<BoxNumber>) -> Option<Chips> {
        self.common(number).map(|ratio| ratio.per)
    }

    /// The rate of an ordinary win.
    pub(crate) fn common(self, number: Option<BoxNumber>) -> Option<Ratio> {
        use BoxNumber::{Eight, Five, Four, Nine, Six, Ten};
        let ratio = match self {
            Self::Even | Self::Field => Ratio::new(1, 1),
            Self::TrueOdds => match number? {
                Four | Ten => Ratio::new(2, 1),
                Five | Nine => Ratio::new(3, 2),
                Six | Eight => Ratio::new(6, 5),
            },
            Self::LayOdds => match number? {
                Four | Ten => Ratio::new(1, 2),
                Five | Nine => Ratio::new(2, 3),
                Six | Eight => Ratio::new(5, 6),
            },
            Self::Place => match number? {
                Four | Ten => Ratio::new(9, 5),
                Five | Nine => Ratio::new(7, 5),
                Six | Eight => Ratio::new(7, 6),
            },
        };
        Some(ratio)
    }
}

fn field_twelve(rules: &Rules) -> Ratio {
    match rules.field_twelve {
        FieldTwelve::Double => Ratio::new(2, 1),
        FieldTwelve::Triple => Ratio::new(3, 1),
    }
}
