//! The journal's bytes: whatever a crash leaves of them is read as what was synced, and damage is never taken for that.

#[path = "random/mod.rs"]
mod random;

use bitcraps_core::journal::{Journal, RECORD_BYTES_MAX, Read, ReadError};
use random::Random;

/// A file of some blocks, the records in it, and where each block ends.
fn file(random: &mut Random, blocks: usize) -> (Vec<u8>, Vec<Vec<u8>>, Vec<usize>) {
    let (mut journal, mut bytes) = Journal::create();
    let (mut all, mut ends) = (Vec::new(), vec![bytes.len()]);
    for _ in 0..blocks {
        let count = 1 + random.below(4);
        let records: Vec<Vec<u8>> = (0..count)
            .map(|_| {
                let length = usize::try_from(random.below(90)).expect("small");
                random.bytes(length)
            })
            .collect();
        bytes.extend(journal.seal(&records));
        all.extend(records);
        ends.push(bytes.len());
    }
    (bytes, all, ends)
}

fn read(bytes: &[u8]) -> Read {
    Journal::read(bytes).expect("a journal")
}

#[test]
fn what_is_written_is_read_and_gone_on_with() {
    let mut random = Random(1);
    for blocks in 0..20 {
        let (mut bytes, mut records, _) = file(&mut random, blocks);
        let mut first = read(&bytes);
        assert_eq!((&first.records, first.length), (&records, bytes.len()));
        let more = vec![b"more".to_vec()];
        bytes.extend(first.journal.seal(&more));
        records.extend(more);
        assert_eq!(read(&bytes).records, records);
    }
    assert_eq!(read(&[]).records, Vec::<Vec<u8>>::new());
    assert!(
        Journal::create().0.seal(&[]).is_empty(),
        "no records, no block"
    );
}

#[test]
fn a_torn_end_is_cut_at_the_last_whole_block_wherever_it_is_torn() {
    let mut random = Random(2);
    let (bytes, records, ends) = file(&mut random, 6);
    for at in 0..bytes.len() {
        let torn = read(&bytes[..at]);
        let whole = ends.iter().rev().find(|end| **end <= at).copied();
        assert_eq!(torn.length, whole.unwrap_or(0), "torn at {at}");
        assert!(records.starts_with(&torn.records));
        // What a file system adds when it has grown a file and not written it.
        for filler in [0, 0xff] {
            let mut grown = bytes[..at].to_vec();
            grown.extend([filler; 300]);
            match Journal::read(&grown) {
                Ok(grown) => assert_eq!(grown.records, torn.records, "torn at {at}"),
                Err(error) => assert_eq!((error, whole), (ReadError::NotAJournal, None)),
            }
        }
    }
}

#[test]
fn one_bit_wrong_in_front_of_a_good_block_is_damage_and_in_the_last_block_a_torn_end() {
    let mut random = Random(3);
    let (bytes, records, ends) = file(&mut random, 5);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let block = ends.iter().filter(|end| **end <= bit / 8).count();
        match Journal::read(&flipped) {
            Err(ReadError::NotAJournal) => assert_eq!(block, 0, "bit {bit}"),
            Err(ReadError::Damaged { offset }) => {
                assert!((1..5).contains(&block), "bit {bit}");
                assert_eq!(offset, ends[block - 1], "bit {bit}");
            }
            Ok(read) => {
                // Only a length that is wrong hides where the next block begins.
                let is_length = bit / 8 < ends[block - 1] + 8;
                let last = block == 5 || block == 4 && is_length;
                assert!(last, "bit {bit} was taken for a torn end");
                assert!(read.records.len() < records.len() && records.starts_with(&read.records));
            }
        }
    }
}

#[test]
fn blocks_that_are_missing_doubled_or_of_another_journal_are_no_part_of_it() {
    let mut random = Random(4);
    let (bytes, records, ends) = file(&mut random, 5);
    let block = |at: usize| &bytes[ends[at]..ends[at + 1]];
    let begin = &bytes[..ends[0]];
    let missing = [begin, block(0), block(2), block(3)].concat();
    let doubled = [begin, block(0), block(1), block(1)].concat();
    let swapped = [begin, block(1), block(0), block(2)].concat();
    for odd in [missing, doubled, swapped] {
        if let Ok(read) = Journal::read(&odd) {
            assert!(records.starts_with(&read.records));
            assert!(read.length < odd.len());
        }
    }
    let (other, ..) = file(&mut random, 5);
    let mixed = [&bytes[..ends[3]], &other[ends[3].min(other.len())..]].concat();
    if let Ok(read) = Journal::read(&mixed) {
        assert_eq!(read.length, ends[3]);
    }
}

#[test]
fn a_long_group_becomes_several_blocks_and_one_record_may_be_as_long_as_any() {
    let (mut journal, mut bytes) = Journal::create();
    let records: Vec<Vec<u8>> = (0..9).map(|at| vec![at; RECORD_BYTES_MAX]).collect();
    bytes.extend(journal.seal(&records));
    assert_eq!(read(&bytes).records, records);
}

#[test]
fn bytes_that_nobody_wrote_are_no_journal() {
    let mut random = Random(5);
    for length in 8..200 {
        let bytes = random.bytes(length);
        assert_eq!(Journal::read(&bytes), Err(ReadError::NotAJournal));
        let mut begun = Journal::create().1;
        begun.extend(random.bytes(length));
        assert_eq!(read(&begun).records.len(), 0);
    }
}
