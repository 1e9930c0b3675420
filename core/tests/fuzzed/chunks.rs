//! Chunks of a neighbour, well-made and not, against a second reading of the format.

use std::collections::BTreeMap;
use std::sync::Arc;

use bitcraps_core::crypto::{Digest, Identity};
use bitcraps_core::mesh::{Class, Incoming, LinkId, LinkKeys, Mesh, Role, TableSecret};

use super::Choices;

const LINK: LinkId = LinkId(1);
/// Bytes that a link's MTU leaves for a chunk: opcode and handle take three.
const ATT_BYTES: usize = 3;
/// What sealing adds to a message that is short enough for one piece.
const SEAL_BYTES: usize = 16;
/// So many records in a row that do not open end the link.
const FAILURES_MAX: usize = 8;
const CLASSES: [Class; 4] = [Class::Vote, Class::Control, Class::Proposal, Class::Bulk];

/// Each byte picks what comes next: a message from a correct sender, its next chunk, or any chunk at all.
pub(crate) fn chunks(input: &[u8]) {
    let mut choices = Choices(input);
    let mtu = 23 + u16::from(choices.byte());
    let (mut sender, mut receiver) = secured(mtu);
    let tag = sender.tag(LINK).unwrap();
    let mut expected = Reading::new(tag, usize::from(mtu) - ATT_BYTES);
    while !choices.is_empty() {
        let chunk = match choices.byte() % 4 {
            0 => {
                let class = CLASSES[choices.below(4)];
                // Packs and bundles are the mesh's own.
                let fill = Some(choices.byte()).filter(|fill| ![30, 31].contains(fill));
                let fill = fill.unwrap_or(0);
                let length = 1 + choices.below(256) * 16;
                sender.send(LINK, class, vec![fill; length]);
                continue;
            }
            1 | 2 => match sender.poll_chunk() {
                Some((_, chunk, begins)) => {
                    sender.writable(LINK);
                    expected.note_sent(&chunk, begins);
                    chunk
                }
                None => continue,
            },
            _ => {
                let length = choices.below(256);
                let mut chunk = choices.bytes(length).to_vec();
                // So that it is not always somebody else's.
                if let Some(first) = chunk.first_mut().filter(|first| **first == 0) {
                    *first = tag;
                }
                chunk
            }
        };
        let messages = match receiver.receive(LINK, &chunk) {
            Ok(Incoming::Messages(class, messages)) => Some((class, messages)),
            _ => None,
        };
        assert_eq!(messages, expected.take(&chunk), "after {chunk:?}");
    }
}

/// Two ends that have shaken hands.
pub(super) fn secured(mtu: u16) -> (Mesh, Mesh) {
    let end = |person: u8, role| {
        let identity = Arc::new(Identity::from_seed(&[person; 32]));
        let keys = LinkKeys::new(identity, &TableSecret([9; 16]), &Digest([person; 32]));
        let mut mesh = Mesh::new(keys);
        assert!(mesh.link_up(LINK, role, mtu));
        mesh
    };
    let (mut left, mut right) = (end(1, Role::Central), end(2, Role::Peripheral));
    while !left.is_secured(LINK) {
        while let Some((_, chunk)) = left.poll_transmit() {
            left.writable(LINK);
            if right.receive(LINK, &chunk) == Ok(Incoming::Hail) {
                right.answer(LINK).unwrap();
            }
        }
        while let Some((_, chunk)) = right.poll_transmit() {
            right.writable(LINK);
            left.receive(LINK, &chunk).unwrap();
        }
    }
    (left, right)
}

/// One message of a class on its way: its number, the next index, and its record's counter.
struct Partial {
    number: u8,
    next: u8,
    counter: u64,
    bytes: Vec<u8>,
}

/// Messages of the correct sender on their way: their texts, its record's counter, and what has left of the record.
struct Leaving {
    messages: Vec<Vec<u8>>,
    counter: u64,
    bytes: Vec<u8>,
}

/// A sealed record's class, counter and texts.
type Sealed = (usize, u64, Vec<Vec<u8>>);

