//! Crafted keys and signatures, bent messages, and signatures out of their place (scenario 19): one verdict for all.

mod cluster;

#[path = "edges/bent.rs"]
mod bent;
#[path = "edges/crafted.rs"]
mod crafted;
#[path = "edges/misplaced.rs"]
mod misplaced;
