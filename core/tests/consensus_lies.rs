//! Phones that lie with their own keys: primaries, new-views, view-changes, catch-up answers.

mod cluster;

use std::cell::RefCell;
use std::rc::Rc;

use bitcraps_core::consensus::{
    CertificateBody, Head, Ignored, Message, Phase, SignedBytes, Slots, ViewChange, genesis_chain,
};
use bitcraps_core::crypto::{Context, Digest, Seat, Signature, Signed, Statement};
use bitcraps_core::wire::{Encode, HEADER_BYTES, Kind};
use cluster::forge::{
    TAG, drop_commits, head_of, new_view, new_view_digest, pre_prepare, pre_prepare_in, range,
    request, request_wire, sent_view_changes, view_change, vote, vote_in,
};
use cluster::{Cluster, TABLE, VERSION, epoch_context, identity};

#[test]
fn a_primary_that_proposes_different_batches_to_different_phones_changes_nothing() {
    for n in 4..=10 {
        for split in 0..n {
            let mut cluster = Cluster::mesh(n);
            cluster.phones[0].honest = false;
            cluster.silence(0);
            let batches = [vec![request(0, 1, b"heads")], vec![request(0, 1, b"tails")]];
            let heads = batches
                .each_ref()
                .map(|b| head_of(0, 1, &genesis_chain(&TABLE), b));
            for to in 1..n {
                let side = usize::from(to > split);
                for batch in &batches {
                    let _ = cluster.inject(0, to, &request_wire(&batch[0]));
                }
                let _ = cluster.inject(0, to, &pre_prepare(n, 0, heads[side], &batches[side]));
                for head in heads {
                    let _ = cluster.inject(0, to, &vote(n, 0, Phase::Prepare, head));
                    let _ = cluster.inject(0, to, &vote(n, 0, Phase::Commit, head));
                }
            }
            cluster.submit(1, b"bet");
            let done = |c: &Cluster| {
                (1..n).all(|phone| {
                    let mut batches = c.phones[phone].delivered.iter().flat_map(|(.., b)| b);
                    batches.any(|request| request.player() == Seat(1))
                })
            };
            assert!(cluster.run_until(10_000, done), "n = {n}, split {split}");
        }
    }
}

#[test]
fn a_batch_with_a_gap_in_a_players_numbers_costs_its_primary_the_view_at_once() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    let batch = vec![request(0, 2, b"no first")];
    let head = head_of(0, 1, &genesis_chain(&TABLE), &batch);
    for to in 1..4 {
        let _ = cluster.inject(0, to, &request_wire(&batch[0]));
        let _ = cluster.inject(0, to, &pre_prepare(4, 0, head, &batch));
    }
    cluster.submit(1, b"bet");
    cluster.expect(&[1, 2, 3], 1, 200);
    assert!(
        cluster.phones[1..]
            .iter()
            .all(|phone| phone.replica.view() == 1)
    );
}

/// Four phones, of which 1 is a liar and leads view 1; two slots are prepared everywhere and decided, if at all,
/// only at 3; 0, 2 and 3 have left view 0.
fn before_view_one(decided_at: Option<usize>) -> Cluster {
    let mut cluster = Cluster::mesh(4);
    drop_commits(&mut cluster, 0, decided_at);
    cluster.submit(0, b"first");
    cluster.run_for(5);
    cluster.submit(0, b"second");
    cluster.run_for(100);
    cluster.silence(1);
    cluster.phones[1].honest = false;
    for other in [0, 2, 3] {
        cluster.blocked.insert((other, 1));
    }
    if let Some(phone) = decided_at {
        range(0, 4)
            .into_iter()
            .for_each(|other| cluster.cut(phone, other));
    }
    cluster.run_for(1_500);
    cluster
}

fn prepared_of(bytes: &[u8]) -> Option<Head> {
    use bitcraps_core::wire::Decode;
    let statement = &bytes[HEADER_BYTES..bytes.len() - 64];
    ViewChange::from_bytes(statement)
        .ok()
        .and_then(|statement| statement.prepared)
}

