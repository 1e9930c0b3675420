//! The running hash over everything that happens, and its counters.

use sha2::{Digest, Sha256};

/// What the simulator counts on the air.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AirCounts {
    /// Chunks that crossed a link.
    pub frames: u64,
    /// Their bytes, chunk headers included.
    pub bytes: u64,
}

/// Kinds of trace entries. The numbers are part of the hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Entry {
    /// A chunk was handed to the radio.
    Transmit = 1,
    /// A chunk arrived.
    Receive = 2,
    /// A record was made durable.
    Persist = 4,
    /// A slot was delivered.
    Deliver = 5,
    /// A link came up.
    LinkUp = 6,
    /// A link went down.
    LinkDown = 7,
    /// A fault began or ended.
    Fault = 8,
}

/// SHA-256 over every entry: `time u64 ‖ phone u8 ‖ kind u8 ‖ number u64 ‖ length u32 ‖ bytes`.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    hash: Sha256,
    /// Counted over the whole run.
    pub air: AirCounts,
}

impl Trace {
    /// Adds an entry.
    pub fn add(&mut self, time_us: u64, phone: usize, entry: Entry, number: u64, bytes: &[u8]) {
        let mut head = [0; 22];
        head[..8].copy_from_slice(&time_us.to_le_bytes());
        head[8] = u8::try_from(phone).unwrap_or(u8::MAX);
        head[9] = entry as u8;
        head[10..18].copy_from_slice(&number.to_le_bytes());
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        head[18..].copy_from_slice(&length.to_le_bytes());
        self.hash.update(head);
        self.hash.update(bytes);
    }

    /// The hash so far, in hex.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&self.hash.clone().finalize())
    }
}

/// Bytes in lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
