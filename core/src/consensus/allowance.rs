//! How much of what costs something is done for one phone: so much at once, and so much more as time goes by.

use std::time::Duration;

use crate::time::{Instant, millis};

/// What is left of an allowance, kept as the moment at which it is whole again.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Allowance {
    whole_at: Instant,
}

impl Allowance {
    /// Takes `count` out of an allowance of `most` that gets one more `each` time; `false` if less is left.
    pub(super) fn take(&mut self, now: Instant, count: u64, most: u64, each: Duration) -> bool {
        let each = millis(each);
        let whole_at = self.whole_at.max(now).0;
        let whole_at = whole_at.saturating_add(each.saturating_mul(count));
        let fits = whole_at <= now.0.saturating_add(each.saturating_mul(most));
        if fits {
            self.whole_at = Instant(whole_at);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_comes_back_one_by_one_and_never_adds_up_to_more_than_the_most() {
        let mut allowance = Allowance::default();
        let mut take =
            |now, count| allowance.take(Instant(now), count, 3, Duration::from_millis(100));
        assert!(take(1_000, 2) && take(1_000, 1));
        assert!(!take(1_000, 1) && !take(1_099, 1));
        assert!(take(1_100, 1) && !take(1_150, 1));
        assert!(!take(9_000, 4), "more than the most");
        assert!(take(9_000, 3) && !take(9_050, 1));
    }
}
