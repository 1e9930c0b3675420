//! The results of shards put together.

use super::{FuzzResult, Part};

/// One result of many; as if one machine had run all of it, but for the speed, which adds up.
///
/// # Errors
/// In one line, if two results are about the same shard, or none is given.
pub fn merge(results: Vec<FuzzResult>) -> Result<FuzzResult, String> {
    let mut results = results.into_iter();
    let mut whole = results.next().ok_or("nothing to merge")?;
    for next in results {
        if let Some(Part { shard, of, .. }) = next.parts.iter().find(|p| whole.parts.contains(p)) {
            return Err(format!("shard {shard}/{of} is there twice"));
        }
        add(&mut whole, next)?;
    }
    whole.failed.sort_by_key(|failure| failure.seed);
    whole.parts.sort_unstable();
    Ok(whole)
}

#[expect(clippy::float_arithmetic, reason = "a rate for people")]
fn add(whole: &mut FuzzResult, next: FuzzResult) -> Result<(), String> {
    whole.runs += next.runs;
    whole.failed.extend(next.failed);
    whole.seeds_per_second += next.seeds_per_second;
    for (outcome, count) in next.outcomes {
        *whole.outcomes.entry(outcome).or_insert(0) += count;
    }
    whole.digest = xor(&whole.digest, &next.digest).ok_or("a result has no digest")?;
    whole.parts.extend(next.parts);
    Ok(())
}

/// The shards of the merged campaigns that are missing, as `K/N`.
#[must_use]
pub fn missing(parts: &[Part]) -> Vec<String> {
    let mut missing = Vec::new();
    for part in parts {
        for shard in 1..=part.of {
            let wanted = Part { shard, ..*part };
            let name = format!("{shard}/{}", part.of);
            if !parts.contains(&wanted) && !missing.contains(&name) {
                missing.push(name);
            }
        }
    }
    missing
}

fn xor(a: &str, b: &str) -> Option<String> {
    let digits =
        |text: &str| -> Option<Vec<u32>> { text.chars().map(|c| c.to_digit(16)).collect() };
    let (a, b) = (digits(a)?, digits(b)?);
    let pairs = a.iter().zip(&b).filter(|_| a.len() == b.len());
    let sum: String = pairs
        .filter_map(|(a, b)| char::from_digit(a ^ b, 16))
        .collect();
    (sum.len() == a.len()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(shard: u64, digest: &str) -> FuzzResult {
        FuzzResult {
            runs: 2,
            failed: Vec::new(),
            seeds_per_second: 1.5,
            outcomes: [("reached".to_owned(), 2)].into(),
            digest: digest.to_owned(),
            parts: vec![Part {
                first_seed: 0,
                count: 6,
                shard,
                of: 3,
            }],
        }
    }

    #[test]
    fn shards_add_up_and_what_is_missing_is_named() {
        let whole = merge(vec![result(3, "f0"), result(1, "0f")]).unwrap();
        assert_eq!((whole.runs, whole.digest.as_str()), (4, "ff"));
        assert_eq!(whole.outcomes["reached"], 4);
        assert_eq!(missing(&whole.parts), ["2/3"]);
        let all = merge(vec![whole, result(2, "00")]).unwrap();
        assert!(missing(&all.parts).is_empty());
    }

    #[test]
    fn a_shard_that_is_there_twice_and_a_digest_that_is_none_are_refused() {
        assert!(merge(vec![result(1, "00"), result(1, "00")]).is_err());
        assert!(merge(vec![result(1, "00"), result(2, "xy")]).is_err());
        assert!(merge(Vec::new()).is_err());
    }
}
