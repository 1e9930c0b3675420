//! Chunks: what one ATT write or notification carries.
//!
//! `link tag u8 | flags u8 | message u8 | index u8 | payload`. Flags: bits 0–1 the class, bit 2 first, bit 3 last,
//! the rest zero. The message is the low byte of its record's counter, the index counts up and wraps; a link is ordered,
//! so a gap means that something was lost. Some systems notify all that are connected alike: the tag tells whom a chunk
//! is for.

use super::Class;
use super::session::record::RecordError;

/// Length of the header in front of every chunk.
pub const CHUNK_HEADER_BYTES: usize = 4;
/// The smallest ATT MTU there is.
pub const MTU_MIN: u16 = 23;
/// The largest ATT MTU that is used.
pub const MTU_MAX: u16 = 517;
/// Opcode and handle in front of every write and notification.
const ATT_HEADER_BYTES: u16 = 3;
/// A tag with this bit belongs to a handshake: the central draws it. Without it, it is a session's: the peripheral gives
/// it out in its welcome, to each of its links another.
pub(super) const HANDSHAKE_TAG: u8 = 1 << 7;

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
    /// A pack or a bundle that cannot be taken apart.
    #[error("malformed pack")]
    Pack,
    /// It came over a link that was refused and is being closed.
    #[error("refused link")]
    Refused,
    /// For somebody else who is connected to the same phone.
    #[error("for another link")]
    OtherLink,
    /// The message is whole and does not open.
    #[error("record {0}")]
    Record(RecordError),
}

/// Payload bytes that fit into one chunk on a link.
pub(super) fn payload_max(mtu: u16) -> usize {
    let mtu = mtu.clamp(MTU_MIN, MTU_MAX);
    usize::from(mtu - ATT_HEADER_BYTES) - CHUNK_HEADER_BYTES
}

/// Where a chunk stands in its message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) tag: u8,
    pub(super) class: Class,
    pub(super) message: u8,
    pub(super) index: u8,
    pub(super) first: bool,
    pub(super) last: bool,
}

/// Bytes on their way out, chunk by chunk.
#[derive(Debug)]
pub(super) struct Cutting {
    pub(super) tag: u8,
    pub(super) class: Class,
    pub(super) message: u8,
    bytes: Vec<u8>,
    sent: usize,
    index: u8,
}

impl Cutting {
    pub(super) const fn new(tag: u8, class: Class, message: u8, bytes: Vec<u8>) -> Self {
        let (sent, index) = (0, 0);
        Self {
            tag,
            class,
            message,
            bytes,
            sent,
            index,
        }
    }

    /// The next chunk, and whether it is the last.
    pub(super) fn next(&mut self, payload_max: usize) -> (Vec<u8>, bool) {
        let rest = &self.bytes[self.sent..];
        let payload = &rest[..rest.len().min(payload_max)];
        let mut flags = self.class as u8;
        if self.sent == 0 {
            flags |= FIRST;
        }
        let is_last = payload.len() == rest.len();
        if is_last {
            flags |= LAST;
        }
        let mut chunk = Vec::with_capacity(CHUNK_HEADER_BYTES + payload.len());
        chunk.extend_from_slice(&[self.tag, flags, self.message, self.index]);
        chunk.extend_from_slice(payload);
        self.sent += payload.len();
        self.index = self.index.wrapping_add(1);
        (chunk, is_last)
    }
}

pub(super) fn decode(chunk: &[u8]) -> Result<(Position, &[u8]), ChunkError> {
    let (header, payload) = chunk
        .split_first_chunk::<CHUNK_HEADER_BYTES>()
        .ok_or(ChunkError::Malformed)?;
    let [tag, flags, message, index] = *header;
    if flags & !(FIRST | LAST | 3) != 0 {
        return Err(ChunkError::Malformed);
    }
    let position = Position {
        tag,
        class: Class::ALL[usize::from(flags & 3)],
        message,
        index,
        first: flags & FIRST != 0,
        last: flags & LAST != 0,
    };
    Ok((position, payload))
}

/// One message of each class may be under way on a link.
#[derive(Default, Debug)]
pub(super) struct Reassembly {
    partial: [Option<Partial>; 4],
}

#[derive(Debug)]
struct Partial {
    message: u8,
    /// The counter that the record had when its first chunk came.
    counter: u64,
    next: u8,
    bytes: Vec<u8>,
}

impl Reassembly {
    /// Takes one chunk; gives the counter and the bytes that it completes. `counter` is what the session makes of the
    /// position's message now, and `bytes_max` bounds the whole.
    pub(super) fn receive(
        &mut self,
        position: Position,
        payload: &[u8],
        counter: u64,
        bytes_max: usize,
    ) -> Result<Option<(u64, Vec<u8>)>, ChunkError> {
        let slot = &mut self.partial[usize::from(position.class as u8)];
        // Whatever happens, the old state is gone: a broken message never mixes with the next.
        let before = slot.take();
        let mut partial = if position.first {
            if position.index != 0 {
                return Err(ChunkError::OutOfOrder);
            }
            Partial {
                message: position.message,
                counter,
                next: 0,
                bytes: Vec::new(),
            }
        } else {
            before
                .filter(|p| p.message == position.message && p.next == position.index)
                .ok_or(ChunkError::OutOfOrder)?
        };
        if partial.bytes.len() + payload.len() > bytes_max {
            return Err(ChunkError::TooLong);
        }
        partial.bytes.extend_from_slice(payload);
        partial.next = partial.next.wrapping_add(1);
        if position.last {
            return Ok(Some((partial.counter, partial.bytes)));
        }
        *slot = Some(partial);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(reassembly: &mut Reassembly, chunk: &[u8]) -> Result<Option<Vec<u8>>, ChunkError> {
        let (position, payload) = decode(chunk)?;
        let whole = reassembly.receive(position, payload, 0, 600)?;
        Ok(whole.map(|(_, bytes)| bytes))
    }

    #[test]
    fn hostile_chunks_are_errors_and_leave_nothing_behind() {
        let mut reassembly = Reassembly::default();
        let mut take = |chunk: &[u8]| take(&mut reassembly, chunk);
        assert_eq!(take(&[]), Err(ChunkError::Malformed));
        assert_eq!(take(&[0, FIRST, 0]), Err(ChunkError::Malformed));
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
    }

    #[test]
    fn a_message_without_end_is_cut_off_at_its_bound() {
        let mut reassembly = Reassembly::default();
        let mut held = 0;
        for index in 0..u32::MAX {
            let flags = if index == 0 { FIRST } else { 0 };
            let chunk = [&[0, flags, 0, index.to_le_bytes()[0]][..], &[0; 50]].concat();
            match take(&mut reassembly, &chunk) {
                Ok(None) => held += 50,
                other => {
                    assert_eq!(other, Err(ChunkError::TooLong));
                    break;
                }
            }
        }
        assert_eq!(held, 600);
    }
}
