//! Histories: what a phone can show a stranger, and the stranger's check of it.

use bitcraps_core::history::{self, Verdict};
use bitcraps_core::table::SettlementSheet;

use crate::error::{NodeError, Result};
use crate::view::Standing;

/// What a history that is true comes to.
#[derive(Clone, Debug, uniffi::Record)]
pub struct HistorySummary {
    /// The last slot.
    pub sequence: u64,
    /// Whose signature says that the history ends there; without one it is true as far as it goes, and more may have
    /// come.
    pub closed_by: Option<u8>,
    /// Rolls settled.
    pub rolls: u64,
    /// The roll that is closed and whose dice are awaited.
    pub pending_roll: Option<u64>,
    /// The seats whose shares of it are missing.
    pub pending_waits_for: Vec<u8>,
    /// The slot in which the table was dissolved: then nothing can follow.
    pub dissolved: Option<u64>,
    /// What the bank started with.
    pub bank_start: u64,
    /// What the bank has.
    pub bank: u64,
    /// A line for each seat that ever had chips.
    pub lines: Vec<SheetLine>,
}

/// One seat's account.
#[derive(Clone, Debug, uniffi::Record)]
pub struct SheetLine {
    /// Whose.
    pub seat: u8,
    /// Chips it was given in all.
    pub start: u64,
    /// Chips on its stack.
    pub stack: u64,
    /// Chips on the layout, undecided.
    pub layout: u64,
    /// Whether it still plays.
    pub standing: Standing,
}

/// Replays a history from its genesis, without a node and without trusting anybody.
///
/// # Errors
/// [`NodeError::History`] says where it breaks and why.
#[uniffi::export]
pub fn verify_history(bundle: Vec<u8>) -> Result<HistorySummary> {
    match history::verify_history(&bundle) {
        Verdict::Valid {
            sequence,
            closed_by,
            sheet,
        } => Ok(summary(sequence, Some(closed_by.0), &sheet)),
        Verdict::ValidTo { sequence, sheet } => Ok(summary(sequence, None, &sheet)),
        Verdict::Broken(breach) => Err(NodeError::History(breach.to_string())),
    }
}

fn summary(sequence: u64, closed_by: Option<u8>, sheet: &SettlementSheet) -> HistorySummary {
    let lines = sheet.lines.iter();
    let lines = lines.map(|line| SheetLine {
        seat: line.seat.0,
        start: line.start,
        stack: line.stack,
        layout: line.layout,
        standing: Standing::of(line.gone),
    });
    let pending = sheet.pending.iter();
    let waits_for = pending.flat_map(|pending| pending.waits_for.iter());
    HistorySummary {
        sequence,
        closed_by,
        rolls: sheet.rolls,
        pending_roll: sheet.pending.map(|pending| pending.roll),
        pending_waits_for: waits_for.map(|seat| seat.0).collect(),
        dissolved: sheet.dissolved,
        bank_start: sheet.bank_start,
        bank: sheet.bank,
        lines: lines.collect(),
    }
}
