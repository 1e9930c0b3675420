//! Leaving a view, beginning the next, and catching up: with silent and cut off phones.

mod cluster;

use bitcraps_core::consensus::Quorum;
use bitcraps_core::crypto::Seat;
use bitcraps_core::wire::{HEADER_BYTES, Kind};
use cluster::Cluster;
use cluster::forge::{drop_commits, range, sent_view_changes};

#[test]
fn a_silent_primary_is_replaced_after_one_time_out() {
    for n in [4, 5, 6, 7, 9, 10, 16] {
        let mut cluster = Cluster::mesh(n);
        cluster.silence(0);
        cluster.submit(n - 1, b"bet");
        // A second and a half, and 160 ms for each member above four.
        let time_out = 1_500 + 160 * (n as u64).saturating_sub(4);
        cluster.expect(&range(1, n), 1, time_out + 200);
        assert!(
            cluster.phones[1..]
                .iter()
                .all(|phone| phone.replica.view() == 1),
            "n = {n}"
        );
    }
}

#[test]
fn a_primary_that_leaves_one_player_out_is_given_up_although_it_orders_the_others() {
    let mut cluster = Cluster::mesh(4);
    // Nobody passes player 3's requests on to the primary: to the others that looks like a primary that ignores them.
    for phone in 1..4 {
        cluster.phones[phone].filter = Some(Box::new(|_, to, bytes| {
            let left_out = bytes[0] == Kind::Request as u8 && bytes[HEADER_BYTES] == 3;
            if left_out && to == 0 {
                Vec::new()
            } else {
                vec![(0, bytes)]
            }
        }));
    }
    cluster.submit(3, b"left out");
    for _ in 0..50 {
        cluster.submit(1, b"ordered");
        cluster.run_for(100);
    }
    let of_three = |phone: usize| {
        let mut batches = cluster.phones[phone]
            .delivered
            .iter()
            .map(|(_, _, batch)| batch);
        batches.any(|batch| batch.iter().any(|request| request.player() == Seat(3)))
    };
    assert!((0..4).all(of_three), "ordered by another primary");
    assert!(
        cluster.phones[1..]
            .iter()
            .all(|phone| phone.replica.view() >= 1)
    );
}

#[test]
fn a_primary_keeps_its_view_when_the_slots_before_took_the_time() {
    let mut cluster = Cluster::mesh(4);
    for _ in 0..20 {
        cluster.submit(1, b"quick");
        cluster.run_for(200);
    }
    let decided = cluster.phones[1].replica.delivered().0;
    // The room gets slow, as when everybody bets at once: two slots are under way when the bet of 2 reaches the primary.
    for phone in 0..4 {
        cluster.phones[phone].filter = Some(Box::new(move |_, to, bytes| {
            let delay = match Kind::from_u8(bytes[0]) {
                Some(Kind::Request) if (phone, to) == (2, 0) => 100,
                Some(Kind::PrePrepare) if phone == 0 => 600,
                _ => 0,
            };
            vec![(delay, bytes)]
        }));
    }
    cluster.submit(2, b"behind them");
    cluster.submit(1, b"first");
    cluster.run_for(5);
    cluster.submit(3, b"second");
    for _ in 0..100 {
        cluster.run_for(20);
        for phone in &cluster.phones {
            assert!(phone.replica.is_voting() && phone.replica.view() == 0);
        }
    }
    for phone in &cluster.phones {
        assert_eq!(phone.replica.delivered().0, decided + 3);
    }
}

#[test]
fn f_silent_phones_that_are_the_first_f_primaries_are_passed_over() {
    for n in [7, 10] {
        let f = Quorum::of(n).f;
        let mut cluster = Cluster::mesh(n);
        (0..f).for_each(|phone| cluster.silence(phone));
        cluster.submit(n - 1, b"bet");
        cluster.expect(&range(f, n), 1, 1_200 * (1 << (f + 1)));
        cluster.submit(n - 2, b"bet");
        cluster.expect(&range(f, n), 2, 100);
    }
}

#[test]
fn nine_phones_go_on_with_three_silent_and_wait_with_four() {
    let mut cluster = Cluster::mesh(9);
    [0, 4, 8]
        .into_iter()
        .for_each(|phone| cluster.silence(phone));
    cluster.submit(1, b"bet");
    cluster.expect(&[1, 2, 3, 5, 6, 7], 1, 3_000);
    cluster.silence(5);
    cluster.submit(1, b"waits");
    cluster.run_for(60_000);
    let before: Vec<_> = cluster
        .phones
        .iter()
        .map(|phone| phone.replica.load())
        .collect();
    let sent = cluster.own.len();
    cluster.run_for(600_000);
    let after: Vec<_> = cluster
        .phones
        .iter()
        .map(|phone| phone.replica.load())
        .collect();
    assert_eq!(before, after, "a table that waits does not grow");
    assert_eq!(cluster.own.len(), sent, "and signs nothing");
    assert!(
        range(0, 9)
            .into_iter()
            .all(|phone| cluster.requests(phone) <= 1)
    );
    cluster.phones[5].filter = None;
    cluster.expect(&[1, 2, 3, 5, 6, 7], 2, 60_000);
}

#[test]
fn a_batch_that_one_phone_decided_survives_the_view_change_at_every_cut_point() {
    for n in [4, 5, 7] {
        for phone in 0..n {
            for cut_at in (0..=45).step_by(5) {
                let mut cluster = Cluster::mesh(n);
                drop_commits(&mut cluster, 0, Some(phone));
                cluster.submit(0, b"first");
                cluster.run_for(5);
                cluster.submit(0, b"second");
                cluster.run_for(cut_at);
                let others: Vec<usize> = range(0, n).into_iter().filter(|p| *p != phone).collect();
                cluster.partition(&[phone], &others);
                cluster.submit(others[1], b"third");
                cluster.run_for(5_000);
                others
                    .iter()
                    .for_each(|other| cluster.connect(phone, *other));
                // A primary that is cut off at once may keep what it proposed to itself.
                cluster.expect(&range(0, n), 3, 60_000);
            }
        }
    }
}

