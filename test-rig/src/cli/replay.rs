//! `rig replay`: is it still the same run?

use clap::Args;

use super::guard::{guard, stop};
use super::{RIG_FAULT, SUPPORTED, bar, print, usage_error};
use crate::trace::reader::TraceReader;
use crate::trace::replay::{Replayed, replay};
use crate::tui::{View, show};

/// Exit code for a run that is not the same any more.
const DIFFERS: u8 = 1;

pub(super) const AFTER_HELP: &str = "\
A trace carries its scenario and seed, so nothing else is needed:

  rig run equivocating-primary --seed 1 --trace run.ndjson
  rig replay run.ndjson

Exit codes: 0 identical, 1 a line differs (it is printed, recorded and now), 2 no trace, 70 the rig's own fault.";

#[derive(Args, Debug)]
pub(super) struct ReplayArgs {
    /// A trace that `rig run --trace` or `--out` wrote
    trace: String,
    /// Look at it in the terminal: play, pause, step, back, seek, filter, decode
    #[arg(long)]
    tui: bool,
}

pub(super) fn replay_command(args: &ReplayArgs) -> u8 {
    if args.tui {
        let looked = View::of_file(&args.trace, &SUPPORTED).and_then(|mut view| show(&mut view));
        return looked.map_or_else(|problem| usage_error(&problem), |()| 0);
    }
    let mut reader = match TraceReader::open(&args.trace) {
        Ok(reader) => reader,
        Err(problem) => return usage_error(&problem),
    };
    let here = env!("CARGO_PKG_VERSION");
    let recorded = reader.header.rig.clone();
    let bar = bar(0, "replay {pos} lines · {elapsed}");
    let replayed = guard(&format!("rig replay {}", args.trace), || {
        replay(&mut reader, &SUPPORTED, stop(), &mut |line| {
            bar.set_position(line);
        })
    });
    bar.finish_and_clear();
    match replayed {
        Err(code) => code,
        Ok(Replayed::Identical { lines, whole }) => {
            let end = if whole { "" } else { "; the trace ends early" };
            print(&format!("identical: {lines} lines{end}"));
            0
        }
        Ok(Replayed::Stopped(lines)) => {
            print(&format!("stopped after {lines} identical lines"));
            RIG_FAULT
        }
        Ok(Replayed::Differs {
            line,
            recorded: then,
            now,
        }) => {
            let nothing = |text: String| match text.is_empty() {
                true => "(nothing)".to_owned(),
                false => text,
            };
            print(&format!(
                "DIFFERS at {}:{line}  rig replay {}",
                args.trace, args.trace
            ));
            if recorded != here {
                print(&format!("  the trace is of rig {recorded}, this is {here}"));
            }
            print(&format!("  recorded: {}", nothing(then)));
            print(&format!("  now:      {}", nothing(now)));
            DIFFERS
        }
    }
}
