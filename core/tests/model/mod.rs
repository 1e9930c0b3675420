//! A small model of normal case and view change, and an exhaustive search through it.
//!
//! The same model as `core/models/Consensus.tla`, rule by rule, written a second time so that it runs without a
//! tool from outside and reaches further: both find the same number of states. Nothing here calls the core.
//!
//! What honest replicas signed stays for ever and may be used at any time, so messages are lost, late and out of
//! order as they like. The liars have signed everything, lead every view, and show every replica what they want. At
//! n = 4 the views 0, 4 and 8 are such a run; a view with an honest primary is one whose liar behaves.

mod chains;
mod properties;
mod search;
mod state;
mod steps;

pub(crate) use chains::Scope;
pub(crate) use properties::Property;
pub(crate) use search::{Found, search};
pub(crate) use state::{Bound, Mutant};
