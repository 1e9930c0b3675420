//! `rig bench`: what the design promises, measured.

use std::io::Write;

use clap::Args;
use serde_json::Value;

use super::{RIG_FAULT, print, usage_error};
use crate::bench::{PARTS, Part, bench};

#[derive(Args, Debug)]
pub(super) struct BenchArgs {
    /// What to measure; everything if nothing is named
    #[arg(value_name = "PART")]
    parts: Vec<String>,
    /// Print one JSON object on stdout and nothing else there
    #[arg(long)]
    json: bool,
}

pub(super) fn after_help() -> String {
    let lines = PARTS
        .iter()
        .map(|part| format!("  {:<25} {}\n", part.name, part.about));
    format!(
        "Parts:\n{}\nBytes, messages and hops are exact and the same everywhere; CPU times and rates are this machine's. \
         Build with --release.",
        lines.collect::<String>()
    )
}

pub(super) fn bench_command(args: &BenchArgs) -> u8 {
    let mut parts: Vec<&Part> = Vec::new();
    for name in &args.parts {
        match PARTS.iter().find(|part| part.name == name) {
            Some(part) => parts.push(part),
            None => {
                let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
                let names = names.join(", ");
                return usage_error(&format!("no part \"{name}\" to measure; parts are {names}"));
            }
        }
    }
    if parts.is_empty() {
        parts = PARTS.iter().collect();
    }
    let mut began = |part: &Part| {
        let _ = writeln!(std::io::stderr(), "{}: {}", part.name, part.about);
    };
    let results = match bench(&parts, &mut began) {
        Ok(results) => results,
        Err(problem) => {
            usage_error(&problem);
            return RIG_FAULT;
        }
    };
    if args.json {
        print(&Value::Object(results).to_string());
    } else {
        for (name, value) in &results {
            show(name, value);
        }
    }
    0
}

/// A part as a line for each of its rows.
fn show(name: &str, value: &Value) {
    let Value::Object(rows) = value else {
        return print(&format!("{name:<26} {value}"));
    };
    // As text "10" comes before "4".
    let mut rows: Vec<(&String, &Value)> = rows.iter().collect();
    rows.sort_by_key(|(key, _)| (key.parse::<u64>().unwrap_or(u64::MAX), (*key).clone()));
    for (key, row) in rows {
        let row = match row {
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(field, value)| format!("{field} {value}"));
                fields.collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        print(&format!("{:<26} {row}", format!("{name}.{key}")));
    }
}
