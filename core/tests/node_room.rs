//! Four real nodes in a room: a bet's way, the order of what a player is told, the write-ahead rule, and links that
//! misbehave.

mod random;
mod room;

use std::collections::BTreeSet;

use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::Seat;
use bitcraps_core::mesh::{Class, HandshakeError, LinkId, Refusal, Role, TableSecret};
use bitcraps_core::node::{Command, Event, Handle, Input, LinkDownReason, Output, RadioState};
use bitcraps_core::table::{Outcome, Rejection};
use bitcraps_core::time::Instant;
use bitcraps_core::wire::Kind;
use random::Random;
use room::{Room, Stranger, genesis, open};

const BET: Command = Command::PlaceBet {
    kind: BetKind::PassLine,
    amount: 10,
};

/// A room in which the dice have a key and seat 0 has a line bet.
fn playing() -> Room {
    let mut room = Room::meshed(4);
    room.run(3_000);
    room.command(0, BET);
    room.run(2_000);
    assert!(room.nodes.iter().all(|node| node.table().is_ready()));
    room
}

fn position(room: &Room, phone: usize, wanted: impl Fn(&Event) -> bool) -> usize {
    let found: Vec<usize> = room
        .events(phone)
        .enumerate()
        .filter(|(_, event)| wanted(event))
        .map(|(at, _)| at)
        .collect();
    assert_eq!(found.len(), 1, "on phone {phone}");
    found[0]
}

#[test]
fn a_bet_is_seen_by_everybody_and_told_its_own_player_in_order() {
    let room = playing();
    for phone in 0..4 {
        let greeted: BTreeSet<Seat> = room
            .events(phone)
            .filter_map(|event| match event {
                Event::NeighbourUp { seat, .. } => Some(*seat),
                _ => None,
            })
            .collect();
        assert_eq!(greeted.len(), 3, "phone {phone}");
        let placed = room.outcomes(phone).into_iter().any(|outcome| {
            let Outcome::BetPlaced {
                seat, kind, amount, ..
            } = outcome
            else {
                return false;
            };
            (seat, kind, amount) == (Seat(0), BetKind::PassLine, 10)
        });
        assert!(placed, "phone {phone}");
        assert_eq!(room.digest(phone), room.digest(0));
        assert_eq!(room.nodes[phone].table().ledger().stack(Seat(0)), Ok(990));
    }
    let submitted = room.events(0).find_map(|event| match event {
        Event::Submitted {
            number, command, ..
        } => Some((*number, *command)),
        _ => None,
    });
    let Some((number, BET)) = submitted else {
        panic!("{submitted:?}")
    };
    let at = [
        position(&room, 0, |event| matches!(event, Event::Submitted { .. })),
        position(&room, 0, |event| match event {
            Event::Delivered { batch, .. } => batch
                .iter()
                .any(|request| (request.player(), request.number()) == (Seat(0), number)),
            _ => false,
        }),
        position(&room, 0, |event| match event {
            Event::Happened { outcome, .. } => {
                matches!(outcome, Outcome::BetPlaced { number: of, .. } if *of == number)
            }
            _ => false,
        }),
    ];
    assert!(at.is_sorted(), "{at:?}");
}

#[test]
fn the_shooter_rolls_and_every_phone_sees_the_same_dice() {
    let mut room = playing();
    room.command(1, Command::Roll);
    room.run(1_000);
    let refused = |outcome: &Outcome| matches!(outcome, Outcome::Rejected { seat: Seat(1), .. });
    assert!(
        room.outcomes(1).iter().any(refused),
        "only the shooter rolls"
    );
    room.command(0, Command::Roll);
    room.run(2_000);
    let dice = |phone: usize| {
        let rolled = |outcome| match outcome {
            Outcome::Rolled(roll) => Some(*roll),
            _ => None,
        };
        let rolls: Vec<_> = room
            .outcomes(phone)
            .into_iter()
            .filter_map(rolled)
            .collect();
        assert_eq!(rolls.len(), 1, "phone {phone}");
        rolls
    };
    for phone in 0..4 {
        assert_eq!(dice(phone), dice(0));
        assert_eq!(room.nodes[phone].table().rolls(), 1);
        assert_eq!(room.digest(phone), room.digest(0));
    }
    assert_eq!(dice(0)[0].shooter, Some(Seat(0)));
}

