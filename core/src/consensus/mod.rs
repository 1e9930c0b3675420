//! Compact PBFT over opaque bytes (Castro–Liskov, OSDI '99), for messages that every phone hears.
//!
//! Upon a request: it floods once; the primary of view v, seat v mod n, proposes batches of request ids.
//! Upon a proposal for s that extends the chain: a backup votes prepare for C_s, once per (view, s), and only when
//! it holds every body up to s. Upon q prepares, the proposal among them: it is prepared; vote commit. Upon q commits:
//! decided, with everything below on the same chain; deliver in order.
//! Upon a time-out: vote no more in this view, report the highest prepared head, and let the next primary show
//! q such reports. The new view begins with votes on the highest head among them.
//!
//! What differs from the paper, and why it is still safe, is written down in `core/docs/protocol.md`.
//!
//! The replica is sans-IO: messages, requests and time come in, [`Action`]s come out, strictly in order. It knows
//! nothing of craps or of links beyond a number for each neighbour. Imports `wire`, `time`, `crypto`.
//!
//! Handlers are named `on_<message>`. Each asks the matching `ignore_` questions first and says why a message had no
//! effect; only then does it change anything.

mod action;
mod allowance;
mod blame;
mod catch_up;
mod certificate;
mod chain;
mod checkpoint;
mod compaction;
mod decided;
mod early;
mod epoch;
mod evidence;
mod fork;
mod halt;
mod ignored;
pub mod limits;
mod mark;
mod memory;
mod message;
mod new_view;
mod normal;
mod numbers;
mod pool;
mod proposal;
mod quorum;
mod record;
mod replay;
mod replica;
mod rotation;
mod state_transfer;
mod statement;
mod tally;
mod timing;
mod view_change;
mod witness;

pub use blame::{Culprits, Reason, ViewRecord};
pub use certificate::{Certificate, CertificateBody};
pub use chain::{Batch, genesis_chain, next_chain};
pub use checkpoint::{CheckpointCertificate, application_digest};
pub use compaction::compacted;
pub use epoch::{Epoch, NO_NEW_VIEW};
pub use evidence::{Evidence, Lie, VoteProof};
pub use fork::{ForkProof, Halt, Side, SideMessage};
pub use ignored::Ignored;
pub use mark::{Mark, Query};
pub use memory::Standing;
pub use message::{
    CheckpointMessage, Message, NewViewMessage, PrePrepare, PreparedMessage, SignedBytes, Slots,
    Status, VoteMessage, read_batch, write_batch,
};
pub use numbers::Numbers;
pub use quorum::Quorum;
pub use record::Record;
pub use replay::ReplayError;
pub use replica::{Action, Load, Peer, Replica, ReplicaConfig, Urgency};
pub use state_transfer::{EpochEnd, StateAt, StateMessage};
pub use statement::{
    Checkpoint, Head, NewView, Phase, Request, RequestId, SignedRequest, ViewChange, Vote,
};
