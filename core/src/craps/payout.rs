//! Rates of payment, as integer ratios "to one": the stake comes back in addition (craps.md B2).

use super::bet::{BetKind, Chips};
use super::dice::BoxNumber;
use super::numbers::{HardNumber, Pair, RepeatNumber};
use super::rules::{BigPays, FieldPays, FirePays, Pricing, Rules};

/// `win` chips of profit for every `per` chips staked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Ratio {
    pub(super) win: Chips,
    pub(super) per: Chips,
}

impl Ratio {
    pub(super) const fn new(win: Chips, per: Chips) -> Self {
        Self { win, per }
    }

    const fn to_one(win: Chips) -> Self {
        Self::new(win, 1)
    }

    /// The profit on `stake`, rounded down; `None` if it does not fit.
    pub(super) fn profit(self, stake: Chips) -> Option<Chips> {
        stake.checked_mul(self.win)?.checked_div(self.per)
    }
}

/// How a family of bets is paid.
#[derive(Clone, Copy)]
pub(super) enum Pays {
    /// 1:1.
    Even,
    /// The number's true odds: 2:1, 3:2, 6:5.
    TrueOdds,
    /// The inverse of the true odds: 1:2, 2:3, 5:6.
    LayOdds,
    /// The house's rate for a place bet: 9:5, 7:5, 7:6.
    Place,
    /// The house's rate against a number: 5:11, 5:8, 4:5.
    PlaceToLose,
    /// True odds less 5 % of the stake.
    Buy,
    /// True odds less 5 % of the win.
    Lay,
    /// 1:1, or 7:6 by another house.
    Big,
    /// 7:1 or 9:1.
    Hard,
    /// 1:1, but more on 2 and 12.
    Field,
    /// The stake in equal parts.
    Parts(&'static [Part]),
    /// The stake in equal parts, others for each number of the family.
    EachPart(&'static [&'static [Part]]),
    /// A pair of faces.
    Hop,
    /// 1:1, the 2 at 5:1.
    LowDice,
    /// All small, all tall.
    Bonus,
    /// Both.
    BonusAll,
    /// By how often the number must come.
    Repeater,
    /// By points made.
    Fire,
    /// By wins of the pass line.
    Ride,
    /// 2:1, or 3:1 for the point and the seven.
    Muggsy,
    /// By point and repetitions.
    Replay,
    /// By doubles.
    Doubles,
    /// 7:1.
    SevenToOne,
}

/// One of the equal parts of a bet on one roll: it wins on some totals and loses on the others.
#[derive(Clone, Copy)]
pub(super) struct Part {
    hits: &'static [u8],
    price: Price,
}

impl Part {
    pub(super) const fn new(hits: &'static [u8], price: Price) -> Self {
        Self { hits, price }
    }
}

/// What a part pays to one.
#[derive(Clone, Copy)]
pub(super) enum Price {
    /// Always this.
    Fixed(Chips),
    /// 30, or 29 where the house says "30 for one".
    Thirty,
    /// 15, or 14 where the house says "15 for one".
    Fifteen,
}

impl Price {
    pub(super) const fn to_one(self, pricing: Pricing) -> Chips {
        let list = match self {
            Self::Fixed(win) => return win,
            Self::Thirty => 30,
            Self::Fifteen => 15,
        };
        pricing.to_one(list)
    }
}

/// What equal parts of a stake come to on a total: `Some` with the rate on the whole stake if any part wins. A rate
/// of 0 gives the stake back, no more and no less.
pub(super) fn parts_on(parts: &[Part], total: u8, pricing: Pricing) -> Option<Ratio> {
    let (mut won, mut lost) = (0, 0);
    for part in parts {
        if part.hits.contains(&total) {
            won += part.price.to_one(pricing);
        } else {
            lost += 1;
        }
    }
    let gain: Chips = won;
    (gain > 0).then(|| Ratio::new(gain.saturating_sub(lost), parts.len() as Chips))
}

/// The rate of a hop bet.
pub(super) const fn hop(pair: Pair, pricing: Pricing) -> Ratio {
    let price = if pair.is_double() {
        Price::Thirty
    } else {
        Price::Fifteen
    };
    Ratio::to_one(price.to_one(pricing))
}

/// The rate of the field on a total that wins.
pub(super) const fn field(total: u8, pays: FieldPays) -> Ratio {
    Ratio::to_one(match (total, pays) {
        (2, FieldPays::TripleBoth) | (12, FieldPays::TripleTwelve | FieldPays::TripleBoth) => 3,
        (2 | 12, _) => 2,
        _ => 1,
    })
}

/// The rate of low dice on a total that wins.
pub(super) const fn low_dice(total: u8) -> Ratio {
    Ratio::to_one(if total == 2 { 5 } else { 1 })
}