#[test]
fn forged_new_views_are_refused_and_an_honest_one_is_not() {
    let lower = |head: Head| Head {
        sequence: 1,
        ..head
    };
    for lie in 0..6 {
        let mut cluster = before_view_one(None);
        let reports = sent_view_changes(&cluster, 1);
        assert_eq!(reports.len(), 3);
        let head = prepared_of(&reports[0]);
        assert!(head.is_some_and(|head| head.sequence == 2));
        let own = view_change(4, 1, 1, 0, None);
        let twice = [reports[0].clone(), reports[0].clone(), reports[1].clone()];
        let with_own = [reports[0].clone(), own.clone(), reports[1].clone()];
        let bytes = match lie {
            0 => new_view(4, 1, None, &reports, &reports),
            1 => new_view(4, 1, head.map(lower), &reports, &reports),
            2 => new_view(4, 1, head, &reports[..2], &reports[..2]),
            3 => new_view(4, 1, head, &twice[1..], &twice),
            4 => new_view(4, 1, None, &with_own, &with_own),
            _ => new_view(4, 1, head, &reports, &reports),
        };
        for to in [0, 2, 3] {
            let _ = cluster.inject(1, to, &own);
            let _ = cluster.inject(1, to, &bytes);
        }
        let entered = cluster.phones[2].replica.view() == 1;
        assert_eq!(entered, lie == 5, "lie {lie}");
        cluster.expect(&[0, 2, 3], 2, 20_000);
    }
}

#[test]
fn a_new_primary_cannot_propose_again_below_the_head_it_chose() {
    // 3 has decided both slots; 0 and 2 have only prepared them, and would follow a liar with 1's votes.
    let mut cluster = before_view_one(Some(3));
    assert_eq!(cluster.requests(3), 2);
    cluster.submit(0, b"third");
    let reports = sent_view_changes(&cluster, 1);
    let two: Vec<Vec<u8>> = reports.into_iter().filter(|bytes| bytes[6] != 3).collect();
    let own = view_change(4, 1, 1, 0, None);
    let three = [two[0].clone(), own.clone(), two[1].clone()];
    let bytes = new_view(4, 1, prepared_of(&two[0]), &three, &three);
    let batch = vec![request(1, 1, b"another first")];
    let began = new_view_digest(4, 1, prepared_of(&two[0]), &three);
    let head = head_of(1, 1, &genesis_chain(&TABLE), &batch);
    for to in [0, 2] {
        let _ = cluster.inject(1, to, &own);
        let _ = cluster.inject(1, to, &bytes);
        assert_eq!(cluster.phones[to].replica.view(), 1);
        let _ = cluster.inject(1, to, &request_wire(&batch[0]));
        let _ = cluster.inject(1, to, &pre_prepare_in(4, 1, head, &batch, &began));
        let _ = cluster.inject(1, to, &vote_in(4, 1, Phase::Commit, head, &began));
    }
    cluster.run_for(500);
    [0, 2]
        .into_iter()
        .for_each(|other| cluster.connect(3, other));
    cluster.expect(&[0, 2, 3], 3, 20_000);
}

// Kills: a vote's signature not looked at.
#[test]
fn votes_that_their_signers_did_not_sign_decide_nothing() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    (0..3).for_each(|phone| cluster.silence(phone));
    let batch = vec![request(0, 1, b"bet")];
    let head = head_of(0, 1, &genesis_chain(&TABLE), &batch);
    let _ = cluster.inject(0, 3, &request_wire(&batch[0]));
    let _ = cluster.inject(0, 3, &pre_prepare(4, 0, head, &batch));
    for phase in [Phase::Prepare, Phase::Commit] {
        for signer in 1..3 {
            let mut forged = vote(4, 0, phase, head);
            forged[6] = signer;
            let answer = cluster.inject(0, 3, &forged);
            assert_eq!(answer, Err(Ignored::BadSignature), "{phase:?} of {signer}");
        }
        let _ = cluster.inject(0, 3, &vote(4, 0, phase, head));
    }
    assert_eq!(cluster.phones[3].replica.delivered().0, 0);
}

