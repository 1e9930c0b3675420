//! The matrix as a page: a map for each behaviour, a row for each size of table.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Cell, Ended};
use crate::byzantine::MATRIX;
use crate::result::RunOutcome;
use crate::scenario::Behaviour;

const STYLE: &str = "
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de;
  --reached: #b7e4c0; --stalled: #f3dd9c; --halted: #f4b9a7; --violated: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --ink: #e6edf3; --soft: #8d96a0; --line: #30363d;
  --reached: #1b5e30; --stalled: #6e5410; --halted: #7d3a28; --violated: #f85149; } }
body { margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
.maps { display: flex; flex-wrap: wrap; gap: 1.5rem 2.5rem; }
table { border-collapse: collapse; } caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th { color: var(--soft); font-weight: 400; padding: 0 .35rem; text-align: right; }
td { width: 1.9rem; height: 1.6rem; text-align: center; border: 1px solid var(--ground); font: 12px ui-monospace, monospace; }
.reached { background: var(--reached); } .stalled { background: var(--stalled); } .halted { background: var(--halted); }
.violated { background: var(--violated); color: #fff; } .bound { border-right: 3px solid var(--ink); }
.odd { outline: 3px solid var(--violated); outline-offset: -3px; }
.wide { overflow-x: auto; } .key span { padding: .1rem .5rem; margin-right: .5rem; }
code { font: 13px ui-monospace, monospace; } .soft { color: var(--soft); }
";

/// The page.
#[must_use]
pub fn heat_map(ended: &[Ended], seed: u64) -> String {
    let by_cell: BTreeMap<Cell, &Ended> = ended.iter().map(|ended| (ended.cell, ended)).collect();
    let odd: Vec<&Ended> = ended.iter().filter(|e| !e.cell.allows(e.outcome)).collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "rig matrix" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "How tables end when the first b of n phones lie" }
                p.key {
                    span.reached { "R reached" } span.stalled { "S stalled" } span.halted { "H halted, culprits named" }
                    span.violated { "V violated" }
                }
                p.soft { "Seed " (seed) ". The bar stands behind f: up to there every table must reach its end." }
                @if odd.is_empty() { p { "Every cell ended as it must." } }
                @for e in odd { p { strong { "not as expected: " } code { (again(e.cell, seed)) } ": " (e.outcome) } }
                div.maps { @for behaviour in MATRIX { (map(behaviour, &by_cell)) } }
            }
        }
    };
    page.into_string()
}

fn map(behaviour: Behaviour, by_cell: &BTreeMap<Cell, &Ended>) -> Markup {
    let own = || by_cell.values().filter(|e| e.cell.behaviour == behaviour);
    let sizes: std::collections::BTreeSet<u8> = own().map(|e| e.cell.players).collect();
    let most = own().map(|e| e.cell.liars).max().unwrap_or(0);
    html! {
        div.wide { table {
            caption { (behaviour) }
            tr { th { "n \\ b" } @for liars in 0..=most { th { (liars) } } }
            @for players in sizes {
                tr {
                    th { (players) }
                    @for liars in 0..players {
                        @let cell = Cell { players, liars, behaviour };
                        @match by_cell.get(&cell) {
                            Some(ended) => {
                                @let bound = liars == cell.faulty_max();
                                @let odd = !cell.allows(ended.outcome);
                                td.(ended.outcome).bound[bound].odd[odd] title=(format!("{liars} of {players}: {} {}", ended.outcome, ended.violated.join(", "))) {
                                    (letter(ended.outcome))
                                }
                            }
                            None => td {},
                        }
                    }
                }
            }
        } }
    }
}

/// The command that runs one cell again.
#[must_use]
pub fn again(cell: Cell, seed: u64) -> String {
    let Cell {
        players,
        liars,
        behaviour,
    } = cell;
    format!("rig matrix --players {players} --liars {liars} --behaviour {behaviour} --seed {seed}")
}

/// One letter for a cell.
#[must_use]
pub const fn letter(outcome: RunOutcome) -> char {
    match outcome {
        RunOutcome::Reached => 'R',
        RunOutcome::Stalled => 'S',
        RunOutcome::Halted => 'H',
        RunOutcome::Violated => 'V',
    }
}
