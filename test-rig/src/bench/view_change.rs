//! A whole view change: every view-change, the certificates behind them, and the new-view.
//!
//! The primary falls silent when a slot is prepared and not decided: nobody's commits arrive, not even when neighbours
//! help each other along.

use bitcraps_core::consensus::limits::WINDOW;
use bitcraps_core::time::Instant;
use bitcraps_core::wire::Kind;
use serde_json::{Value, json};

use super::by_size;
use super::replicas::Replicas;

/// Long enough for the first time-out and everything after it.
const LONGEST_MS: u64 = 20_000;

pub(super) fn run() -> Result<Value, String> {
    by_size(|n| {
        Ok(json!({
            "origin_bytes": bytes(n, 1)?,
            "full_window_bytes": bytes(n, WINDOW)?,
        }))
    })
}

/// Origin bytes of the view change with so many undecided slots.
fn bytes(n: u8, undecided: u64) -> Result<u64, String> {
    let mut room = Replicas::new(n, undecided)?;
    room.lost.insert(Kind::Commit);
    for _ in 0..undecided {
        room.submit(0, &[0; 11]);
    }
    room.settle(40)?;
    if room
        .replicas
        .iter()
        .any(|replica| replica.delivered().0 > 0)
    {
        return Err("something was decided without commits".to_owned());
    }
    room.off.insert(0);
    room.origin.clear();
    let entered = |room: &Replicas| {
        let others = room
            .replicas
            .iter()
            .enumerate()
            .filter(|(at, _)| !room.off.contains(at));
        others
            .map(|(_, replica)| replica)
            .all(|replica| replica.view() == 1)
    };
    if !room.run_until(Instant(LONGEST_MS), entered) {
        return Err(format!("{n} phones did not change the view"));
    }
    Ok(room
        .count(&[Kind::ViewChange, Kind::Prepared, Kind::NewView])
        .1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes of protocol.md §2.1: 136 for a view-change with a head, 13 + 64q for the one certificate, 130 + 16q for the
    /// new-view; and design.md §8.
    #[test]
    fn a_view_change_costs_a_view_change_a_phone_one_certificate_and_one_new_view() {
        for (n, q) in [(4_u8, 3), (7, 5), (16, 11)] {
            let total = bytes(n, 1).unwrap();
            let view_changes = 136 * (u64::from(n) - 1);
            assert_eq!(total, view_changes + 13 + 64 * q + 130 + 16 * q, "n = {n}");
            assert!(total <= 3_300, "n = {n}: {total}");
        }
    }
}
