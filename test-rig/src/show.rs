//! What a person sees: every roll as it falls, then who is up and who is down, then what was checked.

use std::io::Write;

use bitcraps_core::craps::{Line, LineResult};
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Event;
use bitcraps_core::table::{Outcome, ROLLS_PER_KEY, RollResult};

use crate::caught;
use crate::checkers::Status;
use crate::result::{Percentiles, RunOutcome, RunResult};
use crate::returns::Return;
use crate::run::{Balances, Finished, SeatBalance};
use crate::scenario::Scenario;
use crate::sim::{Observation, Room};
use crate::trace::writer::epoch_record;

/// A table that decided nothing for this long at its end has stalled; otherwise only the time ran out.
const UNDECIDED_MS: u64 = 10_000;

/// Prints to one place and forgives a reader that has gone away.
pub struct Printer<'a> {
    out: &'a mut dyn Write,
    /// The phone whose view of the table is printed.
    phone: Option<usize>,
    /// Who votes, by what that phone was told last.
    members: Option<Vec<Seat>>,
    /// The scenario as the user named it, for the command that makes the run again.
    scenario: &'a str,
    /// If it is a bed: in what time it is played.
    bed_time: Option<&'static str>,
}

impl<'a> Printer<'a> {
    /// A printer that follows the lowest-numbered honest phone.
    pub fn new(out: &'a mut dyn Write, scenario: &'a str) -> Self {
        Self {
            out,
            phone: None,
            members: None,
            scenario,
            bed_time: None,
        }
    }

    /// A printer of a bed, on the air or in memory.
    pub fn of_bed(out: &'a mut dyn Write, bed: &'a str, on_air: bool) -> Self {
        Self {
            bed_time: Some(if on_air { "real" } else { "virtual" }),
            ..Self::new(out, bed)
        }
    }

    fn line(&mut self, line: &str) {
        // A closed pipe ends the reader's interest, not the run.
        let _ = writeln!(self.out, "{line}");
    }

    /// What is about to be run.
    pub fn header(&mut self, scenario: &Scenario, seed: u64) {
        let (n, f, q) = (scenario.players, scenario.faulty_max(), scenario.quorum());
        self.line(&format!("{}: {}", scenario.name, scenario.summary));
        let radio = match self.bed_time {
            Some(time) => format!("in {time} time"),
            None => format!("radio {}", scenario.radio.profile),
        };
        self.line(&format!(
            "{n} phones, up to {f} may lie, {q} decide · {radio} · {} rolls or {} s · seed {seed}",
            scenario.stop.rounds,
            scenario.stop.at_ms / 1000,
        ));
        self.line(&format!(
            "dice: a threshold coin, any {q} phones throw it, and it is re-keyed every {ROLLS_PER_KEY} rolls"
        ));
        self.line("");
    }

    /// One thing that happened.
    pub fn observe(&mut self, room: &Room, observation: &Observation) {
        let Observation::Event { phone, event } = observation else {
            return;
        };
        let first = || {
            room.phones
                .iter()
                .position(|phone| phone.is_honest())
                .unwrap_or(0)
        };
        if *self.phone.get_or_insert_with(first) != *phone {
            return;
        }
        let at = seconds_text(room.game_us());
        let genesis = room.phones[*phone].node.table().genesis();
        let members = self
            .members
            .get_or_insert_with(|| genesis.roster.seats().collect());
        let record = |epoch| epoch_record(room, *phone, epoch);
        for line in caught::lines(event, members, &record) {
            self.line(&format!("{at}  {line}"));
        }
        match event {
            Event::Happened {
                outcome: Outcome::Rolled(roll),
                ..
            } => {
                self.line(&format!("{at}  {}", roll_text(roll)));
            }
            Event::ViewLeft { target } => {
                self.line(&format!(
                    "{at}  phone {phone} gives up on the primary and moves to view {target}"
                ));
            }
            Event::ViewChanged { view, primary } => {
                self.line(&format!("{at}  view {view} begins, primary {primary}"));
            }
            Event::Stalled { silent } => {
                let who = if silent.is_empty() {
                    "everybody is heard, but no quorum agrees".to_owned()
                } else {
                    let seats: Vec<String> = silent.iter().map(Seat::to_string).collect();
                    format!("nothing heard from {}", seats.join(", "))
                };
                self.line(&format!("{at}  stalled: nothing decided for 10 s; {who}"));
            }
            Event::Resumed => self.line(&format!("{at}  decisions go on")),
            _ => {}
        }
    }

