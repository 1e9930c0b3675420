//! `rig report`: a page of a trace.

use std::path::PathBuf;

use clap::Args;

use super::files::open;
use super::{RIG_FAULT, print, usage_error};
use crate::report::ReportFile;
use crate::trace::reader::{Entry, TraceReader};
use crate::trace::writer::Sink;

#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// A trace that `rig run --trace` or `--out` wrote
    trace: String,
    /// Where the page goes
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// The second from which on messages are drawn, where there are more than a page can hold
    #[arg(long, value_name = "SECONDS", default_value_t = i64::MIN / 1_000_000, hide_default_value = true, allow_negative_numbers = true)]
    from: i64,
}

pub(super) fn report_command(args: &ReportArgs) -> u8 {
    let mut reader = match TraceReader::open(&args.trace) {
        Ok(reader) => reader,
        Err(problem) => return usage_error(&problem),
    };
    let out = match open(&args.output) {
        Ok(out) => out,
        Err(problem) => return usage_error(&problem),
    };
    let mut report = ReportFile::new(out, reader.header.clone());
    report.draw_from(args.from.saturating_mul(1_000_000));
    loop {
        match reader.next_entry() {
            Ok(Some(Entry::Line(line, _))) => report.line(&line),
            Ok(Some(Entry::End(end))) => {
                if let Err(error) = Box::new(report).end(&end) {
                    usage_error(&format!("{}: {error}", args.output.display()));
                    return RIG_FAULT;
                }
                print(&args.output.display().to_string());
                return 0;
            }
            Ok(None) => {
                return usage_error(&format!(
                    "{}: the trace has no end, so there is no verdict to report",
                    args.trace
                ));
            }
            Err(problem) => return usage_error(&problem),
        }
    }
}
