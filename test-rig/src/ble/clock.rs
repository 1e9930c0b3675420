//! The clock of a bed: the machine's own, or one that stands still while anybody has something to do.
//!
//! Adapters follow the real clock, so a bed with one does too. Phones in memory wait for nothing but each other: there the
//! clock goes to whatever comes next, and such a bed comes out the same on every machine, however busy it is.

use std::cell::Cell;
use std::time::{Duration, Instant as WallClock};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::radio::Report;

/// Whoever waits looks up at least this often.
const TICK_US: u64 = 100_000;
/// How long what a radio in memory reports is on its way, in virtual time: about a connection event.
const HOP_US: u64 = 10_000;

/// Tells the time since the bed began, and waits.
#[derive(Debug)]
pub(super) enum Clock {
    Real(WallClock),
    Virtual(Cell<u64>),
}

impl Clock {
    pub(super) fn real() -> Self {
        Self::Real(WallClock::now())
    }

    pub(super) const fn standing() -> Self {
        Self::Virtual(Cell::new(0))
    }

    /// Microseconds since the bed began.
    pub(super) fn now_us(&self) -> u64 {
        match self {
            Self::Real(began) => u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            Self::Virtual(now_us) => now_us.get(),
        }
    }

    /// Waits for the next report, but not beyond the time at which something else is due.
    pub(super) async fn wait(
        &self,
        due_us: u64,
        reports: &mut UnboundedReceiver<Report>,
    ) -> Option<Report> {
        match self {
            Self::Real(_) => {
                let wait_us = due_us.saturating_sub(self.now_us()).min(TICK_US);
                let wait = Duration::from_micros(wait_us);
                timeout(wait, reports.recv()).await.ok().flatten()
            }
            Self::Virtual(now_us) => {
                let (now, report) = (now_us.get(), reports.try_recv().ok());
                now_us.set(match report {
                    Some(_) => now + HOP_US,
                    None => due_us.clamp(now, now + TICK_US),
                });
                report
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bitcraps_core::mesh::LinkId;
    use tokio::sync::mpsc::unbounded_channel;

    use super::super::radio::Reporter;
    use super::*;

    fn wait(clock: &Clock, due_us: u64, reports: &mut UnboundedReceiver<Report>) -> bool {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().unwrap();
        runtime.block_on(clock.wait(due_us, reports)).is_some()
    }

    #[test]
    fn a_standing_clock_goes_to_what_is_due_and_a_report_takes_a_hop() {
        let (queue, mut reports) = unbounded_channel();
        let reporter = Reporter::new(0, queue, Arc::default());
        let clock = Clock::standing();
        assert!(!wait(&clock, 30_000, &mut reports));
        assert_eq!(clock.now_us(), 30_000);
        reporter.inlet(LinkId(1)).writable();
        assert!(wait(&clock, 31_000, &mut reports), "the report comes first");
        assert_eq!(clock.now_us(), 40_000);
        assert!(
            !wait(&clock, 31_000, &mut reports),
            "what is overdue is due now"
        );
        assert_eq!(clock.now_us(), 40_000);
        assert!(!wait(&clock, u64::MAX, &mut reports));
        assert_eq!(clock.now_us(), 140_000);
    }

    #[test]
    fn a_real_clock_waits_for_a_report_as_long_as_nothing_is_due() {
        let (queue, mut reports) = unbounded_channel();
        let clock = Clock::real();
        assert!(!wait(&clock, 0, &mut reports));
        Reporter::new(0, queue, Arc::default())
            .inlet(LinkId(1))
            .writable();
        assert!(wait(&clock, u64::MAX, &mut reports));
    }
}
