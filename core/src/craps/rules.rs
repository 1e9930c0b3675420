//! What differs between casinos: limits and house variants. The table's genesis fixes them.

use super::bet::{BetKind, Chips, STAKE_MAX};
use super::catalogue::{self, Limit, Window};
use super::dice::BoxNumber;
use super::exposure;
use super::payout::{self, Pays};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// The rules of one layout. Amounts are in chips.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The least amount of a bet on the line, in the boxes or on the field.
    pub bet_min: Chips,
    /// The greatest amount of such a bet; never more than [`STAKE_MAX`].
    pub bet_max: Chips,
    /// The least amount of a hardway, of a bet on one roll, and of a side bet.
    pub prop_min: Chips,
    /// The most that a hardway or a bet on one roll may win.
    pub prop_win_max: Chips,
    /// The greatest amount of a side bet; never more than [`STAKE_MAX`].
    pub side_max: Chips,
    /// How much may stand behind a flat bet.
    pub odds: OddsLimit,
    /// Whether pass and come bets may be made or raised on a number that is set already.
    pub put: bool,
    /// Which craps don't pass and don't come push on.
    pub bar: Bar,
    /// What the field pays on 2 and 12.
    pub field: FieldPays,
    /// When the commission of buy and lay bets is charged.
    pub vig: Vig,
    /// What big 6 and big 8 pay.
    pub big: BigPays,
    /// Whether hardways are off on a come-out roll unless called on.
    pub hardways_rest: bool,
    /// How the prices of 2, 3, 11, 12 and of hops are meant.
    pub props: Pricing,
    /// How the prices of repeaters are meant.
    pub repeaters: Pricing,
    /// The pay table of the fire bet.
    pub fire: FirePays,
    /// What all small and all tall pay.
    pub bonus: BonusPays,
    /// What the bet on all numbers pays.
    pub bonus_all: BonusAllPays,
    /// The pay table of ride the line.
    pub ride: RidePays,
}

/// The most that may be bet at true odds, as multiples of the flat bet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OddsLimit {
    /// Three times on 4 and 10, four times on 5 and 9, five times on 6 and 8; laying, six times
    /// on every number. Full odds then win or lay six times the flat bet everywhere.
    ThreeFourFive,
    /// So many times on every number, 1 to [`ODDS_TIMES_MAX`]; laying, as much as wins so many times.
    Times(u8),
}

/// The highest multiple of odds that a table can offer.
pub const ODDS_TIMES_MAX: u8 = 100;

/// A choice of the house: its members, one byte each on the wire.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $member:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name {
            $($(#[$about])* $member,)+
        }

        impl $name {
            /// Every choice there is.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];
        }

        impl Encode for $name {
            fn encode(&self, writer: &mut Writer) {
                writer.u8(match self { $(Self::$member => $code,)+ });
            }
        }

        impl Decode for $name {
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match reader.u8()? {
                    $($code => Ok(Self::$member),)+
                    _ => Err(DecodeError::OutOfRange(stringify!($name))),
                }
            }
        }
    };
}

choice! {
    /// The craps that is barred, or betting against the dice would be the player's advantage.
    Bar {
        /// 12, as nearly everywhere.
        Twelve = 12,
        /// 3 ("bar ace-deuce"): twice as dear.
        Three = 3,
    }
}

choice! {
    /// What the field pays on 2 and on 12; its other numbers pay 1:1.
    FieldPays {
        /// 2:1 on both.
        DoubleBoth = 0,
        /// 2:1 on 2, 3:1 on 12.
        TripleTwelve = 1,
        /// 3:1 on both.
        TripleBoth = 2,
    }
}

choice! {
    /// When the commission of buy and lay bets is charged.
    Vig {
        /// Only from a win.
        OnWin = 0,
        /// With the stake; it comes back if the bet is taken down, and a winner that stays up pays it anew.
        UpFront = 1,
    }
}

choice! {
    /// What big 6 and big 8 pay.
    BigPays {
        /// 1:1.
        Even = 0,
        /// 7:6, the New Jersey rule.
        SevenToSix = 1,
    }
}

choice! {
    /// How a price on the layout is meant.
    Pricing {
        /// "30 to one": the stake comes back in addition.
        ToOne = 0,
        /// "30 for one": the stake is part of it.
        ForOne = 1,
    }
}

