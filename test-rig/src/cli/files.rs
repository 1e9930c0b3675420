//! What a run leaves behind: a trace, a report, a folder with both.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::report::ReportFile;
use crate::scenario::Scenario;
use crate::trace::writer::{Recorder, Sink, TraceFile};
use crate::trace::{End, Header, Line};

/// Where runs go that name no folder.
const RUNS: &str = "target/rig";

#[derive(Args, Debug, Default)]
pub(super) struct FileArgs {
    /// Write everything that happens to a file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write a page for a browser
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write trace, report, result and scenario to a folder; without DIR to target/rig/NAME-SEED
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "")]
    out: Option<PathBuf>,
}

/// Opens the files that are asked for, before anything runs.
pub(super) fn record(
    args: &FileArgs,
    scenario: &Scenario,
    given: &str,
    seed: u64,
) -> Result<Recorder, String> {
    let header = Header::new(scenario, given, seed);
    let mut recorder = Recorder::default();
    let (mut traces, mut reports) = (Vec::new(), Vec::new());
    traces.extend(args.trace.clone());
    reports.extend(args.report.clone());
    if let Some(folder) = &args.out {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new(RUNS).join(format!("{}-{seed}", scenario.name)),
            false => folder.clone(),
        };
        let at = |error: io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(&folder).map_err(at)?;
        fs::write(folder.join("scenario.toml"), &scenario.source).map_err(at)?;
        link_latest(&folder).map_err(at)?;
        traces.push(folder.join("trace.ndjson"));
        reports.push(folder.join("report.html"));
        let result = open(&folder.join("result.json"))?;
        recorder.add(Box::new(ResultFile(result)));
    }
    for path in traces {
        recorder.add(Box::new(TraceFile::new(open(&path)?, &header)));
    }
    for path in reports {
        recorder.add(Box::new(ReportFile::new(open(&path)?, header.clone())));
    }
    Ok(recorder)
}

pub(super) fn open(path: &Path) -> Result<Box<dyn Write>, String> {
    let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// `latest` beside the folder leads to it.
fn link_latest(folder: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Ok(());
    };
    let latest = parent.join("latest");
    match fs::symlink_metadata(&latest) {
        Ok(found) if found.is_symlink() => {}
        // Somebody's own file or folder of that name stays.
        Ok(_) => return Ok(()),
        Err(_) => {}
    }
    #[cfg(unix)]
    {
        // Beside it and then over it: another run may be doing the same.
        let fresh = parent.join(format!(".latest-{}", std::process::id()));
        std::os::unix::fs::symlink(name, &fresh)?;
        fs::rename(&fresh, &latest)?;
    }
    #[cfg(not(unix))]
    fs::write(&latest, name.as_encoded_bytes())?;
    Ok(())
}

/// The object that `--json` prints.
struct ResultFile(Box<dyn Write>);

impl Sink for ResultFile {
    fn line(&mut self, _line: &Line) {}

    fn end(mut self: Box<Self>, end: &End) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.0, &end.result)?;
        self.0.write_all(b"\n")?;
        self.0.flush()
    }
}
