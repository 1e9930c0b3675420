//! A phone that lies, over the surface: its table names it, and shows why.

mod room;

use std::time::{Duration, Instant};

use bitcraps_ffi::{BetKind, Event, GameNode, NodeError, Standing, preset_rules, table_card};
use room::{Folder, Room, open};

/// The liar's seat, and its second phone of the same key.
const LIAR: usize = 3;
const COPY: usize = 4;
/// How often both bet.
const BET_EVERY: Duration = Duration::from_millis(100);

/// Four phones and a copy of the last, both of which claim to be new. Neither hears the other, and each has other
/// neighbours.
fn with_a_copy() -> Room {
    let folder = Folder::new("liar");
    let seats = [0, 1, 2, LIAR, LIAR].into_iter().enumerate();
    let nodes: Vec<GameNode> = seats
        .map(|(phone, seat)| open(folder.phone(phone), seat))
        .collect();
    let keys = nodes[..COPY].iter().map(GameNode::public_key).collect();
    let rules = preset_rules("friendly").expect("it is a preset");
    let card = table_card(rules, keys).expect("the rules are fine");
    for node in &nodes {
        node.take_seat(card.clone(), true).expect("it is seated");
    }
    let mut room = Room::of(folder, nodes);
    let links = [(0, 1), (0, 2), (1, 2), (0, LIAR), (1, COPY), (2, COPY)];
    for (one, other) in links {
        room.join(one, other);
    }
    room
}

/// Different bets under one number, at the same time: of a number that is decided before its other bet is heard no proof
/// is left. Each phone counts its own commands, so the one that is behind bets until it is not.
fn spend_twice(one: &GameNode, other: &GameNode) -> Result<(), NodeError> {
    let mut first = one.place_bet(BetKind::PassLine, 5)?;
    let mut second = other.place_bet(BetKind::PassLine, 10)?;
    while first < second {
        first = one.place_bet(BetKind::PassLine, 5)?;
    }
    while second < first {
        second = other.place_bet(BetKind::PassLine, 10)?;
    }
    Ok(())
}

#[test]
fn a_phone_that_bets_two_things_under_one_number_is_named_with_proof_and_convicted() {
    let mut room = with_a_copy();
    room.run_until("links", |room| {
        let quorums = room.nodes.iter().filter_map(GameNode::quorum);
        let seen: Vec<usize> = quorums.map(|quorum| quorum.reachable.len()).collect();
        seen == [4, 4, 4, 2, 3]
    });
    let mut bet_at = Instant::now();
    room.run_until("the verdict", |room| {
        if bet_at <= Instant::now() {
            // They may have too many on their way by now.
            let _ = spend_twice(&room.nodes[LIAR], &room.nodes[COPY]);
            bet_at = Instant::now() + BET_EVERY;
        }
        let convicted = |event: &Event| matches!(event, Event::Convicted { .. });
        room.events[1].iter().any(convicted)
    });
    let named = room.events[1].iter().find_map(|event| match event {
        Event::Misbehaviour { seat, evidence, .. } => Some((usize::from(*seat), evidence.len())),
        _ => None,
    });
    let (seat, evidence) = named.expect("the proof comes before the verdict");
    assert_eq!(seat, LIAR);
    assert!(evidence > 128, "two signatures alone take as much");
    room.run_until("its seat", |room| {
        let table = room.nodes[0].table().expect("it sits at a table");
        matches!(table.seats[LIAR].standing, Standing::Convicted { .. })
    });
    let told = room.events[..LIAR].iter().flatten();
    let mut accused = told.filter_map(|event| match event {
        Event::Misbehaviour { seat, .. } => Some(usize::from(*seat)),
        _ => None,
    });
    assert!(accused.all(|seat| seat == LIAR), "nobody else is named");
}
