//! Where the lines come from: a file, or a run that goes on as far as it is looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};

use crate::panics::caught;
use crate::run::{Options, run_with};
use crate::scenario::Scenario;
use crate::trace::Line;
use crate::trace::reader::{Entry, TraceReader};
use crate::trace::writer::Scribe;

/// How far a live run may be ahead of the view, in lines.
const AHEAD_MAX: usize = 8_192;

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// A line.
    Line(Box<Line>),
    /// The end, and how it came out.
    End(String),
}

/// Something that lines come from.
#[derive(Debug)]
pub enum Source {
    /// A trace.
    File(Box<TraceReader>),
    /// A run.
    Live(Live),
}

/// A run in a thread of its own. It waits where nobody looks on.
#[derive(Debug)]
pub struct Live {
    lines: Receiver<Next>,
    stop: Arc<AtomicBool>,
}

impl Live {
    /// Begins a run.
    #[must_use]
    pub fn begin(scenario: Scenario, seed: u64) -> Self {
        let (sender, lines) = mpsc::sync_channel(AHEAD_MAX);
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        std::thread::spawn(move || live(&scenario, seed, &sender, &told));
        Self { lines, stop }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn live(scenario: &Scenario, seed: u64, to: &SyncSender<Next>, stop: &AtomicBool) {
    let mut scribe = Scribe::default();
    let options = Options { tapped: true, stop };
    let ran = caught(|| {
        run_with(scenario, seed, options, &mut |room, observation| {
            for line in scribe.lines(room, observation) {
                if to.send(Next::Line(Box::new(line))).is_err() {
                    // Nobody looks on any more.
                    stop.store(true, Ordering::Relaxed);
                }
            }
        })
    });
    let outcome = match ran {
        Ok(Ok(finished)) => finished.result.outcome.to_string(),
        Ok(Err(problem)) => problem,
        Err(panicked) => format!("PANIC {}", panicked.said),
    };
    let _ = to.send(Next::End(outcome));
}

impl Source {
    /// Waits for what comes next; `None` if nothing does.
    ///
    /// # Errors
    /// Which line of a file is wrong.
    pub fn wait(&mut self) -> Result<Option<Next>, String> {
        match self {
            Self::File(reader) => Ok(reader.next_entry()?.map(|entry| match entry {
                Entry::Line(line, _) => Next::Line(line),
                Entry::End(end) => {
                    let outcome = end.result["outcome"].as_str();
                    Next::End(outcome.unwrap_or("unknown").to_owned())
                }
            })),
            Self::Live(live) => Ok(live.lines.recv().ok()),
        }
    }
}
