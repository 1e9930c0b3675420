//! Single signing: an honest key signs at most one thing for each place, and nothing that is not durable first.
//!
//! Read from the bytes of the write-ahead records and of the messages that begin to leave. A place
//! is a view and a slot for proposals and votes of a phase, a view for view-changes and new-views, a number for requests.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::Property;

const REQUEST: u8 = 1;
const PRE_PREPARE: u8 = 2;
const PREPARE: u8 = 3;
const COMMIT: u8 = 4;
const VIEW_CHANGE: u8 = 5;
const NEW_VIEW: u8 = 6;
const CHECKPOINT: u8 = 8;
const HEADER: usize = 6;
/// In front of a record's message: its kind, and for proposals and votes the head that the message has only a tag of.
const OWN: u8 = 1;
const HEAD: usize = 48;

/// A message's kind, its epoch, and the two numbers of its place.
type Place = (u8, u64, u64, u64);

#[derive(Clone, Debug, Default)]
struct Signer {
    signed: BTreeMap<Place, Vec<u8>>,
    epoch: u64,
    /// The seats that vote, in the order in which they lead views, and those of the epoch before: what was signed in that
    /// may still be on its way.
    members: [Vec<usize>; 2],
    view: u64,
    sequence: u64,
    /// Hashes of the records that are durable.
    durable: BTreeSet<[u8; 16]>,
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
            signers: vec![
                Signer {
                    members: [(0..phones).collect(), (0..phones).collect()],
                    ..Signer::default()
                };
                phones
            ],
        }
    }

    /// Others vote, and views begin at 0 again.
    pub(super) fn epoch_began(&mut self, phone: usize, epoch: u64, members: Vec<usize>) {
        let signer = &mut self.signers[phone];
        signer.epoch = epoch;
        signer.view = 0;
        signer.members.rotate_right(1);
        signer.members[0] = members;
    }

    /// The phone died and is back: what its key signed before still binds it.
    pub(super) fn restarted(&mut self, phone: usize, epoch: u64, view: u64, members: Vec<usize>) {
        if self.signers[phone].epoch != epoch {
            self.epoch_began(phone, epoch, members);
        }
        self.signers[phone].view = view;
    }

    /// A record is durable. `binds`: the phone knows all that it signed before, so it must not contradict it.
    pub(super) fn persisted(&mut self, phone: usize, record: &[u8], binds: bool) {
        let Some(record) = own_message(record) else {
            return;
        };
        let signer = &mut self.signers[phone];
        signer.durable.insert(short_hash(record));
        let Some(place) = signer.place(record) else {
            return;
        };
        // A vote names its signer and the first bytes of the chain digest; everything else is compared whole.
        let end = match place.0 {
            PREPARE | COMMIT | CHECKPOINT => HEADER + 5,
            _ => record.len(),
        };
        let what = record.get(HEADER..end).unwrap_or(record);
        let first = signer.signed.entry(place).or_insert_with(|| what.to_vec());
        let same = *first == what;
        self.property.check(same || !binds, || {
            let (kind, epoch, a, b) = place;
            format!(
                "phone {phone} signed two messages of kind {kind} for {a}, {b} in epoch {epoch}"
            )
        });
    }

    /// A message began to leave an honest phone: if it is its own, its record must be durable.
    pub(super) fn sent(&mut self, phone: usize, message: &[u8]) {
        let signer = &self.signers[phone];
        if signer.is_own(phone, message) {
            let durable = signer.durable.contains(&short_hash(message));
            self.property.check(durable, || {
                let kind = message[0];
                format!("phone {phone} sent a message of kind {kind} that is not in its journal")
            });
        }
    }
}

impl Signer {
    /// Whether this phone is the one that signs such a message. Proposals and new-views do not say of which epoch they
    /// are: they count where it leads their view by the members of now and by those of the epoch before.
    fn is_own(&self, phone: usize, message: &[u8]) -> bool {
        let [kind, _, _, view, ..] = *message else {
            return false;
        };
        let leads = |view: u64| {
            let primary = |members: &Vec<usize>| {
                let count = members.len().max(1) as u64;
                members
                    .iter()
                    .zip(0..)
                    .any(|(m, at)| *m == phone && at == view % count)
            };
            self.members.iter().all(primary)
        };
        match kind {
            REQUEST | PREPARE | COMMIT | VIEW_CHANGE | CHECKPOINT => message
                .get(HEADER)
                .is_some_and(|seat| usize::from(*seat) == phone),
            PRE_PREPARE => leads(nearest(u64::from(view), self.view, 1 << 8)),
            NEW_VIEW => message
                .get(HEADER..HEADER + 8)
                .and_then(|bytes| bytes.try_into().ok())
                .is_some_and(|bytes| leads(u64::from_le_bytes(bytes))),
            _ => false,
        }
    }

