//! CPU time, as far as the system tells it.

use std::time::{Duration, Instant};

/// Measures from its start: the CPU time of this thread where the system tells it (Linux), else time on the wall.
#[derive(Debug)]
pub(super) struct CpuClock {
    cpu: Option<Duration>,
    wall: Instant,
}

impl CpuClock {
    pub(super) fn start() -> Self {
        Self {
            cpu: thread_cpu(),
            wall: Instant::now(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        match (self.cpu, thread_cpu()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.wall.elapsed(),
        }
    }
}

/// The first number of `schedstat` is the nanoseconds that this thread has run, as of when the kernel looked last: at a
/// tick, every few milliseconds, or when the thread gives the core up. Reading it costs a tenth of a millisecond, so what
/// is short is measured many times over.
fn thread_cpu() -> Option<Duration> {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}