#[test]
fn outcomes_follow_the_slot_they_happened_in_and_slots_follow_one_another() {
    let mut room = playing();
    room.command(0, Command::Roll);
    room.run(2_000);
    for phone in 0..4 {
        let mut slot = 0;
        for event in room.events(phone) {
            match event {
                Event::Delivered { sequence, .. } => {
                    assert_eq!(*sequence, slot + 1);
                    slot = *sequence;
                }
                Event::Happened { sequence, .. } => assert_eq!(*sequence, slot),
                _ => {}
            }
        }
        assert_eq!(slot, room.nodes[phone].delivered().0);
        assert!(slot > 5);
    }
}

const SIGNED: [Kind; 6] = [
    Kind::Request,
    Kind::PrePrepare,
    Kind::Prepare,
    Kind::Commit,
    Kind::ViewChange,
    Kind::NewView,
];

/// Checks that whatever this phone signed was persisted before its first chunk left; gives what it signed.
fn signed_after_persist(room: &Room, phone: usize) -> Vec<Kind> {
    let mut checked = Vec::new();
    for (at, message) in &room.said[phone] {
        let kind = Kind::from_u8(message[0]).expect("a kind");
        let is_others = room.heard[phone].iter().any(|(_, heard)| heard == message);
        if !SIGNED.contains(&kind) || is_others {
            continue;
        }
        let holds = |output: &Output| match output {
            Output::Persist(record) => record.windows(message.len()).any(|w| w == &**message),
            _ => false,
        };
        assert!(
            room.outputs[phone][..*at].iter().any(holds),
            "phone {phone} sent a {} that it had not persisted",
            kind.name()
        );
        checked.push(kind);
    }
    checked
}

#[test]
fn whatever_a_phone_signs_is_persisted_before_its_first_chunk_leaves() {
    let mut room = playing();
    room.command(0, Command::Roll);
    room.run(2_000);
    // The primary of view 0 goes away: the others sign view changes.
    room.deaf.insert(0);
    room.command(1, BET);
    room.run(20_000);
    room.hear_again();
    room.run(20_000);
    let mut seen = BTreeSet::new();
    for phone in 0..4 {
        seen.extend(signed_after_persist(&room, phone));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), SIGNED);
    assert!((0..4).all(|phone| room.digest(phone) == room.digest(0)));
    assert!(room.nodes[1].view().0 >= 1);
}

#[test]
fn the_same_inputs_give_the_same_outputs_byte_for_byte() {
    let play = || {
        let mut room = playing();
        room.command(0, Command::Roll);
        room.deaf.insert(2);
        room.run(15_000);
        room.hear_again();
        room.run(5_000);
        room.outputs
    };
    assert_eq!(play(), play());
}

#[test]
fn commands_before_any_link_is_up_are_ordered_when_one_is_and_bets_refused_until_there_is_a_key() {
    let mut room = Room::apart(4);
    room.command(3, BET);
    room.run(3_000);
    assert_eq!(room.nodes[3].delivered().0, 0);
    room.join_all();
    room.run(20_000);
    let refused = |outcome: &Outcome| {
        let reason = Rejection::NoKey;
        matches!(outcome, Outcome::Rejected { seat: Seat(3), reason: r, .. } if *r == reason)
    };
    for phone in 0..4 {
        assert!(room.outcomes(phone).iter().any(refused), "phone {phone}");
        assert!(room.nodes[phone].table().is_ready(), "phone {phone}");
    }
}

/// A chunk made from a real one: cut short, bent, with another header, or made up.
fn hostile(random: &mut Random, real: &[u8]) -> Vec<u8> {
    let mut chunk = real.to_vec();
    let length = random.index(200);
    match random.below(5) {
        0 => return random.bytes(length),
        1 => chunk.truncate(length.min(real.len().saturating_sub(1))),
        2 => {
            let at = random.index(real.len());
            chunk[at] ^= 1 << random.below(8);
        }
        3 => {
            let header = random.bytes(4);
            chunk[..4].copy_from_slice(&header);
        }
        _ => chunk.extend(random.bytes(length)),
    }
    chunk
}

