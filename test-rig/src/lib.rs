//! A whole room of BitCraps phones in one process: real cores, a simulated radio, phones that lie, and checkers
//! that share no code with what they check.
//!
//! Reading order: [`scenario`] (what is run), [`sim`] (the room), [`byzantine`] (who lies in it and how), [`checkers`] (what must hold), [`run`] (one run from
//! scenario to result), [`show`] (what a person sees).

pub mod bench;
pub mod bets;
pub mod ble;
pub mod byzantine;
mod caught;
pub mod checkers;
pub mod cli;
pub mod fuzz;
pub mod matrix;
pub mod panics;
pub mod play;
pub mod random;
pub mod report;
pub mod result;
pub mod returns;
pub mod run;
pub mod scenario;
pub mod show;
pub mod shrink;
pub mod sim;
pub mod trace;
pub mod tui;
