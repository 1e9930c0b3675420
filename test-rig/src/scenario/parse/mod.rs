//! From TOML to a checked [`Scenario`]: the file itself, its name and its stop.

mod byzantine;
mod fault;
mod radio;
mod workload;

use toml::de::DeTable;

use super::error::ScenarioError;
use super::model::{Scenario, Stop};
use super::names::{Behaviour, FaultKind};
use super::reader::{Section, Source, Value};
use super::units::show_ms;

/// Smallest and largest table.
const PLAYERS_MIN: u8 = 2;
const PLAYERS_MAX: u8 = 18;

/// When a run stops if the file does not say.
const STOP: Stop = Stop {
    rounds: 50,
    at_ms: 600_000,
};

const ROUNDS_MAX: u32 = 1_000_000;

const NAME_CHARS_MAX: usize = 64;

/// The keys and sections of a file.
const KEYS: &[&str] = &[
    "name",
    "players",
    "seed",
    "stop",
    "radio",
    "byzantine",
    "fault",
    "workload",
    "expect",
];

/// What this build of the rig can do.
#[derive(Debug, Clone, Copy)]
pub struct Supported<'a> {
    /// The lies that are built, [`Behaviour::Random`] too where it may be asked for.
    pub behaviours: &'a [Behaviour],
    /// The faults that are built.
    pub faults: &'a [FaultKind],
    /// The kinds of bets that a workload may name.
    pub bet_kinds: &'a [&'a str],
    /// Single bets that a workload may name besides; nobody plays them unless they are named.
    pub bet_ids: &'a [&'a str],
}

/// What the sections of one file must agree on.
struct Rules<'a> {
    players: u8,
    stop_ms: u64,
    supported: &'a Supported<'a>,
}

/// Reads and checks a scenario; `file_name` is only for the errors.
pub fn load(
    file_name: &str,
    text: &str,
    supported: &Supported<'_>,
) -> Result<Scenario, ScenarioError> {
    load_with(file_name, text, supported, KEYS, |_, scenario| Ok(scenario))
}

/// [`load`] of a file with other keys: `keys` are all that it may have, and `finish` reads those that no scenario has.
pub(crate) fn load_with<T>(
    file_name: &str,
    text: &str,
    supported: &Supported<'_>,
    keys: &[&str],
    finish: impl FnOnce(&Section<'_>, Scenario) -> Result<T, ScenarioError>,
) -> Result<T, ScenarioError> {
    let source = Source {
        file: file_name,
        text,
    };
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        source.error(offset, "", format!("not valid TOML: {}", error.message()))
    })?;
    let root = Section::root(source, table.get_ref());
    // Unknown keys come first: a misspelt `players` must not be reported as a missing one.
    root.allow(keys)?;
    let name = name(&root.require("name", "a name such as \"lossy-line\"")?)?;
    let players = root
        .require("players", "a whole number from 2 to 18")?
        .whole(PLAYERS_MIN, PLAYERS_MAX)?;
    let seed = root.read("seed", |value| value.whole(0, u64::MAX))?;
    let stop = root.read("stop", |value| stop(&value))?.unwrap_or(STOP);
    let rules = Rules {
        players,
        stop_ms: stop.at_ms,
        supported,
    };
    let scenario = Scenario {
        name,
        summary: summary(text),
        source: text.to_owned(),
        players,
        seed,
        stop,
        radio: radio::read(root.value("radio"), players)?,
        byzantine: byzantine::read(root.value("byzantine"), &rules)?,
        faults: fault::read(root.value("fault"), &rules)?,
        workload: workload::read(root.value("workload"), supported)?,
        expect: root.read("expect", |value| workload::expect(&value, players))?,
    };
    finish(&root, scenario)
}

/// The comment that opens the file. One further down speaks about something else.
fn summary(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    let comment = first.and_then(|line| line.strip_prefix('#'));
    comment
        .map(|line| line.trim_start_matches('#').trim().to_owned())
        .unwrap_or_default()
}

/// A run's files lie in a folder of this name, so it must not lead anywhere else.
fn name(value: &Value<'_>) -> Result<String, ScenarioError> {
    let expected = "a name of 1 to 64 characters, without slashes or control characters, \
                    not beginning with a dot";
    let name = value.text(expected)?;
    let length_fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    let leads_away = name.starts_with('.') || name.contains(['/', '\\']);
    if !length_fits || leads_away || name.chars().any(char::is_control) {
        return Err(value.expected(expected));
    }
    Ok(name.to_owned())
}

fn stop(value: &Value<'_>) -> Result<Stop, ScenarioError> {
    let section = value.section()?;
    section.allow(&["rounds", "at"])?;
    let rounds = section.read("rounds", |value| value.whole(1, ROUNDS_MAX))?;
    let at_ms = section.read("at", |value| match value.duration_ms()? {
        0 => Err(value.expected("a time after the start")),
        ms => Ok(ms),
    })?;
    Ok(Stop {
        rounds: rounds.unwrap_or(STOP.rounds),
        at_ms: at_ms.unwrap_or(STOP.at_ms),
    })
}

/// `from` and `until` of a lie or a fault.
pub(crate) fn period(
    section: &Section<'_>,
    stop_ms: u64,
) -> Result<(u64, Option<u64>), ScenarioError> {
    let from = section.read("from", |value| match value.duration_ms()? {
        ms if ms < stop_ms => Ok(ms),
        _ => Err(value.expected(format_args!(
            "a time before the stop at {}",
            show_ms(stop_ms)
        ))),
    })?;
    let from_ms = from.unwrap_or(0);
    let until_ms = section.read("until", |value| match value.duration_ms()? {
        ms if ms > from_ms => Ok(ms),
        _ => Err(value.expected(format_args!("a time after `from` ({})", show_ms(from_ms)))),
    })?;
    Ok((from_ms, until_ms))
}

/// `expected one of …` over words of which this build may know only some.
fn built<T>(value: &Value<'_>, what: &str, all: &[T], built: &[T]) -> Result<T, ScenarioError>
where
    T: Copy + PartialEq + std::fmt::Display,
{
    let choice = value.choice(all)?;
    if built.contains(&choice) {
        return Ok(choice);
    }
    let words: Vec<String> = built.iter().map(T::to_string).collect();
    let has = if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    };
    Err(value.wrong(format!(
        "{what} \"{choice}\" is not built yet; this rig has: {has}"
    )))
}
