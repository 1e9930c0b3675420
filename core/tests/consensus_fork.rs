//! More liars than the table can bear: it stalls, or it forks, halts for good and says whose fault it was.

mod cluster;

use std::collections::BTreeSet;

use bitcraps_core::consensus::{
    Action, Epoch, Evidence, ForkProof, Halt, Head, Ignored, Message, NO_NEW_VIEW, Peer, Phase,
    Quorum, Reason, Record, Side, SideMessage, Slots, Status, genesis_chain,
};
use bitcraps_core::crypto::{Context, Digest};
use bitcraps_core::time::Instant;
use bitcraps_core::wire::{Decode, Encode, Kind};
use cluster::forge::{
    TAG, certificate, head_of, new_view_digest, pre_prepare, range, request, request_wire,
    sent_view_changes, view_change, vote_in,
};
use cluster::{Cluster, TABLE, VERSION, new_replica, roster, seat};

/// Tables, and how many liars fork each.
const ROOMS: [(usize, usize); 4] = [(4, 2), (7, 3), (9, 3), (16, 6)];

/// A table cut in two: each liar sits on both sides, the honest phones on one.
struct Cut {
    cluster: Cluster,
    n: usize,
    left: Vec<usize>,
    right: Vec<usize>,
    honest: Vec<usize>,
}

impl Cut {
    /// `liars` from seat `first` on; the first half of the honest phones is on the left.
    fn new(n: usize, first: usize, liars: usize) -> Self {
        let honest: Vec<usize> = (0..n)
            .filter(|seat| !(first..first + liars).contains(seat))
            .collect();
        let half = (n - liars) / 2;
        Self::of(
            n,
            first..first + liars,
            &honest[..half],
            &honest[half..2 * half],
        )
    }

    fn of(n: usize, liars: std::ops::Range<usize>, left: &[usize], right: &[usize]) -> Self {
        let seats: Vec<usize> = (0..n).chain(liars.clone()).collect();
        let mut cluster = Cluster::with_seats(n, &seats, 1);
        cluster.latency = (10, 10);
        cluster.above_the_bound = true;
        let twins = n..seats.len();
        let mut cut = Self {
            n,
            left: left.iter().copied().chain(liars.clone()).collect(),
            right: right.iter().copied().chain(twins).collect(),
            honest: (0..n).filter(|seat| !liars.contains(seat)).collect(),
            cluster,
        };
        for side in [cut.left.clone(), cut.right.clone()] {
            for a in &side {
                side.iter().for_each(|b| cut.cluster.connect(*a, *b));
            }
        }
        cut
    }

    /// One bet after the other on one side, until its phones have so many.
    fn play(&mut self, side: &[usize], count: usize) {
        let player = *side
            .iter()
            .find(|phone| self.honest.contains(phone))
            .expect("an honest one");
        for _ in 0..count {
            let want = self.cluster.requests(player) + 1;
            self.cluster.submit(player, &[u8::from(side == self.left)]);
            self.cluster.expect(side, want, 60_000);
        }
    }

    fn play_both(&mut self, count: usize) {
        let (left, right) = (self.left.clone(), self.right.clone());
        self.play(&left, count);
        self.play(&right, count);
    }

    fn merge(&mut self) {
        for a in self.left.clone() {
            for b in self.right.clone() {
                self.cluster.connect(a, b);
            }
        }
        self.cluster.run_for(500);
    }

    /// No commit vote of `view` leaves these phones.
    fn mute_commits(&mut self, phones: &[usize], view: u8) {
        for phone in phones {
            self.cluster.phones[*phone].filter = Some(Box::new(move |_, _, bytes| {
                let commit = bytes[0] == Kind::Commit as u8 && bytes[3] == view;
                if commit { Vec::new() } else { vec![(0, bytes)] }
            }));
        }
    }