#[test]
fn a_claim_without_its_certificate_does_not_count() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    let batch = vec![request(0, 1, b"never proposed")];
    let head = head_of(0, 1, &genesis_chain(&TABLE), &batch);
    cluster.submit(2, b"bet");
    cluster.run_for(900);
    for to in 1..4 {
        let _ = cluster.inject(0, to, &view_change(4, 0, 1, 0, Some(head)));
    }
    cluster.expect(&[1, 2, 3], 1, 1_000);
    let new_views = cluster.own.iter().filter(|(_, bytes)| bytes[0] == 6);
    for (_, bytes) in new_views {
        assert_eq!(bytes[14], 0, "no head");
        assert_eq!(
            bytes[15] & 1,
            0,
            "the claim's view-change is not among them"
        );
    }
}

#[test]
fn a_liar_with_many_view_changes_for_one_view_keeps_nobody_out_of_it() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    cluster.submit(2, b"bet");
    cluster.run_for(990);
    for view in 1..=4 {
        for (version, to) in (0..6).zip([1, 1, 2, 2, 3, 3]) {
            let _ = cluster.inject(0, to, &view_change(4, 0, view, version, None));
        }
    }
    cluster.expect(&[1, 2, 3], 1, 1_000);
}

#[test]
fn two_view_changes_whose_digests_begin_alike_keep_nobody_out() {
    let mut seen = std::collections::BTreeMap::new();
    let context = epoch_context(4);
    let twins = (0_u64..).find_map(|delivered| {
        let statement = ViewChange {
            signer: Seat(0),
            view: 1,
            delivered,
            prepared: None,
        };
        let parts: [&[u8]; 2] = [&context.0.0, &statement.to_bytes()];
        let tag = Digest::of(ViewChange::TAG, &parts).tag();
        seen.insert(tag, delivered).map(|other| (other, delivered))
    });
    let (one, other) = twins.unwrap();
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    cluster.submit(2, b"bet");
    cluster.run_for(990);
    let _ = cluster.inject(0, 1, &view_change(4, 0, 1, one, None));
    for to in [2, 3] {
        let _ = cluster.inject(0, to, &view_change(4, 0, 1, other, None));
    }
    cluster.expect(&[1, 2, 3], 1, 1_000);
}

#[test]
fn a_liar_with_view_changes_for_many_views_pushes_out_none_that_is_needed() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    // One a second, as more would not be taken in.
    for view in (100..110).chain([u64::MAX]) {
        for to in [2, 3] {
            cluster.blocked.insert((to, 1));
            let taken = cluster.inject(0, to, &view_change(4, 0, view, 0, None));
            assert!(taken.is_ok(), "view {view}: {taken:?}");
        }
        cluster.run_for(1_000);
    }
    for to in [2, 3] {
        cluster.blocked.remove(&(to, 1));
    }
    cluster.submit(2, b"bet");
    cluster.run_for(990);
    for to in [2, 3] {
        cluster.blocked.insert((to, 1));
    }
    let _ = cluster.inject(0, 1, &view_change(4, 0, 1, 0, None));
    for to in [2, 3] {
        cluster.blocked.remove(&(to, 1));
        let _ = cluster.inject(0, to, &view_change(4, 0, 1, 0, None));
    }
    cluster.expect(&[1, 2, 3], 1, 1_000);
    assert!(
        cluster.phones[1..]
            .iter()
            .all(|phone| phone.replica.load().view_changes <= 4 * 6)
    );
}

#[test]
fn of_a_liar_that_leaves_one_view_after_the_other_four_at_once_and_one_a_second_are_passed_on() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    let leave = |cluster: &mut Cluster, view: u64| {
        let message = view_change(4, 0, view, 0, None);
        cluster.inject(0, 2, &message).map(|_| ())
    };
    for view in 100..104 {
        assert_eq!(leave(&mut cluster, view), Ok(()));
    }
    for view in 104..200 {
        assert_eq!(leave(&mut cluster, view), Err(Ignored::TooOften));
    }
    assert_eq!(leave(&mut cluster, 100), Err(Ignored::Duplicate));
    cluster.run_for(1_000);
    assert_eq!(leave(&mut cluster, 200), Ok(()));
    assert_eq!(leave(&mut cluster, 201), Err(Ignored::TooOften));
    // What is needed is taken in all the same: phone 2 has left view 0 and hears of nobody else who has.
    for other in [1, 3] {
        cluster.blocked.insert((other, 2));
    }
    cluster.submit(2, b"bet");
    cluster.run_for(1_600);
    assert_eq!(leave(&mut cluster, 202), Ok(()));
    assert_eq!(leave(&mut cluster, 203), Err(Ignored::TooOften));
    assert_eq!(leave(&mut cluster, 1), Ok(()));
    for other in [1, 3] {
        cluster.blocked.remove(&(other, 2));
    }
    cluster.expect(&[1, 2, 3], 1, 10_000);
}

