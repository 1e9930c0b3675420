//! From invites to a table: the host's list on every phone, a genesis that everybody signs, and who is not let in.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod hall;
mod random;

use std::sync::Arc;

use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::{Digest, Identity, Seat};
use bitcraps_core::history::{Verdict, verify_history};
use bitcraps_core::mesh::{
    Class, HandshakeError, Incoming, Invite, LinkId, LinkKeys, Mesh, NotAdmitted, Refusal, Role,
    TableSecret, Token, WallMinutes,
};
use bitcraps_core::node::{
    Command, Event, Founding, Input, LinkDownReason, Lobby, LobbyError, LobbyEvent, Name, Node,
    NodeConfig, Output,
};
use bitcraps_core::time::Instant;
use bitcraps_core::wire::Encode;
use hall::{Hall, MTU, NOON, Phone, SECRET, config, host_with, person};
use random::Random;

#[test]
fn four_phones_that_were_invited_see_one_list_sign_one_genesis_and_play() {
    let mut hall = Hall::with_guests(3);
    for phone in 0..4 {
        let names = ["player 0", "player 1", "player 2", "player 3"];
        assert_eq!(hall.names(phone), names, "on phone {phone}");
    }
    hall.close();
    let proposed = |hall: &Hall, phone| {
        let mut told = hall.told(phone).map(|event| match event {
            LobbyEvent::Proposed { genesis } => Some(genesis.digest()),
            _ => None,
        });
        told.find_map(|digest| digest)
    };
    let digest = proposed(&hall, 1).unwrap();
    assert_eq!(proposed(&hall, 3), Some(digest), "the same on both");
    for guest in [3, 1] {
        hall.answer(guest, true);
        hall.run(500);
    }
    assert_eq!(hall.founding(0), None, "one has not signed");
    hall.answer(2, true);
    hall.run(500);
    for phone in 0..4 {
        let founding = hall.founding(phone).unwrap();
        assert_eq!(founding.genesis().digest(), digest);
        let read = Founding::read(&SECRET.service(), founding.bytes());
        assert_eq!(read.as_ref(), Ok(founding));
    }
    hall.begin();
    hall.run(15_000);
    for phone in 0..4 {
        let node = hall.node(phone);
        assert!(
            node.table().is_founded() && node.table().is_ready(),
            "{phone}"
        );
        assert_eq!(node.table().genesis().digest(), digest);
    }
    let kind = BetKind::PassLine;
    hall.input(3, Input::Command(Command::PlaceBet { kind, amount: 10 }));
    hall.run(2_000);
    for phone in 0..4 {
        assert_eq!(hall.node(phone).table().ledger().stack(Seat(3)), Ok(990));
    }
    let verdict = verify_history(&hall.node(2).export_history());
    assert!(matches!(verdict, Verdict::Valid { .. }), "{verdict:?}");
}

#[test]
fn alone_or_unsigned_there_is_no_table() {
    let mut hall = Hall::of(vec![host_with(SECRET)]);
    assert_eq!(hall.lobby(0).close(), Err(LobbyError::Alone));
    let mut hall = Hall::with_guests(2);
    assert_eq!(hall.lobby(1).close(), Err(LobbyError::NotHost));
    assert_eq!(
        hall.lobby(1).invite(Instant(0), 5),
        Err(LobbyError::NotHost)
    );
    let early = hall.lobby(1).answer(true);
    assert_eq!(early, Err(LobbyError::NothingToSign), "the list is open");
    hall.close();
    hall.answer(1, true);
    hall.run(60_000);
    for phone in 0..3 {
        assert_eq!(hall.founding(phone), None);
        assert!(hall.lobby(phone).founding().is_none());
    }
    let host = std::mem::replace(&mut hall.phones[0], Phone::Off);
    let Phone::Lobby(host) = host else { panic!() };
    assert!(host.begin(hall.now, [0; 32]).is_err());
}

