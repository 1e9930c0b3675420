//! One bit changed anywhere in any message: it is refused, or it is taken for what it was.

use bitcraps_core::consensus::{
    Action, Certificate, Checkpoint, CheckpointCertificate, CheckpointMessage, Evidence, ForkProof,
    Halt, Head, Message, NO_NEW_VIEW, Peer, Phase, PreparedMessage, Replica, Side, SideMessage,
    SignedBytes, Slots, StateAt, StateMessage, Status, VoteProof, genesis_chain,
};
use bitcraps_core::crypto::{Digest, Seat, Signature, Signed};
use bitcraps_core::time::Instant;
use bitcraps_core::wire::{Decode, Encode, Writer};

use super::cluster::forge::{
    self, TAG, head_of, new_view, pre_prepare, request, request_wire, sign_vote, view_change, vote,
};
use super::cluster::{TABLE, epoch_context, identity, new_replica, roster};

const N: usize = 4;
/// Whose phone it is. It is the primary of no view that is looked at here.
const OWN: usize = 3;
const NOW: Instant = Instant(1_000);

/// A phone that has taken in these messages, with links to everybody.
fn phone(before: &[Vec<u8>]) -> Replica {
    let mut replica = new_replica(N, OWN);
    (0..OWN as u64).for_each(|peer| replica.link_up(Peer(peer)));
    for bytes in before {
        let _ = replica.handle_message(NOW, Peer(0), bytes);
    }
    take_actions(&mut replica);
    replica
}

/// Everything that the phone does now; what it delivers is applied, and its state is called by the slot's number.
fn take_actions(replica: &mut Replica) -> Vec<Action> {
    let mut actions = Vec::new();
    while let Some(action) = replica.poll_action() {
        if let Action::Deliver { sequence, .. } = &action {
            let state = replica.is_checkpoint(*sequence);
            let state = state.then(|| sequence.to_le_bytes().to_vec());
            replica.applied(NOW, *sequence, None, state);
        }
        actions.push(action);
    }
    actions
}

/// What a message makes a phone sign, store, pass on or deliver. What it answers to one neighbour does not count.
fn effects(before: &[Vec<u8>], bytes: &[u8]) -> Vec<Action> {
    let mut replica = phone(before);
    let _ = replica.handle_message(NOW, Peer(0), bytes);
    let actions = take_actions(&mut replica).into_iter();
    actions
        .filter(|action| !matches!(action, Action::Send { .. }))
        .collect()
}

/// Bends every bit. `counts`: whether the message has an effect as it is.
#[track_caller]
fn bend(name: &str, before: &[Vec<u8>], bytes: &[u8], counts: bool) {
    let whole = effects(before, bytes);
    assert_eq!(!whole.is_empty(), counts, "{name} as it is");
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bent = bytes.to_vec();
            bent[at] ^= 1 << bit;
            let effects = effects(before, &bent);
            let harmless = effects.is_empty() || effects == whole;
            assert!(harmless, "{name}, byte {at}, bit {bit}: {effects:?}");
        }
    }
}

struct Slot {
    request: Vec<u8>,
    proposal: Vec<u8>,
    head: Head,
    body: SignedBytes,
}

/// Slot 1 of view 0 with one request of seat 1.
fn first_slot() -> Slot {
    let batch = vec![request(1, 1, b"ten on the line")];
    let head = head_of(0, 1, &genesis_chain(&TABLE), &batch);
    Slot {
        request: request_wire(&batch[0]),
        proposal: pre_prepare(N, 0, head, &batch),
        head,
        body: SignedBytes::from(batch[0].as_ref()),
    }
}

fn certificate(phase: Phase, head: Head) -> Certificate {
    forge::certificate(N, phase, &[0, 1, 2], head, &NO_NEW_VIEW)
}

#[test]
fn a_bent_request_or_proposal_does_nothing() {
    let slot = first_slot();
    bend("request", &[], &slot.request, true);
    bend("pre-prepare", &[slot.request], &slot.proposal, true);
}

#[test]
fn a_bent_vote_does_nothing() {
    let Slot {
        request,
        proposal,
        head,
        ..
    } = first_slot();
    let prepare = |signer| vote(N, signer, Phase::Prepare, head);
    let commit = |signer| vote(N, signer, Phase::Commit, head);
    let mut before = vec![request, proposal];
    bend("prepare", &before, &prepare(1), true);
    before.extend([prepare(1), commit(0)]);
    bend("commit", &before, &commit(1), true);
}

#[test]
fn a_bent_view_change_certificate_or_new_view_does_nothing() {
    let head = first_slot().head;
    let claim = view_change(N, 1, 1, 0, Some(head));
    bend("view-change", &[], &claim, true);
    let prepared = Message::Prepared(PreparedMessage {
        tag: head.chain.tag(),
        body: (&certificate(Phase::Prepare, head)).into(),
    });
    let prepared = prepared.to_wire(TAG, head.view, head.sequence);
    bend("prepared", std::slice::from_ref(&claim), &prepared, true);
    let mut reports = vec![
        view_change(N, 0, 1, 0, None),
        claim,
        view_change(N, 2, 1, 0, None),
    ];
    let begin = new_view(N, 1, Some(head), &reports, &reports);
    reports.push(prepared);
    bend("new-view", &reports, &begin, true);
}

