//! The kinds of bet, their identity on the wire and in text, and one standing bet.

use std::fmt;

use super::catalogue::{self, Window};
use super::dice::BoxNumber;
use super::numbers::{BigNumber, HardNumber, HornNumber, Pair, RepeatNumber};

/// An amount of money in the smallest unit; chips are never divided.
pub type Chips = u64;

/// The greatest amount of any single bet, whatever the table's limits say.
///
/// It keeps every product and every sum over a whole table's bets within 64 bits, so that a roll can be settled
/// without an error path: 2³² chips at the best rate (2000:1), on every kind, at 256 seats, are less than 2⁵⁹.
pub const STAKE_MAX: Chips = 1 << 32;

/// What a bet is on. One seat has at most one bet of each kind; adding to it merges.
///
/// Order, wire code, names and rules of each stand in the catalogue and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BetKind {
    /// With the shooter: 7 or 11 on the come-out, later the point before a seven.
    PassLine,
    /// Against the shooter, one craps barred: 2 or 3 on the come-out, later a seven before the point.
    DontPass,
    /// Behind a pass line bet, at the point's true odds.
    PassOdds,
    /// Lay odds behind a don't pass bet, at the point's true odds.
    DontPassOdds,
    /// A pass bet whose come-out is the next roll; not yet on a number.
    Come,
    /// A come bet on its number: it has travelled there, or was put there.
    ComePoint(BoxNumber),
    /// Behind a come bet on this number, at true odds.
    ComeOdds(BoxNumber),
    /// One roll: 2, 3, 4, 9, 10, 11 or 12.
    Field,
    /// This number before a seven, at the house's rate.
    Place(BoxNumber),
    /// A don't pass bet whose come-out is the next roll.
    DontCome,
    /// A don't come bet that has travelled to this number. It cannot be placed directly.
    DontComePoint(BoxNumber),
    /// Lay odds behind a don't come bet on this number.
    DontComeOdds(BoxNumber),
    /// A seven before this number, at the house's rate.
    PlaceToLose(BoxNumber),
    /// This number before a seven, at true odds less a commission.
    Buy(BoxNumber),
    /// A seven before this number, at true odds less a commission.
    Lay(BoxNumber),
    /// Six or eight before a seven.
    Big(BigNumber),
    /// The number as a double before a seven and before it comes any other way.
    Hard(HardNumber),
    /// One roll: seven.
    AnySeven,
    /// One roll: 2, 3 or 12.
    AnyCraps,
    /// One roll: this number of the horn.
    Single(HornNumber),
    /// One roll: exactly these two faces.
    Hop(Pair),
    /// One roll, four equal parts: 2, 3, 11 and 12.
    Horn,
    /// A horn with a second part on this number.
    HornHigh(HornNumber),
    /// One roll, five equal parts: the horn and any seven.
    World,
    /// One roll, two equal parts: any craps and eleven.
    CrapsEleven,
    /// One roll, three equal parts: 2, 3 and 12.
    ThreeWay,
    /// One roll: 2 or 12.
    HiLo,
    /// One roll, three equal parts: 2, 12 and 11.
    HiLoYo,
    /// One roll: 8 or more.
    OverSeven,
    /// One roll: 6 or less.
    UnderSeven,
    /// One roll: 6 or less, the 2 paid better.
    LowDice,
    /// Four or more different points made in one hand.
    Fire,
    /// All of 2 to 6 before a seven.
    BonusSmall,
    /// All of 8 to 12 before a seven.
    BonusTall,
    /// All numbers before a seven.
    BonusAll,
    /// This number, as often as the layout says, before a seven.
    Repeater(RepeatNumber),
    /// How often the pass line wins in one hand.
    RideTheLine,
    /// A come-out seven, or a point and then at once a seven.
    Muggsy,
    /// One point made three times or more in one hand.
    Replay,
    /// Three or more different doubles before a seven.
    DifferentDoubles,
    /// A point on the come-out, then at once a seven.
    PointSeven,
    /// The second half of [`SevenPoint`](Self::SevenPoint): the seven has come. It cannot be placed directly.
    SevenPointUp,
    /// A seven on the come-out, then at once a point.
    SevenPoint,
}

impl BetKind {
    /// Every kind, numbered ones once for each number; in the order of the catalogue, which is their own order.
    pub fn all() -> impl Iterator<Item = Self> {
        catalogue::families().flat_map(|entry| entry.form.kinds())
    }

