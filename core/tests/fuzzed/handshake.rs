//! A phone that shakes hands with somebody who bends, repeats, drops and makes up chunks.

use std::sync::Arc;

use bitcraps_core::crypto::{Digest, Identity};
use bitcraps_core::mesh::{Incoming, LinkId, LinkKeys, Mesh, Role, TableSecret};

use super::Choices;

const LINK: LinkId = LinkId(1);
const MTU: u16 = 64;
/// Chunks of one run, so that a long input does not become a slow one.
const CHUNKS_MAX: usize = 400;

fn end(person: u8, role: Role) -> Mesh {
    let identity = Arc::new(Identity::from_seed(&[person; 32]));
    let keys = LinkKeys::new(identity, &TableSecret([9; 16]), &Digest([person; 32]));
    let mut mesh = Mesh::new(keys);
    assert!(mesh.link_up(LINK, role, MTU));
    mesh
}

/// The first byte says which end is watched. Then each byte picks what becomes of the next chunk of the other end, which
/// is correct: 0 to 3 it arrives, 4 it is lost, 5 it is bent, 6 it comes twice, 7 something else comes instead.
///
/// Whatever comes, nobody but the other end is ever taken for it, and what was bent never makes a session.
pub(crate) fn handshake(input: &[u8]) {
    let mut choices = Choices(input);
    let watches_central = choices.byte() % 2 == 0;
    let (watched, other) = if watches_central {
        (Role::Central, Role::Peripheral)
    } else {
        (Role::Peripheral, Role::Central)
    };
    let (mut watched, mut other) = (end(1, watched), end(2, other));
    let theirs = Identity::from_seed(&[2; 32]).public_key();
    for _ in 0..CHUNKS_MAX {
        while let Some((_, chunk)) = watched.poll_transmit() {
            watched.writable(LINK);
            if other.receive(LINK, &chunk) == Ok(Incoming::Hail) {
                other.answer(LINK).unwrap();
            }
        }
        let next = other.poll_transmit().map(|(_, chunk)| chunk);
        other.writable(LINK);
        if next.is_none() && choices.is_empty() {
            break;
        }
        for chunk in arriving(next, &mut choices) {
            match watched.receive(LINK, &chunk) {
                Ok(Incoming::Secured(key)) => assert_eq!(key, theirs),
                Ok(Incoming::Hail) => {
                    let _ = watched.answer(LINK);
                }
                Ok(Incoming::Messages(..)) => panic!("nobody has said anything"),
                Ok(Incoming::Partial | Incoming::Refused(_)) | Err(_) => {}
            }
        }
    }
    if input.len() <= 1 {
        assert!(watched.is_secured(LINK) && other.is_secured(LINK));
    }
}

fn arriving(next: Option<Vec<u8>>, choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    let what = choices.byte() % 8;
    let Some(mut chunk) = next.filter(|_| what != 7) else {
        let length = choices.below(80);
        return vec![choices.bytes(length).to_vec()];
    };
    match what {
        4 => Vec::new(),
        5 => {
            let at = choices.below(chunk.len());
            chunk[at] ^= 1 << choices.below(8);
            vec![chunk]
        }
        6 => vec![chunk.clone(), chunk],
        _ => vec![chunk],
    }
}
