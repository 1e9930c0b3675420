//! Two ends of a link, and what passes between them.

use super::*;

use crate::crypto::Identity;

const LINK: LinkId = LinkId(1);

fn mesh(person: u8) -> Mesh {
    let identity = Arc::new(Identity::from_seed(&[person; 32]));
    let secret = TableSecret([9; 16]);
    Mesh::new(LinkKeys::new(identity, &secret, &Digest([person; 32])))
}

/// The messages that a chunk completes.
fn take(mesh: &mut Mesh, chunk: &[u8]) -> Vec<(Class, Vec<u8>)> {
    match mesh.receive(LINK, chunk).unwrap() {
        Incoming::Messages(class, messages) => messages
            .into_iter()
            .map(|message| (class, message))
            .collect(),
        Incoming::Hail => {
            mesh.answer(LINK).unwrap();
            Vec::new()
        }
        Incoming::Partial | Incoming::Secured(_) => Vec::new(),
        Incoming::Refused(refusal) => panic!("{refusal}"),
    }
}

/// Two meshes joined by one link, everything delivered in order.
fn carry(from: &mut Mesh, to: &mut Mesh) -> Vec<(Class, Vec<u8>)> {
    let mut arrived = Vec::new();
    while let Some((_, chunk)) = from.poll_transmit() {
        arrived.extend(take(to, &chunk));
        from.writable(LINK);
    }
    arrived
}

fn pair(mtu: u16) -> (Mesh, Mesh) {
    let (mut left, mut right) = (mesh(1), mesh(2));
    assert!(left.link_up(LINK, Role::Central, mtu));
    assert!(right.link_up(LINK, Role::Peripheral, mtu));
    while !left.is_secured(LINK) {
        carry(&mut left, &mut right);
        carry(&mut right, &mut left);
    }
    (left, right)
}

#[test]
fn a_handshake_crosses_a_link_of_any_mtu_and_fits_a_strangers_budget() {
    for mtu in [23, 24, 50, 185, 517] {
        let (left, right) = pair(mtu);
        assert!(left.is_secured(LINK) && right.is_secured(LINK), "mtu {mtu}");
    }
}

#[test]
fn what_is_not_secured_says_nothing_but_its_handshake() {
    let mut left = mesh(1);
    left.link_up(LINK, Role::Peripheral, 185);
    left.send(LINK, Class::Vote, vec![1; 80]);
    assert_eq!(left.poll_transmit(), None);
}

#[test]
fn whoever_talks_too_much_before_it_has_proven_anything_is_refused_once() {
    let mut left = mesh(1);
    left.link_up(LINK, Role::Peripheral, 517);
    let refusals = (0..100_000_u32).filter(|number| {
        let garbage = [&[0x80, 4, 0, 0][..], &number.to_le_bytes()].concat();
        left.receive(LINK, &garbage) == Ok(Incoming::Refused(Refusal::TooMuch))
    });
    assert_eq!(refusals.count(), 1);
}

#[test]
fn a_chunk_for_another_link_spoils_nothing() {
    let (mut left, mut right) = pair(23);
    left.send(LINK, Class::Vote, vec![1; 80]);
    let mut arrived = Vec::new();
    while let Some((_, chunk)) = left.poll_transmit() {
        let mut other = chunk.clone();
        other[0] ^= 1;
        assert_eq!(right.receive(LINK, &other), Err(ChunkError::OtherLink));
        arrived.extend(take(&mut right, &chunk));
        left.writable(LINK);
    }
    assert_eq!(arrived, [(Class::Vote, vec![1; 80])]);
}

#[test]
fn records_that_do_not_open_cost_a_message_each_and_in_a_row_the_link() {
    let (mut left, mut right) = pair(185);
    for number in 0..2 * link::RECORD_FAILURES_MAX {
        left.send(LINK, Class::Vote, vec![number; 80]);
        let (_, mut chunk) = left.poll_transmit().unwrap();
        left.writable(LINK);
        chunk[40] ^= 1;
        let received = right.receive(LINK, &chunk);
        if number + 1 < link::RECORD_FAILURES_MAX {
            assert_eq!(received, Err(ChunkError::Record(RecordError::Sealed)));
        } else if number + 1 == link::RECORD_FAILURES_MAX {
            assert_eq!(received, Ok(Incoming::Refused(Refusal::Records)));
        }
    }
    assert!(!right.is_secured(LINK));
}