#[test]
fn a_guest_that_declines_is_off_the_list_and_the_others_can_go_on_without_it() {
    let mut hall = Hall::with_guests(3);
    hall.close();
    hall.answer(1, true);
    hall.answer(2, false);
    hall.run(500);
    assert!(hall.told(2).any(|event| *event == LobbyEvent::Removed));
    for phone in [0, 1, 3] {
        assert_eq!(hall.names(phone), ["player 0", "player 1", "player 3"]);
        let declined = hall.told(phone).any(|event| {
            matches!(event, LobbyEvent::Answered { listed, signs: false } if listed.name.as_str() == "player 2")
        });
        assert!(declined, "phone {phone}");
    }
    assert!(hall.founding(0).is_none(), "what was signed counts no more");
    hall.close();
    for guest in [1, 3] {
        hall.answer(guest, true);
    }
    hall.run(500);
    hall.begin();
    // The link between these two went through the one that has no seat.
    hall.join(3, 0);
    hall.run(15_000);
    for phone in [0, 1, 3] {
        let table = hall.node(phone).table();
        assert!(table.is_ready());
        assert_eq!(table.genesis().roster.len(), 3);
    }
    assert!(hall.told(2).any(|event| *event == LobbyEvent::BeganWithout));
}

#[test]
fn a_guest_that_leaves_an_open_lobby_is_gone_from_every_list() {
    let mut hall = Hall::with_guests(2);
    hall.answer(1, false);
    hall.run(500);
    assert_eq!(hall.names(2), ["player 0", "player 2"]);
    assert_eq!(hall.not_admitted(1), []);
}

#[test]
fn an_invite_that_is_expired_copied_or_used_is_refused_with_the_reason() {
    let mut host = host_with(SECRET);
    let invite = host.invite(Instant(0), 10).unwrap();
    let late = host.invite(Instant(0), 1).unwrap();
    let mut hall = Hall::of(vec![host]);
    let first = hall.add(Lobby::guest(config(1), &invite, [2; 32]));
    hall.join(first, 0);
    hall.run(500);
    // A copy, and it comes through the first guest's phone.
    let copy = hall.add(Lobby::guest(config(2), &invite, [3; 32]));
    hall.join(copy, first);
    hall.run(500);
    assert_eq!(hall.not_admitted(copy), [NotAdmitted::Copied]);
    // A minute and a half later the short one is over.
    hall.run(90_000);
    let slow = hall.add(Lobby::guest(config(3), &late, [4; 32]));
    hall.join(slow, first);
    hall.run(500);
    assert_eq!(hall.not_admitted(slow), [NotAdmitted::Expired]);
    // The host takes the first guest off; it comes again with what it has.
    let guest = person(1).public_key();
    let now = hall.now;
    hall.lobby(0).remove(now, &guest).unwrap();
    hall.drain(0);
    hall.run(500);
    assert!(hall.told(first).any(|event| *event == LobbyEvent::Removed));
    let again = hall.add(Lobby::guest(config(1), &invite, [5; 32]));
    hall.join(again, 0);
    hall.run(500);
    assert_eq!(hall.not_admitted(again), [NotAdmitted::Used]);
    assert_eq!(hall.names(0), ["player 0"]);
    let turned_away = hall
        .told(0)
        .filter(|event| matches!(event, LobbyEvent::TurnedAway { .. }));
    assert_eq!(turned_away.count(), 3);
}

#[test]
fn a_stranger_and_an_invite_to_another_table_get_no_further_than_the_handshake() {
    let mut hall = Hall::with_guests(1);
    let mut elsewhere = host_with(TableSecret([7; 16]));
    let other = elsewhere.invite(Instant(0), 60).unwrap();
    let guest = hall.add(Lobby::guest(config(5), &other, [9; 32]));
    let link = hall.join(guest, 0);
    hall.run(5_000);
    assert!(!hall.links.contains_key(&link), "the link is closed");
    let refused = hall.lobby(0).stats().refused.clone();
    let noise = Refusal::Handshake(HandshakeError::Noise);
    assert!(refused.contains_key(&noise), "{refused:?}");
    assert_eq!(hall.names(0), ["player 0", "player 1"]);
    assert_eq!(hall.lobby(guest).listed(), []);
}

