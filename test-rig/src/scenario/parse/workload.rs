//! The sections `[workload]` and `[expect]`.

use super::super::error::ScenarioError;
use super::super::model::{Expect, Workload};
use super::super::names::Outcome;
use super::super::reader::{Section, Value};
use super::Supported;

/// Bets of one player in one round if the file does not say.
const BETS: (u8, u8) = (1, 3);

/// More bets than this do not fit on a layout.
const BETS_MAX: u8 = 100;

pub(super) fn read(
    value: Option<Value<'_>>,
    supported: &Supported<'_>,
) -> Result<Workload, ScenarioError> {
    let all = || {
        supported
            .bet_kinds
            .iter()
            .map(|kind| (*kind).to_owned())
            .collect()
    };
    let Some(value) = value else {
        return Ok(Workload {
            bets_min: BETS.0,
            bets_max: BETS.1,
            kinds: all(),
            think_ms: 0,
        });
    };
    let section = value.section()?;
    section.allow(&["bets_per_round", "kinds", "think"])?;
    let (bets_min, bets_max) = section
        .read("bets_per_round", |value| bets(&value))?
        .unwrap_or(BETS);
    let kinds = section.read("kinds", |value| kinds(&value, supported))?;
    let think = section.read("think", |value| value.duration_ms())?;
    Ok(Workload {
        bets_min,
        bets_max,
        kinds: kinds.unwrap_or_else(all),
        think_ms: think.unwrap_or(0),
    })
}

fn bets(value: &Value<'_>) -> Result<(u8, u8), ScenarioError> {
    let section = value.section()?;
    section.allow(&["min", "max"])?;
    let count = |section: &Section<'_>, key| section.read(key, |value| value.whole(0, BETS_MAX));
    // One end alone moves the other one's default out of the way.
    let (min, max) = match (count(&section, "min")?, count(&section, "max")?) {
        (Some(min), max) => (min, max.unwrap_or_else(|| BETS.1.max(min))),
        (None, Some(max)) => (BETS.0.min(max), max),
        (None, None) => BETS,
    };
    if min > max {
        return Err(value.wrong(format!(
            "expected min up to max, found min {min} and max {max}"
        )));
    }
    Ok((min, max))
}

fn kinds(value: &Value<'_>, supported: &Supported<'_>) -> Result<Vec<String>, ScenarioError> {
    let mut kinds: Vec<String> = Vec::new();
    for item in value.items("a list of bets such as [\"pass-line\", \"field\"]")? {
        let kind = item.name_of(supported.bet_kinds, supported.bet_ids)?;
        if kinds.contains(&kind) {
            return Err(item.expected("every kind of bet once"));
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        return Err(value.wrong("expected at least one kind of bet, found none".to_owned()));
    }
    Ok(kinds)
}

pub(super) fn expect(value: &Value<'_>, players: u8) -> Result<Expect, ScenarioError> {
    let section = value.section()?;
    section.allow(&["outcome", "evicted", "view_min", "decide_p95_max"])?;
    Ok(Expect {
        outcome: section.read("outcome", |value| value.choice(Outcome::ALL))?,
        evicted: section.read("evicted", |value| value.players(players))?,
        view_min: section.read("view_min", |value| value.whole(0, u64::MAX))?,
        decide_p95_max_ms: section.read("decide_p95_max", |value| value.duration_ms())?,
    })
}
