//! Phones that die at any step and start again from their journal (design, "Write-ahead"; consensus.md §4, scenarios 7
//! to 9). The cluster's auditor holds every key to one signature for each place through all its lives.

mod cluster;

use bitcraps_core::consensus::{Replica, Standing, compacted};
use cluster::forge::{request, request_wire};
use cluster::model::leaves;
use cluster::{Cluster, Random};

const SOON: u64 = 5_000;
const LATER: u64 = 120_000;

/// Requests of everybody, one after another.
fn busy(cluster: &mut Cluster, count: usize) {
    for round in 0..count {
        for phone in cluster.living() {
            cluster.submit(phone, format!("request {round} of {phone}").as_bytes());
        }
    }
}

fn stands(cluster: &Cluster, phone: usize, standing: Standing) -> bool {
    cluster.phones[phone].replica.standing() == standing
}

/// As many requests as the phones made, at each of them.
fn expect_everything(cluster: &mut Cluster) {
    let made = |record: &&Vec<u8>| record[..] == [1, 0, 1][..] || record.starts_with(&[1, 0, 1]);
    let journals = cluster.phones.iter().map(|phone| &phone.journal);
    let count = journals.flatten().filter(made).count();
    let all: Vec<usize> = (0..cluster.n).collect();
    cluster.expect(&all, count, LATER);
}

#[test]
fn whoever_dies_between_any_two_steps_goes_on_and_signs_nothing_twice() {
    for dies in 0..4 {
        let mut steps = 0;
        loop {
            let mut cluster = Cluster::mesh(4);
            cluster.dies_after(dies, steps);
            busy(&mut cluster, 2);
            cluster.run_for(400);
            if !cluster.is_dead(dies) {
                break;
            }
            cluster.restart(dies);
            cluster.run_for(2_000);
            busy(&mut cluster, 1);
            expect_everything(&mut cluster);
            assert!(stands(&cluster, dies, Standing::Whole));
            steps += 1;
        }
        assert!(steps > 40, "phone {dies} died at {steps} steps only");
    }
}

#[test]
fn everybody_dies_at_any_step_and_the_table_goes_on_in_whatever_order_they_return() {
    let mut random = Random(9);
    let mut steps = 0;
    loop {
        let mut cluster = Cluster::mesh(4);
        cluster.dies_after(steps % 4, steps as u64);
        busy(&mut cluster, 2);
        cluster.run_until(400, |cluster| cluster.is_dead(steps % 4));
        if !cluster.is_dead(steps % 4) {
            break;
        }
        for phone in cluster.living() {
            cluster.kill(phone);
        }
        let mut order: Vec<usize> = (0..4).collect();
        for at in (1..order.len()).rev() {
            let other = usize::try_from(random.below(at as u64 + 1)).expect("small");
            order.swap(at, other);
        }
        for phone in order {
            cluster.restart(phone);
            cluster.run_for(random.below(300));
        }
        cluster.run_for(2_000);
        busy(&mut cluster, 1);
        expect_everything(&mut cluster);
        steps += 1;
    }
    assert!(steps > 40, "{steps} steps");
}

#[test]
fn everybody_dies_at_any_step_of_a_view_change_and_the_table_goes_on() {
    // The primary is gone when the others give it up; each step of those is one at which all of them die.
    for victim in 1..4 {
        let mut steps = 0;
        loop {
            let mut cluster = Cluster::mesh(4);
            busy(&mut cluster, 1);
            cluster.run_for(25);
            cluster.kill(0);
            cluster.dies_after(victim, steps);
            cluster.run_for(2_500);
            if !cluster.is_dead(victim) {
                break;
            }
            for phone in cluster.living() {
                cluster.kill(phone);
            }
            for phone in [1, 2, 3, 0] {
                cluster.restart(phone);
            }
            cluster.run_for(2_000);
            busy(&mut cluster, 1);
            expect_everything(&mut cluster);
            steps += 3;
        }
        assert!(steps > 20, "{steps} steps of {victim}");
    }
}

