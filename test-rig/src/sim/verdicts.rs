//! What the phones of one room have checked already.

use std::sync::{Arc, Mutex, PoisonError};

use bitcraps_core::crypto::{Checker, Digest, Verdicts};

/// How many verdicts a room keeps. Its phones check the same signature within a few rounds of messages.
const KEPT_MAX: usize = 1 << 13;

/// Verdicts by the digest of what was checked. A newer one takes the place of an older one whose digest falls on the
/// same slot: then the check is made again, and nothing else changes.
///
/// Never where CPU time is measured: phones do not sit in one process, and each must check for itself.
#[derive(Debug)]
struct Kept(Mutex<Vec<Option<(Digest, bool)>>>);

/// A checker for the phones of one room.
pub(super) fn shared() -> Checker {
    Checker::with(Arc::new(Kept(Mutex::new(vec![None; KEPT_MAX]))))
}

impl Verdicts for Kept {
    fn verdict(&self, name: &Digest, check: &mut dyn FnMut() -> bool) -> bool {
        let [low, high, ..] = name.0;
        let at = usize::from(u16::from_le_bytes([low, high])) % KEPT_MAX;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept[at] {
            Some((of, verdict)) if of == *name => verdict,
            _ => {
                let verdict = check();
                kept[at] = Some((*name, verdict));
                verdict
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_kept_for_its_own_digest_and_forgotten_for_one_on_the_same_slot() {
        let checker = shared();
        let made = std::cell::Cell::new(0);
        let holds = |part: u32, verdict: bool| {
            checker.holds("test", &[&part.to_le_bytes()], || {
                made.set(made.get() + 1);
                verdict
            })
        };
        assert!(holds(0, true) && !holds(1, false));
        assert!(holds(0, true) && !holds(1, false));
        assert_eq!(made.get(), 2, "each was made once");
        let many = 4 * u32::try_from(KEPT_MAX).unwrap();
        (2..many).for_each(|part| assert!(holds(part, part % 2 == 0) == (part % 2 == 0)));
        assert!(holds(0, true) && !holds(1, false), "and never another's");
    }
}
