//! Time to decide over a slow radio: full mesh, 30 ms on every link, 20 kB/s for each phone; one bet at a time.

use bitcraps_core::craps::BetKind;
use bitcraps_core::node::{Command, Event};
use bitcraps_core::table::TableRules;
use serde_json::Value;

use super::by_size;
use crate::cli::SUPPORTED;
use crate::result::Percentiles;
use crate::scenario::load;
use crate::sim::{Observation, Room};

const BETS: usize = 11;
/// Between two bets: the room is quiet again by then.
const PAUSE_US: u64 = 5_000_000;

pub(super) fn run() -> Result<Value, String> {
    by_size(|n| Ok(Value::from(median_ms(n)?)))
}

/// From the tap to its delivery on the same phone; the median over the seats in turn.
fn median_ms(n: u8) -> Result<u64, String> {
    let text = format!(
        "name = \"capped\"\nplayers = {n}\n[radio]\nprofile = \"fixed\"\ntopology = \"full\"\n\
         bandwidth = 20000\nlatency = {{ min = \"30ms\", mean = \"30ms\" }}\n"
    );
    let mut scenario = load("capped", &text, &SUPPORTED).map_err(|error| error.to_string())?;
    // Nobody plays but this benchmark.
    scenario.stop.rounds = 0;
    let mut room = Room::new(scenario, 1, TableRules::default())?;
    room.form().map_err(|error| error.0)?;
    let mut times = Vec::new();
    // The first bet makes everybody take part in the dice, and does not count.
    for bet in 0..=BETS {
        let phone = (bet + 1) % usize::from(n);
        let (kind, amount) = (BetKind::PassLine, 10);
        let began = room.game_us();
        room.command(phone, Command::PlaceBet { kind, amount });
        let decided = until_delivered(&mut room, phone, began + PAUSE_US)?;
        if bet > 0 {
            times.push((decided - began) / 1000);
        }
    }
    Ok(Percentiles::of(times).map_or(0, |times| times.p50))
}

/// When a phone delivered something of its own; then lets the time run to the pause's end.
pub(super) fn until_delivered(room: &mut Room, phone: usize, end_us: u64) -> Result<u64, String> {
    let mut decided = None;
    while room.next_us().is_some_and(|next| next <= end_us) && room.step() {
        while let Some(observation) = room.take_observation() {
            if let Observation::Event {
                phone: at,
                event: Event::Delivered { batch, .. },
            } = observation
                && at == phone
                && batch
                    .iter()
                    .any(|request| request.player().index() == phone)
            {
                decided.get_or_insert_with(|| room.game_us());
            }
        }
    }
    decided.ok_or_else(|| format!("phone {phone} decided nothing"))
}
