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
        .find_map(dice_of_byte)
        .unwrap_or((1, 1))
}

/// The dice that a byte stands for, if it stands for any.
const fn dice_of_byte(byte: u8) -> Option<(u8, u8)> {
    if byte < ACCEPTED_BELOW {
        Some((byte % 36 / 6 + 1, byte % 6 + 1))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_36_outcomes_has_seven_bytes_and_four_bytes_have_none() {
        let mut counts = [0_u32; 36];
        let mut refused = 0;
        for byte in 0..=u8::MAX {
            let Some((first, second)) = dice_of_byte(byte) else {
                refused += 1;
                continue;
            };
            assert!((1..=6).contains(&first) && (1..=6).contains(&second));
            counts[usize::from((first - 1) * 6 + second - 1)] += 1;
        }
        assert_eq!((counts, refused), ([7; 36], 4));
    }
}
