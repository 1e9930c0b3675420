//! Phones on the air: real nodes over Bluetooth adapters and an ether in memory.
//!
//! [`Bed`] says who plays on what. `driver` runs the room of the simulator: the same phones, players, liars, checkers and
//! traces, with `radio` in place of the simulated one and a `clock` that is the machine's own if anybody is on the air.
//! An adapter is driven as `core/docs/gatt.md` says: `central` dials by btleplug on every system, `peripheral` is dialled by BlueZ's bluer on Linux.

mod adapter;
mod bed;
mod central;
mod clock;
mod driver;
mod ether;
mod figures;
mod host;
mod journal;
#[cfg(target_os = "linux")]
mod peripheral;
mod problem;
mod radio;
mod result;
mod stand;
#[cfg(test)]
mod tests;
mod world;

pub use bed::{Bed, Outage};
pub use driver::{BedError, Options, run_bed};
pub use figures::{LinkFigures, OnAir};
pub use host::{AdapterInfo, Versions, adapters};
pub use problem::BluetoothProblem;
pub use result::{BedFinished, BedResult, HistoryResult};