/// The one rate of a bet that stays until it is decided. `None` if it has several, or if it is paid at the rate of a
/// number and none is given.
pub(super) fn rate(
    kind: BetKind,
    pays: Pays,
    number: Option<BoxNumber>,
    rules: &Rules,
) -> Option<Ratio> {
    use BoxNumber::{Eight, Five, Four, Nine, Six, Ten};
    let by_number = |outer, middle, inner| {
        number.map(|number| match number {
            Four | Ten => outer,
            Five | Nine => middle,
            Six | Eight => inner,
        })
    };
    match pays {
        Pays::Even => Some(Ratio::to_one(1)),
        Pays::TrueOdds | Pays::Buy => {
            by_number(Ratio::new(2, 1), Ratio::new(3, 2), Ratio::new(6, 5))
        }
        Pays::LayOdds | Pays::Lay => {
            by_number(Ratio::new(1, 2), Ratio::new(2, 3), Ratio::new(5, 6))
        }
        Pays::Place => by_number(Ratio::new(9, 5), Ratio::new(7, 5), Ratio::new(7, 6)),
        Pays::PlaceToLose => by_number(Ratio::new(5, 11), Ratio::new(5, 8), Ratio::new(4, 5)),
        Pays::Big => Some(match rules.big {
            BigPays::Even => Ratio::to_one(1),
            BigPays::SevenToSix => Ratio::new(7, 6),
        }),
        Pays::SevenToOne => Some(Ratio::to_one(7)),
        Pays::Bonus => Some(Ratio::to_one(rules.bonus.to_one())),
        Pays::BonusAll => Some(Ratio::to_one(rules.bonus_all.to_one())),
        _ => match kind {
            BetKind::Hard(number) => Some(hard(number)),
            BetKind::Repeater(number) => Some(repeater(number, rules.repeaters)),
            _ => None,
        },
    }
}

const fn hard(number: HardNumber) -> Ratio {
    Ratio::to_one(match number {
        HardNumber::Four | HardNumber::Ten => 7,
        HardNumber::Six | HardNumber::Eight => 9,
    })
}

const fn repeater(number: RepeatNumber, pricing: Pricing) -> Ratio {
    Ratio::to_one(pricing.to_one(match number.times() {
        2 => 40,
        3 => 50,
        4 => 65,
        5 => 80,
        _ => 90,
    }))
}

/// What the fire bet pays for so many different points; 0 is a loss.
pub(super) const fn fire(points: usize, pays: FirePays) -> Chips {
    match (pays, points) {
        (FirePays::A, 4) => 24,
        (FirePays::A, 5) => 249,
        (FirePays::A, 6) => 999,
        (FirePays::B, 4) => 10,
        (FirePays::B, 5) => 200,
        (FirePays::B, 6) => 2000,
        _ => 0,
    }
}

/// What so many different doubles pay; 0 is a loss.
pub(super) const fn doubles(count: u32) -> Chips {
    match count {
        3 => 4,
        4 => 8,
        5 => 15,
        6 => 100,
        _ => 0,
    }
}

/// What a point made so many times pays; 0 is a loss.
pub(super) const fn replay(number: BoxNumber, times: u8) -> Chips {
    use BoxNumber::{Eight, Five, Four, Nine, Six, Ten};
    match (number, times) {
        (Four | Ten, 4..) => 1000,
        (Five | Nine, 4..) => 500,
        (Six | Eight, 4..) => 100,
        (Four | Ten, 3) => 120,
        (Five | Nine, 3) => 95,
        (Six | Eight, 3) => 70,
        _ => 0,
    }
}

/// The commission on a buy or lay bet: 5 % of the stake of the one, of the win of the other, rounded up, at least one
/// chip (craps.md B3). 0 for any other bet.
pub(super) fn commission(kind: BetKind, pays: Pays, amount: Chips, rules: &Rules) -> Chips {
    let base = match pays {
        Pays::Buy => amount,
        Pays::Lay => rate(kind, pays, kind.number(), rules)
            .and_then(|rate| rate.profit(amount))
            .unwrap_or(0),
        _ => return 0,
    };
    base.div_ceil(20).max(1)
}

/// The smallest stake that pays a whole number of chips whenever it wins. `None` for odds on the line while no point
/// is set, because the point decides their rate.
pub(super) fn unit(
    kind: BetKind,
    pays: Pays,
    number: Option<BoxNumber>,
    rules: &Rules,
) -> Option<Chips> {
    match pays {
        Pays::Parts(parts) => Some(parts.len() as Chips),
        // All members of such a family have as many parts.
        Pays::EachPart(parts) => Some(parts.first()?.len() as Chips),
        Pays::TrueOdds | Pays::LayOdds => rate(kind, pays, number, rules).map(|rate| rate.per),
        _ => Some(rate(kind, pays, number, rules).map_or(1, |rate| rate.per)),
    }
}
