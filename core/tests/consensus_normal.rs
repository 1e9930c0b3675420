//! The normal case of consensus: everybody answers, and everything is ordered once, in the same order.

mod cluster;

use bitcraps_core::consensus::{Message, genesis_chain, limits};
use bitcraps_core::wire::{HEADER_BYTES, Kind};
use cluster::{Cluster, Random, TABLE};

const SIZES: [usize; 10] = [2, 3, 4, 5, 6, 7, 9, 10, 16, 18];

fn all(cluster: &Cluster) -> Vec<usize> {
    (0..cluster.phones.len()).collect()
}

fn quorum(cluster: &Cluster) -> usize {
    cluster.phones[0].replica.epoch().quorum.q
}

#[test]
fn all_requests_are_delivered_everywhere_in_one_order() {
    for n in SIZES {
        let mut cluster = Cluster::new(n, n as u64);
        cluster.connect_all();
        for round in 0..2 {
            for phone in 0..n {
                cluster.submit(phone, &[round]);
            }
            cluster.run_for(30);
        }
        let phones = all(&cluster);
        cluster.expect(&phones, 2 * n, 5_000);
        for phone in &cluster.phones {
            assert_eq!(phone.replica.view(), 0, "n = {n}");
            assert_eq!(phone.replica.load().pool, 0);
            assert_eq!(phone.replica.load().blocks, 0);
        }
    }
}

#[test]
fn a_request_of_the_primary_is_decided_in_three_hops_and_of_a_backup_in_four() {
    for n in SIZES {
        for (origin, hops) in [(0, 3), (n - 1, 4)] {
            let mut cluster = Cluster::mesh(n);
            cluster.submit(origin, b"bet");
            cluster.run_for(hops * 10 - 1);
            assert!((0..n).any(|phone| cluster.requests(phone) == 0), "n = {n}");
            cluster.run_for(1);
            assert!((0..n).all(|phone| cluster.requests(phone) == 1), "n = {n}");
        }
    }
}

#[test]
fn every_message_has_its_exact_size_and_a_decision_its_exact_cost() {
    for (n, messages, most) in [(4, 8, 668), (7, 14, 1124), (10, 20, 1580), (16, 32, 2492)] {
        let mut cluster = Cluster::mesh(n);
        cluster.submit(1, b"bet");
        cluster.run_for(5_000);
        let votes = cluster.own.iter().filter(|(_, bytes)| bytes[0] != 1);
        let votes: Vec<&[u8]> = votes.map(|(_, bytes)| &bytes[..]).collect();
        let bytes: usize = votes.iter().map(|bytes| bytes.len()).sum();
        assert_eq!(votes.len(), messages, "n = {n}");
        assert_eq!(bytes, 87 + 75 * (2 * n - 1), "n = {n}");
        assert!(bytes <= most, "n = {n}");
        for vote in votes {
            let exact = if vote[0] == Kind::PrePrepare as u8 {
                87
            } else {
                75
            };
            assert_eq!(vote.len(), exact);
        }
    }
}

#[test]
fn certificates_view_changes_and_new_views_have_their_exact_sizes() {
    for n in [4, 7, 10, 16] {
        let mut cluster = Cluster::mesh(n);
        let q = quorum(&cluster);
        // Everything but commits arrives, so the batch is prepared everywhere and decided nowhere.
        let before_the_time_out = 1_100 + 160 * (n as u64 - 4);
        for phone in 0..n {
            cluster.phones[phone].filter = Some(Box::new(move |now, _, bytes| {
                let drop = bytes[0] == Kind::Commit as u8 && now < before_the_time_out;
                if drop { Vec::new() } else { vec![(0, bytes)] }
            }));
        }
        cluster.submit(0, b"bet");
        cluster.run_for(100);
        cluster.phones[0].filter = None;
        cluster.silence(0);
        let rest: Vec<usize> = (1..n).collect();
        cluster.expect(&rest, 1, 10_000);
        let of_kind = |kind: Kind| {
            let own = cluster.own.iter();
            own.filter(move |(_, bytes)| bytes[0] == kind as u8)
                .map(|(_, bytes)| bytes.len())
        };
        assert!(of_kind(Kind::ViewChange).count() >= q, "n = {n}");
        assert!(of_kind(Kind::ViewChange).all(|size| size == 6 + 66 + 64 || size == 6 + 18 + 64));
        assert!(of_kind(Kind::ViewChange).all(|size| size <= 149));
        assert!(of_kind(Kind::Prepared).count() >= 1, "n = {n}");
        assert!(
            of_kind(Kind::Prepared).all(|size| size == 13 + 64 * q),
            "n = {n}"
        );
        assert!(of_kind(Kind::NewView).all(|size| size == 6 + 8 + 49 + 3 + 16 * q + 64));
    }
}

