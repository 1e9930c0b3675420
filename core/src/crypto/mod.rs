//! Identities, digests, and values that carry the exact bytes that were signed.
//!
//! Imports only `wire`. Signatures are ed25519 and are checked by the rules of `verify_strict`, one by one, everywhere:
//! batch checking gives other verdicts on crafted signatures, and phones would then disagree. The keys of a roster check
//! many signatures and look their multiples up, with the same verdicts ([`PreparedKey`]).

mod agreement;
mod checker;
mod digest;
mod identity;
mod multiples;
mod prepared_key;
mod seats;
mod signed;

pub use agreement::{AGREEMENT_BYTES, Agreement, AgreementError};
pub use checker::{Checker, Verdicts};
pub use digest::{Digest, DigestWriter};
pub use identity::{
    Identity, KeyError, PublicKey, Roster, RosterError, SEATS_MAX, SEATS_MIN, SIGNATURE_BYTES,
    Seat, Signature,
};
pub(crate) use multiples::Multiples;
pub use prepared_key::PreparedKey;
pub use seats::SeatSet;
pub use signed::{Context, OpenError, Signed, Statement};
