//! How long a room takes to form and to commit at every phone, in the room `ideal`, and what that costs on the air;
//! against eager flooding and one spanning tree on the same graph and radio, and against designated relays where nobody
//! lies and everybody knows the graph: as well as it can be done by ours.
//!
//! Ours are whole nodes: the primary's player bets, and the last phone delivers. The baselines are the exchange alone: the
//! same messages in the same sizes, no status, no lists of what anybody has.

mod baseline;

use baseline::{Way, all_to_all, commit};
use bitcraps_core::craps::BetKind;
use bitcraps_core::node::{Command, Event};
use bitcraps_core::table::TableRules;
use bitcraps_core::wire::Kind;
use serde_json::{Value, json};

use crate::cli::SUPPORTED;
use crate::result::Percentiles;
use crate::scenario::{Topology, load};
use crate::sim::{Observation, Room, edges};

/// The sizes of tables that the goals are set for.
const SIZES: [u8; 4] = [4, 7, 10, 16];
const SEEDS: u64 = 30;
/// Bets of each seed; one more comes first, and with it everybody's part in the dice.
const BETS: usize = 3;
/// Between two bets: the room is quiet again by then.
const PAUSE_US: u64 = 3_000_000;

/// One commit: how long until it was everywhere, and what it took.
#[derive(Clone, Copy, Debug)]
struct Commit {
    took_us: u64,
    transmissions: u64,
    bytes: u64,
}

pub(super) fn run() -> Result<Value, String> {
    let sizes = SIZES.iter().map(|n| Ok((n.to_string(), measure(*n)?)));
    Ok(Value::Object(sizes.collect::<Result<_, String>>()?))
}

fn measure(n: u8) -> Result<Value, String> {
    let (mut formation, mut ours) = (Vec::new(), Vec::new());
    for seed in 1..=SEEDS {
        let (formed_us, commits) = room(n, seed)?;
        formation.push(formed_us / 1000);
        ours.extend(commits);
    }
    let of = |way: Way| -> Vec<Commit> {
        (1..=SEEDS)
            .flat_map(|seed| commit(n, seed, way, BETS))
            .collect()
    };
    let (flood, tree) = (of(Way::Flood), of(Way::Tree));
    let designated = of(Way::Designated);
    let all = |way: Way| -> u64 {
        let of_seed = |seed| all_to_all(n, seed, way, BETS);
        times(&(1..=SEEDS).flat_map(of_seed).collect::<Vec<_>>()).0
    };
    let (links, votes) = (edges(&Topology::Auto, n).len() as u64, 2 * u64::from(n));
    let (p50, p95) = times(&ours);
    Ok(json!({
        "formation_ms": Percentiles::of(formation).map(|times| times.p50),
        "commit_p50_ms": p50,
        "commit_p95_ms": p95,
        "transmissions": median(&ours, |commit| commit.transmissions),
        "bytes": median(&ours, |commit| commit.bytes),
        // Of one of the votes; over one of the links; of what one phone signed.
        "transmissions_per_vote": median(&ours, |commit| commit.transmissions / votes),
        "bytes_per_vote": median(&ours, |commit| commit.bytes / votes),
        "bytes_per_link": median(&ours, |commit| commit.bytes / links),
        "bytes_per_origin": median(&ours, |commit| commit.bytes / u64::from(n)),
        "flood_p50_ms": times(&flood).0,
        "flood_transmissions": median(&flood, |commit| commit.transmissions),
        "flood_bytes": median(&flood, |commit| commit.bytes),
        "tree_p50_ms": times(&tree).0,
        "tree_transmissions": median(&tree, |commit| commit.transmissions),
        "designated_p50_ms": times(&designated).0,
        // A hundred bytes from everybody to everybody at once.
        "all_to_all_p50_ms": all(Way::Designated),
        "all_to_all_flood_p50_ms": all(Way::Flood),
        "all_to_all_tree_p50_ms": all(Way::Tree),
        "designated_transmissions": median(&designated, |commit| commit.transmissions),
        // A request, a proposal, n − 1 prepares and n commits, each to n − 1 phones.
        "floor_transmissions": (votes + 1) * u64::from(n - 1),
    }))
}

fn times(commits: &[Commit]) -> (u64, u64) {
    let times = commits.iter().map(|commit| commit.took_us / 1000).collect();
    Percentiles::of(times).map_or((0, 0), |times| (times.p50, times.p95))
}

