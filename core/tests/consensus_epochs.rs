//! Checkpoints, state transfer, and rosters that change while the table goes on.

mod cluster;

use bitcraps_core::consensus::Ignored;
use bitcraps_core::consensus::limits::{CHECKPOINT_EVERY, SLOTS_BELOW_STABLE, WINDOW};
use cluster::forge::{head_of, pre_prepare, range, request, request_wire};
use cluster::model::{joins, leaves};
use cluster::{Cluster, seat};

/// Bets one after the other, so that each takes a slot of its own.
fn play(cluster: &mut Cluster, phones: &[usize], count: usize) {
    for bet in 0..count {
        let player = phones[bet % phones.len()];
        let want = cluster.requests(player) + 1;
        cluster.submit(player, b"bet");
        let done = |c: &Cluster| phones.iter().all(|p| c.requests(*p) >= want);
        // A phone that took a state over has not delivered what lies below it.
        let same = |c: &Cluster| {
            let slots: Vec<u64> = phones
                .iter()
                .map(|p| c.phones[*p].replica.delivered().0)
                .collect();
            slots.windows(2).all(|two| two[0] == two[1])
        };
        let done = |c: &Cluster| done(c) || (same(c) && c.requests(player) >= want);
        assert!(cluster.run_until(60_000, done), "bet {bet}");
    }
}

fn delivered(cluster: &Cluster, phone: usize) -> u64 {
    cluster.phones[phone].replica.delivered().0
}

#[test]
fn a_checkpoint_follows_every_sixteen_slots_and_what_lies_below_is_forgotten() {
    for n in [4, 7] {
        let mut cluster = Cluster::mesh(n);
        let slots = usize::try_from(SLOTS_BELOW_STABLE + 3 * CHECKPOINT_EVERY).unwrap();
        play(&mut cluster, &range(0, n), slots);
        cluster.run_for(1_000);
        for phone in &cluster.phones {
            let (stable, kept) = (phone.replica.stable(), phone.replica.load().decided);
            assert_eq!(
                stable,
                phone.replica.delivered().0 / CHECKPOINT_EVERY * CHECKPOINT_EVERY
            );
            assert!(kept as u64 <= SLOTS_BELOW_STABLE + CHECKPOINT_EVERY + WINDOW);
        }
        let votes = cluster.own.iter().filter(|(_, bytes)| bytes[0] == 8);
        let expected = n * slots / usize::try_from(CHECKPOINT_EVERY).unwrap();
        assert_eq!(votes.count(), expected, "one each");
    }
}

#[test]
fn a_phone_that_slept_for_hundreds_of_slots_goes_on_from_a_checkpoint() {
    let mut cluster = Cluster::mesh(4);
    play(&mut cluster, &range(0, 4), 5);
    (0..3).for_each(|to| cluster.cut(3, to));
    play(&mut cluster, &range(0, 3), 200);
    assert_eq!(delivered(&cluster, 3), 5);
    (0..3).for_each(|to| cluster.connect(3, to));
    cluster.run_for(2_000);
    assert_eq!(delivered(&cluster, 3), delivered(&cluster, 0));
    assert_eq!(cluster.phones[3].installed.len(), 1);
    assert_eq!(cluster.phones[3].model, cluster.phones[0].model);
    // And it counts again: without another phone, its votes are needed.
    cluster.silence(2);
    play(&mut cluster, &[0, 1, 3], 20);
}

// Kills: voting goes on beyond the end of the epoch.
#[test]
fn no_slot_beyond_the_end_of_an_epoch_is_voted_on_by_its_members() {
    let mut cluster = Cluster::mesh(5);
    let others = [1, 2, 3];
    play(&mut cluster, &others, 3);
    cluster.submit(1, &leaves(4));
    let last = 3 + 1 + WINDOW;
    play(&mut cluster, &others, usize::try_from(last).unwrap() - 4);
    assert_eq!(delivered(&cluster, 1), last - 1);
    cluster.phones[0].honest = false;
    cluster.silence(0);
    let (_, tip) = cluster.phones[1].replica.delivered();
    let end = vec![request(0, 1, b"in the last slot")];
    let beyond = vec![request(0, 2, b"in the one behind it")];
    let end_head = head_of(0, last, &tip, &end);
    let beyond_head = head_of(0, last + 1, &end_head.chain, &beyond);
    for to in others {
        let _ = cluster.inject(0, to, &request_wire(&end[0]));
        let _ = cluster.inject(0, to, &request_wire(&beyond[0]));
        let taken = cluster.inject(0, to, &pre_prepare(5, 0, end_head, &end));
        assert_eq!(taken, Ok(()));
        let refused = cluster.inject(0, to, &pre_prepare(5, 0, beyond_head, &beyond));
        assert_eq!(refused, Err(Ignored::OutOfWindow), "{to}");
    }
}

