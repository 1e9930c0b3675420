//! What a bed comes to: the object of every run, with what only real radios have.

use bitcraps_core::history::{Verdict, verify_history};
use serde::Serialize;

use super::figures::OnAir;
use super::host::{AdapterInfo, Versions};
use crate::result::RunResult;
use crate::run::Finished;
use crate::sim::Room;

/// The one JSON object.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BedResult {
    /// As `rig run` has it; virtual time is real time here.
    #[serde(flatten)]
    pub run: RunResult,
    /// Who sat on what.
    pub adapters: Vec<AdapterInfo>,
    /// What runs below us.
    pub versions: Versions,
    /// How long it took until everybody was linked and the key was made.
    pub formation_ms: u64,
    /// Pairs that never found each other, where the game could not begin: who lacks whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unlinked: Vec<(u8, u8)>,
    /// What was measured on adapters.
    pub on_air: OnAir,
    /// What the histories of the honest phones are worth.
    pub histories: Vec<HistoryResult>,
    /// Records that journals made durable one by one.
    pub journal_records: u64,
    /// The most memory that this process held, where the system says so.
    pub peak_memory_kib: Option<u64>,
}

/// What a phone's exported history is worth to a stranger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HistoryResult {
    /// Whose.
    pub player: usize,
    /// Whether it is true to its last slot.
    pub valid: bool,
    /// That slot.
    pub sequence: u64,
    /// What is wrong otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A bed that has been played.
#[derive(Debug)]
pub struct BedFinished {
    /// As for every run.
    pub finished: Finished,
    /// The object for scripts.
    pub result: BedResult,
}

/// Verifies what every honest phone exports.
pub(super) fn histories(room: &Room) -> Vec<HistoryResult> {
    let phones = room.phones.iter().enumerate();
    let honest = phones.filter(|(_, phone)| phone.is_honest());
    honest
        .map(|(player, phone)| {
            let (valid, sequence, problem) = match verify_history(&phone.node.export_history()) {
                Verdict::Valid { sequence, .. } | Verdict::ValidTo { sequence, .. } => {
                    (true, sequence, None)
                }
                Verdict::Broken(breach) => (false, breach.sequence, Some(breach.to_string())),
            };
            HistoryResult {
                player,
                valid,
                sequence,
                problem,
            }
        })
        .collect()
}

impl BedResult {
    /// What of the bed is not as it must be, beside what its file expects.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let broken = self.histories.iter().filter(|history| !history.valid);
        let broken = broken.map(|history| {
            let problem = history.problem.as_deref().unwrap_or("unknown");
            format!(
                "the history of phone {} is broken: {problem}",
                history.player
            )
        });
        let apart = self.unlinked.iter();
        let apart = apart.map(|(from, to)| format!("phone {from} never got a link to {to}"));
        broken.chain(apart).collect()
    }

    /// The lines of the summary that only a bed has.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Versions {
            kernel,
            bluez,
            btleplug,
            bluer,
        } = &self.versions;
        let unknown = "unknown".to_owned();
        let mut lines = vec![format!(
            "kernel {}, BlueZ {}, btleplug {btleplug}, bluer {bluer}",
            kernel.as_ref().unwrap_or(&unknown),
            bluez.as_ref().unwrap_or(&unknown),
        )];
        lines.extend(self.adapters.iter().map(|adapter| adapter.to_string()));
        let air = &self.on_air;
        let links: Vec<String> = air
            .links
            .iter()
            .map(|link| format!("{}→{} MTU {}", link.central, link.peripheral, link.mtu))
            .collect();
        lines.push(format!(
            "linked and keyed in {} ms; {} pairs on the air: {}",
            self.formation_ms,
            air.links.len(),
            links.join(", ")
        ));
        lines.push(format!(
            "{} link ends up, {} down again, {} dials failed, {} strangers",
            air.link_ups, air.link_downs, air.dials_failed, air.strangers
        ));
        let delay = air.chunk_us.map_or_else(
            || "none arrived".to_owned(),
            |us| format!("p50 {} µs, p95 {} µs, max {} µs", us.p50, us.p95, us.max),
        );
        lines.push(format!(
            "{} chunks, {} B on adapters, {} missing; {delay}; busiest second {} B",
            air.chunks, air.bytes, air.chunks_missing, air.peak_bytes_per_second
        ));
        let valid = self.histories.iter().filter(|history| history.valid);
        lines.push(format!(
            "{} of {} histories verify; {} records synced; {} KiB of memory at most",
            valid.count(),
            self.histories.len(),
            self.journal_records,
            self.peak_memory_kib.map_or(unknown, |kib| kib.to_string())
        ));
        lines
    }
}