/// The format as `core/docs/protocol.md` has it, section 6. It cannot open a record; it knows which ones the sender
/// sealed, and anything else must not open.
struct Reading {
    tag: u8,
    chunk_bytes: usize,
    partial: [Option<Partial>; 4],
    leaving: [Option<Leaving>; 4],
    /// Counter of the next record, and every record's class, counter and text.
    sent: u64,
    sealed: BTreeMap<Vec<u8>, Sealed>,
    heard: u64,
    heard_of: [u64; 4],
    failures: usize,
}

impl Reading {
    const fn new(tag: u8, chunk_bytes: usize) -> Self {
        Self {
            tag,
            chunk_bytes,
            partial: [const { None }; 4],
            leaving: [const { None }; 4],
            sent: 0,
            sealed: BTreeMap::new(),
            heard: 0,
            heard_of: [0; 4],
            failures: 0,
        }
    }

    /// A chunk of the correct sender.
    fn note_sent(&mut self, chunk: &[u8], begins: Vec<Arc<[u8]>>) {
        let class = usize::from(chunk[1] & 3);
        if !begins.is_empty() {
            let messages = begins.iter().map(|message| message.to_vec()).collect();
            let (counter, bytes) = (self.sent, Vec::new());
            assert_eq!(chunk[2], counter.to_le_bytes()[0], "the counter's low byte");
            self.leaving[class] = Some(Leaving {
                messages,
                counter,
                bytes,
            });
            self.sent += 1;
        }
        let leaving = self.leaving[class].as_mut().unwrap();
        leaving.bytes.extend_from_slice(&chunk[4..]);
        if chunk[1] & 8 == 0 {
            return;
        }
        let leaving = self.leaving[class].take().unwrap();
        if let [message] = &leaving.messages[..] {
            assert_eq!(leaving.bytes.len(), message.len() + SEAL_BYTES);
        }
        let record = (class, leaving.counter, leaving.messages);
        self.sealed.insert(leaving.bytes, record);
    }

    fn take(&mut self, chunk: &[u8]) -> Option<(Class, Vec<Vec<u8>>)> {
        let [tag, flags, number, index, payload @ ..] = chunk else {
            return None;
        };
        let ours = *tag == self.tag && flags & 0xf0 == 0;
        if !ours || chunk.len() > self.chunk_bytes || self.failures == FAILURES_MAX {
            return None;
        }
        let class = usize::from(flags & 3);
        let before = self.partial[class].take();
        let mut partial = if flags & 4 != 0 {
            (*index == 0).then(|| Partial {
                number: *number,
                next: 0,
                counter: self.next_counter(*number),
                bytes: Vec::new(),
            })?
        } else {
            before.filter(|p| p.number == *number && p.next == *index)?
        };
        partial.bytes.extend_from_slice(payload);
        partial.next = partial.next.wrapping_add(1);
        let most = if class == 3 { 128 * 1024 } else { 16 * 1024 };
        if partial.bytes.len() > most + SEAL_BYTES * if class == 3 { 3 } else { 1 } {
            return None;
        }
        if flags & 8 == 0 {
            self.partial[class] = Some(partial);
            return None;
        }
        self.open(class, &partial)
    }

    /// The lowest counter from here on whose low byte is this one.
    fn next_counter(&self, low: u8) -> u64 {
        (self.heard..)
            .find(|counter| counter.to_le_bytes()[0] == low)
            .unwrap()
    }

    fn open(&mut self, class: usize, partial: &Partial) -> Option<(Class, Vec<Vec<u8>>)> {
        let record = self.sealed.get(&partial.bytes);
        let opens = record.filter(|(of, counter, _)| {
            *of == class && *counter == partial.counter && *counter >= self.heard_of[class]
        });
        let Some((_, counter, messages)) = opens else {
            self.failures += 1;
            return None;
        };
        self.failures = 0;
        self.heard_of[class] = counter + 1;
        self.heard = self.heard.max(counter + 1);
        Some((CLASSES[class], messages.clone()))
    }
}
