//! What a phone made durable or told its player, as fields.

use bitcraps_core::consensus::Record;
use bitcraps_core::craps::{LineResult, Settlement};
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Event;
use bitcraps_core::table::{Outcome, RollResult};
use bitcraps_core::wire::Decode;
use serde_json::{Map, Value, json};

use super::describe::{self, Fields, Near, shortened};
use super::lies::{EpochRecord, Proof};
use crate::sim::trace::hex;

/// The fields of a record; of one that holds a message, that message's too.
#[must_use]
pub fn persisted(record: &[u8], near: Near) -> Fields {
    let own = |name: &str| {
        let mut fields = Map::new();
        fields.insert("type".into(), name.into());
        fields.insert("bytes".into(), record.len().into());
        fields
    };
    let mut fields = match Record::from_bytes(record) {
        Ok(Record::Own { message, .. }) => {
            let mut fields = describe::message(&message, near);
            fields.insert("record".into(), "own".into());
            fields
        }
        Ok(Record::Batch {
            sequence, batch, ..
        }) => {
            let mut fields = own("batch");
            fields.insert("seq".into(), sequence.into());
            fields.insert("requests".into(), batch.len().into());
            fields
        }
        Ok(Record::Certificate(certificate)) => {
            let mut fields = own("certificate");
            fields.insert("view".into(), certificate.head.view.into());
            fields.insert("seq".into(), certificate.head.sequence.into());
            let phase = match certificate.phase {
                bitcraps_core::consensus::Phase::Prepare => "prepared",
                bitcraps_core::consensus::Phase::Commit => "committed",
            };
            fields.insert("phase".into(), phase.into());
            fields
        }
        Ok(other) => own(&kebab(&format!("{other:?}"))),
        Err(_) => own("record"),
    };
    fields.insert("bytes".into(), record.len().into());
    fields
}

/// A delivered slot: its requests in words.
#[must_use]
pub fn delivered(
    sequence: u64,
    chain: &[u8; 32],
    batch: &bitcraps_core::consensus::Batch,
) -> Fields {
    let mut fields = Map::new();
    let requests: Vec<Value> = batch
        .iter()
        .map(|request| {
            json!({
                "id": request.id().to_string(),
                "signer": request.player().0,
                "number": request.number(),
                "op": describe::operation(request.payload()),
            })
        })
        .collect();
    fields.insert("type".into(), "commit".into());
    fields.insert("seq".into(), sequence.into());
    fields.insert("chain".into(), hex(&chain[..8]).into());
    fields.insert("requests".into(), requests.into());
    fields
}

/// Anything else that a player is told. `epoch` finds the record of an epoch, by which evidence is checked again.
#[must_use]
pub fn event(event: &Event, epoch: &dyn Fn(u64) -> Option<EpochRecord>) -> Fields {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    match event {
        Event::Happened { sequence, outcome } => {
            put("seq", (*sequence).into());
            happened(outcome, &mut put);
        }
        Event::Submitted {
            id,
            number,
            command,
        } => {
            put("type", "submitted".into());
            put("request", id.to_string().into());
            put("number", (*number).into());
            put("text", shortened(&format!("{command:?}")).into());
        }
        Event::Caught {
            seat,
            lie,
            evidence,
        } => {
            put("type", "caught".into());
            put("seat", seat.0.into());
            put("lie", lie.name().into());
            put("evidence", hex(evidence).into());
            if let Some(proof) = Proof::read(evidence) {
                if let Some(record) = epoch(proof.epoch()) {
                    put("verified", proof.holds(&record).into());
                }
                let halves = proof.fields().into_iter();
                halves.for_each(|(key, value)| put(&key, value));
            }
        }
        Event::NeighbourUp { seat, .. } => {
            put("type", "neighbour-up".into());
            put("peer", seat.0.into());
        }
        Event::NeighbourDown { seat, .. } => {
            put("type", "neighbour-down".into());
            put("peer", seat.0.into());
        }
        other => of_consensus(other, &mut put),
    }
    fields
}

