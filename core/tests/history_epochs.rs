//! A history that goes over an epoch's end: each epoch is announced once, where it begins and with its own members, and what
//! belongs to one epoch or table stands in no other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod room;

use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::Roster;
use bitcraps_core::history::{Breach, Flaw, Run, Verdict, verify_history};
use bitcraps_core::node::Command;
use bitcraps_core::wire::{Decode, Encode};
use room::{Room, genesis, identity};

const EPOCH: u8 = 2;
const RUN: u8 = 3;
const CLOSING: u8 = 4;

const BET: Command = Command::PlaceBet {
    kind: BetKind::PassLine,
    amount: 10,
};

/// A table with these buy-ins: four roll once, one leaves, and the three others roll once more in the next epoch.
fn with_two_epochs(buy_in: u64) -> Vec<u8> {
    let nodes = (0..4).map(|seat| room::open(genesis(4, buy_in), seat));
    let mut room = Room::of(nodes.collect());
    room.join_all();
    room.run(3_000);
    roll(&mut room, 1);
    room.command(3, Command::Leave);
    room.run(10_000);
    assert_eq!(room.nodes[0].epoch().0.number, 1, "a new epoch has begun");
    roll(&mut room, 2);
    room.nodes[0].export_history()
}

fn roll(room: &mut Room, number: u64) {
    for phone in 0..2 {
        room.command(phone, BET);
    }
    room.run(1_500);
    let shooter = room.nodes[0].table().shooter().expect("a line bet");
    room.command(shooter.index(), Command::Roll);
    room.run(1_500);
    assert_eq!(room.nodes[0].table().rolls(), number);
}

/// The records of a file, each with its kind and length, read from the format and not with the code under test.
fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut at = 12;
    let mut records = Vec::new();
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 1..at + 5].try_into().unwrap());
        let end = at + 5 + usize::try_from(length).unwrap();
        records.push(bytes[at..end].to_vec());
        at = end;
    }
    records
}

fn file(head: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
    [&head[..12], &records.concat()].concat()
}

fn broken(bytes: &[u8]) -> Breach {
    match verify_history(bytes) {
        Verdict::Broken(breach) => breach,
        other => panic!("{other:?}"),
    }
}

/// Where the epoch record stands.
fn boundary(records: &[Vec<u8>]) -> usize {
    let epochs: Vec<usize> = (0..records.len())
        .filter(|at| records[*at][0] == EPOCH)
        .collect();
    assert_eq!(epochs.len(), 1, "epoch 0 is not announced, epoch 1 once");
    epochs[0]
}

/// An epoch record as the format has it.
fn epoch_record(number: u64, first: u64, roster: &Roster) -> Vec<u8> {
    let body = [
        &number.to_le_bytes()[..],
        &first.to_le_bytes(),
        &roster.to_bytes(),
    ]
    .concat();
    let length = u32::try_from(body.len()).unwrap();
    [&[EPOCH][..], &length.to_le_bytes(), &body].concat()
}

fn run_at(records: &[Vec<u8>], at: usize) -> Run {
    assert_eq!(records[at][0], RUN);
    Run::from_bytes(&records[at][5..]).unwrap()
}

