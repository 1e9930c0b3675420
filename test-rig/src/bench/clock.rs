//! CPU time, as far as the system tells it.

use std::time::{Duration, Instant};

/// Measures from its start: the CPU time of this thread where the system tells it (Unix), else time on the wall.
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

/// To the nanosecond: what the kernel keeps in `schedstat` is only as fine as its ticks, and a roll takes less than one.
#[cfg(unix)]
fn thread_cpu() -> Option<Duration> {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(spent.tv_sec), u32::try_from(spent.tv_nsec));
    Some(Duration::new(seconds.ok()?, nanos.ok()?))
}

#[cfg(not(unix))]
const fn thread_cpu() -> Option<Duration> {
    None
}

/// For so long a thing is done again and again, and the quickest time counts.
const LONG: Duration = Duration::from_secs(3);

/// The least CPU time of many: what the work costs where nothing else takes caches and cores away. On a machine that is
/// shared, one time in a row differs from the next by half, and slow spells last for seconds.
pub(super) fn least(mut work: impl FnMut() -> Result<(), String>) -> Result<Duration, String> {
    let (mut least, all) = (Duration::MAX, CpuClock::start());
    while all.elapsed() < LONG {
        let clock = CpuClock::start();
        work()?;
        least = least.min(clock.elapsed());
    }
    Ok(least)
}