#[test]
fn who_asks_for_more_bodies_than_anybody_needs_gets_them_one_by_one() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    cluster.submit(2, b"bet");
    let ids = vec![request(2, 1, b"bet").id(); 32];
    let want = Message::Want(ids).to_wire(TAG, 0, 0);
    let asks = (0..10).map(|_| cluster.inject(0, 2, &want).is_ok());
    assert_eq!(asks.filter(|answered| *answered).count(), 2);
    cluster.run_for(3_200);
    assert!(cluster.inject(0, 2, &want).is_ok());
    assert!(cluster.inject(0, 2, &want).is_err());
}

#[test]
fn a_phone_that_lacks_the_chosen_batches_does_not_blame_the_new_primary() {
    let mut cluster = Cluster::mesh(4);
    cluster.submit(1, b"first");
    // 3 hears of the batch only from view-changes; 0 is dead from then on.
    for other in 0..3 {
        cluster.blocked.insert((other, 3));
    }
    drop_commits(&mut cluster, 0, None);
    cluster.run_for(200);
    cluster.silence(0);
    for other in 1..3 {
        cluster.blocked.remove(&(other, 3));
        cluster.phones[other].filter = Some(Box::new(move |now, to, bytes| {
            let body = bytes[0] == Kind::Request as u8 && bytes[6] == 1;
            let old = bytes[0] == Kind::PrePrepare as u8 && bytes[3] == 0;
            let late = (body || old || bytes[0] == Kind::Slots as u8) && to == 3 && now < 1_600;
            if late { Vec::new() } else { vec![(0, bytes)] }
        }));
    }
    cluster.run_for(850);
    cluster.submit(2, b"second");
    cluster.expect(&[1, 2, 3], 2, 5_000);
    assert_eq!(cluster.phones[3].replica.view(), 1);
    assert_eq!(cluster.phones[3].left, [1]);
}

#[test]
fn lies_in_slots_are_refused() {
    let mut cluster = Cluster::mesh(4);
    (0..3).for_each(|other| cluster.cut(3, other));
    for round in 0..3 {
        for phone in [1, 2, 1, 2, 0] {
            cluster.submit(phone, &[round]);
        }
        cluster.run_for(200);
    }
    let served = cluster.phones[0].delivered.clone();
    assert!(served.len() >= 3);
    cluster.connect(0, 3);
    cluster.phones[3].filter = None;
    let truth = truth(&mut cluster);
    cluster.cut(0, 3);
    let fresh = || {
        let mut cluster = Cluster::new(4, 1);
        cluster.connect(0, 3);
        cluster.phones[0].honest = false;
        cluster
    };
    let lies: Vec<fn(&mut Slots)> = vec![
        |slots| drop(slots.batches.remove(1)),
        |slots| slots.batches.swap(0, 1),
        |slots| long_batch(slots).reverse(),
        |slots| drop(long_batch(slots).pop()),
        |slots| drop(slots.batches.pop()),
        |slots| slots.first += 1,
        |slots| slots.first = u64::MAX,
        |slots| slots.first = 0,
        |slots| slots.certificate = None,
        |slots| slots.batches[0][0].signature = Signature([3; 64]),
        |slots| slots.batches[0][0].statement[11] ^= 1,
        |slots| certificate(slots).0 += 1,
        |slots| certificate(slots).1.signatures.swap(0, 1),
        |slots| certificate(slots).1.signatures[0] = Signature([9; 64]),
        |slots| {
            let body = &mut certificate(slots).1;
            body.signers = body.signers.iter().skip(1).collect();
            body.signatures.remove(0);
        },
        |slots| {
            // Signed by a quorum of others: the players' keys of another table.
            let body = &mut certificate(slots).1;
            let context = Context::of_table(VERSION, &TABLE);
            for signature in &mut body.signatures {
                let other = Signed::sign(
                    request(0, 1, b"x").signed.value().clone(),
                    &context,
                    &identity(9),
                );
                *signature = *other.signature();
            }
        },
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let mut bent = truth.clone();
        lie(&mut bent);
        let mut cluster = fresh();
        let _ = cluster.inject(0, 3, &Message::Slots(bent).to_wire(TAG, 0, 1));
        assert_eq!(cluster.requests(3), 0, "lie {number}");
        let _ = cluster.inject(0, 3, &Message::Slots(truth.clone()).to_wire(TAG, 0, 1));
        assert_eq!(
            cluster.requests(3),
            15,
            "lie {number} does not stand in the way of the truth"
        );
    }
}

