//! Every layout, as one hash for each kind of message and statement, and a few whole messages in hex.
//!
//! A change of layout is meant to show here, in a diff of `data/conformance.txt`. To write the file anew:
//! `BITCRAPS_CONFORMANCE=write cargo test -p bitcraps-core --test conformance`
#![allow(
    clippy::disallowed_methods,
    reason = "this test reads and writes its own data; the core itself has no files"
)]

mod cluster;
#[path = "edges/values.rs"]
mod values;

use std::fmt::Write as _;

use bitcraps_core::consensus::{Head, Message, Phase, genesis_chain};
use cluster::forge::{head_of, new_view, pre_prepare, request, request_wire, view_change, vote};
use cluster::{Random, TABLE};
use sha2::{Digest as _, Sha256};
use values::{KINDS, Made};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/conformance.txt");
const VALUES: usize = 256;
const SEED: u64 = 0x5eed_0000_c0de_0001;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// SHA-256 over length and bytes of each encoding. Every kind has its own seed, so that a new kind moves no other.
fn hash_of(name: &str, make: fn(&mut Random) -> Made) -> String {
    let mut seed = SEED;
    name.bytes()
        .for_each(|byte| seed = seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut random = Random(seed);
    let mut hash = Sha256::new();
    for _ in 0..VALUES {
        let bytes = make(&mut random).bytes;
        let length = u32::try_from(bytes.len()).expect("messages are short");
        hash.update(length.to_le_bytes());
        hash.update(&bytes);
    }
    hex(&hash.finalize())
}

/// Whole messages at the tests' table of four, by keys whose seeds are 01…, 02…, 03…, 04….
fn golden() -> Vec<(&'static str, Vec<u8>)> {
    let batch = vec![request(1, 1, b"ten on the line")];
    let head = head_of(0, 1, &genesis_chain(&TABLE), &batch);
    let reports = vec![
        view_change(4, 0, 1, 0, None),
        view_change(4, 1, 1, 0, Some(head)),
        view_change(4, 2, 1, 0, None),
    ];
    let chosen: Option<Head> = Some(head);
    vec![
        ("request", request_wire(&batch[0])),
        ("pre-prepare", pre_prepare(4, 0, head, &batch)),
        ("prepare", vote(4, 1, Phase::Prepare, head)),
        ("commit", vote(4, 2, Phase::Commit, head)),
        ("view-change", reports[1].clone()),
        ("new-view", new_view(4, 1, chosen, &reports, &reports)),
    ]
}

fn now() -> String {
    let mut text = String::from("# Written by core/tests/conformance.rs, which says how.\n");
    for (name, make) in KINDS {
        let _ = writeln!(text, "hash {name} {VALUES} {}", hash_of(name, *make));
    }
    for (name, bytes) in golden() {
        let _ = writeln!(text, "golden {name} {}", hex(&bytes));
    }
    text
}

#[test]
fn every_layout_is_as_it_was_written_down() {
    let now = now();
    if std::env::var("BITCRAPS_CONFORMANCE").is_ok_and(|wish| wish == "write") {
        std::fs::write(FILE, &now).expect("a writable checkout");
        return;
    }
    let written = std::fs::read_to_string(FILE).expect("data/conformance.txt is committed");
    for (written, now) in written.lines().zip(now.lines()) {
        assert_eq!(
            now, written,
            "a layout changed: on purpose? Then see the head of this file"
        );
    }
    assert_eq!(now.lines().count(), written.lines().count());
}

#[test]
fn every_value_comes_back_from_its_bytes_and_nothing_longer_or_shorter_does() {
    for (name, make) in KINDS {
        let mut random = Random(SEED);
        for round in 0..VALUES {
            let made = make(&mut random);
            let again = (made.again)(&made.bytes);
            assert_eq!(again.as_ref(), Some(&made.bytes), "{name} {round}");
            // A statement in front of a signature has no length of its own: there the signature decides.
            if made.is_open_ended {
                continue;
            }
            let longer = [&made.bytes[..], &[0]].concat();
            assert_eq!((made.again)(&longer), None, "{name} {round}, a byte more");
            let shorter = &made.bytes[..made.bytes.len() - 1];
            assert_eq!((made.again)(shorter), None, "{name} {round}, a byte less");
        }
    }
}

#[test]
fn the_golden_messages_are_messages() {
    for (name, bytes) in golden() {
        let (header, _) = Message::from_wire(&bytes).unwrap();
        assert_eq!(header.kind.name(), name);
    }
}
