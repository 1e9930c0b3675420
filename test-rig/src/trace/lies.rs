//! Evidence taken apart and checked a second time, from the protocol's description alone.

use std::collections::BTreeMap;

use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Map, Value, json};

use super::describe::Fields;
use crate::checkers::tagged_hash;
use crate::sim::trace::hex;

const VERSION: u16 = 1;
const HEAD_BYTES: usize = 48;
const VOTE_BYTES: usize = HEAD_BYTES + 32 + SIGNATURE_BYTES;
const SIGNATURE_BYTES: usize = 64;

/// What the signatures of a lie cover besides the statements: the epoch's record.
#[derive(Clone, Debug)]
pub struct EpochRecord {
    /// The table's digest.
    pub table: [u8; 32],
    /// Its number.
    pub number: u64,
    /// Who votes, by seat.
    pub keys: BTreeMap<u8, [u8; 32]>,
    /// Who leads its view 0.
    pub leads: u8,
}

impl EpochRecord {
    /// The context of what is signed in a view that began with this new-view.
    fn of_view(&self, new_view: &[u8]) -> [u8; 32] {
        tagged_hash("bitcraps/context/view/v1", &[&self.of_epoch(), new_view])
    }

    fn of_epoch(&self) -> [u8; 32] {
        let mut roster = vec![u8::try_from(self.keys.len()).unwrap_or(u8::MAX)];
        for (seat, key) in &self.keys {
            roster.push(*seat);
            roster.extend_from_slice(key);
        }
        roster.push(self.leads);
        let roster = tagged_hash("bitcraps/roster/v1", &[&roster]);
        let (version, number) = (VERSION.to_le_bytes(), self.number.to_le_bytes());
        let parts: [&[u8]; 4] = [&version, &self.table, &number, &roster];
        tagged_hash("bitcraps/context/epoch/v1", &parts)
    }

    fn of_table(&self) -> [u8; 32] {
        let version = VERSION.to_le_bytes();
        tagged_hash("bitcraps/context/table/v1", &[&version, &self.table])
    }
}

/// One of the two statements.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Half {
    what: &'static str,
    tag: &'static str,
    statement: Vec<u8>,
    new_view: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
}

/// A lie taken apart: who, and the two things that were signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    epoch: u64,
    culprit: u8,
    halves: [Half; 2],
}

impl Proof {
    /// Reads encoded evidence of one of the pairs of statements. `None` for any other bytes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (epoch, rest) = bytes.split_first_chunk::<8>()?;
        let [culprit, lie, rest @ ..] = rest else {
            return None;
        };
        let mut rest = rest;
        let phase = |lie: u8| if lie == 2 { 1 } else { 2 };
        let halves = match lie {
            2 | 3 => [vote(&mut rest, phase(*lie))?, vote(&mut rest, phase(*lie))?],
            7 => [
                vote(&mut rest, 2)?,
                statement(&mut rest, "view-change", "bitcraps/view-change/v1")?,
            ],
            _ => {
                let (what, tag) = match lie {
                    1 => ("request", "bitcraps/request/v1"),
                    4 => ("view-change", "bitcraps/view-change/v1"),
                    5 => ("new-view", "bitcraps/new-view/v1"),
                    6 => ("checkpoint", "bitcraps/checkpoint/v1"),
                    _ => return None,
                };
                [
                    statement(&mut rest, what, tag)?,
                    statement(&mut rest, what, tag)?,
                ]
            }
        };
        rest.is_empty().then_some(Self {
            epoch: u64::from_le_bytes(*epoch),
            culprit: *culprit,
            halves,
        })
    }

    /// The epoch that it was signed in.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether both signatures are the culprit's and the two statements are not the same.
    #[must_use]
    pub fn holds(&self, record: &EpochRecord) -> bool {
        let key = record.keys.get(&self.culprit);
        let Some(key) = key.and_then(|key| VerifyingKey::from_bytes(key).ok()) else {
            return false;
        };
        let [low, high] = &self.halves;
        let differ = (&low.statement, &low.new_view) != (&high.statement, &high.new_view);
        let of_epoch = self.epoch == record.number;
        of_epoch && differ && self.halves.iter().all(|half| half.is_signed(&key, record))
    }

    /// The two halves in a few words.
    #[must_use]
    pub fn in_words(&self) -> [String; 2] {
        self.halves.each_ref().map(Half::in_words)
    }

    /// The two halves as fields.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let halves: Vec<Value> = self.halves.iter().map(Half::fields).collect();
        let mut fields = Map::new();
        fields.insert("epoch".into(), self.epoch.into());
        fields.insert("halves".into(), Value::Array(halves));
        fields
    }
}

