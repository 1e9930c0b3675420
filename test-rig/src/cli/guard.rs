//! Panics as exit codes, and Ctrl-C as a wish to end with what was found so far.

use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{RIG_FAULT, usage_error};
use crate::panics::caught;

const NODE_PANICKED: u8 = 5;

static STOP: AtomicBool = AtomicBool::new(false);

/// Set by Ctrl-C. Whoever asks for it ends with what was found so far; a second Ctrl-C ends the process.
pub(super) fn stop() -> &'static AtomicBool {
    static HANDLER: LazyLock<()> = LazyLock::new(|| {
        // Without a handler Ctrl-C still ends the process, only without a result.
        let _ = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
    });
    *HANDLER;
    &STOP
}

/// Turns a panic into an exit code: 5 if it began in the core, 70 if it is the rig's. What is printed of it begins with
/// the command that makes it again.
pub(super) fn guard<T>(again: &str, run: impl FnOnce() -> Result<T, String>) -> Result<T, u8> {
    match caught(run) {
        Ok(Ok(finished)) => Ok(finished),
        Ok(Err(problem)) => Err(usage_error(&problem)),
        Err(panicked) => {
            let _ = writeln!(std::io::stderr(), "PANIC  {again}\n  {}", panicked.said);
            let node = panicked.is_of_node();
            Err(if node { NODE_PANICKED } else { RIG_FAULT })
        }
    }
}
