//! The result of a run, as the contract's one JSON object.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::checkers::{Property, Status};
use crate::returns::Return;
use crate::scenario::Outcome;

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunOutcome {
    /// Every honest phone that was left running did all the work.
    Reached,
    /// Nothing broke, and the work was not finished.
    Stalled,
    /// A fork was seen, latched, and culprits were named.
    Halted,
    /// A property broke.
    Violated,
}

impl RunOutcome {
    /// The exit code without expectations.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Reached => 0,
            Self::Stalled => 3,
            Self::Halted | Self::Violated => 1,
        }
    }

    /// Whether it is what a scenario expects.
    #[must_use]
    pub fn is(self, expected: Outcome) -> bool {
        matches!(
            (self, expected),
            (Self::Reached, Outcome::Reached)
                | (Self::Stalled, Outcome::Stalled)
                | (Self::Halted, Outcome::Halted)
        )
    }
}

impl std::fmt::Display for RunOutcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Reached => "reached",
            Self::Stalled => "stalled",
            Self::Halted => "halted",
            Self::Violated => "violated",
        })
    }
}

/// A property as it is reported.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PropertyResult {
    /// Held, violated or unknown.
    pub status: Status,
    /// How often it was looked at.
    pub checked: u64,
    /// What broke it first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation: Option<String>,
}

impl From<&Property> for PropertyResult {
    fn from(property: &Property) -> Self {
        Self {
            status: property.status(),
            checked: property.checked,
            violation: property.violation.clone(),
        }
    }
}

/// Percentiles of a list of times, in milliseconds of virtual time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Percentiles {
    /// Half are at most this.
    pub p50: u64,
    /// 95 of 100 are at most this.
    pub p95: u64,
    /// 99 of 100 are at most this.
    pub p99: u64,
    /// All are at most this.
    pub max: u64,
}

impl Percentiles {
    /// Nearest-rank percentiles; `None` of an empty list.
    #[must_use]
    pub fn of(mut times: Vec<u64>) -> Option<Self> {
        times.sort_unstable();
        let rank = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).copied()
        };
        Some(Self {
            p50: rank(50)?,
            p95: rank(95)?,
            p99: rank(99)?,
            max: rank(100)?,
        })
    }
}

/// Evidence that was issued.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EvidenceResult {
    /// What was done.
    pub kind: String,
    /// By whom.
    pub player: u8,
}

/// Everything that the contract names, in its order.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunResult {
    /// The scenario's name.
    pub scenario: String,
    /// The seed that makes the run again.
    pub seed: u64,
    /// Seats at genesis.
    pub players: u8,
    /// How many may lie.
    pub f: u8,
    /// How many decide.
    pub quorum: u8,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What must hold, and whether it did.
    pub properties: BTreeMap<&'static str, PropertyResult>,
    /// Settled rolls.
    pub rolls: u64,
    /// Delivered slots.
    pub decisions: u64,
    /// The highest view that an honest phone entered.
    pub view_changes: u64,
    /// Players who were put off the table.
    pub evicted: Vec<u8>,
    /// Proven lies.
    pub evidence: Vec<EvidenceResult>,
    /// From a tap to its delivery on the same phone.
    pub decide_ms: Option<Percentiles>,
    /// From the shooter's tap to the settled dice on the same phone.
    pub roll_ms: Option<Percentiles>,
    /// Proposals, prepares and commits that honest phones made, per decision.
    pub origin_bytes_per_decision: u64,
    /// Signed requests that honest phones made, per decision.
    pub request_bytes_per_decision: u64,
    /// Bytes of all chunks on all links, per decision.
    pub link_bytes_per_decision: u64,
    /// Chunks on all links, per decision.
    pub frames_per_decision: u64,
    /// How long the game took in the room.
    pub virtual_seconds: f64,
    /// How long the run took here.
    pub wall_seconds: f64,
    /// Phones × virtual seconds per second here.
    pub phone_seconds_per_second: f64,
    /// Decisions per second here.
    pub decisions_per_second: f64,
    /// Hash over everything that happened.
    pub trace_hash: String,
    /// Digest of the table on the phone that came furthest.
    pub state_digest: String,
    /// How long phones took to be back after what kept them out.
    pub returns: Vec<Return>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let times: Vec<u64> = (1..=100).rev().collect();
        let expected = Percentiles {
            p50: 50,
            p95: 95,
            p99: 99,
            max: 100,
        };
        assert_eq!(Percentiles::of(times), Some(expected));
        assert_eq!(
            Percentiles::of(vec![7]),
            Some(Percentiles {
                p50: 7,
                p95: 7,
                p99: 7,
                max: 7
            })
        );
        assert_eq!(Percentiles::of(Vec::new()), None);
    }
}
