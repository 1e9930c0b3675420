//! The rules of craps, pure: which bets a seat may make, and what a roll does to them.
//!
//! May import `wire` and the seat number, nothing else of the core; in particular not `ledger`,
//! which moves the chips that this module only counts. No clock, no randomness: the dice come in
//! as a [`Roll`].
//!
//! How a roll travels: [`Layout::resolve`] turns layout and roll into a [`Settlement`], the caller
//! moves chips line by line, [`Layout::apply`] takes bets down and turns the phase. Everything that
//! distinguishes one bet from another stands in `catalogue`; what a roll decides for each bet
//! stands in `verdict`; what each costs stands in `edge` and is proved by `core/tests/craps_edges.rs`. A new bet is a
//! variant of [`BetKind`], an entry, an arm and a fraction there.
//!
//! Invariants:
//! - there is at most one bet for each seat and kind, and its amount is never 0 nor above
//!   [`STAKE_MAX`];
//! - every stake pays a whole number of chips, so no win is ever rounded; only a commission is, up;
//! - odds stand only behind their flat bet;
//! - [`Layout::exposure`] bounds what the next roll can cost the bank.

mod bet;
mod catalogue;
mod dice;
mod edge;
mod exposure;
mod facts;
mod layout;
mod numbers;
mod payout;
mod placing;
mod presets;
mod refusal;
mod rules;
mod settle;
mod snapshot;
mod trackers;
mod verdict;

pub use bet::{Bet, BetKind, Chips, STAKE_MAX};
pub use catalogue::{BETS_PER_SEAT_MAX, Window};
pub use dice::{BoxNumber, Phase, Roll};
pub use facts::Facts;
pub use layout::Layout;
pub use numbers::{BigNumber, HardNumber, HornNumber, Pair, RepeatNumber};
pub use placing::Reduced;
pub use presets::PRESETS;
pub use refusal::Refusal;
pub use rules::{
    Bar, BigPays, BonusAllPays, BonusPays, Bounds, FieldPays, FirePays, ODDS_TIMES_MAX, OddsLimit,
    Pricing, RidePays, Rules, RulesError, Vig,
};
pub use settle::{Line, LineResult, Settlement};
pub use trackers::Trackers;