// Kills: a signed new-view signed anew after a start.
#[test]
fn a_primary_that_dies_at_any_step_of_its_view_change_signs_no_second_new_view_on_other_view_changes()
 {
    for seed in 0..4 {
        for steps in 0.. {
            let mut cluster = Cluster::new(7, seed);
            cluster.connect_all();
            busy(&mut cluster, 1);
            cluster.run_for(25);
            cluster.kill(0);
            cluster.dies_after(1, steps);
            if !cluster.run_until(2_500, |cluster| cluster.is_dead(1)) {
                assert!(steps > 20, "{steps} steps");
                break;
            }
            // Its quorum is another one now: one who was in it is gone, and all the others are in time.
            cluster.kill(2);
            cluster.restart(1);
            cluster.run_for(5_000);
            let before = cluster.requests(1);
            let living = [1, 3, 4, 5, 6];
            for phone in living {
                cluster.submit(phone, b"after");
            }
            cluster.expect(&living, before + living.len(), LATER);
        }
    }
}

#[test]
fn nobody_votes_after_a_start_before_a_quorum_itself_counted_has_said_what_it_holds() {
    for n in [4, 7, 9] {
        let mut cluster = Cluster::mesh(n);
        busy(&mut cluster, 1);
        cluster.run_for(SOON);
        cluster.kill(n - 1);
        let journal = cluster.phones[n - 1].journal.clone();
        cluster.restart_with(n - 1, journal);
        let q = cluster.phones[0].replica.epoch().quorum.q;
        for other in 0..q - 2 {
            cluster.connect(n - 1, other);
        }
        // Only q − 2 others live, so that nobody passes anything on.
        let silent: Vec<usize> = (q - 2..n - 1).collect();
        silent.iter().for_each(|phone| cluster.kill(*phone));
        cluster.run_for(20_000);
        let replica = &cluster.phones[n - 1].replica;
        assert!(matches!(replica.standing(), Standing::Asking(seats) if seats.len() == q - 2));
        assert!(!replica.is_voting());
        cluster.restart(silent[0]);
        cluster.run_for(20_000);
        assert!(stands(&cluster, n - 1, Standing::Whole), "n = {n}");
    }
}

#[test]
fn a_phone_without_neighbours_neither_votes_nor_makes_requests() {
    let mut cluster = Cluster::new(4, 1);
    cluster.kill(2);
    cluster.restart_with(2, Vec::new());
    cluster.run_for(60_000);
    assert!(matches!(
        cluster.phones[2].replica.standing(),
        Standing::Asking(_)
    ));
    assert!(!cluster.phones[2].replica.may_submit());
}

#[test]
fn a_phone_of_which_nobody_has_heard_may_begin_without_a_journal() {
    let mut cluster = Cluster::mesh(4);
    cluster.kill(3);
    cluster.restart_with(3, Vec::new());
    cluster.join(3);
    cluster.run_for(500);
    assert!(stands(&cluster, 3, Standing::Whole));
    busy(&mut cluster, 1);
    cluster.expect(&[0, 1, 2, 3], 4, SOON);
}

/// Phone 1 starts again with less than it signed; then an epoch ends.
fn observes_until_the_next_epoch(forget: impl Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>) {
    let mut cluster = Cluster::mesh(5);
    busy(&mut cluster, 3);
    cluster.run_for(SOON);
    cluster.kill(1);
    let journal = forget(cluster.phones[1].journal.clone());
    cluster.restart_with(1, journal);
    cluster.join(1);
    cluster.run_for(SOON);
    assert!(stands(&cluster, 1, Standing::Observing));
    assert!(!cluster.phones[1].replica.may_submit());
    let signed = |cluster: &Cluster| {
        let own = cluster.own.iter().filter(|(phone, _)| *phone == 1);
        // Requests, proposals, votes, view changes, checkpoints.
        own.filter(|(_, bytes)| matches!(bytes[0], 1..=6 | 8))
            .count()
    };
    let before = signed(&cluster);
    for phone in [0, 2, 3, 4] {
        cluster.submit(phone, b"without phone 1");
    }
    cluster.expect(&[0, 1, 2, 3, 4], 15 + 4, SOON);
    assert_eq!(signed(&cluster), before, "it follows and signs nothing");
    // It starts once more, with its journal as it is now: it still observes.
    cluster.kill(1);
    cluster.restart(1);
    cluster.run_for(SOON);
    assert!(stands(&cluster, 1, Standing::Observing));
    cluster.submit(0, &leaves(4));
    for round in 0..10 {
        cluster.submit(2, format!("on to the next epoch {round}").as_bytes());
        cluster.run_for(300);
    }
    cluster.run_for(SOON);
    assert_eq!(cluster.phones[1].replica.epoch().number, 1);
    assert!(stands(&cluster, 1, Standing::Whole));
    let (votes, delivered) = (signed(&cluster), cluster.requests(0));
    cluster.submit(1, b"of a player whose numbers are void");
    cluster.expect(&[0, 1, 2, 3], delivered + 1, SOON);
    assert!(signed(&cluster) > votes, "it votes again");
}

