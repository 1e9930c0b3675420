//! Rules that go by a name.

use super::rules::{
    Bar, BigPays, BonusAllPays, BonusPays, FieldPays, FirePays, OddsLimit, Pricing, RidePays,
    Rules, Vig,
};

/// Named rules. The names are stable identifiers for programs.
pub const PRESETS: [(&str, Rules); 3] = [
    ("friendly", Rules::FRIENDLY),
    ("strip", Rules::STRIP),
    ("reference", Rules::REFERENCE),
];

impl Rules {
    /// The rules under which the catalogue quotes pays and edges: commission on the win, field 2x on both, prices "to
    /// one", bar 12 (rig.md, "Other commands").
    pub const REFERENCE: Self = Self {
        bet_min: 5,
        bet_max: 5_000,
        prop_min: 1,
        prop_win_max: 10_000,
        side_max: 25,
        odds: OddsLimit::ThreeFourFive,
        put: true,
        bar: Bar::Twelve,
        field: FieldPays::DoubleBoth,
        vig: Vig::OnWin,
        big: BigPays::Even,
        hardways_rest: false,
        props: Pricing::ToOne,
        repeaters: Pricing::ToOne,
        fire: FirePays::A,
        bonus: BonusPays::Thirty,
        bonus_all: BonusAllPays::OneFifty,
        ride: RidePays::One,
    };

    /// A table as on the Strip: higher stakes, commission up front, hardways off on the come-out, no put bets.
    pub const STRIP: Self = Self {
        bet_min: 15,
        put: false,
        vig: Vig::UpFront,
        hardways_rest: true,
        field: FieldPays::TripleTwelve,
        ..Self::REFERENCE
    };

    /// A home game: low stakes, and of each variant the one that is kinder to the players.
    pub const FRIENDLY: Self = Self {
        bet_max: 1_000,
        prop_win_max: 3_000,
        side_max: 5,
        field: FieldPays::TripleTwelve,
        bonus: BonusPays::ThirtyFour,
        bonus_all: BonusAllPays::OneSeventyFive,
        ride: RidePays::Six,
        ..Self::REFERENCE
    };

    /// The rules of this name.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        let named = PRESETS.into_iter().find(|(other, _)| *other == name);
        named.map(|(_, rules)| rules)
    }
}

impl Default for Rules {
    /// The home game.
    fn default() -> Self {
        Self::FRIENDLY
    }
}
