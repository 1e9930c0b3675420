//! What a replica asks its surroundings to do.

use super::blame::Culprits;
use super::certificate::Certificate;
use super::chain::Batch;
use super::evidence::Lie;
use crate::crypto::{Digest, Seat};

/// A neighbour, by the number of the link to it. Says nothing about who it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Peer(pub u64);

/// How soon a message must leave, as classes of the links' queues (design, "Mesh").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Urgency {
    /// Votes, view-changes, new-views and their certificates.
    Vote,
    /// Status and wants.
    Control,
    /// Proposals and requests.
    Proposal,
    /// Catch-up.
    Bulk,
}

/// What the replica wants done, strictly in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Make this durable before acting on anything behind it.
    Persist(Vec<u8>),
    /// Send to every neighbour that is not known to have it. `own`: this replica is its origin.
    Flood {
        /// Queue class.
        urgency: Urgency,
        /// The message.
        bytes: Vec<u8>,
        /// Whether it was made here, for the count of origin bytes.
        own: bool,
        /// Of a request or vote made elsewhere, whose it is: it reaches that replica's own neighbours without us.
        /// Proposals and view changes are few and go everywhere.
        origin: Option<Seat>,
    },
    /// Send to one neighbour.
    Send {
        /// To whom.
        peer: Peer,
        /// Queue class.
        urgency: Urgency,
        /// The message.
        bytes: Vec<u8>,
    },
    /// A slot is decided and all below it are delivered.
    Deliver {
        /// Its sequence number.
        sequence: u64,
        /// C_s.
        chain: Digest,
        /// Its requests, in order.
        batch: Batch,
        /// What decided it and the slots below it, if that ends here.
        certificate: Option<Certificate>,
    },
    /// This replica stopped voting in its view.
    LeftView {
        /// The view it wants to move to.
        target: u64,
    },
    /// The state at a checkpoint takes the place of what was applied so far.
    Install {
        /// Its slot.
        sequence: u64,
        /// C_s.
        chain: Digest,
        /// As handed to [`Replica::applied`](super::Replica::applied) elsewhere.
        application: Vec<u8>,
    },
    /// Somebody is proven to have lied.
    Convicted {
        /// Who.
        seat: Seat,
        /// How.
        lie: Lie,
        /// The proof, as [`Evidence`](super::Evidence) is encoded.
        evidence: Vec<u8>,
    },
    /// The table forked: this replica has stopped for good. Comes again when more culprits are known.
    Halted {
        /// A slot at which two quorums contradict each other.
        sequence: u64,
        /// Who is to blame, as far as it is proven here.
        culprits: Culprits,
        /// The proof, as [`Halt`](super::Halt) is encoded.
        proof: Vec<u8>,
    },
    /// A new epoch began here.
    EnteredEpoch {
        /// Which.
        epoch: u64,
        /// Its first slot.
        first: u64,
        /// Who votes in it.
        members: Vec<Seat>,
    },
    /// Whether this replica votes has changed with what it knows of its own past: see [`Replica::standing`](super::Replica::standing).
    StandingChanged,
    /// A new view began here.
    EnteredView {
        /// The view.
        view: u64,
        /// Its primary.
        primary: Seat,
    },
}
