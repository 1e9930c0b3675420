//! Agreement and the gap-free prefix: no two honest phones deliver different things at a sequence number, each
//! delivers 1, 2, 3 … without a gap, and every request once.

use std::collections::BTreeMap;

use bitcraps_core::consensus::Batch;
use sha2::{Digest as _, Sha256};

use super::Property;

#[derive(Debug)]
pub(super) struct Agreement {
    pub(super) agreement: Property,
    pub(super) gap_free: Property,
    /// What the first honest phone delivered at each sequence number: chain digest and contents.
    first: BTreeMap<u64, ([u8; 32], [u8; 32], usize)>,
    last: Vec<u64>,
    seen: Vec<BTreeMap<(u8, u64), u64>>,
    /// The first state that was seen after a slot; one whose roll waits for its dice is another than the one after it.
    states: BTreeMap<(u64, bool), ([u8; 32], usize)>,
}

impl Agreement {
    pub(super) fn new(phones: usize) -> Self {
        Self {
            agreement: Property::default(),
            gap_free: Property::default(),
            first: BTreeMap::new(),
            last: vec![0; phones],
            seen: vec![BTreeMap::new(); phones],
            states: BTreeMap::new(),
        }
    }

    pub(super) fn delivered(
        &mut self,
        phone: usize,
        sequence: u64,
        chain: [u8; 32],
        batch: &Batch,
    ) {
        let contents = contents(batch);
        let (first_chain, first_contents, by) = *self
            .first
            .entry(sequence)
            .or_insert((chain, contents, phone));
        self.agreement
            .check(first_chain == chain && first_contents == contents, || {
                format!("phones {by} and {phone} delivered different slots {sequence}")
            });
        let expected = self.last[phone] + 1;
        self.gap_free.check(sequence == expected, || {
            format!("phone {phone} delivered slot {sequence} where {expected} was next")
        });
        self.last[phone] = sequence;
        for request in batch {
            let (player, number) = (request.player().0, request.number());
            let new = self.seen[phone]
                .insert((player, number), sequence)
                .is_none();
            self.gap_free.check(new, || {
                format!("phone {phone} delivered request {number} of player {player} twice")
            });
        }
    }

    /// A phone went on from a certified state, which fixes everything up to its slot.
    pub(super) fn installed(&mut self, phone: usize, sequence: u64, chain: [u8; 32]) {
        self.gap_free.check(sequence > self.last[phone], || {
            format!("phone {phone} went back to the state of slot {sequence}")
        });
        self.last[phone] = sequence;
        if let Some((first, _, by)) = self.first.get(&sequence) {
            let by = *by;
            self.agreement.check(*first == chain, || {
                format!("phone {phone} took over another slot {sequence} than phone {by} delivered")
            });
        }
    }

    /// A phone starts again after this slot. `false` if it told its player of another one last: then it died before it
    /// could tell, or its journal is not what it was.
    pub(super) fn restarted(&mut self, phone: usize, sequence: u64) -> bool {
        let told = self.last[phone] == sequence;
        self.last[phone] = sequence;
        self.seen[phone].retain(|_, slot| *slot <= sequence);
        told
    }

    /// Phones that stopped at the same slot, and on the same side of its dice, are in the same state.
    pub(super) fn final_state(
        &mut self,
        phone: usize,
        (sequence, waits): (u64, bool),
        state: [u8; 32],
    ) {
        let (first, by) = *self
            .states
            .entry((sequence, waits))
            .or_insert((state, phone));
        self.agreement.check(first == state, || {
            format!("phones {by} and {phone} are in different states after slot {sequence}")
        });
        let told = self.last[phone];
        self.gap_free.check(told == sequence, || {
            format!("phone {phone} is at slot {sequence} and told its player of {told}")
        });
    }
}

fn contents(batch: &Batch) -> [u8; 32] {
    let mut hash = Sha256::new();
    for request in batch {
        hash.update([request.player().0]);
        hash.update(request.number().to_le_bytes());
        hash.update((request.payload().len() as u64).to_le_bytes());
        hash.update(request.payload());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::Status;

    #[test]
    fn a_fork_and_a_gap_are_seen() {
        let mut checker = Agreement::new(2);
        assert_eq!(checker.agreement.status(), Status::Unknown);
        checker.delivered(0, 1, [1; 32], &Batch::new());
        checker.delivered(1, 1, [1; 32], &Batch::new());
        assert_eq!(checker.agreement.status(), Status::Held);
        checker.delivered(0, 2, [2; 32], &Batch::new());
        checker.delivered(1, 2, [3; 32], &Batch::new());
        assert_eq!(checker.agreement.status(), Status::Violated);
        assert_eq!(checker.gap_free.status(), Status::Held);
        checker.delivered(1, 4, [3; 32], &Batch::new());
        assert_eq!(checker.gap_free.status(), Status::Violated);
    }

    #[test]
    fn different_states_after_the_same_slot_are_seen() {
        let mut checker = Agreement::new(2);
        checker.final_state(0, (0, false), [1; 32]);
        checker.final_state(1, (0, true), [2; 32]);
        assert_eq!(checker.agreement.status(), Status::Held);
        checker.final_state(1, (0, false), [2; 32]);
        assert_eq!(checker.agreement.status(), Status::Violated);
    }
}
