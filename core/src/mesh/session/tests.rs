//! Two ends of a link, and what happens to each message that is bent on its way.

use std::sync::Arc;

use snow::{Builder, HandshakeState, StatelessTransportState};

use super::handshake::{Answered, Hailed, HandshakeError, Introduced, Secured};
use super::record::{RecordError, Session, sealed_length};
use super::resolver::Primitives;
use super::secret::{LinkKeys, TableSecret};
use crate::crypto::{Digest, Identity};
use crate::mesh::Class;

fn keys_of(person: u8, secret: u8) -> LinkKeys {
    let identity = Arc::new(Identity::from_seed(&[person; 32]));
    LinkKeys::new(identity, &TableSecret([secret; 16]), &Digest([person; 32]))
}

/// Everything that passes in one handshake; `bend` sees each message before it arrives.
fn shake(
    central: &mut LinkKeys,
    peripheral: &mut LinkKeys,
    mut bend: impl FnMut(usize, &mut Vec<u8>),
) -> Result<(Secured, Secured), HandshakeError> {
    let (hailed, mut hail) = Hailed::begin(central)?;
    bend(0, &mut hail);
    let (answered, mut answer) = Answered::begin(peripheral, &hail)?;
    bend(1, &mut answer);
    let (introduced, mut introduction) = hailed.on_answer(central, &answer)?;
    bend(2, &mut introduction);
    let (theirs, mut welcome) = answered.on_introduction(peripheral, &introduction, 7)?;
    bend(3, &mut welcome);
    Ok((introduced.on_welcome(central, &welcome)?, theirs))
}

fn session() -> (Session, Session) {
    let ends = shake(&mut keys_of(1, 9), &mut keys_of(2, 9), |_, _| {}).unwrap();
    (ends.0.session, ends.1.session)
}

#[test]
fn both_ends_know_each_others_key_and_the_links_tag() {
    let (mut ana, mut bo) = (keys_of(1, 9), keys_of(2, 9));
    let mut lengths = Vec::new();
    let (central, peripheral) =
        shake(&mut ana, &mut bo, |_, bytes| lengths.push(bytes.len())).unwrap();
    assert_eq!(lengths, [50, 96, 160, 113]);
    assert_eq!(central.peer, bo.public_key());
    assert_eq!(peripheral.peer, ana.public_key());
    assert_eq!((central.tag, peripheral.tag), (7, 7));
}

#[test]
fn every_byte_of_every_message_counts() {
    for (message, length) in [50, 96, 160, 113].into_iter().enumerate() {
        for at in 0..length {
            let bent = shake(&mut keys_of(1, 9), &mut keys_of(2, 9), |which, bytes| {
                if which == message {
                    bytes[at] ^= 1;
                }
            });
            assert!(bent.is_err(), "byte {at} of message {message}");
        }
    }
}

#[test]
fn short_long_and_empty_messages_are_refused() {
    for message in 0..4 {
        for change in [
            |bytes: &mut Vec<u8>| bytes.clear(),
            |bytes: &mut Vec<u8>| bytes.truncate(33),
            |bytes: &mut Vec<u8>| bytes.push(0),
            |bytes: &mut Vec<u8>| bytes.resize(300, 0),
        ] {
            let bent = shake(&mut keys_of(1, 9), &mut keys_of(2, 9), |which, bytes| {
                if which == message {
                    change(bytes);
                }
            });
            assert!(bent.is_err(), "message {message}");
        }
    }
}

#[test]
fn a_stranger_without_the_secret_learns_no_key_and_is_not_let_in() {
    let (mut stranger, mut bo) = (keys_of(1, 8), keys_of(2, 9));
    // Even one who knows the service's UUID, and with it the prologue, from the air.
    stranger.prologue = bo.prologue;
    stranger.context = bo.context;
    let key = bo.public_key().to_bytes();
    let mut reached = 0;
    let refused = shake(&mut stranger, &mut bo, |which, bytes| {
        reached = which;
        assert!(!bytes.windows(32).any(|part| part == key));
    });
    assert_eq!(refused.err(), Some(HandshakeError::Noise));
    assert_eq!(reached, 2, "the peripheral never welcomes it");
    let refused = shake(&mut keys_of(2, 9), &mut stranger, |_, _| {});
    assert_eq!(refused.err(), Some(HandshakeError::Noise));
}

#[test]
fn a_phone_of_another_version_is_told_apart_and_a_mirror_is_refused() {
    let old = shake(&mut keys_of(1, 9), &mut keys_of(2, 9), |which, bytes| {
        if which == 0 {
            bytes[0] = 77;
        }
    });
    assert_eq!(old.err(), Some(HandshakeError::Version(77)));
    let mirror = shake(&mut keys_of(1, 9), &mut keys_of(1, 9), |_, _| {});
    assert_eq!(mirror.err(), Some(HandshakeError::OwnKey));
}

