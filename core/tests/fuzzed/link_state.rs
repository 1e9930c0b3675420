//! A phone that hears lists of links from members, some of them bent, old or of somebody else.

use std::collections::BTreeMap;

use bitcraps_core::crypto::{Checker, Context, Digest, Identity, Roster, Seat, SeatSet, Signed};
use bitcraps_core::mesh::{LINK_STATE_BYTES, LinkState, LinkStates};
use bitcraps_core::time::Instant;

use super::Choices;

const SEATS: usize = 5;
const TAG: u16 = 7;
/// Lists of one run, so that a long input does not become a slow one.
const LISTS_MAX: usize = 64;

fn identity(seat: usize) -> Identity {
    Identity::from_seed(&[u8::try_from(seat).unwrap_or(0) + 1; 32])
}

fn seat(number: usize) -> Seat {
    Seat(u8::try_from(number).unwrap_or(0))
}

/// Each list takes four bytes: whose it is, its number, whom it names, and what is done to it. What is taken is the newest
/// that its own signer made; what was bent is never taken.
pub(crate) fn link_state(input: &[u8]) {
    let mut choices = Choices(input);
    let keys = (0..SEATS).map(|seat| identity(seat).public_key()).collect();
    let roster = Roster::new(keys).unwrap();
    let context = Context(Digest([9; 32]));
    let mut states = LinkStates::new(TAG, context, Checker::default());
    let mut newest: BTreeMap<Seat, LinkState> = BTreeMap::new();
    let mut now = Instant(0);
    for _ in 0..LISTS_MAX {
        if choices.is_empty() {
            break;
        }
        let signer = choices.below(SEATS + 1);
        let state = LinkState {
            signer: seat(signer),
            number: choices.byte().into(),
            links: names(choices.byte()),
        };
        let signed = Signed::sign(state, &context, &identity(signer));
        let mut message = state.to_wire(TAG, *signed.signature());
        assert_eq!(message.len(), LINK_STATE_BYTES);
        let what = choices.byte();
        if what >= 128 {
            let at = usize::from(what) % message.len();
            message[at] ^= 1 << choices.below(8);
        } else {
            now.0 += u64::from(what) * 16;
        }
        let seated = |seat| roster.key(seat).map(|_| &roster);
        let taken = states.accept(now, &message, seated);
        if let Ok(taken) = taken {
            assert!(what < 128, "it was bent");
            assert_eq!(taken, state);
            let before = newest.insert(state.signer, state);
            assert!(before.is_none_or(|before| before.number < state.number));
        }
        for (seat, state) in &newest {
            assert_eq!(states.links_of(*seat), Some(state.links));
        }
    }
    let members: SeatSet = roster.seats().collect();
    for from in members.iter() {
        assert!(states.reachable(from, members).contains(from));
    }
    assert!(states.connectivity(members) < SEATS);
    assert!(states.messages().count() <= SEATS);
}

fn names(bits: u8) -> SeatSet {
    let named = (0..SEATS).filter(|seat| bits >> seat & 1 == 1);
    named.map(seat).collect()
}
