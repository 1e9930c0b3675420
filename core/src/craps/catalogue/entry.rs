//! The shape of a catalogue entry: which facts distinguish one family of bets from another.

use super::super::bet::BetKind;
use super::super::dice::BoxNumber;
use super::super::numbers::{BigNumber, HardNumber, HornNumber, Pair, RepeatNumber};
use super::super::payout::Pays;

/// The facts about one family of bets.
pub(in crate::craps) struct Entry {
    /// First byte of the encoding.
    pub(in crate::craps) code: u8,
    /// Stable identifier of the family.
    pub(in crate::craps) family: &'static str,
    /// Stable identifier of each kind, in the order of the numbers.
    pub(in crate::craps) ids: &'static [&'static str],
    /// Words for people, in the same order.
    pub(in crate::craps) names: &'static [&'static str],
    /// How a kind is made of an optional number.
    pub(in crate::craps) form: Form,
    /// Where it lies on the layout.
    pub(in crate::craps) spot: &'static str,
    /// What wins and what loses, in words.
    pub(in crate::craps) rule: &'static str,
    /// When it may be placed.
    pub(in crate::craps) window: Window,
    /// When it may be reduced or taken down.
    pub(in crate::craps) removal: Removal,
    /// Whether it can be off, and what then happens to it.
    pub(in crate::craps) working: Working,
    /// Its turn in the settlement of a roll.
    pub(in crate::craps) step: Step,
    /// Which of the table's limits hold for it.
    pub(in crate::craps) limit: Limit,
    /// The rate of a win.
    pub(in crate::craps) pays: Pays,
    /// Whether a winner is left up for the next roll.
    pub(in crate::craps) winner_stays: bool,
}

/// How the kinds of a family are made.
#[derive(Clone, Copy)]
pub(in crate::craps) enum Form {
    /// One kind, without a number.
    Plain(BetKind),
    /// One kind for each box number.
    Box(fn(BoxNumber) -> BetKind),
    /// One kind for six and for eight.
    Big(fn(BigNumber) -> BetKind),
    /// One kind for each hard number.
    Hard(fn(HardNumber) -> BetKind),
    /// One kind for each number of the horn.
    Horn(fn(HornNumber) -> BetKind),
    /// One kind for each number that can be repeated.
    Repeat(fn(RepeatNumber) -> BetKind),
    /// One kind for each pair of faces.
    Hop(fn(Pair) -> BetKind),
}

impl Form {
    /// The kind with this number's byte, or `None` if the family has no such number.
    pub(in crate::craps) fn with(self, number: u8) -> Option<BetKind> {
        match self {
            Self::Plain(kind) => (number == 0).then_some(kind),
            Self::Box(kind) => BoxNumber::from_total(number).map(kind),
            Self::Big(kind) => BigNumber::from_total(number).map(kind),
            Self::Hard(kind) => HardNumber::from_total(number).map(kind),
            Self::Horn(kind) => HornNumber::from_total(number).map(kind),
            Self::Repeat(kind) => RepeatNumber::from_total(number).map(kind),
            Self::Hop(kind) => Pair::from_code(number).map(kind),
        }
    }

    /// The kinds of the family, in the order of their numbers.
    pub(in crate::craps) fn kinds(self) -> impl Iterator<Item = BetKind> {
        (0..self.count()).map(move |slot| match self {
            Self::Plain(kind) => kind,
            Self::Box(kind) => kind(BoxNumber::ALL[slot]),
            Self::Big(kind) => kind(BigNumber::ALL[slot]),
            Self::Hard(kind) => kind(HardNumber::ALL[slot]),
            Self::Horn(kind) => kind(HornNumber::ALL[slot]),
            Self::Repeat(kind) => kind(RepeatNumber::ALL[slot]),
            Self::Hop(kind) => kind(Pair::ALL[slot]),
        })
    }

    /// How many kinds the family has.
    pub(in crate::craps) const fn count(self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Box(_) => BoxNumber::ALL.len(),
            Self::Big(_) => BigNumber::ALL.len(),
            Self::Hard(_) => HardNumber::ALL.len(),
            Self::Horn(_) => HornNumber::ALL.len(),
            Self::Repeat(_) => RepeatNumber::ALL.len(),
            Self::Hop(_) => Pair::COUNT,
        }
    }
}

/// When a kind of bet may be placed or added to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Window {
    /// Before any roll.
    Always,
    /// Only while no point is set.
    ComeOut,
    /// Only while a point is set.
    Point,
    /// Only before a hand's first roll.
    HandStart,
    /// Only while no number has been rolled since the last seven, which clears the board.
    ClearBoard,
    /// Not by hand; the bet comes about in another way.
    Never,
}

/// When a bet may be made smaller or taken down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::craps) enum Removal {
    /// At any time before the roll is closed.
    Always,
    /// While its window is open; afterwards it is a contract.
    WhileOpen,
    /// Never: a contract.
    Never,
}

/// Whether a bet takes part in every roll.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::craps) enum Working {
    /// It does, and cannot be called off.
    Always,
    /// It does unless called off; a deciding roll leaves it untouched then.
    UnlessCalledOff,
    /// Off on a come-out roll unless called on; a deciding roll leaves it untouched then.
    RestsAtComeOut,
    /// One of the two above, as the house says.
    AsTheHouseSays,
    /// Off on a come-out roll unless called on; a deciding roll sends it back to the stack,
    /// because the flat bet it stands behind is gone.
    ReturnsAtComeOut,
}

/// Which of the table's limits hold for a bet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::craps) enum Limit {
    /// `bet_min` and `bet_max`.
    Bet,
    /// A multiple of the flat bet.
    Odds,
    /// `prop_min`, and at most what wins `prop_win_max`.
    Prop,
    /// `prop_min` and `side_max`.
    Side,
}

/// The turns of a settlement, in their fixed order (craps.md B1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::craps) enum Step {
    /// Bets on this roll alone.
    OneRoll,
    /// Hardways, big 6 and big 8.
    Hard,
    /// Place, place to lose, buy and lay.
    Box,
    /// Come and don't come bets on their numbers, with odds.
    ComeOnNumber,
    /// Come and don't come bets on their first roll; after the established ones, so that a bet that travels on
    /// this roll is not paid by it.
    ComeFresh,
    /// Pass and don't pass, with odds.
    Line,
    /// Bets on what a hand or a row of rolls without a seven brings.
    Side,
}

impl Step {
    /// How many there are.
    pub(in crate::craps) const COUNT: usize = 7;
}
