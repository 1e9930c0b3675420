//! The checkers' own mutants: one that always says "held" is caught here.
//!
//! A real run is looked at once as it was, and once for each property with one thing in it made wrong. As it was, every
//! property holds and has been looked at; made wrong, exactly the checker in question must say so.

use bitcraps_core::consensus::{Request, SignedRequest};
use bitcraps_core::craps::Roll;
use bitcraps_core::crypto::{Context, Digest, Seat, Signed};
use bitcraps_core::node::{Event, PROTOCOL_VERSION, Usage};
use bitcraps_core::table::{Outcome, TableRules};

use super::{Checkers, Property, Status};
use crate::byzantine::Foreseen;
use crate::cli::SUPPORTED;
use crate::scenario::load;
use crate::sim::{Observation, Phone, Room};
use std::collections::BTreeMap;

const SEED: u64 = 1;

/// A room after two rolls, and everything that was seen in it.
fn played() -> (Room, Vec<Observation>) {
    let text = "name = \"mutants\"\nplayers = 4\nstop = { rounds = 2, at = \"60s\" }\n";
    let scenario = load("mutants", text, &SUPPORTED).expect("it is right");
    let mut room = Room::new(scenario, SEED, TableRules::default()).expect("a room");
    room.form().expect("everybody links up");
    let mut seen = Vec::new();
    while room
        .phones
        .iter()
        .any(|phone| phone.node.table().rolls() < 2)
    {
        assert!(room.step(), "the room came to a stop");
        seen.extend(std::iter::from_fn(|| room.take_observation()));
    }
    (room, seen)
}

fn judged(room: &Room, seen: &[Observation]) -> (Checkers, BTreeMap<&'static str, Property>) {
    let mut checkers = Checkers::new(&room.phones);
    seen.iter()
        .for_each(|observation| checkers.observe(room, observation));
    checkers.finish(room);
    checkers.liveness.check(true, String::new);
    let properties = checkers.properties(false);
    (checkers, properties)
}

/// Changes the last event of phone 1 that `bend` wants to change.
fn bent(seen: &[Observation], bend: &dyn Fn(&mut Event) -> bool) -> Vec<Observation> {
    let mut seen = seen.to_vec();
    let mut events = seen
        .iter_mut()
        .rev()
        .filter_map(|observation| match observation {
            Observation::Event { phone: 1, event } => Some(event),
            _ => None,
        });
    assert!(events.any(bend), "nothing to make wrong");
    seen
}

fn delivers(
    event: &mut Event,
) -> Option<(&mut u64, &mut Digest, &mut bitcraps_core::consensus::Batch)> {
    match event {
        Event::Delivered {
            sequence,
            chain,
            batch,
        } => Some((sequence, chain, batch)),
        _ => None,
    }
}

/// The same request in the same name, signed by somebody else.
fn forged(request: &SignedRequest, room: &Room) -> SignedRequest {
    let table = room.phones[0].node.table().genesis().digest();
    let context = Context::of_table(PROTOCOL_VERSION, &table);
    let stranger = Phone::identity(SEED + 1, 0);
    let statement: Request = request.signed.value().clone();
    SignedRequest {
        signed: Signed::sign(statement, &context, &stranger),
        digest: request.digest,
    }
}

/// A record of the phone's own prepare vote, with another digest in it.
fn signs_twice(seen: &[Observation]) -> Vec<Observation> {
    const OWN: u8 = 1;
    const PREPARE: u8 = 3;
    let own_vote = |observation: &&Observation| match observation {
        Observation::Persisted { phone: 1, record } => {
            matches!(record[..], [OWN, 1, ..]) && record.get(50) == Some(&PREPARE)
        }
        _ => false,
    };
    let vote = seen.iter().find(own_vote).expect("phone 1 votes");
    let mut second = vote.clone();
    if let Observation::Persisted { record, .. } = &mut second {
        // The tag stands behind a record's head, a header, and the signer.
        record[50 + 6 + 1] ^= 1;
    }
    [seen, &[second]].concat()
}

/// Phone 1's first vote, with another signature.
fn signs_something_else(seen: &[Observation]) -> Vec<Observation> {
    let mut seen = seen.to_vec();
    let vote = seen.iter_mut().find_map(|observation| match observation {
        Observation::Persisted { phone: 1, record } => {
            matches!(record[..], [1, 1, ..]).then_some(record)
        }
        _ => None,
    });
    let last = vote.and_then(|record| record.last_mut()).expect("a vote");
    *last ^= 1;
    seen
}

/// As if phone 1 had no batch on its disk.
fn without_batches(seen: &[Observation]) -> Vec<Observation> {
    let is_batch = |observation: &Observation| match observation {
        Observation::Persisted { phone: 1, record } => record.first() == Some(&2),
        _ => false,
    };
    seen.iter()
        .filter(|seen| !is_batch(seen))
        .cloned()
        .collect()
}

/// As if phone 1 had not been told that a roll is closed.
fn without_a_close(seen: &[Observation]) -> Vec<Observation> {
    let closes = |observation: &Observation| {
        let Observation::Event { phone: 1, event } = observation else {
            return false;
        };
        let Event::Happened { outcome, .. } = event else {
            return false;
        };
        matches!(outcome, Outcome::RollClosed { .. })
    };
    seen.iter().filter(|seen| !closes(seen)).cloned().collect()
}

