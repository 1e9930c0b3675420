//! When to give up on a view, and when to ask the neighbours again.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::{Instant, earliest, millis};

const TIMEOUT_MIN: Duration = Duration::from_secs(1);
const TIMEOUT_MAX: Duration = Duration::from_secs(30);
/// What a room of up to four phones that nobody has measured is taken to need for a decision, and how much more for each
/// further phone; the first decisions correct it. These are made while links still come up.
const DECISION_PRIOR_MS: u64 = 375;
const DECISION_PRIOR_MORE_MS: u64 = 40;
const RESYNC_MIN: Duration = Duration::from_millis(500);
const RESYNC_MAX: Duration = Duration::from_secs(5);

/// How many votings the median is taken over.
const VOTINGS: usize = 16;
/// A proposal that comes no later than this is never slow, however quick the votes are.
const SLOW_LEAST_MS: u64 = 250;
/// This many more slow proposals than quick ones cost the primary its view.
const SLOW_MAX: u32 = 4;

/// The replica's two timers. Time-out = max(1 s, 4 × smoothed decision time), doubling to 30 s with each
/// view change and reset by a decision.
///
/// How long a primary keeps the others waiting for its proposal is measured against how long the votes take, which is
/// not in its hand. Otherwise a primary that is always just in time would stretch the very time-out that it is
/// measured by.
#[derive(Debug)]
pub(super) struct Timing {
    /// Smoothed time between "there is work" and "something was delivered", in ms; an EWMA with weight ⅛.
    smoothed_ms: u64,
    doublings: u32,
    /// Since when the current piece of work waits, and when its proposal came.
    working_since: Option<Instant>,
    proposed_at: Option<Instant>,
    /// How long the last votings took, from the proposal to the delivery, in ms.
    votings: VecDeque<u64>,
    /// Slow proposals of this view less quick ones.
    slow: u32,
    view_deadline: Option<Instant>,
    resync_at: Option<Instant>,
    resyncs: u32,
}

impl Timing {
    pub(super) const fn new(members: usize) -> Self {
        Self {
            smoothed_ms: DECISION_PRIOR_MS
                + DECISION_PRIOR_MORE_MS * members.saturating_sub(4) as u64,
            doublings: 0,
            working_since: None,
            proposed_at: None,
            votings: VecDeque::new(),
            slow: 0,
            view_deadline: None,
            resync_at: None,
            resyncs: 0,
        }
    }

    /// The time that a view gets before its primary is given up.
    pub(super) fn timeout(&self) -> Duration {
        let adaptive = Duration::from_millis(self.smoothed_ms.saturating_mul(4));
        let base = adaptive.clamp(TIMEOUT_MIN, TIMEOUT_MAX);
        base.saturating_mul(1 << self.doublings.min(5))
            .min(TIMEOUT_MAX)
    }

    /// The smoothed decision time.
    pub(super) const fn smoothed(&self) -> Duration {
        Duration::from_millis(self.smoothed_ms)
    }

    fn resync_interval(&self) -> Duration {
        let base = Duration::from_millis(self.smoothed_ms.saturating_mul(2));
        let base = base.clamp(RESYNC_MIN, RESYNC_MAX);
        base.saturating_mul(1 << self.resyncs.min(3))
            .min(RESYNC_MAX)
    }

    /// The primary's proposal for what waits is here.
    pub(super) fn proposed(&mut self, now: Instant) {
        let since = *self.working_since.get_or_insert(now);
        if self.proposed_at.is_some() {
            return;
        }
        self.proposed_at = Some(now);
        let waited = millis(now.since(since));
        if waited > self.patience_ms().max(SLOW_LEAST_MS) {
            self.slow += 1;
        } else {
            self.slow = self.slow.saturating_sub(1);
        }
    }

    /// Whether the primary of this view has been slow for too long: more than twice the median of what the votes take.
    pub(super) const fn is_slow(&self) -> bool {
        self.slow >= SLOW_MAX
    }

    /// How long a proposal may take without being slow.
    fn patience_ms(&self) -> u64 {
        let mut votings: Vec<u64> = self.votings.iter().copied().collect();
        votings.sort_unstable();
        let median = votings.get(votings.len() / 2).copied();
        median.map_or(u64::MAX, |median| median.saturating_mul(2))
    }

    /// There is work; starts the timers unless they run.
    pub(super) fn work(&mut self, now: Instant) {
        self.working_since.get_or_insert(now);
        if self.view_deadline.is_none() {
            self.view_deadline = Some(now.after(self.timeout()));
        }
        if self.resync_at.is_none() {
            self.resync_at = Some(now.after(self.resync_interval()));
        }
    }

    /// The deadline is for something else from now on: the whole time-out.
    pub(super) fn restart_deadline(&mut self, now: Instant) {
        self.view_deadline = Some(now.after(self.timeout()));
    }

    /// Nothing is left to wait for.
    pub(super) const fn idle(&mut self) {
        self.working_since = None;
        self.proposed_at = None;
        self.view_deadline = None;
        self.resync_at = None;
        self.resyncs = 0;
    }

    /// Something was delivered, but not what the view's deadline is for: measure, and leave the deadline alone.
    pub(super) fn progressed(&mut self, now: Instant) {
        let deadline = self.view_deadline;
        self.delivered(now);
        self.view_deadline = deadline;
    }