/// Somebody who has the table secret and says what it likes over one link to the host.
fn says_to_host(hall: &mut Hall, identity: Identity, message: &[u8]) -> Vec<Vec<u8>> {
    let keys = LinkKeys::new(Arc::new(identity), &SECRET, &Digest([0x77; 32]));
    let mut mesh = Mesh::new(keys);
    let link = LinkId(1_000);
    let (now, mtu) = (hall.now, MTU);
    mesh.link_up(link, Role::Central, mtu);
    let role = Role::Peripheral;
    hall.lobby(0)
        .handle_input(now, Input::LinkUp { link, role, mtu });
    let mut heard = Vec::new();
    for round in 0..20 {
        if round == 5 {
            mesh.send(link, Class::Control, message.to_vec());
        }
        while let Some((_, bytes)) = mesh.poll_transmit() {
            mesh.writable(link);
            hall.lobby(0)
                .handle_input(now, Input::Received { link, bytes });
        }
        loop {
            match hall.lobby(0).poll_output(now) {
                Output::Transmit { link: on, chunk } => {
                    hall.lobby(0)
                        .handle_input(now, Input::Writable { link: on });
                    if on == link
                        && let Ok(Incoming::Messages(_, messages)) = mesh.receive(link, &chunk)
                    {
                        heard.extend(messages);
                    }
                }
                Output::Event(event) => hall.events[0].push(event),
                Output::Idle { .. } => break,
                _ => {}
            }
        }
    }
    let reason = LinkDownReason::Remote;
    hall.lobby(0)
        .handle_input(now, Input::LinkDown { link, reason });
    heard
}

/// A knock by its layout in protocol.md: header, claim, name, signature.
fn knock(service: TableSecret, guest: &Identity, invite: &Invite) -> Vec<u8> {
    let service = service.service();
    let mut statement = invite.claim(guest).to_bytes();
    statement.push(2);
    statement.extend_from_slice(b"Zo");
    let tag = "bitcraps/lobby/knock/v1";
    let mut signed = vec![u8::try_from(tag.len()).unwrap()];
    signed.extend_from_slice(tag.as_bytes());
    signed.extend_from_slice(&SECRET.service().context().0.0);
    signed.extend_from_slice(&statement);
    let signature = guest.sign(&signed);
    let own = SECRET.service();
    let mut message = vec![32, own.0[0], own.0[1], 0, 0, 0];
    assert!(service.0 != own.0 || invite.secret == SECRET);
    message.extend_from_slice(&statement);
    message.extend_from_slice(&signature.0);
    message
}

#[test]
fn a_knock_with_a_forged_foreign_or_uninvited_claim_is_told_so_and_changes_nothing() {
    let mut hall = Hall::with_guests(1);
    let until = WallMinutes(NOON.0 + 60);
    let foreign = Invite::new(TableSecret([7; 16]), &person(0), Token([1; 8]), until);
    let by_guest = Invite::new(SECRET, &person(1), Token([2; 8]), until);
    let true_one = hall.lobby(0).invite(Instant(0), 60).unwrap();
    let zo = person(9);
    let cases = [
        (
            knock(foreign.secret, &zo, &foreign),
            NotAdmitted::OtherTable,
        ),
        (knock(SECRET, &zo, &by_guest), NotAdmitted::Inviter),
    ];
    for (message, reason) in cases {
        let heard = says_to_host(&mut hall, person(9), &message);
        let turned = LobbyEvent::TurnedAway {
            guest: zo.public_key(),
            reason,
        };
        assert!(hall.told(0).any(|event| *event == turned), "{reason}");
        assert!(heard.iter().any(|message| message[0] == 34), "{reason}");
        assert_eq!(hall.names(0), ["player 0", "player 1"]);
    }
    // One bit anywhere: never let in. The true one is.
    let message = knock(SECRET, &zo, &true_one);
    let mut random = Random(3);
    for _ in 0..60 {
        let mut bent = message.clone();
        let at = usize::try_from(random.below(bent.len() as u64)).unwrap();
        bent[at] ^= 1 << random.below(8);
        says_to_host(&mut hall, person(9), &bent);
        assert_eq!(hall.names(0), ["player 0", "player 1"], "byte {at}");
    }
    says_to_host(&mut hall, person(9), &message);
    assert_eq!(hall.names(0), ["player 0", "player 1", "Zo"]);
}

