//! `rig verify`: whether an exported history is true, and what it comes to.

use std::fmt::Write as _;

use bitcraps_core::history::{Breach, Verdict, verify_history};
use bitcraps_core::table::{Gone, SettlementSheet, SheetLine};
use clap::Args;
use serde_json::{Value, json};

use super::{print, usage_error};

pub(super) const AFTER_HELP: &str = "\
Exit codes:
  0   valid: true from the genesis to the closing statement, whose balances are printed
  1   broken: the line says where and why
  2   usage, or no such file
  3   valid to slot s, not final: true as far as it goes, and the closing statement is missing";

const BROKEN: u8 = 1;
const NOT_FINAL: u8 = 3;

#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    /// A history, as `rig run … --history FILE` or a phone exports it
    file: std::path::PathBuf,
    /// Print one JSON object on stdout and nothing else there
    #[arg(long)]
    json: bool,
}

pub(super) fn verify_command(args: &VerifyArgs) -> u8 {
    let bytes = match std::fs::read(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => return usage_error(&format!("{}: {error}", args.file.display())),
    };
    let verdict = verify_history(&bytes);
    if args.json {
        print(&as_json(&verdict).to_string());
    } else {
        print(as_text(&verdict).trim_end());
    }
    match verdict {
        Verdict::Valid { .. } => 0,
        Verdict::ValidTo { .. } => NOT_FINAL,
        Verdict::Broken(_) => BROKEN,
    }
}

fn as_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Valid {
            sequence,
            closed_by,
            sheet,
        } => format!(
            "valid\nslots 1 to {sequence}, closed by the phone at seat {closed_by}\n{}",
            sheet_text(sheet)
        ),
        Verdict::ValidTo { sequence, sheet } => format!(
            "valid to slot {sequence}, not final\nthe closing statement is missing, so more may have come\n{}",
            sheet_text(sheet)
        ),
        Verdict::Broken(breach) => format!("broken at {breach}"),
    }
}

fn sheet_text(sheet: &SettlementSheet) -> String {
    let mut text = format!(
        "after {} rolls:\n  seat       start       stack   on layout     up/down\n",
        sheet.rolls
    );
    for line in &sheet.lines {
        let SheetLine {
            seat,
            start,
            stack,
            layout,
            ..
        } = line;
        let (up, status) = (line.up(), line.gone.map_or("", standing));
        let _ = writeln!(
            text,
            "  {:<4} {start:>11} {stack:>11} {layout:>11} {up:>+11}  {status}",
            seat.0
        );
    }
    let (bank, start) = (sheet.bank, sheet.bank_start);
    let up = i128::from(bank) - i128::from(start);
    let _ = writeln!(
        text,
        "  {:<4} {start:>11} {bank:>11} {:>11} {up:>+11}",
        "bank", ""
    );
    if let Some(slot) = sheet.dissolved {
        let _ = writeln!(text, "dissolved in slot {slot}: nothing can follow");
    }
    if let Some(pending) = &sheet.pending {
        let seats: Vec<String> = pending.waits_for.iter().map(|s| s.to_string()).collect();
        let _ = writeln!(
            text,
            "roll {} is closed and waits for seats {}",
            pending.roll,
            seats.join(", ")
        );
    }
    text
}

const fn standing(gone: Gone) -> &'static str {
    match gone {
        Gone::Left => "left",
        Gone::Unseated => "unseated",
        Gone::Convicted(lie) => lie.name(),
    }
}

fn as_json(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Valid {
            sequence,
            closed_by,
            sheet,
        } => json!({
            "verdict": "valid",
            "slot": sequence,
            "closed_by": closed_by.0,
            "sheet": sheet_json(sheet),
        }),
        Verdict::ValidTo { sequence, sheet } => json!({
            "verdict": "not-final",
            "slot": sequence,
            "sheet": sheet_json(sheet),
        }),
        Verdict::Broken(Breach {
            offset,
            record,
            sequence,
            flaw,
        }) => json!({
            "verdict": "broken",
            "slot": sequence,
            "offset": offset,
            "record": record,
            "why": flaw.to_string(),
        }),
    }
}

fn sheet_json(sheet: &SettlementSheet) -> Value {
    let line = |line: &SheetLine| {
        json!({
            "seat": line.seat.0,
            "start": line.start,
            "stack": line.stack,
            "layout": line.layout,
            "gone": line.gone.map(standing),
        })
    };
    let pending = sheet.pending.map(|pending| {
        let seats: Vec<u8> = pending.waits_for.iter().map(|seat| seat.0).collect();
        json!({ "roll": pending.roll, "waits_for": seats })
    });
    json!({
        "seats": sheet.lines.iter().map(line).collect::<Vec<_>>(),
        "bank_start": sheet.bank_start,
        "bank": sheet.bank,
        "rolls": sheet.rolls,
        "pending": pending,
        "dissolved": sheet.dissolved,
        "waiting": sheet.waiting,
    })
}
