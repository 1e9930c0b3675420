//! The rules of craps, pure: which bets a seat may make, and what a roll does to them.
//!
//! May import `std` and the seat number, nothing else of the core; in particular not `ledger`,
//! which moves the chips that this module only counts. No clock, no randomness: the dice come in
//! as a [`Roll`].
//!
//! How a roll travels: [`Layout::resolve`] turns layout and roll into a [`Settlement`], the caller
//! moves chips line by line, [`Layout::apply`] takes bets down and turns the phase. Everything that
//! distinguishes one bet from another stands in `catalogue`; the outcome of a roll for each bet
//! stands in `settle`. A new bet is a variant of [`BetKind`], an entry there and an arm here.
//!
//! Invariants:
//! - there is at most one bet for each seat and kind, and its amount is never 0 nor above
//!   [`STAKE_MAX`];
//! - every stake pays a whole number of chips, so no win is ever rounded;
//! - odds stand only behind their flat bet.

mod bet;
mod catalogue;
mod dice;
mod entry;
mod layout;
mod payout;
mod placing;
mod refusal;
mod rules;
mod settle;

pub use bet::{Bet, BetKind, Chips, STAKE_MAX, Window, stake_multiple};
pub use catalogue::BETS_PER_SEAT_MAX;
pub use dice::{BoxNumber, Phase, Roll};
pub use layout::Layout;
pub use placing::Reduced;
pub use refusal::Refusal;
pub use rules::{FieldTwelve, OddsLimit, Rules};
pub use settle::{Line, LineResult, Settlement};
