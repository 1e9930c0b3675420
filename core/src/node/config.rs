//! What a node is made of, and why it could not be opened.

use crate::consensus::ReplayError;
use std::sync::Arc;

use super::lobby::WallClock;
use crate::crypto::{Checker, Identity, Seat};
use crate::ledger::LedgerError;
use crate::mesh::{Mesh, TableSecret};
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
    /// The table was formed just now, in this very run of the app, so nothing that this phone signed at it can be
    /// missing. Only then does a node without records vote at once. A shell that cannot be sure leaves this out: the
    /// node then asks the others what they hold of it, and if its journal was lost it finds out.
    pub formed_now: bool,
    /// The signed founding that a lobby came to ([`super::Founding::bytes`]), if there was one: given to those who
    /// were away when it was made.
    pub founding: Option<Vec<u8>>,
    /// The seat that this phone was welcomed to at a running table, if it has none in the genesis.
    pub joins: Option<Seat>,
    /// The time of day, by which invites of newcomers expire; without it they do not.
    pub clock: Option<WallClock>,
}

/// The same, with the links that there may be already.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) genesis: Genesis,
    pub(super) identity: Arc<Identity>,
    pub(super) mesh: Mesh,
    pub(super) links_max: usize,
    pub(super) checker: Checker,
    pub(super) formed_now: bool,
    pub(super) founding: Option<Vec<u8>>,
    pub(super) joins: Option<Seat>,
    pub(super) clock: Option<WallClock>,
}

impl NodeConfig {
    /// Six links, which every phone can hold; a table that may have been played at before.
    #[must_use]
    pub fn new(genesis: Genesis, identity: Identity, secret: TableSecret) -> Self {
        Self {
            genesis,
            identity,
            secret,
            links_max: 6,
            checker: Checker::default(),
            formed_now: false,
            founding: None,
            joins: None,
            clock: None,
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
    /// The journal is none of this phone at this table, or what it says does not fit together. It is as good as lost:
    /// without it the node can be opened, and observes for as long as it must.
    #[error("record {record} of the journal: {error}")]
    Journal {
        /// Which record, counted from 0.
        record: usize,
        /// What is wrong with it.
        error: ReplayError,
    },
}