#[test]
fn batches_fill_when_many_requests_come_at_once() {
    let mut cluster = Cluster::mesh(4);
    for phone in 0..4 {
        (0..40).for_each(|number| cluster.submit(phone, &[number]));
    }
    cluster.expect(&[0, 1, 2, 3], 160, 5_000);
    let sizes = cluster.phones[3].delivered.iter();
    let sizes: Vec<usize> = sizes.map(|(_, _, batch)| batch.len()).collect();
    assert!(sizes.contains(&limits::BATCH_MAX), "{sizes:?}");
    assert!(sizes.len() <= 10, "{sizes:?}");
}

#[test]
fn more_requests_at_once_than_may_run_ahead_are_all_delivered() {
    let mut cluster = Cluster::mesh(4);
    (0..150).for_each(|number| cluster.submit(2, &[number]));
    cluster.expect(&[0, 1, 2, 3], 150, 30_000);
    assert!(
        cluster.phones[2].replica.is_voting(),
        "its own haste puts nobody out"
    );
}

#[test]
fn a_request_that_reaches_only_one_backup_is_decided() {
    for n in [4, 7] {
        let mut cluster = Cluster::mesh(n);
        let origin = n - 1;
        for to in (0..n).filter(|to| *to != 1) {
            cluster.cut(origin, to);
        }
        cluster.submit(origin, b"bet");
        cluster.run_for(10);
        cluster.cut(origin, 1);
        let rest: Vec<usize> = (0..origin).collect();
        cluster.expect(&rest, 1, 900);
    }
}

#[test]
fn a_request_made_without_any_link_is_decided_once_a_link_is_back() {
    for busy in [false, true] {
        let mut cluster = Cluster::mesh(4);
        (0..3).for_each(|to| cluster.cut(3, to));
        if busy {
            // Numbers that can never be ordered must not crowd out what can.
            let gap = cluster::new_replica(4, 0);
            let messages = later_requests(gap, 40);
            for bytes in &messages[1..] {
                let _ = cluster.inject(9, 3, bytes);
            }
        }
        cluster.submit(3, b"bet");
        cluster.run_for(100);
        cluster.connect(3, 2);
        cluster.expect(&[0, 1, 2], 1, 200);
    }
}

/// The wire bytes of many requests of one player.
fn later_requests(mut replica: bitcraps_core::consensus::Replica, count: u8) -> Vec<Vec<u8>> {
    use bitcraps_core::consensus::Action;
    for number in 0..count {
        replica.submit(bitcraps_core::time::Instant(0), vec![number]);
    }
    let actions = std::iter::from_fn(|| replica.poll_action());
    actions
        .filter_map(|action| match action {
            Action::Flood { bytes, .. } if bytes[0] == Kind::Request as u8 => Some(bytes),
            _ => None,
        })
        .collect()
}

#[test]
fn a_player_that_signs_many_requests_with_one_number_stops_only_itself() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[3].honest = false;
    cluster.silence(3);
    for victim in 0..3_u8 {
        let versions: Vec<Vec<u8>> = (0..20)
            .map(|version| {
                let mut twin = cluster::new_replica(4, 3);
                twin.submit(bitcraps_core::time::Instant(0), vec![victim, version]);
                later_requests(twin, 0).remove(0)
            })
            .collect();
        // A made-up proposal names them all, so the victim takes in as many as it ever will.
        let ids = versions.iter().map(|bytes| {
            let statement = &bytes[HEADER_BYTES..bytes.len() - 64];
            let table = bitcraps_core::crypto::Context::of_table(cluster::VERSION, &TABLE);
            let parts: [&[u8]; 2] = [&table.0.0, statement];
            let digest = bitcraps_core::crypto::Digest::of("bitcraps/request/v1", &parts);
            bitcraps_core::consensus::RequestId(digest.short())
        });
        let proposal = bitcraps_core::consensus::PrePrepare {
            ids: ids.collect(),
            signature: bitcraps_core::crypto::Signature([1; 64]),
        };
        let tag = u16::from_le_bytes([TABLE.0[0], TABLE.0[1]]);
        let proposal = Message::PrePrepare(proposal).to_wire(tag, 0, 1);
        let _ = cluster.inject(3, usize::from(victim), &proposal);
        for bytes in versions {
            let _ = cluster.inject(3, usize::from(victim), &bytes);
        }
    }
    for phone in 0..3 {
        cluster.submit(phone, b"honest");
    }
    cluster.expect(&[0, 1, 2], 3, 60_000);
    cluster.run_for(60_000);
    cluster.submit(1, b"later");
    cluster.expect(&[0, 1, 2], 4, 10_000);
}

