//! One run: from a scenario and a seed to a result.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant as WallClock;

use bitcraps_core::consensus::Standing;
use bitcraps_core::crypto::{Seat, SeatSet};
use bitcraps_core::node::{Event, Node, Stats};
use bitcraps_core::table::{Gone, TableRules};
use bitcraps_core::wire::Kind;
use serde::{Deserialize, Serialize};

use crate::checkers::{Checkers, Status};
use crate::random::Stream;
use crate::result::{EvidenceResult, Percentiles, PropertyResult, RunOutcome, RunResult};
use crate::returns::Returns;
use crate::scenario::Scenario;
use crate::sim::trace::hex;
use crate::sim::{FormationError, Observation, Room};

/// How long the healed core gets in the liveness phase.
const LIVENESS_US: u64 = 900_000_000;

/// How often, in events, the phones' bounded structures are looked at beside every decision.
const SAMPLE_STEPS: u64 = 1024;

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// The contract's object.
    pub result: RunResult,
    /// Who has how many chips, on the honest phone that came furthest.
    pub balances: Balances,
    /// What the lowest-numbered honest phone exports, as of the end of the run as written.
    pub history: Vec<u8>,
    /// Milliseconds between the last decision of an honest phone and the end.
    pub undecided_ms: u64,
    /// Whether somebody ended it before its time.
    pub stopped: bool,
}

/// The chips at the end of a run as written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Balances {
    /// By seat.
    pub seats: Vec<SeatBalance>,
    /// The bank.
    pub bank: u64,
    /// What the bank started with.
    pub bank_start: u64,
}

/// The chips of one seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatBalance {
    /// What it bought in all.
    pub start: u64,
    /// What is on its stack.
    pub stack: u64,
    /// What is on the layout.
    pub layout: u64,
    /// Whether the scenario makes it lie.
    pub lies: bool,
}

impl SeatBalance {
    /// How far it is up, or below zero how far it is down.
    #[must_use]
    pub fn up(&self) -> i128 {
        i128::from(self.stack) + i128::from(self.layout) - i128::from(self.start)
    }
}

impl Balances {
    fn of(room: &Room, shown: usize) -> Self {
        let sheet = room.phones[shown].node.table().sheet(SeatSet::default());
        let lines = sheet.lines.iter().zip(&room.phones);
        let seats = lines.map(|(line, phone)| SeatBalance {
            start: line.start,
            stack: line.stack,
            layout: line.layout,
            lies: !phone.is_honest(),
        });
        Self {
            seats: seats.collect(),
            bank: sheet.bank,
            bank_start: sheet.bank_start,
        }
    }

    /// All chips that were issued, and all that are there.
    #[must_use]
    pub fn sums(&self) -> (u64, u64) {
        let issued = self.seats.iter().map(|seat| seat.start).sum::<u64>();
        let have = self.seats.iter().map(|seat| seat.stack + seat.layout);
        (self.bank_start + issued, self.bank + have.sum::<u64>())
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
    run_with(scenario, seed, Options::default(), watch)
}

/// How a run is made, beside what runs.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Whether `watch` also sees whole messages, links and timers. The run is the same.
    pub tapped: bool,
    /// Set from outside to end the run with what was found so far.
    pub stop: &'a AtomicBool,
}

/// Nobody stops it.
static NEVER: AtomicBool = AtomicBool::new(false);

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            tapped: false,
            stop: &NEVER,
        }
    }
}

/// [`run`], with a choice of how.
///
/// # Errors
/// As for [`run`].
pub fn run_with(
    scenario: &Scenario,
    seed: u64,
    options: Options<'_>,
    watch: &mut dyn FnMut(&Room, &Observation),
) -> Result<Finished, String> {
    let began = WallClock::now();
    let mut room = Room::new(scenario.clone(), seed, TableRules::default())?;
    if options.tapped {
        room.tap();
    }
    let mut checkers = Checkers::new(&room.phones);
    room.form().map_err(|FormationError(problem)| problem)?;
    let end_us = scenario.stop.at_ms.saturating_mul(1000);
    let rounds = u64::from(scenario.stop.rounds);
    let everybody: Vec<usize> = (0..room.phones.len()).collect();
    let mut decided_us = 0;
    let mut returns = Returns::new(scenario);
    let mut watch = |room: &Room, observation: &Observation| {
        if let Observation::Event {
            phone,
            event: Event::Delivered { .. },
        } = observation
            && room.phones[*phone].is_honest()
        {
            decided_us = room.game_us();
        }
        returns.observe(room, observation);
        watch(room, observation);
    };
    let reached = play(
        &mut room,
        &mut checkers,
        &mut watch,
        options.stop,
        end_us,
        &everybody,
        rounds,
    );
    let played = Played {
        reached,
        stopped: options.stop.load(Ordering::Relaxed),
        decided_us,
        wall: began.elapsed(),
    };
    let mut go_on = |room: &mut Room, checkers: &mut Checkers| {
        liveness(scenario, seed, (room, checkers), options.stop);
    };
    let mut finished = conclude(
        scenario,
        seed,
        &mut room,
        &mut checkers,
        &played,
        &mut go_on,
    );
    finished.result.returns = returns.finish();
    Ok(finished)
}

