//! Where the dice come from. Imports `wire`, `time`, `crypto`.
//!
//! Interim: a signed commit–reveal through the ordered log, until the threshold coin takes its place. Nobody picks the
//! dice alone and no number comes from outside the log, but whoever reveals last may choose not to, and so
//! picks between two outcomes. The threshold coin removes that choice.

mod interim;
mod mapping;

pub use interim::{CommitReveal, DiceRefusal, REVEAL_SLOTS, commitment};
pub use mapping::dice_from_seed;