fn long_batch(slots: &mut Slots) -> &mut Vec<SignedBytes> {
    let mut batches = slots.batches.iter_mut();
    batches
        .find(|batch| batch.len() > 1)
        .expect("three requests came together")
}

fn certificate(slots: &mut Slots) -> &mut (u64, CertificateBody) {
    slots.certificate.as_mut().expect("it had one")
}

/// What an honest phone sends to one that has nothing.
fn truth(cluster: &mut Cluster) -> Slots {
    cluster.sends.clear();
    cluster.expect(&[3], 15, 1_000);
    let slots = cluster
        .sends
        .iter()
        .find(|(_, bytes)| bytes[0] == Kind::Slots as u8);
    match Message::from_wire(&slots.expect("sent").1) {
        Ok((_, Message::Slots(slots))) => slots,
        other => panic!("{other:?}"),
    }
}

#[test]
fn far_away_numbers_from_peers_neither_overflow_nor_matter() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[3].honest = false;
    cluster.silence(3);
    for far in [u64::MAX, u64::MAX - 1, 1 << 40, 70_000, 300] {
        let head = Head {
            view: far,
            sequence: far,
            chain: Digest([9; 32]),
        };
        let status = bitcraps_core::consensus::Status {
            view: far,
            delivered: far,
            stable: far,
            epoch: far,
            tag: [0; 4],
        };
        let messages = [
            vote(4, 3, Phase::Prepare, head),
            vote(4, 3, Phase::Commit, head),
            pre_prepare(4, 3, head, &vec![request(3, far, b"far")]),
            request_wire(&request(3, far, b"far")),
            view_change(4, 3, far, far, Some(head)),
            new_view(4, far, Some(head), &[], &[]),
            Message::Status(status).to_wire(TAG, far, far),
        ];
        for bytes in &messages {
            for to in 0..3 {
                let _ = cluster.inject(3, to, bytes);
            }
        }
    }
    for phone in 0..3 {
        cluster.submit(phone, b"bet");
    }
    cluster.expect(&[0, 1, 2], 3, 500);
}

// What travels over several hops was checked at each: otherwise one forger would fill the whole room's air, and those
// who pass its messages on would be charged for them.
#[test]
fn what_is_forged_is_not_passed_on() {
    let mut cluster = Cluster::mesh(4);
    drop_commits(&mut cluster, 0, None);
    cluster.submit(0, b"bet");
    cluster.run_for(100);
    let head = head_of(0, 1, &genesis_chain(&TABLE), &vec![request(0, 1, b"bet")]);
    let sent: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
    let seen = Rc::clone(&sent);
    cluster.phones[1].filter = Some(Box::new(move |_, _, bytes| {
        seen.borrow_mut().push(bytes);
        Vec::new()
    }));
    let real = [
        vote(4, 2, Phase::Commit, head),
        request_wire(&request(2, 1, b"more")),
        view_change(4, 2, 1, 0, Some(head)),
    ];
    for message in &real {
        // One bit of the signature, which is last.
        let mut forged = message.clone();
        forged[message.len() - 5] ^= 1;
        assert_eq!(
            cluster.inject(3, 1, &forged),
            Err(Ignored::BadSignature),
            "kind {}",
            message[0]
        );
        assert!(sent.borrow().is_empty(), "kind {}", message[0]);
        assert_eq!(cluster.inject(3, 1, message), Ok(()));
        assert!(sent.borrow().contains(message), "kind {}", message[0]);
        sent.borrow_mut().clear();
    }
}
