//! Messages as a liar makes them: with real keys, by hand.

use std::sync::Arc;

use bitcraps_core::consensus::{
    Batch, Certificate, Head, Message, NO_NEW_VIEW, NewView, NewViewMessage, Phase, PrePrepare,
    Request, SignedBytes, SignedRequest, ViewChange, Vote, VoteMessage, next_chain,
};
use bitcraps_core::crypto::{Context, Digest, Seat, Signature, Signed, Statement};
use bitcraps_core::wire::{Encode, HEADER_BYTES, Kind};

use super::{Cluster, TABLE, VERSION, epoch_context, identity, seat};

pub(crate) const TAG: u16 = u16::from_le_bytes([TABLE.0[0], TABLE.0[1]]);

// What a liar can make with its own key.

pub(crate) fn request(player: usize, number: u64, payload: &[u8]) -> Arc<SignedRequest> {
    let context = Context::of_table(VERSION, &TABLE);
    let request = Request {
        player: seat(player),
        number,
        skips: false,
        payload: payload.to_vec(),
    };
    let signed = Signed::sign(request, &context, &identity(player));
    let digest = signed.digest(&context);
    Arc::new(SignedRequest { signed, digest })
}

pub(crate) fn request_wire(request: &SignedRequest) -> Vec<u8> {
    Message::Request(SignedBytes::from(request)).to_wire(TAG, 0, request.number())
}

/// A vote in view 0, or in the view that began with `new_view`.
pub(crate) fn sign_vote(
    n: usize,
    signer: usize,
    phase: Phase,
    head: Head,
    new_view: &Digest,
) -> Signature {
    let context = Context::of_view(&epoch_context(n), new_view);
    *Signed::sign(Vote { phase, head }, &context, &identity(signer)).signature()
}

/// Votes of these seats as a certificate.
pub(crate) fn certificate(
    n: usize,
    phase: Phase,
    signers: &[usize],
    head: Head,
    new_view: &Digest,
) -> Certificate {
    let votes = signers
        .iter()
        .map(|signer| sign_vote(n, *signer, phase, head, new_view));
    Certificate {
        phase,
        head,
        new_view: *new_view,
        signers: signers.iter().map(|signer| seat(*signer)).collect(),
        signatures: votes.collect(),
    }
}

pub(crate) fn vote(n: usize, signer: usize, phase: Phase, head: Head) -> Vec<u8> {
    vote_in(n, signer, phase, head, &NO_NEW_VIEW)
}

pub(crate) fn vote_in(
    n: usize,
    signer: usize,
    phase: Phase,
    head: Head,
    new_view: &Digest,
) -> Vec<u8> {
    let vote = VoteMessage {
        phase,
        signer: seat(signer),
        tag: head.chain.tag(),
        signature: sign_vote(n, signer, phase, head, new_view),
    };
    Message::Vote(vote).to_wire(TAG, head.view, head.sequence)
}

pub(crate) fn head_of(view: u64, sequence: u64, parent: &Digest, batch: &Batch) -> Head {
    let chain = next_chain(parent, sequence, batch);
    Head {
        view,
        sequence,
        chain,
    }
}

pub(crate) fn pre_prepare(n: usize, primary: usize, head: Head, batch: &Batch) -> Vec<u8> {
    pre_prepare_in(n, primary, head, batch, &NO_NEW_VIEW)
}

pub(crate) fn pre_prepare_in(
    n: usize,
    primary: usize,
    head: Head,
    batch: &Batch,
    new_view: &Digest,
) -> Vec<u8> {
    let proposal = PrePrepare {
        ids: batch.iter().map(|request| request.id()).collect(),
        signature: sign_vote(n, primary, Phase::Prepare, head, new_view),
    };
    Message::PrePrepare(proposal).to_wire(TAG, head.view, head.sequence)
}

pub(crate) fn view_change(
    n: usize,
    signer: usize,
    view: u64,
    delivered: u64,
    prepared: Option<Head>,
) -> Vec<u8> {
    let statement = ViewChange {
        signer: seat(signer),
        view,
        delivered,
        prepared,
    };
    let signed = Signed::sign(statement, &epoch_context(n), &identity(signer));
    Message::ViewChange(SignedBytes::from(&signed)).to_wire(TAG, view, delivered)
}

fn digest_of_view_change(n: usize, bytes: &[u8]) -> (Seat, Digest) {
    let statement = &bytes[HEADER_BYTES..bytes.len() - 64];
    let digest = Digest::of(ViewChange::TAG, &[&epoch_context(n).0.0, statement]);
    (Seat(statement[0]), digest)
}

fn new_view_statement(n: usize, view: u64, head: Option<Head>, signed: &[Vec<u8>]) -> NewView {
    let digests = signed.iter().map(|bytes| digest_of_view_change(n, bytes));
    NewView {
        view,
        head,
        view_changes: digests.collect(),
    }
}

/// What votes cover in the view that this new-view begins.
pub(crate) fn new_view_digest(
    n: usize,
    view: u64,
    head: Option<Head>,
    signed: &[Vec<u8>],
) -> Digest {
    let statement = new_view_statement(n, view, head, signed).to_bytes();
    Digest::of(NewView::TAG, &[&epoch_context(n).0.0, &statement])
}

/// A new-view that travels with `seats` and is signed over `signed`, each a list of view-changes as they travel.
pub(crate) fn new_view(
    n: usize,
    view: u64,
    head: Option<Head>,
    seats: &[Vec<u8>],
    signed: &[Vec<u8>],
) -> Vec<u8> {
    let statement = new_view_statement(n, view, head, signed);
    let digest = |bytes: &[u8]| digest_of_view_change(n, bytes);
    let primary = usize::try_from(view).unwrap_or(0) % n;
    let signature = *Signed::sign(statement, &epoch_context(n), &identity(primary)).signature();
    let message = NewViewMessage {
        view,
        head,
        seats: seats.iter().map(|bytes| digest(bytes).0).collect(),
        tags: seats.iter().map(|bytes| digest(bytes).1.short()).collect(),
        signature,
    };
    Message::NewView(message).to_wire(TAG, view, head.map_or(0, |head| head.sequence))
}

/// The view-changes for a view that phones sent, by seat.
pub(crate) fn sent_view_changes(cluster: &Cluster, view: u64) -> Vec<Vec<u8>> {
    let own = cluster
        .own
        .iter()
        .filter(|(phone, _)| cluster.phones[*phone].honest);
    let own = own.map(|(_, bytes)| bytes);
    let of_view = own.filter(|bytes| bytes[0] == 5 && bytes[7..15] == view.to_le_bytes());
    let mut found: Vec<Vec<u8>> = of_view.cloned().collect();
    found.sort_by_key(|bytes| bytes[6]);
    found
}

/// No commit vote of this view goes anywhere but to `to`.
pub(crate) fn drop_commits(cluster: &mut Cluster, view: u8, to: Option<usize>) {
    for phone in &mut cluster.phones {
        phone.filter = Some(Box::new(move |_, receiver, bytes| {
            let commit = bytes[0] == Kind::Commit as u8 && bytes[3] == view;
            if commit && Some(receiver) != to {
                Vec::new()
            } else {
                vec![(0, bytes)]
            }
        }));
    }
}

pub(crate) fn range(from: usize, to: usize) -> Vec<usize> {
    (from..to).collect()
}