choice! {
    /// Pay tables of the fire bet, for 4, 5 and 6 points.
    FirePays {
        /// 24, 249, 999 to one.
        A = 0,
        /// 10, 200, 2000 to one.
        B = 1,
    }
}

choice! {
    /// What all small and all tall pay to one.
    BonusPays {
        /// 30:1.
        Thirty = 30,
        /// 34:1.
        ThirtyFour = 34,
        /// 35:1.
        ThirtyFive = 35,
    }
}

choice! {
    /// What the bet on all numbers pays to one.
    BonusAllPays {
        /// 150:1.
        OneFifty = 150,
        /// 155:1.
        OneFiftyFive = 155,
        /// 175:1.
        OneSeventyFive = 175,
        /// 176:1.
        OneSeventySix = 176,
    }
}

choice! {
    /// Pay tables of ride the line, as the Wizard of Odds numbers them.
    RidePays {
        /// Table 1.
        One = 1,
        /// Table 2.
        Two = 2,
        /// Table 3.
        Three = 3,
        /// Table 4.
        Four = 4,
        /// Table 5.
        Five = 5,
        /// Table 6.
        Six = 6,
        /// Table 7.
        Seven = 7,
    }
}

impl Bar {
    /// The total.
    pub(super) const fn total(self) -> u8 {
        match self {
            Self::Twelve => 12,
            Self::Three => 3,
        }
    }
}

impl Pricing {
    /// What a price on the layout is to one.
    pub(super) const fn to_one(self, price: Chips) -> Chips {
        match self {
            Self::ToOne => price,
            Self::ForOne => price - 1,
        }
    }
}

impl BonusPays {
    pub(super) const fn to_one(self) -> Chips {
        match self {
            Self::Thirty => 30,
            Self::ThirtyFour => 34,
            Self::ThirtyFive => 35,
        }
    }
}

impl BonusAllPays {
    pub(super) const fn to_one(self) -> Chips {
        match self {
            Self::OneFifty => 150,
            Self::OneFiftyFive => 155,
            Self::OneSeventyFive => 175,
            Self::OneSeventySix => 176,
        }
    }
}

impl RidePays {
    /// The most wins that a table tells apart.
    pub(super) const WINS_MAX: u8 = 11;

    /// What so many wins pay to one, 0 wins first: nothing is a loss, 0 gives the stake back.
    pub(super) const fn table(self) -> [Option<Chips>; 12] {
        const fn row(start: [Option<Chips>; 4], rest: [Chips; 8]) -> [Option<Chips>; 12] {
            let mut row = [None; 12];
            let mut at = 0;
            while at < 12 {
                row[at] = if at < 4 {
                    start[at]
                } else {
                    Some(rest[at - 4])
                };
                at += 1;
            }
            row
        }
        match self {
            Self::One => row([None, None, Some(0), Some(1)], [2, 4, 6, 8, 15, 20, 25, 50]),
            Self::Two => row([None, None, None, Some(1)], [2, 4, 6, 12, 20, 30, 40, 75]),
            Self::Three => row([None, None, None, Some(1)], [2, 3, 6, 10, 20, 30, 40, 100]),
            Self::Four => row([None, None, None, Some(1)], [2, 3, 4, 10, 15, 20, 30, 150]),
            Self::Five => row([None, None, None, Some(1)], [2, 5, 8, 10, 20, 30, 40, 50]),
            Self::Six => row([None, None, None, Some(0)], [3, 5, 7, 12, 20, 25, 30, 100]),
            Self::Seven => row([None, None, None, Some(0)], [2, 4, 7, 10, 15, 25, 40, 150]),
        }
    }
}

/// The amounts that a bet may have at this table, all divisible by `unit`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The least.
    pub min: Chips,
    /// The greatest. Below `min` if the bet cannot be made at all.
    pub max: Chips,
    /// The step from one to the next.
    pub unit: Chips,
}

impl Rules {
    /// When a kind may be placed or added to at this table.
    #[must_use]
    pub fn window(&self, kind: BetKind) -> Window {
        match kind {
            BetKind::PassLine if self.put => Window::Always,
            BetKind::ComePoint(_) if self.put => Window::Point,
            _ => kind.window(),
        }
    }

