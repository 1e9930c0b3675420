//! Lies that two signed statements prove: who is convicted, by what, and what is no proof.

mod cluster;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use bitcraps_core::consensus::{
    CertificateBody, Epoch, Evidence, Head, Ignored, Lie, Message, NO_NEW_VIEW, Phase, Slots,
    ViewChange, genesis_chain,
};
use bitcraps_core::consensus::{Peer, SignedBytes};
use bitcraps_core::crypto::{Context, Digest, Signature, Signed};
use bitcraps_core::time::Instant;
use bitcraps_core::wire::{Decode, Encode, Kind};
use cluster::forge::{
    TAG, certificate, drop_commits, head_of, new_view, pre_prepare, range, request, request_wire,
    sent_view_changes, sign_vote, view_change, vote,
};
use cluster::{Cluster, TABLE, VERSION, epoch_context, identity, new_replica, roster, seat};

/// One message delay in these rooms, and a little more.
const DELAY: u64 = 11;

fn epoch(n: usize) -> Epoch {
    Epoch::new(VERSION, &TABLE, 0, 1, roster(n))
}

fn table() -> Context {
    Context::of_table(VERSION, &TABLE)
}

/// A room in which these phones lie by what the test injects for them, and say nothing else.
fn room(n: usize, liars: &[usize]) -> Cluster {
    let mut cluster = Cluster::mesh(n);
    for liar in liars {
        cluster.phones[*liar].honest = false;
        cluster.silence(*liar);
    }
    cluster
}

/// Every honest phone has convicted exactly this phone, of this, with a proof that needs nothing but the roster.
#[track_caller]
fn convicted_alone(cluster: &Cluster, liar: usize, lie: Lie) -> Vec<u8> {
    let honest = cluster.phones.iter().filter(|phone| phone.honest);
    let mut proofs = BTreeSet::new();
    for phone in honest {
        let at = phone.replica.seat();
        let seats: Vec<usize> = phone.convicted.keys().copied().collect();
        assert_eq!(seats, [liar], "phone {at}");
        proofs.insert(phone.convicted[&liar].clone());
    }
    for proof in &proofs {
        let evidence = Evidence::from_bytes(proof).expect("evidence");
        assert_eq!((evidence.culprit, evidence.lie), (seat(liar), lie));
        assert!(evidence.verify(&epoch(cluster.n), &table()));
    }
    proofs.into_iter().next().expect("somebody is honest")
}

#[track_caller]
fn all_left(cluster: &Cluster, view: u64) {
    for phone in cluster.phones.iter().filter(|phone| phone.honest) {
        assert!(phone.left.contains(&view), "{} stays", phone.replica.seat());
    }
}

/// Two proposals of phone 0 for slot 1, one shown to 1 and the other to everybody else; of two honest players'
/// requests, so that nothing but the proposals proves anything.
fn two_proposals(n: usize, liars: &[usize]) -> (Cluster, [Head; 2]) {
    let mut cluster = room(n, liars);
    cluster.submit(1, b"bet");
    cluster.submit(2, b"bet");
    cluster.run_for(DELAY);
    let batches = [1, 2].map(|player| vec![request(player, 1, b"bet")]);
    let parent = genesis_chain(&TABLE);
    let heads = batches
        .each_ref()
        .map(|batch| head_of(0, 1, &parent, batch));
    for to in (1..n).filter(|to| !liars.contains(to)) {
        let which = usize::from(to == 1);
        let _ = cluster.inject(0, to, &pre_prepare(n, 0, heads[which], &batches[which]));
    }
    cluster.run_for(DELAY);
    (cluster, heads)
}

fn prepares() -> Vec<u8> {
    let (mut cluster, _) = two_proposals(4, &[0]);
    let proof = convicted_alone(&cluster, 0, Lie::Prepares);
    all_left(&cluster, 1);
    cluster.expect(&[1, 2, 3], 2, 3_000);
    proof
}

fn double_spend() -> Vec<u8> {
    let mut cluster = room(4, &[0]);
    for (to, payload) in [(1, b"ten"), (2, b"two"), (3, b"ten")] {
        let _ = cluster.inject(0, to, &request_wire(&request(0, 1, payload)));
    }
    cluster.run_for(DELAY);
    let proof = convicted_alone(&cluster, 0, Lie::Requests);
    all_left(&cluster, 1);
    proof
}

