//! The command line: what `rig` understands, and its exit codes.

mod bench;
mod fuzz;
mod verify;

use std::hash::{BuildHasher, Hasher};
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{LazyLock, Mutex};

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::bets;
use crate::byzantine::BUILT;
use crate::result::{RunOutcome, RunResult};
use crate::run::{Finished, run};
use crate::scenario::{Expect, Scenario, Supported, builtins, explain, load, resolve};
use crate::show::{Printer, again};
use crate::sim::{BET_FAMILIES, BET_IDS, FAULTS, Observation, Room};

const USAGE: u8 = 2;
const NOT_AS_EXPECTED: u8 = 4;
const NODE_PANICKED: u8 = 5;
const RIG_FAULT: u8 = 70;

const EXIT_CODES: &str = "\
Exit codes of `rig run`:
  0   reached: every honest phone did all the work (or everything in [expect] holds)
  1   a property was violated, or the table halted on a fork
  2   usage, or a bad scenario
  3   stalled: nothing broke, the work was not finished
  4   something in [expect] does not hold
  5   a node panicked
  70  the rig's own fault";

/// What this build of the rig can do of what a scenario may ask for.
pub static SUPPORTED: LazyLock<Supported<'static>> = LazyLock::new(|| Supported {
    behaviours: &BUILT,
    faults: &FAULTS,
    bet_kinds: &BET_FAMILIES,
    bet_ids: &BET_IDS,
    restarts: false,
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
    #[command(after_help = EXIT_CODES)]
    Run(RunArgs),
    /// Run many random rooms from seeds, and keep what breaks
    #[command(after_help = fuzz::AFTER_HELP)]
    Fuzz(fuzz::FuzzArgs),
    /// Measure what the design promises: bytes, hops, times, CPU
    #[command(after_help = bench::after_help())]
    Bench(bench::BenchArgs),
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

#[derive(Args, Debug)]
struct RunArgs {
    /// A built-in's name (see `rig scenarios`) or a TOML file
    scenario: String,
    /// The seed; the same scenario and seed give the same run. Wins over the scenario's own; without either one is drawn
    #[arg(long)]
    seed: Option<u64>,
    /// Print one JSON object on stdout and nothing else there
    #[arg(long)]
    json: bool,
    /// Run twice and fail if the two runs differ in anything
    #[arg(long)]
    check_determinism: bool,
    /// Write the history that the lowest-numbered honest phone exports at the end; `rig verify` checks it
    #[arg(long, value_name = "FILE")]
    history: Option<std::path::PathBuf>,
}

/// Where the last panic happened, for telling a node's panic from the rig's.
static PANICKED_AT: Mutex<Option<String>> = Mutex::new(None);