fn of_consensus(event: &Event, put: &mut dyn FnMut(&str, Value)) {
    let seats = |seats: &[Seat]| json!(seats.iter().map(|seat| seat.0).collect::<Vec<u8>>());
    match event {
        Event::ViewLeft { target } => {
            put("type", "view-left".into());
            put("view", (*target).into());
        }
        Event::ViewChanged { view, primary } => {
            put("type", "view-changed".into());
            put("view", (*view).into());
            put("primary", primary.0.into());
        }
        Event::Halted {
            sequence, culprits, ..
        } => {
            put("type", "halted".into());
            put("seq", (*sequence).into());
            put("culprits", seats(culprits));
        }
        Event::Stalled { silent } => {
            put("type", "stalled".into());
            put("silent", seats(silent));
        }
        Event::EpochBegan { epoch, first, .. } => {
            put("type", "epoch-began".into());
            put("epoch", (*epoch).into());
            put("seq", (*first).into());
        }
        Event::Installed { sequence, .. } => {
            put("type", "installed".into());
            put("seq", (*sequence).into());
        }
        // What has no words here says itself what it is.
        other => {
            let text = format!("{other:?}");
            put("type", kebab(&text).into());
            put("text", shortened(&text).into());
        }
    }
}

fn happened(outcome: &Outcome, put: &mut dyn FnMut(&str, Value)) {
    match outcome {
        Outcome::Rolled(roll) => {
            put("type", "rolled".into());
            put("roll", roll.roll.into());
            let dice = roll.settlement.roll;
            put("dice", json!([dice.first(), dice.second()]));
            put("text", roll_text(roll).into());
            put("moves", json!(moves(&roll.settlement)));
        }
        Outcome::Convicted { seat, lie, by, .. } => {
            put("type", "convicted".into());
            put("seat", seat.0.into());
            put("lie", lie.name().into());
            put("by", by.0.into());
        }
        Outcome::BetPlaced {
            seat, kind, amount, ..
        } => {
            put("type", "bet-placed".into());
            put("seat", seat.0.into());
            put("text", format!("{amount} on {}", kind.id()).into());
        }
        Outcome::Rejected { seat, reason, .. } => {
            put("type", "rejected".into());
            put("seat", seat.0.into());
            put("text", reason.to_string().into());
        }
        other => {
            let text = format!("{other:?}");
            put("type", kebab(&text).into());
            put("text", shortened(&text).into());
        }
    }
}

/// A roll in a few words.
#[must_use]
pub fn roll_text(roll: &RollResult) -> String {
    let dice = roll.settlement.roll;
    let (first, second, total) = (dice.first(), dice.second(), dice.total());
    let meaning = match roll.phase.point() {
        _ if roll.settlement.seven_out => "seven-out".to_owned(),
        _ if roll.settlement.point_made => "point made".to_owned(),
        Some(point) => format!("the point is {point}"),
        None => "come-out".to_owned(),
    };
    format!("{first}+{second} = {total}, {meaning}")
}

/// What each seat won less what it lost.
#[must_use]
pub fn moves(settlement: &Settlement) -> Vec<(u8, i64)> {
    let mut moves = std::collections::BTreeMap::new();
    let signed = |chips: u64| i64::try_from(chips).unwrap_or(i64::MAX);
    for line in &settlement.lines {
        let moved = match line.result {
            LineResult::Win { profit, .. } => signed(profit),
            LineResult::Lose => -signed(line.stake),
            _ => continue,
        };
        *moves.entry(line.seat.0).or_insert(0) += moved;
    }
    moves.into_iter().collect()
}

/// The first word of a debug text in small letters: `ViewLeft { … }` is `view-left`.
fn kebab(debug: &str) -> String {
    let word = debug.chars().take_while(|c| c.is_ascii_alphanumeric());
    let mut name = String::new();
    for letter in word {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_capitals_becomes_words_of_small_letters() {
        assert_eq!(kebab("ViewLeft { target: 3 }"), "view-left");
        assert_eq!(kebab("Resumed"), "resumed");
    }
}
