//! Which links a phone wants: by its place in the roster, so that both ends agree without talking.

use crate::crypto::{Digest, PublicKey, Roster, Seat, SeatSet};

/// Up to this many members everybody wants a link to everybody.
const FULL_MESH_MAX: usize = 7;
/// Circulant offsets by number of members, from the design's table: vertex connectivity of at least f + 1 and diameter
/// 2, with six links at most.
const OFFSETS: [(usize, &[usize]); 11] = [
    (8, &[1, 4]),
    (9, &[1, 2]),
    (10, &[1, 4]),
    (11, &[1, 3]),
    (12, &[2, 3]),
    (13, &[1, 2, 3]),
    (14, &[1, 2, 7]),
    (15, &[1, 2, 4]),
    (16, &[1, 2, 6]),
    (17, &[1, 2, 6]),
    (18, &[1, 2, 7]),
];

/// What one phone wants.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Everybody who votes. Who has left may listen as long as there is room.
    pub(super) members: SeatSet,
    /// The seats that it wants links to.
    pub(super) seats: SeatSet,
    /// The seats that it dials first; the others dial it first.
    pub(super) dials: SeatSet,
}

impl Plan {
    /// For the holder of `own`, which has room for `links_max` links. Whoever has no seat in the roster wants to hear of
    /// everybody, and so has no plan but to take what comes.
    pub(super) fn new(own: &PublicKey, roster: &Roster, links_max: usize) -> Self {
        let members: Vec<Seat> = roster.seats().collect();
        let seat = roster.seat_of(own);
        let at = members.iter().position(|member| Some(*member) == seat);
        let dials = roster.seats().filter(|seat| {
            let key = roster.key(*seat);
            key.is_some_and(|key| is_central(own, key))
        });
        Self {
            members: roster.seats().collect(),
            seats: at.map_or_else(SeatSet::default, |at| wanted(at, &members, links_max)),
            dials: dials.collect(),
        }
    }
}

fn wanted(at: usize, members: &[Seat], links_max: usize) -> SeatSet {
    let n = members.len();
    let offsets = OFFSETS.iter().find(|(size, _)| *size == n);
    let offsets = offsets.filter(|_| n > FULL_MESH_MAX && links_max < n - 1);
    match offsets {
        None => (0..n).filter(|other| *other != at).collect::<Vec<_>>(),
        Some((_, offsets)) => offsets
            .iter()
            .flat_map(|offset| [(at + offset) % n, (at + n - offset) % n])
            .collect(),
    }
    .into_iter()
    .map(|index| members[index])
    .collect()
}

/// Which of a pair dials first: drawn from both keys, so that nobody dials everybody.
fn is_central(own: &PublicKey, other: &PublicKey) -> bool {
    let (own, other) = (own.to_bytes(), other.to_bytes());
    let (low, high) = if own < other {
        (own, other)
    } else {
        (other, own)
    };
    let drawn = Digest::of("bitcraps/mesh/central/v1", &[&low, &high]);
    (own == low) == (drawn.0[0] & 1 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Identity;

    fn roster(n: u8) -> Roster {
        let keys = (0..n).map(|seat| Identity::from_seed(&[seat + 1; 32]).public_key());
        Roster::new(keys.collect()).unwrap()
    }

    fn plan(roster: &Roster, seat: Seat) -> Plan {
        Plan::new(roster.key(seat).unwrap(), roster, 6)
    }

    #[test]
    fn both_ends_want_the_same_links_and_one_of_them_dials() {
        for n in 2..=18 {
            let roster = roster(n);
            for a in roster.seats() {
                let of_a = plan(&roster, a);
                assert!(of_a.seats.len() <= 6 && !of_a.seats.contains(a));
                for b in roster.seats().filter(|b| *b != a) {
                    let of_b = plan(&roster, b);
                    assert_eq!(of_a.seats.contains(b), of_b.seats.contains(a), "{n}");
                    assert_ne!(of_a.dials.contains(b), of_b.dials.contains(a), "{n}");
                }
            }
        }
    }

    #[test]
    fn somebody_who_left_shifts_the_places_of_the_others() {
        let all = roster(18);
        let rest = all.without([Seat(3)].into_iter().collect()).unwrap();
        for a in rest.seats() {
            for b in plan(&rest, a).seats.iter() {
                assert!(plan(&rest, b).seats.contains(a));
                assert_ne!(b, Seat(3));
            }
        }
        assert!(plan(&all, Seat(3)).seats.len() == 6);
        let gone = Plan::new(all.key(Seat(3)).unwrap(), &rest, 6);
        assert!(gone.seats.is_empty());
    }

    #[test]
    fn nobody_dials_everybody() {
        let roster = roster(18);
        for seat in roster.seats() {
            assert!((3..=14).contains(&plan(&roster, seat).dials.len()));
        }
    }
}
