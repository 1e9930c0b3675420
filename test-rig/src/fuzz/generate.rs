//! A random room, as the TOML text of a scenario: whatever fails can be run again by anybody who has the text.

use std::fmt::Write;

use crate::byzantine::BUILT;
use crate::random::Stream;
use crate::scenario::{Behaviour, FaultKind, Profile, Supported};

/// Small tables are cheap and lie as well as big ones; each number stands as often as it is drawn.
const PLAYERS: [u8; 32] = [
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 6, 6, 7, 7, 7, 7, 8, 9, 9, 10, 10, 11, 12, 13, 14, 16,
    18, 2, 3,
];
const TOPOLOGIES: [&str; 6] = ["auto", "auto", "auto", "full", "ring", "line"];
const MTUS: [u64; 6] = [23, 27, 64, 185, 247, 517];
/// From here on a run with tiny chunks or many rolls takes longer than it teaches.
const BIG: u8 = 8;

/// The scenario of a seed. At most f phones lie or lose what they had written down; crashes and partitions may stop the table for a while or for good.
pub(super) fn generate(seed: u64, supported: &Supported<'_>) -> String {
    let mut draw = Stream::new(seed, "fuzz", 0);
    let players = PLAYERS[draw.index(PLAYERS.len())];
    let rounds = draw.between(1, if players < BIG { 4 } else { 2 });
    let at = draw.between(15, 60);
    let mut text = format!(
        "name    = \"fuzz-{seed}\"\nplayers = {players}\nseed    = {seed}\n\
         stop    = {{ rounds = {rounds}, at = \"{at}s\" }}\n"
    );
    radio(&mut draw, players, &mut text);
    let liars = liars(&mut draw, players, at * 1000, supported, &mut text);
    // Whoever comes back without all of its journal counts among the f as well.
    let mut spare = usize::from((players - 1) / 3) - liars;
    for _ in 0..draw.below(4) {
        fault(
            &mut draw,
            players,
            at * 1000,
            supported,
            &mut spare,
            &mut text,
        );
    }
    if draw.below(3) == 0 {
        let (min, max) = (draw.below(3), draw.between(3, 6));
        let think = draw.below(1500);
        put(
            &mut text,
            format_args!(
                "\n[workload]\nbets_per_round = {{ min = {min}, max = {max} }}\nthink = \"{think}ms\"\n"
            ),
        );
    }
    text
}

fn radio(draw: &mut Stream, players: u8, text: &mut String) {
    let profile = Profile::ALL[draw.index(Profile::ALL.len())];
    put(text, format_args!("\n[radio]\nprofile = \"{profile}\"\n"));
    let topology = TOPOLOGIES[draw.index(TOPOLOGIES.len())];
    put(text, format_args!("topology = \"{topology}\"\n"));
    if draw.below(3) == 0 {
        let least = if players < BIG { 0 } else { 2 };
        let mtu = match draw.below(2) {
            0 => MTUS[least + draw.index(MTUS.len() - least)],
            _ => draw.between(MTUS[least], 517),
        };
        put(text, format_args!("mtu = {mtu}\n"));
    }
    if draw.below(3) == 0 {
        put(text, format_args!("loss = 0.{:02}\n", draw.below(25)));
    }
    if draw.below(6) == 0 && players > 2 {
        let a = draw.below(u64::from(players) - 1);
        let b = draw.between(a + 1, u64::from(players) - 1);
        let loss = draw.between(20, 80);
        put(
            text,
            format_args!("\n[[radio.link]]\nbetween = [{a}, {b}]\nloss = 0.{loss}\n"),
        );
    }
}

/// Gives how many there are.
fn liars(
    draw: &mut Stream,
    players: u8,
    end_ms: u64,
    supported: &Supported<'_>,
    text: &mut String,
) -> usize {
    let built = |kind: &&Behaviour| supported.behaviours.contains(kind);
    let kinds = BUILT.iter().filter(|kind| **kind != Behaviour::Random);
    let kinds: Vec<Behaviour> = kinds
        .filter(built)
        .flat_map(|kind| vec![*kind; often(*kind)])
        .collect();
    let count = usize::try_from(draw.below(u64::from((players - 1) / 3) + 1)).unwrap_or(0);
    let mut seats: Vec<u8> = (0..players).collect();
    // What the first primary does wrong is always seen, and what the second does once the first is left; others have to
    // wait for their view.
    let first = match draw.below(4) {
        0 | 1 => Some(seats.swap_remove(0)),
        2 => Some(seats.swap_remove(1)),
        _ => None,
    };
    let drawn: Vec<u8> = (0..count)
        .map(|_| seats.swap_remove(draw.index(seats.len())))
        .collect();
    let liars: Vec<u8> = first.into_iter().chain(drawn).take(count).collect();
    // Half of the time all lie in the same way, and plotters know each other.
    let shared = (draw.below(2) == 0).then(|| kinds[draw.index(kinds.len())]);
    for player in &liars {
        let kind = shared.unwrap_or_else(|| kinds[draw.index(kinds.len())]);
        put(
            text,
            format_args!("\n[[byzantine]]\nplayer = {player}\nbehaviour = \"{kind}\"\n"),
        );
        if matches!(kind, Behaviour::Colluder | Behaviour::Peeker) {
            let others: Vec<u8> = liars
                .iter()
                .filter(|other| *other != player)
                .copied()
                .collect();
            if !others.is_empty() {
                put(text, format_args!("with = {others:?}\n"));
            }
        }
        if draw.below(3) == 0 {
            period(draw, end_ms, text);
        }
    }
    count
}