fn view_changes() -> Vec<u8> {
    let mut cluster = room(4, &[3]);
    for to in 0..3 {
        let version = u64::from(to == 0);
        let _ = cluster.inject(3, to, &view_change(4, 3, 1, version, None));
    }
    cluster.run_for(DELAY);
    let proof = convicted_alone(&cluster, 3, Lie::ViewChanges);
    assert!(
        cluster.phones.iter().all(|phone| phone.left.is_empty()),
        "it was no primary"
    );
    proof
}

fn new_views() -> Vec<u8> {
    let mut cluster = room(4, &[1]);
    drop_commits(&mut cluster, 0, None);
    cluster.silence(1);
    cluster.submit(0, b"bet");
    (0..4).filter(|other| *other != 1).for_each(|other| {
        cluster.blocked.insert((other, 1));
    });
    cluster.run_for(1_700);
    let reports = sent_view_changes(&cluster, 1);
    assert_eq!(reports.len(), 3);
    let own = view_change(4, 1, 1, 0, None);
    let others = [reports[0].clone(), own.clone(), reports[1].clone()];
    let statement = ViewChange::from_bytes(&reports[0][6..reports[0].len() - 64]);
    let statement = statement.expect("a view-change");
    let both = [
        new_view(4, 1, statement.prepared, &reports, &reports),
        new_view(4, 1, statement.prepared, &others, &others),
    ];
    for to in [0, 2, 3] {
        let _ = cluster.inject(1, to, &own);
    }
    for to in [0, 2, 3] {
        assert_eq!(cluster.inject(1, to, &both[usize::from(to == 0)]), Ok(()));
        assert_eq!(cluster.phones[to].replica.view(), 1);
    }
    cluster.run_for(DELAY);
    let proof = convicted_alone(&cluster, 1, Lie::NewViews);
    all_left(&cluster, 2);
    proof
}

fn amnesia() -> Vec<u8> {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[3].honest = false;
    // 2 commits nothing, so that 3's commit is one that everybody counts.
    cluster.phones[2].filter = Some(Box::new(|_, _, bytes| {
        let commit = bytes[0] == Kind::Commit as u8;
        if commit { Vec::new() } else { vec![(0, bytes)] }
    }));
    cluster.submit(0, b"bet");
    cluster.expect(&[0, 1, 2], 1, 1_000);
    cluster.silence(3);
    // "Delivered" is no excuse: nothing backs it, and no new-view heeds it.
    let _ = cluster.inject(3, 0, &view_change(4, 3, 1, 7, None));
    cluster.run_for(DELAY);
    convicted_alone(&cluster, 3, Lie::Amnesia)
}

/// Two liars: the primary's two proposals, and 3's commit votes for both.
fn commits() -> Vec<u8> {
    let (mut cluster, heads) = two_proposals(7, &[0, 3]);
    for to in [1, 2, 4, 5, 6] {
        for head in heads {
            let _ = cluster.inject(3, to, &vote(7, 3, Phase::Commit, head));
        }
    }
    cluster.run_for(DELAY);
    for phone in [1, 2, 4, 5, 6] {
        let seats: Vec<usize> = cluster.phones[phone].convicted.keys().copied().collect();
        assert_eq!(seats, [0, 3], "phone {phone}");
    }
    all_left(&cluster, 1);
    let proof = cluster.phones[1].convicted[&3].clone();
    let evidence = Evidence::from_bytes(&proof).expect("evidence");
    assert_eq!(evidence.lie, Lie::Commits);
    assert!(evidence.verify(&epoch(7), &table()));
    proof
}

// Each of these kills: the lie's detection taken out; a convicted primary kept.
#[test]
fn an_equivocating_primary_is_convicted_and_left_within_one_message_delay() {
    prepares();
}

#[test]
fn a_double_spend_is_convicted() {
    double_spend();
}

#[test]
fn two_view_changes_for_one_view_are_convicted() {
    view_changes();
}

#[test]
fn two_new_views_for_one_view_are_convicted_and_the_view_is_left() {
    new_views();
}

#[test]
fn a_view_change_that_hides_a_commit_is_convicted() {
    amnesia();
}

