//! Seeded values of everything that has an encoding. A new kind is one function and one line in [`KINDS`].

use bitcraps_core::consensus::limits::PAYLOAD_MAX;
use bitcraps_core::consensus::{
    CertificateBody, Checkpoint, CheckpointCertificate, CheckpointMessage, EpochEnd, Evidence,
    ForkProof, Halt, Head, Mark, Message, NO_NEW_VIEW, NewView, NewViewMessage, Phase, PrePrepare,
    PreparedMessage, Query, Record, Request, RequestId, Side, SideMessage, SignedBytes, Slots,
    StateAt, StateMessage, Status, ViewChange, ViewRecord, Vote, VoteMessage, VoteProof,
    next_chain,
};
use bitcraps_core::crypto::{Digest, Seat, SeatSet, Signature};
use bitcraps_core::dice::{RollShare, ShareMessage};
use bitcraps_core::mesh::LinkState;
use bitcraps_core::wire::{Decode, Encode};

mod around;

use around::{
    closing, dealing, have, history_runs, history_want, link_proof, link_state, links, share, sheet,
};

use super::cluster::Random;

/// An encoding, and the way through decoder and encoder back to it.
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    pub(crate) again: fn(&[u8]) -> Option<Vec<u8>>,
    /// Whether other lengths decode as well, because what is inside is opened later.
    pub(crate) is_open_ended: bool,
}

type Make = fn(&mut Random) -> Made;

/// Everything that travels or is signed.
pub(crate) const KINDS: &[(&str, Make)] = &[
    ("request", |random| {
        open_ended(random, |r| Message::Request(signed_bytes(&request(r), r)))
    }),
    ("pre-prepare", |random| {
        message(random, |r| Message::PrePrepare(pre_prepare(r)))
    }),
    ("prepare", |random| {
        message(random, |r| Message::Vote(vote_message(Phase::Prepare, r)))
    }),
    ("commit", |random| {
        message(random, |r| Message::Vote(vote_message(Phase::Commit, r)))
    }),
    ("view-change", |random| {
        open_ended(random, |r| {
            Message::ViewChange(signed_bytes(&view_change(r), r))
        })
    }),
    ("new-view", |random| {
        message(random, |r| Message::NewView(new_view_message(r)))
    }),
    ("prepared", |random| {
        message(random, |r| Message::Prepared(prepared(r)))
    }),
    ("checkpoint", |random| {
        message(random, |r| Message::Checkpoint(checkpoint_vote(r)))
    }),
    ("evidence", |random| {
        message(random, |r| Message::Evidence(evidence(r)))
    }),
    ("halt", |random| message(random, |r| Message::Halt(halt(r)))),
    ("status", |random| {
        message(random, |r| Message::Status(status(r)))
    }),
    ("want", |random| message(random, |r| Message::Want(ids(r)))),
    ("slots", |random| {
        message(random, |r| Message::Slots(slots(r)))
    }),
    ("state", |random| {
        message(random, |r| Message::State(state(r)))
    }),
    ("side", |random| message(random, |r| Message::Side(side(r)))),
    ("query", |random| {
        open_ended(random, |r| Message::Query(signed_bytes(&query(r), r)))
    }),
    ("mark", |random| {
        open_ended(random, |r| Message::Mark(signed_bytes(&mark(r), r)))
    }),
    ("decided", |random| {
        message(random, |r| Message::Decided(prepared(r)))
    }),
    ("have", |random| Made {
        is_open_ended: true,
        ..value(&have(random))
    }),
    ("statement-link-state", |random| value(&link_state(random))),
    ("link-state", |random| Made {
        bytes: link_state(random).to_wire(u16::from_le_bytes(array(random)), signature(random)),
        again: |bytes| {
            let (table, state, signature) = LinkState::from_wire(bytes).ok()?;
            Some(state.to_wire(table, signature))
        },
        is_open_ended: false,
    }),
    ("links", |random| value(&links(random))),
    ("statement-link-proof", |random| value(&link_proof(random))),
    ("share", |random| {
        value(&ShareMessage {
            share: share(random),
            signature: Signature(array(random)),
        })
    }),
    ("dealing", |random| value(&dealing(random))),
    ("statement-roll-share", |random| {
        value(&RollShare {
            roll: number(random),
            chain: digest(random),
            share: share(random),
        })
    }),
    ("statement-request", |random| value(&request(random))),
    ("statement-vote", |random| value(&vote(random))),
    ("statement-view-change", |random| {
        value(&view_change(random))
    }),
    ("statement-new-view", |random| value(&new_view(random))),
    ("statement-checkpoint", |random| value(&checkpoint(random))),
    ("statement-query", |random| value(&query(random))),
    ("statement-mark", |random| value(&mark(random))),
    ("record-own", |random| Made {
        is_open_ended: true,
        ..value(&own_record(random))
    }),
    ("record", |random| value(&record(random))),
    ("history-want", |random| value(&history_want(random))),
    ("history-runs", |random| value(&history_runs(random))),
    ("closing", |random| value(&closing(random))),
    ("settlement-sheet", |random| value(&sheet(random))),
    ("record-observing", |random| {
        value(&Record::Observing {
            epoch: random.next(),
        })
    }),
];

