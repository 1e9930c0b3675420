//! Random graphs, latencies, flaps and liars: always safe, and live once the faults end.

mod cluster;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use bitcraps_core::consensus::Quorum;
use cluster::{Cluster, Filter, Random};

/// How one liar lies. A twin is a second phone with the same key on the other side of the room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lie {
    Silent,
    Twins,
    DropsRelays,
    Replays,
    FlipsBytes,
    TwoFaced,
}

const LIES: [Lie; 6] = [
    Lie::Silent,
    Lie::Twins,
    Lie::DropsRelays,
    Lie::Replays,
    Lie::FlipsBytes,
    Lie::TwoFaced,
];

fn filter(lie: Lie, seed: u64) -> Option<Filter> {
    let mut random = Random(seed);
    let mut old: Vec<Vec<u8>> = Vec::new();
    Some(match lie {
        Lie::Silent => Box::new(|_, _, _| Vec::new()),
        Lie::Twins => return None,
        Lie::DropsRelays => Box::new(move |_, _, bytes| {
            if random.below(3) == 0 {
                Vec::new()
            } else {
                vec![(random.below(400), bytes)]
            }
        }),
        Lie::Replays => Box::new(move |_, _, bytes| {
            old.push(bytes.clone());
            let again = old[random.index(old.len())].clone();
            vec![(0, bytes), (random.below(50), again)]
        }),
        Lie::FlipsBytes => Box::new(move |_, _, mut bytes| {
            if random.below(2) == 0 {
                let at = random.index(bytes.len());
                bytes[at] ^= 1 << random.index(8);
            }
            vec![(0, bytes)]
        }),
        // Half of the room hears nothing but requests and view-changes.
        Lie::TwoFaced => Box::new(move |_, to, bytes| {
            let quiet = to % 2 == 0 && !matches!(bytes[0], 1 | 5);
            if quiet { Vec::new() } else { vec![(0, bytes)] }
        }),
    })
}

/// Whether the honest phones reach each other without the liars.
fn honest_part_is_connected(cluster: &Cluster, honest: &[usize]) -> bool {
    let mut seen: BTreeSet<usize> = honest.first().copied().into_iter().collect();
    loop {
        let next = honest.iter().find(|phone| {
            !seen.contains(phone)
                && seen
                    .iter()
                    .any(|other| cluster.is_connected(**phone, *other))
        });
        match next {
            Some(phone) => seen.insert(*phone),
            None => return seen.len() == honest.len(),
        };
    }
}

fn random_links(cluster: &mut Cluster, random: &mut Random, honest: &[usize]) {
    let count = cluster.phones.len();
    let density = 30 + random.below(71);
    for a in 0..count {
        for b in a + 1..count {
            if random.below(100) < density {
                cluster.connect(a, b);
            }
        }
    }
    while !honest_part_is_connected(cluster, honest) {
        let (a, b) = (random.index(honest.len()), random.index(honest.len()));
        cluster.connect(honest[a], honest[b]);
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let n = 4 + random.index(7);
    let liars = random.index(Quorum::of(n).f + 1);
    let lies: Vec<Lie> = (0..liars).map(|_| LIES[random.index(LIES.len())]).collect();
    // The liars sit at the first seats half of the time, where the first primaries are.
    let first = if random.below(2) == 0 {
        0
    } else {
        random.index(n - liars + 1)
    };
    let mut seats: Vec<usize> = (0..n).collect();
    let twins = (0..liars).filter(|liar| lies[*liar] == Lie::Twins);
    seats.extend(twins.map(|liar| first + liar));
    let mut cluster = Cluster::with_seats(n, &seats, random.next());
    cluster.latency = (1 + random.below(10), 12 + random.below(60));
    for (liar, lie) in lies.iter().enumerate() {
        cluster.phones[first + liar].honest = false;
        cluster.phones[first + liar].filter = filter(*lie, random.next());
    }
    let honest: Vec<usize> = (0..n)
        .filter(|phone| cluster.phones[*phone].honest)
        .collect();
    random_links(&mut cluster, &mut random, &honest);
    let mut submitted = vec![0; n];
    for _ in 0..6 {
        let phone = random.index(n);
        submitted[phone] += 1;
        cluster.submit(phone, &random.next().to_le_bytes());
        if let Some(twin) = (n..seats.len()).find(|twin| seats[*twin] == phone) {
            cluster.submit(twin, b"another request with the same number");
        }
        flap(&mut cluster, &mut random);
        cluster.run_for(random.below(700));
    }
    // The faults end; the liars stay.
    random_links(&mut cluster, &mut random, &honest);
    let wanted: Vec<(usize, usize)> = honest
        .iter()
        .map(|phone| (*phone, submitted[*phone]))
        .collect();
    let done = |cluster: &Cluster| {
        honest.iter().all(|at| {
            wanted
                .iter()
                .all(|(phone, count)| of_player(cluster, *at, *phone) == *count)
        })
    };
    let live = cluster.run_until(240_000, done);
    let state: Vec<_> = cluster
        .phones
        .iter()
        .map(|p| (p.replica.delivered().0, p.replica.view()))
        .collect();
    assert!(
        live,
        "not everything is delivered: n = {n}, {lies:?} from {first}, {wanted:?}, {state:?}"
    );
}

fn flap(cluster: &mut Cluster, random: &mut Random) {
    let count = cluster.phones.len();
    for _ in 0..random.below(4) {
        let (a, b) = (random.index(count), random.index(count));
        if cluster.is_connected(a, b) {
            cluster.cut(a, b);
        } else if random.below(2) == 0 {
            cluster.connect(a, b);
        }
    }
}

fn of_player(cluster: &Cluster, at: usize, player: usize) -> usize {
    let delivered = cluster.phones[at]
        .delivered
        .iter()
        .flat_map(|(.., batch)| batch);
    delivered
        .filter(|request| request.player().index() == player)
        .count()
}

fn run_all(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let result = catch_unwind(AssertUnwindSafe(|| run(seed)));
        if let Err(panic) = result {
            eprintln!("failing seed: {seed}");
            resume_unwind(panic);
        }
    }
}

#[test]
fn chaos_is_safe_and_ends_first_hundred() {
    run_all(0..100);
}

#[test]
fn chaos_is_safe_and_ends_second_hundred() {
    run_all(100..200);
}

#[test]
fn chaos_is_safe_and_ends_third_hundred() {
    run_all(200..300);
}

#[test]
fn chaos_is_safe_and_ends_fourth_hundred() {
    run_all(300..400);
}
