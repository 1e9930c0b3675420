//! Two dice, the six box numbers and the puck.

use std::fmt;

/// What two dice show, each 1 to 6, in the order in which they were drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Roll {
    first: u8,
    second: u8,
}

impl Roll {
    /// The roll of two faces, or `None` if a face is not 1 to 6.
    pub fn new(first: u8, second: u8) -> Option<Self> {
        let face = 1..=6;
        (face.contains(&first) && face.contains(&second)).then_some(Self { first, second })
    }

    /// The roll of two faces that are known to be 1 to 6.
    pub(super) const fn of_faces(first: u8, second: u8) -> Self {
        Self { first, second }
    }

    /// The 36 equally likely rolls, first die outermost.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=6).flat_map(|first| (1..=6).map(move |second| Self { first, second }))
    }

    /// The face of the first die, 1 to 6.
    #[must_use]
    pub const fn first(self) -> u8 {
        self.first
    }

    /// The face of the second die, 1 to 6.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }

    /// The sum of both faces, 2 to 12.
    #[must_use]
    pub const fn total(self) -> u8 {
        // Both faces are at most 6, so the sum cannot leave a byte.
        self.first + self.second
    }

    /// Whether both dice show the same face ("the hard way").
    #[must_use]
    pub const fn is_double(self) -> bool {
        self.first == self.second
    }
}

impl fmt::Display for Roll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.second)
    }
}

/// One of the six totals that can become a point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BoxNumber {
    /// 4, three ways to roll.
    Four,
    /// 5, four ways to roll.
    Five,
    /// 6, five ways to roll.
    Six,
    /// 8, five ways to roll.
    Eight,
    /// 9, four ways to roll.
    Nine,
    /// 10, three ways to roll.
    Ten,
}

impl BoxNumber {
    /// All six, in rising order.
    pub const ALL: [Self; 6] = [
        Self::Four,
        Self::Five,
        Self::Six,
        Self::Eight,
        Self::Nine,
        Self::Ten,
    ];

    /// The box number with this total, or `None` for 7, the craps, 11 and anything else.
    pub fn from_total(total: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|number| number.total() == total)
    }

    /// The total of the dice that this number stands for.
    pub const fn total(self) -> u8 {
        match self {
            Self::Four => 4,
            Self::Five => 5,
            Self::Six => 6,
            Self::Eight => 8,
            Self::Nine => 9,
            Self::Ten => 10,
        }
    }
}

impl fmt::Display for BoxNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.total().fmt(f)
    }
}

/// Where the puck lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Off: the next roll is a come-out roll.
    ComeOut,
    /// On a number: the line bets wait for it or for a seven.
    Point(BoxNumber),
}

impl Phase {
    /// The point, if one is set.
    pub fn point(self) -> Option<BoxNumber> {
        match self {
            Self::ComeOut => None,
            Self::Point(number) => Some(number),
        }
    }

    /// The phase after a roll of this total: a box number sets the point, the point or a seven
    /// clears it.
    pub(crate) fn after(self, total: u8) -> Self {
        match self {
            Self::ComeOut => BoxNumber::from_total(total).map_or(Self::ComeOut, Self::Point),
            Self::Point(point) if total == point.total() || total == 7 => Self::ComeOut,
            Self::Point(_) => self,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ComeOut => f.write_str("come-out"),
            Self::Point(number) => write!(f, "point {number}"),
        }
    }
}
