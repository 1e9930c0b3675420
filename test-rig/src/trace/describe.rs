//! What a message says, as fields for people and programs.

use bitcraps_core::consensus::{Message, Request, SignedBytes, ViewChange};
use bitcraps_core::mesh::{LinkState, Links};
use bitcraps_core::table::Operation;
use bitcraps_core::wire::{Decode, Header, Kind, Reader, widen_u8, widen_u16};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::sim::trace::hex;

/// Longest text of an operation or event that has no words of its own.
const TEXT_CHARS_MAX: usize = 240;

/// Fields of something that happened.
pub type Fields = Map<String, Value>;

/// Which view and slot a phone is in: what the low bits on the wire are widened by.
pub type Near = (u64, u64);

/// The fields of a message. Whatever cannot be read is described as what it is: so many bytes.
#[must_use]
pub fn message(bytes: &[u8], near: Near) -> Fields {
    let mut fields = Map::new();
    let header = Header::decode(&mut Reader::new(bytes)).ok();
    let name = header.map_or("garbage", |header| header.kind.name());
    fields.insert("type".into(), name.into());
    fields.insert("bytes".into(), bytes.len().into());
    fields.insert("hash".into(), short_hash(bytes).into());
    if let Some(header) = header {
        let (view, seq) = (
            widen_u8(header.view, near.0),
            widen_u16(header.sequence, near.1),
        );
        if is_of_a_view(header.kind) {
            fields.insert("view".into(), view.into());
        }
        if is_of_a_slot(header.kind) {
            fields.insert("seq".into(), seq.into());
        }
    }
    match Message::from_wire(bytes) {
        Ok((_, message)) => body(&message, &mut fields),
        Err(_) => link_local(header.map(|header| header.kind), bytes, &mut fields),
    }
    fields
}

/// The first eight bytes of a message's SHA-256.
#[must_use]
pub fn short_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..8])
}

const fn is_of_a_view(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PrePrepare
            | Kind::Prepare
            | Kind::Commit
            | Kind::ViewChange
            | Kind::NewView
            | Kind::Prepared
            | Kind::Decided
            | Kind::Have
            | Kind::Status
            | Kind::Slots
    )
}

const fn is_of_a_slot(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PrePrepare
            | Kind::Prepare
            | Kind::Commit
            | Kind::NewView
            | Kind::Prepared
            | Kind::Decided
            | Kind::Have
            | Kind::Checkpoint
            | Kind::Status
            | Kind::Slots
            | Kind::State
            | Kind::Side
            | Kind::Halt
    )
}

fn link_local(kind: Option<Kind>, bytes: &[u8], fields: &mut Fields) {
    let links = match kind {
        Some(Kind::Links) => Links::from_bytes(bytes).ok().map(|links| links.seats),
        Some(Kind::LinkState) => LinkState::from_wire(bytes).ok().map(|(_, state, _)| {
            fields.insert("signer".into(), state.signer.0.into());
            state.links
        }),
        _ => None,
    };
    if let Some(links) = links {
        let seats: Vec<u8> = links.iter().map(|seat| seat.0).collect();
        fields.insert("links".into(), json!(seats));
    }
}

fn body(message: &Message, fields: &mut Fields) {
    let mut put = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    match message {
        Message::Request(signed) => request(signed, fields),
        Message::PrePrepare(proposal) => {
            put("ids", json!(ids(&proposal.ids)));
        }
        Message::Vote(vote) => {
            put("signer", vote.signer.0.into());
            put("tag", hex(&vote.tag).into());
        }
        Message::ViewChange(signed) => {
            if let Ok(change) = ViewChange::from_bytes(&signed.statement) {
                put("signer", change.signer.0.into());
                put("view", change.view.into());
                put("delivered", change.delivered.into());
                if let Some(head) = change.prepared {
                    put("prepared", json!([head.view, head.sequence]));
                }
            }
        }
        Message::NewView(new_view) => {
            put("view", new_view.view.into());
            let seats: Vec<u8> = new_view.seats.iter().map(|seat| seat.0).collect();
            put("of", json!(seats));
            if let Some(head) = new_view.head {
                put("head", json!([head.view, head.sequence]));
            }
        }
        Message::Prepared(certificate) | Message::Decided(certificate) => {
            put("tag", hex(&certificate.tag).into());
        }
        Message::Status(status) => {
            put("view", status.view.into());
            put("seq", status.delivered.into());
            put("stable", status.stable.into());
            put("epoch", status.epoch.into());
        }
        Message::Want(wanted) => put("ids", json!(ids(wanted))),
        Message::Slots(slots) => {
            put("seq", slots.first.into());
            put("slots", slots.batches.len().into());
        }
        Message::Checkpoint(vote) => {
            put("signer", vote.signer.0.into());
            put("tag", hex(&vote.tag).into());
        }
        Message::Evidence(evidence) => {
            put("culprit", evidence.culprit.0.into());
            put("lie", evidence.lie.name().into());
        }
        _ => {}
    }
}

/// A request: whose, which, and what for.
pub fn request(signed: &SignedBytes, fields: &mut Fields) {
    let Ok(request) = Request::from_bytes(&signed.statement) else {
        return;
    };
    fields.insert("signer".into(), request.player.0.into());
    fields.insert("number".into(), request.number.into());
    fields.insert("op".into(), operation(&request.payload).into());
}

/// An operation in a few words.
#[must_use]
pub fn operation(payload: &[u8]) -> String {
    let Ok(operation) = Operation::from_bytes(payload) else {
        return format!("{} bytes that are no operation", payload.len());
    };
    match operation {
        Operation::PlaceBet { kind, amount } => format!("place {amount} on {}", kind.id()),
        Operation::ReduceBet { kind, by } => format!("take {by} off {}", kind.id()),
        Operation::RemoveBet { kind } => format!("take {} down", kind.id()),
        Operation::SetWorking { kind, on } => {
            let call = if on { "on" } else { "off" };
            format!("call {} {call}", kind.id())
        }
        Operation::RollClose { roll } => format!("close roll {roll}"),
        Operation::Idle { roll } => format!("idle at roll {roll}"),
        Operation::PassDice { roll } => format!("pass the dice at roll {roll}"),
        Operation::Leave => "leave".to_owned(),
        Operation::Evidence(evidence) => {
            let (seat, lie) = (evidence.culprit, evidence.lie.name());
            format!("evidence: seat {seat}, {lie}")
        }
        // What has no words here says itself what it is.
        other => shortened(&format!("{other:?}")),
    }
}

/// A text cut to a length that fits a line.
#[must_use]
pub fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(TEXT_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn ids(ids: &[bitcraps_core::consensus::RequestId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
