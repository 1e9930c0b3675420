//! The fuzzers' seeds, without a fuzzer: what they found once must not come back.
#![allow(
    clippy::disallowed_methods,
    reason = "this test reads the seeds; the core itself has no files"
)]

mod fuzzed;
#[path = "random/mod.rs"]
mod random;

use std::path::{Path, PathBuf};

use fuzzed::Happened;
use random::Random;

fn folder(fuzzer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(fuzzer)
}

/// Runs every seed of a fuzzer, in the order of their names.
fn replay(fuzzer: &str, run: fn(&[u8])) {
    let folder = folder(fuzzer);
    let entries = std::fs::read_dir(&folder).expect("the seeds are committed");
    let mut seeds: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{} is empty", folder.display());
    for seed in seeds {
        println!("{}", seed.display());
        run(&std::fs::read(&seed).expect("a readable seed"));
    }
}

#[test]
fn every_decoder_gives_back_the_bytes_of_every_seed_it_takes() {
    replay("decoding", fuzzed::decoding);
}

#[test]
fn chunks_of_every_seed_are_put_together_as_the_format_says() {
    replay("chunks", fuzzed::chunks);
}

#[test]
fn a_bent_history_is_found_out_for_every_seed() {
    replay("history", fuzzed::history);
}

#[test]
fn a_history_bent_at_random_is_found_out() {
    for number in 0..400 {
        let input =
            Random(0xb1e5 + number).bytes(6 * (1 + usize::try_from(number % 3).unwrap_or(0)));
        println!("drawn input {number}");
        fuzzed::history(&input);
    }
}

#[test]
fn nobody_is_taken_for_somebody_else_by_any_seed() {
    replay("handshake", fuzzed::handshake);
    for number in 0..200 {
        fuzzed::handshake(&Random(number).bytes(120));
    }
}

#[test]
fn no_list_of_links_is_taken_that_its_signer_did_not_make() {
    replay("link_state", fuzzed::link_state);
    for number in 0..200 {
        fuzzed::link_state(&Random(number).bytes(200));
    }
}

#[test]
fn a_phone_survives_every_seed_and_signs_nothing_twice() {
    replay("phone", |seed| {
        fuzzed::phone(seed);
    });
}

#[test]
fn the_seeds_made_by_hand_get_where_their_names_say() {
    let none = Happened::default();
    let slots = |delivered| Happened { delivered, ..none };
    let view = Happened {
        views_entered: 1,
        ..slots(1)
    };
    let stable = Happened { stable: 1, ..none };
    let state = Happened {
        installed: 1,
        ..stable
    };
    // Who makes a fork of a certificate each is caught with it: that is everybody but the phone.
    let fork = Happened {
        caught: 3,
        halted: 1,
        ..none
    };
    let expected = [
        ("two-slots-seat-1", slots(2)),
        ("two-slots-seat-2", slots(2)),
        ("new-view-with-a-head", view),
        ("new-view-without-a-head", view),
        ("catch-up", slots(1)),
        (
            "checkpoint",
            Happened {
                delivered: 16,
                ..stable
            },
        ),
        ("state", state),
        ("state-of-another-roster", Happened { epochs: 1, ..state }),
        ("state-with-a-change-from-slot-0", state),
        ("two-commits", Happened { caught: 1, ..none }),
        (
            "side",
            Happened {
                delivered: 1,
                ..fork
            },
        ),
        ("halt", fork),
    ];
    for (name, happened) in expected {
        let seed = std::fs::read(folder("phone").join(name)).expect("a readable seed");
        assert_eq!(fuzzed::phone(&seed), happened, "{name}");
    }
}

/// Inputs that nothing steers, each from the seed of its number.
fn drawn(numbers: std::ops::Range<u64>) {
    for number in numbers {
        let input = Random(number).bytes(1_500);
        println!("drawn input {number}");
        fuzzed::phone(&input);
    }
}

#[test]
fn a_phone_survives_drawn_inputs() {
    drawn(0..50);
}

#[test]
#[ignore = "thousands of them, for --release"]
fn a_phone_survives_thousands_of_drawn_inputs() {
    drawn(50..5_000);
}
