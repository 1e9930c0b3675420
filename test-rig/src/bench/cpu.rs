//! CPU time per decision, all phones on one core, one bet a slot: of the replicas alone, as other engines are measured, and
//! of whole nodes, with their encrypted links, the table and the coin, but no radio.
//!
//! Each phone checks every signature itself: no verdicts are shared, as they are in a simulated room. The looked-up
//! multiples of the keys are there once for all, as they are once on each phone.

use std::time::Duration;

use bitcraps_core::craps::BetKind;
use bitcraps_core::node::Command;
use serde_json::Value;

use super::clock::{least_by_size, micros_each};
use super::decision::BET;
use super::nodes::Nodes;
use super::replicas::Replicas;
use super::{ratio, thousandths};

/// Each time: as many as from one checkpoint to the next.
const DECISIONS: u64 = 16;
const HOPS_MAX: usize = 10;

/// Design §8: on the work that the engines it names were measured on. A full mesh in memory, each message sent once to each.
pub(super) fn replicas() -> Result<Value, String> {
    let prepare = |n| {
        let mut room = Replicas::new(n, 1)?;
        room.passes_on = false;
        // What is made once for each key is made before the clock starts.
        decide(&mut room, 0)?;
        Ok(room)
    };
    let work = |room: &mut Replicas| (1..=DECISIONS).try_for_each(|round| decide(room, round));
    least_by_size(prepare, work, |_, took| millis_each(took))
}

fn decide(room: &mut Replicas, round: u64) -> Result<(), String> {
    let before = room.replicas[0].delivered().0;
    let player = usize::try_from(round).unwrap_or(0) % room.replicas.len();
    room.submit(player, &BET);
    room.settle(HOPS_MAX)?;
    let decided = |(at, replica): (usize, &bitcraps_core::consensus::Replica)| {
        let slots = replica.delivered().0 - before;
        (slots != 1).then(|| format!("phone {at} decided {slots} slots in round {round}"))
    };
    room.replicas
        .iter()
        .enumerate()
        .find_map(decided)
        .map_or(Ok(()), Err)
}

/// Whole nodes.
pub(super) fn nodes() -> Result<Value, String> {
    let prepare = |n| {
        let mut room = Nodes::new(n)?;
        // The first key is made before the clock starts.
        bet(&mut room, 1);
        let has_key = room.nodes[0].table().has_key();
        let lacks = || format!("no key was made at {n} phones");
        has_key.then_some(room).ok_or_else(lacks)
    };
    let work = |room: &mut Nodes| {
        let before = room.nodes[0].delivered().0;
        (0..DECISIONS).for_each(|round| bet(room, usize::try_from(round).unwrap_or(0)));
        match room.nodes[0].delivered().0 - before {
            DECISIONS => Ok(()),
            slots => Err(format!("{slots} slots for {DECISIONS} bets")),
        }
    };
    least_by_size(prepare, work, |_, took| millis_each(took))
}

/// The players in turn put ten more chips on the pass line.
fn bet(room: &mut Nodes, round: usize) {
    let at = round % room.nodes.len();
    let (kind, amount) = (BetKind::PassLine, 10);
    room.command(at, Command::PlaceBet { kind, amount });
}

fn millis_each(took: Duration) -> Value {
    thousandths(ratio(micros_each(took, DECISIONS), 1000))
}
