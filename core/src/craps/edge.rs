//! What every bet costs: the share of the stake that the house keeps on average over the bet's life, a push counted as
//! 0, as an exact fraction. Stored, not computed; `core/tests/craps_edges.rs` solves each one over the engine itself.
//!
//! Commissions are rounded up to a whole chip, so a buy or lay bet costs exactly this where its 5 % come out even and
//! more on other stakes. Commissions up front are counted with the stake.

use super::bet::BetKind;
use super::dice::BoxNumber;
use super::numbers::{HardNumber, HornNumber};
use super::rules::{
    Bar, BigPays, BonusAllPays, BonusPays, FieldPays, FirePays, Pricing, RidePays, Rules, Vig,
};

/// The edge in lowest terms, such as `7/495`; `0` for none. `None` for a bet that only grows out of another.
pub(super) fn edge(kind: BetKind, rules: &Rules) -> Option<&'static str> {
    Some(match kind {
        BetKind::PassLine | BetKind::Come => "7/495",
        BetKind::DontPass | BetKind::DontCome => match rules.bar {
            Bar::Twelve => "3/220",
            Bar::Three => "41/990",
        },
        BetKind::PassOdds
        | BetKind::DontPassOdds
        | BetKind::ComeOdds(_)
        | BetKind::DontComeOdds(_) => "0",
        BetKind::DontComePoint(_) | BetKind::SevenPointUp => return None,
        BetKind::ComePoint(number) => by_number(number, ["1/3", "1/5", "1/11"]),
        BetKind::Place(number) => by_number(number, ["1/15", "1/25", "1/66"]),
        BetKind::PlaceToLose(number) => by_number(number, ["1/33", "1/40", "1/55"]),
        BetKind::Buy(number) => match rules.vig {
            Vig::OnWin => by_number(number, ["1/60", "1/50", "1/44"]),
            Vig::UpFront => "1/21",
        },
        BetKind::Lay(number) => match rules.vig {
            Vig::OnWin => by_number(number, ["1/60", "1/50", "1/44"]),
            Vig::UpFront => by_number(number, ["1/41", "1/31", "1/25"]),
        },
        BetKind::Big(_) => match rules.big {
            BigPays::Even => "1/11",
            BigPays::SevenToSix => "1/66",
        },
        BetKind::Hard(number) => match number {
            HardNumber::Four | HardNumber::Ten => "1/9",
            HardNumber::Six | HardNumber::Eight => "1/11",
        },
        BetKind::Field => match rules.field {
            FieldPays::DoubleBoth => "1/18",
            FieldPays::TripleTwelve => "1/36",
            FieldPays::TripleBoth => "0",
        },
        BetKind::Repeater(number) => repeater(number.times(), rules.repeaters),
        _ if kind.is_one_roll() => prop(kind, rules.props),
        _ => return side(kind, rules),
    })
}

const fn by_number(number: BoxNumber, [outer, middle, inner]: [&'static str; 3]) -> &'static str {
    match number {
        BoxNumber::Four | BoxNumber::Ten => outer,
        BoxNumber::Five | BoxNumber::Nine => middle,
        BoxNumber::Six | BoxNumber::Eight => inner,
    }
}

const fn prop(kind: BetKind, pricing: Pricing) -> &'static str {
    match (kind, pricing) {
        (BetKind::AnySeven, _) => "1/6",
        (BetKind::AnyCraps, _) => "1/9",
        (BetKind::OverSeven | BetKind::UnderSeven, _) => "1/6",
        (BetKind::LowDice, _) => "1/18",
        (BetKind::CrapsEleven, Pricing::ToOne) => "1/9",
        (BetKind::CrapsEleven, Pricing::ForOne) => "5/36",
        // Every other part costs a sixth when its price is "for one".
        (_, Pricing::ForOne) => "1/6",
        (BetKind::Single(HornNumber::Two | HornNumber::Twelve), _) => "5/36",
        (BetKind::Hop(pair), _) if pair.is_double() => "5/36",
        (BetKind::Horn, _) => "1/8",
        (BetKind::HornHigh(HornNumber::Two | HornNumber::Twelve), _) => "23/180",
        (BetKind::HornHigh(_), _) => "11/90",
        (BetKind::World, _) => "2/15",
        (BetKind::ThreeWay | BetKind::HiLoYo, _) => "7/54",
        // Ace-deuce, yo, hi-lo and the easy hops: 15:1 on two rolls of 36.
        _ => "1/9",
    }
}

const fn repeater(times: u8, pricing: Pricing) -> &'static str {
    match (times, pricing) {
        (2, Pricing::ToOne) => "8/49",
        (2, Pricing::ForOne) => "9/49",
        (3, Pricing::ToOne) => "13/64",
        (3, Pricing::ForOne) => "7/32",
        (4, Pricing::ToOne) => "5/27",
        (4, Pricing::ForOne) => "16/81",
        (5, Pricing::ToOne) => "533/3125",
        (5, Pricing::ForOne) => "113/625",
        (_, Pricing::ToOne) => "349686/1771561",
        (_, Pricing::ForOne) => "365311/1771561",
    }
}

const fn side(kind: BetKind, rules: &Rules) -> Option<&'static str> {
    Some(match kind {
        BetKind::Fire => match rules.fire {
            FirePays::A => {
                "3155010189076512755518373649266277142847/\
             15195531003242259962803834074351444164892"
            }
            FirePays::B => {
                "51905761004071461327852138469105380739713571/\
             208824584812056757538831689766774721436028310"
            }
        },
        BetKind::BonusSmall | BetKind::BonusTall => match rules.bonus {
            BonusPays::Thirty => "139241/760760",
            BonusPays::ThirtyFour => "1687/21736",
            BonusPays::ThirtyFive => "9749/190190",
        },
        BetKind::BonusAll => match rules.bonus_all {
            BonusAllPays::OneFifty => "4959941501491/24067258815600",
            BonusAllPays::OneFiftyFive => "27738774841/154277300100",
            BonusAllPays::OneSeventyFive => "10207263466/136745788725",
            BonusAllPays::OneSeventySix => "556646614919/8022419605200",
        },
        BetKind::RideTheLine => match rules.ride {
            RidePays::One => "105899000152564103017/1141246682444000000000",
            RidePays::Two => "585041416193374755353/5706233412220000000000",
            RidePays::Three => "36422566465005061353/356639588263750000000",
            RidePays::Four => "18909386700791488463/178319794131875000000",
            RidePays::Five => "301725141982414406129/2853116706110000000000",
            RidePays::Six => "60784931898234624867/713279176527500000000",
            RidePays::Seven => "6256442543192945931/64843561502500000000",
        },
        BetKind::Muggsy => "1/18",
        BetKind::Replay => {
            "1428877487996948226628069044860922302859572517683620565984074057283/\
             5760106633146041847201167511230903552269028133764840338017484800000"
        }
        BetKind::DifferentDoubles => "43/154",
        BetKind::PointSeven | BetKind::SevenPoint => "1/9",
        _ => return None,
    })
}
