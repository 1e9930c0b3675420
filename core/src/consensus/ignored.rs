//! Why a message had no effect. Every reason is counted and visible in the node's statistics.

use crate::wire::DecodeError;

/// Reasons to leave a peer's message alone. None of them blames anybody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Ignored {
    /// The bytes are no message.
    #[error("{0}")]
    Malformed(DecodeError),
    /// It belongs to another table.
    #[error("another table")]
    OtherTable,
    /// It is known already.
    #[error("duplicate")]
    Duplicate,
    /// Its view or slot is over.
    #[error("stale")]
    Stale,
    /// A certificate exists without it.
    #[error("late")]
    Late,
    /// It lies above the window.
    #[error("out of window")]
    OutOfWindow,
    /// Its signer has no seat here.
    #[error("not seated")]
    NotSeated,
    /// The signature does not fit. Anyone can send garbage, so this convicts nobody.
    #[error("bad signature")]
    BadSignature,
    /// It contradicts what was accepted before.
    #[error("conflict")]
    Conflict,
    /// Nothing known refers to it.
    #[error("unclaimed")]
    Unclaimed,
    /// It cannot be checked yet and waits.
    #[error("held")]
    Held,
    /// It cannot be checked yet and the link's share of the buffer is used up.
    #[error("buffer full")]
    Full,
    /// The link asks more often than it is answered.
    #[error("too often")]
    TooOften,
    /// This phone has left the view and no longer votes in it.
    #[error("left the view")]
    LeftView,
    /// The table forked and this phone has stopped.
    #[error("halted")]
    Halted,
}

impl From<DecodeError> for Ignored {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