/// Runs the command line and gives the process's exit code.
#[must_use]
pub fn main() -> ExitCode {
    let code = match Cli::parse().command {
        Command::Run(args) => run_command(&args),
        Command::Fuzz(args) => fuzz::fuzz_command(&args),
        Command::Bench(args) => bench::bench_command(&args),
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

fn run_command(args: &RunArgs) -> u8 {
    let scenario = match resolve(&args.scenario, &SUPPORTED) {
        Ok(scenario) => scenario,
        Err(error) => return usage_error(&error),
    };
    let seed = args.seed.or(scenario.seed).unwrap_or_else(draw_seed);
    let first = match guarded(&scenario, seed, args) {
        Ok(finished) => finished,
        Err(code) => return code,
    };
    if args.check_determinism {
        let second = match guarded_quietly(&scenario, seed) {
            Ok(finished) => finished,
            Err(code) => return code,
        };
        if let Some(difference) = difference(&first.result, &second.result) {
            let again = again(&args.scenario, seed);
            let _ = writeln!(
                std::io::stderr(),
                "NOT DETERMINISTIC seed={seed}  {again}\n{difference}"
            );
            return RIG_FAULT;
        }
    }
    if let Some(Err(error)) = args
        .history
        .as_ref()
        .map(|path| std::fs::write(path, &first.history))
    {
        let _ = writeln!(
            std::io::stderr(),
            "rig: the history cannot be written: {error}"
        );
        return RIG_FAULT;
    }
    let expectations = scenario.expect.as_ref();
    let problems = expectations.map_or_else(Vec::new, |e| unmet(e, &first.result));
    if args.json {
        match serde_json::to_string(&first.result) {
            Ok(line) => print(&line),
            Err(error) => {
                let _ = writeln!(
                    std::io::stderr(),
                    "rig: the result cannot be written: {error}"
                );
                return RIG_FAULT;
            }
        }
        problems.iter().for_each(|problem| {
            let _ = writeln!(std::io::stderr(), "not as expected: {problem}");
        });
    } else {
        Printer::new(&mut std::io::stdout(), &args.scenario).footer(&first, &problems);
    }
    exit_code(first.result.outcome, expectations, &problems)
}

fn exit_code(outcome: RunOutcome, expect: Option<&Expect>, problems: &[String]) -> u8 {
    match (outcome, expect) {
        (RunOutcome::Violated, _) | (_, None) => outcome.exit_code(),
        (_, Some(_)) if problems.is_empty() => 0,
        (_, Some(_)) => NOT_AS_EXPECTED,
    }
}

/// A seed when nobody gave one: the only place where the rig takes randomness from its surroundings.
fn draw_seed() -> u64 {
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
        >> 16
}

/// One run with what a person or a script sees of it while it lasts.
fn guarded(scenario: &Scenario, seed: u64, args: &RunArgs) -> Result<Finished, u8> {
    if args.json {
        let bar = progress(scenario);
        let finished = guard(|| {
            run(scenario, seed, &mut |room: &Room, _: &Observation| {
                bar.set_position(
                    room.phones
                        .iter()
                        .map(|p| p.node.table().rolls())
                        .max()
                        .unwrap_or(0),
                );
            })
        });
        bar.finish_and_clear();
        return finished;
    }
    let mut out = std::io::stdout();
    let mut printer = Printer::new(&mut out, &args.scenario);
    printer.header(scenario, seed);
    guard(|| {
        run(scenario, seed, &mut |room, observation| {
            printer.observe(room, observation)
        })
    })
}

fn guarded_quietly(scenario: &Scenario, seed: u64) -> Result<Finished, u8> {
    guard(|| run(scenario, seed, &mut |_, _| {}))
}

/// A bar on a terminal's stderr; nothing anywhere else.
fn progress(scenario: &Scenario) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::from(scenario.stop.rounds));
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} rolls · {elapsed}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(scenario.name.clone())
}

/// Turns a panic into an exit code: 5 if it began in the core, 70 if it is the rig's.
fn guard(run: impl FnOnce() -> Result<Finished, String>) -> Result<Finished, u8> {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Ok(mut at) = PANICKED_AT.lock() {
            *at = info
                .location()
                .map(|location| location.file().replace('\\', "/"));
        }
        before(info);
    }));
    let result = catch_unwind(AssertUnwindSafe(run));
    drop(std::panic::take_hook());
    match result {
        Ok(Ok(finished)) => Ok(finished),
        Ok(Err(problem)) => Err(usage_error(&problem)),
        Err(_) => {
            let at = PANICKED_AT
                .lock()
                .ok()
                .and_then(|mut at| at.take())
                .unwrap_or_default();
            let in_core = at.contains("core/src") && !at.contains("/rustc/");
            Err(if in_core { NODE_PANICKED } else { RIG_FAULT })
        }
    }
}

/// What differs between two runs of one seed, wall time aside.
fn difference(first: &RunResult, second: &RunResult) -> Option<String> {
    let timeless = |result: &RunResult| RunResult {
        wall_seconds: 0.0,
        phone_seconds_per_second: 0.0,
        decisions_per_second: 0.0,
        ..result.clone()
    };
    let (first, second) = (timeless(first), timeless(second));
    (first != second).then(|| format!("first:  {first:?}\nsecond: {second:?}"))
}

/// What of `[expect]` does not hold, a line each.
fn unmet(expect: &Expect, result: &RunResult) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(outcome) = expect
        .outcome
        .filter(|outcome| !result.outcome.is(*outcome))
    {
        problems.push(format!(
            "outcome {outcome} expected, got {}",
            result.outcome
        ));
    }
    if let Some(evicted) = expect
        .evicted
        .as_ref()
        .filter(|evicted| **evicted != result.evicted)
    {
        problems.push(format!(
            "evicted {evicted:?} expected, got {:?}",
            result.evicted
        ));
    }
    if let Some(least) = expect.view_min.filter(|least| result.view_changes < *least) {
        problems.push(format!(
            "view {least} or higher expected, got {}",
            result.view_changes
        ));
    }
    if let Some(most) = expect.decide_p95_max_ms {
        match result.decide_ms {
            Some(decide) if decide.p95 <= most => {}
            Some(decide) => problems.push(format!(
                "decide p95 of at most {most} ms expected, got {} ms",
                decide.p95
            )),
            None => problems.push(format!(
                "decide p95 of at most {most} ms expected, got none"
            )),
        }
    }
    problems
}
