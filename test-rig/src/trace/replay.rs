//! Runs the scenario and seed of a trace again and compares every line.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::Line;
use super::reader::{Entry, TraceReader};
use super::writer::Scribe;
use crate::run::{Finished, Options, run_with};
use crate::scenario::{Supported, load};

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Replayed {
    /// Every line is the same, so many of them, and so is the result if the trace has one.
    Identical {
        /// Lines between the first and the last.
        lines: u64,
        /// Whether the trace ends with a result.
        whole: bool,
    },
    /// The first line that is not the same.
    Differs {
        /// Its number in the file, from 1.
        line: u64,
        /// As it stands there; empty if the file ends before.
        recorded: String,
        /// What happens now; empty if nothing more does.
        now: String,
    },
    /// It was told to stop after so many equal lines.
    Stopped(u64),
}

/// What depends on the machine and not on the seed.
const TIMES: [&str; 3] = [
    "wall_seconds",
    "phone_seconds_per_second",
    "decisions_per_second",
];

/// Replays a trace. `progress` is told the number of each line.
///
/// # Errors
/// In one line why the trace cannot be read or its scenario cannot run here.
pub fn replay(
    reader: &mut TraceReader,
    supported: &Supported<'_>,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(u64),
) -> Result<Replayed, String> {
    let header = reader.header.clone();
    let scenario = load(&header.given, &header.scenario, supported);
    let scenario = scenario.map_err(|error| format!("the trace's scenario: {error}"))?;
    let over = AtomicBool::new(false);
    let options = Options {
        tapped: true,
        stop: &over,
    };
    let (mut scribe, mut same, mut found) = (Scribe::default(), 0, None);
    let finished = run_with(&scenario, header.seed, options, &mut |room, observation| {
        for line in scribe.lines(room, observation) {
            if found.is_none() {
                found = compare(reader, &line, same).transpose();
            }
            if found.is_none() && stop.load(Ordering::Relaxed) {
                found = Some(Ok(Replayed::Stopped(same)));
            }
            if found.is_some() {
                return over.store(true, Ordering::Relaxed);
            }
            same += 1;
            progress(same);
        }
    })?;
    match found {
        Some(found) => found,
        None => compare_ends(reader, &finished, same),
    }
}

/// What there is to say about a line that is not the next of the trace; nothing about one that is.
fn compare(reader: &mut TraceReader, line: &Line, same: u64) -> Result<Option<Replayed>, String> {
    let now = serde_json::to_string(line).map_err(|error| error.to_string())?;
    let recorded = match reader.next_entry()? {
        Some(Entry::Line(_, recorded)) => recorded,
        Some(Entry::End(_)) => String::new(),
        None => {
            let (lines, whole) = (same, false);
            return Ok(Some(Replayed::Identical { lines, whole }));
        }
    };
    let line = reader.number();
    let differs = recorded != now;
    Ok(differs.then_some(Replayed::Differs {
        line,
        recorded,
        now,
    }))
}

/// The run is over: the trace must be, with the same result.
fn compare_ends(
    reader: &mut TraceReader,
    finished: &Finished,
    lines: u64,
) -> Result<Replayed, String> {
    let result = serde_json::to_value(&finished.result).map_err(|error| error.to_string())?;
    let now = timeless(result).to_string();
    let (recorded, whole) = match reader.next_entry()? {
        Some(Entry::Line(_, recorded)) => {
            let (line, now) = (reader.number(), String::new());
            return Ok(Replayed::Differs {
                line,
                recorded,
                now,
            });
        }
        Some(Entry::End(end)) => (timeless(end.result).to_string(), true),
        None => (now.clone(), false),
    };
    if recorded == now {
        return Ok(Replayed::Identical { lines, whole });
    }
    let line = reader.number();
    Ok(Replayed::Differs {
        line,
        recorded,
        now,
    })
}

fn timeless(mut result: Value) -> Value {
    if let Some(object) = result.as_object_mut() {
        TIMES.iter().for_each(|key| {
            object.remove(*key);
        });
    }
    result
}
