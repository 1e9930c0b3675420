//! One run: from a scenario and a seed to a result.

use std::collections::BTreeMap;
use std::time::Instant as WallClock;

use bitcraps_core::node::{Event, Stats};
use bitcraps_core::table::TableRules;
use bitcraps_core::wire::Kind;

use crate::checkers::{Checkers, Status};
use crate::random::Stream;
use crate::result::{Percentiles, PropertyResult, RunOutcome, RunResult};
use crate::scenario::Scenario;
use crate::sim::trace::hex;
use crate::sim::{FormationError, Observation, Room};

/// How long the healed core gets in the liveness phase.
const LIVENESS_US: u64 = 900_000_000;

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// The contract's object.
    pub result: RunResult,
    /// Who has how many chips, on the honest phone that came furthest.
    pub balances: Balances,
    /// Milliseconds between the last decision of an honest phone and the end.
    pub undecided_ms: u64,
}

/// The chips at the end of a run as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Balances {
    /// For each seat: stack, chips on the layout, and whether the scenario makes it lie.
    pub seats: Vec<(u64, u64, bool)>,
    /// The bank.
    pub bank: u64,
    /// What each seat, and the bank, started with.
    pub started: (u64, u64),
}

impl Balances {
    fn of(room: &Room, shown: usize) -> Self {
        let table = room.phones[shown].node.table();
        let (rules, ledger) = (&table.genesis().rules, table.ledger());
        let seats = table
            .genesis()
            .roster
            .seats()
            .zip(&room.phones)
            .map(|(seat, phone)| {
                let (stack, escrow) = (ledger.stack(seat), ledger.escrow(seat));
                (stack.unwrap_or(0), escrow.unwrap_or(0), !phone.is_honest())
            });
        Self {
            seats: seats.collect(),
            bank: ledger.bank(),
            started: (rules.buy_in, rules.bank),
        }
    }
}

/// Runs a scenario to its end. `watch` sees everything that happens, in order.
///
/// # Errors
/// In one line why the room could not even begin; that is the rig's or the scenario's fault.
pub fn run(
    scenario: &Scenario,
    seed: u64,
    watch: &mut dyn FnMut(&Room, &Observation),
) -> Result<Finished, String> {
    let began = WallClock::now();
    let mut room = Room::new(scenario.clone(), seed, TableRules::default())?;
    let mut checkers = Checkers::new(&room.phones);
    room.form().map_err(|FormationError(problem)| problem)?;
    let end_us = scenario.stop.at_ms.saturating_mul(1000);
    let rounds = u64::from(scenario.stop.rounds);
    let everybody: Vec<usize> = (0..room.phones.len()).collect();
    let mut decided_us = 0;
    let mut watch = |room: &Room, observation: &Observation| {
        if let Observation::Event {
            phone,
            event: Event::Delivered { .. },
        } = observation
            && room.phones[*phone].is_honest()
        {
            decided_us = room.game_us();
        }
        watch(room, observation);
    };
    let reached = play(
        &mut room,
        &mut checkers,
        &mut watch,
        end_us,
        &everybody,
        rounds,
    );
    let undecided_ms = (room.game_us() - decided_us) / 1000;
    let mut result = measure(scenario, seed, &room);
    rates(&mut result, &room, began.elapsed());
    let shown = furthest(&room);
    checkers.finish(&room);
    let balances = Balances::of(&room, shown);
    if reached {
        checkers.liveness.check(true, String::new);
    } else {
        liveness(scenario, seed, &mut room, &mut checkers);
    }
    for (name, property) in checkers.properties() {
        result
            .properties
            .insert(name, PropertyResult::from(&property));
    }
    let broken = result
        .properties
        .values()
        .any(|p| p.status == Status::Violated);
    result.outcome = match (broken, reached) {
        (true, _) => RunOutcome::Violated,
        (false, true) => RunOutcome::Reached,
        (false, false) => RunOutcome::Stalled,
    };
    Ok(Finished {
        result,
        balances,
        undecided_ms,
    })
}

/// Steps until all of `phones` that must finish have settled `rounds` rolls, or the time is up.
fn play(
    room: &mut Room,
    checkers: &mut Checkers,
    watch: &mut dyn FnMut(&Room, &Observation),
    end_us: u64,
    phones: &[usize],
    rounds: u64,
) -> bool {
    loop {
        while let Some(observation) = room.take_observation() {
            checkers.observe(room, &observation);
            watch(room, &observation);
        }
        let mut working = phones
            .iter()
            .filter(|p| room.phones[**p].must_finish())
            .peekable();
        let anybody = working.peek().is_some();
        if anybody && working.all(|phone| room.phones[*phone].node.table().rolls() >= rounds) {
            return true;
        }
        if room.next_us().is_none_or(|next| next > end_us) || !room.step() {
            return false;
        }
    }
}

