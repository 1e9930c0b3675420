//! What need not be looked at again until somebody has had it in hand.

use std::ops::{Deref, DerefMut};

/// A value that notes whenever it is borrowed to be changed.
///
/// Most inputs change little, and what follows from all that they have not changed follows already.
#[derive(Debug)]
pub(super) struct Watched<T> {
    value: T,
    touched: bool,
}

impl<T> Watched<T> {
    pub(super) const fn new(value: T) -> Self {
        let touched = true;
        Self { value, touched }
    }

    /// Everything that follows from the value as it is has been done.
    pub(super) const fn settle(&mut self) {
        self.touched = false;
    }

    /// Whether it may have changed since then.
    pub(super) const fn is_touched(&self) -> bool {
        self.touched
    }

    /// For a change from which nothing follows but what its maker looks at by itself.
    pub(super) const fn unnoted(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Watched<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.touched = true;
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_touches_nothing_and_taking_in_hand_does() {
        let mut watched = Watched::new(vec![7]);
        assert!(watched.is_touched(), "nobody has looked at it yet");
        watched.settle();
        assert_eq!(watched.len(), 1);
        watched.unnoted().push(8);
        assert!(!watched.is_touched());
        watched.push(9);
        assert!(watched.is_touched());
        assert_eq!(*watched, [7, 8, 9]);
    }
}