#[test]
fn two_commit_votes_for_one_slot_are_convicted() {
    commits();
}

/// One proof of each kind, with the size of its table.
fn proofs() -> &'static [(usize, Vec<u8>)] {
    static PROOFS: OnceLock<Vec<(usize, Vec<u8>)>> = OnceLock::new();
    PROOFS.get_or_init(|| {
        vec![
            (4, prepares()),
            (7, commits()),
            (4, double_spend()),
            (4, view_changes()),
            (4, new_views()),
            (4, amnesia()),
        ]
    })
}

fn holds(bytes: &[u8], epoch: &Epoch, table: &Context) -> bool {
    Evidence::from_bytes(bytes).is_ok_and(|evidence| evidence.verify(epoch, table))
}

// Kills: the epoch's context, the table or the view not covered; a proof with leftovers taken.
#[test]
fn a_proof_holds_for_its_own_table_and_epoch_and_not_with_one_byte_changed() {
    for (n, proof) in proofs() {
        let (here, table) = (epoch(*n), table());
        assert!(holds(proof, &here, &table));
        let evidence = Evidence::from_bytes(proof).unwrap();
        assert_eq!(evidence.to_bytes(), *proof);
        let other_table = Digest([8; 32]);
        let later = Epoch::new(VERSION, &TABLE, 1, 1, roster(*n));
        assert!(
            !holds(proof, &later, &table),
            "{:?}: another epoch",
            evidence.lie
        );
        let moved = [&1_u64.to_le_bytes(), &proof[8..]].concat();
        // A request's signature outlives epochs: the same two are a double spend in each of them.
        let outlives = evidence.lie == Lie::Requests;
        assert_eq!(
            holds(&moved, &later, &table),
            outlives,
            "{:?}: moved",
            evidence.lie
        );
        let elsewhere = Epoch::new(VERSION, &other_table, 0, 1, roster(*n));
        assert!(!holds(
            proof,
            &elsewhere,
            &Context::of_table(VERSION, &other_table)
        ));
        for at in 0..proof.len() {
            assert!(!holds(&proof[..at], &here, &table), "cut at {at}");
            for bit in [1, 0x80] {
                let mut forged = proof.clone();
                forged[at] ^= bit;
                assert!(
                    !holds(&forged, &here, &table),
                    "{:?} byte {at}",
                    evidence.lie
                );
            }
        }
        assert!(!holds(&[&proof[..], &[0]].concat(), &here, &table));
    }
}

/// S + L in place of S: a second encoding of the same signature, for checkers that do not reduce.
fn malleated(signature: &[u8]) -> Option<Vec<u8>> {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (mut sum, mut carry) = (signature.to_vec(), 0_u16);
    for (byte, add) in sum[32..].iter_mut().zip(L) {
        let total = u16::from(*byte) + u16::from(add) + carry;
        [*byte, _] = total.to_le_bytes();
        carry = total >> 8;
    }
    (carry == 0).then_some(sum)
}

// Kills: signatures checked by lax rules, so that one vote in two encodings looks like two.
#[test]
fn a_malleated_signature_proves_nothing() {
    for (n, proof) in proofs() {
        let split = proof.len() - 64;
        let other = malleated(&proof[split..]).expect("S is below L");
        let forged = [&proof[..split], &other].concat();
        assert!(!holds(&forged, &epoch(*n), &table()));
    }
    let head = head_of(0, 1, &genesis_chain(&TABLE), &vec![request(0, 1, b"x")]);
    let signature = sign_vote(4, 3, Phase::Commit, head, &NO_NEW_VIEW);
    let other = malleated(&signature.0).expect("S is below L");
    let other = Signature(*other.first_chunk().expect("64 bytes"));
    let one = vote_proof(head, signature);
    for pair in [
        [one.clone(), vote_proof(head, other)],
        [vote_proof(head, other), one],
    ] {
        assert!(!holds(
            &evidence(3, Lie::Commits, &pair),
            &epoch(4),
            &table()
        ));
    }
}

/// Layouts from `core/docs/protocol.md`, not from the code under test.
fn vote_proof(head: Head, signature: Signature) -> Vec<u8> {
    [&head.to_bytes()[..], &NO_NEW_VIEW.0, &signature.0].concat()
}