/// The liveness phase: faults end, a random quorum lives on, everybody else stays dead; the core must play on.
/// Without q phones that can be revived and that hear each other there is nothing to find out.
fn liveness(scenario: &Scenario, seed: u64, room: &mut Room, checkers: &mut Checkers) {
    let mut stream = Stream::new(seed, "liveness", 0);
    let Some(core) = draw_core(room, usize::from(scenario.quorum()), &mut stream) else {
        return;
    };
    room.heal(&core);
    let wanted = 1 + core
        .iter()
        .map(|p| room.phones[*p].node.table().rolls())
        .max()
        .unwrap_or(0);
    let end_us = room.game_us() + LIVENESS_US;
    let went_on = play(room, checkers, &mut |_, _| {}, end_us, &core, wanted);
    checkers.liveness.check(went_on, || {
        format!("phones {core:?}, a quorum, healed and joined, did not settle roll {wanted}")
    });
    checkers.finish(room);
}

/// A random quorum of phones that are not switched off, each in range of another of them.
fn draw_core(room: &Room, quorum: usize, stream: &mut Stream) -> Option<Vec<usize>> {
    let mut starts: Vec<usize> = (0..room.phones.len())
        .filter(|phone| !room.phones[*phone].crashed)
        .collect();
    while !starts.is_empty() {
        let start = starts.swap_remove(draw(stream, starts.len()));
        let mut core = vec![start];
        while core.len() < quorum {
            let in_range = |phone: &usize| {
                !room.phones[*phone].crashed
                    && !core.contains(phone)
                    && core.iter().any(|member| room.are_in_range(*member, *phone))
            };
            let next: Vec<usize> = (0..room.phones.len()).filter(in_range).collect();
            if next.is_empty() {
                break;
            }
            core.push(next[draw(stream, next.len())]);
        }
        if core.len() == quorum {
            core.sort_unstable();
            return Some(core);
        }
    }
    None
}

fn draw(stream: &mut Stream, count: usize) -> usize {
    usize::try_from(stream.below(count as u64)).unwrap_or(0)
}

/// The honest phone that delivered most; the lowest-numbered of several.
fn furthest(room: &Room) -> usize {
    let rank = |phone: &usize| {
        let state = &room.phones[*phone];
        (
            state.is_honest(),
            state.node.delivered().0,
            usize::MAX - phone,
        )
    };
    (0..room.phones.len()).max_by_key(rank).unwrap_or(0)
}

fn seconds(micros: impl TryInto<u64>) -> f64 {
    let micros: u64 = micros.try_into().unwrap_or(u64::MAX);
    std::time::Duration::from_micros(micros).as_secs_f64()
}

/// What the run was, as far as it can be counted at its end.
fn measure(scenario: &Scenario, seed: u64, room: &Room) -> RunResult {
    let honest = || room.phones.iter().filter(|phone| phone.is_honest());
    let origin = |kinds: &[Kind]| -> u64 {
        let of = |stats: &Stats| -> u64 {
            kinds
                .iter()
                .filter_map(|kind| stats.origin.get(kind))
                .map(|(_, bytes)| bytes)
                .sum()
        };
        honest().map(|phone| of(phone.node.stats())).sum()
    };
    let shown = &room.phones[furthest(room)];
    let decisions = shown.node.delivered().0;
    let per_decision = |total: u64| total.checked_div(decisions).unwrap_or(0);
    RunResult {
        scenario: scenario.name.clone(),
        seed,
        players: scenario.players,
        f: scenario.faulty_max(),
        quorum: scenario.quorum(),
        outcome: RunOutcome::Stalled,
        properties: BTreeMap::new(),
        rolls: shown.node.table().rolls(),
        decisions,
        view_changes: honest().map(|phone| phone.node.view().0).max().unwrap_or(0),
        evicted: Vec::new(),
        evidence: Vec::new(),
        decide_ms: Percentiles::of(honest().flat_map(|p| p.player.decide_ms.clone()).collect()),
        roll_ms: Percentiles::of(honest().flat_map(|p| p.player.roll_ms.clone()).collect()),
        origin_bytes_per_decision: per_decision(origin(&[
            Kind::PrePrepare,
            Kind::Prepare,
            Kind::Commit,
        ])),
        request_bytes_per_decision: per_decision(origin(&[Kind::Request])),
        link_bytes_per_decision: per_decision(room.trace.air.bytes),
        frames_per_decision: per_decision(room.trace.air.frames),
        virtual_seconds: seconds(room.game_us()),
        wall_seconds: 0.0,
        phone_seconds_per_second: 0.0,
        decisions_per_second: 0.0,
        trace_hash: room.trace.hash(),
        state_digest: hex(&shown.node.table().digest().0),
    }
}

/// How fast the room was simulated, formation included.
#[expect(
    clippy::float_arithmetic,
    reason = "rates for people; nothing in the run depends on them"
)]
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a run are far below 2^52"
)]
fn rates(result: &mut RunResult, room: &Room, wall: std::time::Duration) {
    let virtual_seconds = result.virtual_seconds + seconds(room.formation_us());
    let wall = wall.as_secs_f64().max(1e-9);
    result.wall_seconds = wall;
    result.phone_seconds_per_second = f64::from(result.players) * virtual_seconds / wall;
    result.decisions_per_second = result.decisions as f64 / wall;
}
