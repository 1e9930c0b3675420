//! Dice: every phone sees the same, and they are what the log's secrets make.
//!
//! The interim dice are computed here again from the delivered operations alone.

use std::collections::BTreeMap;

use bitcraps_core::consensus::Batch;
use bitcraps_core::table::Outcome;

use super::{Property, tagged_hash};

const COMMIT: u8 = 7;
const REVEAL: u8 = 8;

/// Commitments and secrets by (roll, seat), as one phone delivered them.
#[derive(Clone, Debug, Default)]
struct Log {
    commitments: BTreeMap<(u64, u8), [u8; 32]>,
    secrets: BTreeMap<(u64, u8), [u8; 32]>,
}

#[derive(Debug)]
pub(super) struct Dice {
    pub(super) property: Property,
    table: [u8; 32],
    rolled: BTreeMap<u64, ((u8, u8), usize)>,
    logs: Vec<Log>,
    /// Whose log has a gap; such a phone's dice are compared with the others' only.
    partial: Vec<bool>,
}

impl Dice {
    pub(super) fn new(phones: usize, table: [u8; 32]) -> Self {
        Self {
            property: Property::default(),
            table,
            rolled: BTreeMap::new(),
            logs: vec![Log::default(); phones],
            partial: vec![false; phones],
        }
    }

    /// A phone went on from a certified state: part of its log was not told.
    pub(super) fn installed(&mut self, phone: usize) {
        self.partial[phone] = true;
    }

    pub(super) fn delivered(&mut self, phone: usize, _sequence: u64, batch: &Batch) {
        for request in batch {
            let Some((operation, rest)) = request.payload().split_first() else {
                continue;
            };
            let Some((roll, rest)) = rest.split_first_chunk::<8>() else {
                continue;
            };
            let Ok(bytes) = <[u8; 32]>::try_from(rest) else {
                continue;
            };
            let key = (u64::from_le_bytes(*roll), request.player().0);
            let log = &mut self.logs[phone];
            match *operation {
                COMMIT => {
                    log.commitments.entry(key).or_insert(bytes);
                }
                REVEAL if self.fits(phone, key, &bytes) => {
                    self.logs[phone].secrets.entry(key).or_insert(bytes);
                }
                _ => {}
            }
        }
    }

    fn fits(&self, phone: usize, (roll, seat): (u64, u8), secret: &[u8; 32]) -> bool {
        let parts: [&[u8]; 4] = [&self.table, &roll.to_le_bytes(), &[seat], secret];
        let expected = tagged_hash("bitcraps/interim/commitment/v1", &parts);
        self.logs[phone].commitments.get(&(roll, seat)) == Some(&expected)
    }

    pub(super) fn happened(&mut self, phone: usize, outcome: &Outcome) {
        let Outcome::Rolled(result) = outcome else {
            return;
        };
        let dice = (
            result.settlement.roll.first(),
            result.settlement.roll.second(),
        );
        let (first, by) = *self.rolled.entry(result.roll).or_insert((dice, phone));
        self.property.check(first == dice, || {
            format!(
                "roll {}: phone {by} saw {first:?}, phone {phone} {dice:?}",
                result.roll
            )
        });
        if self.partial[phone] {
            return;
        }
        let left_out: Vec<u8> = result.left_out.iter().map(|seat| seat.0).collect();
        let computed = self.compute(phone, result.roll, &left_out);
        self.property.check(computed == dice, || {
            format!(
                "roll {}: phone {phone} saw {dice:?}, the log makes {computed:?}",
                result.roll
            )
        });
    }

    /// The dice that the secrets delivered at this phone make, those of left-out seats excepted.
    fn compute(&self, phone: usize, roll: u64, left_out: &[u8]) -> (u8, u8) {
        let mut parts: Vec<Vec<u8>> = vec![self.table.to_vec(), roll.to_le_bytes().to_vec()];
        for ((_, seat), secret) in self.logs[phone].secrets.range((roll, 0)..=(roll, u8::MAX)) {
            if !left_out.contains(seat) {
                parts.push([&[*seat][..], secret].concat());
            }
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let seed = tagged_hash("bitcraps/interim/seed/v1", &parts);
        for counter in 0..u32::MAX {
            let block = tagged_hash("bitcraps/dice/v1", &[&seed, &counter.to_le_bytes()]);
            if let Some(byte) = block.into_iter().find(|byte| *byte < 252) {
                return (byte % 36 / 6 + 1, byte % 6 + 1);
            }
        }
        (0, 0)
    }
}
