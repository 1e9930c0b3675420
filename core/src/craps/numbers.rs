//! The totals that families of bets are made on, one closed type for each family: a bet on a number that the
//! layout does not have cannot be written down.

use std::fmt;

use super::dice::Roll;

/// One enum over some totals of two dice: its members, their totals, and the way back.
macro_rules! totals {
    ($(#[$doc:meta])* $name:ident { $($member:ident = $total:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name {
            $(#[doc = concat!("A total of ", $total, ".")] $member,)+
        }

        impl $name {
            /// All of them, in rising order.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The one with this total, or `None`.
            #[must_use]
            pub const fn from_total(total: u8) -> Option<Self> {
                match total {
                    $($total => Some(Self::$member),)+
                    _ => None,
                }
            }

            /// The total of the dice that it stands for.
            #[must_use]
            pub const fn total(self) -> u8 {
                match self {
                    $(Self::$member => $total,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.total().fmt(f)
            }
        }
    };
}

totals! {
    /// The four numbers of the horn.
    HornNumber { Two = 2, Three = 3, Eleven = 11, Twelve = 12 }
}

totals! {
    /// The four numbers that can be thrown the hard way.
    HardNumber { Four = 4, Six = 6, Eight = 8, Ten = 10 }
}

totals! {
    /// The two numbers of the big bets.
    BigNumber { Six = 6, Eight = 8 }
}

totals! {
    /// The ten numbers that can be repeated: all but the seven.
    RepeatNumber {
        Two = 2, Three = 3, Four = 4, Five = 5, Six = 6,
        Eight = 8, Nine = 9, Ten = 10, Eleven = 11, Twelve = 12,
    }
}

impl RepeatNumber {
    /// How often it must come before a seven.
    #[must_use]
    pub const fn times(self) -> u8 {
        match self {
            Self::Two | Self::Twelve => 2,
            Self::Three | Self::Eleven => 3,
            Self::Four | Self::Ten => 4,
            Self::Five | Self::Nine => 5,
            Self::Six | Self::Eight => 6,
        }
    }
}

/// What two dice show, whichever is which: 21 different ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pair {
    low: u8,
    high: u8,
}

impl Pair {
    /// How many there are.
    pub const COUNT: usize = 21;

    /// All of them, the low die outermost.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self { low: 1, high: 1 }; Self::COUNT];
        let (mut at, mut low, mut high) = (0, 1, 1);
        while at < Self::COUNT {
            all[at] = Self { low, high };
            if high == 6 {
                low += 1;
                high = low;
            } else {
                high += 1;
            }
            at += 1;
        }
        all
    };

    /// The pair encoded by [`code`](Self::code), or `None`.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|pair| pair.code() == code)
    }

    /// Low face times ten plus high face: 11, 12, … 66.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.low * 10 + self.high
    }

    /// Its place in [`ALL`](Self::ALL).
    #[must_use]
    pub const fn index(self) -> usize {
        // Before the row of `low` lie the rows 1 to low − 1, of 6, 5, … pairs.
        let before = (self.low - 1) * (14 - self.low) / 2;
        (before + self.high - self.low) as usize
    }

    /// A roll that shows it.
    #[must_use]
    pub const fn roll(self) -> Roll {
        Roll::of_faces(self.low, self.high)
    }

    /// Both dice together.
    #[must_use]
    pub const fn total(self) -> u8 {
        self.low + self.high
    }

    /// Whether both dice show the same.
    #[must_use]
    pub const fn is_double(self) -> bool {
        self.low == self.high
    }
}

impl From<Roll> for Pair {
    fn from(roll: Roll) -> Self {
        let (first, second) = (roll.first(), roll.second());
        Self {
            low: first.min(second),
            high: first.max(second),
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.low, self.high)
    }
}
