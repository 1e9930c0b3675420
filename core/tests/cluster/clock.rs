//! A phone's clock: it runs on, but not as fast as the room's, and it may jump ahead.

use bitcraps_core::time::Instant;

const MILLION: u64 = 1_000_000;

/// What a phone's clock shows, in ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Its pace, in millionths of the right one.
    pub(crate) pace: u64,
    /// How far it has jumped ahead.
    pub(crate) jumped: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            pace: MILLION,
            jumped: 0,
        }
    }
}

impl Clock {
    pub(super) fn shows(self, now: u64) -> Instant {
        Instant(now * self.pace / MILLION + self.jumped)
    }

    /// When it will show this.
    pub(super) fn when(self, shown: Instant) -> u64 {
        let passed = shown.0.saturating_sub(self.jumped);
        passed.saturating_mul(MILLION).div_ceil(self.pace)
    }
}
