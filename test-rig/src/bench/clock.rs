//! CPU time, as far as the system tells it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::SIZES;

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

/// For so long everything is done again and again, all sizes in turn, and the quickest time of each counts.
const LONG: Duration = Duration::from_secs(15);

/// For each size of table what `show` makes of the least CPU time that `work` took of many: what the work costs where
/// nothing else takes caches and cores away. On a machine that is shared, one time differs from the next by half, and slow
/// spells last for seconds; so every size has its turn all the time through.
pub(super) fn least_by_size<T>(
    prepare: impl Fn(u8) -> Result<T, String>,
    work: impl Fn(&mut T) -> Result<(), String>,
    show: impl Fn(&T, Duration) -> Value,
) -> Result<Value, String> {
    let prepared = SIZES.iter().map(|n| Ok((*n, prepare(*n)?, Duration::MAX)));
    let mut all = prepared.collect::<Result<Vec<_>, String>>()?;
    let began = CpuClock::start();
    while began.elapsed() < LONG {
        for (_, at, least) in &mut all {
            let clock = CpuClock::start();
            work(at)?;
            *least = clock.elapsed().min(*least);
        }
    }
    let shown = all
        .iter()
        .map(|(n, at, least)| (n.to_string(), show(at, *least)));
    Ok(Value::Object(shown.collect()))
}

/// What `work` gives, and the least CPU time of the many times that it is done.
pub(super) fn least<T>(work: impl Fn() -> Result<T, String>) -> Result<(T, Duration), String> {
    let began = CpuClock::start();
    let mut least = Duration::MAX;
    loop {
        let clock = CpuClock::start();
        let done = work()?;
        least = clock.elapsed().min(least);
        if began.elapsed() >= LONG {
            return Ok((done, least));
        }
    }
}

/// Of a time that so many things took, what one took, in microseconds.
pub(super) fn micros_each(took: Duration, count: u64) -> u64 {
    u64::try_from(took.as_micros() / u128::from(count)).unwrap_or(u64::MAX)
}
