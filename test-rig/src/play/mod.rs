//! A seat at a table of simulated phones: what a person sees of it and what they can do.
//!
//! [`bridge`] is the whole interface, as JSON: states and news out, intents in. The line mode and the terminal view stand
//! on it, and a table in a browser will.

pub mod bridge;
pub mod screen;
pub mod seat;
pub mod words;