#[test]
fn a_proof_from_one_session_is_worth_nothing_in_another() {
    // Mallory has the secret and a seat, shakes hands with Bo, and shows Ana what Bo showed her.
    let (mut ana, mut bo, mut mallory) = (keys_of(1, 9), keys_of(2, 9), keys_of(3, 9));
    let (hailed, hail) = Hailed::begin(&mut mallory).unwrap();
    let (answered, answer) = Answered::begin(&mut bo, &hail).unwrap();
    let (introduced, introduction) = hailed.on_answer(&mallory, &answer).unwrap();
    let (_, welcome) = answered.on_introduction(&bo, &introduction, 1).unwrap();
    let mut opened = opened(introduced, &welcome);
    opened.pop();
    let (hailed, hail) = Hailed::begin(&mut ana).unwrap();
    let (answered, answer) = Answered::begin(&mut mallory, &hail).unwrap();
    let (introduced, introduction) = hailed.on_answer(&ana, &answer).unwrap();
    let (mut theirs, _) = answered
        .on_introduction(&mallory, &introduction, 1)
        .unwrap();
    // The welcome that Mallory would like to send, under the counter of the one that she made.
    theirs.session.rewind();
    let (_, forged) = theirs
        .session
        .seal(Class::Vote, &[&opened[..], &[1]].concat());
    let refused = introduced.on_welcome(&ana, &forged);
    assert_eq!(refused.err(), Some(HandshakeError::Proof));
}

fn opened(introduced: Introduced, welcome: &[u8]) -> Vec<u8> {
    introduced.open_unchecked(welcome)
}

#[test]
fn one_start_draws_the_same_handshake_and_another_start_another() {
    let hail = |entropy: u8| {
        let identity = Arc::new(Identity::from_seed(&[1; 32]));
        let mut keys = LinkKeys::new(identity, &TableSecret([9; 16]), &Digest([entropy; 32]));
        let first = Hailed::begin(&mut keys).unwrap().1;
        assert_ne!(Hailed::begin(&mut keys).unwrap().1, first);
        first
    };
    assert_eq!(hail(1), hail(1));
    assert_ne!(hail(1), hail(2));
}

#[test]
fn a_record_opens_once_as_what_it_was_and_in_order() {
    let (mut left, mut right) = session();
    let (low, sealed) = left.seal(Class::Bulk, b"state");
    assert_eq!(sealed.len(), sealed_length(5));
    let counter = right.counter(low);
    let refused = right.open(Class::Vote, counter, &sealed);
    assert_eq!(refused, Err(RecordError::Sealed), "another class");
    let refused = right.open(Class::Bulk, counter + 1, &sealed);
    assert_eq!(refused, Err(RecordError::Sealed), "another counter");
    assert_eq!(
        right.open(Class::Bulk, counter, &sealed),
        Ok(b"state".to_vec())
    );
    let again = right.open(Class::Bulk, counter, &sealed);
    assert_eq!(again, Err(RecordError::Counter(counter)));
    let (later, replay) = (
        right.counter(low),
        right.open(Class::Bulk, right.counter(low), &sealed),
    );
    assert_eq!(later, counter + 256);
    assert_eq!(replay, Err(RecordError::Sealed), "a replay");
    assert_eq!(
        left.open(Class::Bulk, 0, &sealed),
        Err(RecordError::Sealed),
        "a reflection"
    );
}

#[test]
fn garbage_moves_no_counter() {
    let (mut left, mut right) = session();
    for _ in 0..300 {
        for low in [0, 1, 2, 200] {
            let counter = right.counter(low);
            assert!(right.open(Class::Vote, counter, &[5; 40]).is_err());
        }
    }
    assert!(right.open(Class::Vote, 0, &[]).is_err());
    let (low, sealed) = left.seal(Class::Vote, b"vote");
    let counter = right.counter(low);
    assert_eq!(
        right.open(Class::Vote, counter, &sealed),
        Ok(b"vote".to_vec())
    );
}

#[test]
fn lost_records_leave_a_gap_and_nothing_else() {
    let (mut left, mut right) = session();
    for gap in [0, 1, 100, 254] {
        for _ in 0..gap {
            left.seal(Class::Vote, b"lost");
        }
        let (low, sealed) = left.seal(Class::Vote, b"heard");
        let counter = right.counter(low);
        assert_eq!(
            right.open(Class::Vote, counter, &sealed),
            Ok(b"heard".to_vec())
        );
    }
}

