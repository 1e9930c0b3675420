//! The record layer: every message sealed on its own, under a counter that only goes up.
//!
//! The low byte of the counter travels in the chunk header, where the number of the message stood anyway, so a record is
//! sixteen bytes longer than its message and no more. The nonce is `counter ‖ whether it is the last piece ‖ class`: a record opens
//! only as what it was sealed as. There is no window: a link is ordered, and whatever is not newer than the newest of
//! its class is refused. The counter moves once a record has opened, never before.

use snow::{HandshakeState, StatelessTransportState};

use crate::mesh::Class;

/// What sealing adds to each piece of a message.
pub(in crate::mesh) const SEAL_BYTES: usize = 16;
/// Longest piece of a message, sealed: Noise allows no more.
const PIECE_BYTES_MAX: usize = 65_535;
const PIECE_TEXT_MAX: usize = PIECE_BYTES_MAX - SEAL_BYTES;
/// Both ends take new keys after this many records of a direction.
const RECORDS_PER_KEY: u64 = 1 << 16;
/// Records around a change of keys between which messages are not mixed; more than the longest message has pieces.
const TURN: u64 = 4;

/// Why a record is dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum RecordError {
    /// Not sealed by the other end, not under this counter and class, or damaged.
    #[error("does not open")]
    Sealed,
    /// It is not newer than what came before, or under keys that are not reached yet.
    #[error("counter {0} is not next")]
    Counter(u64),
}

/// One end of a secured link.
#[derive(Debug)]
pub struct Session {
    transport: StatelessTransportState,
    /// Counter of the next record that is sealed.
    sent: u64,
    /// One more than the highest counter that has opened, in all and of each class.
    heard: u64,
    heard_of: [u64; 4],
}

impl Session {
    pub(super) fn new(handshake: HandshakeState) -> Result<Self, snow::Error> {
        Ok(Self {
            transport: handshake.into_stateless_transport_mode()?,
            sent: 0,
            heard: 0,
            heard_of: [0; 4],
        })
    }

    /// Seals one message. With it comes the low byte of its counter.
    pub fn seal(&mut self, class: Class, message: &[u8]) -> (u8, Vec<u8>) {
        let low = self.sent.to_le_bytes()[0];
        let mut sealed = Vec::with_capacity(sealed_length(message.len()));
        let mut rest = message;
        loop {
            let (piece, after) = rest.split_at(rest.len().min(PIECE_TEXT_MAX));
            let start = sealed.len();
            sealed.resize(start + piece.len() + SEAL_BYTES, 0);
            let nonce = nonce(self.sent, after.is_empty(), class);
            let written = self
                .transport
                .write_message(nonce, piece, &mut sealed[start..]);
            // A piece is never too long for Noise, so this cannot be; an empty record opens nowhere.
            debug_assert!(written.is_ok(), "a piece is longer than Noise allows");
            self.sent += 1;
            if self.sent.is_multiple_of(RECORDS_PER_KEY) {
                self.transport.rekey_outgoing();
            }
            rest = after;
            if rest.is_empty() {
                return (low, sealed);
            }
        }
    }

    /// Whether a message that begins now must not overtake or be overtaken: its neighbours may be under other keys.
    pub(in crate::mesh) const fn is_turning(&self) -> bool {
        self.sent > TURN && (self.sent + TURN) % RECORDS_PER_KEY < 2 * TURN
    }

    /// The counter of a message that begins to arrive, by its low byte: the next one from here on.
    #[must_use]
    pub const fn counter(&self, low: u8) -> u64 {
        let ahead = low.wrapping_sub(self.heard.to_le_bytes()[0]);
        self.heard + ahead as u64
    }

    /// Opens one message.
    ///
    /// # Errors
    /// [`RecordError`]; nothing has changed then, except that pieces in front of the bad one are done with.
    pub fn open(
        &mut self,
        class: Class,
        counter: u64,
        sealed: &[u8],
    ) -> Result<Vec<u8>, RecordError> {
        let mut message = Vec::with_capacity(sealed.len());
        let pieces = sealed.chunks(PIECE_BYTES_MAX);
        let last = pieces.len().saturating_sub(1);
        if sealed.is_empty() {
            return Err(RecordError::Sealed);
        }
        for ((at, piece), counter) in pieces.enumerate().zip(counter..) {
            self.open_piece(class, counter, at == last, piece, &mut message)?;
        }
        Ok(message)
    }

    fn open_piece(
        &mut self,
        class: Class,
        counter: u64,
        is_last: bool,
        piece: &[u8],
        message: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let newest = &mut self.heard_of[class as usize];
        // Keys change when the last record under them has opened. Whoever lost that one shakes hands again.
        let keys = |counter: u64| counter / RECORDS_PER_KEY;
        if counter < *newest || keys(counter) != keys(self.heard) {
            return Err(RecordError::Counter(counter));
        }
        let start = message.len();
        message.resize(start + piece.len().saturating_sub(SEAL_BYTES), 0);
        let nonce = nonce(counter, is_last, class);
        let opened = self
            .transport
            .read_message(nonce, piece, &mut message[start..]);
        opened.map_err(|_| RecordError::Sealed)?;
        *newest = counter + 1;
        self.heard = self.heard.max(counter + 1);
        if (counter + 1).is_multiple_of(RECORDS_PER_KEY) {
            self.transport.rekey_incoming();
        }
        Ok(())
    }
}

#[cfg(test)]
impl Session {
    /// As if nothing had been sealed yet: what a phone that lies can do with its own counter.
    pub(super) const fn rewind(&mut self) {
        self.sent = 0;
    }
}

/// Length of a message once it is sealed.
pub(in crate::mesh) const fn sealed_length(message: usize) -> usize {
    let pieces = message.div_ceil(PIECE_TEXT_MAX);
    message + SEAL_BYTES * if pieces == 0 { 1 } else { pieces }
}

const fn nonce(counter: u64, is_last: bool, class: Class) -> u64 {
    counter << 3 | (is_last as u64) << 2 | class as u64
}
