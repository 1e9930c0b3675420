//! From what a user typed to a scenario: a built-in's name or a file's path.

use std::fs::File;
use std::io::{ErrorKind, Read};

use super::builtin::{builtin, builtins};
use super::error::{ScenarioError, did_you_mean};
use super::model::Scenario;
use super::parse::{Supported, load};
use super::reader::Source;

/// Largest scenario file that is read; a real one has a hundredth of it.
pub const SCENARIO_BYTES_MAX: u64 = 1 << 20;

/// Loads the built-in of this name or else the file at this path.
pub fn resolve(arg: &str, supported: &Supported<'_>) -> Result<Scenario, ScenarioError> {
    match builtin(arg) {
        Some(text) => load(arg, text, supported),
        None => load(arg, &read(arg)?, supported),
    }
}

/// The text of a file, or in one line why there is none.
pub(crate) fn read(path: &str) -> Result<String, ScenarioError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => no_such(path),
        ErrorKind::IsADirectory => ScenarioError::of_file(path, A_DIRECTORY),
        // The kind reads like our own errors; the message of the system does not.
        kind => ScenarioError::of_file(path, format!("cannot be read: {kind}")),
    };
    let file = File::open(path).map_err(failed)?;
    // Opening a directory works on some systems, and reading one fails in various words.
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(ScenarioError::of_file(path, A_DIRECTORY));
    }
    let mut bytes = Vec::new();
    // The file's length is not asked for: a pipe or a device has none.
    file.take(SCENARIO_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > SCENARIO_BYTES_MAX {
        return Err(ScenarioError::of_file(
            path,
            "larger than 1 MiB, which no scenario is",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
        let problem = format!("expected UTF-8 text, found something else at byte {good}");
        Source {
            file: path,
            text: &text,
        }
        .error_at_end(problem)
    })
}

fn no_such(arg: &str) -> ScenarioError {
    let names = || builtins().iter().map(|(name, _)| *name);
    let list: Vec<&str> = names().collect();
    let hint = did_you_mean(arg, names(), '`');
    let problem = format!(
        "no such scenario: neither a file nor a built-in; built-ins are {} (see `rig scenarios`){hint}",
        list.join(", ")
    );
    // An empty argument must still be seen.
    ScenarioError::of_file(if arg.is_empty() { "\"\"" } else { arg }, problem)
}

const A_DIRECTORY: &str = "expected a scenario file, found a directory";
