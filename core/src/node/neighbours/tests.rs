//! One phone's links, without anything that passes over them.

use super::*;

fn seats(seats: &[u8]) -> SeatSet {
    seats.iter().copied().map(Seat).collect()
}

/// A phone that wants links to `planned` and dials the even seats first.
fn wanting(planned: &[u8], links_max: usize) -> Neighbours {
    let plan = Plan {
        members: seats(&[0, 1, 2, 3, 4, 5, 6, 7, 8]),
        seats: seats(planned),
        dials: seats(&[0, 2, 4, 6, 8]),
    };
    Neighbours::new(Digest([1; 32]), links_max, plan)
}

fn neighbours() -> Neighbours {
    wanting(&[1, 2, 3], 6)
}

fn link(n: &mut Neighbours, link: u64, role: Role, seat: u8) -> Verdict {
    n.on_link_up(Instant(0), LinkId(link), role);
    n.on_secured(Instant(0), LinkId(link), Seat(seat))
}

#[test]
fn of_two_links_to_a_seat_the_one_by_the_draw_stays_whichever_came_first() {
    for [first, second] in [
        [Role::Central, Role::Peripheral],
        [Role::Peripheral, Role::Central],
    ] {
        let mut n = neighbours();
        assert_eq!(link(&mut n, 1, first, 2), Verdict::Serve);
        let verdict = link(&mut n, 2, second, 2);
        // We dial seat 2 first: the link on which we are the central stays, and the other is not ours to close.
        assert_eq!(verdict == Verdict::Serve, second == Role::Central);
        assert!(n.redundant_to(LinkId(2), Seat(2)).is_empty() || first == Role::Central);
        let mut n = neighbours();
        assert_eq!(link(&mut n, 1, first, 3), Verdict::Serve);
        // Seat 3 dials first: ours is the one that goes.
        match link(&mut n, 2, second, 3) {
            Verdict::Serve => assert_eq!(n.redundant_to(LinkId(2), Seat(3)), [LinkId(1)]),
            verdict => assert_eq!((verdict, second), (Verdict::Redundant, Role::Central)),
        }
    }
}

#[test]
fn a_full_phone_dials_nobody_and_one_that_has_what_it_wants_neither() {
    let mut n = wanting(&[1, 2], 1);
    link(&mut n, 1, Role::Peripheral, 1);
    n.on_discovered(Instant(0), Handle(1), -50);
    assert_eq!(n.poll_dial(Instant(10_000)), None);
    n.on_link_down(Instant(10_000), LinkId(1));
    assert_eq!(n.poll_dial(Instant(10_000)), Some(Handle(1)));
    let mut n = wanting(&[1], 6);
    link(&mut n, 1, Role::Peripheral, 1);
    n.on_discovered(Instant(0), Handle(1), -50);
    assert_eq!(n.poll_dial(Instant(60_000)), None);
}

#[test]
fn a_link_that_stands_in_goes_once_the_planned_ones_are_there_and_the_other_end_has_enough() {
    let mut n = neighbours();
    link(&mut n, 1, Role::Central, 8);
    for (number, seat) in [(2, 1), (3, 2)] {
        link(&mut n, number, Role::Peripheral, seat);
    }
    assert_eq!(n.poll_surplus(Instant(1)), None, "3 is missing");
    link(&mut n, 4, Role::Peripheral, 3);
    assert_eq!(n.poll_surplus(Instant(1)), None, "8 may need us");
    n.on_links(Seat(8), seats(&[0, 1, 2, 3]));
    assert_eq!(n.poll_surplus(Instant(1)), Some(LinkId(1)));
    assert_eq!(n.poll_surplus(Instant(1)), None, "once");
    link(&mut n, 5, Role::Central, 11);
    n.on_links(Seat(11), seats(&[0, 1, 2, 3]));
    assert_eq!(n.poll_surplus(Instant(1)), None, "11 has left, and listens");
}

#[test]
fn a_phone_with_too_many_links_drops_one_that_is_not_planned_and_never_the_only_one() {
    let mut n = wanting(&[1, 2], 2);
    for (number, seat) in [(1, 1), (2, 2), (3, 5)] {
        link(&mut n, number, Role::Peripheral, seat);
    }
    assert_eq!(n.poll_surplus(Instant(1)), Some(LinkId(3)));
    let mut n = wanting(&[1, 2], 0);
    link(&mut n, 1, Role::Peripheral, 5);
    assert_eq!(n.poll_surplus(Instant(1)), None);
}