fn statement(signed: &SignedBytes) -> Vec<u8> {
    let length = u16::try_from(signed.statement.len())
        .unwrap_or(0)
        .to_le_bytes();
    [&length[..], &signed.statement, &signed.signature.0].concat()
}

fn evidence(culprit: u8, lie: Lie, pair: &[Vec<u8>; 2]) -> Vec<u8> {
    let start = [&0_u64.to_le_bytes()[..], &[culprit, lie as u8]].concat();
    [start, pair[0].clone(), pair[1].clone()].concat()
}

fn commit_of(signer: usize, head: Head) -> Vec<u8> {
    vote_proof(
        head,
        sign_vote(4, signer, Phase::Commit, head, &NO_NEW_VIEW),
    )
}

fn report(signer: usize, view: u64, prepared: Option<Head>) -> Vec<u8> {
    let report = ViewChange {
        signer: seat(signer),
        view,
        delivered: 9,
        prepared,
    };
    let signed = Signed::sign(report, &epoch_context(4), &identity(signer));
    statement(&SignedBytes::from(&signed))
}

// Kills: phases confused; views not compared; the place left out; a higher report taken for amnesia.
#[test]
fn what_honest_phones_do_is_no_evidence_in_any_order() {
    let head = |view, sequence, byte| Head {
        view,
        sequence,
        chain: Digest([byte; 32]),
    };
    let locked = head(0, 5, 1);
    let commit = commit_of(3, locked);
    let prepare = sign_vote(4, 3, Phase::Prepare, locked, &NO_NEW_VIEW);
    let prepare = vote_proof(locked, prepare);
    let other_slot = commit_of(3, head(0, 6, 2));
    let mut pairs: Vec<(Lie, [Vec<u8>; 2])> = Vec::new();
    for lie in [Lie::Prepares, Lie::Commits] {
        for (one, other) in [
            (&commit, &prepare),
            (&commit, &commit),
            (&commit, &other_slot),
        ] {
            pairs.push((lie, [one.clone(), other.clone()]));
            pairs.push((lie, [other.clone(), one.clone()]));
        }
    }
    // Reports of the lock or of something later; and a report from before it, which is for no later view.
    for prepared in [locked, head(0, 6, 2), head(1, 2, 3)] {
        pairs.push((Lie::Amnesia, [commit.clone(), report(3, 2, Some(prepared))]));
    }
    pairs.push((Lie::Amnesia, [commit.clone(), report(3, 0, None)]));
    // Another phone's report, and two reports for two views.
    pairs.push((Lie::Amnesia, [commit.clone(), report(2, 1, None)]));
    pairs.push((Lie::ViewChanges, [report(3, 1, None), report(3, 2, None)]));
    pairs.push((Lie::ViewChanges, [report(3, 1, None), report(3, 1, None)]));
    for (lie, pair) in pairs {
        assert!(
            !holds(&evidence(3, lie, &pair), &epoch(4), &table()),
            "{lie:?}"
        );
    }
    // What these differ in from real lies is nothing but the content.
    for (lie, pair) in [
        (Lie::Amnesia, [commit.clone(), report(3, 2, None)]),
        (
            Lie::Amnesia,
            [commit.clone(), report(3, 2, Some(head(0, 4, 2)))],
        ),
        (Lie::Commits, [commit.clone(), commit_of(3, head(0, 5, 2))]),
    ] {
        let pair = if lie == Lie::Commits && pair[0] > pair[1] {
            [pair[1].clone(), pair[0].clone()]
        } else {
            pair
        };
        assert!(
            holds(&evidence(3, lie, &pair), &epoch(4), &table()),
            "{lie:?}"
        );
    }
}

