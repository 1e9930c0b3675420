//! What the fuzzers run, and what the test of their seeds runs: each function takes any bytes and panics only for a
//! defect. `core/fuzz` includes this folder by its path.

#![allow(
    dead_code,
    unused_imports,
    reason = "each fuzzer uses its own part of this"
)]
#![allow(
    clippy::unwrap_used,
    reason = "what is unwrapped is of this folder's own making"
)]

#[path = "../cluster/auditor.rs"]
mod auditor;
mod chunks;
mod decoding;
mod handshake;
mod history;
mod liar;
mod link_state;
mod phone;

pub(crate) use chunks::chunks;
pub(crate) use decoding::decoding;
pub(crate) use handshake::handshake;
pub(crate) use history::history;
pub(crate) use link_state::link_state;
pub(crate) use phone::{Happened, phone};

/// Takes small numbers off the front of the input; zeros once it is used up.
struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
