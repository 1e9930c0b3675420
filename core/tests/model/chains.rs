//! Chains of at most two batches, each one of two: a digest is the whole sequence, so a small number names it.

/// A chain: 0 is empty, 1 and 2 fix slot one, 3 to 6 fix both. In a mask, chain c is bit c.
pub(crate) type Chain = u8;

pub(crate) const EMPTY: Chain = 0;
/// All chains that are not empty, the shorter ones first.
pub(crate) const CHAINS: [Chain; 6] = [1, 2, 3, 4, 5, 6];

/// How many slots the model has, and how much can be proposed for the second one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// Slot one, two batches.
    OneSlot,
    /// Slot two as well, with one batch behind each of slot one: enough for chains that part.
    Narrow,
    /// Two batches for either slot.
    Wide,
}

impl Scope {
    pub(crate) const fn slots(self) -> usize {
        match self {
            Self::OneSlot => 1,
            Self::Narrow | Self::Wide => 2,
        }
    }

    pub(crate) fn chains(self) -> &'static [Chain] {
        match self {
            Self::OneSlot => &[1, 2],
            Self::Narrow => &[1, 2, 3, 5],
            Self::Wide => &CHAINS,
        }
    }

    /// Ways to rename batches that leave every rule as it is. The first changes nothing, the second swaps the two
    /// batches everywhere. The others also swap them in slot two behind one batch only; nothing ever compares those.
    pub(crate) fn renamings(self) -> &'static [[Chain; 7]] {
        match self {
            Self::OneSlot => &RENAMINGS[..2],
            Self::Narrow => &NARROW_RENAMINGS,
            Self::Wide => &RENAMINGS,
        }
    }
}

pub(crate) const fn length(chain: Chain) -> usize {
    match chain {
        0 => 0,
        1 | 2 => 1,
        _ => 2,
    }
}

/// The chain without its last batch.
pub(crate) const fn parent(chain: Chain) -> Chain {
    match chain {
        3 | 4 => 1,
        5 | 6 => 2,
        _ => EMPTY,
    }
}

/// Whether `chain` begins with `start`.
pub(crate) const fn contains(chain: Chain, start: Chain) -> bool {
    start == EMPTY || chain == start || parent(chain) == start
}

pub(crate) const fn compatible(left: Chain, right: Chain) -> bool {
    contains(left, right) || contains(right, left)
}

const RENAMINGS: [[Chain; 7]; 8] = [
    [0, 1, 2, 3, 4, 5, 6],
    [0, 2, 1, 6, 5, 4, 3],
    [0, 1, 2, 4, 3, 5, 6],
    [0, 1, 2, 3, 4, 6, 5],
    [0, 1, 2, 4, 3, 6, 5],
    [0, 2, 1, 5, 6, 3, 4],
    [0, 2, 1, 5, 6, 4, 3],
    [0, 2, 1, 6, 5, 3, 4],
];
const NARROW_RENAMINGS: [[Chain; 7]; 2] = [[0, 1, 2, 3, 4, 5, 6], [0, 2, 1, 5, 6, 3, 4]];