    /// Every honest phone has stopped for good and blames enough phones for one of these reasons; none is honest (the
    /// cluster sees to that), and a stranger comes to the same names.
    #[track_caller]
    fn expect_halt(&mut self, reasons: &[Reason]) {
        let Quorum { q, f, n } = Quorum::of(self.n);
        for phone in self.honest.clone() {
            let (culprits, proof) = self.cluster.phones[phone]
                .halts
                .last()
                .unwrap_or_else(|| panic!("n = {n}: phone {phone} goes on"));
            assert!(
                culprits.len() >= 2 * q - n,
                "n = {n}, {phone}: {culprits:?}"
            );
            assert!(culprits.len() > f);
            let halt = Halt::from_bytes(proof).expect("a halt");
            let named = halt.culprits(&epoch(self.n)).expect("it holds");
            assert!(
                named.iter().all(|(_, reason)| reasons.contains(reason)),
                "{named:?}"
            );
            let named: BTreeSet<usize> = named.iter().map(|(s, _)| usize::from(s.0)).collect();
            assert_eq!(named, *culprits);
            let replica = &self.cluster.phones[phone].replica;
            assert!(replica.is_halted() && replica.next_wake().is_none());
        }
        // The cluster fails if anything is delivered, or signed, from here on.
        let own = self.cluster.own.len();
        for phone in self.honest.clone() {
            self.cluster.submit(phone, b"too late");
            // Not even what a quorum has signed: it would have to lie.
            let _ = self.cluster.inject(
                self.honest[0],
                phone,
                &decided_next(self.n, self.cluster.phones[phone].replica.delivered()),
            );
        }
        self.cluster.run_for(60_000);
        let signed = self.cluster.own[own..].iter();
        let kinds: BTreeSet<u8> = signed
            .filter(|(phone, _)| self.honest.contains(phone))
            .map(|(_, bytes)| bytes[0])
            .collect();
        assert!(kinds.is_subset(&BTreeSet::from([9, 10])), "{kinds:?}");
    }
}

/// An empty slot on top of this one, with a commit certificate that holds.
fn decided_next(n: usize, (sequence, tip): (u64, Digest)) -> Vec<u8> {
    let head = head_of(0, sequence + 1, &tip, &Vec::new());
    let signers = range(0, Quorum::of(n).q);
    let decided = certificate(n, Phase::Commit, &signers, head, &NO_NEW_VIEW);
    let slots = Slots {
        first: head.sequence,
        batches: vec![Vec::new()],
        certificate: Some((0, (&decided).into())),
    };
    Message::Slots(slots).to_wire(TAG, 0, head.sequence)
}

fn epoch(n: usize) -> Epoch {
    Epoch::new(VERSION, &TABLE, 0, 1, roster(n))
}

#[test]
fn silent_phones_above_the_bound_hold_the_table_up_and_nothing_else() {
    for n in [4, 7, 9, 16] {
        let mut cluster = Cluster::mesh(n);
        let silent = Quorum::of(n).spare() + 1;
        (0..silent).for_each(|phone| cluster.silence(phone));
        for _ in 0..5 {
            cluster.submit(n - 1, b"bet");
        }
        cluster.run_for(120_000);
        for phone in &cluster.phones {
            assert_eq!(phone.replica.delivered().0, 0, "n = {n}");
            assert!(phone.halts.is_empty() && phone.replica.load().pool <= 5);
        }
        cluster.phones[0].filter = None;
        cluster.expect(&range(silent, n), 5, 120_000);
    }
}

// Kills: halt not latched; culprits from the union of the signers; a status without its tag.
#[test]
fn two_branches_of_one_view_halt_every_honest_phone_when_they_meet() {
    for (n, liars) in ROOMS {
        let mut cut = Cut::new(n, 0, liars);
        cut.play_both(3);
        cut.merge();
        cut.expect_halt(&[Reason::TwoChains]);
    }
}

#[test]
fn branches_of_different_length_halt_the_table_whoever_is_ahead() {
    for (left, right) in [(1, 6), (6, 1)] {
        let mut cut = Cut::new(4, 0, 2);
        let sides = (cut.left.clone(), cut.right.clone());
        cut.play(&sides.0, left);
        cut.play(&sides.1, right);
        cut.merge();
        cut.expect_halt(&[Reason::TwoChains]);
    }
}

// Scenario 11. Kills: lock not reported is not noticed; "delivered" in a view-change excuses it.
#[test]
fn a_lock_that_a_later_view_forgot_is_amnesia_that_a_stranger_can_check() {
    for (n, liars) in ROOMS {
        // The first primary is honest and on the left: the right moves to view 1, and the liars hide what they
        // committed in view 0.
        let mut cut = Cut::new(n, 1, liars);
        cut.play_both(2);
        cut.merge();
        cut.expect_halt(&[Reason::Amnesia]);
        for phone in cut.honest.clone() {
            let convicted = &cut.cluster.phones[phone].convicted;
            assert!(convicted.len() > Quorum::of(n).f, "n = {n}");
            for (culprit, evidence) in convicted {
                let evidence = Evidence::from_bytes(evidence).unwrap();
                let table = Context::of_table(VERSION, &TABLE);
                assert_eq!(evidence.culprit, seat(*culprit));
                assert!(evidence.verify(&epoch(n), &table));
            }
        }
    }
}