#[test]
fn a_long_message_is_sealed_in_pieces_and_cannot_be_cut_short() {
    let (mut left, mut right) = session();
    let message: Vec<u8> = (0..128 * 1024_u32).map(|i| i.to_le_bytes()[1]).collect();
    let (low, sealed) = left.seal(Class::Bulk, &message);
    assert_eq!(sealed.len(), sealed_length(message.len()));
    assert_eq!(sealed.len(), message.len() + 3 * 16);
    let counter = right.counter(low);
    let short = right.open(Class::Bulk, counter, &sealed[..65_535]);
    assert_eq!(short, Err(RecordError::Sealed), "the last piece is missing");
    assert_eq!(right.open(Class::Bulk, counter, &sealed), Ok(message));
    let (low, sealed) = left.seal(Class::Vote, b"");
    let counter = right.counter(low);
    assert_eq!(right.open(Class::Vote, counter, &sealed), Ok(Vec::new()));
}

#[test]
fn keys_change_at_both_ends_after_65536_records() {
    let (mut left, mut right) = session();
    let mut turning = 0;
    for number in 0..70_000_u32 {
        turning += u32::from(left.is_turning());
        let text = number.to_le_bytes();
        let (low, sealed) = left.seal(Class::Vote, &text);
        // One in seven is lost, but not the last under the old keys.
        if number % 7 == 0 && number != 0xffff {
            continue;
        }
        let counter = right.counter(low);
        assert_eq!(
            right.open(Class::Vote, counter, &sealed),
            Ok(text.to_vec()),
            "{number}"
        );
    }
    assert_eq!(turning, 8);
}

#[test]
fn whoever_loses_the_last_record_under_the_old_keys_opens_nothing_more() {
    let (mut left, mut right) = session();
    for number in 0..0x1_0000_u32 {
        let (low, sealed) = left.seal(Class::Vote, b"vote");
        let counter = right.counter(low);
        if number < 0xffff {
            right.open(Class::Vote, counter, &sealed).unwrap();
        }
    }
    let (low, sealed) = left.seal(Class::Vote, b"vote");
    let counter = right.counter(low);
    assert_eq!(counter, 0x1_0000);
    assert_eq!(
        right.open(Class::Vote, counter, &sealed),
        Err(RecordError::Counter(counter))
    );
}

/// One session with our primitives, keys fixed as in `core/interop`; each line as that program prints it.
fn session_of_fixed_keys() -> Result<String, snow::Error> {
    let end =
        |private: u8, ephemeral: u8, is_central: bool| -> Result<HandshakeState, snow::Error> {
            let primitives = Primitives {
                seed: Digest([0; 32]),
            };
            let (private, ephemeral) = ([private; 32], [ephemeral; 32]);
            let pattern = "Noise_XXpsk3_25519_ChaChaPoly_SHA256".parse()?;
            let builder = Builder::with_resolver(pattern, Box::new(primitives))
                .prologue(b"bitcraps interop")?
                .psk(3, &[5; 32])?
                .local_private_key(&private)?
                .fixed_ephemeral_key_for_testing_only(&ephemeral);
            if is_central {
                builder.build_initiator()
            } else {
                builder.build_responder()
            }
        };
    let mut text = String::from("# Written by core/interop, which says how.\n");
    let mut show = |name: &str, bytes: &[u8]| {
        let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
        text += &format!("{name} {}\n", hex.collect::<String>());
    };
    let mut ends = [end(1, 3, true)?, end(2, 4, false)?];
    for (name, payload) in [("hail", ""), ("answer", "me"), ("introduction", "and me")] {
        let (mut bytes, mut opened) = ([0; 256], [0; 256]);
        let length = ends[0].write_message(payload.as_bytes(), &mut bytes)?;
        let opened_length = ends[1].read_message(&bytes[..length], &mut opened)?;
        assert_eq!(&opened[..opened_length], payload.as_bytes());
        show(name, &bytes[..length]);
        ends.swap(0, 1);
    }
    show("hash", ends[0].get_handshake_hash());
    let [peripheral, central] = ends.map(HandshakeState::into_stateless_transport_mode);
    let mut ends: [StatelessTransportState; 2] = [central?, peripheral?];
    for name in ["record", "rekeyed"] {
        for (from, to, nonce) in [(0, 1, 0), (1, 0, 1 << 40)] {
            let (mut sealed, mut opened) = ([0; 64], [0; 64]);
            let length = ends[from].write_message(nonce, b"a bet on the line", &mut sealed)?;
            ends[to].read_message(nonce, &sealed[..length], &mut opened)?;
            show(name, &sealed[..length]);
        }
        for end in &mut ends {
            end.rekey_outgoing();
            end.rekey_incoming();
        }
    }
    Ok(text)
}

#[test]
fn our_primitives_make_the_same_bytes_as_snows_own() {
    let theirs = include_str!("../../../tests/data/noise.txt");
    assert_eq!(session_of_fixed_keys().unwrap(), theirs);
}
