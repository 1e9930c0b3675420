//! CPU time per decision: whole nodes, all phones on one core, no radio, one bet a slot.
//!
//! Each phone checks every signature itself: no verdicts are shared, as they are in a simulated room.

use bitcraps_core::craps::BetKind;
use bitcraps_core::node::Command;
use serde_json::Value;

use super::clock::CpuClock;
use super::nodes::Nodes;
use super::{by_size, ratio, thousandths};

const DECISIONS: u64 = 60;

pub(super) fn run() -> Result<Value, String> {
    by_size(|n| {
        let mut room = Nodes::new(n)?;
        // The first key is made before the clock starts.
        bet(&mut room, 1);
        if !room.nodes[0].table().has_key() {
            return Err(format!("no key was made at {n} phones"));
        }
        let before = room.nodes[0].delivered().0;
        let clock = CpuClock::start();
        (0..DECISIONS).for_each(|round| bet(&mut room, usize::try_from(round).unwrap_or(0)));
        let took = clock.elapsed();
        let decided = room.nodes[0].delivered().0 - before;
        if decided < DECISIONS {
            return Err(format!(
                "{decided} of {DECISIONS} bets were decided at {n} phones"
            ));
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Ok(thousandths(ratio(micros, decided * 1000)))
    })
}

/// The players in turn put ten more chips on the pass line.
fn bet(room: &mut Nodes, round: usize) {
    let at = round % room.nodes.len();
    let (kind, amount) = (BetKind::PassLine, 10);
    room.command(at, Command::PlaceBet { kind, amount });
}