    /// Verdict, balances, properties, summary.
    pub fn footer(&mut self, finished: &Finished, expectations: &[String]) {
        let result = &finished.result;
        self.line("");
        self.verdict(finished);
        for problem in expectations {
            self.line(&format!("not as expected: {problem}"));
        }
        self.line("");
        self.balances(&finished.balances);
        self.line("");
        self.properties(result);
        self.line("");
        self.summary(result);
    }

    fn verdict(&mut self, finished: &Finished) {
        let result = &finished.result;
        let again = self.again(result.seed);
        match result.outcome {
            RunOutcome::Reached => {
                self.line(&format!(
                    "reached: {} rolls settled on every honest phone",
                    result.rolls
                ));
            }
            RunOutcome::Stalled => {
                self.line(&format!("STALLED seed={}  {again}", result.seed));
                let rolls = result.rolls;
                let (q, n) = (result.quorum, result.players);
                self.line(&if finished.undecided_ms >= UNDECIDED_MS {
                    let seconds = finished.undecided_ms / 1000;
                    format!(
                        "stalled after {rolls} rolls: nothing decided in the last {seconds} s; \
                         {q} of {n} phones must answer"
                    )
                } else {
                    format!("the time ran out after {rolls} rolls; decisions were still being made")
                });
            }
            RunOutcome::Halted => self.line(&format!("HALTED seed={}  {again}", result.seed)),
            RunOutcome::Violated => self.line(&format!("SAFETY seed={}  {again}", result.seed)),
        }
        caught::summary(result).for_each(|line| self.line(&line));
        for (name, property) in &result.properties {
            if let Some(violation) = &property.violation {
                self.line(&format!("  {name}: {violation}"));
            }
        }
    }

    fn balances(&mut self, balances: &Balances) {
        self.line("seat      start      stack   on layout        net");
        for (seat, balance) in balances.seats.iter().enumerate() {
            let SeatBalance {
                start,
                stack,
                layout,
                lies,
            } = balance;
            let (net, note) = (balance.up(), if *lies { "  lies" } else { "" });
            self.line(&format!(
                "{seat:>4} {start:>10} {stack:>10} {layout:>11} {net:>+10}{note}"
            ));
        }
        let (bank_start, bank) = (balances.bank_start, balances.bank);
        let net = i128::from(bank) - i128::from(bank_start);
        self.line(&format!(
            "bank {bank_start:>10} {bank:>10} {:>11} {net:>+10}",
            ""
        ));
        let (issued, sum) = balances.sums();
        let adds_up = if sum == issued {
            "adds up"
        } else {
            "DOES NOT ADD UP"
        };
        self.line(&format!("all  {issued:>10} {sum:>10}   {adds_up}"));
    }

    fn properties(&mut self, result: &RunResult) {
        for (name, property) in &result.properties {
            let status = match property.status {
                Status::Held => "held",
                Status::Violated => "VIOLATED",
                Status::Unknown => "unknown",
            };
            let checked = property.checked;
            self.line(&format!(
                "{name:<18} {status:<9} checked {checked:>7} times"
            ));
        }
    }

