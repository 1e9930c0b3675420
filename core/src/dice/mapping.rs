//! Two dice from the value of a roll, exactly uniform.

use super::coin::RollInput;
use crate::crypto::Digest;

/// Bytes below this are whole multiples of the 36 outcomes; the rest are thrown away.
const ACCEPTED_BELOW: u8 = 252;

/// The dice of a roll whose value is V: seed = `H("bitcraps/roll/seed/v1"; m, V)`, and then its bytes.
#[must_use]
pub fn dice_of(input: &RollInput, value: &[u8; 32]) -> (u8, u8) {
    dice_from_seed(&Digest::of(
        "bitcraps/roll/seed/v1",
        &[input.message(), value],
    ))
}

/// Reads the bytes of `H(seed ‖ 0)`, `H(seed ‖ 1)`, … (counter u32, tag `bitcraps/dice/v1`) and takes the first
/// byte b < 252: the dice are `(b % 36) / 6 + 1` and `b % 6 + 1`. 252 = 7 · 36, so each of the
/// 36 outcomes has exactly seven bytes.
fn dice_from_seed(seed: &Digest) -> (u8, u8) {
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
}
