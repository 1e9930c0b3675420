//! Two dice from 32 bytes, exactly uniform.

use crate::crypto::Digest;

/// Bytes below this are whole multiples of the 36 outcomes; the rest are thrown away.
const ACCEPTED_BELOW: u8 = 252;

/// Reads the bytes of `H(seed ‖ 0)`, `H(seed ‖ 1)`, … (counter u32, tag `bitcraps/dice/v1`) and takes the first
/// byte b < 252: the dice are `(b % 36) / 6 + 1` and `b % 6 + 1`. 252 = 7 · 36, so each of the
/// 36 outcomes has exactly seven bytes.
#[must_use]
pub fn dice_from_seed(seed: &Digest) -> (u8, u8) {
    (0_u32..)
        .flat_map(|counter| Digest::of("bitcraps/dice/v1", &[&seed.0, &counter.to_le_bytes()]).0)
        .find(|byte| *byte < ACCEPTED_BELOW)
        .map_or((1, 1), |byte| (byte % 36 / 6 + 1, byte % 6 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_byte_is_an_outcome_and_each_outcome_has_seven() {
        let mut counts = [0_u32; 36];
        for byte in 0..ACCEPTED_BELOW {
            let (first, second) = (byte % 36 / 6 + 1, byte % 6 + 1);
            assert!((1..=6).contains(&first) && (1..=6).contains(&second));
            counts[usize::from((first - 1) * 6 + second - 1)] += 1;
        }
        assert_eq!(counts, [7; 36]);
    }

    #[test]
    fn thirty_six_thousand_rolls_pass_a_chi_square_test() {
        let mut counts = [0_u64; 36];
        for roll in 0..36_000_u32 {
            let (first, second) = dice_from_seed(&Digest::of("test", &[&roll.to_le_bytes()]));
            counts[usize::from((first - 1) * 6 + second - 1)] += 1;
        }
        let scaled: u64 = counts.iter().map(|count| count.abs_diff(1000).pow(2)).sum();
        // χ² with 35 degrees of freedom stays below 66.6 with probability 0.999; the seed is fixed.
        assert!(scaled < 66_600, "{scaled}");
    }
}
