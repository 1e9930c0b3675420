//! Durations and probabilities, read and written exactly.
//!
//! No floats: a scenario must mean the same on every machine.

/// Longest duration of a scenario, a year of 365 days; keeps all sums of times far from overflow.
const DURATION_US_MAX: u64 = 8760 * 3_600_000_000;

/// Units of a duration and their microseconds.
const UNITS: [(&str, u64); 5] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
];

const A_DURATION: &str = "a duration such as \"30ms\", \"1.5s\" or \"2m\"";
const A_PROBABILITY: &str = "a probability from 0 to 1";

/// Reads `"7.5ms"` as microseconds, or says what was expected.
pub(super) fn duration_us(text: &str) -> Result<u64, &'static str> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or(A_DURATION)?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or(A_DURATION)?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if !is_digits(whole) || !is_digits(decimals) {
        return Err(A_DURATION);
    }
    let whole: u64 = whole.parse().map_err(|_| "a duration of at most 8760h")?;
    let part = part_us(decimals.trim_end_matches('0'), *factor)?;
    whole
        .checked_mul(*factor)
        .and_then(|us| us.checked_add(part))
        .filter(|us| *us <= DURATION_US_MAX)
        .ok_or("a duration of at most 8760h")
}

/// Reads `"1.5s"` as milliseconds, or says what was expected.
pub(super) fn duration_ms(text: &str) -> Result<u64, &'static str> {
    let us = duration_us(text)?;
    if us.is_multiple_of(1000) {
        Ok(us / 1000)
    } else {
        Err("a duration in whole milliseconds")
    }
}

/// Reads a TOML number (the text of an integer or a float) as parts per million, or says what
/// was expected.
pub(super) fn probability_ppm(text: &str) -> Result<u32, &'static str> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.strip_prefix('+').unwrap_or(whole);
    if !is_digits(whole) || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return Err(A_PROBABILITY);
    }
    let digits = format!("{whole}{decimals}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    // The value is `significant × 10^power`, counted in millionths.
    let dropped = digits.len() - significant.len();
    let power = exponent
        .parse::<i32>()
        .ok()
        .and_then(|e| i64::from(e).checked_add(6))
        .and_then(|p| p.checked_add(i64::try_from(dropped).ok()?))
        .and_then(|p| p.checked_sub(i64::try_from(decimals.len()).ok()?))
        .ok_or(A_PROBABILITY)?;
    if power < 0 {
        return Err("a probability from 0 to 1 with at most 6 decimals");
    }
    let power = u32::try_from(power).map_err(|_| A_PROBABILITY)?;
    significant
        .parse::<u32>()
        .ok()
        .and_then(|n| n.checked_mul(10u32.checked_pow(power)?))
        .filter(|ppm| *ppm <= 1_000_000)
        .ok_or(A_PROBABILITY)
}

/// Writes microseconds the way that a scenario would: `7.5ms`, `120s`.
pub(super) fn show_us(us: u64) -> String {
    let (unit, factor, digits) = match us {
        0 => ("s", 1, 0),
        1..1_000 => ("us", 1, 0),
        1_000..1_000_000 => ("ms", 1_000, 3),
        _ => ("s", 1_000_000, 6),
    };
    format!("{}{unit}", show_decimal(us, factor, digits))
}

/// Writes milliseconds the way that a scenario would.
pub(super) fn show_ms(ms: u64) -> String {
    show_us(ms.saturating_mul(1000))
}

/// Writes parts per million as a percentage: `2 %`, `0.05 %`.
pub(super) fn show_ppm(ppm: u32) -> String {
    format!("{} %", show_decimal(u64::from(ppm), 10_000, 4))
}

/// `value / factor` where `factor` is `10^digits`, without trailing zeros.
fn show_decimal(value: u64, factor: u64, digits: usize) -> String {
    let decimals = format!("{:0digits$}", value % factor);
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{}{point}{decimals}", value / factor)
}

/// The microseconds of the decimals of a unit, if they come out whole.
fn part_us(decimals: &str, factor: u64) -> Result<u64, &'static str> {
    const UNEVEN: &str = "a duration in whole microseconds";
    if decimals.is_empty() {
        return Ok(0);
    }
    let digits = u32::try_from(decimals.len()).map_err(|_| UNEVEN)?;
    let scale = 10u128.checked_pow(digits).ok_or(UNEVEN)?;
    let value: u128 = decimals.parse().map_err(|_| UNEVEN)?;
    let scaled = value.checked_mul(u128::from(factor)).ok_or(UNEVEN)?;
    if !scaled.is_multiple_of(scale) {
        return Err(UNEVEN);
    }
    u64::try_from(scaled / scale).map_err(|_| UNEVEN)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
