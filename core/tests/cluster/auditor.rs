//! What an honest phone may sign, judged from the bytes alone.

use std::collections::{BTreeMap, BTreeSet};

/// Reads what a phone signs off the wire: layouts from `core/docs/protocol.md`, not from the code under test.
#[derive(Default)]
pub(super) struct Auditor {
    persisted: BTreeSet<Vec<u8>>,
    /// One byte string for each (what, view, sequence).
    signed: BTreeMap<(u8, u64, u64), Vec<u8>>,
    commits: (u64, u64),
    left_for: u64,
}

impl Auditor {
    /// Own messages stand at the end of their records, behind a head that is there or not.
    pub(super) fn persist(&mut self, record: &[u8]) {
        let message = match record {
            [1, 0, message @ ..] => message,
            [1, 1, rest @ ..] => &rest[48..],
            _ => return,
        };
        self.sign(message);
        self.persisted.insert(message.to_vec());
    }

    /// Views begin at 0 again.
    pub(super) fn enter_epoch(&mut self) {
        self.signed.clear();
        self.commits = (0, 0);
        self.left_for = 0;
    }

    pub(super) fn flood(&mut self, bytes: &[u8]) {
        if matches!(bytes[0], 1..=6 | 8) {
            assert!(
                self.persisted.contains(bytes),
                "sent before it was durable: {bytes:?}"
            );
        }
    }

    fn sign(&mut self, bytes: &[u8]) {
        let u64_at = |at: usize| {
            u64::from_le_bytes(*bytes[at..].first_chunk::<8>().expect("a long message"))
        };
        let view = u64::from(bytes[3]);
        let sequence = u64::from(u16::from_le_bytes([bytes[4], bytes[5]]));
        let key = match bytes[0] {
            2 | 3 => (3, view, sequence),
            4 => {
                self.commits = self.commits.max((view, sequence));
                (4, view, sequence)
            }
            5 => {
                let prepared = (bytes[23] == 1).then(|| (u64_at(24), u64_at(32)));
                assert!(
                    prepared.unwrap_or_default() >= self.commits,
                    "a view-change hides a lock"
                );
                self.left_for = self.left_for.max(u64_at(7));
                (5, u64_at(7), 0)
            }
            6 => (6, u64_at(6), 0),
            8 => {
                // One of each slot, in whatever view.
                let first = self
                    .signed
                    .entry((8, 0, sequence))
                    .or_insert_with(|| bytes.to_vec());
                assert_eq!(first, bytes, "two checkpoints for {sequence}");
                return;
            }
            _ => return,
        };
        assert!(
            key.1 >= self.left_for,
            "a vote in a view that was left: {key:?}"
        );
        let first = self.signed.entry(key).or_insert_with(|| bytes.to_vec());
        assert_eq!(first, bytes, "two signatures for one {key:?}");
    }
}
