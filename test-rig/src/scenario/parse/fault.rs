//! The sections `[[fault]]`.

use super::super::error::ScenarioError;
use super::super::model::{Fault, FaultAction};
use super::super::names::{DiskMode, FaultKind};
use super::super::reader::{Section, Value};
use super::{Rules, built, period};

/// A clock that is further off than this is no clock.
const DRIFT_PPM_MAX: i32 = 500_000;

/// What a disk can lose when the phone dies.
const CRASH_MODES: &[DiskMode] = &[
    DiskMode::TornWrite,
    DiskMode::LostSync,
    DiskMode::BitFlip,
    DiskMode::Lost,
    DiskMode::Rollback,
];

/// Every key of every kind.
const KEYS: &[&str] = &[
    "kind",
    "player",
    "from",
    "until",
    "disk",
    "groups",
    "one_way",
    "loss",
    "between",
    "drift_ppm",
    "jump",
];

pub(super) fn read(
    value: Option<Value<'_>>,
    rules: &Rules<'_>,
) -> Result<Vec<Fault>, ScenarioError> {
    let mut faults = Vec::new();
    let Some(value) = value else {
        return Ok(faults);
    };
    for item in value.items("sections [[fault]]")? {
        let section = item.section()?;
        section.allow(KEYS)?;
        let kind = section.require("kind", "a fault such as \"crash\"")?;
        let kind = built(&kind, "fault", FaultKind::ALL, rules.supported.faults)?;
        section.allow_in(&format!(" for fault \"{kind}\""), keys(kind))?;
        let action = action(kind, &section, rules.players)?;
        let (from_ms, until_ms) = period(&section, rules.stop_ms)?;
        faults.push(Fault {
            from_ms,
            until_ms,
            action,
        });
    }
    Ok(faults)
}

/// The keys of one kind.
const fn keys(kind: FaultKind) -> &'static [&'static str] {
    match kind {
        FaultKind::Crash | FaultKind::Disk => &["kind", "player", "from", "until", "disk"],
        FaultKind::Partition => &["kind", "from", "until", "groups", "one_way"],
        FaultKind::Loss => &["kind", "from", "until", "loss", "between"],
        FaultKind::Clock => &["kind", "player", "from", "until", "drift_ppm", "jump"],
        FaultKind::Suspend => &["kind", "player", "from", "until"],
    }
}

fn action(
    kind: FaultKind,
    section: &Section<'_>,
    players: u8,
) -> Result<FaultAction, ScenarioError> {
    Ok(match kind {
        FaultKind::Crash => FaultAction::Crash {
            player: player(section, players)?,
            disk: section.read("disk", |value| value.choice(CRASH_MODES))?,
        },
        FaultKind::Partition => {
            let groups = groups(&section.require("groups", EXPECTED_GROUPS)?, players)?;
            let one_way = section.read("one_way", |value| value.boolean())?;
            if one_way.unwrap_or(false) {
                FaultAction::OneWay { groups }
            } else {
                FaultAction::Partition { groups }
            }
        }
        FaultKind::Loss => FaultAction::Loss {
            loss_ppm: section
                .require("loss", "a probability from 0 to 1")?
                .probability_ppm()?,
            between: section.read("between", |value| value.link(players))?,
        },
        FaultKind::Clock => clock(section, players)?,
        FaultKind::Disk => FaultAction::Disk {
            player: player(section, players)?,
            mode: section
                .require("disk", "a fault of the disk such as \"slow-sync\"")?
                .choice(DiskMode::ALL)?,
        },
        FaultKind::Suspend => FaultAction::Suspend {
            player: player(section, players)?,
        },
    })
}

fn player(section: &Section<'_>, players: u8) -> Result<u8, ScenarioError> {
    let expected = format!("a player from 0 to {}", players - 1);
    section.require("player", &expected)?.player(players)
}

fn clock(section: &Section<'_>, players: u8) -> Result<FaultAction, ScenarioError> {
    let player = player(section, players)?;
    let drift = section.read("drift_ppm", |value| {
        value.whole(-DRIFT_PPM_MAX, DRIFT_PPM_MAX)
    })?;
    let jump = section.read("jump", |value| value.signed_duration_ms())?;
    if drift.is_none() && jump.is_none() {
        return Err(section.expected("drift_ppm or jump", "neither"));
    }
    Ok(FaultAction::Clock {
        player,
        drift_ppm: drift.unwrap_or(0),
        jump_ms: jump.unwrap_or(0),
    })
}

const EXPECTED_GROUPS: &str = "a list of groups such as [[0, 1], [2, 3]]";

/// The sides of a partition; whoever is not listed is on one further side.
fn groups(value: &Value<'_>, players: u8) -> Result<Vec<Vec<u8>>, ScenarioError> {
    let mut groups: Vec<Vec<u8>> = Vec::new();
    for item in value.items(EXPECTED_GROUPS)? {
        let group = item.players(players)?;
        if group.is_empty() {
            return Err(item.wrong("expected at least one player, found none".to_owned()));
        }
        if let Some(player) = group
            .iter()
            .find(|player| groups.iter().flatten().any(|p| p == *player))
        {
            let problem = format!("expected every player in one group, found {player} in two");
            return Err(item.wrong(problem));
        }
        groups.push(group);
    }
    let rest: Vec<u8> = (0..players)
        .filter(|player| !groups.iter().flatten().any(|p| p == player))
        .collect();
    if !rest.is_empty() {
        groups.push(rest);
    }
    if groups.len() < 2 {
        return Err(value.wrong("expected a group that leaves somebody out, found none".to_owned()));
    }
    Ok(groups)
}