// Kills: evidence checked again for every report; memory for each report.
#[test]
fn a_hundred_thousand_bogus_reports_cost_nothing_and_convict_nobody() {
    let (_, proof) = &proofs()[2];
    let mut replica = new_replica(4, 2);
    replica.link_up(Peer(3));
    let mut known = Message::Evidence(Evidence::from_bytes(proof).unwrap()).to_wire(TAG, 0, 0);
    assert_eq!(
        replica
            .handle_message(Instant(0), Peer(3), &known)
            .map(drop),
        Ok(())
    );
    while replica.poll_action().is_some() {}
    let before = replica.load();
    for round in 0..100_000_u32 {
        let at = known.len() - 4;
        known[at..].copy_from_slice(&round.to_le_bytes());
        let result = replica.handle_message(Instant(0), Peer(3), &known);
        assert_eq!(result.map(drop), Err(Ignored::Duplicate));
    }
    let one = vote_proof(
        Head {
            view: 0,
            sequence: 1,
            chain: Digest([1; 32]),
        },
        Signature([1; 64]),
    );
    for round in 0..1_000_u32 {
        let mut other = one.clone();
        other[16..20].copy_from_slice(&round.to_be_bytes());
        other[16] = 2;
        let bytes = evidence(1, Lie::Commits, &[one.clone(), other]);
        let bytes = Message::Evidence(Evidence::from_bytes(&bytes).unwrap()).to_wire(TAG, 0, 0);
        let result = replica.handle_message(Instant(0), Peer(3), &bytes);
        assert_eq!(result.map(drop), Err(Ignored::BadSignature));
    }
    assert_eq!(replica.load(), before);
    assert!(!replica.has_actions());
    assert_eq!(replica.convicted().count(), 1);
}

#[test]
fn a_proof_from_an_epoch_that_is_not_known_is_put_aside() {
    let (_, proof) = &proofs()[0];
    let moved = [&7_u64.to_le_bytes(), &proof[8..]].concat();
    let bytes = Message::Evidence(Evidence::from_bytes(&moved).unwrap()).to_wire(TAG, 0, 0);
    let mut replica = new_replica(4, 2);
    let result = replica.handle_message(Instant(0), Peer(3), &bytes);
    assert_eq!(result.map(drop), Err(Ignored::Stale));
}

/// Two requests with a number that is not yet due, so that no slot comes of them.
fn spend_twice(cluster: &mut Cluster, liar: usize) {
    for to in (0..cluster.n).filter(|to| *to != liar) {
        for payload in [b"ten", b"two"] {
            let _ = cluster.inject(liar, to, &request_wire(&request(liar, 2, payload)));
        }
    }
    cluster.run_for(DELAY);
    convicted_alone(cluster, liar, Lie::Requests);
}

// Kills: liar's votes struck from received certificates; liar's votes go on assembling.
#[test]
fn a_liars_votes_assemble_nothing_new_and_count_in_what_others_assembled() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[3].honest = false;
    spend_twice(&mut cluster, 3);
    cluster.silence(2);
    cluster.submit(0, b"bet");
    cluster.run_for(900);
    let batch = vec![request(0, 1, b"bet")];
    let head = head_of(0, 1, &genesis_chain(&TABLE), &batch);
    let voted = |cluster: &Cluster, phase: Kind, head: Head| {
        let mut own = cluster.own.iter();
        own.any(|(by, bytes)| *by == 3 && *bytes == vote(4, 3, phase_of(phase), head))
    };
    assert!(voted(&cluster, Kind::Prepare, head), "the liar does vote");
    assert_eq!(
        cluster.requests(0) + cluster.requests(1),
        0,
        "0, 1 and 3 are no quorum"
    );
    // Somebody who knew nothing of it has put a certificate together with the liar's vote.
    let body = CertificateBody::from(&certificate(
        4,
        Phase::Commit,
        &[0, 1, 3],
        head,
        &NO_NEW_VIEW,
    ));
    let slots = Slots {
        first: 1,
        batches: vec![vec![SignedBytes::from(batch[0].as_ref())]],
        certificate: Some((0, body)),
    };
    let bytes = Message::Slots(slots).to_wire(TAG, 0, 1);
    assert_eq!(cluster.inject(2, 0, &bytes), Ok(()));
    assert_eq!(cluster.requests(0), 1);
    assert!(!cluster.phones[0].replica.is_halted());
}

const fn phase_of(kind: Kind) -> Phase {
    match kind {
        Kind::Commit => Phase::Commit,
        _ => Phase::Prepare,
    }
}

// Kills: a liar left out where everybody must agree, so that the table stops.
#[test]
fn with_three_phones_a_liar_still_votes_because_everybody_must() {
    let mut cluster = Cluster::mesh(3);
    cluster.phones[2].honest = false;
    spend_twice(&mut cluster, 2);
    cluster.submit(0, b"bet");
    cluster.expect(&range(0, 2), 1, 1_000);
}