#[test]
fn hostile_chunks_neither_panic_nor_change_the_table() {
    for seed in 0..6 {
        let mut random = Random(seed);
        let mut room = playing();
        let real = room.received[0].clone();
        let before = (room.digest(0), room.nodes[0].delivered());
        let links: Vec<u64> = (1..=3).collect();
        for _ in 0..1_500 {
            let chunk = random.one_of(&real);
            let bytes = hostile(&mut random, &chunk);
            let link = LinkId(random.one_of(&links) + 10 * u64::from(random.below(20) == 0));
            // Only the node is asked, not the room: nothing that comes of it reaches anybody else.
            let node = &mut room.nodes[0];
            node.handle_input(room.now, Input::Received { link, bytes });
            while !matches!(node.poll_output(room.now), Output::Idle { .. }) {}
            assert_eq!(
                (node.table().digest(), node.delivered()),
                before,
                "seed {seed}"
            );
        }
        assert!(!room.nodes[0].stats().bad_chunks.is_empty());
    }
}

#[test]
fn bent_messages_in_whole_records_do_not_change_the_table() {
    for seed in 0..6 {
        let mut random = Random(seed);
        let mut room = playing();
        let real: Vec<Vec<u8>> = room.heard[1]
            .iter()
            .map(|(_, message)| message.to_vec())
            .collect();
        let before = (room.digest(0), room.nodes[0].delivered());
        let (now, node) = (room.now, &mut room.nodes[0]);
        let (mut stranger, _) = Stranger::dial(node, now, LinkId(99), room::identity(1));
        for number in 0..400_u16 {
            let mut message = random.one_of(&real);
            let at = random.index(message.len());
            message[at] ^= 1 << random.below(8);
            if random.below(4) == 0 {
                message.truncate(at + 1);
            }
            let class = random.one_of(&[Class::Vote, Class::Control, Class::Proposal, Class::Bulk]);
            stranger.say(node, now, class, &message);
            assert_eq!(
                (node.table().digest(), node.delivered()),
                before,
                "seed {seed} message {number}: {message:?}"
            );
        }
        let ignored: u64 = node.stats().ignored.values().sum();
        assert!(ignored > 100, "seed {seed}: {ignored}");
    }
}

#[test]
fn phones_of_another_table_are_sent_away_and_have_no_say() {
    let stranger = room::open_with(genesis(4, 1_000), 1, TableSecret([1; 16]));
    let ours = open(genesis(4, 1_000), 0);
    let mut room = Room::of(vec![ours, stranger]);
    let link = room.join(0, 1);
    room.run(100);
    assert!(!room.is_up(link));
    for phone in 0..2 {
        assert_eq!(room.events(phone).count(), 0, "no neighbour, no table");
        assert_eq!(room.nodes[phone].usage().links, 0);
    }
}

#[test]
fn only_a_key_that_has_a_seat_and_is_not_our_own_is_let_in() {
    let refusals = [
        (1, None),
        (0, Some(Refusal::Handshake(HandshakeError::OwnKey))),
        (4, Some(Refusal::NotSeated)),
    ];
    for (person, refusal) in refusals {
        let mut node = open(genesis(4, 1_000), 0);
        let (link, now) = (LinkId(1), Instant(0));
        let (_, outputs) = Stranger::dial(&mut node, now, link, room::identity(person));
        let is_closed = outputs.contains(&Output::Disconnect { link });
        assert_eq!(is_closed, refusal.is_some(), "person {person}");
        let is_up = Output::Event(Event::NeighbourUp {
            link,
            seat: Seat(1),
        });
        assert_eq!(outputs.contains(&is_up), refusal.is_none());
        assert!(node.stats().refused.keys().eq(refusal.iter()));
    }
}

#[test]
fn what_comes_in_clear_is_not_listened_to() {
    let room = playing();
    let is_request = |(_, message): &&room::Noted| message[0] == Kind::Request as u8;
    let (_, request) = room.heard[1].iter().find(is_request).unwrap().clone();
    let mut node = open(genesis(4, 1_000), 2);
    let (link, role, mtu) = (LinkId(1), Role::Central, room::MTU);
    node.handle_input(room.now, Input::LinkUp { link, role, mtu });
    for tag in [0, 1, 0x80, 0xff] {
        let bytes = [&[tag, 12, 0, 0][..], &request].concat();
        node.handle_input(room.now, Input::Received { link, bytes });
    }
    assert!(node.stats().accepted.is_empty());
    assert_eq!(node.usage().consensus.pool, 0);
}

