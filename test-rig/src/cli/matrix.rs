//! `rig matrix`: who may lie, how many of them, and how it ends.

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Args;

use super::guard::stop;
use super::{RIG_FAULT, SUPPORTED, bar, print, usage_error};
use crate::byzantine::MATRIX;
use crate::matrix::{Cell, Ended, Rates, again, heat_map, in_order, letter};
use crate::result::RunOutcome;
use crate::scenario::Behaviour;

/// Exit code if a property broke anywhere.
const VIOLATED: u8 = 1;
/// The table at which the rates beyond f are printed: six honest phones and three liars.
const RATES_AT: (u8, u8) = (9, 3);

pub(super) const AFTER_HELP: &str = "\
A cell is a table of n phones of which the first b lie in one of seven ways: R reached, S stalled, H halted with the
culprits named, V violated. `*` marks a cell that did not end as it must: reached up to f liars (up to n - q if they
are silent, late, forge or spam), and never V.

  rig matrix --players 4..10 --report matrix.html
  rig matrix --players 9 --liars 3 --behaviour colluder --seed 7     # one cell
  rig matrix --rates                                                 # 9 phones, 3 liars that fork, over 100 seeds

Exit codes: 0, 1 if a cell was violated, 2 usage. Ctrl-C ends with the cells so far.";

#[derive(Args, Debug)]
pub(super) struct MatrixArgs {
    /// How many phones: a number, or from A to B as A..B, both included
    #[arg(long, value_name = "A..B", value_parser = players)]
    players: Option<RangeInclusive<u8>>,
    /// Only tables with this many liars
    #[arg(long)]
    liars: Option<u8>,
    /// Only liars of this kind
    #[arg(long, value_parser = behaviour)]
    behaviour: Option<Behaviour>,
    /// The seed of every cell
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many tables to run at a time; without it, one for each core
    #[arg(long)]
    jobs: Option<usize>,
    /// Run each chosen cell with so many seeds and print how often it ended how; without cells, 9 phones with 3 liars that
    /// are equivocators or colluders
    #[arg(long, value_name = "SEEDS", num_args = 0..=1, default_missing_value = "100")]
    rates: Option<u64>,
    /// Write a heat map for a browser
    #[arg(long, value_name = "FILE", conflicts_with = "rates")]
    report: Option<PathBuf>,
    /// Print one JSON object a line and nothing else on stdout
    #[arg(long)]
    json: bool,
}

fn players(text: &str) -> Result<RangeInclusive<u8>, String> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let high = high.strip_prefix('=').unwrap_or(high);
    let range = low.parse().ok().zip(high.parse().ok());
    range
        .filter(|(low, high)| low <= high && (2..=18).contains(low) && *high <= 18)
        .map(|(low, high)| low..=high)
        .ok_or_else(|| "expected a number from 2 to 18, or two as in 4..10".to_owned())
}

fn behaviour(text: &str) -> Result<Behaviour, String> {
    let found = MATRIX.iter().find(|behaviour| behaviour.name() == text);
    let names = || MATRIX.iter().map(|behaviour| behaviour.name());
    let names = || names().collect::<Vec<_>>().join(", ");
    found
        .copied()
        .ok_or_else(|| format!("expected one of {}", names()))
}

pub(super) fn matrix_command(args: &MatrixArgs) -> u8 {
    let cells = cells(args);
    if cells.is_empty() {
        return usage_error(&"no table has so many liars: at least one phone must be honest");
    }
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or(jobs);
    match args.rates {
        Some(seeds) => rates(args, &cells, seeds, jobs),
        None => matrix(args, &cells, jobs),
    }
}

fn cells(args: &MatrixArgs) -> Vec<Cell> {
    let open = args.players.is_none() && args.rates.is_some();
    let players = args.players.clone().unwrap_or(4..=10);
    let (players, liars) = if open {
        (RATES_AT.0..=RATES_AT.0, args.liars.or(Some(RATES_AT.1)))
    } else {
        (players, args.liars)
    };
    let forks = |kind: Behaviour| matches!(kind, Behaviour::Equivocator | Behaviour::Colluder);
    let all = Cell::all(players).into_iter();
    let chosen = all.filter(|cell| liars.is_none_or(|liars| liars == cell.liars));
    let chosen = chosen.filter(|cell| match args.behaviour {
        Some(kind) => kind == cell.behaviour,
        None => !open || forks(cell.behaviour),
    });
    chosen.collect()
}