    /// What was waited for is delivered: measure, reset the back-off, and let the timers start afresh.
    pub(super) fn delivered(&mut self, now: Instant) {
        if let (Some(since), Some(proposed)) = (self.working_since, self.proposed_at) {
            let voting = millis(now.since(proposed));
            self.votings.push_back(voting);
            if self.votings.len() > VOTINGS {
                self.votings.pop_front();
            }
            let waited = millis(proposed.since(since)).min(self.patience_ms());
            self.smoothed_ms = (self.smoothed_ms * 7 + voting + waited) / 8;
        }
        self.doublings = 0;
        self.idle();
    }

    /// The view is left: no deadline until a quorum has left it too (Castro–Liskov §4.5.2), but keep asking.
    pub(super) fn left_view(&mut self, now: Instant) {
        self.doublings = (self.doublings + 1).min(8);
        self.view_deadline = None;
        self.resyncs = 0;
        self.resync_at = Some(now.after(self.resync_interval()));
    }

    /// A quorum has left the view: now the new primary is on the clock.
    pub(super) fn quorum_left_view(&mut self, now: Instant) {
        if self.view_deadline.is_none() {
            self.view_deadline = Some(now.after(self.timeout()));
        }
    }

    /// A new view begins: its primary gets the whole time-out.
    pub(super) const fn entered_view(&mut self) {
        self.slow = 0;
        self.idle();
    }

    /// Whether the view's time is up; the deadline is then cleared.
    pub(super) fn take_view_timeout(&mut self, now: Instant) -> bool {
        let due = self.view_deadline.is_some_and(|at| at <= now);
        if due {
            self.view_deadline = None;
        }
        due
    }

    /// Whether the neighbours should be asked again; the next time is then set, further away each time.
    pub(super) fn take_resync(&mut self, now: Instant) -> bool {
        let due = self.resync_at.is_some_and(|at| at <= now);
        if due {
            self.resyncs = self.resyncs.saturating_add(1);
            self.resync_at = Some(now.after(self.resync_interval()));
        }
        due
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        earliest(self.view_deadline, self.resync_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_out_is_a_second_in_a_quick_room_doubles_to_thirty_and_is_reset_by_a_decision() {
        let mut timing = Timing::new(4);
        assert_eq!(
            timing.timeout(),
            Duration::from_millis(1500),
            "before anything is known"
        );
        for round in 0..20 {
            timing.work(Instant(round * 1000));
            timing.proposed(Instant(round * 1000 + 40));
            timing.delivered(Instant(round * 1000 + 100));
        }
        assert_eq!(timing.timeout(), Duration::from_secs(1));
        let mut seen = Vec::new();
        for _ in 0..7 {
            timing.left_view(Instant(0));
            seen.push(timing.timeout().as_secs());
        }
        assert_eq!(seen, [2, 4, 8, 16, 30, 30, 30]);
        timing.delivered(Instant(5));
        assert_eq!(timing.timeout(), Duration::from_secs(1));
    }

    #[test]
    fn a_slow_room_gets_more_time() {
        let mut timing = Timing::new(4);
        for round in 0..100 {
            timing.work(Instant(round * 10_000));
            timing.proposed(Instant(round * 10_000 + 300));
            timing.delivered(Instant(round * 10_000 + 800));
        }
        assert!(
            timing.timeout() > Duration::from_secs(3),
            "{:?}",
            timing.timeout()
        );
    }

    #[test]
    fn a_primary_that_is_always_just_in_time_is_slow_and_does_not_stretch_the_time_out() {
        let mut timing = Timing::new(4);
        let mut now = 0;
        let mut slot = |timing: &mut Timing, wait: u64| {
            timing.work(Instant(now));
            timing.proposed(Instant(now + wait));
            timing.delivered(Instant(now + wait + 120));
            now += 10_000;
        };
        (0..20).for_each(|_| slot(&mut timing, 60));
        for slow in 1..=4 {
            assert!(!timing.is_slow());
            slot(&mut timing, 990);
            assert_eq!(timing.is_slow(), slow == 4);
        }
        assert!(timing.timeout() < Duration::from_millis(1_200));
        timing.entered_view();
        assert!(!timing.is_slow());
        // Three slow ones for each quick one do not hide behind it.
        (0..8).for_each(|turn| slot(&mut timing, if turn % 4 == 3 { 60 } else { 990 }));
        assert!(timing.is_slow());
        timing.entered_view();
        (0..100).for_each(|turn| slot(&mut timing, if turn % 3 == 0 { 990 } else { 60 }));
        assert!(!timing.is_slow(), "now and then is the radio");
    }

    #[test]
    fn leaving_a_view_stops_the_clock_until_a_quorum_has_left() {
        let mut timing = Timing::new(4);
        timing.work(Instant(0));
        assert!(!timing.take_view_timeout(Instant(1499)));
        assert!(timing.take_view_timeout(Instant(1500)));
        timing.left_view(Instant(1500));
        assert!(!timing.take_view_timeout(Instant(1_000_000)));
        timing.quorum_left_view(Instant(2000));
        assert!(!timing.take_view_timeout(Instant(4999)));
        assert!(timing.take_view_timeout(Instant(5000)));
    }
}