#[test]
fn of_two_links_between_two_phones_the_centrals_end_closes_the_worse() {
    let mut verdicts = Vec::new();
    for order in [[(0, 1), (1, 0)], [(1, 0), (0, 1)]] {
        let mut kept = Vec::new();
        let mut room = Room::apart(4);
        let links = order.map(|(central, peripheral)| (central, room.join(central, peripheral)));
        room.run(200);
        for (central, link) in links {
            let closed_by =
                |phone: usize| room.outputs[phone].contains(&Output::Disconnect { link });
            assert_eq!(closed_by(central), !room.is_up(link), "{order:?}");
            assert!(!closed_by(1 - central), "{order:?}");
            kept.push((central, room.is_up(link)));
        }
        assert_eq!(room.nodes[0].usage().links, 1);
        assert_eq!(room.nodes[1].usage().links, 1);
        kept.sort_unstable();
        verdicts.push(kept);
    }
    assert_eq!(verdicts[0], verdicts[1], "whichever came first");
}

#[test]
fn whoever_dials_again_has_lost_the_older_link_and_closes_it() {
    let mut room = Room::apart(4);
    let older = room.join(2, 3);
    room.run(200);
    let newer = room.join(2, 3);
    room.run(200);
    assert!(room.is_up(newer) && !room.is_up(older));
    assert!(room.outputs[2].contains(&Output::Disconnect { link: older }));
}

#[test]
fn a_phone_that_is_discovered_is_dialled_and_greeted() {
    let mut room = Room::apart(4);
    let (handle, hint) = (Handle(1), None);
    room.input(
        0,
        Input::Discovered {
            handle,
            rssi: -60,
            hint,
        },
    );
    room.run(2_500);
    assert!(room.outputs[0].contains(&Output::Connect { handle }));
    let up = |event: &Event| matches!(event, Event::NeighbourUp { seat: Seat(1), .. });
    assert!(room.events(0).any(up));
}

#[test]
fn links_go_down_with_the_radio_and_the_player_is_told() {
    let mut room = playing();
    let told = |room: &Room| {
        let down = |event: &&Event| matches!(event, Event::NeighbourDown { .. });
        room.events(0).filter(down).count()
    };
    assert_eq!(told(&room), 0);
    room.input(0, Input::RadioState(RadioState::Off));
    assert!(room.outputs[0].contains(&Output::Advertise(false)));
    assert!(room.outputs[0].contains(&Output::Scan(false)));
    assert_eq!(told(&room), 3);
    assert_eq!(room.nodes[0].usage().links, 0);
    // The others hear of it from their own systems; the table goes on without this phone.
    for link in (1..=3).map(LinkId) {
        room.cut(link, LinkDownReason::Timeout);
    }
    assert_eq!(told(&room), 3, "once for each");
    room.command(1, BET);
    room.run(20_000);
    assert_eq!(room.nodes[1].table().ledger().stack(Seat(1)), Ok(990));
    room.input(0, Input::RadioState(RadioState::On));
    for peer in [1, 2] {
        room.join(0, peer);
    }
    room.run(5_000);
    assert_eq!(room.digest(0), room.digest(1), "it has caught up");
}

fn stalls(room: &Room, phone: usize) -> Vec<Vec<Seat>> {
    room.events(phone)
        .filter_map(|event| match event {
            Event::Stalled { silent } => Some(silent.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_phone_without_a_quorum_says_who_is_silent_and_when_they_are_back() {
    let mut room = playing();
    room.deaf.extend([0, 2]);
    room.command(1, BET);
    room.run(30_000);
    assert_eq!(stalls(&room, 1), [[Seat(0), Seat(2)]], "told once");
    let is_resumed = |event: &&Event| matches!(event, Event::Resumed);
    assert_eq!(room.events(1).filter(is_resumed).count(), 0);
    assert_eq!(room.nodes[1].table().ledger().stack(Seat(1)), Ok(1_000));
    room.hear_again();
    room.run(60_000);
    assert_eq!(room.events(1).filter(is_resumed).count(), 1);
    let placed = |outcome: &Outcome| matches!(outcome, Outcome::BetPlaced { seat: Seat(1), .. });
    for phone in 0..4 {
        assert!(room.outcomes(phone).iter().any(placed), "phone {phone}");
    }
}

#[test]
fn a_lone_phone_stalls_and_a_table_with_nothing_to_decide_does_not() {
    let mut room = Room::apart(4);
    room.run(60_000);
    assert_eq!(stalls(&room, 2).len(), 0, "nobody wants anything");
    room.command(2, BET);
    room.run(30_000);
    assert_eq!(stalls(&room, 2), [[Seat(0), Seat(1), Seat(3)]]);
}