#[test]
fn a_roster_change_takes_effect_a_window_later_on_every_phone_at_once() {
    for (from, payload, to) in [
        (10, leaves(4), 9),
        (9, joins(9), 10),
        (5, leaves(0), 4),
        (4, leaves(3), 3),
        (3, leaves(1), 2),
        (4, joins(4), 5),
    ] {
        let seats: Vec<usize> = (0..from.max(to)).collect();
        let mut cluster = Cluster::with_seats(from, &seats, 1);
        cluster.latency = (10, 10);
        cluster.connect_all();
        let gone = usize::from(payload[2]);
        let stay: Vec<usize> = seats.iter().copied().filter(|s| *s != gone).collect();
        play(&mut cluster, &stay, 3);
        cluster.submit(stay[0], &payload);
        play(&mut cluster, &stay, 30);
        cluster.run_for(2_000);
        let first = cluster.phones[stay[0]].epochs[0].1;
        for phone in &stay {
            assert_eq!(
                cluster.phones[*phone].epochs,
                [(1, first, to)],
                "{from} to {to}"
            );
        }
        assert_eq!(first, 3 + 1 + WINDOW + 1);
        if to > from {
            play(&mut cluster, &[gone], 2);
        } else {
            let before = cluster.requests(stay[0]);
            cluster.submit(gone, b"late");
            cluster.run_for(5_000);
            assert_eq!(cluster.requests(stay[0]), before, "who left has no say");
        }
    }
}

#[test]
fn the_primary_may_leave_and_two_may_leave_within_one_window() {
    let mut cluster = Cluster::mesh(7);
    play(&mut cluster, &range(1, 7), 2);
    cluster.submit(1, &leaves(0));
    cluster.run_for(100);
    cluster.submit(2, &leaves(3));
    let stay = [1, 2, 4, 5, 6];
    play(&mut cluster, &stay, 40);
    cluster.run_for(1_000);
    for phone in stay {
        let members: Vec<usize> = cluster.phones[phone].epochs.iter().map(|e| e.2).collect();
        assert_eq!(members, [6, 5], "phone {phone}");
        assert_eq!(cluster.phones[phone].replica.epoch().primary(0), seat(1));
        assert_eq!(cluster.phones[phone].replica.epoch().primary(2), seat(4));
    }
}

#[test]
fn a_phone_that_slept_through_epochs_finds_its_way_from_the_old_roster_to_the_new() {
    let mut cluster = Cluster::mesh(9);
    play(&mut cluster, &range(0, 9), 3);
    (0..8).for_each(|to| cluster.cut(8, to));
    for gone in [5, 0] {
        cluster.submit(1, &leaves(gone));
        play(&mut cluster, &[1, 2, 3, 4, 6, 7], 120);
    }
    for to in [1, 2, 3] {
        cluster.connect(8, to);
    }
    cluster.run_for(5_000);
    assert_eq!(delivered(&cluster, 8), delivered(&cluster, 1));
    assert_eq!(cluster.phones[8].replica.epoch().number, 2);
    play(&mut cluster, &[8, 1, 2, 3], 3);
}

#[test]
fn a_phone_that_slept_through_the_end_of_an_epoch_catches_up_slot_by_slot() {
    let mut cluster = Cluster::mesh(5);
    play(&mut cluster, &range(0, 5), 2);
    (0..4).for_each(|to| cluster.cut(4, to));
    cluster.submit(0, &leaves(3));
    play(&mut cluster, &range(0, 3), 30);
    cluster.connect(4, 0);
    cluster.run_for(3_000);
    assert_eq!(delivered(&cluster, 4), delivered(&cluster, 0));
    assert!(cluster.phones[4].installed.is_empty());
}

#[test]
fn an_epoch_ends_in_the_middle_of_a_view_change() {
    for after in [5, 10, 15, 20, 25, 30, 40, 50, 70] {
        let mut cluster = Cluster::mesh(7);
        play(&mut cluster, &range(0, 7), 2);
        cluster.submit(1, &leaves(6));
        for bet in 0..12 {
            cluster.submit(1 + bet % 5, b"bet");
        }
        cluster.run_for(after);
        cluster.silence(0);
        play(&mut cluster, &range(1, 6), 30);
    }
}