    /// The amounts that a bet other than odds may have. `None` for odds.
    #[must_use]
    pub fn bounds(&self, kind: BetKind) -> Option<Bounds> {
        let entry = catalogue::entry(kind);
        let unit = payout::unit(kind, entry.pays, kind.number(), self)?;
        let (min, max) = match entry.limit {
            Limit::Bet => (self.bet_min, self.bet_max),
            Limit::Side => (self.prop_min, self.side_max),
            Limit::Prop => {
                let best = exposure::best_rate(kind, self);
                let most = self.prop_win_max.saturating_mul(best.per) / best.win.max(1);
                (self.prop_min, most)
            }
            Limit::Odds => return None,
        };
        Some(Bounds {
            // A minimum so high that it has no multiple above it admits no bet anyway.
            min: min.max(1).checked_next_multiple_of(unit).unwrap_or(min),
            max: round_down(max.min(STAKE_MAX), unit),
            unit,
        })
    }

    /// The amounts of odds paid on `number` behind a flat bet of `flat` chips; the table's minimum
    /// and maximum do not apply to them. `None` if the kind has no rate or the limit overflows.
    #[must_use]
    pub fn odds_bounds(&self, kind: BetKind, number: BoxNumber, flat: Chips) -> Option<Bounds> {
        let pays = catalogue::entry(kind).pays;
        let ratio = payout::rate(kind, pays, Some(number), self)?;
        let max = match (self.odds, pays) {
            (OddsLimit::ThreeFourFive, Pays::LayOdds) => flat.checked_mul(6)?,
            (OddsLimit::ThreeFourFive, _) => flat.checked_mul(three_four_five(number))?,
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

    /// The chips that lie in escrow for a bet of this amount: the stake, and a commission that is charged up front.
    #[must_use]
    pub fn held(&self, kind: BetKind, amount: Chips) -> Chips {
        match self.vig {
            // At most a twentieth of a stake that is at most STAKE_MAX, so the sum is far from 64 bits.
            Vig::UpFront => amount.saturating_add(self.commission(kind, amount)),
            Vig::OnWin => amount,
        }
    }

    /// The commission on a buy or lay bet of this amount; 0 for any other bet.
    pub(super) fn commission(&self, kind: BetKind, amount: Chips) -> Chips {
        payout::commission(kind, catalogue::entry(kind).pays, amount, self)
    }

    /// The most that the least bet of this kind can win; 0 for odds, which follow their flat bet.
    #[must_use]
    pub fn least_win(&self, kind: BetKind) -> Chips {
        let bounds = self.bounds(kind).filter(|bounds| bounds.min <= bounds.max);
        bounds.map_or(0, |bounds| {
            exposure::best_rate(kind, self)
                .profit(bounds.min)
                .unwrap_or(Chips::MAX)
        })
    }

    /// Whether a table can be played under these rules: every bet of the catalogue that they offer has an amount.
    ///
    /// # Errors
    /// The first rule that cannot be kept, by name.
    pub fn check(&self) -> Result<(), RulesError> {
        let least = [("bet_min", self.bet_min), ("prop_min", self.prop_min)];
        if let Some((rule, _)) = least.into_iter().find(|(_, min)| *min == 0) {
            return Err(RulesError::Zero { rule });
        }
        let most = [("bet_max", self.bet_max), ("side_max", self.side_max)];
        if let Some((rule, value)) = most.into_iter().find(|(_, max)| *max > STAKE_MAX) {
            return Err(RulesError::AboveStakeMax { rule, value });
        }
        if let OddsLimit::Times(times) = self.odds
            && (times == 0 || times > ODDS_TIMES_MAX)
        {
            return Err(RulesError::Odds { times });
        }
        for kind in BetKind::all() {
            self.check_offer(kind)?;
        }
        Ok(())
    }

    fn check_offer(&self, kind: BetKind) -> Result<(), RulesError> {
        let Some(bounds) = self.bounds(kind) else {
            return Ok(());
        };
        if bounds.min <= bounds.max {
            return Ok(());
        }
        let rule = match catalogue::entry(kind).limit {
            Limit::Bet | Limit::Odds => "bet_max",
            Limit::Prop => "prop_win_max",
            Limit::Side => "side_max",
        };
        let Bounds { min, max, unit } = bounds;
        Err(RulesError::NoAmount {
            rule,
            kind,
            min,
            max,
            unit,
        })
    }
}

/// Why no table can be played under these rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RulesError {
    /// A least amount of nothing.
    #[error("rule {rule} is 0, make it at least 1")]
    Zero {
        /// The rule.
        rule: &'static str,
    },
    /// Stakes so high that payouts could leave 64 bits.
    #[error("rule {rule} is {value}, make it {STAKE_MAX} or less")]
    AboveStakeMax {
        /// The rule.
        rule: &'static str,
        /// Its value.
        value: Chips,
    },
    /// No odds, or more than anybody offers.
    #[error("rule odds is {times} times, make it 1 to {ODDS_TIMES_MAX}, or 3-4-5")]
    Odds {
        /// The multiple.
        times: u8,
    },
    /// A bet of the layout that could never be made.
    #[error(
        "rule {rule} leaves no amount for {kind}: from {min} to {max} by steps of {unit}, raise it"
    )]
    NoAmount {
        /// The rule.
        rule: &'static str,
        /// The bet.
        kind: BetKind,
        /// The least amount.
        min: Chips,
        /// The greatest amount.
        max: Chips,
        /// The step.
        unit: Chips,
    },
}

