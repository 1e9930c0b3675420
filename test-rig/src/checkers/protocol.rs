//! By the protocol: rules of its description that an honest phone could break for a long time before anything else goes
//! wrong. They are read from what it makes durable and from what it tells its player.
//!
//! - It votes for nothing that it does not hold, down to what is delivered (5.5).
//! - It commits with a prepared certificate on its disk, for that slot or one above it, and its view-changes name one that
//!   is no lower than what it committed to (8.2, R1, R2).
//! - Once it has left a view it votes there no more (R2), nor for a slot beyond the end of its epoch (5.15).
//! - Every certificate that it relies on has a quorum's signatures, no more and no fewer.
//! - What it signs covers the table, the epoch, its roster and the view's new-view (4).
//! - It enters a view on a quorum's view-changes, at the highest head among them (5.8).
//! - An epoch begins W + 1 slots above the one that changed the members (5.15).
//! - Whom it has proof against it knows after a restart too (5.14).

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signature, VerifyingKey};

use super::records::{
    COMMIT, Entered, Head, Message, PRE_PREPARE, PREPARE, Record, VIEW_CHANGE, ViewChange,
};
use super::{Property, quorum, signed_bytes, tagged_hash};

const VERSION: u16 = 1;
/// W: how many slots above the last applied one may be voted on.
const WINDOW: u64 = 8;

/// What the checker knows of one phone.
#[derive(Clone, Debug, Default)]
struct Replica {
    epoch: u64,
    /// Who votes, in the order in which they lead views; unset where the room was not asked in time.
    members: Option<Vec<usize>>,
    /// The batches on its disk: each chain digest, and the one below.
    below: BTreeMap<[u8; 32], [u8; 32]>,
    /// Chain digests up to which everything is delivered.
    delivered: BTreeSet<[u8; 32]>,
    /// What it has prepared certificates for in this epoch, and the last view that it wanted to go to.
    prepared: BTreeSet<Head>,
    wanted: u64,
    /// The highest head that it signed a commit for.
    committed: Option<Head>,
    /// First slots of epochs to come, by what it told its player.
    changes: BTreeSet<u64>,
    /// The new-views of the epoch's views that it entered.
    new_views: BTreeMap<u64, [u8; 32]>,
    /// Which kinds of message were looked at in which view of the epoch: one of each is enough.
    looked_at: BTreeSet<(u8, u64)>,
    /// Seats of which it has a proof on its disk.
    proven: BTreeSet<u8>,
}

#[derive(Debug)]
pub(super) struct Protocol {
    pub(super) property: Property,
    table: [u8; 32],
    keys: Vec<[u8; 32]>,
    /// First slots of the epochs that follow from what phones said of changes.
    firsts: BTreeSet<u64>,
    /// The quorum of each epoch whose members are known.
    quorums: BTreeMap<u64, usize>,
    replicas: Vec<Replica>,
}

impl Protocol {
    pub(super) fn new(keys: Vec<[u8; 32]>, table: [u8; 32]) -> Self {
        let genesis = tagged_hash("bitcraps/chain/genesis/v1", &[&table]);
        let replica = Replica {
            members: Some((0..keys.len()).collect()),
            delivered: BTreeSet::from([genesis]),
            ..Replica::default()
        };
        Self {
            property: Property::default(),
            table,
            quorums: BTreeMap::from([(0, quorum(keys.len()))]),
            replicas: vec![replica; keys.len()],
            keys,
            firsts: BTreeSet::new(),
        }
    }

    /// A record is durable.
    pub(super) fn persisted(&mut self, phone: usize, record: &[u8]) {
        let record = Record::read(record);
        self.property.check(record.is_some(), || {
            format!("phone {phone} wrote a record that is none")
        });
        match record {
            Some(Record::Own(head, message)) => self.signed(phone, head, &message),
            Some(Record::Batch(below, sequence, requests)) => {
                let chain = self.chain(&below, sequence, &requests);
                self.replicas[phone].below.insert(chain, below);
            }
            Some(Record::Certificate(phase, head, signers)) => {
                self.is_quorum(phone, self.replicas[phone].epoch, signers);
                if phase == 1 {
                    self.replicas[phone].prepared.insert(head);
                }
            }
            Some(Record::Entered(entered)) => self.entered(phone, &entered),
            Some(Record::Checkpoint(epoch, signers)) => self.is_quorum(phone, epoch, signers),
            Some(Record::Evidence(culprit)) => {
                self.replicas[phone].proven.insert(culprit);
            }
            Some(Record::Other) | None => {}
        }
    }