fn matrix(args: &MatrixArgs, cells: &[Cell], jobs: usize) -> u8 {
    let bar = bar(
        cells.len() as u64,
        "matrix [{bar:30}] {pos}/{len} · {msg} · {elapsed}",
    );
    let (mut ended, mut problem, mut odd) = (Vec::new(), None, 0_u32);
    let run = |cell: Cell| cell.run(args.seed, &SUPPORTED, stop());
    in_order(cells, jobs, stop(), &run, &mut |result| match result {
        Ok(cell) => {
            bar.inc(1);
            odd += u32::from(!cell.cell.allows(cell.outcome));
            bar.set_message(format!("{odd} not as expected"));
            if args.json {
                bar.suspend(|| print(&serde_json::to_string(&cell).unwrap_or_default()));
            }
            ended.push(cell);
        }
        Err(error) => problem = Some(error),
    });
    bar.finish_and_clear();
    if let Some(problem) = problem {
        usage_error(&problem);
        return RIG_FAULT;
    }
    if let Some(path) = &args.report
        && let Err(error) = std::fs::write(path, heat_map(&ended, args.seed))
    {
        usage_error(&format!("{}: {error}", path.display()));
        return RIG_FAULT;
    }
    say_odd(&ended, args);
    if !args.json {
        table(&ended);
    }
    let violated = ended
        .iter()
        .any(|cell| cell.outcome == RunOutcome::Violated);
    if violated { VIOLATED } else { 0 }
}

/// What did not end as it must, each with the command that runs it again; before everything else for people, and beside
/// the JSON for scripts.
fn say_odd(ended: &[Ended], args: &MatrixArgs) {
    for cell in ended.iter().filter(|cell| !cell.cell.allows(cell.outcome)) {
        let what = match cell.outcome {
            RunOutcome::Violated => "SAFETY",
            _ => "UNEXPECTED",
        };
        let again = again(cell.cell, args.seed);
        let line = format!("{what} seed={}  {again}", args.seed);
        let line = format!("{line}\n  {} {}", cell.outcome, cell.violated.join(", "));
        if args.json {
            let _ = writeln!(std::io::stderr(), "{line}");
        } else {
            print(&line);
        }
    }
}

/// A row for each size and number of liars, a column for each behaviour.
fn table(ended: &[Ended]) {
    let shown: Vec<Behaviour> = MATRIX
        .into_iter()
        .filter(|kind| ended.iter().any(|e| e.cell.behaviour == *kind))
        .collect();
    let names: String = shown
        .iter()
        .map(|kind| format!(" {:>14}", kind.name()))
        .collect();
    print(&format!(" n  b  {names}"));
    let mut rows: Vec<(u8, u8)> = ended
        .iter()
        .map(|e| (e.cell.players, e.cell.liars))
        .collect();
    rows.dedup();
    for (players, liars) in rows {
        let of_row = |kind: &Behaviour| {
            let cell = Cell {
                players,
                liars,
                behaviour: *kind,
            };
            let found = ended.iter().find(|e| e.cell == cell);
            let text = found.map_or(String::new(), |e| {
                let mark = if cell.allows(e.outcome) { "" } else { "*" };
                format!("{mark}{}", letter(e.outcome))
            });
            format!(" {text:>14}")
        };
        let cells: String = shown.iter().map(of_row).collect();
        let bound = if liars == (players - 1) / 3 { "f" } else { " " };
        print(&format!("{players:>2} {liars:>2} {bound}{cells}"));
    }
    let count = |outcome| ended.iter().filter(|e| e.outcome == outcome).count();
    let odd = ended.iter().filter(|e| !e.cell.allows(e.outcome)).count();
    print(&format!(
        "{} cells: {} reached, {} stalled, {} halted, {} violated; {odd} not as expected",
        ended.len(),
        count(RunOutcome::Reached),
        count(RunOutcome::Stalled),
        count(RunOutcome::Halted),
        count(RunOutcome::Violated)
    ));
}

fn rates(args: &MatrixArgs, cells: &[Cell], seeds: u64, jobs: usize) -> u8 {
    let work: Vec<(usize, u64)> = (0..cells.len())
        .flat_map(|cell| (0..seeds).map(move |seed| (cell, args.seed.wrapping_add(seed))))
        .collect();
    let mut rates: Vec<Rates> = cells.iter().map(|cell| Rates::new(*cell)).collect();
    let bar = bar(
        work.len() as u64,
        "rates [{bar:30}] {pos}/{len} · {elapsed}",
    );
    let mut problem = None;
    let run = |(cell, seed): (usize, u64)| (cell, seed, cells[cell].run(seed, &SUPPORTED, stop()));
    in_order(&work, jobs, stop(), &run, &mut |(cell, seed, ended)| {
        bar.inc(1);
        match ended {
            Ok(ended) => rates[cell].add(seed, ended.outcome),
            Err(error) => problem = Some(error),
        }
    });
    bar.finish_and_clear();
    if let Some(problem) = problem {
        usage_error(&problem);
        return RIG_FAULT;
    }
    for rate in &rates {
        for seed in &rate.violated_seeds {
            let line = format!("SAFETY seed={seed}  {}", again(rate.cell, *seed));
            let _ = writeln!(std::io::stderr(), "{line}");
        }
        if args.json {
            print(&serde_json::to_string(rate).unwrap_or_default());
            continue;
        }
        let Cell {
            players,
            liars,
            behaviour,
        } = rate.cell;
        print(&format!(
            "{players} phones, {liars} {behaviour}: {} seeds: {} reached, {} stalled, {} halted, {} violated",
            rate.seeds, rate.reached, rate.stalled, rate.halted, rate.violated
        ));
    }
    let violated = rates.iter().any(|rate| rate.violated > 0);
    if violated { VIOLATED } else { 0 }
}
