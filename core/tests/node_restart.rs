//! A phone at its table that starts again: what it knew of a liar, it knows still.

mod room;

use bitcraps_core::consensus::Lie;
use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::Seat;
use bitcraps_core::dice::{RollShare, ShareMessage};
use bitcraps_core::mesh::{Class, LinkId};
use bitcraps_core::node::{Command, Event, Node, NodeConfig, Output};
use bitcraps_core::table::Gone;
use bitcraps_core::wire::{HEADER_BYTES, Kind};
use room::{Room, SECRET, Stranger, genesis, identity};

const LIAR: u8 = 3;

fn records(outputs: &[Output]) -> impl Iterator<Item = Vec<u8>> + '_ {
    outputs.iter().filter_map(|output| match output {
        Output::Persist(record) => Some(record.clone()),
        _ => None,
    })
}

fn catches(outputs: &[Output], wanted: Lie) -> usize {
    let caught = |output: &&Output| matches!(output, Output::Event(Event::Caught { seat: Seat(LIAR), lie, .. }) if *lie == wanted);
    outputs.iter().filter(caught).count()
}

/// A share of the closed roll that the liar signed and that is false.
fn false_share(room: &Room, real: &[u8]) -> Vec<u8> {
    let table = room.nodes[0].table();
    let closed = table.dice().closed().expect("a closed roll");
    let context = table.context_of(closed.epoch).expect("its epoch");
    // Anybody's real share gives points and scalars that can be read.
    let mut share = bitcraps_core::wire::Decode::from_bytes(&real[HEADER_BYTES..])
        .map(|message: ShareMessage| message.share)
        .expect("a share");
    share.signer = Seat(LIAR);
    let statement = RollShare {
        roll: closed.roll,
        chain: closed.chain,
        share,
    };
    let digest = table.genesis().digest();
    let tag = u16::from_le_bytes([digest.0[0], digest.0[1]]);
    ShareMessage::sign(statement, &context, &identity(LIAR)).to_wire(tag, closed.roll)
}

#[test]
fn a_false_share_that_came_to_one_phone_alone_convicts_its_signer_after_that_phone_started_again() {
    let mut room = Room::meshed(4);
    room.run(3_000);
    let (kind, amount) = (BetKind::PassLine, 10);
    room.command(0, Command::PlaceBet { kind, amount });
    room.run(2_000);
    room.command(0, Command::Roll);
    while !room.nodes[0].table().dice().is_closed() {
        room.run(10);
    }
    // Nothing of the others' shares arrives, and nobody learns what comes now.
    room.deaf = (1..4).collect();
    let mut said = room.said[0].iter().rev().map(|(_, message)| message);
    let own = said.find(|message| message[0] == Kind::Share as u8);
    let lie = false_share(&room, own.expect("its own share"));
    let (now, node) = (room.now, &mut room.nodes[0]);
    let (mut liar, mut outputs) = Stranger::dial(node, now, LinkId(99), identity(LIAR));
    outputs.extend(liar.say(node, now, Class::Vote, &lie));
    assert_eq!(catches(&outputs, Lie::RollShare), 1);

    let mut journal: Vec<Vec<u8>> = records(&room.outputs[0]).collect();
    journal.extend(records(&outputs));
    let config = NodeConfig::new(genesis(4, 1_000), identity(0), SECRET);
    room.nodes[0] = Node::open(config, [99; 32], &journal).expect("its own journal");
    room.nodes[0].tap().set(true);
    let before = room.outputs[0].len();
    room.hear_again();
    assert_eq!(
        catches(&room.outputs[0][before..], Lie::RollShare),
        1,
        "and says so"
    );
    room.run(20_000);
    for (phone, node) in room.nodes.iter().enumerate() {
        let gone = node.table().gone(Seat(LIAR));
        assert_eq!(gone, Some(Gone::Convicted(Lie::RollShare)), "phone {phone}");
    }
    assert_eq!(
        catches(&room.outputs[0][before..], Lie::RollShare),
        1,
        "once"
    );
}
