//! The replicated state machine: ordered operations in, outcomes out, the same on every phone.
//!
//! Pure and deterministic: no time, no views, no links. Chips move only here, and only through the ledger. May import
//! everything above it: `craps`, `ledger`, `dice`, and from `consensus` the quorum sizes.

mod bets;
mod dealing;
mod founding;
mod genesis;
mod house;
mod key;
mod members;
mod operation;
mod outcome;
mod roll;
mod seating;
mod sheet;
mod shooter;
mod snapshot;
mod state;
mod wishes;

pub use dealing::{AttemptId, FalseShare};
pub use genesis::{Genesis, TableRules};
pub use house::HouseError;
pub use key::{Attempt, ClosedRoll, Dice, EpochKey, ROLLS_PER_KEY};
pub use members::Gone;
pub use operation::Operation;
pub use outcome::{DealingRefusal, Outcome, Rejection, RollResult};
pub use seating::Carried;
pub use sheet::{PendingRoll, SettlementSheet, SheetLine};
pub use state::Table;
pub use wishes::Wish;
