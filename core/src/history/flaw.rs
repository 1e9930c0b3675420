//! Why a history, or a piece of one, is not true.

use crate::crypto::Seat;
use crate::wire::DecodeError;

/// What is wrong at a place of a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Flaw {
    /// No file of this format.
    #[error("not a history of this format and version")]
    Format,
    /// Larger than any history may be.
    #[error("longer than any history may be")]
    TooLong,
    /// Bytes that are no record.
    #[error("no record: {0}")]
    Decode(#[from] DecodeError),
    /// A record where another kind belongs.
    #[error("a record out of place")]
    Order,
    /// The genesis names a table that cannot be.
    #[error("a table that cannot be played")]
    Genesis,
    /// An epoch that does not follow from the slots before it.
    #[error("an epoch that does not follow from the slots before it")]
    Epoch,
    /// Slots that do not follow on the last one.
    #[error("slots from {given} on where slot {expected} comes next")]
    Gap {
        /// The first slot given.
        given: u64,
        /// The one that comes next.
        expected: u64,
    },
    /// A request whose player did not sign it.
    #[error("request {index} of slot {sequence} is not signed by a member at seat {player}")]
    Request {
        /// The slot.
        sequence: u64,
        /// Its place in the batch, from 0.
        index: usize,
        /// Whose it claims to be.
        player: Seat,
    },
    /// A player's requests out of order, or one of them twice.
    #[error("the numbers of slot {sequence} do not carry on their players' requests")]
    Numbers {
        /// The slot.
        sequence: u64,
    },
    /// No quorum decided this.
    #[error("no quorum of epoch {epoch} signed slot {sequence} with what is before it")]
    Certificate {
        /// The epoch of the slot.
        epoch: u64,
        /// The slot.
        sequence: u64,
    },
    /// A roll's shares are missing, too many, false, or of another roll.
    #[error("roll {roll} was not thrown with these shares")]
    Throw {
        /// The roll that is closed, or open where a throw has no roll.
        roll: u64,
    },
    /// The settlement sheet is not what the slots lead to.
    #[error("the settlement sheet is not what the slots lead to")]
    Sheet,
    /// The closing statement is not about this history, or nobody seated signed it.
    #[error("the closing statement is not for this history, or not signed by its seat")]
    Closing,
}