#[test]
fn the_lock_of_the_later_view_wins_over_that_of_an_earlier_one() {
    let mut cluster = Cluster::mesh(4);
    // View 0: X is prepared at 3 alone, and 3 is not heard.
    for phone in 0..4 {
        cluster.phones[phone].filter = Some(Box::new(move |_, to, bytes| {
            let lost = bytes[0] == Kind::Prepare as u8 && bytes[3] == 0 && to != 3;
            let commit = bytes[0] == Kind::Commit as u8 && bytes[3] <= 1;
            if lost || commit || (phone == 3 && bytes[0] != 5) {
                Vec::new()
            } else {
                vec![(0, bytes)]
            }
        }));
    }
    cluster.submit(0, b"x");
    cluster.run_for(100);
    (0..3).for_each(|other| cluster.cut(3, other));
    cluster.submit(1, b"y");
    // View 1: Y holds both requests, is prepared at 0, 1 and 2, and is not decided.
    assert!(cluster.run_until(3_000, |c| {
        (0..3).all(|phone| c.phones[phone].replica.view() == 1)
    }));
    cluster.run_for(100);
    cluster.silence(1);
    assert!(cluster.run_until(5_000, |c| sent_view_changes(c, 2).len() >= 2));
    cluster.phones[3].filter = None;
    (0..3).for_each(|other| cluster.connect(3, other));
    // View 2: 0 and 2 report Y, 3 reports X.
    cluster.expect(&[0, 2, 3], 2, 30_000);
    let reports = sent_view_changes(&cluster, 2);
    let locks = reports
        .iter()
        .filter(|bytes| bytes[23] == 1)
        .map(|bytes| bytes[24]);
    let locks: std::collections::BTreeSet<u8> = locks.collect();
    assert_eq!(locks, [0, 1].into(), "both locks were on the table");
    assert_eq!(cluster.phones[3].delivered[0].2.len(), 2, "Y, not X");
}

#[test]
fn partitions_decide_only_where_a_quorum_is_and_heal() {
    for (n, left) in [(4, 2), (9, 5), (9, 6), (9, 3), (7, 5)] {
        let mut cluster = Cluster::mesh(n);
        cluster.submit(0, b"before");
        cluster.expect(&range(0, n), 1, 1_000);
        let (one, other) = (range(0, left), range(left, n));
        cluster.partition(&one, &other);
        cluster.submit(0, b"one side");
        cluster.submit(n - 1, b"other side");
        cluster.run_for(60_000);
        let q = Quorum::of(n).q;
        for side in [&one, &other] {
            let expected = if side.len() >= q { 2 } else { 1 };
            assert!(
                side.iter()
                    .all(|phone| cluster.requests(*phone) == expected),
                "{n} {left}"
            );
        }
        for a in &one {
            other.iter().for_each(|b| cluster.connect(*a, *b));
        }
        cluster.expect(&range(0, n), 3, 40_000);
    }
}

#[test]
fn a_deaf_phone_alone_moves_nobody() {
    let mut cluster = Cluster::mesh(4);
    cluster.blocked = (0..3).map(|other| (other, 3)).collect();
    for round in 0..10 {
        cluster.submit(3, &[round]);
        cluster.submit(1, &[round]);
        cluster.run_for(5_000);
    }
    assert!((0..3).all(|phone| cluster.requests(phone) == 20));
    assert!((0..3).all(|phone| cluster.phones[phone].left.is_empty()));
    assert_eq!(
        cluster.phones[3].left,
        [1],
        "without a quorum it goes no further"
    );
    cluster.blocked.clear();
    cluster.expect(&[3], 20, 6_000);
}

#[test]
fn all_links_dropped_at_once_and_restored_lose_nothing() {
    for cut_at in (0..60).step_by(5) {
        let mut cluster = Cluster::mesh(7);
        (0..7).for_each(|phone| cluster.submit(phone, b"bet"));
        cluster.run_for(cut_at);
        for a in 0..7 {
            (a + 1..7).for_each(|b| cluster.cut(a, b));
        }
        cluster.run_for(10_000);
        cluster.connect_all();
        cluster.expect(&range(0, 7), 7, 20_000);
    }
}

#[test]
fn a_phone_cut_off_for_hundreds_of_slots_catches_up_from_one_neighbour() {
    for n in [4, 7] {
        let mut cluster = Cluster::mesh(n);
        let last = n - 1;
        (0..last).for_each(|other| cluster.cut(last, other));
        for round in 0..300_u32 {
            cluster.submit(1, &round.to_le_bytes());
            cluster.run_for(50);
        }
        assert!(
            cluster.phones[0].delivered.len() >= 250,
            "{}",
            cluster.phones[0].delivered.len()
        );
        cluster.connect(last, 1);
        let slots = |c: &Cluster, phone: usize| c.phones[phone].replica.delivered().0;
        let level = |c: &Cluster| slots(c, last) == slots(c, 0);
        assert!(cluster.run_until(5_000, level));
        assert_eq!(cluster.phones[last].installed.len(), 1, "from a checkpoint");
        cluster.submit(last, b"back");
        cluster.expect(&range(0, last), 301, 2_000);
        assert!(cluster.run_until(1_000, level));
    }
}
