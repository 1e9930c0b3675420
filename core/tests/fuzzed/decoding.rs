//! Every decoder on the same bytes: what it takes, it gives back bit for bit.

use bitcraps_core::consensus::{
    Checkpoint, Head, Mark, Message, NewView, Query, Record, Request, ViewChange, Vote,
};
use bitcraps_core::history::{Closing, HistoryRuns, HistoryWant, Run};
use bitcraps_core::journal::Journal;
use bitcraps_core::mesh::{Have, LinkProof, LinkState, Links};
use bitcraps_core::table::{Genesis, Operation, SettlementSheet};
use bitcraps_core::wire::{Decode, Encode, HEADER_BYTES, Header};

pub(crate) fn decoding(bytes: &[u8]) {
    if let Ok((header, message)) = Message::from_wire(bytes) {
        let (view, sequence) = (u64::from(header.view), u64::from(header.sequence));
        let again = message.to_wire(header.table, view, sequence);
        assert_eq!(again, bytes, "{message:?} has a second encoding");
        assert_eq!(message.kind(), header.kind);
    }
    comes_back::<Header>(bytes);
    comes_back_behind_its_header::<Links>(bytes);
    comes_back_behind_its_header::<Have>(bytes);
    if let Ok((table, state, signature)) = LinkState::from_wire(bytes) {
        assert_eq!(state.to_wire(table, signature), bytes);
    }
    comes_back::<Operation>(bytes);
    comes_back::<Request>(bytes);
    comes_back::<Vote>(bytes);
    comes_back::<Head>(bytes);
    comes_back::<ViewChange>(bytes);
    comes_back::<NewView>(bytes);
    comes_back::<Checkpoint>(bytes);
    comes_back::<Query>(bytes);
    comes_back::<Mark>(bytes);
    comes_back::<Record>(bytes);
    comes_back_behind_its_header::<HistoryWant>(bytes);
    comes_back_behind_its_header::<HistoryRuns>(bytes);
    comes_back::<Run>(bytes);
    comes_back::<Closing>(bytes);
    comes_back::<SettlementSheet>(bytes);
    comes_back::<Genesis>(bytes);
    comes_back::<LinkProof>(bytes);
    journal(bytes);
}

/// A journal of any bytes reads or does not; what it gives is what it was made of, and it can be gone on with.
fn journal(bytes: &[u8]) {
    let Ok(mut read) = Journal::read(bytes) else {
        return;
    };
    let (mut journal, mut file) = Journal::create();
    if read.length == 0 {
        assert!(read.records.is_empty());
        return;
    }
    assert_eq!(file, bytes[..file.len()], "it begins like any journal");
    file.extend(journal.seal(&read.records));
    let again = Journal::read(&file).expect("a journal of its records");
    assert_eq!(again.records, read.records);
    let mut file = bytes[..read.length].to_vec();
    file.extend(read.journal.seal(&[vec![7]]));
    read.records.push(vec![7]);
    let again = Journal::read(&file).expect("one that goes on");
    assert_eq!(again.records, read.records);
}

fn comes_back<T: Decode + Encode>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        let kind = std::any::type_name::<T>();
        assert_eq!(value.to_bytes(), bytes, "{kind} has a second encoding");
    }
}

/// Nobody looks at view and sequence in these headers (protocol, 2.2): so the bytes that do count come back, and the
/// others come back as zeros.
fn comes_back_behind_its_header<T: Decode + Encode>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        let again = value.to_bytes();
        assert_eq!(again.len(), bytes.len());
        assert_eq!(again[HEADER_BYTES..], bytes[HEADER_BYTES..]);
    }
}
