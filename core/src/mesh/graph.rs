//! Who has a link to whom, as far as it is known here, and which way a message of an origin goes.

use std::sync::OnceLock;

use crate::crypto::{SEATS_MAX, Seat, SeatSet};

/// How many of the shortest ways to a phone are used at once: one may be a liar's.
pub const PARENTS: usize = 2;

/// Helpers are drawn anew for each slot, and come round again after so many.
const HELPER_TURNS: usize = 16;

/// What follows from the graph, worked out when it is first wanted after a change.
#[derive(Clone, Default, Debug)]
struct Ways {
    /// Who passes on what: by origin, then by receiver.
    parents: [[SeatSet; SEATS_MAX]; SEATS_MAX],
    /// Who helps whom out first: by receiver, then by turn.
    helpers: [[SeatSet; HELPER_TURNS]; SEATS_MAX],
}

/// The graph of a table's links.
///
/// An edge counts if both ends name it; where nothing is known of one end, the other's word is taken. A false word
/// can make messages late, never lost: whoever is not on a designated way holds them, and sends them to whoever
/// lacks them.
#[derive(Clone, Default, Debug)]
pub struct Graph {
    named: [Option<SeatSet>; SEATS_MAX],
    /// Who has said nothing of late: no way leads through them.
    mute: SeatSet,
    /// Worked out when they are first wanted after a change.
    ways: OnceLock<Box<Ways>>,
}

impl Graph {
    /// The links of a phone changed, or are known for the first time.
    pub fn set(&mut self, seat: Seat, links: SeatSet) {
        self.put(seat, Some(links));
    }

    /// Nothing is known of a phone any more.
    pub fn forget(&mut self, seat: Seat) {
        self.put(seat, None);
    }

    fn put(&mut self, seat: Seat, links: Option<SeatSet>) {
        if let Some(named) = self.named.get_mut(seat.index())
            && *named != links
        {
            *named = links;
            self.ways = OnceLock::new();
        }
    }

    /// Nobody waits for these phones to pass anything on. A phone that is wrongly taken for mute costs a message that
    /// comes twice, or late where two disagree about it.
    pub fn set_mute(&mut self, mute: SeatSet) {
        if self.mute != mute {
            self.mute = mute;
            self.ways = OnceLock::new();
        }
    }

    /// Who speaks again is a way again.
    pub fn unmute(&mut self, seat: Seat) {
        if self.mute.contains(seat) {
            let others = self.mute.iter().filter(|mute| *mute != seat);
            self.set_mute(others.collect());
        }
    }

    fn named(&self, seat: Seat) -> Option<SeatSet> {
        self.named.get(seat.index()).copied().flatten()
    }

    /// Whether a phone has said whom it has links to.
    #[must_use]
    pub fn knows(&self, seat: Seat) -> bool {
        self.named(seat).is_some()
    }

    /// Whether two phones are neighbours.
    #[must_use]
    pub fn are_linked(&self, a: Seat, b: Seat) -> bool {
        match (self.named(a), self.named(b)) {
            (Some(one), Some(other)) => one.contains(b) && other.contains(a),
            (Some(word), None) => word.contains(b),
            (None, Some(word)) => word.contains(a),
            (None, None) => false,
        }
    }

    /// Who passes messages of `origin` on to `to`: of its neighbours that are nearest to the origin, the two whose rank
    /// is best. The rank is drawn anew for each origin and receiver, so that the work is shared; everybody with the
    /// same graph draws the same. `None` if no way is known.
    pub fn parents(&self, origin: Seat, to: Seat) -> Option<SeatSet> {
        let ways = self.ways().parents.get(origin.index())?;
        let parents = ways.get(to.index()).copied()?;
        (!parents.is_empty()).then_some(parents)
    }

    fn ways(&self) -> &Ways {
        self.ways.get_or_init(|| Box::new(self.work_out()))
    }

    fn work_out(&self) -> Ways {
        let mut ways = Ways::default();
        for (to, turns) in seats().zip(&mut ways.helpers) {
            let able = |seat: &Seat| self.are_linked(*seat, to) && !self.mute.contains(*seat);
            let neighbours: SeatSet = seats().filter(able).collect();
            for (turn, helpers) in (0..).zip(turns) {
                *helpers = best(turn, to, neighbours.iter());
            }
        }
        for (origin, parents) in seats().zip(&mut ways.parents) {
            let steps = self.steps_from(origin, self.mute);
            let step = |seat: Seat| steps.get(seat.index()).copied().flatten();
            for (to, parents) in seats().zip(parents) {
                let Some(own) = step(to) else { continue };
                let nearer = |seat: &Seat| {
                    let able = *seat == origin || !self.mute.contains(*seat);
                    let near = step(*seat).is_some_and(|at| at + 1 == own);
                    able && near && self.are_linked(*seat, to)
                };
                *parents = best(origin.0, to, seats().filter(nearer));
            }
        }
        ways
    }

    /// Who helps a phone out first that lacks votes of a slot: two of its neighbours, others for each slot.
    #[must_use]
    pub fn helpers(&self, to: Seat, sequence: u64) -> SeatSet {
        let [low, ..] = sequence.to_le_bytes();
        let turns = self.ways().helpers.get(to.index());
        let helpers = turns.and_then(|turns| turns.get(usize::from(low) % HELPER_TURNS));
        helpers.copied().unwrap_or_default()
    }

    /// A phone and everybody that a way leads to from it.
    #[must_use]
    pub fn within_reach(&self, from: Seat) -> SeatSet {
        let steps = self
            .steps_from(from, SeatSet::default())
            .into_iter()
            .zip(seats());
        steps
            .filter_map(|(step, seat)| step.map(|_| seat))
            .collect()
    }