#[test]
fn every_link_of_a_peripheral_has_another_tag() {
    let mut right = mesh(9);
    let mut tags = std::collections::BTreeSet::new();
    for person in 1..=6 {
        let link = LinkId(person.into());
        let mut left = mesh(person);
        assert!(left.link_up(LINK, Role::Central, 185));
        assert!(right.link_up(link, Role::Peripheral, 185));
        while !left.is_secured(LINK) {
            while let Some((_, chunk)) = left.poll_transmit() {
                if right.receive(link, &chunk) == Ok(Incoming::Hail) {
                    right.answer(link).unwrap();
                }
                left.writable(LINK);
            }
            while let Some((_, chunk)) = right.poll_transmit() {
                left.receive(LINK, &chunk).unwrap();
                right.writable(link);
            }
        }
        right.send(link, Class::Vote, vec![1]);
        tags.insert(right.poll_transmit().unwrap().1[0]);
    }
    assert_eq!(tags.len(), 6);
}

#[test]
fn messages_of_any_length_cross_a_link_of_any_mtu() {
    for mtu in [23, 24, 27, 50, 185, 247, 517] {
        let (mut left, mut right) = pair(mtu);
        for length in [0_usize, 1, 15, 16, 17, 32, 100, 4096, 5000, 16 * 1024] {
            let message: Vec<u8> = (0..length)
                .map(|i| u8::try_from(i % 251).unwrap())
                .collect();
            left.send(LINK, Class::Proposal, message.clone());
            assert_eq!(
                carry(&mut left, &mut right),
                [(Class::Proposal, message)],
                "mtu {mtu}"
            );
        }
    }
}

#[test]
fn a_chunk_never_exceeds_what_the_mtu_leaves() {
    let (mut left, _) = pair(23);
    left.send(LINK, Class::Bulk, vec![7; 100]);
    while let Some((_, chunk)) = left.poll_transmit() {
        assert!(chunk.len() <= 20, "ATT takes three of the 23 bytes");
        left.writable(LINK);
    }
}

#[test]
fn a_vote_overtakes_bulk_between_two_chunks() {
    let (mut left, mut right) = pair(23);
    left.send(LINK, Class::Bulk, vec![1; 500]);
    let mut arrived = Vec::new();
    let (_, first) = left.poll_transmit().unwrap();
    arrived.extend(take(&mut right, &first));
    left.send(LINK, Class::Vote, vec![2; 30]);
    arrived.extend(carry(&mut left, &mut right));
    let order: Vec<Class> = arrived.iter().map(|(class, _)| *class).collect();
    assert_eq!(order, [Class::Vote, Class::Bulk]);
    assert_eq!(arrived[1].1, vec![1; 500]);
}

#[test]
fn no_more_than_an_events_worth_is_handed_to_the_os_before_it_says_writable() {
    let (mut left, _) = pair(23);
    left.send(LINK, Class::Vote, vec![0; 1000]);
    let burst = std::iter::from_fn(|| left.poll_transmit()).count();
    assert_eq!(burst, link::OS_CHUNKS_MAX);
    let (mut wide, _) = pair(247);
    wide.send(LINK, Class::Bulk, vec![0; 1000]);
    let burst = std::iter::from_fn(|| wide.poll_transmit()).count();
    assert_eq!(burst, 2, "two full packets are an event");
    left.writable(LINK);
    assert!(left.poll_transmit().is_some());
    assert!(left.poll_transmit().is_none());
}

#[test]
fn what_waits_while_the_os_is_busy_leaves_as_one_and_arrives_as_it_was() {
    let (mut left, mut right) = pair(247);
    left.send(LINK, Class::Bulk, vec![3; 2000]);
    let begun: Vec<_> = std::iter::from_fn(|| left.poll_transmit()).collect();
    let vote = |seat: u8| {
        let mut bytes = vec![4, 0, 0, 0, 9, 0, seat, 1, 1, 1, 1];
        bytes.resize(75, seat);
        bytes
    };
    for seat in 0..3 {
        left.send(LINK, Class::Vote, vote(seat));
    }
    left.flood([LINK].into_iter(), Class::Control, false, vec![16; 9]);
    for (_, chunk) in begun {
        assert!(take(&mut right, &chunk).is_empty());
        left.writable(LINK);
    }
    let chunks: Vec<_> = std::iter::from_fn(|| left.poll_transmit()).collect();
    let arrived = chunks.iter().flat_map(|(_, chunk)| take(&mut right, chunk));
    let arrived: Vec<Vec<u8>> = arrived.map(|(_, message)| message).collect();
    assert_eq!(arrived, [vote(0), vote(1), vote(2), vec![16; 9]]);
}

#[test]
fn a_flood_skips_the_link_it_came_from_and_is_called_off_when_the_other_end_sends_it_first() {
    let (mut left, mut right) = pair(185);
    left.send(LINK, Class::Vote, b"vote".to_vec());
    let arrived = carry(&mut left, &mut right);
    right.flood(
        [LINK].into_iter(),
        arrived[0].0,
        false,
        arrived[0].1.clone(),
    );
    assert!(right.poll_transmit().is_none(), "the other end has it");

    let (mut left, mut right) = pair(185);
    right.flood([LINK].into_iter(), Class::Vote, false, b"vote".to_vec());
    left.send(LINK, Class::Vote, b"vote".to_vec());
    let chunk = left.poll_transmit().unwrap().1;
    assert_eq!(take(&mut right, &chunk).len(), 1);
    assert!(
        right.poll_transmit().is_none(),
        "what was queued is called off"
    );
}

