//! A signature fits one type of statement, at one table, in one epoch and view, under one version, roster and key.

use bitcraps_core::consensus::{
    Checkpoint, Head, NO_NEW_VIEW, NewView, Phase, Request, ViewChange, Vote,
};
use bitcraps_core::crypto::{
    Context, Digest, Identity, OpenError, PublicKey, Seat, Signature, Signed, Statement,
};

use super::cluster::{TABLE, VERSION, identity, roster};

/// Every context that differs from the first in one thing.
fn contexts() -> Vec<Context> {
    let (table, other) = (TABLE, Digest([8; 32]));
    let rosters = [roster(4).digest(), roster(5).digest()];
    let epoch = Context::of_epoch(VERSION, &table, 0, &rosters[0]);
    let of_next_epoch = Context::of_epoch(VERSION, &table, 1, &rosters[0]);
    vec![
        epoch,
        of_next_epoch,
        Context::of_epoch(VERSION, &other, 0, &rosters[0]),
        Context::of_epoch(VERSION + 1, &table, 0, &rosters[0]),
        Context::of_epoch(VERSION, &table, 0, &rosters[1]),
        Context::of_table(VERSION, &table),
        Context::of_table(VERSION, &other),
        Context::of_table(VERSION + 1, &table),
        Context::of_view(&epoch, &NO_NEW_VIEW),
        Context::of_view(&epoch, &Digest([9; 32])),
        Context::of_view(&of_next_epoch, &NO_NEW_VIEW),
    ]
}

/// A statement that was signed: its type's tag, bytes and signature.
type Made = (&'static str, Vec<u8>, Signature);

fn sign<T: Statement>(value: T, context: &Context, key: &Identity) -> Made {
    let signed = Signed::sign(value, context, key);
    (T::TAG, signed.bytes().to_vec(), *signed.signature())
}

fn everything(context: &Context, key: &Identity) -> Vec<Made> {
    let head = Head {
        view: 1,
        sequence: 2,
        chain: Digest([3; 32]),
    };
    let request = Request {
        player: Seat(0),
        number: 1,
        skips: false,
        payload: vec![1, 2, 3],
    };
    let view_change = ViewChange {
        signer: Seat(0),
        view: 2,
        delivered: 1,
        prepared: Some(head),
    };
    let new_view = NewView {
        view: 2,
        head: Some(head),
        view_changes: vec![(Seat(0), Digest([4; 32]))],
    };
    let checkpoint = Checkpoint {
        sequence: 2,
        chain: Digest([3; 32]),
        state: Digest([4; 32]),
    };
    let vote = |phase| Vote { phase, head };
    vec![
        sign(request, context, key),
        sign(vote(Phase::Prepare), context, key),
        sign(vote(Phase::Commit), context, key),
        sign(view_change, context, key),
        sign(new_view, context, key),
        sign(checkpoint, context, key),
    ]
}

fn opens<T: Statement>(made: &Made, context: &Context, key: &PublicKey) -> (&'static str, bool) {
    let opened = Signed::<T>::open(&made.1, made.2, context, key);
    let refused = opened.as_ref().err() == Some(&OpenError::Signature);
    assert!(
        opened.is_ok() || refused,
        "the signature is asked for before the bytes are read"
    );
    (T::TAG, opened.is_ok())
}

#[test]
fn a_signature_opens_one_type_in_one_context_under_one_key() {
    let (own, other) = (identity(0), identity(1));
    let mut opened = 0;
    for (made_in, context) in contexts().iter().enumerate() {
        for made in everything(context, &own) {
            for (read_in, context) in contexts().iter().enumerate() {
                for (same_key, key) in [(true, own.public_key()), (false, other.public_key())] {
                    let results = [
                        opens::<Request>(&made, context, &key),
                        opens::<Vote>(&made, context, &key),
                        opens::<ViewChange>(&made, context, &key),
                        opens::<NewView>(&made, context, &key),
                        opens::<Checkpoint>(&made, context, &key),
                    ];
                    for (tag, result) in results {
                        let fits = made_in == read_in && same_key && tag == made.0;
                        assert_eq!(
                            result, fits,
                            "{} of {made_in} as {tag} in {read_in}",
                            made.0
                        );
                        opened += usize::from(result);
                    }
                }
            }
        }
    }
    assert_eq!(opened, contexts().len() * 6);
}

#[test]
fn a_signature_for_one_phase_or_head_is_none_for_another() {
    let (context, key) = (contexts()[0], identity(0));
    let head = |view, sequence, byte| Head {
        view,
        sequence,
        chain: Digest([byte; 32]),
    };
    let heads = [
        head(0, 1, 1),
        head(1, 1, 1),
        head(0, 2, 1),
        head(0, 1, 2),
        head(256, 1, 1),
        head(0, 65_537, 1),
    ];
    let votes: Vec<Vote> = heads
        .into_iter()
        .flat_map(|head| [Phase::Prepare, Phase::Commit].map(|phase| Vote { phase, head }))
        .collect();
    for made in &votes {
        let signature = *Signed::sign(*made, &context, &key).signature();
        for read in &votes {
            let bytes = bitcraps_core::wire::Encode::to_bytes(read);
            let opened = Signed::<Vote>::open(&bytes, signature, &context, &key.public_key());
            assert_eq!(opened.is_ok(), made == read);
        }
    }
}
