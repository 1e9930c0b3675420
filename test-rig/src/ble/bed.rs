//! A bed: a scenario for real radios. It has a scenario's keys without `radio` and `fault`, and says which phone sits on
//! which adapter and when its controller is powered off.

use super::host;
use super::problem::BluetoothProblem;
use crate::scenario::{
    Expect, Scenario, ScenarioError, Section, Supported, Value, load_with, period, read,
};

/// The keys of a bed.
const KEYS: &[&str] = &[
    "name",
    "players",
    "seed",
    "stop",
    "adapters",
    "power",
    "byzantine",
    "workload",
    "expect",
];

/// The word for a phone that has no adapter.
const IN_MEMORY: &str = "memory";

const ADAPTERS_EXPECTED: &str =
    "a list with one adapter such as \"hci0\" for each player, or \"memory\" for one without";

/// Who plays on what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bed {
    /// What is played. Its radio is not used.
    pub scenario: Scenario,
    /// The adapter of each player; unset for phones in memory.
    pub adapters: Vec<Option<String>>,
    /// When controllers are off.
    pub power: Vec<Outage>,
}

/// A controller is off for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// Whose.
    pub player: u8,
    /// Since when, in milliseconds since the game began.
    pub from_ms: u64,
    /// Until when; unset for "to the end".
    pub until_ms: Option<u64>,
}

impl Bed {
    /// Reads and checks a bed; `file` is only for the errors.
    ///
    /// # Errors
    /// One line: file, line, key, what was expected and what was found.
    pub fn load(file: &str, text: &str, supported: &Supported<'_>) -> Result<Self, ScenarioError> {
        load_with(file, text, supported, KEYS, |root, scenario| {
            let players = scenario.players;
            let adapters = adapters(&root.require("adapters", ADAPTERS_EXPECTED)?, players)?;
            let power = root.read("power", |value| outages(&value, &scenario))?;
            Ok(Self {
                scenario,
                adapters,
                power: power.unwrap_or_default(),
            })
        })
    }

    /// Reads the bed in a file.
    ///
    /// # Errors
    /// As [`Bed::load`], or why the file cannot be read.
    pub fn open(path: &str, supported: &Supported<'_>) -> Result<Self, ScenarioError> {
        Self::load(path, &read(path)?, supported)
    }

    /// The adapters that are needed, in the order of their players.
    pub fn needed(&self) -> impl Iterator<Item = &str> {
        self.adapters.iter().flatten().map(String::as_str)
    }

    /// Whether its adapters are there, on, and can be what its phones need.
    ///
    /// # Errors
    /// [`BluetoothProblem`] if not.
    pub fn check(&self) -> Result<(), BluetoothProblem> {
        host::check(self.needed()).map(drop)
    }

    /// Whether any phone of it sits on an adapter, so that real time counts.
    #[must_use]
    pub fn is_on_air(&self) -> bool {
        self.needed().next().is_some()
    }

    /// Whether a phone is off at the end, so that nobody waits for it.
    #[must_use]
    pub fn ends_off(&self, phone: usize) -> bool {
        let of_phone = |outage: &Outage| usize::from(outage.player) == phone;
        let mut own = self.power.iter().filter(|outage| of_phone(outage));
        own.any(|outage| outage.until_ms.is_none())
    }

    /// What is expected of the run.
    #[must_use]
    pub const fn expect(&self) -> Option<&Expect> {
        self.scenario.expect.as_ref()
    }
}

fn adapters(value: &Value<'_>, players: u8) -> Result<Vec<Option<String>>, ScenarioError> {
    let items = value.items(ADAPTERS_EXPECTED)?;
    if items.len() != usize::from(players) {
        let count = items.len();
        return Err(value.wrong(format!(
            "expected {ADAPTERS_EXPECTED}, found {count} for {players} players"
        )));
    }
    let mut adapters: Vec<Option<String>> = Vec::new();
    for item in items {
        let name = item.text("an adapter such as \"hci0\", or \"memory\"")?;
        if name.is_empty() || name.chars().any(|c| c.is_control() || c == '/') {
            return Err(item.expected("an adapter such as \"hci0\", or \"memory\""));
        }
        let name = (name != IN_MEMORY).then(|| name.to_owned());
        if name.is_some() && adapters.contains(&name) {
            return Err(item.expected("every adapter at most once: a phone has its own"));
        }
        adapters.push(name);
    }
    Ok(adapters)
}

