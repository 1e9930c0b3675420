//! One request decided on a full mesh: what the phones make for it, and how many hops it takes.

use bitcraps_core::wire::Kind;
use serde_json::{Value, json};

use super::by_size;
use super::replicas::Replicas;

/// The size of a bet's payload.
pub(super) const BET: [u8; 11] = [1, 1, 0, 10, 0, 0, 0, 0, 0, 0, 0];
const HOPS_MAX: u64 = 10;

pub(super) fn run() -> Result<Value, String> {
    by_size(|n| {
        let cost = cost(n)?;
        Ok(json!({
            "origin_bytes": cost.origin_bytes,
            "request_bytes": cost.request_bytes,
            "origin_messages": cost.origin_messages,
            "hops": cost.hops,
        }))
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cost {
    origin_bytes: u64,
    request_bytes: u64,
    origin_messages: u64,
    hops: u64,
}

fn cost(n: u8) -> Result<Cost, String> {
    let mut room = Replicas::new(n, 1)?;
    // The primary's own player asks, so that every hop is one of consensus.
    room.submit(0, &BET);
    let mut hops = 0;
    while room
        .replicas
        .iter()
        .any(|replica| replica.delivered().0 == 0)
    {
        if hops == HOPS_MAX || !room.hop() {
            return Err(format!("{n} phones did not decide"));
        }
        hops += 1;
    }
    room.settle(10)?;
    let (origin_messages, origin_bytes) =
        room.count(&[Kind::PrePrepare, Kind::Prepare, Kind::Commit]);
    let (_, request_bytes) = room.count(&[Kind::Request]);
    Ok(Cost {
        origin_bytes,
        request_bytes,
        origin_messages,
        hops,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// design.md §8, and the sizes of protocol.md §2.1: a proposal of 87 bytes, and votes of 75 by n − 1 and n phones.
    #[test]
    fn a_decision_costs_exactly_one_proposal_and_two_votes_a_phone_but_one() {
        for (n, most) in [(4, 668), (7, 1_124), (10, 1_580), (16, 2_492)] {
            let cost = cost(n).unwrap();
            let n = u64::from(n);
            assert_eq!(cost.origin_bytes, 87 + 75 * (2 * n - 1));
            assert!(cost.origin_bytes <= most, "{n}: {cost:?}");
            assert_eq!(cost.origin_messages, 2 * n);
            assert_eq!((cost.request_bytes, cost.hops), (93, 3));
        }
    }
}
