//! Scenario 1: a primary that shows two batches, at every size of table and every way to split the others.
//!
//! Counted here, vote by vote, and not with the formula under test.

use bitcraps_core::consensus::Quorum;

/// Who votes for what, once a liar leads: honest phones vote for the one batch that they were shown, liars for both.
#[derive(Clone, Copy)]
struct Split {
    liars: usize,
    shown_first: usize,
    shown_second: usize,
}

impl Split {
    /// Every way to divide the honest phones of a table of n among whom f lie; some may be shown nothing.
    fn all(n: usize, f: usize) -> impl Iterator<Item = Self> {
        let honest = n - f;
        let pairs = (0..=honest)
            .flat_map(move |first| (0..=honest - first).map(move |second| (first, second)));
        pairs.map(move |(shown_first, shown_second)| Self {
            liars: f,
            shown_first,
            shown_second,
        })
    }

    /// Which of the two batches gather `threshold` prepares; honest phones commit only to what did.
    const fn decides(self, threshold: usize) -> (bool, bool) {
        let first = self.shown_first + self.liars >= threshold;
        let second = self.shown_second + self.liars >= threshold;
        (first, second)
    }
}

/// Whether some split has both batches decided.
fn forks(n: usize, f: usize, threshold: usize) -> bool {
    Split::all(n, f).any(|split| split.decides(threshold) == (true, true))
}

/// The most liars of whom n phones are more than three times as many.
fn most_liars(n: usize) -> usize {
    (0..n).rev().find(|liars| 3 * liars < n).unwrap_or(0)
}

const TABLES: std::ops::RangeInclusive<usize> = 2..=18;

fn unsafe_tables(threshold: impl Fn(Quorum) -> usize) -> Vec<usize> {
    let forked = TABLES.filter(|n| forks(*n, most_liars(*n), threshold(Quorum::of(*n))));
    forked.collect()
}

#[test]
fn no_split_by_a_lying_primary_decides_two_batches_at_any_table() {
    for n in TABLES {
        let Quorum { n: seats, f, q } = Quorum::of(n);
        assert_eq!((seats, f), (n, most_liars(n)));
        assert!(!forks(n, f, q), "n = {n}: a fork with {q} votes");
    }
}

#[test]
fn the_quorum_is_reached_by_the_honest_phones_alone() {
    for n in TABLES {
        let Quorum { f, q, .. } = Quorum::of(n);
        assert!(n - f >= q, "n = {n}: {f} silent liars stop the table");
    }
}

#[test]
fn a_split_one_short_of_a_quorum_decides_nothing_and_one_more_vote_decides_one_batch() {
    for n in TABLES {
        let Quorum { f, q, .. } = Quorum::of(n);
        let honest = n - f;
        // With the liars, the first side has q − 1 votes; the rest see the other batch.
        let short = Split {
            liars: f,
            shown_first: q - 1 - f,
            shown_second: honest - (q - 1 - f),
        };
        assert!(!short.decides(q).0, "n = {n}");
        let enough = Split {
            shown_first: q - f,
            shown_second: honest - (q - f),
            ..short
        };
        assert_eq!(enough.decides(q), (true, false), "n = {n}");
    }
}

#[test]
fn nine_phones_with_two_liars_get_six_votes_for_one_batch_and_five_for_the_other() {
    let split = Split {
        liars: 2,
        shown_first: 4,
        shown_second: 3,
    };
    assert_eq!(Quorum::of(9).q, 6);
    assert_eq!(split.decides(6), (true, false));
    assert_eq!(split.decides(5), (true, true), "with 2f + 1");
}

#[test]
fn two_f_plus_one_votes_fork_every_table_but_those_of_3f_plus_1() {
    let forked = unsafe_tables(|quorum| 2 * quorum.f + 1);
    assert_eq!(forked, [2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]);
}

#[test]
fn a_bare_majority_forks_tables_of_five_and_of_seven_and_more() {
    let forked = unsafe_tables(|quorum| quorum.n / 2 + 1);
    assert_eq!(forked, [5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
}

#[test]
fn one_vote_less_forks_every_table_but_that_of_three() {
    let forked = unsafe_tables(|quorum| quorum.q - 1);
    // Three honest phones cannot be split two and two: there q = 3 is for the rule that nobody is outvoted.
    let all_but_three: Vec<usize> = TABLES.filter(|n| *n != 3).collect();
    assert_eq!(forked, all_but_three);
}