fn message(random: &mut Random, make: fn(&mut Random) -> Message) -> Made {
    let message = make(random);
    let table = u16::from_le_bytes([
        random.next().to_le_bytes()[0],
        random.next().to_le_bytes()[0],
    ]);
    Made {
        bytes: message.to_wire(table, random.next(), random.next()),
        again: |bytes| {
            let (header, message) = Message::from_wire(bytes).ok()?;
            Some(message.to_wire(header.table, header.view.into(), header.sequence.into()))
        },
        is_open_ended: false,
    }
}

fn open_ended(random: &mut Random, make: fn(&mut Random) -> Message) -> Made {
    let is_open_ended = true;
    Made {
        is_open_ended,
        ..message(random, make)
    }
}

fn value<T: Encode + Decode>(value: &T) -> Made {
    Made {
        bytes: value.to_bytes(),
        again: |bytes| T::from_bytes(bytes).ok().map(|value| value.to_bytes()),
        is_open_ended: false,
    }
}

fn digest(random: &mut Random) -> Digest {
    Digest(array(random))
}

fn array<const N: usize>(random: &mut Random) -> [u8; N] {
    random.bytes(N).try_into().expect("as many as asked for")
}

fn signature(random: &mut Random) -> Signature {
    Signature(array(random))
}

fn seats(random: &mut Random) -> SeatSet {
    (0..18).filter(|_| random.below(2) == 1).map(Seat).collect()
}

/// Small and large numbers alike.
fn number(random: &mut Random) -> u64 {
    let shift = random.below(64);
    random.next() >> shift
}

fn head(random: &mut Random) -> Head {
    Head {
        view: number(random),
        sequence: number(random),
        chain: digest(random),
    }
}

fn maybe_head(random: &mut Random) -> Option<Head> {
    let has = random.below(2) == 1;
    has.then(|| head(random))
}

fn ids(random: &mut Random) -> Vec<RequestId> {
    (0..random.below(33))
        .map(|_| RequestId(array(random)))
        .collect()
}

fn request(random: &mut Random) -> Request {
    let length = random.index(PAYLOAD_MAX + 1);
    Request {
        player: Seat(random.seat(18)),
        number: number(random),
        skips: random.below(2) == 1,
        payload: random.bytes(length),
    }
}

fn vote(random: &mut Random) -> Vote {
    Vote {
        phase: random.one_of(&[Phase::Prepare, Phase::Commit]),
        head: head(random),
    }
}

fn view_change(random: &mut Random) -> ViewChange {
    ViewChange {
        signer: Seat(random.seat(18)),
        view: number(random),
        delivered: number(random),
        prepared: maybe_head(random),
    }
}

fn new_view(random: &mut Random) -> NewView {
    NewView {
        view: number(random),
        head: maybe_head(random),
        view_changes: seats(random)
            .iter()
            .map(|seat| (seat, digest(random)))
            .collect(),
    }
}

fn signed_bytes(statement: &impl Encode, random: &mut Random) -> SignedBytes {
    SignedBytes {
        statement: statement.to_bytes(),
        signature: signature(random),
    }
}

fn pre_prepare(random: &mut Random) -> PrePrepare {
    PrePrepare {
        ids: ids(random),
        signature: signature(random),
    }
}

fn vote_message(phase: Phase, random: &mut Random) -> VoteMessage {
    VoteMessage {
        phase,
        signer: Seat(random.seat(18)),
        tag: array(random),
        signature: signature(random),
    }
}

