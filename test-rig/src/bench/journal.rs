//! What the journal costs: bytes and syncs of one phone for each decision, at a table of four that plays.

use serde_json::{Value, json};

use super::{ratio, thousandths};
use crate::cli::SUPPORTED;
use crate::scenario::{builtin, load};
use crate::sim::Room;

const ROUNDS: u64 = 20;

pub(super) fn run() -> Result<Value, String> {
    let text = builtin("honest-table").ok_or("honest-table is missing")?;
    let scenario = load("honest-table", text, &SUPPORTED).map_err(|error| error.to_string())?;
    let mut room = Room::new(scenario, 1, bitcraps_core::table::TableRules::default())?;
    room.form().map_err(|problem| problem.0)?;
    let synced = |room: &Room| {
        let of_all = room.phones.iter().map(crate::sim::Phone::synced);
        of_all.fold((0, 0), |(syncs, bytes), (more, longer)| {
            (syncs + more, bytes + longer)
        })
    };
    let decisions = |room: &Room| {
        let of_all = room.phones.iter().map(|phone| phone.node.delivered().0);
        of_all.sum::<u64>()
    };
    let (before, decided) = (synced(&room), decisions(&room));
    let settled = |room: &Room| {
        let mut all = room.phones.iter().map(|phone| phone.node.table().rolls());
        all.all(|rolls| rolls >= ROUNDS)
    };
    while !settled(&room) {
        while room.take_observation().is_some() {}
        if !room.step() {
            return Err("the table stands still".to_owned());
        }
    }
    let (after, decisions) = (synced(&room), decisions(&room) - decided);
    Ok(json!({
        "bytes_per_decision": thousandths(ratio(after.1 - before.1, decisions)),
        "syncs_per_decision": thousandths(ratio(after.0 - before.0, decisions)),
    }))
}
