//! A scenario in words, for `rig check`.

use std::fmt::{Display, Write};

use super::model::{
    Byzantine, Expect, Fault, FaultAction, Latency, LinkOverride, Radio, Scenario, Topology,
    Workload,
};
use super::remarks::remarks;
use super::units::{show_ms, show_ppm, show_us};

/// What a scenario will do, in several lines for people; each line ends with a line feed.
pub fn explain(scenario: &Scenario) -> String {
    let mut text = String::new();
    let mut line = |label: &str, words: String| {
        writeln!(text, "{label:<9} {words}").expect("writing to a string cannot fail");
    };
    line("scenario", title(scenario));
    line("players", players(scenario));
    line(
        "seed",
        scenario
            .seed
            .map_or_else(|| "drawn anew".to_owned(), |seed| seed.to_string()),
    );
    line("radio", radio(&scenario.radio));
    scenario
        .radio
        .links
        .iter()
        .for_each(|other| line("link", link(other)));
    if scenario.byzantine.is_empty() {
        line("liars", "none".to_owned());
    }
    scenario
        .byzantine
        .iter()
        .for_each(|liar| line("liar", lie(liar)));
    if scenario.faults.is_empty() {
        line("faults", "none".to_owned());
    }
    let mut timeline: Vec<&Fault> = scenario.faults.iter().collect();
    timeline.sort_by_key(|fault| fault.from_ms);
    timeline
        .into_iter()
        .for_each(|other| line("fault", fault(other)));
    line("workload", workload(&scenario.workload));
    let stop = &scenario.stop;
    line(
        "stop",
        format!("after {} rounds or at {}", stop.rounds, show_ms(stop.at_ms)),
    );
    line(
        "expect",
        scenario
            .expect
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), expect),
    );
    remarks(scenario)
        .into_iter()
        .for_each(|remark| line("remark", remark));
    text
}

/// `0, 1 and 2`.
pub(super) fn list<T: Display>(items: &[T]) -> String {
    let words: Vec<String> = items.iter().map(T::to_string).collect();
    match words.split_last() {
        None => "nobody".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

fn title(scenario: &Scenario) -> String {
    let Scenario { name, summary, .. } = scenario;
    if summary.is_empty() {
        name.clone()
    } else {
        format!("{name}: {summary}")
    }
}

fn players(scenario: &Scenario) -> String {
    format!(
        "{}, of whom f = {} may lie and q = {} must agree",
        scenario.players,
        scenario.faulty_max(),
        scenario.quorum()
    )
}

fn radio(radio: &Radio) -> String {
    let mut parts = vec![format!("profile {}", radio.profile)];
    let interval = radio.connection_interval_us;
    parts.extend(interval.map(|us| format!("connection interval {}", show_us(us.into()))));
    parts.extend(overrides(radio.loss_ppm, radio.latency, radio.mtu));
    parts.extend(
        radio
            .bandwidth
            .map(|bytes| format!("{bytes} bytes per second and phone")),
    );
    parts.push(match &radio.topology {
        Topology::Links(links) => {
            let links: Vec<String> = links.iter().map(|(a, b)| format!("{a}-{b}")).collect();
            format!("links {}", links.join(" "))
        }
        topology => format!("topology {topology}"),
    });
    parts.join(", ")
}

fn link(link: &LinkOverride) -> String {
    let (a, b) = link.between;
    format!(
        "{a}-{b}: {}",
        overrides(link.loss_ppm, link.latency, link.mtu).join(", ")
    )
}

fn overrides(loss_ppm: Option<u32>, latency: Option<Latency>, mtu: Option<u16>) -> Vec<String> {
    let mut parts = Vec::new();
    parts.extend(mtu.map(|bytes| format!("mtu {bytes}")));
    parts.extend(latency.map(|Latency { min_us, mean_us }| {
        let (min, mean) = (show_us(min_us.into()), show_us(mean_us.into()));
        format!("latency {mean} on average and {min} at least")
    }));
    parts.extend(loss_ppm.map(|ppm| format!("loss {}", show_ppm(ppm))));
    parts
}

fn lie(liar: &Byzantine) -> String {
    let Byzantine {
        player,
        behaviour,
        from_ms,
        until_ms,
        with,
    } = liar;
    let plot = if with.is_empty() {
        String::new()
    } else {
        format!(", with {}", list(with))
    };
    format!(
        "player {player} is {behaviour} {}{plot}",
        period(*from_ms, *until_ms)
    )
}

fn fault(fault: &Fault) -> String {
    let what = match &fault.action {
        FaultAction::Crash { player, disk: None } => format!("phone {player} is down"),
        FaultAction::Crash {
            player,
            disk: Some(mode),
        } => {
            format!("phone {player} is down, its disk suffers {mode}")
        }
        FaultAction::Partition { groups } => {
            let groups: Vec<String> = groups.iter().map(|group| list(group)).collect();
            format!("partition: {}", groups.join(" | "))
        }
        FaultAction::OneWay { groups } => {
            let others: Vec<String> = groups.iter().skip(1).map(|group| list(group)).collect();
            let first = groups.first().map_or_else(String::new, |group| list(group));
            format!("nothing of {first} reaches {}", others.join(" | "))
        }
        FaultAction::Loss { loss_ppm, between } => {
            let links =
                between.map_or_else(|| "every link".to_owned(), |(a, b)| format!("{a}-{b}"));
            format!("{links} loses {}", show_ppm(*loss_ppm))
        }
        FaultAction::Clock {
            player,
            drift_ppm,
            jump_ms,
        } => {
            let sign = if *jump_ms < 0 { "-" } else { "" };
            let jump = show_ms(jump_ms.unsigned_abs());
            format!("clock of phone {player} jumps by {sign}{jump} and drifts by {drift_ppm} ppm")
        }
        FaultAction::Disk { player, mode } => format!("disk of phone {player} suffers {mode}"),
        FaultAction::Suspend { player } => format!("phone {player} is suspended"),
    };
    format!("{}: {what}", period(fault.from_ms, fault.until_ms))
}

fn period(from_ms: u64, until_ms: Option<u64>) -> String {
    let until = until_ms.map_or_else(|| "the end".to_owned(), show_ms);
    format!("from {} to {until}", show_ms(from_ms))
}

fn workload(workload: &Workload) -> String {
    let Workload {
        bets_min,
        bets_max,
        kinds,
        think_ms,
    } = workload;
    let think = show_ms(*think_ms);
    format!(
        "{bets_min} to {bets_max} bets a round and player, {think} to think: {}",
        list(kinds)
    )
}

fn expect(expect: &Expect) -> String {
    let mut parts = Vec::new();
    parts.extend(expect.outcome.map(|outcome| format!("outcome {outcome}")));
    parts.extend(
        expect
            .evicted
            .as_ref()
            .map(|players| format!("evicted {}", list(players))),
    );
    parts.extend(expect.view_min.map(|view| format!("view {view} or later")));
    let p95 = expect.decide_p95_max_ms;
    parts.extend(p95.map(|ms| format!("95 % decided within {}", show_ms(ms))));
    if parts.is_empty() {
        "nothing".to_owned()
    } else {
        parts.join(", ")
    }
}