#[test]
fn a_quiet_link_is_asked_three_times_and_then_dead() {
    let mut n = neighbours();
    link(&mut n, 1, Role::Central, 1);
    let patience = Patience {
        busy_since: Some(Instant(0)),
    };
    let mut seen = Vec::new();
    for now in (0..10_000).step_by(100) {
        let quiet = n.poll_quiet(Instant(now), patience);
        seen.extend(quiet.map(|quiet| (now, quiet)));
    }
    let ask = Quiet::Ask(LinkId(1));
    let dead = Quiet::Dead(LinkId(1));
    assert_eq!(
        seen,
        [(1_000, ask), (2_000, ask), (3_000, ask), (4_000, dead)]
    );
    assert_eq!(n.seat(LinkId(1)), None, "it is not served any more");
    // A phone that was suspended asks first, however long it was away.
    let mut n = neighbours();
    link(&mut n, 1, Role::Central, 1);
    assert_eq!(n.poll_quiet(Instant(60_000), patience), Some(ask));
    assert_eq!(n.poll_quiet(Instant(60_000), patience), None);
    n.on_heard(Instant(60_200), LinkId(1));
    assert_eq!(n.poll_quiet(Instant(61_100), patience), None);
    assert_eq!(n.poll_quiet(Instant(61_200), patience), Some(ask));
    // What begins to wait on a quiet link is not met with questions, and five seconds are the most.
    let patience = |at| Patience {
        busy_since: Some(Instant(at)),
    };
    n.on_heard(Instant(70_000), LinkId(1));
    assert_eq!(n.poll_quiet(Instant(73_000), patience(73_000)), None);
    assert_eq!(n.poll_quiet(Instant(73_999), patience(73_000)), None);
    assert_eq!(n.poll_quiet(Instant(74_000), patience(73_000)), Some(ask));
    n.on_heard(Instant(80_000), LinkId(1));
    assert_eq!(n.poll_quiet(Instant(85_000), patience(84_900)), Some(ask));
}

#[test]
fn whoever_sends_much_without_sense_loses_its_link_and_is_not_let_in_for_a_while() {
    let mut n = neighbours();
    link(&mut n, 1, Role::Peripheral, 1);
    link(&mut n, 9, Role::Peripheral, 2);
    let cut = (0..100).filter(|_| n.on_offence(Instant(0), LinkId(1)));
    assert_eq!(cut.count(), 1);
    assert_eq!(n.seat(LinkId(1)), None);
    n.on_link_down(Instant(0), LinkId(1));
    n.on_link_up(Instant(1_000), LinkId(2), Role::Peripheral);
    let now = Instant(1_000);
    assert_eq!(n.on_secured(now, LinkId(2), Seat(1)), Verdict::Banned);
    // Nor is it dialled, until that is over and nobody has to tell us.
    let pardon = Instant(30_000);
    assert_eq!(Wishes::of(&n, now).wish(Some(Seat(1))), None);
    assert!(n.next_wake(now) <= Some(pardon));
    n.lacking_since = Some(now);
    assert_eq!(
        Wishes::of(&n, pardon).wish(Some(Seat(1))),
        Some(Wish::Planned)
    );
    let later = Instant(31_000);
    n.on_link_up(later, LinkId(3), Role::Peripheral);
    assert_eq!(n.on_secured(later, LinkId(3), Seat(1)), Verdict::Serve);
    // One a second is borne for ever.
    assert!((31..1_000).all(|at| !n.on_offence(Instant(at * 1_000), LinkId(3))));
}

#[test]
fn the_only_working_link_is_kept_whatever_comes_over_it() {
    let mut n = neighbours();
    link(&mut n, 1, Role::Peripheral, 1);
    assert!((0..1_000).all(|_| !n.on_offence(Instant(0), LinkId(1))));
    assert_eq!(n.seat(LinkId(1)), Some(Seat(1)));
    link(&mut n, 2, Role::Peripheral, 2);
    assert!(n.on_offence(Instant(0), LinkId(1)), "now there is another");
    // A stranger's is no working link.
    let mut n = neighbours();
    n.on_link_up(Instant(0), LinkId(1), Role::Peripheral);
    assert!((0..100).any(|_| n.on_offence(Instant(0), LinkId(1))));
}

#[test]
fn a_link_that_is_not_secured_in_time_is_given_up_once() {
    let mut n = neighbours();
    n.on_link_up(Instant(0), LinkId(1), Role::Peripheral);
    assert_eq!(n.poll_late(Instant(3_999)), None);
    assert_eq!(n.poll_late(Instant(4_000)), Some(LinkId(1)));
    assert_eq!(n.poll_late(Instant(4_000)), None);
}

#[test]
fn two_strangers_at_a_time_are_answered_and_slow_ones_make_room() {
    let mut n = neighbours();
    for link in 1..=4 {
        n.on_link_up(Instant(0), LinkId(link), Role::Peripheral);
        n.on_hail(LinkId(link));
    }
    assert_eq!(n.poll_hail(Instant(0)), Some(LinkId(1)));
    assert_eq!(n.poll_hail(Instant(0)), Some(LinkId(2)));
    assert_eq!(n.poll_hail(Instant(0)), None);
    n.on_secured(Instant(0), LinkId(2), Seat(1));
    assert_eq!(n.poll_hail(Instant(500)), Some(LinkId(3)));
    assert_eq!(n.poll_late(Instant(999)), None);
    assert_eq!(n.poll_late(Instant(1_000)), Some(LinkId(1)), "4 waits");
    assert_eq!(n.poll_hail(Instant(1_000)), Some(LinkId(4)));
    assert_eq!(n.poll_late(Instant(1_500)), None, "nobody waits");
    assert_eq!(n.poll_late(Instant(4_000)), Some(LinkId(3)));
}
