//! A scenario as the text of a file: what [`load`](super::load) reads back as the same scenario.

use std::fmt::{self, Display, Write};

use super::model::{Byzantine, Expect, Fault, FaultAction, Latency, Radio, Scenario, Topology};

/// A million parts.
const WHOLE: u32 = 1_000_000;

/// The text of a scenario. Of what a file may leave out, only what differs from the default stands in it.
#[must_use]
pub fn to_toml(scenario: &Scenario) -> String {
    let mut text = Text::default();
    if !scenario.summary.is_empty() {
        text.line(format_args!("# {}", scenario.summary));
    }
    text.line(format_args!("name    = {:?}", scenario.name));
    text.line(format_args!("players = {}", scenario.players));
    if let Some(seed) = scenario.seed {
        text.line(format_args!("seed    = {seed}"));
    }
    let (rounds, at_ms) = (scenario.stop.rounds, scenario.stop.at_ms);
    text.line(format_args!(
        "stop    = {{ rounds = {rounds}, at = \"{at_ms}ms\" }}"
    ));
    radio(&scenario.radio, &mut text);
    for entry in &scenario.byzantine {
        byzantine(entry, &mut text);
    }
    for entry in &scenario.faults {
        fault(entry, &mut text);
    }
    let workload = &scenario.workload;
    text.line(format_args!("\n[workload]"));
    let (min, max) = (workload.bets_min, workload.bets_max);
    text.line(format_args!(
        "bets_per_round = {{ min = {min}, max = {max} }}"
    ));
    text.line(format_args!("kinds = {:?}", workload.kinds));
    text.line(format_args!("think = \"{}ms\"", workload.think_ms));
    if let Some(wanted) = &scenario.expect {
        expect(wanted, &mut text);
    }
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, words: fmt::Arguments<'_>) {
        let written = writeln!(self.0, "{words}");
        written.expect("writing to a string cannot fail");
    }

    fn optional(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.line(format_args!("{key} = {value}"));
        }
    }

    fn period(&mut self, from_ms: u64, until_ms: Option<u64>) {
        self.line(format_args!("from = \"{from_ms}ms\""));
        self.optional("until", until_ms.map(|ms| format!("\"{ms}ms\"")));
    }
}

/// Parts per million as the fraction that files have.
fn fraction(ppm: u32) -> String {
    format!("{}.{:06}", ppm / WHOLE, ppm % WHOLE)
}

fn latency(latency: &Latency) -> String {
    let Latency { min_us, mean_us } = latency;
    format!("{{ min = \"{min_us}us\", mean = \"{mean_us}us\" }}")
}

fn radio(radio: &Radio, text: &mut Text) {
    text.line(format_args!("\n[radio]"));
    text.line(format_args!("profile = \"{}\"", radio.profile));
    let interval = radio.connection_interval_us;
    text.optional(
        "connection_interval",
        interval.map(|us| format!("\"{us}us\"")),
    );
    text.optional("mtu", radio.mtu);
    text.optional("latency", radio.latency.as_ref().map(latency));
    text.optional("loss", radio.loss_ppm.map(fraction));
    text.optional("bandwidth", radio.bandwidth);
    match &radio.topology {
        Topology::Auto => {}
        Topology::Links(links) => {
            let links: Vec<[u8; 2]> = links.iter().map(|(a, b)| [*a, *b]).collect();
            text.line(format_args!("topology = {{ links = {links:?} }}"));
        }
        named => text.line(format_args!("topology = \"{named}\"")),
    }
    for link in &radio.links {
        text.line(format_args!("\n[[radio.link]]"));
        let (a, b) = link.between;
        text.line(format_args!("between = [{a}, {b}]"));
        text.optional("mtu", link.mtu);
        text.optional("latency", link.latency.as_ref().map(latency));
        text.optional("loss", link.loss_ppm.map(fraction));
    }
}

fn byzantine(entry: &Byzantine, text: &mut Text) {
    text.line(format_args!("\n[[byzantine]]"));
    text.line(format_args!("player = {}", entry.player));
    text.line(format_args!("behaviour = \"{}\"", entry.behaviour));
    if !entry.with.is_empty() {
        text.line(format_args!("with = {:?}", entry.with));
    }
    if entry.from_ms > 0 || entry.until_ms.is_some() {
        text.period(entry.from_ms, entry.until_ms);
    }
}

fn fault(fault: &Fault, text: &mut Text) {
    text.line(format_args!("\n[[fault]]"));
    text.line(format_args!("kind = \"{}\"", fault.kind()));
    match &fault.action {
        FaultAction::Crash { player, disk } => {
            text.line(format_args!("player = {player}"));
            text.optional("disk", disk.map(|mode| format!("\"{mode}\"")));
        }
        FaultAction::Partition { groups } => {
            text.line(format_args!("groups = {groups:?}"));
        }
        FaultAction::OneWay { groups } => {
            text.line(format_args!("groups = {groups:?}"));
            text.line(format_args!("one_way = true"));
        }
        FaultAction::Loss { loss_ppm, between } => {
            text.line(format_args!("loss = {}", fraction(*loss_ppm)));
            text.optional("between", between.map(|(a, b)| format!("[{a}, {b}]")));
        }
        FaultAction::Clock {
            player,
            drift_ppm,
            jump_ms,
        } => {
            text.line(format_args!("player = {player}"));
            text.line(format_args!("drift_ppm = {drift_ppm}"));
            text.line(format_args!("jump = \"{jump_ms}ms\""));
        }
        FaultAction::Disk { player, mode } => {
            text.line(format_args!("player = {player}"));
            text.line(format_args!("disk = \"{mode}\""));
        }
        FaultAction::Suspend { player } => text.line(format_args!("player = {player}")),
    }
    text.period(fault.from_ms, fault.until_ms);
}

fn expect(expect: &Expect, text: &mut Text) {
    text.line(format_args!("\n[expect]"));
    text.optional(
        "outcome",
        expect.outcome.map(|outcome| format!("\"{outcome}\"")),
    );
    text.optional(
        "evicted",
        expect.evicted.as_ref().map(|list| format!("{list:?}")),
    );
    text.optional("view_min", expect.view_min);
    let p95 = expect.decide_p95_max_ms;
    text.optional("decide_p95_max", p95.map(|ms| format!("\"{ms}ms\"")));
}