    fn summary(&mut self, result: &RunResult) {
        let time = self.bed_time.unwrap_or("virtual");
        self.line(&format!(
            "{} rolls, {} decisions, {} view changes in {:.1} s of {time} time",
            result.rolls, result.decisions, result.view_changes, result.virtual_seconds
        ));
        self.line(&percentiles_text("a bet lands", result.decide_ms));
        self.line(&percentiles_text("a roll settles", result.roll_ms));
        for Return { player, after, ms } in &result.returns {
            let back = match ms {
                Some(ms) => format!("is back in the game {ms} ms after its {after}"),
                None => format!("is not back in the game after its {after}"),
            };
            self.line(&format!("phone {player} {back}"));
        }
        self.line(&format!(
            "per decision: {} B of proposals and votes, {} B of requests made; {} B in {} chunks on the air",
            result.origin_bytes_per_decision,
            result.request_bytes_per_decision,
            result.link_bytes_per_decision,
            result.frames_per_decision
        ));
        if self.bed_time.is_some() {
            return self.line(&format!("again: {}", self.again(result.seed)));
        }
        self.line(&format!(
            "simulated {:.0} phone-seconds per second, {:.0} decisions per second, in {:.2} s",
            result.phone_seconds_per_second, result.decisions_per_second, result.wall_seconds
        ));
        self.line(&format!("trace {}", result.trace_hash));
        self.line(&format!("again: {}", self.again(result.seed)));
    }

    fn again(&self, seed: u64) -> String {
        let command = again(self.scenario, seed);
        match self.bed_time {
            Some(_) => command.replacen("rig run", "rig ble run", 1),
            None => command,
        }
    }
}

/// The command that makes a run again, to paste into a shell.
#[must_use]
pub fn again(scenario: &str, seed: u64) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !scenario.is_empty() && scenario.chars().all(plain) {
        format!("rig run {scenario} --seed {seed}")
    } else {
        format!(
            "rig run '{}' --seed {seed}",
            scenario.replace('\'', r"'\''")
        )
    }
}

fn seconds_text(us: u64) -> String {
    format!("{:>4}.{:03} s", us / 1_000_000, us / 1000 % 1000)
}

fn percentiles_text(what: &str, percentiles: Option<Percentiles>) -> String {
    match percentiles {
        Some(p) => {
            format!(
                "{what} in {} ms (p95 {}, p99 {}, max {})",
                p.p50, p.p95, p.p99, p.max
            )
        }
        None => format!("{what}: never"),
    }
}

/// One roll in one line: dice, what it meant, who won and who lost how much.
fn roll_text(roll: &RollResult) -> String {
    let settlement = &roll.settlement;
    let dice = settlement.roll;
    let meaning = match (
        settlement.seven_out,
        settlement.point_made,
        roll.phase.point(),
    ) {
        (true, _, _) => "seven-out, the dice move on".to_owned(),
        (_, true, _) => "point made".to_owned(),
        (_, _, Some(point)) if settlement.phase_before.point().is_none() => {
            format!("the point is {point}")
        }
        (_, _, Some(point)) => format!("still {point}"),
        (_, _, None) => match dice.total() {
            7 | 11 => "natural".to_owned(),
            _ => "craps".to_owned(),
        },
    };
    let shooter = roll
        .shooter
        .map_or_else(|| "nobody".to_owned(), |seat| seat.to_string());
    format!(
        "roll {:>3}  shooter {shooter:>2}  {}+{} = {:>2}  {meaning:<28} {}",
        roll.roll,
        dice.first(),
        dice.second(),
        dice.total(),
        moves_text(&settlement.lines)
    )
}

/// What each seat won or lost, seat by seat: `0 +10 −5 · 2 +14`.
fn moves_text(lines: &[Line]) -> String {
    let mut seats: Vec<(Seat, u64, u64)> = Vec::new();
    for line in lines {
        let (won, lost) = match line.result {
            LineResult::Win { profit, .. } => (profit, 0),
            LineResult::Lose => (0, line.stake),
            LineResult::Push | LineResult::Returned | LineResult::Travels { .. } => continue,
        };
        match seats.iter_mut().find(|(seat, ..)| *seat == line.seat) {
            Some((_, total_won, total_lost)) => {
                *total_won += won;
                *total_lost += lost;
            }
            None => seats.push((line.seat, won, lost)),
        }
    }
    seats.sort_unstable();
    let text = seats.iter().map(|(seat, won, lost)| match (won, lost) {
        (won, 0) => format!("{seat} +{won}"),
        (0, lost) => format!("{seat} -{lost}"),
        (won, lost) => format!("{seat} +{won} -{lost}"),
    });
    text.collect::<Vec<_>>().join(" · ")
}
