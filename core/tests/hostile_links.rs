//! What comes over a link from somebody who means harm: it costs a bounded amount, and then the link.

mod random;
mod room;

use bitcraps_core::crypto::{Digest, Identity};
use bitcraps_core::mesh::{Class, LINKS_MAX, LinkId, LinkKeys, Mesh, Role, TableSecret};
use bitcraps_core::node::{Command, Input, LinkDownReason, Node, Output};
use bitcraps_core::time::Instant;
use random::Random;
use room::{MTU, Room, Stranger, identity};

const GARBAGE: usize = 100_000;
const EVIL: LinkId = LinkId(900);

fn drain(node: &mut Node, now: Instant) -> Vec<Output> {
    let mut outputs = Vec::new();
    loop {
        match node.poll_output(now) {
            Output::Idle { .. } => return outputs,
            output => outputs.push(output),
        }
    }
}

fn up(node: &mut Node, now: Instant, link: LinkId) -> Vec<Output> {
    let (role, mtu) = (Role::Peripheral, MTU);
    node.handle_input(now, Input::LinkUp { link, role, mtu });
    drain(node, now)
}

fn closes(outputs: &[Output], link: LinkId) -> usize {
    let closing = Output::Disconnect { link };
    outputs.iter().filter(|output| **output == closing).count()
}

/// A table that is being played.
fn playing() -> Room {
    let mut room = Room::meshed(4);
    room.run(10_000);
    room
}

/// The table decides something.
fn goes_on(room: &mut Room) {
    let before = room.nodes[0].delivered().0;
    room.command(1, Command::Roll);
    room.command(0, Command::Roll);
    room.run(5_000);
    assert!(room.nodes.iter().all(|node| node.delivered().0 > before));
}

#[test]
fn a_stranger_that_sends_a_hundred_thousand_frames_of_garbage_loses_its_link_once() {
    let mut room = playing();
    let mut random = Random(7);
    let now = room.now;
    let node = &mut room.nodes[0];
    up(node, now, EVIL);
    let mut closed = 0;
    let queued = node.usage().queued_bytes;
    for _ in 0..GARBAGE {
        let length = random.index(180);
        let bytes = random.bytes(length);
        node.handle_input(now, Input::Received { link: EVIL, bytes });
        closed += closes(&drain(node, now), EVIL);
    }
    assert_eq!(closed, 1, "closed once, not once a frame");
    assert!(node.usage().queued_bytes <= queued + 1024);
    goes_on(&mut room);
}

#[test]
fn a_neighbour_that_sends_garbage_loses_its_link_and_is_not_let_in_again_at_once() {
    let mut room = playing();
    let now = room.now;
    let node = &mut room.nodes[0];
    let (_evil, _) = Stranger::dial(node, now, EVIL, identity(3));
    let tag = node.stats().clone();
    let mut random = Random(9);
    let (mut closed, mut frames) = (0, 0);
    for _ in 0..GARBAGE {
        // Tags of other links are not looked at; whoever is on the link knows its own.
        let mut bytes = random.bytes(60);
        bytes.insert(0, u8::try_from(frames % 128).unwrap());
        node.handle_input(now, Input::Received { link: EVIL, bytes });
        closed += closes(&drain(node, now), EVIL);
        frames += usize::from(closed == 0);
    }
    assert_eq!(closed, 1);
    assert!(frames < 64 * 130, "{frames} frames were borne");
    assert!(node.stats().bad_chunks.len() > tag.bad_chunks.len());
    let (link, reason) = (EVIL, LinkDownReason::Local);
    node.handle_input(now, Input::LinkDown { link, reason });
    drain(node, now);
    let (_again, outputs) = Stranger::dial(node, now, LinkId(901), identity(3));
    assert_eq!(closes(&outputs, LinkId(901)), 1, "not let in");
    let later = Instant(now.0 + 31_000);
    let (_later, outputs) = Stranger::dial(node, later, LinkId(902), identity(3));
    assert_eq!(closes(&outputs, LinkId(902)), 0, "let in again");
}