/// How far a run was played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Played {
    /// Whether everybody who had to finish did.
    pub(crate) reached: bool,
    /// Whether somebody ended it before its time.
    pub(crate) stopped: bool,
    /// When an honest phone last delivered something, in microseconds since the game began.
    pub(crate) decided_us: u64,
    /// How long it took here.
    pub(crate) wall: std::time::Duration,
}

/// What a run comes to. `go_on` looks for liveness in a room that is not done and may be played further.
pub(crate) fn conclude(
    scenario: &Scenario,
    seed: u64,
    room: &mut Room,
    checkers: &mut Checkers,
    played: &Played,
    go_on: &mut dyn FnMut(&mut Room, &mut Checkers),
) -> Finished {
    let undecided_ms = (room.game_us() - played.decided_us) / 1000;
    let mut result = measure(scenario, seed, room);
    rates(&mut result, room, played.wall);
    let shown = furthest(room);
    checkers.finish(room);
    let balances = Balances::of(room, shown);
    let lowest = room.phones.iter().find(|phone| phone.is_honest());
    let history = lowest.map_or_else(Vec::new, |phone| phone.node.export_history());
    // A halt is for good: there is nothing to go on with.
    let halted = checkers.has_halted();
    if played.reached {
        checkers.liveness.check(true, String::new);
    } else if !halted && !played.stopped {
        go_on(room, checkers);
    }
    let liars = room.phones.iter().filter(|phone| !phone.is_honest());
    let forks_allowed = liars.count() > usize::from(scenario.faulty_max());
    for (name, property) in checkers.properties(forks_allowed) {
        result
            .properties
            .insert(name, PropertyResult::from(&property));
    }
    let broken = result
        .properties
        .values()
        .any(|p| p.status == Status::Violated);
    result.outcome = match (broken, halted, played.reached) {
        (true, ..) => RunOutcome::Violated,
        (_, true, _) => RunOutcome::Halted,
        (_, _, true) => RunOutcome::Reached,
        _ => RunOutcome::Stalled,
    };
    Finished {
        result,
        balances,
        history,
        undecided_ms,
        stopped: played.stopped,
    }
}