#[test]
fn an_epoch_is_announced_where_it_begins_with_its_own_members_and_nowhere_else() {
    let bytes = with_two_epochs(1_000);
    assert!(matches!(verify_history(&bytes), Verdict::Valid { .. }));
    let records = records(&bytes);
    let at = boundary(&records);
    let flaw_with = |changed: Vec<Vec<u8>>| {
        let breach = broken(&file(&bytes, &changed));
        (breach.record, breach.flaw)
    };
    let mut without = records.clone();
    let epoch = without.remove(at);
    assert_eq!(flaw_with(without.clone()), (at, Flaw::Epoch), "left out");
    let mut twice = records.clone();
    twice.insert(at, epoch.clone());
    assert_eq!(flaw_with(twice), (at + 1, Flaw::Epoch), "twice");
    for moved in [at - 1, at + 1] {
        let mut elsewhere = without.clone();
        elsewhere.insert(moved, epoch.clone());
        let (record, flaw) = flaw_with(elsewhere);
        assert_eq!(
            (record, flaw),
            (moved.min(at), Flaw::Epoch),
            "moved to {moved}"
        );
    }
    let first = run_at(&records, at + 1).first;
    let keys = |seats: std::ops::Range<u8>| {
        let keys = seats.map(|seat| identity(seat).public_key());
        Roster::new(keys.collect()).unwrap()
    };
    let own = Roster::from_bytes(&epoch[5 + 16..]).unwrap();
    assert_eq!(epoch_record(1, first, &own), epoch);
    for (number, first, roster) in [
        (0, first, &own),
        (2, first, &own),
        (1, first - 1, &own),
        (1, first + 1, &own),
        (1, first, &keys(0..4)),
        (1, first, &keys(1..4)),
        (1, first, &keys(0..2)),
    ] {
        let mut other = records.clone();
        other[at] = epoch_record(number, first, roster);
        assert_eq!(
            flaw_with(other),
            (at, Flaw::Epoch),
            "{number} {first} {roster:?}"
        );
    }
}

#[test]
fn slots_of_one_epoch_count_in_no_other() {
    let bytes = with_two_epochs(1_000);
    let records = records(&bytes);
    let at = boundary(&records);
    let after = run_at(&records, at + 1);
    // The certificate of the last slot of the old epoch, and of the first of the new one, for each other.
    for (slot, other) in [(at + 1, at - 1), (at - 1, at + 1)] {
        let (mut run, of_other) = (run_at(&records, slot), run_at(&records, other));
        run.body = of_other.body;
        let mut changed = records.clone();
        let body = run.to_bytes();
        let length = u32::try_from(body.len()).unwrap();
        changed[slot] = [&[RUN][..], &length.to_le_bytes(), &body].concat();
        let breach = broken(&file(&bytes, &changed));
        let certificate = matches!(breach.flaw, Flaw::Certificate { .. });
        assert!(breach.record == slot && certificate, "{breach}");
    }
    // The records behind the boundary in front of it, and the other way round.
    let mut swapped = records.clone();
    swapped.swap(at - 1, at + 1);
    assert_eq!(broken(&file(&bytes, &swapped)).record, at - 1);
    // Cut off at the boundary, and behind it: true up to there.
    let sequence_of = |end: usize| match verify_history(&file(&bytes, &records[..end])) {
        Verdict::ValidTo { sequence, .. } => sequence,
        other => panic!("{other:?}"),
    };
    assert_eq!(sequence_of(at), after.first - 1);
    assert_eq!(
        sequence_of(at + 1),
        after.first - 1,
        "an epoch alone decides nothing"
    );
    assert_eq!(sequence_of(at + 2), after.last());
}

#[test]
fn the_epoch_and_the_closing_of_another_table_are_refused() {
    let bytes = with_two_epochs(1_000);
    let (ours, theirs) = (records(&bytes), records(&with_two_epochs(999)));
    let (at, of_theirs) = (boundary(&ours), boundary(&theirs));
    // The same players: their rosters are alike, so only what is signed tells the tables apart.
    let from_there = [&ours[..at], &theirs[of_theirs..]].concat();
    let breach = broken(&file(&bytes, &from_there));
    assert!(breach.record == at || breach.record == at + 1, "{breach}");
    let mut closed = ours.clone();
    assert_eq!(closed.pop().unwrap()[0], CLOSING);
    closed.push(theirs[theirs.len() - 1].clone());
    assert_eq!(broken(&file(&bytes, &closed)).record, ours.len() - 1);
    let mut run_of_theirs = ours.clone();
    run_of_theirs[at + 1] = theirs[of_theirs + 1].clone();
    assert_eq!(broken(&file(&bytes, &run_of_theirs)).record, at + 1);
}
