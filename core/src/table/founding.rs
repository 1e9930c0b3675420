//! Every seat of the genesis signs it before anything else happens: alone or unsigned there is no table.
//!
//! The signature is the player's own request, whose context is the table's digest and so covers rules and roster. It stands
//! in the log like everything else, so a history proves it.

use super::outcome::{Outcome, Rejection};
use super::state::Table;
use crate::crypto::{Seat, SeatSet};

impl Table {
    /// Who has signed the genesis.
    #[must_use]
    pub const fn signed(&self) -> SeatSet {
        self.signed
    }

    /// Whether everybody has: before that the dice get no key, and no chip moves.
    #[must_use]
    pub fn is_founded(&self) -> bool {
        self.signed.len() == self.genesis.roster.len()
    }

    /// A player signs the genesis: it plays by these rules, with these others.
    pub(super) fn sign(&mut self, seat: Seat) -> Result<Vec<Outcome>, Rejection> {
        if self.genesis.roster.key(seat).is_none() {
            // It came later, and q others signed for it.
            return Err(Rejection::NotThere { seat });
        }
        if self.signed.contains(seat) {
            return Err(Rejection::Tapped);
        }
        self.signed.insert(seat);
        let missing = self.genesis.roster.len() - self.signed.len();
        Ok(vec![Outcome::Signed { seat, missing }])
    }
}