#[test]
fn a_phone_whose_journal_is_lost_observes_until_the_next_epoch() {
    observes_until_the_next_epoch(|_| Vec::new());
}

#[test]
fn a_phone_whose_journal_was_rolled_back_observes_until_the_next_epoch() {
    // Behind its last commit vote nothing matters that others could hold against it; in front of it everything does.
    let is_commit = |record: &Vec<u8>| record.starts_with(&[1, 1]) && record.get(50) == Some(&4);
    let cut = |journal: Vec<Vec<u8>>, at: usize| journal.into_iter().take(at).collect();
    observes_until_the_next_epoch(|journal| {
        let last = journal.iter().rposition(is_commit).expect("it voted");
        cut(journal, last)
    });
    for part in [2, 5] {
        observes_until_the_next_epoch(|journal| {
            let at = journal.len() / part;
            cut(journal, at)
        });
    }
}

#[test]
fn a_vote_that_came_to_one_member_alone_is_heard_of_although_a_quorum_answers_without_it() {
    let is_commit_of_3 = |bytes: &[u8]| bytes[0] == 4 && bytes[6] == 3;
    let mut cluster = Cluster::mesh(4);
    // Phone 3's commit votes get to phone 0, which keeps them to itself and is slow to speak.
    for phone in [0, 3] {
        cluster.phones[phone].filter = Some(Box::new(move |_, to, bytes| {
            let kept = is_commit_of_3(&bytes) && to != 0;
            let delay = if phone == 0 { 100 } else { 0 };
            if kept {
                Vec::new()
            } else {
                vec![(delay, bytes)]
            }
        }));
    }
    cluster.submit(0, b"bet");
    cluster.run_for(SOON);
    cluster.kill(3);
    let journal = cluster.phones[3].journal.clone();
    let is_own_commit =
        |record: &Vec<u8>| record.starts_with(&[1, 1]) && record.get(50) == Some(&4);
    let voted = journal.iter().position(is_own_commit).expect("it voted");
    cluster.restart_with(3, journal[..voted].to_vec());
    cluster.join(3);
    cluster.run_for(SOON);
    assert!(stands(&cluster, 3, Standing::Observing));
}

/// A table of five with checkpoints, an epoch's end, a view change, and phone 3 with a state that it took over.
fn eventful() -> Cluster {
    let mut cluster = Cluster::mesh(5);
    busy(&mut cluster, 4);
    cluster.run_for(SOON);
    // Phone 3 misses more than its neighbours keep.
    (0..5).for_each(|phone| cluster.cut(3, phone));
    for round in 0..110 {
        cluster.submit(round % 3, format!("far away {round}").as_bytes());
        if round == 20 {
            cluster.submit(0, &leaves(4));
        }
        cluster.run_for(60);
    }
    cluster.run_for(SOON);
    cluster.join(3);
    cluster.run_for(SOON);
    assert!(!cluster.phones[3].installed.is_empty(), "by state transfer");
    (1..5).for_each(|phone| cluster.cut(0, phone));
    busy(&mut cluster, 1);
    cluster.run_for(SOON);
    assert!(cluster.phones[1].replica.view() > 0);
    cluster.join(0);
    busy(&mut cluster, 2);
    cluster.run_for(SOON);
    cluster
}