fn outages(value: &Value<'_>, scenario: &Scenario) -> Result<Vec<Outage>, ScenarioError> {
    let outage = |item: &Value<'_>| -> Result<Outage, ScenarioError> {
        let section: Section<'_> = item.section()?;
        section.allow(&["player", "from", "until"])?;
        let player = section
            .require("player", "the player whose controller goes off")?
            .player(scenario.players)?;
        let (from_ms, until_ms) = period(&section, scenario.stop.at_ms)?;
        Ok(Outage {
            player,
            from_ms,
            until_ms,
        })
    };
    let items = value.items("[[power]] sections")?;
    let mut outages: Vec<Outage> = Vec::new();
    for item in &items {
        let next = outage(item)?;
        let overlaps = |other: &Outage| {
            other.player == next.player
                && other.until_ms.is_none_or(|until| next.from_ms < until)
                && next.until_ms.is_none_or(|until| other.from_ms < until)
        };
        if outages.iter().any(overlaps) {
            return Err(item.wrong(format!(
                "expected outages of one player that do not overlap, found two of player {}",
                next.player
            )));
        }
        outages.push(next);
    }
    Ok(outages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::SUPPORTED;

    fn load(text: &str) -> Result<Bed, String> {
        Bed::load("bed.toml", text, &SUPPORTED).map_err(|error| error.to_string())
    }

    const HEAD: &str = "name = \"b\"\nplayers = 4\n";

    #[test]
    fn a_bed_names_adapters_outages_lies_and_expectations() {
        let text = format!(
            "# Four.\n{HEAD}adapters = [\"hci0\", \"hci1\", \"memory\", \"memory\"]\n\
             [[power]]\nplayer = 1\nfrom = \"5s\"\nuntil = \"9s\"\n\
             [[byzantine]]\nplayer = 0\nbehaviour = \"equivocator\"\n[expect]\nevicted = [0]\n"
        );
        let bed = load(&text).unwrap();
        assert_eq!(bed.needed().collect::<Vec<_>>(), ["hci0", "hci1"]);
        let outage = Outage {
            player: 1,
            from_ms: 5_000,
            until_ms: Some(9_000),
        };
        assert_eq!(bed.power, [outage]);
        assert!(!bed.ends_off(1));
        assert_eq!(bed.expect().unwrap().evicted, Some(vec![0]));
        assert_eq!(bed.scenario.summary, "Four.");
    }

    #[test]
    fn what_is_wrong_with_a_bed_is_one_line_with_its_place() {
        let adapters = "adapters = [\"hci0\", \"hci1\", \"hci2\", \"hci3\"]\n";
        let outage = "[[power]]\nplayer = 1\nfrom = \"5s\"\n";
        let wrong = [
            (String::new(), "bed.toml:1: key `adapters`: missing"),
            (
                "adapters = [\"hci0\"]\n".to_owned(),
                "bed.toml:3: key `adapters`: expected a list with one adapter such as \"hci0\" for each \
                 player, or \"memory\" for one without, found 1 for 4 players",
            ),
            (
                "adapters = [\"hci0\", \"hci0\", \"memory\", \"memory\"]\n".to_owned(),
                "key `adapters[1]`: expected every adapter at most once",
            ),
            (
                "adapters = [\"\", \"hci0\", \"memory\", \"memory\"]\n".to_owned(),
                "key `adapters[0]`: expected an adapter",
            ),
            (
                format!("{adapters}radio = {{}}\n"),
                "bed.toml:4: key `radio`: unknown; expected one of name, players",
            ),
            (
                format!("{adapters}[[power]]\nplayer = 4\n"),
                "key `power[0].player`: expected a player from 0 to 3",
            ),
            (
                format!("{adapters}[[power]]\nplayer = 1\nfor = \"1s\"\n"),
                "key `power[0].for`: unknown",
            ),
            (
                format!("{adapters}{outage}{outage}"),
                "key `power[1]`: expected outages of one player that do not overlap",
            ),
        ];
        for (text, expected) in wrong {
            let error = load(&format!("{HEAD}{text}")).unwrap_err();
            assert!(error.contains(expected), "{error}\nwants {expected}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
