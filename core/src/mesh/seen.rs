//! The messages that came over a link last: they are not sent back.

use std::collections::VecDeque;

use super::Fingerprint;

/// How many received messages are remembered.
pub(super) const SEEN_MAX: usize = 1024;
/// Fingerprints are spread over so many lists by their first byte, a dozen in each. Whoever makes messages that all fall
/// into one list makes its neighbour look through [`SEEN_MAX`] of them, and nothing worse.
const LISTS: usize = 64;

/// The last [`SEEN_MAX`] fingerprints.
#[derive(Debug)]
pub(super) struct Seen {
    lists: Vec<Vec<Fingerprint>>,
    order: VecDeque<Fingerprint>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            lists: vec![Vec::new(); LISTS],
            order: VecDeque::new(),
        }
    }
}

impl Seen {
    /// Remembers one, in the place of the oldest if there are too many.
    pub(super) fn insert(&mut self, seen: Fingerprint) {
        if self.contains(&seen) {
            return;
        }
        self.lists[list_of(&seen)].push(seen);
        self.order.push_back(seen);
        if self.order.len() > SEEN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            let list = &mut self.lists[list_of(&oldest)];
            // A list is in the order in which they came.
            list.retain(|seen| *seen != oldest);
        }
    }

    pub(super) fn contains(&self, seen: &Fingerprint) -> bool {
        self.lists[list_of(seen)].contains(seen)
    }
}

fn list_of(seen: &Fingerprint) -> usize {
    usize::from(seen[0]) % LISTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_whatever_list_it_is_in_and_one_that_comes_again_is_no_newer() {
        let name = |number: usize| {
            let [low, high, ..] = number.to_le_bytes();
            [low, high, 0, 0, 0, 0, 0, 1]
        };
        let mut seen = Seen::default();
        for number in 0..SEEN_MAX {
            seen.insert(name(number));
        }
        seen.insert(name(0));
        assert!((0..SEEN_MAX).all(|number| seen.contains(&name(number))));
        for number in SEEN_MAX..2 * SEEN_MAX {
            seen.insert(name(number));
            assert!(seen.contains(&name(number)));
            assert!(!seen.contains(&name(number - SEEN_MAX)));
            assert!(seen.contains(&name(number - SEEN_MAX + 1)));
        }
        assert_eq!(seen.lists.iter().map(Vec::len).sum::<usize>(), SEEN_MAX);
    }
}
