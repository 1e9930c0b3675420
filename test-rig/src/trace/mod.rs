//! A run as a file: one JSON object a line, from which reports, the terminal view and `rig replay` are made.
//!
//! The first line says what ran, whole: [`Header`]. The last one says how it came out: [`End`]. In between stand
//! [`Line`]s, in order. Times are whole microseconds since the game began, negative during formation. Nothing in a line
//! but the last depends on the machine, so two runs of one scenario and seed give equal lines.
//!
//! [`describe`] turns bytes and events into fields, [`writer`] makes the file, [`reader`] reads one back.

pub mod describe;
pub mod events;
pub mod lies;
pub mod reader;
pub mod replay;
pub mod writer;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::scenario::Scenario;

/// The version of this format.
pub const FORMAT: u32 = 1;

/// What a line is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineKind {
    /// A message began to leave a phone.
    Send,
    /// A phone heard a message whole.
    Recv,
    /// A message was lost with its link.
    Drop,
    /// The moment that a phone asked for has come.
    Timer,
    /// A record was made durable.
    Persist,
    /// A phone delivered a slot.
    Commit,
    /// A phone told its player something else.
    Event,
    /// A fault or a lie began or ended, a link came up or went down.
    Fault,
}

impl LineKind {
    /// The word in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Recv => "recv",
            Self::Drop => "drop",
            Self::Timer => "timer",
            Self::Persist => "persist",
            Self::Commit => "commit",
            Self::Event => "event",
            Self::Fault => "fault",
        }
    }
}

/// One thing that happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// When, in microseconds since the game began.
    pub t: i64,
    /// On which phone; unset for what happens to the room.
    pub node: Option<u8>,
    /// What it is about.
    pub kind: LineKind,
    /// `type`, and what belongs to it.
    pub msg: Map<String, Value>,
    /// Of a message: the same where it is sent, heard or lost. Otherwise the line's own.
    pub id: u64,
}

impl Line {
    /// The `type` of what happened.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.text("type")
    }

    /// A text field; empty if there is none.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.msg.get(key).and_then(Value::as_str).unwrap_or("")
    }

    /// A number field.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        self.msg.get(key).and_then(Value::as_u64)
    }
}

/// A fault or a lie of the scenario, as a band on a time line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Band {
    /// In the words of a scenario.
    pub what: String,
    /// Whether a phone lies; otherwise something happens to phones or links.
    pub lie: bool,
    /// Since when, in milliseconds.
    pub from_ms: u64,
    /// Until when; unset for "to the end".
    pub until_ms: Option<u64>,
}

/// The first line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Always "run".
    pub kind: String,
    /// [`FORMAT`].
    pub format: u32,
    /// The version of the rig.
    pub rig: String,
    /// The version of the protocol.
    pub protocol: u16,
    /// The scenario's name.
    pub name: String,
    /// Its summary.
    pub summary: String,
    /// The scenario as the user named it.
    pub given: String,
    /// The seed.
    pub seed: u64,
    /// Phones at the table.
    pub players: u8,
    /// How many may lie.
    pub f: u8,
    /// How many decide.
    pub quorum: u8,
    /// The scenario's text.
    pub scenario: String,
    /// Who lies and what goes wrong, and when.
    pub bands: Vec<Band>,
}

impl Header {
    /// The first line of a run's trace.
    #[must_use]
    pub fn new(scenario: &Scenario, given: &str, seed: u64) -> Self {
        let lies = scenario.byzantine.iter().map(|entry| Band {
            what: format!("{} {}", entry.behaviour, entry.player),
            lie: true,
            from_ms: entry.from_ms,
            until_ms: entry.until_ms,
        });
        let faults = scenario.faults.iter().map(|fault| Band {
            what: crate::sim::in_words(fault).0,
            lie: false,
            from_ms: fault.from_ms,
            until_ms: fault.until_ms,
        });
        Self {
            kind: "run".to_owned(),
            format: FORMAT,
            rig: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: bitcraps_core::node::PROTOCOL_VERSION,
            name: scenario.name.clone(),
            summary: scenario.summary.clone(),
            given: given.to_owned(),
            seed,
            players: scenario.players,
            f: scenario.faulty_max(),
            quorum: scenario.quorum(),
            scenario: scenario.source.clone(),
            bands: lies.chain(faults).collect(),
        }
    }

    /// Whether a phone lies at some time.
    #[must_use]
    pub fn lies(&self, phone: u8) -> bool {
        let of_phone = |band: &Band| {
            let named = band.what.rsplit(' ').next();
            band.lie && named == Some(&phone.to_string())
        };
        self.bands.iter().any(of_phone)
    }
}

/// The last line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct End {
    /// Always "end".
    pub kind: String,
    /// Lines between the first and this one.
    pub lines: u64,
    /// The object that `rig run --json` prints.
    pub result: Value,
    /// Chips at the end, by seat.
    pub balances: crate::run::Balances,
}
