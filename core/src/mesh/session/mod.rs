//! Sessions: who is at the other end of a link, and everything after that in secret.
//!
//! [`handshake`] makes one, [`record`] seals and opens what travels in it, [`resolver`] has the primitives and [`secret`] what
//! they start from.

pub(super) mod handshake;
pub(super) mod record;
mod resolver;
pub(super) mod secret;

#[cfg(test)]
mod tests;
