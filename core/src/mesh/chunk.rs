//! Chunks: what one ATT write or notification carries.
//!
//! `link tag u8 | flags u8 | message u8 | index u8 | payload`. Flags: bits 0–1 the class, bit 2 first, bit 3 last,
//! the rest zero. Message and index count up and wrap; a link is ordered, so a gap means that something is wrong.

use super::Class;

/// Length of the header in front of every chunk.
pub const CHUNK_HEADER_BYTES: usize = 4;
/// The smallest ATT MTU there is.
pub const MTU_MIN: u16 = 23;
/// The largest ATT MTU that is used.
pub const MTU_MAX: u16 = 517;
/// Opcode and handle in front of every write and notification.
const ATT_HEADER_BYTES: u16 = 3;
/// Links are told apart by the connection itself until the session handshake assigns tags.
const UNTAGGED: u8 = 0;

const FIRST: u8 = 1 << 2;
const LAST: u8 = 1 << 3;

/// Why a chunk was not taken. It costs the message it was part of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum ChunkError {
    /// No such link is up.
    #[error("unknown link")]
    UnknownLink,
    /// Shorter than a chunk header, longer than the MTU, or flags that this version does not have.
    #[error("malformed chunk")]
    Malformed,
    /// It does not continue what came before.
    #[error("chunk out of order")]
    OutOfOrder,
    /// The message grows beyond its class's bound.
    #[error("message too long")]
    TooLong,
}

/// Payload bytes that fit into one chunk on a link.
pub(super) fn payload_max(mtu: u16) -> usize {
    let mtu = mtu.clamp(MTU_MIN, MTU_MAX);
    usize::from(mtu - ATT_HEADER_BYTES) - CHUNK_HEADER_BYTES
}

/// Where a chunk stands in its message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) class: Class,
    pub(super) message: u8,
    pub(super) index: u8,
    pub(super) first: bool,
    pub(super) last: bool,
}

pub(super) fn encode(position: Position, payload: &[u8]) -> Vec<u8> {
    let mut flags = position.class as u8;
    if position.first {
        flags |= FIRST;
    }
    if position.last {
        flags |= LAST;
    }
    let mut chunk = Vec::with_capacity(CHUNK_HEADER_BYTES + payload.len());
    chunk.extend_from_slice(&[UNTAGGED, flags, position.message, position.index]);
    chunk.extend_from_slice(payload);
    chunk
}

fn decode(chunk: &[u8]) -> Result<(Position, &[u8]), ChunkError> {
    let (header, payload) = chunk
        .split_first_chunk::<CHUNK_HEADER_BYTES>()
        .ok_or(ChunkError::Malformed)?;
    let [tag, flags, message, index] = *header;
    if tag != UNTAGGED || flags & !(FIRST | LAST | 3) != 0 {
        return Err(ChunkError::Malformed);
    }
    let class = Class::ALL[usize::from(flags & 3)];
    let (first, last) = (flags & FIRST != 0, flags & LAST != 0);
    Ok((
        Position {
            class,
            message,
            index,
            first,
            last,
        },
        payload,
    ))
}

/// One message of each class may be under way on a link.
#[derive(Default, Debug)]
pub(super) struct Reassembly {
    partial: [Option<Partial>; 4],
}

#[derive(Debug)]
struct Partial {
    message: u8,
    next: u8,
    bytes: Vec<u8>,
}

impl Reassembly {
    /// Takes one chunk; gives the message that it completes.
    pub(super) fn receive(
        &mut self,
        chunk: &[u8],
        payload_max: usize,
    ) -> Result<Option<(Class, Vec<u8>)>, ChunkError> {
        let (position, payload) = decode(chunk)?;
        if payload.len() > payload_max {
            return Err(ChunkError::Malformed);
        }
        let slot = &mut self.partial[usize::from(position.class as u8)];
        // Whatever happens, the old state is gone: a broken message never mixes with the next.
        let before = slot.take();
        let mut partial = if position.first {
            if position.index != 0 {
                return Err(ChunkError::OutOfOrder);
            }
            Partial {
                message: position.message,
                next: 0,
                bytes: Vec::new(),
            }
        } else {
            before
                .filter(|p| p.message == position.message && p.next == position.index)
                .ok_or(ChunkError::OutOfOrder)?
        };
        if partial.bytes.len() + payload.len() > position.class.message_bytes_max() {
            return Err(ChunkError::TooLong);
        }
        partial.bytes.extend_from_slice(payload);
        partial.next = partial.next.wrapping_add(1);
        if position.last {
            return Ok(Some((position.class, partial.bytes)));
        }
        *slot = Some(partial);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_chunks_are_errors_and_leave_nothing_behind() {
        let mut reassembly = Reassembly::default();
        let mut take = |chunk: &[u8]| reassembly.receive(chunk, 16);
        assert_eq!(take(&[]), Err(ChunkError::Malformed));
        assert_eq!(take(&[0, FIRST, 0]), Err(ChunkError::Malformed));
        assert_eq!(
            take(&[9, FIRST | LAST, 0, 0]),
            Err(ChunkError::Malformed),
            "foreign tag"
        );
        assert_eq!(
            take(&[0, 0x80, 0, 0]),
            Err(ChunkError::Malformed),
            "unknown flag"
        );
        assert_eq!(
            take(&[0, 0, 0, 1, 5]),
            Err(ChunkError::OutOfOrder),
            "no first chunk"
        );
        assert_eq!(take(&[0, FIRST, 7, 0, 1]), Ok(None));
        assert_eq!(
            take(&[0, LAST, 7, 2, 3]),
            Err(ChunkError::OutOfOrder),
            "a gap"
        );
        assert_eq!(
            take(&[0, LAST, 7, 1, 2]),
            Err(ChunkError::OutOfOrder),
            "it was dropped"
        );
        assert_eq!(
            take(&[[0, FIRST, 1, 0].as_slice(), &[0; 17]].concat()),
            Err(ChunkError::Malformed)
        );
    }

    #[test]
    fn a_message_without_end_is_cut_off_at_its_class_bound() {
        let mut reassembly = Reassembly::default();
        let mut held = 0;
        for index in 0..u32::MAX {
            let flags = if index == 0 { FIRST } else { 0 };
            let chunk = [&[0, flags, 0, index.to_le_bytes()[0]][..], &[0; 500]].concat();
            match reassembly.receive(&chunk, 510) {
                Ok(None) => held += 500,
                other => {
                    assert_eq!(other, Err(ChunkError::TooLong));
                    break;
                }
            }
        }
        assert!(held <= Class::Vote.message_bytes_max());
    }
}
