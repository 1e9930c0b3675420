//! The room: n phones, the links between them, and one queue of things to come.
//!
//! A discrete-event simulation in whole microseconds. Everything that is to happen has a place in one agenda, by
//! time and by the order in which it was scheduled, so the same scenario and seed give the same run on every machine.

mod agenda;
mod clock;
mod disk;
mod faults;
mod links;
mod outside;
pub mod phone;
pub mod plan;
mod player;
mod power;
pub mod profile;
mod radio;
mod room;
mod tapping;
pub mod topology;
pub mod trace;
mod verdicts;

pub use faults::FAULTS;
pub(crate) use outside::Outside;
pub use phone::Phone;
pub use plan::{BET_FAMILIES, BET_IDS};
pub use player::Player;
pub(crate) use profile::link_profile;
pub(crate) use radio::{Air, Happened};
pub use room::{FormationError, Observation, Room};
pub use tapping::{Sight, in_words};
pub(crate) use topology::edges;
