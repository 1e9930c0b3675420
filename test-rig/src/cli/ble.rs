//! `rig ble`: phones on real Bluetooth adapters.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::files::{FileArgs, record};
use super::guard::{guard, stop};
use super::run::{exit_code, unmet};
use super::{RIG_FAULT, SUPPORTED, draw_seed, print, usage_error};
use crate::ble::{Bed, BedError, BedFinished, BluetoothProblem, Options, adapters, run_bed};
use crate::show::{Printer, again};

const NO_BLUETOOTH: u8 = 7;

pub(super) const AFTER_HELP: &str = "\
A bed is a scenario for real radios: `adapters = [\"hci0\", \"hci1\", \"memory\", \"memory\"]` gives each player an
adapter of its own or none, and [[power]] with `player`, `from`, `until` switches a controller off for a while. With an
adapter it is played in real time, in memory alone in virtual time. Linux with BlueZ is central and peripheral at once;
on other systems adapters are listed, and a bed plays in memory only.
RIG_BLE_LOG=1 says on stderr what goes wrong on the air.

Exit codes: those of `rig run`, and
  7   no usable Bluetooth; the line says what to do";

#[derive(Args, Debug)]
pub(super) struct BleArgs {
    #[command(subcommand)]
    command: BleCommand,
}

#[derive(Subcommand, Debug)]
enum BleCommand {
    /// List this machine's adapters: address, roles, state
    Adapters {
        /// Print one JSON list
        #[arg(long)]
        json: bool,
    },
    /// Play a bed: phones on adapters, others in memory
    Run(RunArgs),
}

#[derive(Args, Debug)]
struct RunArgs {
    /// A bed's TOML file
    bed: String,
    /// The seed of identities, table and players; wins over the bed's own; without either one is drawn
    #[arg(long)]
    seed: Option<u64>,
    /// Print one JSON object on stdout and nothing else there
    #[arg(long)]
    json: bool,
    /// Write the history that the lowest-numbered honest phone exports at the end; `rig verify` checks it
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    #[command(flatten)]
    files: FileArgs,
}

pub(super) fn ble_command(args: &BleArgs) -> u8 {
    match &args.command {
        BleCommand::Adapters { json } => list(*json),
        BleCommand::Run(args) => run_command(args),
    }
}

fn list(json: bool) -> u8 {
    match adapters() {
        Ok(found) if json => match serde_json::to_string(&found) {
            Ok(line) => print(&line),
            Err(error) => return rig_fault(&error.to_string()),
        },
        Ok(found) => found.iter().for_each(|adapter| print(&adapter.to_string())),
        Err(problem) => return no_bluetooth(&problem),
    }
    0
}

fn run_command(args: &RunArgs) -> u8 {
    let bed = match Bed::open(&args.bed, &SUPPORTED) {
        Ok(bed) => bed,
        Err(error) => return usage_error(&error),
    };
    // Before anything is said or written: a machine without Bluetooth gets one line and nothing else.
    if let Err(problem) = bed.check() {
        return no_bluetooth(&problem);
    }
    let seed = args.seed.or(bed.scenario.seed).unwrap_or_else(draw_seed);
    let mut recorder = match record(&args.files, &bed.scenario, &args.bed, seed) {
        Ok(recorder) => recorder,
        Err(problem) => return usage_error(&problem),
    };
    let options = Options {
        tapped: recorder.is_wanted(),
        stop: stop(),
    };
    let mut out = std::io::stdout();
    let mut printer = Printer::of_bed(&mut out, &args.bed, bed.is_on_air());
    if !args.json {
        printer.header(&bed.scenario, seed);
    }
    let again = again(&args.bed, seed).replacen("rig run", "rig ble run", 1);
    let played = guard(&again, || {
        Ok(run_bed(&bed, seed, options, &mut |room, observation| {
            recorder.observe(room, observation);
            if !args.json {
                printer.observe(room, observation);
            }
        }))
    });
    let finished = match played {
        Ok(Ok(finished)) => finished,
        Ok(Err(BedError::Bluetooth(problem))) => return no_bluetooth(&problem),
        Ok(Err(BedError::Rig(problem))) => return rig_fault(&problem),
        Err(code) => return code,
    };
    if let Err(code) = say(args, &bed, &finished) {
        return code;
    }
    if let Err(error) = recorder.finish(&finished.finished) {
        return rig_fault(&format!("the trace is not whole: {error}"));
    }
    let outcome = finished.result.run.outcome;
    match exit_code(outcome, bed.expect(), &problems(&bed, &finished)) {
        0 if !finished.result.problems().is_empty() => 1,
        code => code,
    }
}

/// What is not as it should be.
fn problems(bed: &Bed, finished: &BedFinished) -> Vec<String> {
    let own = finished.result.problems();
    let expected = bed
        .expect()
        .map(|expect| unmet(expect, &finished.result.run));
    own.into_iter()
        .chain(expected.unwrap_or_default())
        .collect()
}

fn say(args: &RunArgs, bed: &Bed, finished: &BedFinished) -> Result<(), u8> {
    if let Some(path) = &args.history
        && let Err(error) = std::fs::write(path, &finished.finished.history)
    {
        return Err(rig_fault(&format!(
            "the history cannot be written: {error}"
        )));
    }
    let problems = problems(bed, finished);
    if !args.json {
        let mut out = std::io::stdout();
        Printer::of_bed(&mut out, &args.bed, bed.is_on_air()).footer(&finished.finished, &problems);
        finished.result.lines().iter().for_each(|line| print(line));
        return Ok(());
    }
    match serde_json::to_string(&finished.result) {
        Ok(line) => print(&line),
        Err(error) => return Err(rig_fault(&error.to_string())),
    }
    for problem in problems {
        let _ = writeln!(std::io::stderr(), "not as expected: {problem}");
    }
    Ok(())
}

fn no_bluetooth(problem: &BluetoothProblem) -> u8 {
    let _ = writeln!(std::io::stderr(), "rig: {problem}");
    NO_BLUETOOTH
}

fn rig_fault(problem: &str) -> u8 {
    let _ = writeln!(std::io::stderr(), "rig: {problem}");
    RIG_FAULT
}
