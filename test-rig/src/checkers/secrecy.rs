//! Nobody knows a roll while its bets can still change: an honest phone gives its share of a roll only once it has applied
//! the slot that closes it and every slot below, and liars work a roll out only when its close is decided.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bitcraps_core::table::Outcome;

use super::Property;
use crate::byzantine::Foreseen;

/// The kind of a share's message, and where its roll's low bits and its signer stand.
const SHARE: u8 = 13;
const ROLL: std::ops::Range<usize> = 4..6;
const SIGNER: usize = 6;
/// How many rolls and slots are remembered.
const KEPT_MAX: usize = 512;

/// What one phone has applied.
#[derive(Clone, Debug, Default)]
struct Applied {
    /// The last slot of those without a gap.
    through: u64,
    /// A slot that was applied although the one below it was not.
    above_a_gap: Option<u64>,
    /// The low bits of the rolls that are closed, the latest last.
    closed: VecDeque<u16>,
}

#[derive(Debug)]
pub(super) struct Secrecy {
    pub(super) property: Property,
    applied: Vec<Applied>,
    /// C_s of the slots that an honest phone has applied.
    decided: BTreeMap<u64, BTreeSet<[u8; 32]>>,
}

impl Secrecy {
    pub(super) fn new(phones: usize) -> Self {
        Self {
            property: Property::default(),
            applied: vec![Applied::default(); phones],
            decided: BTreeMap::new(),
        }
    }

    /// A phone goes on from this slot: it started again, or took a state that a quorum signed.
    pub(super) fn goes_on_from(&mut self, phone: usize, sequence: u64) {
        let applied = &mut self.applied[phone];
        applied.through = sequence;
        applied.above_a_gap = None;
    }

    pub(super) fn delivered(&mut self, phone: usize, sequence: u64, chain: [u8; 32]) {
        let applied = &mut self.applied[phone];
        if sequence > applied.through + 1 {
            applied.above_a_gap.get_or_insert(sequence);
        } else {
            applied.through = applied.through.max(sequence);
        }
        self.decided.entry(sequence).or_default().insert(chain);
        if self.decided.len() > KEPT_MAX {
            self.decided.pop_first();
        }
    }

    pub(super) fn happened(&mut self, phone: usize, outcome: &Outcome) {
        if let Outcome::RollClosed { roll, .. } = outcome {
            let [low, high, ..] = roll.to_le_bytes();
            let closed = &mut self.applied[phone].closed;
            closed.push_back(u16::from_le_bytes([low, high]));
            if closed.len() > KEPT_MAX {
                closed.pop_front();
            }
        }
    }

    /// An honest phone begins to say something.
    pub(super) fn sent(&mut self, phone: usize, message: &[u8]) {
        let signer = message.get(SIGNER).copied().map(usize::from);
        if message.first() != Some(&SHARE) || signer != Some(phone) {
            return;
        }
        let roll = u16::from_le_bytes([message[ROLL.start], message[ROLL.start + 1]]);
        let applied = &self.applied[phone];
        self.property.check(applied.closed.contains(&roll), || {
            format!("phone {phone} gives its share of roll {roll}, whose close it has not applied")
        });
        let gap = applied.above_a_gap;
        self.property.check(gap.is_none(), || {
            let (roll, above) = (roll, gap.unwrap_or_default());
            format!("phone {phone} gives its share of roll {roll} and lacks a slot below {above}")
        });
    }

    /// Liars have put a roll together.
    pub(super) fn foreseen(&mut self, phone: usize, foreseen: &Foreseen) {
        let Foreseen {
            roll,
            sequence,
            chain,
            dice,
        } = foreseen;
        let decided = self.decided.get(sequence);
        let is_decided = decided.is_some_and(|chains| chains.contains(chain));
        self.property.check(is_decided, || {
            format!("phone {phone} knows roll {roll} as {dice:?} before slot {sequence} is decided")
        });
    }
}