// Kills: only the last view is looked at.
#[test]
fn amnesia_is_found_through_a_view_that_only_followed_it() {
    for (n, liars) in ROOMS {
        let mut cut = Cut::new(n, 1, liars);
        let right = cut.right.clone();
        cut.mute_commits(&right, 1);
        cut.play_both(1);
        let honest = right[0];
        assert!(cut.cluster.phones[honest].replica.view() >= 2, "n = {n}");
        cut.merge();
        cut.expect_halt(&[Reason::Amnesia]);
    }
}

// Kills: honest signer of a prepared certificate blamed (all signers of the head instead of those that also committed).
#[test]
fn a_view_that_went_on_from_the_wrong_head_leads_to_those_who_prepared_it() {
    for (n, liars) in ROOMS {
        let mut cut = Cut::new(n, 0, liars);
        let right = cut.right.clone();
        cut.mute_commits(&right, 0);
        cut.play_both(1);
        assert!(cut.cluster.phones[right[0]].replica.view() >= 1, "n = {n}");
        cut.merge();
        cut.expect_halt(&[Reason::TwoChains]);
    }
}

#[test]
fn a_fork_below_a_stable_checkpoint_is_found_like_any_other() {
    let mut cut = Cut::new(4, 0, 2);
    cut.play_both(20);
    let honest = cut.honest.clone();
    assert!(
        honest
            .iter()
            .all(|phone| cut.cluster.phones[*phone].replica.stable() == 16)
    );
    cut.merge();
    cut.expect_halt(&[Reason::TwoChains]);
}

#[test]
fn a_phone_that_was_asleep_and_meets_both_branches_halts_them() {
    let mut cut = Cut::of(7, 0..4, &[4], &[5]);
    cut.play_both(3);
    cut.cluster.connect(6, 4);
    cut.cluster.run_for(200);
    assert_eq!(cut.cluster.phones[6].replica.delivered().0, 3);
    cut.cluster.connect(6, 5);
    cut.cluster.run_for(500);
    cut.expect_halt(&[Reason::TwoChains]);
}

// Kills: who signed a checkpoint of one branch and a vote of the other is guilty.
#[test]
fn a_phone_that_only_has_a_checkpoint_halts_at_once_and_learns_the_culprits_from_those_who_voted() {
    let mut cut = Cut::of(7, 0..4, &[4], &[5]);
    cut.play_both(96);
    cut.cluster.connect(6, 4);
    cut.cluster.run_for(1_000);
    assert_eq!(cut.cluster.phones[6].installed, [96]);
    cut.cluster.cut(6, 4);
    cut.cluster.connect(6, 5);
    cut.cluster.run_for(500);
    assert!(cut.cluster.phones[6].halts[0].0.is_empty());
    cut.cluster.connect(6, 4);
    cut.cluster.run_for(500);
    cut.expect_halt(&[Reason::TwoChains]);
}

// Within the bound. Kills: votes along two chains in one view by an honest phone, which would be blamed for it.
#[test]
fn whoever_learns_that_a_slot_was_decided_otherwise_votes_no_more_in_that_view() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    (0..3).for_each(|other| cluster.cut(3, other));
    cluster.submit(1, b"bet");
    cluster.run_for(1_400);
    // 3 alone hears of a proposal in view 0, and votes for it.
    let batch = vec![request(0, 1, b"never decided")];
    let proposed = head_of(0, 1, &genesis_chain(&TABLE), &batch);
    let _ = cluster.inject(0, 3, &request_wire(&batch[0]));
    let _ = cluster.inject(0, 3, &pre_prepare(4, 0, proposed, &batch));
    let mut own = cluster.own.iter();
    assert!(own.any(|(phone, bytes)| *phone == 3 && bytes[0] == Kind::Prepare as u8));
    // The others need its view-change to go on without 0.
    for (from, to) in [(1, 3), (2, 3), (3, 1), (3, 2)] {
        cluster.phones[from].filter = Some(Box::new(move |_, at, bytes| {
            let deaf = at == to && matches!(bytes[0], 3..=7);
            if deaf { Vec::new() } else { vec![(0, bytes)] }
        }));
    }
    let its_report = view_change(4, 0, 1, 0, None);
    (1..3).for_each(|to| {
        let _ = cluster.inject(0, to, &its_report);
    });
    cluster.run_for(200);
    let began = cluster.phones[1].replica.view() == 1;
    assert!(began && cluster.phones[3].left.is_empty());
    decide_with_zero(&mut cluster);
    assert_eq!(cluster.requests(1), 1);
    cluster.connect(3, 1);
    cluster.run_for(60);
    assert_eq!(cluster.phones[3].replica.delivered().0, 1);
    assert_eq!(cluster.phones[3].left, [1]);
    assert!(!cluster.phones[3].replica.is_voting());
}