impl Encode for OddsLimit {
    fn encode(&self, writer: &mut Writer) {
        match self {
            Self::ThreeFourFive => writer.raw(&[0, 0]),
            Self::Times(times) => writer.raw(&[1, *times]),
        }
    }
}

impl Decode for OddsLimit {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.array()? {
            [0, 0] => Ok(Self::ThreeFourFive),
            [1, times @ 1..=ODDS_TIMES_MAX] => Ok(Self::Times(times)),
            _ => Err(DecodeError::OutOfRange("odds")),
        }
    }
}

impl Encode for Rules {
    fn encode(&self, writer: &mut Writer) {
        let amounts = [
            self.bet_min,
            self.bet_max,
            self.prop_min,
            self.prop_win_max,
            self.side_max,
        ];
        amounts.into_iter().for_each(|amount| writer.u64(amount));
        self.odds.encode(writer);
        writer.bool(self.put);
        self.bar.encode(writer);
        self.field.encode(writer);
        self.vig.encode(writer);
        self.big.encode(writer);
        writer.bool(self.hardways_rest);
        self.props.encode(writer);
        self.repeaters.encode(writer);
        self.fire.encode(writer);
        self.bonus.encode(writer);
        self.bonus_all.encode(writer);
        self.ride.encode(writer);
    }
}

impl Decode for Rules {
    /// Rules that no table can be played under are refused.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let rules = Self {
            bet_min: reader.u64()?,
            bet_max: reader.u64()?,
            prop_min: reader.u64()?,
            prop_win_max: reader.u64()?,
            side_max: reader.u64()?,
            odds: OddsLimit::decode(reader)?,
            put: reader.bool("put")?,
            bar: Bar::decode(reader)?,
            field: FieldPays::decode(reader)?,
            vig: Vig::decode(reader)?,
            big: BigPays::decode(reader)?,
            hardways_rest: reader.bool("hardways_rest")?,
            props: Pricing::decode(reader)?,
            repeaters: Pricing::decode(reader)?,
            fire: FirePays::decode(reader)?,
            bonus: BonusPays::decode(reader)?,
            bonus_all: BonusAllPays::decode(reader)?,
            ride: RidePays::decode(reader)?,
        };
        match rules.check() {
            Ok(()) => Ok(rules),
            Err(_) => Err(DecodeError::OutOfRange("rules")),
        }
    }
}

const fn three_four_five(number: BoxNumber) -> Chips {
    match number {
        BoxNumber::Four | BoxNumber::Ten => 3,
        BoxNumber::Five | BoxNumber::Nine => 4,
        BoxNumber::Six | BoxNumber::Eight => 5,
    }
}

const fn round_down(amount: Chips, unit: Chips) -> Chips {
    // Units are the denominators of the pay tables, so at least 1, and the remainder is no more
    // than the amount.
    amount - amount % unit
}