    fn place(&mut self, record: &[u8]) -> Option<Place> {
        let number = |at: usize| {
            let bytes = record.get(at..at + 8)?;
            Some(u64::from_le_bytes(bytes.try_into().ok()?))
        };
        let [kind, _, _, view, low, high, ..] = *record else {
            return None;
        };
        match kind {
            // Requests outlive epochs.
            REQUEST => Some((kind, 0, number(HEADER + 1)?, 0)),
            VIEW_CHANGE => Some((kind, self.epoch, number(HEADER + 1)?, 0)),
            NEW_VIEW => Some((kind, self.epoch, number(HEADER)?, 0)),
            _ => {
                let sequence = u64::from(u16::from_le_bytes([low, high]));
                if kind != CHECKPOINT {
                    self.view = nearest(u64::from(view), self.view, 1 << 8);
                }
                self.sequence = nearest(sequence, self.sequence, 1 << 16);
                let view = if kind == CHECKPOINT { 0 } else { self.view };
                Some((kind, self.epoch, view, self.sequence))
            }
        }
    }
}

/// The message in the record of something that the phone signed.
fn own_message(record: &[u8]) -> Option<&[u8]> {
    match record {
        [OWN, 0, message @ ..] => Some(message),
        [OWN, 1, rest @ ..] => rest.get(HEAD..),
        _ => None,
    }
}

fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
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

    /// The record of a message that was signed here.
    fn record(message: Vec<u8>) -> Vec<u8> {
        [vec![OWN, 0], message].concat()
    }

    fn vote(kind: u8, view: u8, sequence: u16, tag: u8) -> Vec<u8> {
        let [low, high] = sequence.to_le_bytes();
        [
            &[kind, 0, 0, view, low, high, 0, tag, 0, 0, 0][..],
            &[9; 64],
        ]
        .concat()
    }

    fn view_change(view: u8, claim: u8) -> Vec<u8> {
        let header = [VIEW_CHANGE, 0, 0, view, 0, 0];
        let statement = [0, view, 0, 0, 0, 0, 0, 0, 0, claim];
        [&header[..], &statement, &[9; 64]].concat()
    }

    #[test]
    fn two_digests_for_one_slot_are_seen_and_a_repetition_is_not() {
        let mut checker = Signing::new(4);
        checker.persisted(0, &record(vote(PREPARE, 0, 1, 1)), true);
        checker.persisted(0, &record(vote(PREPARE, 0, 1, 1)), true);
        checker.persisted(0, &record(vote(COMMIT, 0, 1, 1)), true);
        checker.persisted(0, &record(vote(PREPARE, 1, 1, 2)), true);
        assert_eq!(checker.property.status(), Status::Held);
        checker.persisted(0, &record(vote(PREPARE, 0, 1, 2)), true);
        assert_eq!(checker.property.status(), Status::Violated);
    }

    #[test]
    fn two_view_changes_for_one_view_are_seen() {
        let mut checker = Signing::new(4);
        checker.persisted(0, &record(view_change(1, 1)), true);
        checker.persisted(0, &record(view_change(2, 2)), true);
        assert_eq!(checker.property.status(), Status::Held);
        checker.persisted(0, &record(view_change(2, 3)), true);
        assert_eq!(checker.property.status(), Status::Violated);
    }

    #[test]
    fn an_own_message_that_leaves_before_its_record_is_seen_and_a_relayed_one_is_not() {
        let mut checker = Signing::new(4);
        let own = vote(PREPARE, 0, 1, 1);
        checker.persisted(0, &record(own.clone()), true);
        checker.sent(0, &own);
        // Seat 0's vote, passed on by phone 1.
        checker.sent(1, &own);
        assert_eq!(checker.property.status(), Status::Held);
        assert_eq!(checker.property.checked, 2);
        checker.sent(0, &vote(COMMIT, 0, 1, 1));
        assert_eq!(checker.property.status(), Status::Violated);
    }

    #[test]
    fn a_new_view_of_whoever_leads_among_the_members_that_are_left_is_not_taken_for_ones_own() {
        let new_view =
            |view: u8| [&[NEW_VIEW, 0, 0, view, 0, 0, view][..], &[0; 7], &[9; 80]].concat();
        let mut checker = Signing::new(4);
        checker.epoch_began(1, 1, vec![1, 2, 3]);
        // Seat 2 leads view 1 now; phone 1 led it in the epoch before.
        checker.sent(1, &new_view(1));
        assert_eq!(checker.property.checked, 0);
        checker.epoch_began(1, 2, vec![1, 2, 3]);
        checker.sent(1, &new_view(1));
        assert_eq!(checker.property.checked, 0);
        checker.sent(1, &new_view(3));
        assert_eq!(checker.property.status(), Status::Violated);
    }

    #[test]
    fn low_bits_that_come_round_again_are_another_slot() {
        let mut checker = Signing::new(1);
        for sequence in 0..200_000_u64 {
            let low = u16::try_from(sequence % 65_536).unwrap();
            checker.persisted(
                0,
                &record(vote(
                    PREPARE,
                    0,
                    low,
                    u8::try_from(sequence / 65_536).unwrap(),
                )),
                true,
            );
        }
        assert_eq!(checker.property.status(), Status::Held);
    }
}