fn new_view_message(random: &mut Random) -> NewViewMessage {
    let (view, head, seats) = (number(random), maybe_head(random), seats(random));
    NewViewMessage {
        view,
        head,
        seats,
        tags: seats.iter().map(|_| array(random)).collect(),
        signature: signature(random),
    }
}

/// View 0 began with no new-view; in a later one it is never zero.
fn view_and_new_view(random: &mut Random) -> (u64, Digest) {
    match random.below(2) {
        0 => (0, NO_NEW_VIEW),
        _ => (number(random).max(1), digest(random)),
    }
}

fn certificate(new_view: Digest, random: &mut Random) -> CertificateBody {
    let signers = seats(random);
    CertificateBody {
        signers,
        signatures: signers.iter().map(|_| signature(random)).collect(),
        new_view,
    }
}

fn prepared(random: &mut Random) -> PreparedMessage {
    PreparedMessage {
        tag: array(random),
        body: certificate(view_and_new_view(random).1, random),
    }
}

fn status(random: &mut Random) -> Status {
    Status {
        view: number(random),
        delivered: number(random),
        stable: number(random),
        epoch: number(random),
        tag: array(random),
    }
}

fn checkpoint(random: &mut Random) -> Checkpoint {
    Checkpoint {
        sequence: number(random),
        chain: digest(random),
        state: digest(random),
    }
}

fn checkpoint_vote(random: &mut Random) -> CheckpointMessage {
    CheckpointMessage {
        signer: Seat(random.seat(18)),
        tag: array(random),
        signature: signature(random),
    }
}

fn checkpoint_certificate(random: &mut Random) -> CheckpointCertificate {
    let signers = seats(random);
    CheckpointCertificate {
        checkpoint: checkpoint(random),
        signers,
        signatures: signers.iter().map(|_| signature(random)).collect(),
    }
}

fn vote_proof(random: &mut Random) -> VoteProof {
    VoteProof {
        head: head(random),
        new_view: digest(random),
        signature: signature(random),
    }
}

/// By hand, because nobody can make one that proves nothing: epoch, culprit, lie, and two statements (protocol, 5.12).
fn evidence(random: &mut Random) -> Evidence {
    let lie = random.one_of(&[1_u8, 2, 3, 4, 5, 6, 7]);
    let mut bytes = number(random).to_le_bytes().to_vec();
    bytes.extend([random.seat(18), lie]);
    for second in [false, true] {
        if matches!((lie, second), (2 | 3, _) | (7, false)) {
            bytes.extend(vote_proof(random).to_bytes());
            continue;
        }
        let length = random.index(if lie == 1 { 2_061 } else { 1_025 });
        bytes.extend(u16::try_from(length).expect("short").to_le_bytes());
        bytes.extend(random.bytes(length + 64));
    }
    Evidence::from_bytes(&bytes).expect("as the protocol page has it")
}

fn any_side(sequence: u64, random: &mut Random) -> Side {
    if random.below(3) == 0 {
        let mut certificate = checkpoint_certificate(random);
        certificate.checkpoint.sequence = sequence;
        return Side::Checkpoint(certificate);
    }
    // The head does not travel: these batches lead to it, and empty ones have a digest that anybody can work out.
    let chain = digest(random);
    let empty = Digest::of("bitcraps/batch/v1", &[]);
    let batches = vec![empty; random.index(17)];
    let (mut at, mut tip) = (sequence, chain);
    for _ in &batches {
        at += 1;
        tip = next_chain(&tip, at, &Vec::new());
    }
    let (view, new_view) = view_and_new_view(random);
    let head = Head {
        view,
        sequence: at,
        chain: tip,
    };
    Side::Commit {
        chain,
        batches,
        certificate: certificate(new_view, random).into_certificate(Phase::Commit, head),
    }
}

fn side(random: &mut Random) -> SideMessage {
    let sequence = number(random) / 2;
    SideMessage {
        epoch: number(random),
        sequence,
        side: any_side(sequence, random),
    }
}