    /// How many links away everybody is from a phone, by ways that lead through nobody who is mute.
    fn steps_from(&self, origin: Seat, mute: SeatSet) -> [Option<u8>; SEATS_MAX] {
        let mut steps = [None; SEATS_MAX];
        let mut reached = vec![origin];
        if let Some(step) = steps.get_mut(origin.index()) {
            *step = Some(0);
        }
        let mut next = 0;
        while let Some(from) = reached.get(next).copied() {
            next += 1;
            if from != origin && mute.contains(from) {
                continue;
            }
            let at = steps.get(from.index()).copied().flatten().unwrap_or(0);
            for to in seats().filter(|to| self.are_linked(from, *to)) {
                if let Some(step) = steps.get_mut(to.index()).filter(|step| step.is_none()) {
                    *step = Some(at + 1);
                    reached.push(to);
                }
            }
        }
        steps
    }
}

fn seats() -> impl Iterator<Item = Seat> {
    (0_u8..).take(SEATS_MAX).map(Seat)
}

/// The two of these whose rank is best.
fn best(of: u8, to: Seat, seats: impl Iterator<Item = Seat>) -> SeatSet {
    let mut ranked: Vec<(u64, Seat)> = seats.map(|seat| (rank(of, to, seat), seat)).collect();
    ranked.sort_unstable();
    let best = ranked.into_iter().take(PARENTS);
    best.map(|(_, seat)| seat).collect()
}

/// A number that looks drawn by chance and is the same everywhere (the finaliser of SplitMix64). Nothing hangs on
/// whether somebody can foresee it.
fn rank(of: u8, to: Seat, seat: Seat) -> u64 {
    let name = u64::from_le_bytes([of, to.0, seat.0, 0, 0, 0, 0, 1]);
    let mixed = (name ^ (name >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seats linked at these offsets around a table, all of them known.
    fn circulant(n: u8, offsets: &[u8]) -> Graph {
        let mut graph = Graph::default();
        for seat in 0..n {
            let links = offsets
                .iter()
                .flat_map(|offset| [(seat + offset) % n, (seat + n - offset) % n]);
            graph.set(Seat(seat), links.map(Seat).collect());
        }
        graph
    }

    #[test]
    fn everybody_has_two_parents_for_every_origin_or_the_origin_itself() {
        for (n, offsets) in [(10, &[1, 4][..]), (13, &[1, 2, 3]), (16, &[1, 2, 6])] {
            let graph = circulant(n, offsets);
            let mut work = vec![0_u32; usize::from(n)];
            for origin in (0..n).map(Seat) {
                for to in (0..n).map(Seat).filter(|to| *to != origin) {
                    let parents = graph.parents(origin, to).unwrap();
                    if graph.are_linked(origin, to) {
                        assert_eq!(parents, [origin].into_iter().collect());
                        continue;
                    }
                    assert!((1..=PARENTS).contains(&parents.len()));
                    for parent in parents.iter() {
                        assert!(graph.are_linked(parent, to) && graph.are_linked(parent, origin));
                        work[parent.index()] += 1;
                    }
                }
            }
            let (least, most) = (work.iter().min().unwrap(), work.iter().max().unwrap());
            assert!(*most <= 3 * least, "the work is shared: {work:?}");
        }
    }

    #[test]
    fn an_edge_needs_both_ends_and_where_one_is_unknown_the_others_word() {
        let mut graph = Graph::default();
        let set = |seats: &[u8]| seats.iter().copied().map(Seat).collect::<SeatSet>();
        graph.set(Seat(0), set(&[1, 2]));
        graph.set(Seat(1), set(&[2]));
        assert!(!graph.are_linked(Seat(0), Seat(1)), "1 does not say so");
        assert!(graph.are_linked(Seat(0), Seat(2)), "2 has said nothing");
        assert_eq!(graph.parents(Seat(0), Seat(1)), Some(set(&[2])));
        graph.forget(Seat(1));
        assert_eq!(graph.parents(Seat(0), Seat(1)), Some(set(&[0])));
        assert_eq!(graph.parents(Seat(0), Seat(9)), None, "nobody knows a way");
    }

    #[test]
    fn no_way_leads_through_who_is_mute_and_everybody_is_reached_all_the_same() {
        let mut graph = circulant(10, &[1, 4]);
        let mute: SeatSet = [0, 1, 2].map(Seat).into_iter().collect();
        graph.set_mute(mute);
        for origin in (0..10).map(Seat) {
            for to in (0..10).map(Seat).filter(|to| *to != origin) {
                let parents = graph.parents(origin, to).unwrap();
                let through = |seat: Seat| seat != origin && mute.contains(seat);
                assert!(!parents.iter().any(through), "{origin:?} to {to:?}");
            }
            assert!(
                graph
                    .helpers(origin, 7)
                    .iter()
                    .all(|seat| !mute.contains(seat))
            );
        }
        graph.set_mute(SeatSet::default());
        let ways = circulant(10, &[1, 4]);
        assert_eq!(
            graph.parents(Seat(9), Seat(6)),
            ways.parents(Seat(9), Seat(6)),
            "who speaks again is a way again"
        );
    }

    #[test]
    fn a_line_is_walked_seat_by_seat() {
        let mut graph = Graph::default();
        for seat in 0..5_u8 {
            let links = [seat.checked_sub(1), Some(seat + 1).filter(|next| *next < 5)];
            graph.set(Seat(seat), links.into_iter().flatten().map(Seat).collect());
        }
        let parents = graph.parents(Seat(0), Seat(4)).unwrap();
        assert_eq!(parents, [Seat(3)].into_iter().collect());
    }
}
