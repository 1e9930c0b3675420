//! `rig run`: one room from a scenario and a seed.

use std::io::Write;

use clap::Args;

use super::files::{FileArgs, record};
use super::guard::{guard, stop};
use super::{RIG_FAULT, SUPPORTED, bar, draw_seed, print, usage_error};
use crate::result::{RunOutcome, RunResult};
use crate::run::{Finished, Options, run_with};
use crate::scenario::{Expect, Scenario, resolve, to_toml};
use crate::show::{Printer, again};
use crate::trace::writer::Recorder;
use crate::tui::{View, show};

const NOT_AS_EXPECTED: u8 = 4;

pub(super) const EXIT_CODES: &str = "\
Exit codes of `rig run`:
  0   reached: every honest phone did all the work (or everything in [expect] holds)
  1   a property was violated, or the table halted on a fork
  2   usage, or a bad scenario
  3   stalled: nothing broke, the work was not finished
  4   something in [expect] does not hold
  5   a node panicked
  70  the rig's own fault";

#[derive(Args, Debug)]
pub(super) struct RunArgs {
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
    /// Look on in the terminal: pause, step, back, filter, and faults by key
    #[arg(long, conflicts_with_all = ["json", "check_determinism", "trace", "report", "out", "history"])]
    tui: bool,
    #[command(flatten)]
    files: FileArgs,
}

pub(super) fn run_command(args: &RunArgs) -> u8 {
    let scenario = match resolve(&args.scenario, &SUPPORTED) {
        Ok(scenario) => scenario,
        Err(error) => return usage_error(&error),
    };
    let seed = args.seed.or(scenario.seed).unwrap_or_else(draw_seed);
    if args.tui {
        return look_on(scenario, &args.scenario, seed);
    }
    let mut recorder = match record(&args.files, &scenario, &args.scenario, seed) {
        Ok(recorder) => recorder,
        Err(problem) => return usage_error(&problem),
    };
    let first = match guarded(&scenario, seed, args, &mut recorder) {
        Ok(finished) => finished,
        Err(code) => return code,
    };
    if args.check_determinism && !first.stopped {
        let second = match guard(&again(&args.scenario, seed), || {
            run_with(&scenario, seed, options(false), &mut |_, _| {})
        }) {
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
    if let Some(path) = &args.history
        && let Err(error) = std::fs::write(path, &first.history)
    {
        let _ = writeln!(
            std::io::stderr(),
            "rig: the history cannot be written: {error}"
        );
        return RIG_FAULT;
    }
    let expectations = scenario.expect.as_ref();
    let problems = expectations.map_or_else(Vec::new, |e| unmet(e, &first.result));
    if let Err(code) = say(args, &first, &problems) {
        return code;
    }
    if let Err(error) = recorder.finish(&first) {
        let _ = writeln!(std::io::stderr(), "rig: the trace is not whole: {error}");
        return RIG_FAULT;
    }
    exit_code(first.result.outcome, expectations, &problems)
}

/// Prints how it came out.
fn say(args: &RunArgs, finished: &Finished, problems: &[String]) -> Result<(), u8> {
    if !args.json {
        Printer::new(&mut std::io::stdout(), &args.scenario).footer(finished, problems);
        return Ok(());
    }
    match serde_json::to_string(&finished.result) {
        Ok(line) => print(&line),
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "rig: the result cannot be written: {error}"
            );
            return Err(RIG_FAULT);
        }
    }
    problems.iter().for_each(|problem| {
        let _ = writeln!(std::io::stderr(), "not as expected: {problem}");
    });
    Ok(())
}

/// The view of a run while it goes on. Whatever was done to it by key is a scenario afterwards.
fn look_on(scenario: Scenario, given: &str, seed: u64) -> u8 {
    let mut view = View::of_run(scenario, given, seed, &SUPPORTED);
    if let Err(problem) = show(&mut view) {
        return usage_error(&problem);
    }
    let Some(changed) = view.changed() else {
        print(&again(given, seed));
        return 0;
    };
    let path = format!("{}.injected.toml", changed.name);
    if let Err(error) = std::fs::write(&path, to_toml(changed)) {
        return usage_error(&format!("{path}: {error}"));
    }
    print(&again(&path, seed));
    0
}

fn options(tapped: bool) -> Options<'static> {
    let stop = stop();
    Options { tapped, stop }
}

pub(super) fn exit_code(outcome: RunOutcome, expect: Option<&Expect>, problems: &[String]) -> u8 {
    match (outcome, expect) {
        (RunOutcome::Violated, _) | (_, None) => outcome.exit_code(),
        (_, Some(_)) if problems.is_empty() => 0,
        (_, Some(_)) => NOT_AS_EXPECTED,
    }
}

/// One run with what a person or a script sees of it while it lasts.
fn guarded(
    scenario: &Scenario,
    seed: u64,
    args: &RunArgs,
    recorder: &mut Recorder,
) -> Result<Finished, u8> {
    let options = options(recorder.is_wanted());
    let again = again(&args.scenario, seed);
    if args.json {
        let style = "{msg} [{bar:30}] {pos}/{len} rolls · {elapsed}";
        let bar = bar(u64::from(scenario.stop.rounds), style).with_message(scenario.name.clone());
        let finished = guard(&again, || {
            run_with(scenario, seed, options, &mut |room, observation| {
                recorder.observe(room, observation);
                let rolls = room.phones.iter().map(|p| p.node.table().rolls());
                bar.set_position(rolls.max().unwrap_or(0));
            })
        });
        bar.finish_and_clear();
        return finished;
    }
    let mut out = std::io::stdout();
    let mut printer = Printer::new(&mut out, &args.scenario);
    printer.header(scenario, seed);
    guard(&again, || {
        run_with(scenario, seed, options, &mut |room, observation| {
            recorder.observe(room, observation);
            printer.observe(room, observation);
        })
    })
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
pub(super) fn unmet(expect: &Expect, result: &RunResult) -> Vec<String> {
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
