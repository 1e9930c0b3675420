//! Scenario files: what a run of the rig consists of, read from TOML and checked.
//!
//! The shape of the file is a contract with other people's scripts; everything that is wrong
//! with one is answered by a single line which names the file, the line, the key, what was
//! expected and what was found. A [`Scenario`] holds integers only (microseconds, milliseconds,
//! parts per million), because the simulator's traces must be equal on every machine.
//!
//! May import: std and the `toml` parser. Nothing here knows the simulator.

mod builtin;
mod error;
mod explain;
mod model;
mod names;
mod parse;
mod reader;
mod remarks;
mod resolve;
#[cfg(test)]
mod tests;
mod units;
mod write;

pub use builtin::{builtin, builtins};
pub use error::ScenarioError;
pub(crate) use error::did_you_mean;
pub use explain::explain;
pub use model::{
    Byzantine, Expect, Fault, FaultAction, Latency, LinkOverride, Radio, Scenario, Stop, Topology,
    Workload,
};
pub use names::{Behaviour, DiskMode, FaultKind, Outcome, Profile};
pub use parse::{Supported, load};
pub(crate) use parse::{load_with, period};
pub(crate) use reader::{Section, Value};
pub(crate) use resolve::read;
pub use resolve::{SCENARIO_BYTES_MAX, resolve};
pub use write::to_toml;