#[test]
fn a_lost_body_is_asked_for() {
    let mut cluster = Cluster::mesh(4);
    // The request reaches the primary alone; what the primary relays of it is lost.
    cluster.phones[3].filter = Some(Box::new(|_, to, bytes| {
        let drop = bytes[0] == Kind::Request as u8 && to != 0;
        if drop { Vec::new() } else { vec![(0, bytes)] }
    }));
    cluster.phones[0].filter = Some(Box::new(|now, _, bytes| {
        let drop = bytes[0] == Kind::Request as u8 && now < 15;
        if drop { Vec::new() } else { vec![(0, bytes)] }
    }));
    cluster.submit(3, b"bet");
    cluster.expect(&[0, 1, 2, 3], 1, 200);
    let wants = cluster.sends.iter();
    assert!(
        wants
            .filter(|(_, bytes)| bytes[0] == Kind::Want as u8)
            .count()
            > 0
    );
}

#[test]
fn lines_rings_and_circulants_decide_over_many_hops() {
    for n in [4, 7, 10, 16] {
        for shape in 0..3 {
            let mut cluster = Cluster::new(n, n as u64 + shape);
            match shape {
                0 => (1..n).for_each(|phone| cluster.connect(phone - 1, phone)),
                1 => cluster.connect_circulant(&[1]),
                _ => cluster.connect_circulant(&[1, 3]),
            }
            cluster.latency = (5, 15);
            for phone in [0, n / 2, n - 1] {
                cluster.submit(phone, b"bet");
            }
            let phones = all(&cluster);
            cluster.expect(&phones, 3, 10_000);
        }
    }
}

#[test]
fn empty_batches_pass_slots_while_the_filler_is_set() {
    let mut cluster = Cluster::mesh(4);
    for phone in 0..4 {
        let now = bitcraps_core::time::Instant(cluster.now);
        cluster.phones[phone].replica.set_filler(now, true);
    }
    assert!(cluster.run_until(2_000, |c| c.phones.iter().all(|p| p.delivered.len() >= 10)));
    assert!(cluster.phones.iter().all(|phone| phone.replica.view() == 0));
    for phone in 0..4 {
        let now = bitcraps_core::time::Instant(cluster.now);
        cluster.phones[phone].replica.set_filler(now, false);
    }
    cluster.run_for(1_000);
    let slots = cluster.phones[0].delivered.len();
    cluster.run_for(5_000);
    assert_eq!(
        cluster.phones[0].delivered.len(),
        slots,
        "nothing to do, nothing done"
    );
}

#[test]
fn duplicates_and_replays_change_nothing() {
    let mut cluster = Cluster::new(4, 11);
    cluster.connect_all();
    for phone in 0..4 {
        cluster.phones[phone].filter = Some(Box::new(|_, _, bytes| {
            vec![(0, bytes.clone()), (30, bytes)]
        }));
    }
    (0..4).for_each(|phone| cluster.submit(phone, b"bet"));
    cluster.expect(&[0, 1, 2, 3], 4, 5_000);
    let old: Vec<Vec<u8>> = cluster.own.iter().map(|(_, bytes)| bytes.clone()).collect();
    let before = cluster.phones[2].replica.load();
    for bytes in &old {
        let _ = cluster.inject(1, 2, bytes);
    }
    assert_eq!(cluster.phones[2].replica.load(), before);
    assert_eq!(cluster.requests(2), 4);
}

