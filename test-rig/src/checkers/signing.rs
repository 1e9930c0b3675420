//! Single signing: an honest key signs at most one proposal and one vote of a phase for a view and sequence number.
//!
//! Read from the bytes of the write-ahead records, which hold every signed message before it leaves.

use std::collections::BTreeMap;

use super::Property;

const PRE_PREPARE: u8 = 2;
const PREPARE: u8 = 3;
const COMMIT: u8 = 4;
const HEADER: usize = 6;

#[derive(Clone, Debug, Default)]
struct Signer {
    /// (kind, view, sequence) → what was signed.
    signed: BTreeMap<(u8, u64, u64), Vec<u8>>,
    view: u64,
    sequence: u64,
}

#[derive(Debug)]
pub(super) struct Signing {
    pub(super) property: Property,
    signers: Vec<Signer>,
}

impl Signing {
    pub(super) fn new(phones: usize) -> Self {
        Self {
            property: Property::default(),
            signers: vec![Signer::default(); phones],
        }
    }

    pub(super) fn persisted(&mut self, phone: usize, record: &[u8]) {
        let [
            kind @ (PRE_PREPARE | PREPARE | COMMIT),
            _,
            _,
            view,
            low,
            high,
            ..,
        ] = *record
        else {
            return;
        };
        let signer = &mut self.signers[phone];
        let view = nearest(u64::from(view), signer.view, 1 << 8);
        let sequence = nearest(
            u64::from(u16::from_le_bytes([low, high])),
            signer.sequence,
            1 << 16,
        );
        signer.view = view;
        signer.sequence = sequence;
        // A vote names its signer and the first bytes of the chain digest; a proposal names its batch.
        let end = if kind == PRE_PREPARE {
            record.len()
        } else {
            HEADER + 5
        };
        let what = record.get(HEADER..end).unwrap_or(record).to_vec();
        let first = signer
            .signed
            .entry((kind, view, sequence))
            .or_insert_with(|| what.clone());
        let same = *first == what;
        self.property.check(same, || {
            format!(
                "phone {phone} signed two messages of kind {kind} for view {view} slot {sequence}"
            )
        });
    }
}

/// The number nearest to `near` that ends in these low bits.
fn nearest(low: u64, near: u64, modulus: u64) -> u64 {
    let base = near / modulus * modulus;
    let candidates = [
        base.saturating_sub(modulus) + low,
        base + low,
        base + modulus + low,
    ];
    candidates
        .into_iter()
        .min_by_key(|candidate| candidate.abs_diff(near))
        .unwrap_or(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::Status;

    fn vote(kind: u8, view: u8, sequence: u16, tag: u8) -> Vec<u8> {
        let [low, high] = sequence.to_le_bytes();
        [
            &[kind, 0, 0, view, low, high, 3, tag, 0, 0, 0][..],
            &[9; 64],
        ]
        .concat()
    }

    #[test]
    fn two_digests_for_one_slot_are_seen_and_a_repetition_is_not() {
        let mut checker = Signing::new(1);
        checker.persisted(0, &vote(PREPARE, 0, 1, 1));
        checker.persisted(0, &vote(PREPARE, 0, 1, 1));
        checker.persisted(0, &vote(COMMIT, 0, 1, 1));
        checker.persisted(0, &vote(PREPARE, 1, 1, 2));
        assert_eq!(checker.property.status(), Status::Held);
        checker.persisted(0, &vote(PREPARE, 0, 1, 2));
        assert_eq!(checker.property.status(), Status::Violated);
    }

    #[test]
    fn low_bits_that_come_round_again_are_another_slot() {
        let mut checker = Signing::new(1);
        for sequence in 0..200_000_u64 {
            let low = u16::try_from(sequence % 65_536).unwrap();
            checker.persisted(
                0,
                &vote(PREPARE, 0, low, u8::try_from(sequence / 65_536).unwrap()),
            );
        }
        assert_eq!(checker.property.status(), Status::Held);
    }
}
