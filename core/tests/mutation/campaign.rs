//! What `rig fuzz` makes of a mutant: the seed that finds it, and the scenario before and after `rig shrink`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Mutant, Tree};

/// Seeds that a mutant may take.
pub(crate) const SEEDS_MAX: u64 = 2_000;

/// A seed that a mutant fails.
pub(crate) struct Found {
    pub(crate) seed: u64,
    /// What broke, and how that shows.
    pub(crate) property: String,
    pub(crate) detail: String,
    /// What the scenario consists of, before and after it was made smaller.
    pub(crate) sizes: [Size; 2],
}

/// Phones, liars, faults, rolls, and milliseconds at most: smaller is a smaller room, and not merely a shorter text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Size(pub(crate) [u64; 5]);

impl Size {
    fn of(scenario: &str) -> Self {
        let scenario: toml::Table = scenario.parse().expect("a scenario is TOML");
        let count = |key: &str| {
            scenario
                .get(key)
                .map_or(0, |list| list.as_array().unwrap().len())
        };
        let number = |value: &toml::Value| u64::try_from(value.as_integer().unwrap()).unwrap();
        let at = scenario["stop"]["at"].as_str().unwrap();
        let milliseconds = |text: &str, factor: u64| text.parse::<u64>().ok().map(|n| n * factor);
        let at = match at.strip_suffix("ms") {
            Some(text) => milliseconds(text, 1),
            None => at
                .strip_suffix('s')
                .and_then(|text| milliseconds(text, 1_000)),
        };
        Self([
            number(&scenario["players"]),
            count("byzantine") as u64,
            count("fault") as u64,
            number(&scenario["stop"]["rounds"]),
            at.expect("a time in s or ms"),
        ])
    }

    /// Nothing grew, and something shrank.
    pub(crate) fn is_below(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self != other && pairs.all(|(this, that)| this <= that)
    }
}

/// The rig as it is, to see that a seed fails because of a mutant and not anyway.
pub(crate) struct Unbroken(PathBuf);

impl Unbroken {
    pub(crate) fn built(tree: &Tree) -> Self {
        assert!(build(tree), "the rig is not built");
        let rig = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mutants/rig");
        std::fs::copy(tree.release_binary("rig"), &rig).unwrap();
        Self(rig)
    }

    pub(crate) fn passes(&self, found: &Found) -> bool {
        fuzz(&self.0, found.seed, 1)["failed"]
            .as_array()
            .unwrap()
            .is_empty()
    }
}

fn build(tree: &Tree) -> bool {
    let mut build = tree.release();
    build.args(["build", "--quiet"]).args(PACKAGE);
    build.stderr(Stdio::null()).status().unwrap().success()
}

impl Mutant {
    /// Builds the rig with the mutant in it and runs seeds until one fails; `None` if none does. `Err` if it is not built.
    pub(crate) fn fuzzed(&self, tree: &Tree) -> Result<Option<Found>, ()> {
        self.broken(tree, || {
            build(tree)
                .then(|| search(&tree.release_binary("rig")))
                .ok_or(())
        })
    }
}

const PACKAGE: [&str; 3] = ["--release", "--package", "bitcraps-rig"];

/// Few seeds first: most mutants take no more.
fn search(rig: &Path) -> Option<Found> {
    let (mut first, mut count) = (0, 10);
    while first < SEEDS_MAX {
        let result = fuzz(rig, first, count.min(SEEDS_MAX - first));
        if let Some(failure) = result["failed"].as_array().unwrap().first() {
            return Some(shrunk(rig, failure));
        }
        first += count;
        count = 100;
    }
    None
}

fn fuzz(rig: &Path, first: u64, count: u64) -> Value {
    let (first, count) = (first.to_string(), count.to_string());
    let arguments = ["fuzz", "--json", "--first-seed", &first, "--count", &count];
    let output = Command::new(rig).args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn shrunk(rig: &Path, failure: &Value) -> Found {
    let text = |key: &str| failure[key].as_str().unwrap_or_default().to_owned();
    let (seed, scenario) = (failure["seed"].as_u64().unwrap(), text("scenario"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    let (before, after) = (folder.join("found.toml"), folder.join("shrunk.toml"));
    std::fs::write(&before, &scenario).unwrap();
    let mut shrink = Command::new(rig);
    shrink
        .arg("shrink")
        .arg(&before)
        .arg("--output")
        .arg(&after);
    let status = shrink.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(
        status.unwrap().success(),
        "nothing to shrink at seed {seed}"
    );
    let smaller = std::fs::read_to_string(&after).unwrap();
    Found {
        seed,
        property: failure["property"].as_str().unwrap_or("panic").to_owned(),
        detail: text("detail"),
        sizes: [Size::of(&scenario), Size::of(&smaller)],
    }
}
