//! The surface, played on by real nodes: what the suites of the other languages check, checked here first.

mod room;

use bitcraps_ffi::{BetKind, Event, Memory, NodeError, verify_history};
use room::Room;

#[test]
fn a_bet_commits_and_every_phone_sees_the_same_chips() {
    let mut room = Room::seated("commits", 4);
    assert_eq!(room.bet(1, BetKind::PassLine, 10), Ok(()));
    room.run_until("all phones", |room| {
        (0..4).all(|phone| room.stack(phone, 1) == 990)
    });
    let quorum = room.nodes[0].quorum().expect("it sits at a table");
    assert_eq!((quorum.members, quorum.quorum, quorum.liars_max), (4, 3, 1));
    assert_eq!((quorum.reachable.len(), quorum.can_lose), (4, Some(1)));
}

#[test]
fn a_bet_above_the_stack_is_refused_with_the_reason() {
    let mut room = Room::seated("refused", 4);
    let refused = room.bet(2, BetKind::PassLine, 1_000);
    assert_eq!(refused, Ok(()), "all of it may be bet");
    let refused = room.bet(2, BetKind::Field, 5).expect_err("nothing is left");
    assert!(refused.contains("the stack has 0"), "{refused}");
    let free = room.nodes[2].check_bet(BetKind::Field, 5);
    assert_eq!(free.expect("it sits at a table"), Some(refused));
}

#[test]
fn after_a_seven_out_the_next_seat_shoots() {
    let mut room = Room::seated("seven-out", 4);
    for _ in 0..200 {
        let table = room.nodes[0].table().expect("it sits at a table");
        if table.point.is_none() {
            for phone in 0..4 {
                // All of them, so that the next seat has a line bet after a seven-out too.
                let _ = room.bet(phone, BetKind::PassLine, 5);
            }
        }
        let shooter = room.nodes[0].table().and_then(|table| table.shooter);
        assert_eq!(shooter, Some(0), "nobody else shoots before a seven-out");
        let rolls = rolled(&room).len();
        room.run_until("the dice to be ready", |room| {
            room.nodes[0].table().is_some_and(|table| table.can_roll)
        });
        let request = room.nodes[0].roll().expect("the node takes commands");
        assert_eq!(room.answer(0, request), Ok(()));
        room.run_until("the dice", |room| rolled(room).len() > rolls);
        if *rolled(&room).last().expect("it has rolled") {
            for phone in 0..4 {
                let _ = room.bet(phone, BetKind::PassLine, 5);
            }
            room.run_until("the next shooter", |room| {
                room.nodes[0]
                    .table()
                    .is_some_and(|table| table.shooter == Some(1))
            });
            let moved = |event: &Event| matches!(event, Event::ShooterMoved { to: Some(1), .. });
            assert!(room.events[0].iter().any(moved));
            return;
        }
    }
    panic!("200 rolls without a seven-out");
}

/// Whether each roll so far was a seven-out.
fn rolled(room: &Room) -> Vec<bool> {
    let events = room.events[0].iter();
    events
        .filter_map(|event| match event {
            Event::Rolled { seven_out, .. } => Some(*seven_out),
            _ => None,
        })
        .collect()
}

#[test]
fn when_the_primary_dies_the_view_changes_and_the_next_bet_commits() {
    let mut room = Room::seated("primary", 4);
    // On a slow machine it is somebody else's turn by now.
    let dead = room.nodes[1].table().expect("it sits at a table").primary;
    let other = (usize::from(dead) + 1) % 4;
    room.events[other].clear();
    assert_eq!(room.bet(other, BetKind::PassLine, 10), Ok(()));
    room.kill(dead.into());
    assert_eq!(room.bet(other, BetKind::PassLine, 10), Ok(()));
    let changed =
        |event: &Event| matches!(event, Event::ViewChanged { primary, .. } if *primary != dead);
    room.run_until("the view", |room| room.events[other].iter().any(changed));
    let quorum = room.nodes[other].quorum().expect("it sits at a table");
    let living = (0..4).filter(|seat| *seat != dead).collect();
    assert_eq!((quorum.reachable, quorum.can_lose), (living, Some(0)));
}

