//! Time to a new primary: it is switched off, and a bet is placed at once. What the others need is the first time-out, the
//! view change and a decision, over a full mesh with 30 ms on every link.

use bitcraps_core::craps::BetKind;
use bitcraps_core::node::Command;
use bitcraps_core::table::TableRules;
use serde_json::{Value, json};

use super::by_size;
use super::decide_capped::until_delivered;
use crate::cli::SUPPORTED;
use crate::result::Percentiles;
use crate::scenario::load;
use crate::sim::Room;

const SEEDS: u64 = 5;
/// The primary is off from here on, in milliseconds of the game.
const OFF_MS: u64 = 1_000;
/// Much longer than the first time-outs together.
const LONGEST_US: u64 = 30_000_000;

pub(super) fn run() -> Result<Value, String> {
    by_size(|n| {
        let times = (1..=SEEDS).map(|seed| decided_ms(n, seed));
        let times = times.collect::<Result<Vec<_>, _>>()?;
        let all = Percentiles::of(times).ok_or("nothing was measured")?;
        Ok(json!({ "bet_lands_ms": all.p50, "max_ms": all.max }))
    })
}

fn room(n: u8, seed: u64, off: Option<usize>) -> Result<Room, String> {
    let fault = off.map_or_else(String::new, |phone| {
        format!("[[fault]]\nkind = \"crash\"\nplayer = {phone}\nfrom = \"{OFF_MS}ms\"\n")
    });
    let text = format!(
        "name = \"new-primary\"\nplayers = {n}\n[radio]\nprofile = \"fixed\"\ntopology = \"full\"\n\
         latency = {{ min = \"30ms\", mean = \"30ms\" }}\n{fault}"
    );
    let mut scenario = load("new-primary", &text, &SUPPORTED).map_err(|error| error.to_string())?;
    // Nobody plays but this benchmark.
    scenario.stop.rounds = 0;
    let mut room = Room::new(scenario, seed, TableRules::default())?;
    room.form().map_err(|error| error.0)?;
    Ok(room)
}

/// From the tap to the bet's delivery on the same phone.
fn decided_ms(n: u8, seed: u64) -> Result<u64, String> {
    let formed = room(n, seed, None)?;
    let node = &formed.phones[0].node;
    let primary = node.epoch().0.primary(node.view().0).index();
    let mut room = room(n, seed, Some(primary))?;
    let begin_us = OFF_MS * 1000 + 1;
    while room.next_us().is_some_and(|next| next < begin_us) && room.step() {}
    while room.take_observation().is_some() {}
    let phone = (primary + 1) % usize::from(n);
    let (kind, amount) = (BetKind::PassLine, 10);
    let began = room.game_us();
    room.command(phone, Command::PlaceBet { kind, amount });
    let decided = until_delivered(&mut room, phone, began + LONGEST_US)?;
    if room.phones[phone].node.view().0 == node.view().0 {
        return Err(format!("{n} phones decided without a view change"));
    }
    Ok((decided - began) / 1000)
}
