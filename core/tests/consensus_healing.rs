//! Tables that could decide nothing for a thousand time-outs, and clocks that are wrong (consensus.md §4, scenarios 14 and 17).

mod cluster;

use bitcraps_core::wire::Kind;
use cluster::Cluster;
use cluster::clock::Clock;
use cluster::forge::range;

/// No time-out is longer than this, however many there were (protocol.md, 5.7).
const TIMEOUT_MAX: u64 = 30_000;
const HOUR: u64 = 3_600_000;

fn views(cluster: &Cluster) -> Vec<u64> {
    let phones = cluster.phones.iter();
    phones.map(|phone| phone.replica.view()).collect()
}

/// The highest view that anybody has left for.
fn target(cluster: &Cluster) -> u64 {
    let left = cluster.phones.iter().flat_map(|phone| &phone.left);
    left.copied().max().unwrap_or(0)
}

#[test]
fn a_table_that_timed_out_a_thousand_times_decides_within_two_view_changes_once_it_heals() {
    let mut cluster = Cluster::mesh(4);
    cluster.submit(0, b"before");
    cluster.expect(&range(0, 4), 1, 1_000);
    // View-changes get through and no new-view does: every view is left again.
    for phone in &mut cluster.phones {
        phone.filter = Some(Box::new(|_, _, bytes| match bytes[0] {
            kind if kind == Kind::NewView as u8 => Vec::new(),
            _ => vec![(0, bytes)],
        }));
    }
    cluster.silence(0);
    cluster.submit(1, b"waits");
    let timed_out = |cluster: &Cluster| target(cluster) >= 1_000;
    assert!(cluster.run_until(1_100 * TIMEOUT_MAX, timed_out));
    assert!((0..4).all(|phone| cluster.requests(phone) == 1));
    let load: Vec<_> = cluster.phones.iter().map(|p| p.replica.load()).collect();
    cluster.run_for(20 * TIMEOUT_MAX);
    let later: Vec<_> = cluster.phones.iter().map(|p| p.replica.load()).collect();
    assert_eq!(load[1..], later[1..], "a table that waits does not grow");
    let (before, sent) = (target(&cluster), cluster.own.len());
    for phone in &mut cluster.phones {
        phone.filter = None;
    }
    cluster.expect(&range(1, 4), 2, 3 * TIMEOUT_MAX);
    assert!(
        target(&cluster) <= before + 2,
        "{before} {:?}",
        views(&cluster)
    );
    // Two view changes and a decision, of four phones.
    let signed = cluster.own.len() - sent;
    assert!(signed <= 4 * 2 * 4, "{signed} messages");
}

#[test]
fn halves_without_a_quorum_leave_one_view_in_a_thousand_time_outs_and_heal_at_once() {
    let mut cluster = Cluster::mesh(9);
    cluster.partition(&range(0, 5), &range(5, 9));
    cluster.submit(0, b"one side");
    cluster.submit(8, b"other side");
    cluster.run_for(1_000 * TIMEOUT_MAX);
    assert!((0..9).all(|phone| cluster.requests(phone) == 0));
    assert!(target(&cluster) <= 1, "nobody goes on without a quorum");
    for a in 0..5 {
        (5..9).for_each(|b| cluster.connect(a, b));
    }
    let healed = cluster.now;
    cluster.expect(&range(0, 9), 2, TIMEOUT_MAX);
    assert!(target(&cluster) <= 2, "{:?}", views(&cluster));
    assert!(
        cluster.now - healed < 5_000,
        "no doubled time-out is waited for"
    );
}

#[test]
fn clocks_that_run_a_fifth_too_fast_or_too_slow_change_no_view_and_decide_as_ever() {
    for paces in [[1_200_000, 800_000], [800_000, 1_200_000]] {
        let mut cluster = Cluster::mesh(5);
        for phone in 0..5 {
            cluster.phones[phone].clock.pace = paces[phone % 2];
        }
        for round in 0..50_u32 {
            cluster.submit(round as usize % 5, &round.to_le_bytes());
            cluster.run_for(700);
        }
        cluster.expect(&range(0, 5), 50, 1_000);
        assert_eq!(views(&cluster), [0; 5], "{paces:?}");
        assert!(cluster.phones.iter().all(|phone| phone.left.is_empty()));
        // And a primary that is dead is still left, after one time-out of the slowest.
        cluster.silence(0);
        cluster.submit(4, b"without the primary");
        cluster.expect(&range(1, 5), 51, 2_500);
        assert!(views(&cluster)[1..].iter().all(|view| *view == 1));
    }
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_costs_its_phone_one_view_change_and_the_others_none() {
    for waiting in [false, true] {
        let mut cluster = Cluster::mesh(4);
        for round in 0..10_u32 {
            cluster.submit(1, &round.to_le_bytes());
            cluster.run_for(100);
        }
        if waiting {
            // A request is on its way: whatever timer runs, fires.
            cluster.submit(2, b"on its way");
            cluster.run_for(15);
        }
        cluster.phones[3].clock.jumped += HOUR;
        cluster.run_for(5_000);
        assert!(
            cluster.phones[3].left.len() <= 1,
            "{:?}",
            cluster.phones[3].left
        );
        assert!((0..3).all(|phone| cluster.phones[phone].left.is_empty()));
        for round in 0..10_u32 {
            cluster.submit(1, &(100 + round).to_le_bytes());
            cluster.run_for(100);
        }
        cluster.expect(&range(0, 4), 20 + usize::from(waiting), 6_000);
    }
}

#[test]
fn everybody_who_wakes_from_ten_minutes_of_sleep_goes_on_without_a_storm_of_view_changes() {
    let mut cluster = Cluster::mesh(7);
    cluster.submit(0, b"before");
    cluster.expect(&range(0, 7), 1, 1_000);
    (0..7).for_each(|phone| cluster.submit(phone, b"before the sleep"));
    cluster.run_for(15);
    for phone in &mut cluster.phones {
        // All were suspended alike: the clocks have gone on, what was said is still on its way.
        phone.clock = Clock {
            jumped: 600_000,
            ..phone.clock
        };
    }
    cluster.expect(&range(0, 7), 8, 5_000);
    assert!(cluster.phones.iter().all(|phone| phone.left.len() <= 1));
    assert!(target(&cluster) <= 1);
}
