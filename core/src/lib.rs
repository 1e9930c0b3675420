//! BitCraps, the node: every phone at the table runs this and nothing else decides anything.
//!
//! Sans-IO: messages, links, commands and time come in, outputs come out, strictly in order. No clock, file, socket,
//! thread or randomness is taken from the surroundings, so the same inputs give the same outputs, byte for byte.

pub mod consensus;
pub mod craps;
pub mod crypto;
pub mod dice;
pub mod ledger;
pub mod mesh;
pub mod table;
pub mod time;
pub mod wire;
