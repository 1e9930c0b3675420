//! What an app asks of its node between events.

use super::Node;
use crate::consensus::Standing;
use crate::crypto::SeatSet;

impl Node {
    /// Whether this phone knows everything that it ever signed here, and so votes and makes requests.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.replica.standing()
    }

    /// This player's requests below this number are ordered, or never will be.
    #[must_use]
    pub fn next_ordered(&self) -> u64 {
        self.replica.next_ordered()
    }

    /// Members of whom this phone has proof that they lied: what they sign makes nothing new here.
    #[must_use]
    pub fn convicted(&self) -> SeatSet {
        self.replica.convicted().map(|(seat, _)| seat).collect()
    }
}
