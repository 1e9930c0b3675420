//! A phone's shares of the dice's keys: one for each epoch that can still throw, and none of those that are over.

mod room;

use bitcraps_core::craps::BetKind;
use bitcraps_core::node::{Command, Event};
use room::Room;

const BET: Command = Command::PlaceBet {
    kind: BetKind::PassLine,
    amount: 10,
};

fn shares(room: &Room) -> Vec<usize> {
    let usage = room.nodes.iter().map(|node| node.usage().key_shares);
    usage.collect()
}

/// Runs until this holds.
fn until(room: &mut Room, what: &str, holds: impl Fn(&Room) -> bool) {
    for _ in 0..2_000 {
        if holds(room) {
            return;
        }
        room.run(10);
    }
    panic!("never: {what}");
}

/// A table of four that is about to be one of three: the new key is made, and its epoch has not begun.
fn between_epochs() -> Room {
    let mut room = Room::meshed(4);
    room.run(3_000);
    assert_eq!(shares(&room), [1; 4]);
    for phone in [0, 1] {
        room.command(phone, BET);
    }
    room.run(1_000);
    room.command(3, Command::Leave);
    let made = |room: &Room| {
        let mut nodes = room.nodes.iter();
        nodes.all(|node| node.table().key(1).is_some() && node.epoch().0.number == 0)
    };
    until(&mut room, "the new key", made);
    room
}

#[test]
fn the_share_of_an_epoch_that_is_over_is_erased_and_whoever_left_has_none_of_the_next() {
    let mut room = between_epochs();
    assert_eq!(shares(&room), [2, 2, 2, 1], "the old one still throws");
    let begun = |room: &Room| room.nodes.iter().all(|node| node.epoch().0.number == 1);
    until(&mut room, "the epoch", begun);
    // The first slot of the new epoch is what ends the old one.
    room.command(0, BET);
    room.run(2_000);
    assert_eq!(shares(&room), [1, 1, 1, 0]);
    for node in &room.nodes {
        let table = node.table();
        assert!(table.key(0).is_none() && table.key(1).is_some());
    }
}

#[test]
fn a_roll_that_waits_in_the_last_slots_of_an_epoch_keeps_its_share_and_the_next_epoch_waiting() {
    let mut room = between_epochs();
    let shooter = room.nodes[0].table().shooter().map(|seat| seat.index());
    room.command(shooter.unwrap_or(0), Command::Roll);
    let closed = |room: &Room| {
        let mut nodes = room.nodes.iter();
        nodes.all(|node| node.table().dice().is_closed())
    };
    until(&mut room, "the close", closed);
    // Two of four: no roll, however long it takes.
    room.deaf.extend([2, 3]);
    room.run(20_000);
    for phone in [0, 1] {
        let node = &room.nodes[phone];
        let roll = node.table().dice().closed().map(|closed| closed.epoch);
        assert_eq!(roll, Some(0), "phone {phone}");
        assert_eq!(node.epoch().0.number, 0, "the boundary waits for it");
        assert_eq!(node.usage().key_shares, 2);
    }
    room.hear_again();
    let over = |room: &Room| {
        let mut nodes = room.nodes.iter();
        nodes.all(|node| node.table().rolls() == 1 && node.epoch().0.number == 1)
    };
    until(&mut room, "the dice and the epoch", over);
    let began = |event: &&Event| matches!(event, Event::EpochBegan { epoch: 1, .. });
    for phone in 0..4 {
        assert_eq!(room.events(phone).filter(began).count(), 1, "phone {phone}");
    }
}