    /// Everything up to this chain digest is delivered.
    pub(super) fn delivered(&mut self, phone: usize, chain: [u8; 32]) {
        self.replicas[phone].delivered.insert(chain);
    }

    /// The slot changed the members, as a phone says.
    pub(super) fn members_change(&mut self, phone: usize, sequence: u64) {
        let first = sequence + WINDOW + 1;
        self.firsts.insert(first);
        self.replicas[phone].changes.insert(first);
    }

    /// A phone began an epoch at a slot. `members`: as far as the room can still say who votes there.
    pub(super) fn epoch_began(
        &mut self,
        phone: usize,
        (epoch, first): (u64, u64),
        members: Option<Vec<usize>>,
    ) {
        self.property.check(self.firsts.contains(&first), || {
            format!("phone {phone} begins epoch {epoch} at slot {first}, where no change leads to")
        });
        if let Some(members) = &members {
            self.quorums.insert(epoch, quorum(members.len()));
        }
        let replica = &mut self.replicas[phone];
        replica.go_to(epoch, members);
        replica.changes = replica.changes.split_off(&(first + 1));
    }

    /// A phone started again, with its whole journal; `convicted` are the seats whose votes it does not count.
    pub(super) fn restarted(
        &mut self,
        phone: usize,
        epoch: u64,
        members: &[usize],
        convicted: &[u8],
    ) {
        let replica = &mut self.replicas[phone];
        if replica.epoch != epoch {
            replica.go_to(epoch, Some(members.to_vec()));
            // It died between making the change durable and telling of it.
            replica.changes.clear();
        }
        let sits = |seat: &&u8| members.contains(&usize::from(**seat));
        for seat in replica.proven.iter().filter(sits) {
            self.property.check(convicted.contains(seat), || {
                format!("phone {phone} has proof against seat {seat} and forgot it at its restart")
            });
        }
    }

    fn signed(&mut self, phone: usize, head: Option<Head>, message: &Message<'_>) {
        match (head, message.kind) {
            (Some(head), kind) => self.voted(phone, head, kind),
            (None, VIEW_CHANGE) => self.left(phone, ViewChange::said(message.statement)),
            (None, _) => {}
        }
        let view = head.map_or(0, |head| head.view);
        let what = (message.kind, view);
        if self.replicas[phone].looked_at.contains(&what) {
            return;
        }
        let Some(covered) = self.covered(phone, head, message) else {
            return;
        };
        self.replicas[phone].looked_at.insert(what);
        let key = VerifyingKey::from_bytes(&self.keys[phone]).ok();
        let signature = Signature::from_bytes(&message.signature);
        let holds = key.is_some_and(|key| key.verify_strict(&covered, &signature).is_ok());
        self.property.check(holds, || {
            let (kind, epoch) = (message.kind, self.replicas[phone].epoch);
            format!(
                "phone {phone} signed a message of kind {kind} in view {view} of epoch {epoch}, \
                 and the signature does not cover what it should"
            )
        });
    }

    fn voted(&mut self, phone: usize, head: Head, kind: u8) {
        let Head { view, sequence, .. } = head;
        let replica = &self.replicas[phone];
        let first_of_next = replica.changes.first().copied().unwrap_or(u64::MAX);
        let rules = [
            (replica.holds(head.chain), "without having it"),
            (
                kind != COMMIT || replica.is_prepared(head),
                "to commit it, without a prepared certificate",
            ),
            (view >= replica.wanted, "after it had left that view"),
            (sequence < first_of_next, "which is of the next epoch"),
        ];
        if kind == COMMIT {
            let replica = &mut self.replicas[phone];
            replica.committed = replica.committed.max(Some(head));
        }
        for (holds, problem) in rules {
            self.property.check(holds, || {
                format!("phone {phone} voted for slot {sequence} in view {view} {problem}")
            });
        }
    }

