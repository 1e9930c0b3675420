//! What is to come in a room, soonest first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// One thing that is to come.
#[derive(Debug)]
struct Entry<T> {
    at_us: u64,
    /// Of things that are due at one moment, the one that was put down first comes first.
    number: u64,
    what: T,
}

impl<T> Entry<T> {
    const fn place(&self) -> (u64, u64) {
        (self.at_us, self.number)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The soonest is the greatest: that is what a heap gives out.
impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.place().cmp(&self.place())
    }
}

/// What is to come, and when.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    entries: BinaryHeap<Entry<T>>,
    added: u64,
}

impl<T> Agenda<T> {
    pub(super) const fn new() -> Self {
        Self {
            entries: BinaryHeap::new(),
            added: 0,
        }
    }

    pub(super) fn add(&mut self, at_us: u64, what: T) {
        self.added += 1;
        let number = self.added;
        self.entries.push(Entry {
            at_us,
            number,
            what,
        });
    }

    /// When the next thing is due.
    pub(super) fn next_us(&self) -> Option<u64> {
        self.entries.peek().map(|entry| entry.at_us)
    }

    /// Takes the next thing out.
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        let entry = self.entries.pop()?;
        Some((entry.at_us, entry.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soonest_comes_first_and_of_one_moment_what_was_put_down_first() {
        let mut agenda = Agenda::new();
        for (number, at_us) in [30, 10, 30, 20, 10, 30].into_iter().enumerate() {
            agenda.add(at_us, number);
        }
        assert_eq!(agenda.next_us(), Some(10));
        let all: Vec<(u64, usize)> = std::iter::from_fn(|| agenda.pop()).collect();
        let expected = [(10, 1), (10, 4), (20, 3), (30, 0), (30, 2), (30, 5)];
        assert_eq!(all, expected);
        assert_eq!(agenda.next_us(), None);
    }
}