// Kills: a view entered whose head is another than what was delivered there; its votes would be against the head.
#[test]
fn a_view_that_began_against_what_is_delivered_is_not_entered() {
    let mut cut = Cut::new(4, 0, 2);
    let (right, here) = (cut.right.clone(), cut.left[0]);
    cut.mute_commits(&right, 0);
    cut.play_both(1);
    assert!(cut.cluster.phones[right[0]].replica.view() == 1);
    let of_right = cut.cluster.own.iter();
    let began: Vec<Vec<u8>> = of_right
        .filter(|(phone, bytes)| right.contains(phone) && matches!(bytes[0], 5..=7))
        .map(|(_, bytes)| bytes.clone())
        .collect();
    for bytes in &began {
        let _ = cut.cluster.inject(0, here, bytes);
    }
    assert_eq!(
        cut.cluster.phones[here].left,
        [1],
        "it follows the others out of view 0"
    );
    assert_eq!(cut.cluster.phones[here].replica.view(), 0);
}

/// 0 votes for what 1 and 2 are about to decide in view 1.
fn decide_with_zero(cluster: &mut Cluster) {
    let batch = vec![request(1, 1, b"bet")];
    let head = head_of(1, 1, &genesis_chain(&TABLE), &batch);
    let reports = sent_view_changes(cluster, 1);
    let with_zero = [&[view_change(4, 0, 1, 0, None)], &reports[..]].concat();
    let began = new_view_digest(4, 1, None, &with_zero);
    for phase in [Phase::Prepare, Phase::Commit] {
        for to in [1, 2] {
            let _ = cluster.inject(0, to, &vote_in(4, 0, phase, head, &began));
        }
    }
    cluster.run_for(50);
}

#[test]
fn a_halt_is_still_a_halt_after_a_restart() {
    let mut cut = Cut::new(4, 0, 2);
    cut.play_both(1);
    cut.merge();
    let proof = cut.cluster.phones[2].halts.last().unwrap().1.clone();
    let record = [&[8], &proof[..]].concat();
    let Ok(Record::Halted(halt)) = Record::from_bytes(&record) else {
        panic!("a halt record");
    };
    assert_eq!(Record::Halted(halt.clone()).to_bytes(), record);
    let mut replica = new_replica(4, 2);
    replica.restore_halt(halt);
    let actions: Vec<Action> = std::iter::from_fn(|| replica.poll_action()).collect();
    assert!(matches!(&actions[..], [Action::Halted { culprits, .. }] if culprits.len() == 2));
    assert!(replica.is_halted() && replica.submit(Instant(0), b"bet".to_vec()).is_none());
    replica.link_up(Peer(0));
    let Some(Action::Send { bytes, .. }) = replica.poll_action() else {
        panic!("it tells whoever comes");
    };
    assert_eq!(bytes[0], Kind::Halt as u8);
    assert_eq!(&bytes[6..], &proof[..]);
}

#[test]
fn a_status_with_a_lying_tag_costs_its_link_some_bytes_and_nothing_else() {
    let mut cluster = Cluster::mesh(4);
    for _ in 0..4 {
        cluster.submit(0, b"bet");
        cluster.run_for(100);
    }
    cluster.phones[3].honest = false;
    cluster.sends.clear();
    let delivered = cluster.phones[0].replica.delivered().0;
    let start = cluster.now;
    while cluster.now < start + 10_000 {
        for at in 0..=delivered + 1 {
            let status = Status {
                view: 0,
                delivered: at,
                stable: 0,
                epoch: 0,
                tag: [0xAA; 4],
            };
            let _ = cluster.inject(3, 0, &Message::Status(status).to_wire(TAG, 0, at));
        }
        cluster.run_for(10);
    }
    let sides = cluster
        .sends
        .iter()
        .filter(|(_, bytes)| bytes[0] == 23)
        .count();
    assert!((1..=45).contains(&sides), "four a second: {sides}");
    cluster.submit(0, b"bet");
    cluster.expect(&[0, 1, 2], 5, 1_000);
}