    /// A view-change was signed.
    fn left(&mut self, phone: usize, said: Option<ViewChange<'_>>) {
        let replica = &mut self.replicas[phone];
        let Some(said) = said else {
            return;
        };
        replica.wanted = replica.wanted.max(said.view);
        let proven = said
            .prepared
            .is_none_or(|head| replica.prepared.contains(&head));
        let (named, committed) = (said.prepared, replica.committed);
        let place = |head: Option<Head>| head.map(|head| (head.view, head.sequence));
        self.property.check(proven && named >= committed, || {
            format!(
                "phone {phone} goes to view {} and names {:?} as its highest prepared (view, slot); \
                 it has committed to {:?}",
                said.view,
                place(named),
                place(committed)
            )
        });
    }

    fn is_quorum(&mut self, phone: usize, epoch: u64, signers: usize) {
        let Some(q) = self.quorums.get(&epoch).copied() else {
            return;
        };
        self.property.check(signers == q, || {
            format!(
                "phone {phone} relies on a certificate of {signers} seats, not on a quorum of {q}"
            )
        });
    }

    /// The bytes that a signature covers. Nothing for what is not looked at, or where the checker does not know who votes.
    fn covered(&self, phone: usize, head: Option<Head>, message: &Message<'_>) -> Option<Vec<u8>> {
        let epoch = self.epoch_context(phone)?;
        let phase = match message.kind {
            PRE_PREPARE | PREPARE => 1_u8,
            COMMIT => 2,
            VIEW_CHANGE => {
                let tag = "bitcraps/view-change/v1";
                return Some(signed_bytes(tag, &epoch, message.statement));
            }
            _ => return None,
        };
        let head = head?;
        let new_view = match head.view {
            0 => [0; 32],
            view => *self.replicas[phone].new_views.get(&view)?,
        };
        let context = tagged_hash("bitcraps/context/view/v1", &[&epoch, &new_view]);
        let statement = [&[phase][..], &head.bytes()].concat();
        Some(signed_bytes("bitcraps/vote/v1", &context, &statement))
    }

    fn entered(&mut self, phone: usize, entered: &Entered<'_>) {
        let Some(q) = self.quorums.get(&self.replicas[phone].epoch).copied() else {
            return;
        };
        let signers = entered.view_changes.iter().map(|report| report.signer);
        let whole = entered.seats.len() == q
            && signers.eq(entered.seats.iter().copied())
            && entered.view_changes.iter().all(|r| r.view == entered.view);
        let view = entered.view;
        self.property.check(whole, || {
            let count = entered.seats.len();
            format!(
                "phone {phone} entered view {view} on {count} view-changes, not on a quorum of {q}"
            )
        });
        let claims = entered.view_changes.iter().map(|report| report.prepared);
        self.property
            .check(claims.max().flatten() == entered.head, || {
                format!("phone {phone} entered view {view} at another head than the highest named")
            });
        if let Some(epoch) = self.epoch_context(phone) {
            let digest =
                |statement: &[u8]| tagged_hash("bitcraps/view-change/v1", &[&epoch, statement]);
            let statement = entered.statement(digest);
            let digest = tagged_hash("bitcraps/new-view/v1", &[&epoch, &statement]);
            self.replicas[phone].new_views.insert(view, digest);
        }
    }

    /// C_s.
    fn chain(&self, below: &[u8; 32], sequence: u64, requests: &[&[u8]]) -> [u8; 32] {
        let parts: [&[u8]; 2] = [&VERSION.to_le_bytes(), &self.table];
        let table = tagged_hash("bitcraps/context/table/v1", &parts);
        let digests: Vec<[u8; 32]> = requests
            .iter()
            .map(|statement| tagged_hash("bitcraps/request/v1", &[&table, statement]))
            .collect();
        let parts: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
        let batch = tagged_hash("bitcraps/batch/v1", &parts);
        tagged_hash(
            "bitcraps/chain/v1",
            &[below, &sequence.to_le_bytes(), &batch],
        )
    }

    fn epoch_context(&self, phone: usize) -> Option<[u8; 32]> {
        let replica = &self.replicas[phone];
        let members = replica.members.as_ref()?;
        let mut seats = members.clone();
        seats.sort_unstable();
        let mut roster = vec![u8::try_from(seats.len()).ok()?];
        for seat in seats {
            roster.push(u8::try_from(seat).ok()?);
            roster.extend(self.keys.get(seat)?);
        }
        roster.push(u8::try_from(*members.first()?).ok()?);
        let roster = tagged_hash("bitcraps/roster/v1", &[&roster]);
        let (version, epoch) = (VERSION.to_le_bytes(), replica.epoch.to_le_bytes());
        let parts: [&[u8]; 4] = [&version, &self.table, &epoch, &roster];
        Some(tagged_hash("bitcraps/context/epoch/v1", &parts))
    }
}

