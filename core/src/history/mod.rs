//! History: what a stranger needs to check the whole game, and the check.
//!
//! A phone keeps every slot that it delivered with its commit certificate in an [`Archive`]. Written out, that is one
//! file: the genesis, the slots, and a closing statement with the settlement sheet. [`verify_history`] replays such a
//! file from its genesis alone; it believes nothing that is not signed, and says where a file breaks.
//!
//! The same [`Replay`] checks what a phone fetches from its neighbours where it missed slots, so what is in an archive
//! is what a stranger will accept. The format is written down in `core/docs/history-format.md`.
//!
//! May import everything below it; it knows nothing of links and time.

mod archive;
mod closing;
mod exchange;
mod flaw;
mod format;
mod replay;
mod run;
mod throw;
mod verify;

pub use archive::{ANSWER_RUNS_MAX, ARCHIVE_BYTES_MAX, ARCHIVE_SLOTS_MAX, Archive};
pub use closing::Closing;
pub use exchange::{HistoryRuns, HistoryWant};
pub use flaw::Flaw;
pub use format::{FORMAT_VERSION, HISTORY_BYTES_MAX, MAGIC, RecordKind};
pub use replay::Replay;
pub use run::{RUN_SLOTS_MAX, Run};
pub use throw::{THROWS_PER_RUN_MAX, Throw};
pub use verify::{Breach, Verdict, verify_history};
