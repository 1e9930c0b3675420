//! From invites to a table, over the surface: what the suites of the other languages check, checked here first.

mod room;

use bitcraps_ffi::{
    BetKind, Event, GameNode, LobbyEvent, Memory, NodeError, TableRules, preset_rules,
    verify_history,
};
use room::{Folder, Room, open};

const NAMES: [&str; 4] = ["Ana", "Ben", "Cleo", "Dan"];

fn rules() -> TableRules {
    preset_rules("friendly").expect("it is a preset")
}

/// A host and its guests in one room, and the invites that they came with.
fn lobby(name: &str, phones: usize) -> (Room, Vec<String>) {
    let folder = Folder::new(name);
    let nodes: Vec<GameNode> = (0..phones)
        .map(|phone| open(folder.phone(phone), phone))
        .collect();
    nodes[0]
        .host_table(NAMES[0], rules())
        .expect("a lobby opens");
    let invites: Vec<String> = (1..phones)
        .map(|_| nodes[0].invite(60).expect("the host invites"))
        .collect();
    for (phone, invite) in (1..).zip(&invites) {
        let joined = nodes[phone].join_table(NAMES[phone], invite);
        joined.expect("the invite is whole");
    }
    let mut room = Room::of(folder, nodes);
    room.join_all();
    room.run_until("everybody on every list", |room| {
        (0..phones).all(|phone| names(room, phone) == NAMES[..phones])
    });
    (room, invites)
}

fn names(room: &Room, phone: usize) -> Vec<String> {
    let guests = room.nodes[phone].lobby().map(|lobby| lobby.guests);
    guests.map_or_else(Vec::new, |guests| {
        guests.into_iter().map(|guest| guest.name).collect()
    })
}

fn is_told(room: &Room, phone: usize, wanted: impl Fn(&LobbyEvent) -> bool) -> bool {
    let mut events = room.events[phone].iter();
    events.any(|event| matches!(event, Event::Lobby { event } if wanted(event)))
}

/// Everybody signs what the host proposes, and goes on until the dice have a key.
fn found(room: &mut Room) {
    room.nodes[0].propose_table().expect("there are enough");
    let phones = room.nodes.len();
    room.run_until("the proposal", |room| {
        (1..phones).all(|phone| is_told(room, phone, |event| *event == LobbyEvent::Proposed))
    });
    for node in &room.nodes[1..] {
        node.answer_proposal(true).expect("it was asked");
    }
    room.run_until("the key of the dice", |room| {
        let mut tables = room.nodes.iter().map(GameNode::table);
        tables.all(|table| table.is_some_and(|table| table.dice.has_key))
    });
}

#[test]
fn guests_that_were_invited_sign_a_table_and_play_at_it() {
    let (mut room, _) = lobby("founded", 4);
    let seen = room.nodes[3].lobby().expect("it is in a lobby");
    assert_eq!((seen.is_host, seen.is_proposed), (false, false));
    assert_eq!(seen.rules, Some(rules()));
    assert!(room.nodes[3].service_uuid().is_some());
    assert!(matches!(room.nodes[3].roll(), Err(NodeError::NoTable)));
    found(&mut room);
    for phone in 0..4 {
        let table = room.nodes[phone].table().expect("it was founded");
        assert_eq!(usize::from(table.own_seat), phone);
        let names: Vec<_> = table
            .seats
            .iter()
            .filter_map(|seat| seat.name.as_deref())
            .collect();
        assert_eq!(names, NAMES);
        let founded = |event: &Event| matches!(event, Event::Founded { .. });
        assert_eq!(
            room.events[phone]
                .iter()
                .filter(|event| founded(event))
                .count(),
            1
        );
        assert!(room.nodes[phone].lobby().is_none());
    }
    assert_eq!(room.bet(3, BetKind::PassLine, 10), Ok(()));
    let history = room.nodes[2].export_history().expect("it sits at a table");
    verify_history(history).expect("it is true");
}

#[test]
fn a_phone_at_a_founded_table_goes_on_from_disk_and_still_knows_the_names() {
    let (mut room, _) = lobby("founded-reopened", 4);
    found(&mut room);
    assert_eq!(room.bet(1, BetKind::PassLine, 10), Ok(()));
    room.kill(1);
    room.reopen(1);
    let table = room.nodes[1].table().expect("it sits at a table");
    assert_eq!(table.seats[2].name.as_deref(), Some("Cleo"));
    assert_eq!(table.seats[1].stack, 990);
    room.run_until("the others' word", |room| {
        let table = room.nodes[1].table();
        table.is_some_and(|table| table.memory == Memory::Whole)
    });
    assert_eq!(room.bet(1, BetKind::PassLine, 10), Ok(()));
}