fn place(cluster: &Cluster, phone: usize) -> impl PartialEq + std::fmt::Debug + use<> {
    let replica = &cluster.phones[phone].replica;
    let (epoch, load) = (replica.epoch().clone(), replica.load());
    let place = (replica.view(), replica.delivered(), replica.stable());
    (epoch, place, load.decided, load.pool)
}

#[test]
fn a_journal_through_checkpoints_epochs_and_taken_over_states_leads_to_the_same_place() {
    let mut cluster = eventful();
    for phone in 0..4 {
        let before = place(&cluster, phone);
        cluster.kill(phone);
        cluster.restart(phone);
        assert_eq!(place(&cluster, phone), before, "phone {phone}");
        cluster.run_for(SOON);
        assert!(stands(&cluster, phone, Standing::Whole));
    }
    let delivered = cluster.requests(0);
    busy(&mut cluster, 1);
    cluster.run_for(SOON);
    assert!(cluster.requests(0) >= delivered + 4);
}

#[test]
fn a_compacted_journal_leads_to_the_same_place_and_is_shorter() {
    let mut cluster = eventful();
    for phone in 0..4 {
        cluster.kill(phone);
        let journal = cluster.phones[phone].journal.clone();
        cluster.restart_with(phone, journal.clone());
        let whole = (
            place(&cluster, phone),
            cluster.phones[phone].delivered.clone(),
        );
        let short = compacted(&journal);
        let bytes = |records: &[Vec<u8>]| records.iter().map(Vec::len).sum::<usize>();
        // Phone 3 has one state in place of a hundred slots.
        let enough = phone == 3 || bytes(&short) * 3 < bytes(&journal) * 2;
        assert!(
            enough && short.len() < journal.len(),
            "{} of {} bytes are left",
            bytes(&short),
            bytes(&journal)
        );
        assert_eq!(compacted(&short), short, "twice is once");
        cluster.kill(phone);
        cluster.restart_with(phone, short);
        let again = (
            place(&cluster, phone),
            cluster.phones[phone].delivered.clone(),
        );
        assert_eq!(again, whole, "phone {phone}");
        cluster.join(phone);
        cluster.run_for(SOON);
        assert!(stands(&cluster, phone, Standing::Whole));
    }
    let delivered = cluster.requests(0);
    busy(&mut cluster, 1);
    cluster.run_for(SOON);
    assert!(cluster.requests(0) >= delivered + 4);
}

#[test]
fn who_was_proven_to_lie_is_known_after_a_start() {
    let mut cluster = Cluster::mesh(4);
    cluster.phones[3].honest = false;
    for payload in [b"one", b"two"] {
        let twice = request_wire(&request(3, 1, payload));
        let _ = cluster.inject(3, 0, &twice);
    }
    cluster.run_for(SOON);
    for phone in 0..3 {
        cluster.kill(phone);
        cluster.phones[phone].convicted.clear();
    }
    for phone in 0..3 {
        cluster.restart(phone);
        let convicted = cluster.phones[phone].replica.convicted();
        let seats: Vec<u8> = convicted.map(|(seat, _)| seat.0).collect();
        assert_eq!(seats, [3], "phone {phone}");
        assert!(
            cluster.phones[phone].convicted.contains_key(&3),
            "and says so"
        );
    }
    cluster.run_for(SOON);
    let delivered = cluster.requests(0);
    for phone in 0..3 {
        cluster.submit(phone, b"without the liar's vote");
    }
    cluster.expect(&[0, 1, 2], delivered + 3, LATER);
}

#[test]
fn a_replica_does_not_read_the_journal_of_another_phone() {
    let mut cluster = Cluster::mesh(4);
    busy(&mut cluster, 1);
    cluster.run_for(SOON);
    let other = cluster.phones[2].journal.clone();
    let mut replica = Replica::reopen(cluster::config(4, 1), [0; 16]);
    let mut results = other.iter().map(|record| replica.replay(record));
    assert!(results.any(|result| result.is_err()));
}