#[test]
fn a_phone_that_was_away_when_the_table_was_founded_is_told_when_it_is_back() {
    let mut hall = Hall::with_guests(3);
    hall.close();
    for guest in 1..4 {
        hall.answer(guest, true);
    }
    // The last phone's word gets out, and nothing gets in to it.
    hall.run(30);
    let link = *hall.links.keys().last().unwrap();
    hall.cut(link);
    hall.run(500);
    assert!(hall.founding(0).is_some());
    assert!(hall.founding(3).is_none());
    hall.begin();
    hall.run(3_000);
    hall.join(3, 0);
    hall.run(500);
    assert!(hall.founding(3).is_some());
    hall.begin();
    hall.run(30_000);
    for phone in 0..4 {
        assert!(hall.node(phone).table().is_ready(), "phone {phone}");
    }
}

#[test]
fn a_phone_that_started_again_in_between_gets_the_table_and_does_not_vote_from_memory_it_lacks() {
    let mut host = host_with(SECRET);
    let invite = host.invite(Instant(0), 60).unwrap();
    let others: Vec<Invite> = (0..2)
        .map(|_| host.invite(Instant(0), 60).unwrap())
        .collect();
    let mut lobbies = vec![host, Lobby::guest(config(1), &invite, [2; 32])];
    for (number, other) in (2..).zip(&others) {
        lobbies.push(Lobby::guest(config(number), other, [number + 1; 32]));
    }
    let mut hall = Hall::of(lobbies);
    for at in 1..4 {
        hall.join(at, 0);
    }
    hall.run(1_000);
    hall.close();
    for guest in 1..4 {
        hall.answer(guest, true);
    }
    hall.run(500);
    hall.begin();
    hall.run(5_000);
    // Seat 1 has voted, and starts again without its journal.
    let links: Vec<LinkId> = hall
        .links
        .iter()
        .filter(|(_, ends)| ends.0 == 1)
        .map(|(l, _)| *l)
        .collect();
    for link in links {
        hall.cut(link);
    }
    hall.phones[1] = Phone::Lobby(Box::new(Lobby::guest(config(1), &invite, [77; 32])));
    hall.events[1].clear();
    hall.join(1, 0);
    hall.run(500);
    assert!(hall.founding(1).is_some());
    hall.begin();
    let standing = hall.events[1]
        .iter()
        .any(|event| matches!(event, Event::Standing(_)));
    assert!(standing, "it asks what it signed before");
    hall.run(3_000);
    assert_eq!(hall.node(1).delivered(), hall.node(0).delivered());
}

#[test]
fn a_founding_with_one_bit_changed_is_none() {
    let mut hall = Hall::with_guests(2);
    hall.close();
    for guest in 1..3 {
        hall.answer(guest, true);
    }
    hall.run(500);
    let bytes = hall.founding(1).unwrap().bytes().to_vec();
    let service = SECRET.service();
    assert!(Founding::read(&service, &bytes).is_ok());
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 1 << (at % 8);
        assert!(Founding::read(&service, &bent).is_err(), "byte {at}");
        assert!(Founding::read(&service, &bytes[..at]).is_err());
    }
    let elsewhere = TableSecret([7; 16]).service();
    assert!(Founding::read(&elsewhere, &bytes).is_err());
    let node = NodeConfig {
        founding: Some(bytes),
        ..NodeConfig::new(
            hall.founding(1).unwrap().genesis().clone(),
            person(1),
            SECRET,
        )
    };
    assert!(
        Node::open(node, [0; 32], &[]).is_ok(),
        "it opens like any table"
    );
}

#[test]
fn names_are_short_text_on_one_line() {
    for bad in ["", "a\nb", "0123456789012345678901234", "\u{7}"] {
        assert_eq!(Name::new(bad), None, "{bad:?}");
    }
    assert_eq!(Name::new("Ana").unwrap().as_str(), "Ana");
}