#[test]
fn a_copied_or_damaged_invite_is_refused_with_the_reason() {
    let (mut room, invites) = lobby("invites", 2);
    let copy = room.add(|path, phone| {
        let node = open(path, phone);
        node.join_table("Eve", &invites[0])
            .expect("the text is whole");
        node
    });
    room.join(copy, 0);
    room.run_until("the refusal", |room| {
        is_told(room, copy, |event| {
            matches!(event, LobbyEvent::NotAdmitted { reason } if reason.contains("somebody else"))
        })
    });
    assert!(is_told(&room, 0, |event| {
        matches!(event, LobbyEvent::TurnedAway { public_key, .. } if *public_key == room.nodes[copy].public_key())
    }));
    assert_eq!(names(&room, 0), ["Ana", "Ben"]);
    let away = open(room.folder.phone(9), 9);
    let mut misread = invites[0].clone();
    let other = if &misread[100..101] == "A" { "B" } else { "A" };
    misread.replace_range(100..101, other);
    for (invite, reason) in [
        ("hello", "not an invite"),
        (misread.as_str(), "not read completely"),
    ] {
        let refused = away.join_table("Eve", invite).expect_err("it is not whole");
        assert!(matches!(refused, NodeError::Invite(_)));
        assert!(refused.to_string().contains(reason), "{refused}");
    }
    let unnamed = away.join_table("", &invites[0]).expect_err("no name");
    assert!(unnamed.to_string().contains("a name is"), "{unnamed}");
}

#[test]
fn a_guest_may_decline_and_the_host_may_remove_and_alone_there_is_no_table() {
    let (mut room, _) = lobby("declined", 3);
    let refused = room.nodes[1].propose_table().expect_err("it is a guest");
    assert!(refused.to_string().contains("only the host"), "{refused}");
    room.nodes[0].propose_table().expect("there are three");
    room.run_until("the proposal", |room| {
        is_told(room, 1, |event| *event == LobbyEvent::Proposed)
    });
    room.nodes[1].answer_proposal(false).expect("it was asked");
    room.run_until("the list without it", |room| {
        names(room, 2) == ["Ana", "Cleo"] && is_told(room, 1, |event| *event == LobbyEvent::Removed)
    });
    let key = room.nodes[2].public_key();
    room.nodes[0].remove_guest(key).expect("it is a guest");
    room.run_until("the list without anybody", |room| names(room, 0) == ["Ana"]);
    let alone = room.nodes[0].propose_table().expect_err("nobody is left");
    assert!(alone.to_string().contains("invite somebody"), "{alone}");
    let none = open(room.folder.phone(9), 9);
    let none = none.invite(5).expect_err("there is no lobby");
    assert!(none.to_string().contains("host a table"), "{none}");
}

#[test]
fn a_newcomer_that_enough_players_want_gets_a_seat_and_chips_and_bets() {
    let (mut room, _) = lobby("newcomer", 4);
    found(&mut room);
    let invite = room.nodes[2].invite(60).expect("any player invites");
    let eve = room.add(|path, phone| {
        let node = open(path, phone);
        node.join_table("Eve", &invite).expect("the text is whole");
        node
    });
    for other in 0..4 {
        room.join(eve, other);
    }
    let key = room.nodes[eve].public_key();
    room.run_until("the knock", |room| {
        (0..3).all(|phone| {
            is_told(room, phone, |event| {
                matches!(event, LobbyEvent::Knocked { public_key, inviter: 2, .. } if *public_key == key)
            })
        })
    });
    for phone in 0..3 {
        let wanted = room.nodes[phone].seat_guest(&key);
        let wanted = wanted.expect("the node takes commands");
        assert_eq!(room.answer(phone, wanted), Ok(()));
    }
    room.run_until("the seat", |room| {
        let table = room.nodes[eve].table();
        table.is_some_and(|table| table.seats.get(eve).is_some_and(|seat| seat.stack == 1_000))
    });
    let welcomed = |event: &Event| matches!(event, Event::Welcomed { seat: 4 });
    assert!(room.events[eve].iter().any(welcomed));
    let table = room.nodes[0].table().expect("it sits at a table");
    assert_eq!(table.seats[eve].name.as_deref(), Some("Eve"));
    room.run_until("the others' word", |room| {
        let table = room.nodes[eve].table();
        table.is_some_and(|table| table.memory == Memory::Whole)
    });
    assert_eq!(room.bet(eve, BetKind::PassLine, 10), Ok(()));
    room.run_until("all phones", |room| {
        (0..5).all(|phone| room.stack(phone, eve) == 990)
    });
}