/// How often a lie is drawn: those that could fork a table are what a campaign looks for most.
const fn often(kind: Behaviour) -> usize {
    match kind {
        Behaviour::Equivocator | Behaviour::Colluder | Behaviour::Twin | Behaviour::Amnesiac => 3,
        Behaviour::BadStateTransfer => 2,
        _ => 1,
    }
}

/// What a crash does to a disk, beside nothing: first what only costs what nobody was told of.
const DISKS: [&str; 6] = [
    "torn-write",
    "lost-sync",
    "torn-write",
    "bit-flip",
    "lost",
    "rollback",
];
const HARMLESS: usize = 3;

fn fault(
    draw: &mut Stream,
    players: u8,
    end_ms: u64,
    supported: &Supported<'_>,
    spare: &mut usize,
    text: &mut String,
) {
    const KINDS: [FaultKind; 7] = [
        FaultKind::Crash,
        FaultKind::Crash,
        FaultKind::Partition,
        FaultKind::Loss,
        FaultKind::Clock,
        FaultKind::Disk,
        FaultKind::Suspend,
    ];
    let kinds: Vec<FaultKind> = KINDS
        .into_iter()
        .filter(|kind| supported.faults.contains(kind))
        .collect();
    let kind = kinds[draw.index(kinds.len())];
    put(text, format_args!("\n[[fault]]\nkind = \"{kind}\"\n"));
    // Half of those who are struck lead one of the first views: that is what moves a table to another.
    let player = match draw.below(4) {
        0 => 0,
        1 => draw.below(u64::from(players).min(3)),
        _ => draw.below(u64::from(players)),
    };
    match kind {
        FaultKind::Crash => {
            put(text, format_args!("player = {player}\n"));
            let drawn = draw.index(DISKS.len() + 3);
            let usable = drawn < HARMLESS || *spare > 0;
            if let Some(mode) = DISKS.get(drawn).filter(|_| usable) {
                *spare -= usize::from(drawn >= HARMLESS);
                put(text, format_args!("disk = \"{mode}\"\n"));
            } else if draw.below(4) == 0 {
                return put(text, format_args!("from = \"{}ms\"\n", draw.below(end_ms)));
            }
        }
        FaultKind::Partition => {
            // One seat and everybody above it, and sometimes a part in between.
            let cut = draw.between(1, u64::from(players) - 1);
            let upper = draw.between(cut, u64::from(players) - 1);
            let list = |from, to| {
                (from..to)
                    .map(|p: u64| p.to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let (low, high) = (list(0, cut), list(upper, u64::from(players)));
            put(text, format_args!("groups = [[{low}], [{high}]]\n"));
            if draw.below(4) == 0 {
                put(text, format_args!("one_way = true\n"));
            }
        }
        FaultKind::Clock => {
            let sign = ["", "-"][draw.index(2)];
            let (drift, jump) = (draw.below(200_000), draw.below(20_000));
            let lines = format_args!(
                "player = {player}\ndrift_ppm = {sign}{drift}\njump = \"{sign}{jump}ms\"\n"
            );
            put(text, lines);
        }
        FaultKind::Disk => {
            let mode = ["slow-sync", "slow-sync", "full"][draw.index(3)];
            put(text, format_args!("player = {player}\ndisk = \"{mode}\"\n"));
        }
        FaultKind::Suspend => put(text, format_args!("player = {player}\n")),
        _ => put(text, format_args!("loss = 0.{}\n", draw.between(10, 95))),
    }
    period(draw, end_ms, text);
}

/// A while within the first two thirds of the run, so that there is time to recover.
fn period(draw: &mut Stream, end_ms: u64, text: &mut String) {
    let from = draw.below(end_ms / 3);
    let until = from + draw.between(200, end_ms / 3);
    put(
        text,
        format_args!("from = \"{from}ms\"\nuntil = \"{until}ms\"\n"),
    );
}

fn put(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words)
        .expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::SUPPORTED;
    use crate::scenario::load;

    #[test]
    fn every_seed_gives_a_scenario_that_can_be_loaded_with_at_most_f_liars() {
        let mut liars = 0;
        for seed in 0..2_000 {
            let text = generate(seed, &SUPPORTED);
            let scenario = load("fuzz", &text, &SUPPORTED)
                .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
            assert!(scenario.byzantine.len() <= usize::from(scenario.faulty_max()));
            assert_eq!(scenario.seed, Some(seed));
            liars += scenario.byzantine.len();
        }
        assert!(liars > 500, "{liars}");
    }

    #[test]
    fn every_size_behaviour_and_fault_is_drawn() {
        let texts: Vec<String> = (0..2_000).map(|seed| generate(seed, &SUPPORTED)).collect();
        let drawn = |word: &str| texts.iter().any(|text| text.contains(word));
        assert!(
            (2..=18_u8)
                .filter(|n| PLAYERS.contains(n))
                .all(|n| drawn(&format!("players = {n}\n")))
        );
        let concrete = BUILT.iter().filter(|kind| **kind != Behaviour::Random);
        concrete.for_each(|kind| assert!(drawn(&format!("\"{kind}\"")), "{kind}"));
        SUPPORTED
            .faults
            .iter()
            .for_each(|kind| assert!(drawn(&format!("\"{kind}\"")), "{kind}"));
    }
}
