//! Identities, digests, and values that carry the exact bytes that were signed.
//!
//! Imports only `wire`. Signatures are ed25519 and are checked with `verify_strict`, one by one, everywhere:
//! batch checking gives other verdicts on crafted signatures, and phones would then disagree.

mod agreement;
mod checker;
mod digest;
mod identity;
mod seats;
mod signed;

pub use agreement::{AGREEMENT_BYTES, Agreement, AgreementError};
pub use checker::{Checker, Verdicts};
pub use digest::{Digest, DigestWriter};
pub use identity::{
    Identity, KeyError, PublicKey, Roster, RosterError, SEATS_MAX, SEATS_MIN, SIGNATURE_BYTES,
    Seat, Signature,
};
pub use seats::SeatSet;
pub use signed::{Context, OpenError, Signed, Statement};