fn view_record(random: &mut Random) -> ViewRecord {
    let (view, new_view) = view_and_new_view(random);
    let head = maybe_head(random).map(|head| Head { view, ..head });
    let count = random.index(19);
    let has_prepared = random.below(2) == 1;
    ViewRecord {
        view: number(random),
        head,
        view_changes: (0..count)
            .map(|_| (view_change(random), signature(random)))
            .collect(),
        prepared: head
            .filter(|_| has_prepared)
            .map(|head| certificate(new_view, random).into_certificate(Phase::Prepare, head)),
    }
}

fn halt(random: &mut Random) -> Halt {
    let sequence = number(random) / 2;
    let proof = ForkProof {
        epoch: number(random),
        sequence,
        left: any_side(sequence, random),
        right: any_side(sequence, random),
    };
    let count = random.index(17);
    Halt {
        proof,
        views: (0..count).map(|_| view_record(random)).collect(),
    }
}

fn epoch_end(random: &mut Random) -> EpochEnd {
    let length = random.index(1_024);
    EpochEnd {
        epoch: number(random),
        certificate: checkpoint_certificate(random),
        progress: random.bytes(length),
        application: digest(random),
    }
}

fn state_at(random: &mut Random) -> StateAt {
    let (progress, application) = (random.index(1_024), random.index(4_096));
    StateAt {
        epoch: number(random),
        certificate: checkpoint_certificate(random),
        progress: random.bytes(progress),
        application: random.bytes(application),
    }
}

fn state(random: &mut Random) -> StateMessage {
    let count = random.index(4);
    let has_state = random.below(2) == 1;
    StateMessage {
        ends: (0..count).map(|_| epoch_end(random)).collect(),
        last: has_state.then(|| state_at(random)),
    }
}

fn own_record(random: &mut Random) -> Record {
    let length = random.index(256);
    Record::Own {
        head: maybe_head(random),
        message: random.bytes(length),
    }
}

/// What a journal holds besides own messages.
fn record(random: &mut Random) -> Record {
    match random.below(7) {
        0 => Record::Batch {
            parent: digest(random),
            sequence: number(random),
            batch: batch(random),
        },
        1 => {
            let (view, new_view) = view_and_new_view(random);
            let head = Head {
                view,
                ..head(random)
            };
            let phase = random.one_of(&[Phase::Prepare, Phase::Commit]);
            Record::Certificate(certificate(new_view, random).into_certificate(phase, head))
        }
        2 => {
            let (length, count) = (random.index(512), random.index(19));
            Record::Entered {
                new_view: random.bytes(length),
                view_changes: (0..count).map(|_| random.bytes(136)).collect(),
            }
        }
        3 => {
            let StateAt {
                epoch,
                certificate,
                progress,
                application,
            } = state_at(random);
            Record::Stable {
                epoch,
                certificate,
                progress,
                application,
            }
        }
        4 => Record::EpochEnd(epoch_end(random)),
        5 => Record::Evidence(evidence(random)),
        _ => Record::Halted(halt(random)),
    }
}

fn batch(random: &mut Random) -> Vec<SignedBytes> {
    let count = random.below(4);
    (0..count)
        .map(|_| signed_bytes(&request(random), random))
        .collect()
}

fn slots(random: &mut Random) -> Slots {
    let batches = (0..random.below(5)).map(|_| batch(random));
    let batches = batches.collect();
    let has_certificate = random.below(2) == 1;
    Slots {
        first: number(random),
        batches,
        certificate: has_certificate.then(|| {
            let (view, new_view) = view_and_new_view(random);
            (view, certificate(new_view, random))
        }),
    }
}

fn query(random: &mut Random) -> Query {
    Query {
        seat: Seat(random.next().to_le_bytes()[0]),
        nonce: array(random),
        count: u32::from_le_bytes(array(random)),
    }
}

fn mark(random: &mut Random) -> Mark {
    let (has_vote, has_view_change) = (random.below(2) == 1, random.below(2) == 1);
    Mark {
        signer: Seat(random.next().to_le_bytes()[0]),
        of: Seat(random.next().to_le_bytes()[0]),
        epoch: number(random),
        nonce: array(random),
        count: u32::from_le_bytes(array(random)),
        number: number(random),
        vote: has_vote.then(|| {
            let phase = random.one_of(&[Phase::Prepare, Phase::Commit]);
            (phase, vote_proof(random))
        }),
        view_change: has_view_change.then(|| signed_bytes(&view_change(random), random)),
    }
}
