//! A phone's clock: monotonic, as the core wants it, but not necessarily right.

use bitcraps_core::time::Instant;

const MILLION: i128 = 1_000_000;

/// Maps the room's time to what a phone's clock shows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    since_us: u64,
    shown_us: u64,
    drift_ppm: i32,
    /// How far back it was told to jump; until it has caught up it stands still.
    owed_us: u64,
}

impl Clock {
    /// Goes on from now at another pace, after a jump.
    pub(super) fn change(&mut self, now_us: u64, drift_ppm: i32, jump_ms: i64) {
        let (raw, shown) = (self.raw_us(now_us), self.shown(now_us));
        self.owed_us = shown.saturating_add(self.owed_us).saturating_sub(raw);
        self.shown_us = shown;
        self.since_us = now_us;
        self.drift_ppm = drift_ppm;
        let jump_us = jump_ms.unsigned_abs().saturating_mul(1000);
        if jump_ms >= 0 {
            self.shown_us = self.shown_us.saturating_add(jump_us);
        } else {
            self.owed_us = self.owed_us.saturating_add(jump_us);
        }
    }

    /// What the clock shows.
    pub(super) fn now(&self, now_us: u64) -> Instant {
        Instant(self.shown(now_us) / 1000)
    }

    /// When in the room's time the clock will show this.
    pub(super) fn when_us(&self, shown: Instant) -> u64 {
        let ahead = i128::from(shown.0.saturating_mul(1000)) - i128::from(self.shown_us);
        if ahead <= 0 {
            return self.since_us;
        }
        let wanted = ahead + i128::from(self.owed_us);
        if self.drift_ppm == 0 {
            return self
                .since_us
                .saturating_add(u64::try_from(wanted).unwrap_or(u64::MAX));
        }
        let pace = MILLION + i128::from(self.drift_ppm);
        let after = (wanted * MILLION + pace - 1) / pace;
        let after = u64::try_from(after).unwrap_or(u64::MAX);
        self.since_us.saturating_add(after)
    }

    fn shown(&self, now_us: u64) -> u64 {
        let raw = self.raw_us(now_us);
        // It never runs back: what it owes it stands still for.
        raw.saturating_sub(self.owed_us).max(self.shown_us)
    }

    fn raw_us(&self, now_us: u64) -> u64 {
        let passed = now_us.saturating_sub(self.since_us);
        // Most clocks are right, and long division is slow.
        if self.drift_ppm == 0 {
            return self.shown_us.saturating_add(passed);
        }
        let passed = i128::from(passed) * (MILLION + i128::from(self.drift_ppm)) / MILLION;
        self.shown_us
            .saturating_add(u64::try_from(passed).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_clock_shows_the_rooms_time() {
        let clock = Clock::default();
        for at in [0, 1, 999_999, 77_000_000] {
            assert_eq!(clock.now(at), Instant(at / 1000));
        }
        assert_eq!(clock.when_us(Instant(5_000)), 5_000_000);
    }

    #[test]
    fn a_clock_that_drifts_and_jumps_never_runs_back_and_its_wakes_come_when_it_shows_them() {
        let mut clock = Clock::default();
        let mut last = Instant(0);
        let changes = [
            (10, 200_000, 0),
            (20, -200_000, 3_600_000),
            (30, 0, -8_000),
            (60, 1, 5),
        ];
        for second in 0..100 {
            let at = second * 1_000_000;
            for (when, drift, jump) in changes {
                if when == second {
                    clock.change(at, drift, jump);
                }
            }
            let now = clock.now(at);
            assert!(now >= last, "{second} s");
            last = now;
            let wake = Instant(now.0 + 700);
            let when = clock.when_us(wake);
            assert!(clock.now(when) >= wake, "{second} s");
            assert!(
                when < at + 12_000_000,
                "{second} s: it stands still for 8 s at most"
            );
        }
        assert!(last > Instant(3_600_000));
    }
}