#[test]
fn own_messages_leave_before_those_passed_on_and_never_break_one_that_has_begun() {
    let (mut left, mut right) = pair(23);
    left.flood([LINK].into_iter(), Class::Vote, false, vec![1; 40]);
    let mut arrived = Vec::new();
    let (_, chunk) = left.poll_transmit().unwrap();
    arrived.extend(take(&mut right, &chunk));
    left.flood([LINK].into_iter(), Class::Vote, false, vec![2; 40]);
    left.flood([LINK].into_iter(), Class::Proposal, true, vec![3; 40]);
    left.flood([LINK].into_iter(), Class::Vote, true, vec![4; 40]);
    arrived.extend(carry(&mut left, &mut right));
    let order: Vec<u8> = arrived.iter().map(|(_, message)| message[0]).collect();
    assert_eq!(order, [1, 4, 3, 2]);
}

#[test]
fn what_waits_already_is_not_queued_twice() {
    let (mut left, mut right) = pair(23);
    for _ in 0..3 {
        left.send(LINK, Class::Bulk, vec![1; 100]);
    }
    assert_eq!(carry(&mut left, &mut right).len(), 1);
    left.send(LINK, Class::Bulk, vec![1; 100]);
    assert_eq!(
        carry(&mut left, &mut right).len(),
        1,
        "it has left, so it may go again"
    );
}

#[test]
fn a_link_that_always_has_something_urgent_to_carry_still_carries_every_class() {
    let (mut left, mut right) = pair(23);
    let lowest = [Class::Control, Class::Proposal, Class::Bulk];
    for class in lowest {
        left.send(LINK, class, vec![class as u8; 40]);
    }
    let passed_on = std::iter::once(LINK);
    left.flood(passed_on, Class::Vote, false, vec![9; 40]);
    let mut arrived = Vec::new();
    // Longer than what may be packed with anything else.
    for number in 0..60_u8 {
        left.send(LINK, Class::Vote, vec![number; 250]);
        left.send(LINK, Class::Vote, vec![number; 251]);
        for _ in 0..17 {
            let Some((_, chunk)) = left.poll_transmit() else {
                break;
            };
            arrived.extend(take(&mut right, &chunk));
            left.writable(LINK);
        }
    }
    let carried = |message: &[u8]| arrived.iter().any(|(_, other)| other == message);
    assert!(left.backlog(LINK) > 5000, "the link is not too slow");
    for class in lowest {
        assert!(carried(&[class as u8; 40]), "{class:?}");
    }
    assert!(carried(&[9; 40]), "a vote passed on");
}

#[test]
fn a_message_passed_on_that_is_asked_for_leaves_with_the_own_ones() {
    let (mut left, mut right) = pair(185);
    left.flood(std::iter::once(LINK), Class::Vote, false, vec![1; 240]);
    left.send(LINK, Class::Vote, vec![2; 240]);
    left.send(LINK, Class::Vote, vec![1; 240]);
    left.send(LINK, Class::Control, vec![3; 240]);
    let arrived = carry(&mut left, &mut right);
    let order: Vec<u8> = arrived.iter().map(|(_, message)| message[0]).collect();
    assert_eq!(order, [2, 1, 3]);
}

#[test]
fn stale_messages_leave_the_queue_but_one_that_has_begun_is_finished() {
    let (mut left, mut right) = pair(23);
    for byte in 1..=3 {
        left.send(LINK, Class::Vote, vec![byte; 400]);
    }
    let mut arrived = Vec::new();
    let (_, chunk) = left.poll_transmit().unwrap();
    arrived.extend(take(&mut right, &chunk));
    left.drop_stale(|message| message[0] != 3);
    arrived.extend(carry(&mut left, &mut right));
    let order: Vec<u8> = arrived.iter().map(|(_, message)| message[0]).collect();
    assert_eq!(order, [1, 3]);
    assert_eq!(left.queued_bytes(), 0);
}

#[test]
fn a_full_queue_drops_and_counts_instead_of_growing() {
    let (mut left, _) = pair(185);
    for i in 0..200_u32 {
        let mut message = vec![0; 4096];
        message[..4].copy_from_slice(&i.to_le_bytes());
        left.send(LINK, Class::Bulk, message);
    }
    assert!(left.queued_bytes() <= link::QUEUE_BYTES_MAX);
    assert!(left.dropped() > 0);
}