/// The message by which honest phones of a forked table stop.
fn genuine(first: usize) -> (Vec<u8>, Halt) {
    let mut cut = Cut::new(4, first, 2);
    cut.play_both(1);
    cut.merge();
    let proof = &cut.cluster.phones[cut.honest[0]]
        .halts
        .last()
        .expect("it halted")
        .1;
    let halt = Halt::from_bytes(proof).expect("a halt");
    let bytes = Message::Halt(halt.clone()).to_wire(TAG, 0, 1);
    if first == 0 {
        // Header, epoch and slot; two sides without batches, in view 0; no views.
        assert_eq!(bytes.len(), 6 + 16 + 2 * (1 + 32 + 1 + 8 + 3 + 64 * 3) + 1);
    }
    (bytes, halt)
}

// The cluster fails if anybody halts without cause.
#[test]
fn forged_halts_do_nothing() {
    for first in [0, 1] {
        let (bytes, halt) = genuine(first);
        let mut cluster = Cluster::mesh(4);
        cluster.phones[1].honest = false;
        // Behind the proof stand the views: without them it names nobody, and is no less true.
        let views = 6 + halt.proof.to_bytes().len();
        for at in 6..=views {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            assert!(cluster.inject(1, 0, &forged).is_err(), "byte {at}");
            assert!(cluster.inject(1, 2, &bytes[..at]).is_err(), "cut at {at}");
            cluster.now += 251;
        }
        let mut lies: Vec<Halt> = Vec::new();
        let proof = &halt.proof;
        let with = |proof: ForkProof| Halt {
            proof,
            views: Vec::new(),
        };
        let swapped = ForkProof {
            left: proof.right.clone(),
            right: proof.left.clone(),
            ..proof.clone()
        };
        let same = ForkProof {
            right: proof.left.clone(),
            ..proof.clone()
        };
        lies.extend([swapped, same].map(with));
        lies.push(with(ForkProof {
            epoch: 1,
            ..proof.clone()
        }));
        for lie in lies {
            assert!(!lie.proof.verify(&epoch(4)));
            let bytes = Message::Halt(lie).to_wire(TAG, 0, 1);
            assert!(cluster.inject(1, 0, &bytes).is_err());
            cluster.now += 251;
        }
        cluster.submit(0, b"bet");
        cluster.expect(&[0, 2, 3], 1, 1_000);
        // And the true one stops everybody, whether it had decided anything or not.
        cluster.above_the_bound = true;
        (0..4).for_each(|phone| cluster.phones[phone].honest = false);
        assert_eq!(cluster.inject(1, 0, &bytes), Ok(()));
        cluster.run_for(50);
        assert!(cluster.phones.iter().all(|phone| phone.replica.is_halted()));
    }
}

// Kills: two prepared certificates halt; a side of another epoch is compared.
#[test]
fn prepared_certificates_and_other_epochs_halt_nobody() {
    let mut cluster = Cluster::mesh(4);
    cluster.submit(0, b"bet");
    cluster.run_for(200);
    cluster.phones[3].honest = false;
    let head = Head {
        view: 0,
        sequence: 1,
        chain: Digest([9; 32]),
    };
    let zero = Digest([0; 32]);
    let all_three = [1, 2, 3];
    for (epoch, phase) in [(0, Phase::Prepare), (1, Phase::Commit)] {
        let mut votes = certificate(4, phase, &all_three, head, &zero);
        votes.phase = Phase::Commit;
        let mut side = Side::Commit {
            chain: head.chain,
            batches: Vec::new(),
            certificate: votes,
        };
        let message = Message::Side(SideMessage {
            epoch,
            sequence: 1,
            side: side.clone(),
        });
        let refused = cluster.inject(3, 0, &message.to_wire(TAG, 0, 1));
        assert!(matches!(
            refused,
            Err(Ignored::BadSignature | Ignored::Stale)
        ));
        cluster.now += 251;
        if let Side::Commit { certificate, .. } = &mut side {
            certificate.phase = phase;
        }
        let commits = phase == Phase::Commit;
        assert_eq!(side.verify(&self::epoch(4), 1), commits, "{phase:?}");
    }
}
