//! Why a bet, or a change of one, was not accepted.

use std::error::Error;
use std::fmt;

use super::bet::{BetKind, Chips};
use super::catalogue::Window;

/// A rule that forbids what a seat asked for. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The bet is not open in this phase.
    WrongPhase {
        /// The bet that was asked for.
        kind: BetKind,
        /// When it is open.
        opens: Window,
    },
    /// The bet would stand below the least amount.
    BelowMinimum {
        /// The least amount of chips that is accepted.
        min: Chips,
    },
    /// The bet would stand above the greatest amount.
    AboveMaximum {
        /// The greatest amount of chips that is accepted.
        max: Chips,
    },
    /// The bet would not pay a whole number of chips.
    NotAMultiple {
        /// The chips by which the bet goes up.
        of: Chips,
    },
    /// Odds without the bet that they stand behind.
    NoFlatBet {
        /// The bet that is missing.
        needs: BetKind,
    },
    /// The odds would be too high for the flat bet before them.
    OddsAboveLimit {
        /// The most chips that may stand as odds.
        max: Chips,
    },
    /// The bet must stay until the dice decide it.
    Contract {
        /// The bet that must stay.
        kind: BetKind,
    },
    /// The seat has no such bet.
    NoSuchBet {
        /// The bet that was named.
        kind: BetKind,
    },
    /// The bet stands, but may not grow in this phase.
    CannotIncrease {
        /// The bet that may not grow.
        kind: BetKind,
    },
    /// The bet comes about only in another way.
    NotPlaceable {
        /// The bet that was asked for.
        kind: BetKind,
    },
    /// The bet is always on.
    CannotToggle {
        /// The bet that was named.
        kind: BetKind,
    },
    /// More was to be taken down than stands.
    MoreThanStake {
        /// The chips that stand.
        stake: Chips,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_rule(f)?;
        f.write_str(", ")?;
        self.write_fix(f)
    }
}

impl Refusal {
    fn write_rule(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongPhase { kind, opens } => match opens {
                Window::ComeOut => write!(f, "{kind} is open only on the come-out"),
                Window::Point => write!(f, "{kind} is open only while a point is set"),
                Window::HandStart => write!(f, "{kind} is open only before a hand's first roll"),
                Window::ClearBoard => write!(f, "{kind} is open only right after a 7"),
                Window::Always | Window::Never => write!(f, "{kind} is closed"),
            },
            Self::BelowMinimum { .. } => f.write_str("amount is below the minimum"),
            Self::AboveMaximum { .. } => f.write_str("bet would be above the maximum"),
            Self::NotAMultiple { .. } => f.write_str("bet would not pay whole chips"),
            Self::NoFlatBet { needs } => write!(f, "odds need a {needs} bet"),
            Self::OddsAboveLimit { .. } => f.write_str("odds would be above the limit"),
            Self::Contract { kind } => write!(f, "{kind} is a contract"),
            Self::NoSuchBet { kind } => write!(f, "no {kind} bet stands"),
            Self::CannotIncrease { kind } => write!(f, "{kind} cannot grow any more"),
            Self::NotPlaceable { kind } => write!(f, "{kind} cannot be bet directly"),
            Self::CannotToggle { kind } => write!(f, "{kind} is always on"),
            Self::MoreThanStake { stake } => write!(f, "only {stake} chips stand"),
        }
    }

    fn write_fix(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongPhase { opens, .. } => f.write_str(match opens {
                Window::ComeOut => "wait until the point is decided",
                Window::Point => "wait for the come-out roll to set one",
                Window::HandStart => "wait for the next hand",
                Window::ClearBoard => "wait for a 7 to clear the board",
                Window::Always | Window::Never => "choose another bet",
            }),
            Self::BelowMinimum { min } => write!(f, "use at least {min} chips or none"),
            Self::AboveMaximum { max } => write!(f, "keep it at {max} chips or less"),
            Self::NotAMultiple { of } => write!(f, "make it a multiple of {of}"),
            Self::NoFlatBet { .. } => f.write_str("make that one first"),
            Self::OddsAboveLimit { max } => write!(f, "keep them at {max} chips or less"),
            Self::Contract { .. } => f.write_str("leave it until the dice decide it"),
            Self::NoSuchBet { .. } => f.write_str("name one that does"),
            Self::CannotIncrease { .. } => f.write_str("leave it as it is"),
            Self::NotPlaceable { .. } => f.write_str("make the bet that it grows out of"),
            Self::CannotToggle { .. } => f.write_str("leave it on or take it down if it may be"),
            Self::MoreThanStake { .. } => f.write_str("take down that many or less"),
        }
    }
}

impl Error for Refusal {}