    /// The kind encoded by [`code`](Self::code), or `None` for any other pair of bytes.
    #[must_use]
    pub fn from_code(code: [u8; 2]) -> Option<Self> {
        let [family, number] = code;
        catalogue::families()
            .find(|entry| entry.code == family)?
            .form
            .with(number)
    }

    /// The kind with this [`id`](Self::id), or `None`.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::all().find(|kind| kind.id() == id)
    }

    /// The one encoding of this kind: its family's code, then its number, or 0 for a family of one.
    #[must_use]
    pub fn code(self) -> [u8; 2] {
        let (number, _) = self.number_and_slot();
        [catalogue::entry(self).code, number]
    }

    /// A stable identifier for programs, such as `pass-line` or `place-6`.
    #[must_use]
    pub fn id(self) -> &'static str {
        catalogue::entry(self).ids[self.slot()]
    }

    /// Words for people, such as "pass line" or "place 6".
    #[must_use]
    pub fn name(self) -> &'static str {
        catalogue::entry(self).names[self.slot()]
    }

    /// A stable identifier of the family: `place` for all place bets. A family of one has its kind's.
    #[must_use]
    pub fn family(self) -> &'static str {
        catalogue::entry(self).family
    }

    /// The box number that the bet itself names, if it is settled by one.
    #[must_use]
    pub const fn number(self) -> Option<BoxNumber> {
        match self {
            Self::ComePoint(number)
            | Self::ComeOdds(number)
            | Self::Place(number)
            | Self::DontComePoint(number)
            | Self::DontComeOdds(number)
            | Self::PlaceToLose(number)
            | Self::Buy(number)
            | Self::Lay(number) => Some(number),
            Self::Big(BigNumber::Six) => Some(BoxNumber::Six),
            Self::Big(BigNumber::Eight) => Some(BoxNumber::Eight),
            _ => None,
        }
    }

    /// When the bet may be placed at a table that does not take put bets; see [`Rules::window`](super::Rules::window).
    #[must_use]
    pub fn window(self) -> Window {
        catalogue::entry(self).window
    }

    /// The flat bet that must stand before these odds; `None` if the bet is not odds.
    #[must_use]
    pub const fn flat(self) -> Option<Self> {
        match self {
            Self::PassOdds => Some(Self::PassLine),
            Self::DontPassOdds => Some(Self::DontPass),
            Self::ComeOdds(number) => Some(Self::ComePoint(number)),
            Self::DontComeOdds(number) => Some(Self::DontComePoint(number)),
            _ => None,
        }
    }

    /// The odds that may stand behind this flat bet; `None` if there are none.
    #[must_use]
    pub const fn odds(self) -> Option<Self> {
        match self {
            Self::PassLine => Some(Self::PassOdds),
            Self::DontPass => Some(Self::DontPassOdds),
            Self::ComePoint(number) => Some(Self::ComeOdds(number)),
            Self::DontComePoint(number) => Some(Self::DontComeOdds(number)),
            _ => None,
        }
    }

    /// Whether the bet is decided by the next roll, whatever it is.
    #[must_use]
    pub fn is_one_roll(self) -> bool {
        catalogue::entry(self).step == catalogue::Step::OneRoll
    }

    /// Whether the seat may call it on or off.
    #[must_use]
    pub fn can_be_called(self) -> bool {
        catalogue::entry(self).working != catalogue::Working::Always
    }

    /// The kind's place in its family.
    pub(super) const fn slot(self) -> usize {
        let (_, slot) = self.number_and_slot();
        slot
    }

    /// The number's byte on the wire, and its place in the family.
    const fn number_and_slot(self) -> (u8, usize) {
        match self {
            Self::ComePoint(n)
            | Self::ComeOdds(n)
            | Self::Place(n)
            | Self::DontComePoint(n)
            | Self::DontComeOdds(n)
            | Self::PlaceToLose(n)
            | Self::Buy(n)
            | Self::Lay(n) => (n.total(), n as usize),
            Self::Big(n) => (n.total(), n as usize),
            Self::Hard(n) => (n.total(), n as usize),
            Self::Single(n) | Self::HornHigh(n) => (n.total(), n as usize),
            Self::Repeater(n) => (n.total(), n as usize),
            Self::Hop(pair) => (pair.code(), pair.index()),
            _ => (0, 0),
        }
    }
}

impl fmt::Display for BetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One standing bet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bet {
    /// The stake in chips, never 0; a commission that is held with it comes in addition.
    pub amount: Chips,
    /// The seat's call: on, off, or `None` for the house's default.
    pub working: Option<bool>,
}
