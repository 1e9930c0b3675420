//! The shape of a catalogue entry: which facts distinguish one family of bets from another.

use super::bet::{BetKind, Window};
use super::dice::BoxNumber;
use super::payout::Pays;

/// The facts about one family of bets.
pub(crate) struct Entry {
    /// First byte of the encoding.
    pub(crate) code: u8,
    /// Stable identifier for programs.
    pub(crate) name: &'static str,
    /// Words for people.
    pub(crate) title: &'static str,
    /// How a kind is made of an optional box number.
    pub(crate) form: Form,
    /// When it may be placed.
    pub(crate) window: Window,
    /// When it may be reduced or taken down.
    pub(crate) removal: Removal,
    /// For odds: the flat bet they stand behind.
    pub(crate) flat: Option<Form>,
    /// For a bet that moves to a number: what it becomes there.
    pub(crate) travels: Option<fn(BoxNumber) -> BetKind>,
    /// Whether it can be off, and what then happens to it.
    pub(crate) working: Working,
    /// Its turn in the settlement of a roll.
    pub(crate) step: Step,
    /// The rate of a win.
    pub(crate) pays: Pays,
    /// Whether a winner is left up for the next roll.
    pub(crate) winner_stays: bool,
}

/// How the kinds of a family are made.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// One kind, without a number.
    Plain(BetKind),
    /// One kind for each box number.
    Numbered(fn(BoxNumber) -> BetKind),
}

impl Form {
    /// The kind with this number, or `None` if the family wants one and got none or the reverse.
    pub(crate) fn with(self, number: Option<BoxNumber>) -> Option<BetKind> {
        match (self, number) {
            (Self::Plain(kind), None) => Some(kind),
            (Self::Numbered(kind), Some(number)) => Some(kind(number)),
            _ => None,
        }
    }

    /// How many kinds the family has.
    pub(crate) const fn count(self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Numbered(_) => BoxNumber::ALL.len(),
        }
    }
}

/// When a bet may be made smaller or taken down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removal {
    /// At any time before the roll is closed.
    Always,
    /// While no point is set; afterwards it is a contract.
    ComeOut,
    /// Never: a contract.
    Never,
}

/// Whether a bet takes part in every roll.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Working {
    /// It does, and cannot be called off.
    Always,
    /// Off on a come-out roll unless called on; a deciding roll leaves it untouched.
    RestsAtComeOut,
    /// Off on a come-out roll unless called on; a deciding roll sends it back to the stack,
    /// because the flat bet it stands behind is gone.
    ReturnsAtComeOut,
}

/// The turns of a settlement, in their fixed order (craps.md B1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Bets on this roll alone.
    OneRoll,
    /// Bets on a box number.
    Place,
    /// Come bets on their numbers, with odds.
    ComeOnNumber,
    /// Come bets on their first roll; after the established ones, so that a bet that travels on
    /// this roll is not paid by it.
    ComeFresh,
    /// Pass and don't pass, with odds.
    Line,
}

impl Step {
    pub(crate) const ORDER: [Self; 5] = [
        Self::OneRoll,
        Self::Place,
        Self::ComeOnNumber,
        Self::ComeFresh,
        Self::Line,
    ];
}
