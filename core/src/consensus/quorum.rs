//! One quorum for everything: prepare, commit, checkpoint and view change.

/// The sizes that follow from the number of seats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quorum {
    /// Seats in the roster.
    pub n: usize,
    /// How many replicas may lie in any way: ⌊(n−1)/3⌋.
    pub f: usize,
    /// How many must agree: the least q with 2q − n ≥ f + 1, so that any two quorums share an honest replica.
    pub q: usize,
}

impl Quorum {
    /// q = ⌈(n+f+1)/2⌉. With two or three seats f is 0 and everybody must agree: nobody can be outvoted
    /// there, and anybody can stall.
    #[must_use]
    pub const fn of(n: usize) -> Self {
        let f = n.saturating_sub(1) / 3;
        let q = if n < 4 { n } else { (n + f + 1).div_ceil(2) };
        Self { n, f, q }
    }

    /// How many replicas can fall silent before nothing is decided any more.
    #[must_use]
    pub const fn spare(&self) -> usize {
        self.n - self.q
    }
}

#[cfg(test)]
mod tests {
    use super::Quorum;

    #[test]
    fn the_quorum_is_the_smallest_safe_one_for_every_table() {
        for n in 4..=18 {
            let Quorum { f, q, .. } = Quorum::of(n);
            assert!(
                2 * q - n > f,
                "n = {n}: two quorums share an honest replica"
            );
            assert!(2 * (q - 1) - n <= f, "n = {n}: one less would not do");
            assert!(q <= n - f, "n = {n}: the honest replicas alone reach it");
        }
    }

    #[test]
    fn the_quorums_of_the_design_come_out() {
        let q: Vec<usize> = (4..=18).map(|n| Quorum::of(n).q).collect();
        assert_eq!(q, [3, 4, 4, 5, 6, 6, 7, 8, 8, 9, 10, 10, 11, 12, 12]);
        assert_eq!((Quorum::of(2).q, Quorum::of(3).q), (2, 3));
        assert_eq!(
            Quorum::of(9).spare(),
            3,
            "nine phones live on with three of them silent"
        );
    }

    #[test]
    fn two_f_plus_one_would_be_unsafe_at_other_sizes() {
        for n in [5, 6, 8, 9, 11, 12, 14, 15, 17, 18] {
            let f = Quorum::of(n).f;
            assert!(2 * (2 * f + 1) - n <= f, "n = {n}");
            assert_ne!(Quorum::of(n).q, 2 * f + 1, "n = {n}");
        }
    }
}