/// As if phone 1 had not applied the slot before that of the first close.
fn without_a_slot_below_a_close(seen: &[Observation]) -> Vec<Observation> {
    let slot_of_close = seen.iter().find_map(|observation| match observation {
        Observation::Event {
            phone: 1,
            event:
                Event::Happened {
                    sequence,
                    outcome: Outcome::RollClosed { .. },
                },
        } => Some(*sequence),
        _ => None,
    });
    let below = slot_of_close.expect("a roll") - 1;
    let is_below = |observation: &Observation| match observation {
        Observation::Event { phone: 1, event } => {
            matches!(event, Event::Delivered { sequence, .. } if *sequence == below)
        }
        _ => false,
    };
    seen.iter()
        .filter(|seen| !is_below(seen))
        .cloned()
        .collect()
}

#[test]
fn what_is_made_wrong_in_a_run_is_found_by_the_checker_of_that_property() {
    let (room, seen) = played();
    let (_, properties) = judged(&room, &seen);
    for (name, property) in &properties {
        assert_eq!(property.status(), Status::Held, "{name}: {property:?}");
        assert!(property.checked > 0, "{name}");
    }
    let breaks = |name: &str, seen: &[Observation]| {
        let (_, properties) = judged(&room, seen);
        let status = properties[name].status();
        assert_eq!(status, Status::Violated, "nobody noticed: {name}");
    };
    let fork = |event: &mut Event| {
        delivers(event).is_some_and(|(_, chain, _)| {
            chain.0[0] ^= 1;
            true
        })
    };
    breaks("agreement", &bent(&seen, &fork));
    let gap = |event: &mut Event| {
        delivers(event).is_some_and(|(sequence, ..)| {
            *sequence += 1;
            true
        })
    };
    breaks("gap_free", &bent(&seen, &gap));
    let forge = |event: &mut Event| {
        delivers(event).is_some_and(|(_, _, batch)| {
            let Some(request) = batch.first_mut() else {
                return false;
            };
            *request = forged(request, &room).into();
            true
        })
    };
    breaks("validity", &bent(&seen, &forge));
    breaks("single_signing", &signs_twice(&seen));
    let steal = |event: &mut Event| match event {
        Event::Happened {
            outcome: Outcome::BetPlaced { amount, .. },
            ..
        } => {
            *amount += 1;
            true
        }
        _ => false,
    };
    breaks("conservation", &bent(&seen, &steal));
    let load_dice = |event: &mut Event| match event {
        Event::Happened {
            outcome: Outcome::Rolled(roll),
            ..
        } => {
            let dice = roll.settlement.roll;
            let other = Roll::new(dice.first() % 6 + 1, dice.second());
            roll.settlement.roll = other.expect("two dice");
            true
        }
        _ => false,
    };
    breaks("dice_agree", &bent(&seen, &load_dice));
    let blame = Event::Halted {
        sequence: 1,
        culprits: vec![Seat(2)],
        proof: Vec::new(),
    };
    let blamed = Observation::Event {
        phone: 1,
        event: blame,
    };
    breaks("no_honest_blamed", &[&seen[..], &[blamed]].concat());
}

#[test]
fn a_vote_that_is_signed_wrongly_or_for_what_is_not_held_is_found() {
    let (room, seen) = played();
    for seen in [signs_something_else(&seen), without_batches(&seen)] {
        let (_, properties) = judged(&room, &seen);
        assert_eq!(properties["protocol"].status(), Status::Violated);
    }
}

#[test]
fn a_share_given_too_early_and_a_roll_known_too_early_are_found() {
    let (room, seen) = played();
    let foreseen = Foreseen {
        roll: 1,
        sequence: 9,
        chain: [7; 32],
        dice: (3, 4),
    };
    let foreseen = Observation::Foreseen { phone: 2, foreseen };
    for seen in [
        without_a_close(&seen),
        without_a_slot_below_a_close(&seen),
        [&seen[..], &[foreseen]].concat(),
    ] {
        let (_, properties) = judged(&room, &seen);
        assert_eq!(properties["dice_secret"].status(), Status::Violated);
    }
}

#[test]
fn a_queue_over_its_bound_and_a_core_that_does_not_go_on_are_seen() {
    let (room, seen) = played();
    let (mut checkers, _) = judged(&room, &seen);
    let full = Usage {
        queued_bytes: usize::MAX / 2,
        ..room.phones[1].node.usage()
    };
    checkers.bounded.sample(1, &full);
    checkers
        .liveness
        .check(false, || "it did not go on".to_owned());
    let properties = checkers.properties(false);
    for name in ["bounded", "liveness"] {
        assert_eq!(properties[name].status(), Status::Violated, "{name}");
    }
}

#[test]
fn what_was_never_looked_at_is_unknown_but_for_what_holds_at_the_start() {
    let (room, _) = played();
    let properties = Checkers::new(&room.phones).properties(false);
    let known: Vec<&str> = properties
        .iter()
        .filter(|(_, property)| property.status() != Status::Unknown)
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(known, ["no_honest_blamed"], "nobody is blamed at the start");
}
