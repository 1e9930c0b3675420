//! The section `[radio]`.

use super::super::error::ScenarioError;
use super::super::model::{Latency, LinkOverride, Radio, Topology};
use super::super::names::Profile;
use super::super::reader::{Section, Value};

/// What Bluetooth LE allows between two connection events, in microseconds.
const INTERVAL_US: (u64, u64) = (7_500, 4_000_000);

/// What the attribute protocol allows, in bytes.
const MTU: (u16, u16) = (23, 517);

/// Slower than any link that is still up.
const LATENCY_US_MAX: u64 = 60_000_000;

pub(super) fn read(value: Option<Value<'_>>, players: u8) -> Result<Radio, ScenarioError> {
    let Some(value) = value else {
        return Ok(Radio::plain());
    };
    let section = value.section()?;
    section.allow(&[
        "profile",
        "connection_interval",
        "mtu",
        "latency",
        "loss",
        "bandwidth",
        "topology",
        "link",
    ])?;
    let profile = section.read("profile", |value| value.choice(Profile::ALL))?;
    Ok(Radio {
        profile: profile.unwrap_or(Profile::Ideal),
        connection_interval_us: section.read("connection_interval", |value| interval(&value))?,
        mtu: mtu(&section)?,
        latency: section.read("latency", |value| latency(&value))?,
        loss_ppm: section.read("loss", |value| value.probability_ppm())?,
        bandwidth: section.read("bandwidth", |value| value.whole(1, u32::MAX))?,
        topology: section
            .read("topology", |value| topology(&value, players))?
            .unwrap_or(Topology::Auto),
        links: section
            .read("link", |value| links(&value, players))?
            .unwrap_or_default(),
    })
}

fn interval(value: &Value<'_>) -> Result<u32, ScenarioError> {
    let us = value.duration_us()?;
    u32::try_from(us)
        .ok()
        .filter(|_| (INTERVAL_US.0..=INTERVAL_US.1).contains(&us))
        .ok_or_else(|| value.expected("an interval from 7.5ms to 4s"))
}

fn mtu(section: &Section<'_>) -> Result<Option<u16>, ScenarioError> {
    section.read("mtu", |value| value.whole(MTU.0, MTU.1))
}

fn latency(value: &Value<'_>) -> Result<Latency, ScenarioError> {
    let section = value.section()?;
    section.allow(&["min", "mean"])?;
    let mean = section.require("mean", "a duration such as \"22ms\"")?;
    let mean_us = delay(&mean)?;
    let min_us = section
        .read("min", |value| delay(&value))?
        .unwrap_or(mean_us);
    if min_us > mean_us {
        return Err(mean.expected("a mean latency that is not below the least one"));
    }
    Ok(Latency { min_us, mean_us })
}

fn delay(value: &Value<'_>) -> Result<u32, ScenarioError> {
    let us = value.duration_us()?;
    u32::try_from(us)
        .ok()
        .filter(|_| us <= LATENCY_US_MAX)
        .ok_or_else(|| value.expected("a latency of at most 60s"))
}

fn topology(value: &Value<'_>, players: u8) -> Result<Topology, ScenarioError> {
    if !value.is_table() {
        let expected = "auto, full, line, ring or { links = [[0, 1], …] }";
        value.text(expected)?;
        return value.choice(&[
            Topology::Auto,
            Topology::Full,
            Topology::Line,
            Topology::Ring,
        ]);
    }
    let section = value.section()?;
    section.allow(&["links"])?;
    let list = section.require("links", "a list of links such as [[0, 1], [1, 2]]")?;
    let mut links = Vec::new();
    for item in list.items("a list of links such as [[0, 1], [1, 2]]")? {
        let link = item.link(players)?;
        if links.contains(&link) {
            let problem = format!(
                "expected every link once, found [{}, {}] twice",
                link.0, link.1
            );
            return Err(item.wrong(problem));
        }
        links.push(link);
    }
    if let Some(problem) = disconnected(&links, players) {
        return Err(list.wrong(format!(
            "expected links that connect all players, found {problem}"
        )));
    }
    Ok(Topology::Links(links))
}

/// Whom the links leave out, if anyone.
fn disconnected(links: &[(u8, u8)], players: u8) -> Option<String> {
    let alone = (0..players).find(|player| !links.iter().any(|(a, b)| a == player || b == player));
    if let Some(player) = alone {
        return Some(format!("no link to player {player}"));
    }
    let mut reached = vec![0];
    while let Some(next) =
        links
            .iter()
            .find_map(|(a, b)| match (reached.contains(a), reached.contains(b)) {
                (true, false) => Some(*b),
                (false, true) => Some(*a),
                _ => None,
            })
    {
        reached.push(next);
    }
    let lost = (0..players).find(|player| !reached.contains(player))?;
    Some(format!("no path from player 0 to player {lost}"))
}

fn links(value: &Value<'_>, players: u8) -> Result<Vec<LinkOverride>, ScenarioError> {
    let mut links: Vec<LinkOverride> = Vec::new();
    for item in value.items("sections [[radio.link]]")? {
        let section = item.section()?;
        section.allow(&["between", "loss", "latency", "mtu"])?;
        let ends = section.require("between", "a link such as [0, 1]")?;
        let between = ends.link(players)?;
        if links.iter().any(|link| link.between == between) {
            let (a, b) = between;
            return Err(ends.wrong(format!("expected every link once, found [{a}, {b}] twice")));
        }
        let loss_ppm = section.read("loss", |value| value.probability_ppm())?;
        let latency = section.read("latency", |value| latency(&value))?;
        let mtu = mtu(&section)?;
        if loss_ppm.is_none() && latency.is_none() && mtu.is_none() {
            return Err(section.expected("loss, latency or mtu", "none of them"));
        }
        links.push(LinkOverride {
            between,
            loss_ppm,
            latency,
            mtu,
        });
    }
    Ok(links)
}
