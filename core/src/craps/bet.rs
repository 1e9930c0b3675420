//! The kinds of bet, their identity on the wire and in text, and one standing bet.

use std::fmt;

use super::catalogue;
use super::dice::{BoxNumber, Phase};

/// An amount of money in the smallest unit; chips are never divided.
pub type Chips = u64;

/// The greatest amount of any single bet, whatever the table's limits say.
///
/// It keeps every product and every sum over one seat's bets within 64 bits, so that a roll can be
/// settled without an error path.
pub const STAKE_MAX: Chips = 1 << 40;

/// What a bet is on. One seat has at most one bet of each kind; adding to it merges.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BetKind {
    /// With the shooter: 7 or 11 on the come-out, later the point before a seven.
    PassLine,
    /// Against the shooter, 12 barred: 2 or 3 on the come-out, later a seven before the point.
    DontPass,
    /// Behind a pass line bet, at the point's true odds.
    PassOdds,
    /// Lay odds behind a don't pass bet, at the point's true odds.
    DontPassOdds,
    /// A pass bet whose come-out is the next roll; not yet on a number.
    Come,
    /// A come bet that has travelled to this number. It cannot be placed directly.
    ComePoint(BoxNumber),
    /// Behind a come bet on this number, at true odds.
    ComeOdds(BoxNumber),
    /// One roll: 2, 3, 4, 9, 10, 11 or 12.
    Field,
    /// This number before a seven.
    Place(BoxNumber),
}

impl BetKind {
    /// Every kind, numbered kinds once for each box number; in the order of the catalogue.
    pub fn all() -> impl Iterator<Item = Self> {
        let numbers = || std::iter::once(None).chain(BoxNumber::ALL.map(Some));
        catalogue::CATALOGUE
            .into_iter()
            .flat_map(move |entry| numbers().filter_map(|number| entry.form.with(number)))
    }

    /// The kind encoded by [`code`](Self::code), or `None` for any other pair of bytes.
    pub fn from_code(code: [u8; 2]) -> Option<Self> {
        let [family, total] = code;
        let number = match total {
            0 => None,
            total => Some(BoxNumber::from_total(total)?),
        };
        catalogue::CATALOGUE
            .into_iter()
            .find(|entry| entry.code == family)?
            .form
            .with(number)
    }

    /// The one encoding of this kind: its catalogue code, then the box number's total or 0.
    pub fn code(self) -> [u8; 2] {
        [
            catalogue::entry(self).code,
            self.number().map_or(0, BoxNumber::total),
        ]
    }

    /// A stable identifier such as `pass-line`; numbered kinds share one for all numbers.
    pub fn name(self) -> &'static str {
        catalogue::entry(self).name
    }

    /// The box number that the bet itself names, if its kind has one.
    pub fn number(self) -> Option<BoxNumber> {
        match self {
            Self::ComePoint(number) | Self::ComeOdds(number) | Self::Place(number) => Some(number),
            Self::PassLine
            | Self::DontPass
            | Self::PassOdds
            | Self::DontPassOdds
            | Self::Come
            | Self::Field => None,
        }
    }

    /// When the bet may be placed.
    pub fn window(self) -> Window {
        catalogue::entry(self).window
    }

    /// The flat bet that must stand before these odds; `None` if the bet is not odds.
    pub fn flat(self) -> Option<Self> {
        catalogue::entry(self).flat?.with(self.number())
    }

    /// The odds that may stand behind this flat bet; `None` if there are none.
    pub fn odds(self) -> Option<Self> {
        catalogue::CATALOGUE
            .into_iter()
            .filter_map(|entry| entry.form.with(self.number()))
            .find(|odds| odds.flat() == Some(self))
    }

    /// What the bet becomes when it travels to `number`; `None` if it never travels.
    pub(crate) fn travelled(self, number: BoxNumber) -> Option<Self> {
        catalogue::entry(self).travels.map(|to| to(number))
    }

    /// The number whose rate the bet is paid at: its own, else the point.
    pub(crate) fn paid_on(self, phase: Phase) -> Option<BoxNumber> {
        self.number().or_else(|| phase.point())
    }
}

impl fmt::Display for BetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = catalogue::entry(*self).title;
        match self.number() {
            Some(number) => write!(f, "{title} {number}"),
            None => f.write_str(title),
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
    /// Not by hand; the bet comes about in another way.
    Never,
}

impl Window {
    /// Whether a bet with this window may be placed in `phase`.
    pub fn is_open(self, phase: Phase) -> bool {
        match self {
            Self::Always => true,
            Self::ComeOut => phase == Phase::ComeOut,
            Self::Point => phase.point().is_some(),
            Self::Never => false,
        }
    }
}

/// One standing bet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bet {
    /// The stake in chips, never 0.
    pub amount: Chips,
    /// The seat's call: on, off, or `None` for the house's default.
    pub working: Option<bool>,
}

/// The chips by which a stake on `kind` goes up or down, so that it pays exactly.
///
/// `None` for odds on the line while no point is set, because the point decides their rate.
pub fn stake_multiple(kind: BetKind, phase: Phase) -> Option<Chips> {
    catalogue::entry(kind).pays.unit(kind.paid_on(phase))
}
