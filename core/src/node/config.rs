//! What a node is made of, and why it could not be opened.

use crate::crypto::{Checker, Identity};
use crate::ledger::LedgerError;
use crate::mesh::TableSecret;
use crate::table::Genesis;

/// What a node is made of.
#[derive(Debug)]
pub struct NodeConfig {
    /// Rules and seats.
    pub genesis: Genesis,
    /// This phone's key; it must be one of the seats'.
    pub identity: Identity,
    /// What the phones of this table find and recognise each other by.
    pub secret: TableSecret,
    /// How many links this phone can hold.
    pub links_max: usize,
    /// By which signatures are checked: the default, except in a simulator.
    pub checker: Checker,
}

impl NodeConfig {
    /// Six links, which every phone can hold.
    #[must_use]
    pub fn new(genesis: Genesis, identity: Identity, secret: TableSecret) -> Self {
        Self {
            genesis,
            identity,
            secret,
            links_max: 6,
            checker: Checker::default(),
        }
    }
}

/// Why a node could not be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenError {
    /// The identity's key is at none of the table's seats.
    #[error("this phone's key has no seat at the table")]
    NotSeated,
    /// The rules issue more chips than a `u64` holds.
    #[error("the table's rules are impossible: {0}")]
    Rules(#[from] LedgerError),
    /// There are records, and this build cannot go on from them.
    #[error(
        "this build cannot go on from a journal; a phone that restarts must not vote at this table again"
    )]
    Journal,
}
