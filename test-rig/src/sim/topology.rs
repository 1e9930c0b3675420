//! Which phones can hear each other.

use crate::scenario::Topology;

/// Circulant offsets by number of seats, from the design's table: vertex connectivity of at least f + 1 and
/// diameter 2, with six links at most. Up to seven phones everybody hears everybody.
const CIRCULANT: [(u8, &[u8]); 11] = [
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

/// How many links a phone at a table of so many players wants: as many as the first one has in the design's table.
#[must_use]
pub fn links_wanted(players: u8) -> usize {
    let edges = edges(&Topology::Auto, players);
    edges.iter().filter(|(a, _)| *a == 0).count()
}

/// The pairs that are in range, each once, lower seat first, in order.
#[must_use]
pub fn edges(topology: &Topology, players: u8) -> Vec<(u8, u8)> {
    let full = || {
        (0..players)
            .flat_map(|a| (a + 1..players).map(move |b| (a, b)))
            .collect()
    };
    let mut edges: Vec<(u8, u8)> = match topology {
        Topology::Full => full(),
        Topology::Line => (1..players).map(|b| (b - 1, b)).collect(),
        Topology::Ring => (0..players).map(|a| (a, (a + 1) % players)).collect(),
        Topology::Links(links) => links.clone(),
        Topology::Auto => match CIRCULANT.iter().find(|(n, _)| *n == players) {
            None => full(),
            Some((_, offsets)) => (0..players)
                .flat_map(|a| {
                    offsets
                        .iter()
                        .map(move |offset| (a, (a + offset) % players))
                })
                .collect(),
        },
    };
    for (a, b) in &mut edges {
        if *a > *b {
            std::mem::swap(a, b);
        }
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected_without(edges: &[(u8, u8)], players: u8, gone: u32) -> bool {
        let alive: Vec<u8> = (0..players).filter(|p| gone >> p & 1 == 0).collect();
        let Some(first) = alive.first() else {
            return true;
        };
        let mut reached = vec![*first];
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            next += 1;
            for (a, b) in edges {
                let other = if *a == at {
                    *b
                } else if *b == at {
                    *a
                } else {
                    continue;
                };
                if gone >> other & 1 == 0 && !reached.contains(&other) {
                    reached.push(other);
                }
            }
        }
        reached.len() == alive.len()
    }

    #[test]
    fn any_f_phones_may_drop_everything_and_the_others_stay_connected_over_six_links() {
        for players in 4..=18 {
            let edges = edges(&Topology::Auto, players);
            let f = (u32::from(players) - 1) / 3;
            for gone in (0..1_u32 << players).filter(|set| set.count_ones() == f) {
                assert!(
                    connected_without(&edges, players, gone),
                    "{players} without {gone:b}"
                );
            }
            for player in 0..players {
                let degree = edges
                    .iter()
                    .filter(|(a, b)| *a == player || *b == player)
                    .count();
                assert!(degree <= 6, "{players} phones: {player} has {degree} links");
            }
        }
    }

    #[test]
    fn simple_graphs_have_their_edges() {
        assert_eq!(edges(&Topology::Line, 4), [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(edges(&Topology::Ring, 4), [(0, 1), (0, 3), (1, 2), (2, 3)]);
        assert_eq!(edges(&Topology::Ring, 2), [(0, 1)]);
        assert_eq!(edges(&Topology::Full, 16).len(), 120);
    }
}