/// Steps until all of `phones` that must finish have settled `rounds` rolls, or the time is up.
fn play(
    room: &mut Room,
    checkers: &mut Checkers,
    watch: &mut dyn FnMut(&Room, &Observation),
    stop: &AtomicBool,
    end_us: u64,
    phones: &[usize],
    rounds: u64,
) -> bool {
    let mut steps = 0_u64;
    loop {
        while let Some(observation) = room.take_observation() {
            checkers.observe(room, &observation);
            watch(room, &observation);
        }
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        // Whoever floods a phone need not let it decide anything.
        steps += 1;
        if steps.is_multiple_of(SAMPLE_STEPS) {
            checkers.sample(room);
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
/// Without q phones that can be revived and that hear each other there is nothing to find out, and it is not promised where
/// more than f phones are proven to have lied.
fn liveness(
    scenario: &Scenario,
    seed: u64,
    (room, checkers): (&mut Room, &mut Checkers),
    stop: &AtomicBool,
) {
    let mut stream = Stream::new(seed, "liveness", 0);
    let quorum = room.phones[furthest(room)].node.epoch().0.quorum.q;
    let Some(core) = draw_core(room, quorum, checkers.caught(), &mut stream) else {
        return;
    };
    room.heal(&core);
    let wanted = 1 + core
        .iter()
        .map(|p| room.phones[*p].node.table().rolls())
        .max()
        .unwrap_or(0);
    let end_us = room.game_us() + LIVENESS_US;
    let went_on = play(room, checkers, &mut |_, _| {}, stop, end_us, &core, wanted);
    if !went_on && stop.load(Ordering::Relaxed) {
        return;
    }
    // The halves of the table may hold prepared certificates of one view for two batches then, and stand still for good.
    let promised = checkers.caught().len() <= usize::from(scenario.faulty_max());
    if went_on || promised {
        checkers.liveness.check(went_on, || {
            let states = core.iter().map(|phone| standing(room, *phone));
            format!(
                "a healed and joined quorum did not settle roll {wanted}: {}",
                states.collect::<Vec<_>>().join(", ")
            )
        });
    }
    checkers.finish(room);
}

/// Where a phone stands, in short.
fn standing(room: &Room, phone: usize) -> String {
    let node = &room.phones[phone].node;
    let ((slot, _), (view, votes), dice) = (node.delivered(), node.view(), node.table().dice());
    let roll = dice.roll();
    let votes = if votes { "" } else { " left" };
    let closed = if dice.is_closed() { " closed" } else { "" };
    format!("phone {phone} at slot {slot} view {view}{votes} roll {roll}{closed}")
}

/// A random quorum of phones that are not switched off and may vote, each in range of another of them. Honest ones first: whoever
/// has lied is joined to what it once said, and is taken only where the honest ones alone are no quorum. Whoever was caught
/// is no help at all. One of them is honest: what becomes of those who have lied when they are among themselves is no matter.
fn draw_core(
    room: &Room,
    quorum: usize,
    caught: &BTreeSet<usize>,
    stream: &mut Stream,
) -> Option<Vec<usize>> {
    let honest = |phone: &usize| room.phones[*phone].is_honest();
    drawn_from(room, quorum, stream, &honest)
        .or_else(|| drawn_from(room, quorum, stream, &|phone| !caught.contains(phone)))
}

fn drawn_from(
    room: &Room,
    quorum: usize,
    stream: &mut Stream,
    may: &dyn Fn(&usize) -> bool,
) -> Option<Vec<usize>> {
    let votes = |phone: &usize| room.phones[*phone].node.standing() != Standing::Observing;
    let usable = |phone: &usize| !room.phones[*phone].crashed && votes(phone) && may(phone);
    let begins = |phone: &usize| usable(phone) && room.phones[*phone].is_honest();
    let mut starts: Vec<usize> = (0..room.phones.len()).filter(begins).collect();
    while !starts.is_empty() {
        let start = starts.swap_remove(stream.index(starts.len()));
        let mut core = vec![start];
        while core.len() < quorum {
            let in_range = |phone: &usize| {
                usable(phone)
                    && !core.contains(phone)
                    && core.iter().any(|member| room.are_in_range(*member, *phone))
            };
            let next: Vec<usize> = (0..room.phones.len()).filter(in_range).collect();
            if next.is_empty() {
                break;
            }
            core.push(next[stream.index(next.len())]);
        }
        if core.len() == quorum {
            core.sort_unstable();
            return Some(core);
        }
    }
    None
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

/// Who was proven to have lied and has no vote any more.
fn evicted(node: &Node) -> Vec<u8> {
    let (epoch, _) = node.epoch();
    let voteless = |found: &EvidenceResult| epoch.roster.key(Seat(found.player)).is_none();
    let found = evidence(node).into_iter().filter(voteless);
    found.map(|found| found.player).collect()
}

/// Who was proven to have lied, and how.
fn evidence(node: &Node) -> Vec<EvidenceResult> {
    let seats = node.table().genesis().roster.seats();
    let found = seats.filter_map(|seat| match node.table().gone(seat) {
        Some(Gone::Convicted(lie)) => Some(EvidenceResult {
            kind: lie.name().to_owned(),
            player: seat.0,
        }),
        _ => None,
    });
    found.collect()
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
    let slots = shown.node.delivered().0;
    // Those that made the first key were before the game.
    let decisions = slots.saturating_sub(room.formation_slots());
    let per_decision = |total: u64| total.checked_div(slots).unwrap_or(0);
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
        view_changes: honest()
            .map(|phone| phone.node.stats().views_entered)
            .max()
            .unwrap_or(0),
        evicted: evicted(&shown.node),
        evidence: evidence(&shown.node),
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
        // The last connection event may lie a little beyond the end.
        virtual_seconds: seconds(room.game_us().min(scenario.stop.at_ms.saturating_mul(1000))),
        wall_seconds: 0.0,
        phone_seconds_per_second: 0.0,
        decisions_per_second: 0.0,
        trace_hash: room.trace.hash(),
        state_digest: hex(&shown.node.table().digest().0),
        returns: Vec::new(),
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
