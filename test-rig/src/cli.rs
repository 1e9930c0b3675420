//! The command line: what `rig` understands, and its exit codes.

mod bench;
mod ble;
mod files;
mod fuzz;
mod guard;
mod matrix;
mod play;
mod replay;
mod report;
mod run;
mod shrink;
mod verify;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::bets;
use crate::byzantine::BUILT;
use crate::scenario::{Supported, builtins, explain, load, resolve};
use crate::sim::{BET_FAMILIES, BET_IDS, FAULTS};

const USAGE: u8 = 2;
const RIG_FAULT: u8 = 70;

/// What this build of the rig can do of what a scenario may ask for.
pub static SUPPORTED: LazyLock<Supported<'static>> = LazyLock::new(|| Supported {
    behaviours: &BUILT,
    faults: &FAULTS,
    bet_kinds: &BET_FAMILIES,
    bet_ids: &BET_IDS,
});

#[derive(Parser, Debug)]
#[command(
    name = "rig",
    version,
    about = "A room of BitCraps phones in one process: real cores, a simulated radio, phones that lie",
    after_help = "Start with `rig run honest-table`; `rig scenarios` lists what else there is."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a scenario: a built-in's name or a TOML file
    #[command(after_help = run::EXIT_CODES)]
    Run(run::RunArgs),
    /// Run a trace's scenario and seed again and compare every line
    #[command(after_help = replay::AFTER_HELP)]
    Replay(replay::ReplayArgs),
    /// Make a page of a trace that a browser opens
    Report(report::ReportArgs),
    /// Take a seat at a table of simulated phones
    #[command(after_help = play::AFTER_HELP)]
    Play(play::PlayArgs),
    /// Run many random rooms from seeds, and keep what breaks
    #[command(after_help = fuzz::AFTER_HELP)]
    Fuzz(fuzz::FuzzArgs),
    /// Make a scenario that fails smaller
    #[command(after_help = shrink::AFTER_HELP)]
    Shrink(shrink::ShrinkArgs),
    /// Tables of n phones of which b lie: who reaches the end, who stalls, who halts
    #[command(after_help = matrix::AFTER_HELP)]
    Matrix(matrix::MatrixArgs),
    /// Measure what the design promises: bytes, hops, times, CPU
    #[command(after_help = bench::after_help())]
    Bench(bench::BenchArgs),
    /// Play on real Bluetooth adapters, or list them
    #[command(after_help = ble::AFTER_HELP)]
    Ble(ble::BleArgs),
    /// Check an exported history: is it true, and what does it come to?
    #[command(after_help = verify::AFTER_HELP)]
    Verify(verify::VerifyArgs),
    /// List the built-in scenarios, a line each
    Scenarios,
    /// List the bets with what they pay and cost, or explain one
    Bets {
        /// A bet such as `field` or `place-6`, or a family such as `place`
        bet: Option<String>,
        /// The table's rules: reference, friendly or strip
        #[arg(long, default_value = "reference")]
        rules: String,
        /// Print one JSON list of id, name, pays and edge
        #[arg(long)]
        json: bool,
    },
    /// Validate a scenario and explain what it does
    Check {
        /// A built-in's name or a TOML file
        scenario: String,
    },
}

/// Runs the command line and gives the process's exit code.
#[must_use]
pub fn main() -> ExitCode {
    let code = match Cli::parse().command {
        Command::Run(args) => run::run_command(&args),
        Command::Replay(args) => replay::replay_command(&args),
        Command::Report(args) => report::report_command(&args),
        Command::Play(args) => play::play_command(&args),
        Command::Fuzz(args) => fuzz::fuzz_command(&args),
        Command::Shrink(args) => shrink::shrink_command(&args),
        Command::Matrix(args) => matrix::matrix_command(&args),
        Command::Bench(args) => bench::bench_command(&args),
        Command::Ble(args) => ble::ble_command(&args),
        Command::Verify(args) => verify::verify_command(&args),
        Command::Scenarios => list_scenarios(),
        Command::Check { scenario } => check(&scenario),
        Command::Bets { bet, rules, json } => bets_command(bet.as_deref(), &rules, json),
    };
    ExitCode::from(code)
}

/// Prints to stdout; a reader that went away (`rig … | head`) is no error.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn usage_error(error: &dyn std::fmt::Display) -> u8 {
    let _ = writeln!(std::io::stderr(), "rig: {error}");
    USAGE
}

fn list_scenarios() -> u8 {
    for (name, text) in builtins() {
        match load(name, text, &SUPPORTED) {
            Ok(scenario) => print(&format!("{name:<28} {}", scenario.summary)),
            Err(error) => return usage_error(&error),
        }
    }
    0
}

fn check(scenario: &str) -> u8 {
    match resolve(scenario, &SUPPORTED) {
        Ok(scenario) => {
            print(explain(&scenario).trim_end());
            0
        }
        Err(error) => usage_error(&error),
    }
}

fn bets_command(bet: Option<&str>, rules: &str, json: bool) -> u8 {
    match bets::text(bet, rules, json) {
        Ok(text) => {
            print(text.trim_end());
            0
        }
        Err(error) => usage_error(&error),
    }
}

/// A seed when nobody gave one: the only place where the rig takes randomness from its surroundings.
fn draw_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
        >> 16
}

/// A bar on a terminal's stderr; nothing anywhere else.
fn bar(length: u64, style: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(style);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
