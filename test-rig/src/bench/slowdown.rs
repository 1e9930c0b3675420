//! Time per roll with f liars over none (design, section 8): n = 10, no think time, rolls 20 to 100, honest shooters.
//!
//! The liars sit at the first seats, the primary's among them. Their players place no bets, with and without the lie, so
//! that none of them ever shoots.

use bitcraps_core::table::TableRules;
use serde_json::{Map, Value};

use super::{ratio, thousandths};
use crate::byzantine::MATRIX;
use crate::cli::SUPPORTED;
use crate::scenario::{Behaviour, load};
use crate::sim::Room;

const PLAYERS: usize = 10;
const LIARS: usize = 3;
const ROLLS: (u64, u64) = (20, 100);
const SEEDS: u64 = 3;
/// A table that takes longer has stalled.
const LONGEST_US: u64 = 3_600_000_000;

pub(super) fn run() -> Result<Value, String> {
    let honest = all_rolls_us(None)?;
    let slowdown = |behaviour: &Behaviour| {
        let took = all_rolls_us(Some(*behaviour))?;
        Ok((behaviour.to_string(), thousandths(ratio(took, honest))))
    };
    let all = MATRIX
        .iter()
        .map(slowdown)
        .collect::<Result<Map<_, _>, String>>()?;
    Ok(Value::Object(all))
}

/// How long they take over a few seeds: in one room a view change more or less is a tenth of it.
fn all_rolls_us(behaviour: Option<Behaviour>) -> Result<u64, String> {
    (1..=SEEDS).map(|seed| rolls_us(behaviour, seed)).sum()
}

/// How long rolls 21 to 100 take, until the slowest honest phone has settled them.
fn rolls_us(behaviour: Option<Behaviour>, seed: u64) -> Result<u64, String> {
    let mut text = format!("name = \"slowdown\"\nplayers = {PLAYERS}\n");
    for player in (0..LIARS).filter(|_| behaviour.is_some()) {
        let behaviour = behaviour.unwrap_or(Behaviour::Silent);
        text += &format!("[[byzantine]]\nplayer = {player}\nbehaviour = \"{behaviour}\"\n");
        if behaviour == Behaviour::Colluder {
            let others: Vec<usize> = (0..LIARS).filter(|other| *other != player).collect();
            text += &format!("with = {others:?}\n");
        }
    }
    let mut scenario = load("slowdown", &text, &SUPPORTED).map_err(|error| error.to_string())?;
    scenario.stop.rounds = u32::MAX;
    let mut room = Room::new(scenario, seed, TableRules::default())?;
    (0..LIARS).for_each(|phone| room.phones[phone].player.sit_out());
    room.form().map_err(|error| error.0)?;
    let from = until(&mut room, ROLLS.0, behaviour)?;
    Ok(until(&mut room, ROLLS.1, behaviour)? - from)
}

/// When every honest phone has settled so many rolls.
fn until(room: &mut Room, rolls: u64, behaviour: Option<Behaviour>) -> Result<u64, String> {
    while room.phones[LIARS..]
        .iter()
        .any(|phone| phone.node.table().rolls() < rolls)
    {
        while room.take_observation().is_some() {}
        if room.game_us() > LONGEST_US || !room.step() {
            let kind = behaviour.map_or("none", Behaviour::name);
            return Err(format!(
                "with liars \"{kind}\" the table did not reach roll {rolls}"
            ));
        }
    }
    Ok(room.game_us())
}
