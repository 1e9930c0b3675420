//! The multiples of a point, looked up: a scalar's digits each name one, and their sum is the product.
//!
//! Variable time: for public scalars only.

use std::ops::{Add, AddAssign, Sub, SubAssign};

use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;

/// Scalars are below 2^253, and a carry may stand above that.
const SCALAR_BITS: usize = 254;

/// The points of a curve, written as sums.
pub(crate) trait Group:
    Copy
    + Identity
    + Add<Output = Self>
    + Sub<Output = Self>
    + for<'a> AddAssign<&'a Self>
    + for<'a> SubAssign<&'a Self>
{
}

impl Group for curve25519_dalek::EdwardsPoint {}
impl Group for curve25519_dalek::RistrettoPoint {}

/// For each digit's place, the point times 1 to 2^(WIDTH − 1) times that place's value.
pub(crate) struct Multiples<P, const WIDTH: usize>(Vec<P>);

impl<P: Group, const WIDTH: usize> Multiples<P, WIDTH> {
    const DIGITS: usize = SCALAR_BITS.div_ceil(WIDTH);
    /// The largest digit, and how many multiples there are for each place: digits go from 1 − HALF to HALF.
    const HALF: usize = 1 << (WIDTH - 1);

    /// Computes them.
    pub(crate) fn of(point: P) -> Self {
        let mut multiples = Vec::with_capacity(Self::DIGITS * Self::HALF);
        let mut unit = point;
        for _ in 0..Self::DIGITS {
            let mut multiple = unit;
            for _ in 0..Self::HALF {
                multiples.push(multiple);
                multiple += &unit;
            }
            // From HALF + 1 times this unit to the next one, which is twice HALF times this one.
            unit = multiple + multiple - unit - unit;
        }
        Self(multiples)
    }

    /// `sum` and the point times `scalar`.
    pub(crate) fn add(&self, scalar: &Scalar, mut sum: P) -> P {
        let bytes = scalar.as_bytes();
        let mut carry = 0;
        for (place, multiples) in self.0.chunks_exact(Self::HALF).enumerate() {
            let (byte, shift) = (place * WIDTH / 8, place * WIDTH % 8);
            let high = bytes.get(byte + 1).copied().unwrap_or(0);
            let window = u16::from_le_bytes([bytes[byte], high]) >> shift;
            let digit = usize::from(window) % (2 * Self::HALF) + carry;
            carry = usize::from(digit > Self::HALF);
            if digit > Self::HALF {
                // Nothing where the carry made it twice HALF.
                let missing = (2 * Self::HALF - digit).checked_sub(1);
                if let Some(at) = missing {
                    sum -= &multiples[at];
                }
            } else if let Some(at) = digit.checked_sub(1) {
                sum += &multiples[at];
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
    use sha2::{Digest as _, Sha512};

    use super::*;

    fn scalars() -> impl Iterator<Item = Scalar> {
        // Every digit at its bounds, where carries begin and end, and the ends of the range.
        let same = (0..=u8::MAX).map(|byte| Scalar::from_bytes_mod_order([byte; 32]));
        let powers = (0..253).map(|bit| {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            Scalar::from_bytes_mod_order(bytes)
        });
        let near = |scalar: Scalar| [scalar, scalar - Scalar::ONE, scalar + Scalar::ONE, -scalar];
        let drawn = (0..64_u8)
            .map(|seed| Scalar::from_bytes_mod_order_wide(&Sha512::digest([seed]).into()));
        same.chain(powers).flat_map(near).chain(drawn)
    }

    #[test]
    fn looked_up_multiples_are_the_curves_own() {
        let torsion = curve25519_dalek::constants::EIGHT_TORSION[1];
        let points = [
            ED25519_BASEPOINT_POINT * Scalar::from(77_u8) + torsion,
            torsion,
        ];
        for point in points {
            let (five, seven) = (Multiples::<_, 5>::of(point), Multiples::<_, 7>::of(point));
            let (nine, ten) = (Multiples::<_, 9>::of(point), Multiples::<_, 10>::of(point));
            for scalar in scalars() {
                let start = ED25519_BASEPOINT_POINT;
                let sum = start + point * scalar;
                assert_eq!(five.add(&scalar, start), sum);
                assert_eq!(seven.add(&scalar, start), sum);
                assert_eq!(nine.add(&scalar, start), sum);
                assert_eq!(ten.add(&scalar, start), sum);
            }
        }
    }
}