impl Replica {
    fn go_to(&mut self, epoch: u64, members: Option<Vec<usize>>) {
        self.epoch = epoch;
        self.members = members;
        self.new_views.clear();
        self.prepared.clear();
        self.committed = None;
        self.wanted = 0;
        self.looked_at.clear();
    }

    /// Whether a prepared certificate is for this head, or in its view for one that stands on it.
    fn is_prepared(&self, head: Head) -> bool {
        let mut certified = self.prepared.range(head..);
        certified.any(|above| above.view == head.view && self.stands_on(above.chain, head.chain))
    }

    fn stands_on(&self, chain: [u8; 32], wanted: [u8; 32]) -> bool {
        let mut at = Some(chain);
        while let Some(chain) = at.filter(|chain| *chain != wanted) {
            at = self.below.get(&chain).copied();
        }
        at.is_some()
    }

    /// Whether every batch from here down to something delivered is on the disk.
    fn holds(&self, chain: [u8; 32]) -> bool {
        let mut at = chain;
        while !self.delivered.contains(&at) {
            match self.below.get(&at) {
                Some(below) => at = *below,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::Status;

    const TABLE: [u8; 32] = [7; 32];

    fn four() -> Protocol {
        Protocol::new(vec![[1; 32]; 4], TABLE)
    }

    fn view_change(signer: u8, claim: Option<u8>) -> Vec<u8> {
        let mut message = vec![VIEW_CHANGE, 0, 0, 1, 0, 0, signer];
        message.extend([&1_u64.to_le_bytes()[..], &[0; 8]].concat());
        message.extend(optional_head(claim));
        message.extend([9; 64]);
        message
    }

    fn optional_head(chain: Option<u8>) -> Vec<u8> {
        let Some(chain) = chain else {
            return vec![0];
        };
        let head = Head {
            view: 0,
            sequence: 1,
            chain: [chain; 32],
        };
        [vec![1], head.bytes()].concat()
    }

    /// The record of view 1 that began at a head with these view-changes.
    fn entered(head: Option<u8>, claims: &[Option<u8>]) -> Vec<u8> {
        let new_view = [
            &[6, 0, 0, 1, 0, 0][..],
            &1_u64.to_le_bytes(),
            &optional_head(head),
            &[(1 << claims.len()) - 1, 0, 0],
            &vec![0; 16 * claims.len() + 64],
        ]
        .concat();
        let with_length = |bytes: Vec<u8>| {
            let length = u16::try_from(bytes.len()).unwrap().to_le_bytes();
            [&length[..], &bytes].concat()
        };
        let count = u8::try_from(claims.len()).unwrap();
        let reports = (0..count).zip(claims);
        let reports = reports.flat_map(|(seat, claim)| with_length(view_change(seat, *claim)));
        let record = [vec![4], with_length(new_view), vec![count]].concat();
        record.into_iter().chain(reports).collect()
    }

    fn verdict(record: &[u8]) -> Status {
        let mut checker = four();
        checker.persisted(0, record);
        checker.property.status()
    }

    #[test]
    fn a_view_is_entered_on_a_quorum_at_the_highest_head_that_it_names() {
        let claims = [None, Some(5), Some(3)];
        assert_eq!(verdict(&entered(Some(5), &claims)), Status::Held);
        assert_eq!(verdict(&entered(None, &[None; 3])), Status::Held);
        assert_eq!(verdict(&entered(Some(3), &claims)), Status::Violated);
        assert_eq!(verdict(&entered(None, &claims)), Status::Violated);
        assert_eq!(verdict(&entered(None, &[None; 2])), Status::Violated);
        assert_eq!(verdict(&entered(None, &[None; 4])), Status::Violated);
    }

    /// The record of an own vote for slot 1 of view 0.
    fn vote(kind: u8) -> Vec<u8> {
        let head = optional_head(Some(5));
        [&[1][..], &head, &[kind, 0, 0, 0, 1, 0], &[0; 69]].concat()
    }

    fn certificate(signers: u8) -> Vec<u8> {
        let head = optional_head(Some(5)).split_off(1);
        [&[3, 1][..], &head, &[signers, 0, 0]].concat()
    }

    fn leaves(claim: Option<u8>) -> Vec<u8> {
        [vec![1, 0], view_change(0, claim)].concat()
    }

    /// What the checker says after these records, signatures and holdings apart.
    fn judged(records: &[Vec<u8>]) -> Status {
        let mut checker = four();
        checker.delivered(0, [5; 32]);
        checker.replicas[0].looked_at =
            BTreeSet::from([(PREPARE, 0), (COMMIT, 0), (VIEW_CHANGE, 0)]);
        records
            .iter()
            .for_each(|record| checker.persisted(0, record));
        checker.property.status()
    }

    #[test]
    fn a_commit_needs_a_prepared_certificate_of_a_quorum() {
        let three = certificate(0b0111);
        assert_eq!(judged(&[vote(PREPARE)]), Status::Held);
        assert_eq!(judged(&[three.clone(), vote(COMMIT)]), Status::Held);
        assert_eq!(judged(&[vote(COMMIT)]), Status::Violated);
        assert_eq!(judged(&[certificate(0b0011)]), Status::Violated);
    }

    #[test]
    fn a_view_change_names_the_lock_and_is_the_end_of_voting_in_the_view() {
        let three = certificate(0b0111);
        assert_eq!(judged(&[leaves(None)]), Status::Held);
        assert_eq!(judged(&[three.clone(), leaves(Some(5))]), Status::Held);
        let commit = [three.clone(), vote(COMMIT)];
        let after = |claim| judged(&[&commit[..], &[leaves(claim)]].concat());
        assert_eq!(after(Some(5)), Status::Held);
        assert_eq!(after(None), Status::Violated);
        assert_eq!(judged(&[leaves(Some(5))]), Status::Violated);
        assert_eq!(judged(&[leaves(None), vote(PREPARE)]), Status::Violated);
    }

    #[test]
    fn nobody_votes_beyond_the_end_of_an_epoch_that_it_knows_of() {
        for (sequence, status) in [(1, Status::Held), (0, Status::Violated)] {
            let mut checker = four();
            checker.delivered(0, [5; 32]);
            checker.replicas[0].looked_at.insert((PREPARE, 0));
            checker.replicas[0].changes.insert(sequence + 1);
            checker.persisted(0, &vote(PREPARE));
            assert_eq!(checker.property.status(), status);
        }
    }

    #[test]
    fn an_epoch_begins_a_window_and_one_slot_above_the_one_that_changed_the_members() {
        for (first, status) in [(14, Status::Held), (6, Status::Violated)] {
            let mut checker = four();
            checker.members_change(2, 5);
            checker.epoch_began(2, (1, first), None);
            assert_eq!(checker.property.status(), status, "{first}");
        }
    }

    #[test]
    fn whom_a_phone_has_proof_against_it_knows_when_it_starts_again() {
        let evidence = [&[7][..], &[0; 8], &[3, 1, 0]].concat();
        for (convicted, members, status) in [
            (&[3_u8][..], [0, 1, 2, 3], Status::Held),
            (&[], [0, 1, 2, 3], Status::Violated),
            // Whoever has been expelled needs no proof any more.
            (&[], [0, 1, 2, 4], Status::Held),
        ] {
            let mut checker = four();
            checker.persisted(1, &evidence);
            checker.restarted(1, 0, &members, convicted);
            assert_eq!(checker.property.status(), status, "{convicted:?}");
        }
    }

    #[test]
    fn a_vote_for_what_is_not_held_is_seen_however_far_below_the_gap_is() {
        let mut checker = four();
        let genesis = tagged_hash("bitcraps/chain/genesis/v1", &[&TABLE]);
        let first = checker.chain(&genesis, 1, &[]);
        let second = checker.chain(&first, 2, &[]);
        let batch = |below: [u8; 32], sequence: u64| {
            [&[2][..], &below, &sequence.to_le_bytes(), &[0]].concat()
        };
        checker.persisted(0, &batch(first, 2));
        assert!(!checker.replicas[0].holds(second), "the first is missing");
        checker.persisted(0, &batch(genesis, 1));
        assert!(checker.replicas[0].holds(second));
        assert!(!checker.replicas[1].holds(second), "it is another's disk");
        checker.delivered(1, first);
        checker.persisted(1, &batch(first, 2));
        assert!(checker.replicas[1].holds(second), "the rest is delivered");
    }
}