impl Half {
    fn is_signed(&self, key: &VerifyingKey, record: &EpochRecord) -> bool {
        let context = match self.tag {
            "bitcraps/request/v1" => record.of_table(),
            "bitcraps/vote/v1" => record.of_view(&self.new_view),
            _ => record.of_epoch(),
        };
        let mut signed = vec![u8::try_from(self.tag.len()).unwrap_or(u8::MAX)];
        signed.extend_from_slice(self.tag.as_bytes());
        signed.extend_from_slice(&context);
        signed.extend_from_slice(&self.statement);
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&signed, &signature).is_ok()
    }

    fn in_words(&self) -> String {
        let fields = self.fields();
        let short = |key: &str| {
            let hex: String = fields[key].as_str().unwrap_or_default().into();
            format!("{}…", hex.chars().take(16).collect::<String>())
        };
        let words = match self.what {
            "prepare" | "commit" => format!(
                "of view {}, slot {}: chain {}",
                fields["view"],
                fields["seq"],
                short("chain")
            ),
            "request" => format!(
                "{}: {}",
                fields["number"],
                fields["op"].as_str().unwrap_or_default()
            ),
            "view-change" => format!(
                "to view {}: delivered {}, prepared {}",
                fields["view"],
                fields["delivered"],
                fields
                    .get("prepared")
                    .map_or_else(|| "nothing".to_owned(), Value::to_string)
            ),
            "new-view" => format!("of view {}: {}", fields["view"], short("statement")),
            _ => format!("of slot {}: state {}", fields["seq"], short("state")),
        };
        format!("{} {words} (signature {})", self.what, short("signature"))
    }

    fn fields(&self) -> Value {
        let number = |at: usize| {
            let bytes = self.statement.get(at..at + 8)?;
            Some(u64::from_le_bytes(bytes.try_into().ok()?))
        };
        let digest = |at: usize| self.statement.get(at..at + 32).map(hex);
        let mut fields = json!({
            "what": self.what,
            "statement": hex(&self.statement),
            "signature": hex(&self.signature),
        });
        match self.what {
            "prepare" | "commit" => {
                fields["view"] = json!(number(1));
                fields["seq"] = json!(number(9));
                fields["chain"] = json!(digest(17));
                fields["new_view"] = json!(hex(&self.new_view));
            }
            "request" => {
                fields["player"] = json!(self.statement.first());
                fields["number"] = json!(number(1));
                let payload = self.statement.get(12..).unwrap_or_default();
                fields["op"] = json!(super::describe::operation(payload));
            }
            "view-change" => {
                fields["signer"] = json!(self.statement.first());
                fields["view"] = json!(number(1));
                fields["delivered"] = json!(number(9));
                if self.statement.get(17) == Some(&1) {
                    fields["prepared"] = json!([number(18), number(26)]);
                }
            }
            "new-view" => fields["view"] = json!(number(0)),
            _ => {
                fields["seq"] = json!(number(0));
                fields["chain"] = json!(digest(8));
                fields["state"] = json!(digest(40));
            }
        }
        fields
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

/// A vote: the phase and the head make the statement that was signed.
fn vote(rest: &mut &[u8], phase: u8) -> Option<Half> {
    let bytes = take(rest, VOTE_BYTES)?;
    let (head, tail) = bytes.split_at(HEAD_BYTES);
    let (new_view, signature) = tail.split_at(32);
    Some(Half {
        what: if phase == 1 { "prepare" } else { "commit" },
        tag: "bitcraps/vote/v1",
        statement: [&[phase][..], head].concat(),
        new_view: new_view.to_vec(),
        signature: signature.try_into().ok()?,
    })
}

fn statement(rest: &mut &[u8], what: &'static str, tag: &'static str) -> Option<Half> {
    let length = u16::from_le_bytes(take(rest, 2)?.try_into().ok()?);
    let statement = take(rest, usize::from(length))?.to_vec();
    let signature = take(rest, SIGNATURE_BYTES)?.try_into().ok()?;
    Some(Half {
        what,
        tag,
        statement,
        new_view: Vec::new(),
        signature,
    })
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    /// Two votes for one slot, as the protocol's description has them signed; `chains` makes them differ.
    fn two_votes(record: &EpochRecord, key: &SigningKey, chains: [u8; 2]) -> Vec<u8> {
        let mut bytes = [&record.number.to_le_bytes()[..], &[1, 2]].concat();
        for chain in chains {
            let head = [&[0; 8][..], &7_u64.to_le_bytes(), &[chain; 32]].concat();
            let context = record.of_view(&[0; 32]);
            let tag = b"bitcraps/vote/v1";
            let signed = [&[16][..], tag, &context, &[1], &head].concat();
            bytes.extend([&head[..], &[0; 32], &key.sign(&signed).to_bytes()].concat());
        }
        bytes
    }

    #[test]
    fn two_votes_of_one_key_hold_and_anything_bent_does_not() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let record = EpochRecord {
            table: [3; 32],
            number: 0,
            keys: [(0, [0; 32]), (1, key.verifying_key().to_bytes())].into(),
            leads: 0,
        };
        let bytes = two_votes(&record, &key, [1, 2]);
        let proof = Proof::read(&bytes).unwrap();
        assert!(proof.holds(&record));
        assert_eq!(proof.fields()["halves"][1]["seq"], 7);
        let same = Proof::read(&two_votes(&record, &key, [1, 1])).unwrap();
        assert!(!same.holds(&record), "one statement twice is no lie");
        for at in [12, 60, 100, 160, 250, 290] {
            let mut bent = bytes.clone();
            bent[at] ^= 1;
            assert!(!Proof::read(&bent).unwrap().holds(&record), "byte {at}");
        }
        let other = EpochRecord {
            number: 1,
            ..record
        };
        assert!(!proof.holds(&other));
        for length in 0..bytes.len() {
            assert_eq!(Proof::read(&bytes[..length]), None);
        }
    }
}
