//! Random numbers that are the same on every machine: one ChaCha stream for each concern, split from the seed.
//!
//! Separate streams keep concerns apart: a fault that is added to a scenario does not change what the players bet.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// One concern's stream of numbers. Integers only.
#[derive(Debug)]
pub struct Stream(ChaCha12Rng);

impl Stream {
    /// The stream of a concern and an index (a phone, a link) under a seed.
    #[must_use]
    pub fn new(seed: u64, concern: &str, index: u64) -> Self {
        Self(ChaCha12Rng::from_seed(derive(seed, concern, index)))
    }

    /// A number below `bound`, uniform up to 2⁻⁶⁴; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// An index into something of this length; 0 if it is empty.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True with a probability of `ppm` in a million.
    pub fn chance(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < u64::from(ppm)
    }
}

/// 32 bytes that only this seed, concern and index have: keys and entropy of phones.
#[must_use]
pub fn derive(seed: u64, concern: &str, index: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"bitcraps-rig/random/v1");
    hash.update(seed.to_le_bytes());
    hash.update(index.to_le_bytes());
    hash.update(concern.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_is_the_same_for_ever() {
        let mut stream = Stream::new(42, "radio", 0);
        let drawn: Vec<u64> = (0..6).map(|_| stream.below(1000)).collect();
        assert_eq!(
            drawn,
            [670, 152, 686, 766, 492, 729],
            "a portable stream, pinned"
        );
    }

    #[test]
    fn concerns_and_indices_have_streams_of_their_own() {
        let first = |concern, index| Stream::new(1, concern, index).below(u64::MAX);
        assert_ne!(first("radio", 0), first("radio", 1));
        assert_ne!(first("radio", 0), first("workload", 0));
    }

    #[test]
    fn bounds_hold() {
        let mut stream = Stream::new(7, "test", 0);
        assert_eq!(stream.below(0), 0);
        assert!((0..1000).all(|_| (3..=5).contains(&stream.between(3, 5))));
        assert!((0..1000).all(|_| stream.chance(1_000_000)));
        assert!((0..1000).all(|_| !stream.chance(0)));
    }
}
