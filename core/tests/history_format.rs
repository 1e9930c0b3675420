//! The worked example of `core/docs/history-format.md`: written by this test, read by a second reader of the format
//! that shares no code with the core's, so that page, file and code stay one.
//!
//! To write the example anew: `BITCRAPS_CONFORMANCE=write cargo test -p bitcraps-core --test history_format`
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![allow(
    clippy::disallowed_methods,
    reason = "this test reads and writes a page; the core itself has no files"
)]

mod room;

use std::fmt::Write as _;

use bitcraps_core::craps::BetKind;
use bitcraps_core::history::{Verdict, verify_history};
use bitcraps_core::node::Command;
use bitcraps_core::wire::Encode;
use ed25519_dalek::VerifyingKey;
use room::{Room, genesis};
use sha2::{Digest as _, Sha256};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/history-format.md");
const BEGIN: &str = "<!-- example: written by core/tests/history_format.rs -->\n";
const END: &str = "<!-- end of example -->\n";

/// Two phones make the dice's key, seat 1 bets, and the dice fall.
fn example() -> Vec<u8> {
    let mut room = Room::meshed(2);
    room.run(3_000);
    room.command(
        1,
        Command::PlaceBet {
            kind: BetKind::PassLine,
            amount: 10,
        },
    );
    room.run(1_000);
    room.command(1, Command::Roll);
    for _ in 0..100 {
        if room.nodes[0].table().rolls() > 0 {
            break;
        }
        room.run(10);
    }
    let bytes = room.nodes[0].export_history();
    assert!(bytes.len() < 5_000, "an example is short: {}", bytes.len());
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// `H(tag; part…)` as the page has it.
fn tagged(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([u8::try_from(tag.len()).unwrap()]);
    hash.update(tag);
    for part in parts {
        hash.update(u32::try_from(part.len()).unwrap().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Whether a key signed a statement under a tag and a context, as the page has it.
fn signed(key: &[u8; 32], tag: &str, context: &[u8], statement: &[u8], signature: &[u8]) -> bool {
    let message = [
        &[u8::try_from(tag.len()).unwrap()],
        tag.as_bytes(),
        context,
        statement,
    ]
    .concat();
    let signature = ed25519_dalek::Signature::from_bytes(signature.try_into().unwrap());
    let key = VerifyingKey::from_bytes(key).unwrap();
    key.verify_strict(&message, &signature).is_ok()
}

/// A cursor over the file that notes what it takes.
struct Notes<'a> {
    file: &'a [u8],
    at: usize,
    text: String,
}

impl<'a> Notes<'a> {
    fn take(&mut self, size: usize, what: &str) -> &'a [u8] {
        let bytes = &self.file[self.at..self.at + size];
        let shown = if size <= 48 {
            hex(bytes)
        } else {
            format!("{}…{}", hex(&bytes[..16]), hex(&bytes[size - 8..]))
        };
        let _ = writeln!(self.text, "| {} | {size} | {what} | `{shown}` |", self.at);
        self.at += size;
        bytes
    }

    fn number(&mut self, size: usize, what: &str) -> usize {
        let mut full = [0; 8];
        full[..size].copy_from_slice(self.take(size, what));
        usize::try_from(u64::from_le_bytes(full)).unwrap()
    }

    fn derive(&mut self, what: &str, value: &[u8]) {
        let _ = writeln!(self.text, "| | | *{what}* | `{}` |", hex(value));
    }
}

/// What the page's reader keeps between records.
struct Known {
    keys: Vec<[u8; 32]>,
    table: [u8; 32],
    table_context: [u8; 32],
    epoch_context: [u8; 32],
    chain: [u8; 32],
}

fn read_genesis(notes: &mut Notes<'_>) -> Known {
    notes.number(1, "kind: genesis");
    notes.number(4, "length of the body");
    let rules = notes.take(80, "the rules");
    let from = notes.at;
    let count = notes.number(1, "members");
    let mut keys = Vec::new();
    for seat in 0..count {
        assert_eq!(notes.number(1, "seat"), seat);
        keys.push(notes.take(32, "its key").try_into().unwrap());
    }
    assert!(notes.number(1, "who leads epoch 0") < count);
    let roster = tagged("bitcraps/roster/v1", &[&notes.file[from..notes.at]]);
    notes.derive("H(bitcraps/roster/v1; roster)", &roster);
    let table = tagged("bitcraps/genesis/v1", &[rules, &roster]);
    notes.derive(
        "table digest, H(bitcraps/genesis/v1; rules, roster digest)",
        &table,
    );
    let version = 1_u16.to_le_bytes();
    let table_context = tagged("bitcraps/context/table/v1", &[&version, &table]);
    notes.derive("table context", &table_context);
    let epoch_context = tagged(
        "bitcraps/context/epoch/v1",
        &[&version, &table, &0_u64.to_le_bytes(), &roster],
    );
    notes.derive("epoch context, epoch 0", &epoch_context);
    let chain = tagged("bitcraps/chain/genesis/v1", &[&table]);
    notes.derive("C_0", &chain);
    Known {
        keys,
        table,
        table_context,
        epoch_context,
        chain,
    }
}

fn read_run(notes: &mut Notes<'_>, known: &mut Known) -> usize {
    notes.number(4, "length of the body");
    let mut sequence = notes.number(8, "first slot");
    let slots = notes.number(1, "slots");
    for slot in 0..slots {
        sequence += usize::from(slot > 0);
        let requests = notes.number(1, "requests in the slot");
        let mut digests = Vec::new();
        for _ in 0..requests {
            let length = notes.number(2, "length of the statement");
            let statement = notes.take(length, "request statement");
            let signature = notes.take(64, "its player's signature");
            let key = &known.keys[usize::from(statement[0])];
            let context = &known.table_context;
            assert!(signed(
                key,
                "bitcraps/request/v1",
                context,
                statement,
                signature
            ));
            digests.push(tagged("bitcraps/request/v1", &[context, statement]));
            notes.derive("request digest", digests.last().unwrap());
        }
        let parts: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
        let batch = tagged("bitcraps/batch/v1", &parts);
        notes.derive("batch digest", &batch);
        let slot_bytes = u64::try_from(sequence).unwrap().to_le_bytes();
        known.chain = tagged("bitcraps/chain/v1", &[&known.chain, &slot_bytes, &batch]);
        notes.derive(&format!("C_{sequence}"), &known.chain);
    }
    let view = notes.take(8, "view of the certificate");
    assert_eq!(view, [0; 8], "nothing goes wrong in the example");
    let signers = notes.number(3, "seat set of the signers");
    let slot_bytes = u64::try_from(sequence).unwrap().to_le_bytes();
    let vote = [&[2][..], view, &slot_bytes, &known.chain].concat();
    notes.derive(
        "the vote that they signed, phase 2 ‖ view ‖ slot ‖ C_s",
        &vote,
    );
    let context = tagged(
        "bitcraps/context/view/v1",
        &[&known.epoch_context, &[0; 32]],
    );
    notes.derive("view context, view 0", &context);
    for (seat, key) in known.keys.iter().enumerate() {
        if signers >> seat & 1 == 1 {
            let signature = notes.take(64, &format!("commit vote of seat {seat}"));
            assert!(signed(key, "bitcraps/vote/v1", &context, &vote, signature));
        }
    }
    let throws = notes.number(2, "throws");
    for _ in 0..throws {
        notes.number(8, "roll");
        for _ in 0..notes.number(1, "shares") {
            notes.take(1, "signer: seat");
            notes.take(32, "V");
            notes.take(32, "c");
            notes.take(32, "z");
        }
    }
    sequence
}

fn read_closing(notes: &mut Notes<'_>, known: &Known, sequence: usize) {
    notes.number(4, "length of the body");
    let from = notes.at;
    let lines = notes.number(1, "lines of the sheet");
    for _ in 0..lines {
        notes.take(1, "seat");
        notes.number(8, "chips it was given");
        notes.number(8, "on its stack");
        notes.number(8, "on the layout");
        notes.number(1, "255: it plays");
    }
    notes.number(8, "chips the bank started with");
    notes.number(8, "chips in the bank");
    notes.number(8, "rolls settled");
    assert_eq!(notes.number(1, "no roll is pending"), 0);
    notes.number(2, "operations that wait");
    assert_eq!(notes.number(8, "0: not dissolved"), 0);
    let sheet = tagged("bitcraps/sheet/v1", &[&notes.file[from..notes.at]]);
    notes.derive("sheet digest", &sheet);
    let statement_at = notes.at;
    let seat = notes.number(1, "who closes: seat");
    notes.number(8, "epoch");
    assert_eq!(notes.number(8, "last slot"), sequence);
    assert_eq!(notes.take(32, "its C_s"), known.chain);
    notes.take(32, "application digest");
    assert_eq!(notes.take(32, "sheet digest"), sheet);
    let statement = &notes.file[statement_at..notes.at];
    let signature = notes.take(64, "its signature over these 113 bytes");
    let (key, context) = (&known.keys[seat], &known.table_context);
    assert!(signed(
        key,
        "bitcraps/closing/v1",
        context,
        statement,
        signature
    ));
}

/// Reads the file by the page alone and writes down every field.
fn annotate(file: &[u8]) -> String {
    let mut notes = Notes {
        file,
        at: 0,
        text: String::from("| offset | size | field | value |\n|---|---|---|---|\n"),
    };
    assert_eq!(notes.take(8, "magic"), b"BITCRAPS");
    assert_eq!(notes.number(2, "version of the format"), 1);
    assert_eq!(notes.number(2, "version of the protocol"), 1);
    let mut known = read_genesis(&mut notes);
    assert_eq!(known.table, genesis(2, 1_000).digest().0);
    let mut last = 0;
    while file[notes.at] == 3 {
        notes.number(1, "kind: run");
        last = read_run(&mut notes, &mut known);
    }
    assert_eq!(notes.number(1, "kind: closing"), 4);
    read_closing(&mut notes, &known, last);
    assert_eq!(notes.at, file.len());
    notes.text
}

/// The example as it stands in the page: the whole file, then each of its fields.
fn section() -> String {
    let file = example();
    let mut text = String::from("\n```\n");
    for line in file.chunks(48) {
        let _ = writeln!(text, "{}", hex(line));
    }
    let _ = write!(text, "```\n\n{}\n", annotate(&file));
    text
}

#[test]
fn the_worked_example_of_the_page_is_true() {
    let page = std::fs::read_to_string(PAGE).expect("docs/history-format.md is committed");
    let (before, rest) = page.split_once(BEGIN).expect("the page has an example");
    let (written, after) = rest.split_once(END).expect("the example ends");
    let now = section();
    if std::env::var("BITCRAPS_CONFORMANCE").is_ok_and(|wish| wish == "write") {
        let page = format!("{before}{BEGIN}{now}{END}{after}");
        std::fs::write(PAGE, page).expect("a writable checkout");
        return;
    }
    assert_eq!(written, now, "on purpose? Then see the head of this file");
}

#[test]
fn the_example_is_valid_and_the_core_reads_the_same_genesis() {
    let file = example();
    let Verdict::Valid {
        sequence, sheet, ..
    } = verify_history(&file)
    else {
        panic!("the example is not valid");
    };
    assert!(sequence >= 4);
    assert_eq!((sheet.rolls, sheet.total()), (1, Some(102_000)));
    let genesis = genesis(2, 1_000).to_bytes();
    assert_eq!(file[12 + 5..12 + 5 + genesis.len()], genesis);
}

#[test]
fn any_byte_of_the_example_changed_breaks_it_at_the_record_that_the_byte_stands_in() {
    let file = example();
    let mut begins = vec![12];
    while let Some(length) = file
        .get(begins[begins.len() - 1] + 1..)
        .and_then(|rest| rest.get(..4))
    {
        let length = u32::from_le_bytes(length.try_into().unwrap());
        begins.push(begins[begins.len() - 1] + 5 + usize::try_from(length).unwrap());
    }
    for (place, bit) in (0..file.len()).zip((0..8).cycle()) {
        let mut bent = file.clone();
        bent[place] ^= 1 << bit;
        let Verdict::Broken(breach) = verify_history(&bent) else {
            panic!("byte {place} can be changed");
        };
        let record = begins.iter().rposition(|begin| *begin <= place);
        // What is in front of the records belongs to none, and a genesis is wrong by what does not fit it.
        let named = match record {
            None => breach.offset == 0,
            Some(0) => breach.record <= 1,
            Some(record) => breach.record == record && breach.offset == begins[record],
        };
        assert!(named, "byte {place}: {breach}");
    }
}
