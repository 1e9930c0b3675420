//! Benchmarks: what the design promises, counted or timed. Counts and bytes are exact; the tests pin them.
//!
//! A part is a file with one function, and one line in [`PARTS`].

pub mod bets;
mod clock;
mod coin;
mod cpu;
mod decide_capped;
mod decision;
mod dkg;
mod journal;
mod mesh;
mod new_primary;
mod nodes;
mod replicas;
mod slowdown;
mod speed;
mod view_change;

use serde_json::{Map, Value};

/// The sizes of tables that are measured.
pub const SIZES: [u8; 5] = [4, 7, 9, 10, 16];

/// One thing that can be measured: its key in the JSON, what it is, and how.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The key.
    pub name: &'static str,
    /// For the table of a terminal.
    pub about: &'static str,
    run: fn() -> Result<Value, String>,
}

/// Everything that `rig bench` knows, in the order in which it is run.
pub const PARTS: &[Part] = &[
    part(
        "decision",
        "one request decided: origin bytes and messages, and hops",
        decision::run,
    ),
    part(
        "view_change",
        "a view change: origin bytes with one undecided slot, and with a full window",
        view_change::run,
    ),
    part(
        "new_primary",
        "the primary is switched off: until a bet lands that was placed then, 30 ms on every link",
        new_primary::run,
    ),
    part(
        "decide_capped_ms",
        "time to decide at 20 kB/s and 30 ms, full mesh",
        decide_capped::run,
    ),
    part(
        "cpu_per_decision_ms",
        "CPU time per decision, all replicas together, in memory",
        cpu::replicas,
    ),
    part(
        "node_cpu_per_decision_ms",
        "the same for whole nodes: encrypted links, relaying, the table",
        cpu::nodes,
    ),
    part(
        "coin",
        "a roll: bytes of a share, bare and signed, and CPU time of one phone",
        coin::run,
    ),
    part(
        "dkg",
        "a key: CPU time of one member, bytes of all signed dealings and acknowledgements",
        dkg::run,
    ),
    part(
        "slowdown",
        "time per roll with f liars over none, n = 10",
        slowdown::run,
    ),
    part(
        "mesh",
        "formation and commit at every phone, against flooding and a tree on the same radio",
        mesh::run,
    ),
    part(
        "journal",
        "a phone's journal: bytes and syncs per decision, n = 4",
        journal::run,
    ),
    part(
        "phone_seconds_per_second",
        "how fast honest-table runs at n = 16, one core",
        speed::phone_seconds,
    ),
    part(
        "decisions_per_second",
        "decisions per second of that run",
        speed::decisions,
    ),
    part(
        "bets_settled_per_second",
        "bets that rolls look at on a full layout of 18 players, one core",
        bets::run,
    ),
];

const fn part(name: &'static str, about: &'static str, run: fn() -> Result<Value, String>) -> Part {
    Part { name, about, run }
}

/// Measures these parts; `began` is told of each before it runs.
///
/// # Errors
/// In one line what could not be measured.
pub fn bench(parts: &[&Part], began: &mut dyn FnMut(&Part)) -> Result<Map<String, Value>, String> {
    let mut results = Map::new();
    for part in parts {
        began(part);
        let value = (part.run)().map_err(|problem| format!("{}: {problem}", part.name))?;
        results.insert(part.name.to_owned(), value);
    }
    Ok(results)
}

/// One value for each size of table, under the size as text.
fn by_size(measure: impl Fn(u8) -> Result<Value, String>) -> Result<Value, String> {
    let sizes = SIZES.iter().map(|n| Ok((n.to_string(), measure(*n)?)));
    Ok(Value::Object(sizes.collect::<Result<_, String>>()?))
}

/// Rounded to a thousandth, as people read it.
#[expect(clippy::float_arithmetic, reason = "for people")]
fn thousandths(value: f64) -> Value {
    Value::from((value * 1000.0).round() / 1000.0)
}

#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a ratio of counts far below 2^52"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / (whole as f64).max(1e-9)
}
