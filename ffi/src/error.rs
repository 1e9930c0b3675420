//! What can go wrong in a call. Everything that goes wrong at the table comes as an event instead.

use bitcraps_core::node::LobbyError;

/// Why a call had no effect. The kinds are stable; the texts are for people and say what to do.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum NodeError {
    /// The identity seed has the wrong length.
    #[error("the identity seed must have 32 bytes and has {0}; take it from the keystore")]
    IdentitySeed(usize),
    /// The folder cannot be used, or a write failed. After a failed write the node says nothing more until it is
    /// opened again, because it may not send what it cannot keep.
    #[error("storage: {0}")]
    Storage(String),
    /// There is no table yet.
    #[error("this phone sits at no table; found one in a lobby, or take a seat first")]
    NoTable,
    /// There is a table already, and it is another one.
    #[error("this phone sits at a table already; use another storage folder for another table")]
    OtherTable,
    /// The table card is damaged, of another version, or gives this phone no seat.
    #[error("table card: {0}")]
    Card(String),
    /// A text is no invite, or was not read whole.
    #[error("{0}")]
    Invite(String),
    /// The lobby does not allow this now, or there is none.
    #[error("lobby: {0}")]
    Lobby(String),
    /// No table can be played under these rules.
    #[error("{0}")]
    Rules(String),
    /// There is no such bet.
    #[error("there is no bet {0}; see bet_catalogue")]
    NoSuchBet(String),
    /// A history is not true. The text says where it breaks and why.
    #[error("history: {0}")]
    History(String),
    /// Too many commands wait for the others' agreement, this phone may not make any yet, or the table has halted.
    #[error("{0}")]
    Busy(&'static str),
    /// The node was shut down, or a fault inside stopped it.
    #[error("the node is shut down; open it again")]
    Closed,
}

pub(crate) type Result<T> = std::result::Result<T, NodeError>;

impl From<LobbyError> for NodeError {
    fn from(error: LobbyError) -> Self {
        match error {
            LobbyError::Rules(error) => Self::Rules(error.to_string()),
            error => Self::Lobby(error.to_string()),
        }
    }
}

impl From<std::io::Error> for NodeError {
    fn from(error: std::io::Error) -> Self {
        Self::Storage(error.to_string())
    }
}