#[test]
fn bent_answers_between_neighbours_do_nothing_that_the_whole_one_does_not() {
    let Slot {
        body,
        head,
        request,
        ..
    } = first_slot();
    let slots = Slots {
        first: 1,
        batches: vec![vec![body]],
        certificate: Some((head.view, (&certificate(Phase::Commit, head)).into())),
    };
    let slots = Message::Slots(slots).to_wire(TAG, 0, 1);
    bend("slots", &[], &slots, true);
    let status = Message::Status(Status {
        view: 0,
        delivered: 0,
        stable: 0,
        epoch: 0,
        tag: genesis_chain(&TABLE).tag(),
    })
    .to_wire(TAG, 0, 0);
    bend("status", std::slice::from_ref(&request), &status, false);
    let want = Message::Want(Vec::new()).to_wire(TAG, 0, 0);
    bend("want", &[request], &want, false);
}

fn slots_wire(first: u64, batches: Vec<Vec<SignedBytes>>, head: Head) -> Vec<u8> {
    let slots = Slots {
        first,
        batches,
        certificate: Some((head.view, (&certificate(Phase::Commit, head)).into())),
    };
    Message::Slots(slots).to_wire(TAG, 0, first)
}

/// Sixteen empty slots, which lead to the first checkpoint.
fn sixteen_slots() -> (Vec<u8>, Head) {
    let mut chain = genesis_chain(&TABLE);
    (1..=16).for_each(|sequence| chain = head_of(0, sequence, &chain, &Vec::new()).chain);
    let head = Head {
        view: 0,
        sequence: 16,
        chain,
    };
    (slots_wire(1, vec![Vec::new(); 16], head), head)
}

/// Consensus' part of the state while nobody has ordered anything in the first epoch.
fn progress() -> Vec<u8> {
    let mut writer = Writer::new();
    (0..18).for_each(|_| writer.u64(1));
    writer.u64(0);
    writer.u64(1);
    roster(N).encode(&mut writer);
    writer.count_u8(0);
    writer.finish()
}

/// The state after the sixteen slots, with this much of the application, as a quorum signs it.
fn state_after(head: Head, application: &[u8]) -> StateAt {
    let parts = Digest::of("bitcraps/application/v1", &[application]);
    let checkpoint = Checkpoint {
        sequence: head.sequence,
        chain: head.chain,
        state: Digest::of("bitcraps/state/v1", &[&progress(), &parts.0]),
    };
    let signers = [0, 1, 2];
    StateAt {
        epoch: 0,
        certificate: CheckpointCertificate {
            checkpoint,
            signers: signers.map(Seat).into_iter().collect(),
            signatures: signers
                .map(|seat| sign_checkpoint(seat.into(), checkpoint))
                .to_vec(),
        },
        progress: progress(),
        application: application.to_vec(),
    }
}

fn sign_checkpoint(signer: usize, checkpoint: Checkpoint) -> Signature {
    *Signed::sign(checkpoint, &epoch_context(N), &identity(signer)).signature()
}

#[test]
fn a_bent_checkpoint_does_nothing() {
    let (slots, head) = sixteen_slots();
    let checkpoint = state_after(head, &16_u64.to_le_bytes())
        .certificate
        .checkpoint;
    let vote = |signer: u8| {
        let vote = CheckpointMessage {
            signer: Seat(signer),
            tag: checkpoint.digest().tag(),
            signature: sign_checkpoint(signer.into(), checkpoint),
        };
        Message::Checkpoint(vote).to_wire(TAG, 0, 16)
    };
    // With the phone's own vote the third one makes it stable.
    bend("checkpoint", &[slots, vote(0)], &vote(1), true);
}

#[test]
fn a_bent_state_does_nothing() {
    let (_, head) = sixteen_slots();
    let last = Some(state_after(head, b"sixteen"));
    let ends = Vec::new();
    let state = Message::State(StateMessage { ends, last }).to_wire(TAG, 0, 16);
    bend("state", &[], &state, true);
}

#[test]
fn bent_evidence_does_nothing() {
    let head = first_slot().head;
    let other = Head {
        chain: Digest([9; 32]),
        ..head
    };
    let mut votes = [head, other].map(|head| VoteProof {
        head,
        new_view: NO_NEW_VIEW,
        signature: sign_vote(N, 1, Phase::Commit, head, &NO_NEW_VIEW),
    });
    votes.sort();
    let mut writer = Writer::new();
    writer.u64(0);
    writer.raw(&[1, 3]);
    votes.iter().for_each(|vote| vote.encode(&mut writer));
    let evidence = Evidence::from_bytes(&writer.finish()).expect("two commits");
    let evidence = Message::Evidence(evidence).to_wire(TAG, 0, 0);
    bend("evidence", &[], &evidence, true);
}

/// Slot 1 decided in two ways: with the request, and empty.
fn fork() -> (Vec<u8>, [Side; 2]) {
    let Slot { body, head, .. } = first_slot();
    let empty = head_of(0, 1, &genesis_chain(&TABLE), &Vec::new());
    let side = |head: Head| Side::Commit {
        chain: head.chain,
        batches: Vec::new(),
        certificate: certificate(Phase::Commit, head),
    };
    let slots = slots_wire(1, vec![vec![body]], head);
    (slots, [side(head), side(empty)])
}

#[test]
fn a_bent_side_does_nothing() {
    let (delivered, [_, side]) = fork();
    let side = Message::Side(SideMessage {
        epoch: 0,
        sequence: 1,
        side,
    });
    bend("side", &[delivered], &side.to_wire(TAG, 0, 1), true);
}

#[test]
fn a_bent_halt_does_nothing() {
    let (_, [one, other]) = fork();
    let proof = ForkProof::new(0, 1, one, other).expect("two chains");
    let views = Vec::new();
    let halt = Message::Halt(Halt { proof, views }).to_wire(TAG, 0, 1);
    bend("halt", &[], &halt, true);
}
