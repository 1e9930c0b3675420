//! What this machine does in a second: figures, not tests.

pub mod bets;
