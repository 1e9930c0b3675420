//! BitCraps, the node: every phone at the table runs this and nothing else decides anything.
//!
//! Sans-IO: messages, links, commands and time come in, outputs come out, strictly in order. No clock, file, socket,
//! thread or randomness is taken from the surroundings, so the same inputs give the same outputs, byte for byte.
//!
//! Layers, each importing only from those above it (a test enforces it):
//!
//! 0. [`wire`], [`time`]
//! 1. [`crypto`]
//! 2. [`craps`], [`ledger`], [`dice`], [`mesh`], [`consensus`], [`journal`]
//! 3. [`table`]
//! 4. [`history`]
//! 5. [`node`]
//!
//! Read [`node`] first for the interface, [`table`] for the game, [`consensus`] for how phones agree, and
//! `core/docs/protocol.md` for every byte that travels.

pub mod consensus;
pub mod craps;
pub mod crypto;
pub mod dice;
pub mod history;
pub mod journal;
pub mod ledger;
pub mod mesh;
pub mod node;
pub mod table;
pub mod time;
pub mod wire;
