//! Whose fault a fork is, from votes of more liars than any cluster run here has.

mod cluster;

use bitcraps_core::consensus::{
    Checkpoint, CheckpointCertificate, Epoch, ForkProof, Halt, Head, Phase, Reason, Side,
    ViewChange, ViewRecord,
};
use bitcraps_core::crypto::{Digest, Signed};
use bitcraps_core::wire::{Decode, Encode};
use cluster::forge::certificate;
use cluster::{TABLE, VERSION, epoch_context, identity, roster, seat};

fn epoch(n: usize) -> Epoch {
    Epoch::new(VERSION, &TABLE, 0, 1, roster(n))
}

const NONE: Digest = Digest([0; 32]);

fn head(view: u64, sequence: u64, byte: u8) -> Head {
    Head {
        view,
        sequence,
        chain: Digest([byte; 32]),
    }
}

fn commit(signers: &[usize], head: Head, new_view: &Digest) -> Side {
    Side::Commit {
        chain: head.chain,
        batches: Vec::new(),
        certificate: certificate(4, Phase::Commit, signers, head, new_view),
    }
}

/// How view `view` began: each report is (seat, prepared).
fn record(view: u64, began: Option<Head>, reports: &[(usize, Option<Head>)]) -> ViewRecord {
    let view_changes = reports.iter().map(|(signer, prepared)| {
        let statement = ViewChange {
            signer: seat(*signer),
            view,
            delivered: 0,
            prepared: *prepared,
        };
        let signed = Signed::sign(statement, &epoch_context(4), &identity(*signer));
        (statement, *signed.signature())
    });
    ViewRecord {
        view,
        head: began,
        view_changes: view_changes.collect(),
        prepared: None,
    }
}

fn blamed(sequence: u64, one: Side, other: Side, views: Vec<ViewRecord>) -> Vec<(usize, Reason)> {
    let proof = ForkProof::new(0, sequence, one, other).expect("two sides");
    let halt = Halt { proof, views };
    assert_eq!(Halt::from_bytes(&halt.to_bytes()), Ok(halt.clone()));
    let culprits = halt.culprits(&epoch(4)).expect("it holds");
    culprits
        .iter()
        .map(|(seat, why)| (usize::from(seat.0), *why))
        .collect()
}

#[test]
fn whoever_votes_under_a_new_view_that_does_not_follow_is_guilty() {
    let lock = head(0, 1, 1);
    let reports = [(0, Some(lock)), (1, None), (2, None)];
    for began in [None, Some(head(0, 1, 7))] {
        let view = record(1, began, &reports);
        let later = commit(&[1, 2, 3], head(1, 1, 2), &view.digest(&epoch(4)));
        let first = commit(&[0, 1, 2], lock, &NONE);
        let named = blamed(1, first, later, vec![view]);
        assert_eq!(named, [1, 2, 3].map(|seat| (seat, Reason::AgainstNewView)));
    }
    // The same for a new-view of too few, and for one of another view.
    for (view, count) in [(1, 2), (2, 3)] {
        let view = record(view, Some(lock), &reports[..count]);
        let later = commit(&[1, 2, 3], head(1, 1, 2), &view.digest(&epoch(4)));
        let named = blamed(1, commit(&[0, 1, 2], lock, &NONE), later, vec![view]);
        assert_eq!(named.len(), 3);
    }
}

#[test]
fn whoever_votes_beside_or_below_the_head_of_its_view_is_guilty() {
    for (began, voted) in [
        (head(0, 1, 1), head(1, 1, 2)),
        (head(0, 3, 1), head(1, 1, 2)),
    ] {
        let lock = began;
        let reports = [(0, Some(began)), (1, Some(began)), (2, Some(began))];
        let view = record(1, Some(began), &reports);
        let later = commit(&[1, 2, 3], voted, &view.digest(&epoch(4)));
        // The lock's certificate is for its own slot; below it the fork is at slot 1.
        let first = Head {
            sequence: 1,
            ..lock
        };
        let first = commit(&[0, 1, 2], first, &NONE);
        let named = blamed(1, first, later, vec![view]);
        assert_eq!(named, [1, 2, 3].map(|seat| (seat, Reason::AgainstNewView)));
    }
}

#[test]
fn only_those_who_hid_the_lock_are_guilty_of_it() {
    let lock = head(0, 1, 1);
    let view = record(1, None, &[(1, None), (2, None), (3, None)]);
    let later = commit(&[1, 2, 3], head(1, 1, 2), &view.digest(&epoch(4)));
    let first = commit(&[0, 1, 2], lock, &NONE);
    let named = blamed(1, first.clone(), later.clone(), vec![view.clone()]);
    assert_eq!(
        named,
        [1, 2].map(|seat| (seat, Reason::Amnesia)),
        "3 had not committed it"
    );
    // Without the view nobody is named, and a view that the votes do not cover is of no use.
    assert_eq!(blamed(1, first.clone(), later.clone(), Vec::new()), []);
    let other = record(1, None, &[(0, None), (1, None), (2, None)]);
    assert_eq!(blamed(1, first, later, vec![other]), []);
}

#[test]
fn two_checkpoints_of_one_slot_name_those_who_signed_both() {
    let signed = |signers: [usize; 3], chain, state| {
        let checkpoint = Checkpoint {
            sequence: 16,
            chain: Digest([chain; 32]),
            state: Digest([state; 32]),
        };
        let sign =
            |at: &usize| *Signed::sign(checkpoint, &epoch_context(4), &identity(*at)).signature();
        Side::Checkpoint(CheckpointCertificate {
            checkpoint,
            signers: signers.iter().map(|at| seat(*at)).collect(),
            signatures: signers.iter().map(sign).collect(),
        })
    };
    let one = signed([0, 1, 2], 1, 1);
    for other in [signed([1, 2, 3], 2, 1), signed([1, 2, 3], 1, 2)] {
        let named = blamed(16, one.clone(), other, Vec::new());
        assert_eq!(named, [1, 2].map(|seat| (seat, Reason::TwoCheckpoints)));
    }
    assert!(ForkProof::new(0, 16, one.clone(), one.clone()).is_none());
    // Whoever signed a checkpoint may have voted for something else before: nobody is named.
    let vote = commit(&[1, 2, 3], head(0, 16, 5), &NONE);
    assert_eq!(blamed(16, one, vote, Vec::new()), []);
}

// Kills: votes before and after a checkpoint are taken for one chain.
#[test]
fn a_phone_that_took_over_a_state_between_its_votes_is_not_blamed() {
    let far = 18;
    let batches: Vec<Digest> = (0..8).map(|at| Digest([at; 32])).collect();
    let base = Digest([2; 32]);
    let mut tip = base;
    for (at, batch) in (11_u64..).zip(&batches) {
        let parts: [&[u8]; 3] = [&tip.0, &at.to_le_bytes(), &batch.0];
        tip = Digest::of("bitcraps/chain/v1", &parts);
    }
    let voted = Head {
        view: 0,
        sequence: far,
        chain: tip,
    };
    let long = Side::Commit {
        chain: base,
        batches,
        certificate: certificate(4, Phase::Commit, &[1, 2, 3], voted, &NONE),
    };
    let short = commit(&[0, 1, 2], head(0, 10, 1), &NONE);
    assert_eq!(blamed(10, short, long, Vec::new()), []);
    let near = commit(&[1, 2, 3], head(0, 10, 2), &NONE);
    let short = commit(&[0, 1, 2], head(0, 10, 1), &NONE);
    let named = blamed(10, short, near, Vec::new());
    assert_eq!(named, [1, 2].map(|seat| (seat, Reason::TwoChains)));
}