#[test]
fn garbage_neither_panics_nor_matters() {
    let mut cluster = Cluster::mesh(4);
    let mut random = Random(5);
    for round in 0..4_000_u32 {
        let length = random.index(200);
        let mut bytes: Vec<u8> = (0..length)
            .map(|_| random.next().to_le_bytes()[0])
            .collect();
        if round % 2 == 0 && length > 2 {
            // A right kind and table, so that bodies are read too.
            bytes[0] = [1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 18, 19][random.index(12)];
            bytes[1..3].copy_from_slice(&TABLE.0[..2]);
        }
        let _ = cluster.inject(9, 1, &bytes);
        // Nobody is linked as 9, and 0 is a neighbour whose word weighs no more.
        let _ = cluster.inject(0, 2, &bytes);
    }
    (0..4).for_each(|phone| cluster.submit(phone, b"bet"));
    cluster.expect(&[0, 1, 2, 3], 4, 10_000);
}

#[test]
fn a_flipped_byte_in_any_real_message_neither_panics_nor_changes_what_is_delivered() {
    let mut messages = Vec::new();
    let mut reference = Cluster::new(4, 3);
    reference.connect_all();
    reference.submit(1, b"first");
    reference.run_for(500);
    reference.silence(0);
    reference.submit(2, b"second");
    reference.expect(&[1, 2, 3], 2, 20_000);
    reference.cut(3, 2);
    reference.phones[0].filter = None;
    reference.connect(3, 2);
    reference.run_for(1_000);
    messages.extend(
        reference
            .own
            .iter()
            .chain(&reference.sends)
            .map(|(_, b)| b.clone()),
    );
    let kinds: std::collections::BTreeSet<u8> = messages.iter().map(|bytes| bytes[0]).collect();
    assert!(kinds.is_superset(&(1..=6).collect()), "{kinds:?}");
    let mut random = Random(17);
    for bytes in messages {
        for at in (0..bytes.len()).step_by(if bytes.len() > 200 { 7 } else { 3 }) {
            // At an empty phone, and at one in the middle of things.
            let mut bent = bytes.clone();
            bent[at] ^= 1 << random.index(8);
            let to = 1 + at % 3;
            let before = reference.phones[to].delivered.len();
            let _ = reference.inject(0, to, &bent);
            assert_eq!(reference.phones[to].delivered.len(), before);
        }
    }
    reference.submit(3, b"third");
    reference.expect(&[1, 2, 3], 3, 60_000);
    assert_ne!(reference.phones[1].delivered[0].1, genesis_chain(&TABLE));
}

#[test]
fn bytes_flipped_on_a_link_are_refused_and_the_rest_arrives() {
    for seed in 0..20 {
        let mut cluster = Cluster::new(4, seed);
        cluster.connect_all();
        cluster.phones[3].honest = false;
        let mut random = Random(seed);
        cluster.phones[3].filter = Some(Box::new(move |_, _, mut bytes| {
            let at = random.index(bytes.len());
            bytes[at] ^= 1 << random.index(8);
            vec![(0, bytes)]
        }));
        (0..3).for_each(|phone| cluster.submit(phone, b"bet"));
        cluster.expect(&[0, 1, 2], 3, 20_000);
    }
}

#[test]
fn a_talkative_neighbour_is_answered_only_so_often() {
    let mut cluster = Cluster::mesh(4);
    cluster.submit(0, b"bet");
    cluster.expect(&[0, 1, 2, 3], 1, 1_000);
    cluster.run_for(1_000);
    cluster.submit(0, b"under way");
    let before = cluster.sends.len();
    for delivered in 2..1_000 {
        let status = bitcraps_core::consensus::Status {
            view: 0,
            delivered,
            stable: 0,
            epoch: 0,
            tag: [0; 4],
        };
        let tag = u16::from_le_bytes([TABLE.0[0], TABLE.0[1]]);
        let _ = cluster.inject(3, 0, &Message::Status(status).to_wire(tag, 0, delivered));
    }
    assert!(cluster.sends.len() - before < 20);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut cluster = Cluster::new(7, 42);
        cluster.connect_circulant(&[1, 2]);
        (0..7).for_each(|phone| cluster.submit(phone, b"bet"));
        cluster.run_for(3_000);
        (cluster.now, cluster.own, cluster.sends)
    };
    assert_eq!(run(), run());
}