fn median(commits: &[Commit], of: impl Fn(&Commit) -> u64) -> u64 {
    Percentiles::of(commits.iter().map(of).collect()).map_or(0, |values| values.p50)
}

/// Forms a room and lets the primary's player bet a few times.
fn room(n: u8, seed: u64) -> Result<(u64, Vec<Commit>), String> {
    let text = format!("name = \"mesh\"\nplayers = {n}\n[radio]\nprofile = \"ideal\"\n");
    let mut scenario = load("mesh", &text, &SUPPORTED).map_err(|error| error.to_string())?;
    // Nobody plays but this benchmark.
    scenario.stop.rounds = 0;
    let mut room = Room::new(scenario, seed, TableRules::default())?;
    room.form().map_err(|error| error.0)?;
    let mut commits = Vec::new();
    for bet in 0..=BETS {
        let began_us = room.game_us();
        let before = (heard(&room), room.trace.air.bytes);
        let (kind, amount) = (BetKind::PassLine, 10);
        let primary = primary(&room);
        room.command(primary, Command::PlaceBet { kind, amount });
        let decided_us = until_everywhere(&mut room, primary, began_us + PAUSE_US)?;
        if bet > 0 {
            commits.push(Commit {
                took_us: decided_us - began_us,
                transmissions: heard(&room) - before.0,
                bytes: room.trace.air.bytes - before.1,
            });
        }
    }
    Ok((room.formation_us(), commits))
}

/// Whose turn it is to propose: links that came up late can have cost the first phone its view.
fn primary(room: &Room) -> usize {
    let views = room.phones.iter().map(|phone| phone.node.view().0);
    let (epoch, _) = room.phones[0].node.epoch();
    epoch.primary(views.max().unwrap_or(0)).index()
}

/// When the last phone delivered a player's request; then lets the time run to the pause's end, so that whatever
/// the phones send each other afterwards counts too.
fn until_everywhere(room: &mut Room, player: usize, end_us: u64) -> Result<u64, String> {
    let mut delivered = vec![None; room.phones.len()];
    while room.next_us().is_some_and(|next| next <= end_us) && room.step() {
        while let Some(observation) = room.take_observation() {
            if let Observation::Event {
                phone,
                event: Event::Delivered { batch, .. },
            } = observation
                && batch
                    .iter()
                    .any(|request| request.player().index() == player)
            {
                delivered[phone].get_or_insert_with(|| room.game_us());
            }
        }
    }
    let all: Option<Vec<u64>> = delivered.into_iter().collect();
    all.and_then(|all| all.into_iter().max())
        .ok_or_else(|| "a bet was not delivered everywhere within the pause".to_owned())
}

/// Copies of requests, proposals, votes and certificates that arrived anywhere.
fn heard(room: &Room) -> u64 {
    const COUNTED: [Kind; 6] = [
        Kind::Request,
        Kind::PrePrepare,
        Kind::Prepare,
        Kind::Commit,
        Kind::Decided,
        Kind::Slots,
    ];
    let of = |kind: &Kind| {
        let phones = room.phones.iter();
        phones
            .filter_map(|phone| phone.node.stats().heard.get(kind))
            .sum::<u64>()
    };
    COUNTED.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_sends_the_least_and_takes_the_longest_and_flooding_sends_the_most() {
        let of = |way| commit(10, 1, way, 2);
        let (flood, tree) = (of(Way::Flood), of(Way::Tree));
        // The request travels with the proposal here: one of those, 9 prepares, 10 commits.
        let floor = 20 * 9;
        for (flood, tree) in flood.iter().zip(&tree) {
            assert_eq!(
                tree.transmissions, floor,
                "every message crosses every edge once"
            );
            assert!(flood.transmissions > tree.transmissions);
            assert!(tree.took_us > 60_000);
        }
    }

    #[test]
    fn everybody_hears_everybody_and_soonest_over_two_ways() {
        let of = |way| all_to_all(10, 1, way, 2);
        let (two, flood, tree) = (of(Way::Designated), of(Way::Flood), of(Way::Tree));
        for ((two, flood), tree) in two.iter().zip(&flood).zip(&tree) {
            assert_eq!(tree.transmissions, 10 * 9, "each to each other once");
            assert!(two.took_us > 0 && two.transmissions < flood.transmissions);
            assert!(two.took_us < tree.took_us);
        }
    }
}