#[test]
fn fragments_that_never_become_a_message_take_no_more_room_than_one_message_of_each_class() {
    let mut room = playing();
    let now = room.now;
    let node = &mut room.nodes[0];
    let (mut bomber, _) = Stranger::dial(node, now, EVIL, identity(2));
    // The longest message there is, begun over and over and never ended.
    let mut closed = 0;
    for round in 0..200_u8 {
        bomber.mesh.send(EVIL, Class::Bulk, vec![round; 128 * 1024]);
        for _ in 0..200 {
            let Some((_, bytes)) = bomber.mesh.poll_transmit() else {
                break;
            };
            bomber.mesh.writable(EVIL);
            node.handle_input(now, Input::Received { link: EVIL, bytes });
            closed += closes(&drain(node, now), EVIL);
        }
    }
    assert!(closed <= 1);
    assert!(node.usage().queued_bytes < 64 * 1024);
    goes_on(&mut room);
}

#[test]
fn half_open_handshakes_do_not_keep_a_phone_out() {
    let mut room = Room::apart(4);
    let mut now = room.now;
    let node = &mut room.nodes[0];
    // As many strangers as there is room for hail, and say nothing more.
    let mut links = Vec::new();
    for number in 0..LINKS_MAX as u64 {
        let link = LinkId(1_000 + number);
        let key = Identity::from_seed(&[99; 32]);
        let keys = LinkKeys::new(key.into(), &room::SECRET, &Digest([1; 32]));
        let mut mesh = Mesh::new(keys);
        mesh.link_up(link, Role::Central, MTU);
        up(node, now, link);
        while let Some((_, bytes)) = mesh.poll_transmit() {
            mesh.writable(link);
            node.handle_input(now, Input::Received { link, bytes });
        }
        drain(node, now);
        links.push(link);
    }
    let mut closed = Vec::new();
    for _ in 0..60 {
        now = Instant(now.0 + 100);
        node.handle_input(now, Input::Wake);
        let mut outputs = drain(node, now);
        // A link that goes down makes room for the next hail, and that may be the end of another link.
        while let Some(at) = outputs
            .iter()
            .position(|output| matches!(output, Output::Disconnect { .. }))
        {
            let Output::Disconnect { link } = outputs.swap_remove(at) else {
                break;
            };
            let reason = LinkDownReason::Local;
            node.handle_input(now, Input::LinkDown { link, reason });
            closed.push(link);
            outputs.extend(drain(node, now));
        }
    }
    closed.sort_unstable();
    assert_eq!(closed, links, "each was closed, and once");
    let (_friend, outputs) = Stranger::dial(node, now, LinkId(2_000), identity(1));
    assert_eq!(closes(&outputs, LinkId(2_000)), 0);
    assert_eq!(node.usage().links, 1);
}

#[test]
fn whoever_has_no_invite_cannot_shake_hands_and_is_refused_once() {
    let mut room = Room::apart(4);
    let now = room.now;
    let node = &mut room.nodes[0];
    up(node, now, EVIL);
    let keys = LinkKeys::new(identity(1).into(), &TableSecret([1; 16]), &Digest([2; 32]));
    let mut mesh = Mesh::new(keys);
    mesh.link_up(EVIL, Role::Central, MTU);
    let mut closed = 0;
    for _ in 0..20 {
        while let Some((_, bytes)) = mesh.poll_transmit() {
            mesh.writable(EVIL);
            for bytes in [bytes.clone(), bytes] {
                node.handle_input(now, Input::Received { link: EVIL, bytes });
                closed += closes(&drain(node, now), EVIL);
            }
        }
    }
    assert_eq!(closed, 1);
    assert_eq!(node.stats().refused.values().sum::<u64>(), 1);
}
