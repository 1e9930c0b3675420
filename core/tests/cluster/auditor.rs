//! What an honest phone may sign, judged from the bytes alone, however often it dies and starts again.

use std::collections::{BTreeMap, BTreeSet};

use bitcraps_core::consensus::genesis_chain;
use bitcraps_core::crypto::{Context, Digest};

/// Reads what a phone signs off the wire: layouts from `core/docs/protocol.md`, not from the code under test.
pub(super) struct Auditor {
    /// What requests' digests cover.
    table: Digest,
    persisted: BTreeSet<Vec<u8>>,
    /// One byte string for each (what, view, sequence).
    signed: BTreeMap<(u8, u64, u64), Vec<u8>>,
    /// One request of each number, in whatever epoch.
    requests: BTreeMap<u64, Vec<u8>>,
    commits: (u64, u64),
    left_for: u64,
    /// The batches that are durable: each chain digest with its parent's.
    batches: BTreeMap<[u8; 32], [u8; 32]>,
    /// What was delivered or taken over.
    roots: BTreeSet<[u8; 32]>,
    /// The highest place for which a prepared certificate is durable.
    prepared: Option<(u64, u64)>,
}

impl Auditor {
    /// Of a phone at this table, whose signatures cover this version.
    pub(super) fn new(version: u16, table: &Digest) -> Self {
        Self {
            table: Context::of_table(version, table).0,
            persisted: BTreeSet::new(),
            signed: BTreeMap::new(),
            requests: BTreeMap::new(),
            commits: (0, 0),
            left_for: 0,
            batches: BTreeMap::new(),
            roots: BTreeSet::from([genesis_chain(table).0]),
            prepared: None,
        }
    }

    /// Own messages stand at the end of their records, behind a head that is there or not.
    pub(super) fn persist(&mut self, record: &[u8]) {
        let (message, place) = match record {
            [1, 0, message @ ..] => (message, None),
            [1, 1, rest @ ..] => {
                self.vote(&rest[..48], rest[48]);
                // The message itself has the low bits of both alone.
                (&rest[48..], Some((u64_at(rest, 0), u64_at(rest, 8))))
            }
            [2, batch @ ..] => return self.hold(batch),
            [3, 1, head @ ..] => {
                let place = Some((u64_at(head, 0), u64_at(head, 8)));
                self.prepared = self.prepared.max(place);
                return;
            }
            _ => return,
        };
        self.sign(message, place);
        self.persisted.insert(message.to_vec());
    }

    /// Views begin at 0 again.
    pub(super) fn enter_epoch(&mut self) {
        self.signed.clear();
        self.commits = (0, 0);
        self.left_for = 0;
        self.prepared = None;
    }

    /// The chain goes on from here.
    pub(super) fn reach(&mut self, chain: &Digest) {
        self.roots.insert(chain.0);
    }

    pub(super) fn flood(&mut self, bytes: &[u8]) {
        if matches!(bytes[0], 1..=6 | 8) {
            assert!(
                self.persisted.contains(bytes),
                "sent before it was durable: {bytes:?}"
            );
        }
    }

    /// A batch record: parent, sequence number, and the requests with their lengths and signatures.
    fn hold(&mut self, record: &[u8]) {
        let (parent, sequence) = (&record[..32], &record[32..40]);
        let mut rest = &record[41..];
        let mut digests = Vec::new();
        for _ in 0..record[40] {
            let (length, body) = rest.split_at(2);
            let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
            let (statement, behind) = body.split_at(length);
            digests.push(Digest::of(
                "bitcraps/request/v1",
                &[&self.table.0, statement],
            ));
            rest = &behind[64..];
        }
        let digests: Vec<&[u8]> = digests.iter().map(|digest| &digest.0[..]).collect();
        let batch = Digest::of("bitcraps/batch/v1", &digests);
        let chain = Digest::of("bitcraps/chain/v1", &[parent, sequence, &batch.0]);
        let parent = *parent.first_chunk().expect("32 bytes");
        self.batches.insert(chain.0, parent);
    }

    /// A proposal or vote is about to be signed: all that it commits to is durable by then.
    fn vote(&self, head: &[u8], kind: u8) {
        let mut chain = *head[16..].first_chunk::<32>().expect("32 bytes");
        while !self.roots.contains(&chain) {
            chain = *self
                .batches
                .get(&chain)
                .expect("a vote without the bodies below");
        }
        let place = (u64_at(head, 0), u64_at(head, 8));
        assert!(
            kind != 4 || self.prepared >= Some(place),
            "a commit without a prepared certificate: {place:?}"
        );
    }

    fn sign(&mut self, bytes: &[u8], place: Option<(u64, u64)>) {
        let low = u64::from(u16::from_le_bytes([bytes[4], bytes[5]]));
        let (view, sequence) = place.unwrap_or_else(|| (u64::from(bytes[3]), low));
        let key = match bytes[0] {
            1 => {
                let number = u64_at(bytes, 7);
                let first = self
                    .requests
                    .entry(number)
                    .or_insert_with(|| bytes.to_vec());
                assert_eq!(first, bytes, "two requests with number {number}");
                return;
            }
            2 | 3 => (3, view, sequence),
            4 => {
                self.commits = self.commits.max((view, sequence));
                (4, view, sequence)
            }
            5 => {
                let prepared = (bytes[23] == 1).then(|| (u64_at(bytes, 24), u64_at(bytes, 32)));
                assert!(
                    prepared.unwrap_or_default() >= self.commits,
                    "a view-change hides a lock"
                );
                self.left_for = self.left_for.max(u64_at(bytes, 7));
                (5, u64_at(bytes, 7), 0)
            }
            6 => (6, u64_at(bytes, 6), 0),
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

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk::<8>().expect("a long record"))
}
