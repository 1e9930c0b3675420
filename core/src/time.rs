//! Time, as it is handed in: the core never reads a clock.

use std::time::Duration;

/// Milliseconds on a monotonic clock that the caller owns. Only differences mean anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// The moment `duration` later; saturates at the end of time.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Whole milliseconds of a duration; saturates.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The earlier of two deadlines that may be unset.
#[must_use]
pub fn earliest(left: Option<Instant>, right: Option<Instant>) -> Option<Instant> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_instead_of_wrapping() {
        assert_eq!(
            Instant(u64::MAX).after(Duration::from_secs(1)),
            Instant(u64::MAX)
        );
        assert_eq!(Instant(5).since(Instant(9)), Duration::ZERO);
        assert_eq!(Instant(5).after(Duration::MAX), Instant(u64::MAX));
    }

    #[test]
    fn the_earliest_deadline_wins_and_an_unset_one_never_does() {
        assert_eq!(
            earliest(Some(Instant(3)), Some(Instant(2))),
            Some(Instant(2))
        );
        assert_eq!(earliest(None, Some(Instant(2))), Some(Instant(2)));
        assert_eq!(earliest(None, None), None);
    }
}