/// Four phones at a table, formed in a lobby, that play.
fn at_table() -> Hall {
    let mut hall = Hall::with_guests(3);
    hall.close();
    for guest in 1..4 {
        hall.answer(guest, true);
    }
    hall.run(500);
    hall.begin();
    hall.run(15_000);
    assert!(hall.node(0).table().is_ready());
    hall
}

fn knocked(hall: &Hall, phone: usize) -> Vec<(Seat, String)> {
    let told = hall.told(phone).filter_map(|event| match event {
        LobbyEvent::Knocked { name, inviter, .. } => Some((*inviter, name.as_str().to_owned())),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_newcomer_with_an_invite_is_seated_at_a_running_table_by_q_taps_and_plays() {
    let mut hall = at_table();
    let until = WallMinutes(NOON.0 + 60);
    let invite = hall.node(2).invite(SECRET, Token([9; 8]), until);
    let zo = hall.add(Lobby::guest(config(4), &invite, [44; 32]));
    hall.join(zo, 3);
    hall.run(1_000);
    for phone in 0..4 {
        let zo = (Seat(2), String::from("player 4"));
        assert_eq!(knocked(&hall, phone), [zo], "phone {phone} is asked");
    }
    let key = person(4).public_key();
    for phone in [0, 1] {
        hall.input(phone, Input::Command(Command::Seat { key }));
    }
    hall.run(3_000);
    assert!(
        !hall
            .told(zo)
            .any(|event| matches!(event, LobbyEvent::Welcomed { .. }))
    );
    hall.input(3, Input::Command(Command::Seat { key }));
    hall.run(2_000);
    let welcomed = hall.told(zo).find_map(|event| match event {
        LobbyEvent::Welcomed { seat, .. } => Some(*seat),
        _ => None,
    });
    assert_eq!(welcomed, Some(Seat(4)));
    hall.begin();
    hall.run(30_000);
    for phone in 0..5 {
        let table = hall.node(phone).table();
        assert_eq!(table.key_of(Seat(4)), Some(&key), "on phone {phone}");
        assert_eq!(
            hall.node(phone).epoch().0.roster.len(),
            5,
            "on phone {phone}"
        );
    }
    assert!(hall.node(zo).view().1, "it votes");
    let kind = BetKind::PassLine;
    hall.input(zo, Input::Command(Command::PlaceBet { kind, amount: 10 }));
    hall.run(3_000);
    hall.input(zo, Input::Command(Command::Roll));
    hall.run(5_000);
    for phone in 0..5 {
        let node = hall.node(phone);
        assert_eq!(node.table().rolls(), 1, "phone {phone}");
        assert_eq!(node.table().digest(), hall.node(0).table().digest());
        let verdict = verify_history(&node.export_history());
        assert!(
            matches!(verdict, Verdict::Valid { .. }),
            "{phone}: {verdict:?}"
        );
    }
}

#[test]
fn a_running_table_turns_away_invites_that_are_copied_expired_or_of_nobody_here() {
    let mut hall = at_table();
    let until = WallMinutes(NOON.0 + 60);
    let good = hall.node(2).invite(SECRET, Token([9; 8]), until);
    let over = hall.node(2).invite(SECRET, Token([8; 8]), NOON);
    let stranger = Invite::new(SECRET, &person(7), Token([7; 8]), until);
    let cases = [
        (good, 4, None),
        (good, 5, Some(NotAdmitted::Copied)),
        (over, 6, Some(NotAdmitted::Expired)),
        (stranger, 8, Some(NotAdmitted::Inviter)),
    ];
    for (invite, who, reason) in cases {
        let guest = hall.add(Lobby::guest(config(who), &invite, [who; 32]));
        let link = hall.join(guest, 3);
        hall.run(1_000);
        let told: Vec<NotAdmitted> = reason.into_iter().collect();
        assert_eq!(hall.not_admitted(guest), told, "guest {who}");
        hall.cut(link);
    }
    assert_eq!(knocked(&hall, 0).len(), 1);
    // A stranger that says nothing makes room again.
    let silent = hall.add(Lobby::guest(config(10), &stranger, [10; 32]));
    let link = hall.join(silent, 3);
    hall.run(12_000);
    assert!(!hall.links.contains_key(&link));
}