#[test]
fn reopened_from_disk_a_phone_goes_on_where_it_was() {
    let mut room = Room::seated("reopened", 4);
    assert_eq!(room.bet(1, BetKind::PassLine, 10), Ok(()));
    room.kill(1);
    assert_eq!(room.bet(2, BetKind::PassLine, 10), Ok(()));
    room.reopen(1);
    assert_eq!(room.stack(1, 1), 990, "from its own journal");
    let refused = room.nodes[1].place_bet(BetKind::PassLine, 10);
    assert!(matches!(refused, Err(NodeError::Busy(_))), "it asks first");
    room.run_until("the others' word", |room| {
        room.nodes[1]
            .table()
            .is_some_and(|table| table.memory == Memory::Whole)
    });
    assert_eq!(room.bet(1, BetKind::PassLine, 10), Ok(()));
    let chips = [room.stack(1, 1), room.stack(1, 2)];
    assert_eq!(chips, [980, 990]);
    let named = |event: &Event| matches!(event, Event::Misbehaviour { .. });
    assert!(!room.events.iter().flatten().any(named), "nobody lied");
}

#[test]
fn the_exported_history_verifies_and_a_tampered_one_does_not() {
    let mut room = Room::seated("history", 4);
    assert_eq!(room.bet(1, BetKind::PassLine, 10), Ok(()));
    let history = room.nodes[1].export_history().expect("it sits at a table");
    let summary = verify_history(history.clone()).expect("it is true");
    assert_eq!(summary.closed_by, Some(1));
    assert_eq!((summary.lines[1].stack, summary.lines[1].layout), (990, 10));
    for at in [0, history.len() / 3, history.len() / 2, history.len() - 1] {
        let mut tampered = history.clone();
        tampered[at] ^= 1;
        let breach = verify_history(tampered).expect_err("a byte is wrong");
        assert!(matches!(breach, NodeError::History(_)), "{breach}");
    }
}

/// What a shell's cancelled wait comes to: the number is forgotten, the bet is not.
#[test]
fn a_command_that_nobody_waits_for_any_more_takes_effect_and_is_answered_once() {
    let mut room = Room::seated("cancelled", 4);
    let forgotten = room.nodes[1].place_bet(BetKind::PassLine, 10);
    let forgotten = forgotten.expect("the node takes commands");
    room.run_until("the bet", |room| room.stack(1, 1) == 990);
    assert_eq!(room.bet(1, BetKind::PassLine, 10), Ok(()));
    let answers = room.events[1].iter().filter(|event| match event {
        Event::Committed { request, .. }
        | Event::Rejected { request, .. }
        | Event::Overtaken { request } => *request == forgotten,
        _ => false,
    });
    assert_eq!(answers.count(), 1);
    assert_eq!(room.stack(1, 1), 980);
}

#[test]
fn two_threads_may_bet_at_once_and_no_command_is_lost() {
    let mut room = Room::seated("threads", 4);
    let node = &room.nodes[0];
    let bet = || -> Vec<u64> {
        let bets = (0..8).map(|_| node.place_bet(BetKind::PassLine, 5));
        bets.map(|bet| bet.expect("both may bet")).collect()
    };
    let mut requests: Vec<u64> = std::thread::scope(|scope| {
        let threads = [scope.spawn(bet), scope.spawn(bet)];
        let joined = threads.map(|thread| thread.join().expect("no panic"));
        joined.concat()
    });
    requests.sort_unstable();
    requests.dedup();
    assert_eq!(requests.len(), 16, "each command has a number of its own");
    for request in requests {
        assert_eq!(room.answer(0, request), Ok(()));
    }
    assert_eq!(room.stack(0, 0), 1_000 - 16 * 5);
}
