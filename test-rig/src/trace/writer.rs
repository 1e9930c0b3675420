//! From observations to lines, and from lines to a file.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};

use bitcraps_core::crypto::Seat;
use bitcraps_core::node::{Event, Way};
use serde_json::{Map, Value};

use super::describe::{self, Fields};
use super::lies::EpochRecord;
use super::{End, Header, Line, LineKind, events};
use crate::run::Finished;
use crate::sim::{Observation, Room, Sight};

/// A message on its way: its hash and its line.
type Flying = VecDeque<(String, u64, Fields)>;

/// Turns what is seen in a tapped room into lines.
#[derive(Debug, Default)]
pub struct Scribe {
    next_id: u64,
    /// What was sent and not heard yet, by link and sender.
    flying: BTreeMap<(u64, usize), Flying>,
    /// What was first signed for each place: by kind, signer, epoch and the numbers of the place.
    signed: BTreeMap<(String, u64, u64, u64, u64), String>,
}

impl Scribe {
    /// The lines of one observation; none for what traces do not show.
    pub fn lines(&mut self, room: &Room, observation: &Observation) -> Vec<Line> {
        let one = |scribe: &mut Self, kind, node: usize, msg| {
            let id = scribe.fresh();
            vec![line(room, kind, Some(node), msg, id)]
        };
        match observation {
            Observation::Persisted { phone, record } => {
                let msg = events::persisted(record, near(room, *phone));
                one(self, LineKind::Persist, *phone, msg)
            }
            // Chunks are shown as the messages that they carry.
            Observation::Sent { .. }
            | Observation::Restarted { .. }
            | Observation::Foreseen { .. } => Vec::new(),
            Observation::Event { phone, event } => {
                if let Event::Delivered {
                    sequence,
                    chain,
                    batch,
                } = event
                {
                    let msg = events::delivered(*sequence, &chain.0, batch);
                    return one(self, LineKind::Commit, *phone, msg);
                }
                let msg = events::event(event, &|epoch| epoch_record(room, *phone, epoch));
                one(self, LineKind::Event, *phone, msg)
            }
            Observation::Tapped(sight) => self.sight(room, sight),
        }
    }

    fn sight(&mut self, room: &Room, sight: &Sight) -> Vec<Line> {
        match sight {
            Sight::Message {
                phone,
                peer,
                link,
                way,
                message,
            } => {
                let mut msg = self.message(room, *phone, message);
                msg.insert("peer".into(), (*peer).into());
                msg.insert("link".into(), (*link).into());
                let line = match way {
                    Way::Said => self.said(room, (*link, *phone), msg),
                    Way::Heard => self.heard(room, (*link, *peer), *phone, msg),
                    Way::Ignored(reason) => {
                        msg.insert("ignored".into(), reason.to_string().into());
                        self.heard(room, (*link, *peer), *phone, msg)
                    }
                };
                vec![line]
            }
            Sight::LinkUp { link, ends } => vec![self.link(room, "link-up", *link, *ends)],
            Sight::LinkDown { link, ends } => {
                let mut lines = vec![self.link(room, "link-down", *link, *ends)];
                for end in ends {
                    for (_, id, msg) in self.flying.remove(&(*link, *end)).unwrap_or_default() {
                        lines.push(line(room, LineKind::Drop, Some(*end), msg, id));
                    }
                }
                lines
            }
            Sight::Woke { phone } => {
                let msg = fields(&[("type", "wake".into())]);
                let id = self.fresh();
                vec![line(room, LineKind::Timer, Some(*phone), msg, id)]
            }
            Sight::Fault {
                what,
                phone,
                begins,
            } => {
                let name = if *begins {
                    "fault-begins"
                } else {
                    "fault-ends"
                };
                let msg = fields(&[("type", name.into()), ("what", what.as_str().into())]);
                let id = self.fresh();
                vec![line(room, LineKind::Fault, *phone, msg, id)]
            }
        }
    }

    fn said(&mut self, room: &Room, (link, phone): (u64, usize), msg: Fields) -> Line {
        let id = self.fresh();
        let hash = text(&msg, "hash");
        let flying = self.flying.entry((link, phone)).or_default();
        flying.push_back((hash, id, msg.clone()));
        line(room, LineKind::Send, Some(phone), msg, id)
    }

    /// What is heard has the number under which it was said.
    fn heard(&mut self, room: &Room, from: (u64, usize), phone: usize, msg: Fields) -> Line {
        let hash = text(&msg, "hash");
        let flying = self.flying.get_mut(&from);
        let sent = flying.and_then(|flying| {
            let at = flying.iter().position(|(other, ..)| *other == hash)?;
            flying.remove(at).map(|(_, id, _)| id)
        });
        let id = sent.unwrap_or_else(|| self.fresh());
        line(room, LineKind::Recv, Some(phone), msg, id)
    }

    /// A message's fields, with whose it is, and whether its signer has signed something else for the same place.
    fn message(&mut self, room: &Room, phone: usize, bytes: &[u8]) -> Fields {
        let mut msg = describe::message(bytes, near(room, phone));
        let (epoch, _) = room.phones[phone].node.epoch();
        let number = |msg: &Fields, key: &str| msg.get(key).and_then(Value::as_u64);
        let name = text(&msg, "type");
        if matches!(name.as_str(), "pre-prepare" | "new-view") {
            let primary = epoch.primary(number(&msg, "view").unwrap_or(0));
            msg.insert("signer".into(), primary.0.into());
        }
        let signed = [
            "request",
            "pre-prepare",
            "prepare",
            "commit",
            "view-change",
            "new-view",
            "checkpoint",
        ];
        if let Some(signer) = number(&msg, "signer").filter(|_| signed.contains(&name.as_str())) {
            let place = (
                name,
                signer,
                epoch.number,
                number(&msg, "view").unwrap_or(0),
                number(&msg, "seq")
                    .or_else(|| number(&msg, "number"))
                    .unwrap_or(0),
            );
            let hash = text(&msg, "hash");
            if *self.signed.entry(place).or_insert_with(|| hash.clone()) != hash {
                msg.insert("second".into(), true.into());
            }
        }
        msg
    }

    fn link(&mut self, room: &Room, name: &str, link: u64, ends: [usize; 2]) -> Line {
        let msg = fields(&[
            ("type", name.into()),
            ("link", link.into()),
            ("ends", ends.to_vec().into()),
        ]);
        let id = self.fresh();
        line(room, LineKind::Fault, None, msg, id)
    }

    const fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

fn line(room: &Room, kind: LineKind, node: Option<usize>, msg: Fields, id: u64) -> Line {
    Line {
        t: room.observed_us(),
        node: node.and_then(|node| u8::try_from(node).ok()),
        kind,
        msg,
        id,
    }
}

fn fields(pairs: &[(&str, Value)]) -> Fields {
    let pairs = pairs.iter().cloned();
    pairs
        .map(|(key, value)| (key.to_owned(), value))
        .collect::<Map<_, _>>()
}

fn text(msg: &Fields, key: &str) -> String {
    let value = msg.get(key).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn near(room: &Room, phone: usize) -> describe::Near {
    let node = &room.phones[phone].node;
    (node.view().0, node.delivered().0)
}

/// What evidence of an epoch is checked by, as one phone knows it: of its own epoch and of the first.
pub(crate) fn epoch_record(room: &Room, phone: usize, number: u64) -> Option<EpochRecord> {
    let node = &room.phones[phone].node;
    let (epoch, genesis) = (node.epoch().0, node.table().genesis());
    let roster = match number {
        now if now == epoch.number => &epoch.roster,
        0 => &genesis.roster,
        _ => return None,
    };
    let key = |seat: Seat| Some((seat.0, roster.key(seat)?.to_bytes()));
    Some(EpochRecord {
        table: genesis.digest().0,
        number,
        keys: roster.seats().filter_map(key).collect(),
        leads: roster.primary(0).0,
    })
}

/// Something that is made of a trace while its run goes on.
pub trait Sink {
    /// Takes one line.
    fn line(&mut self, line: &Line);

    /// Takes the last line, and finishes.
    ///
    /// # Errors
    /// The first thing that went wrong with the file.
    fn end(self: Box<Self>, end: &End) -> io::Result<()>;
}

/// Turns a run into lines and hands each to all sinks.
#[derive(Default)]
pub struct Recorder {
    scribe: Scribe,
    sinks: Vec<Box<dyn Sink>>,
    lines: u64,
}

impl Recorder {
    /// Adds a sink.
    pub fn add(&mut self, sink: Box<dyn Sink>) {
        self.sinks.push(sink);
    }

    /// Whether there is anything to record for.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.sinks.is_empty()
    }

    /// Records one observation.
    pub fn observe(&mut self, room: &Room, observation: &Observation) {
        if self.sinks.is_empty() {
            return;
        }
        for line in self.scribe.lines(room, observation) {
            self.lines += 1;
            self.sinks.iter_mut().for_each(|sink| sink.line(&line));
        }
    }

    /// Finishes every sink.
    ///
    /// # Errors
    /// The first thing that went wrong with any file.
    pub fn finish(self, finished: &Finished) -> io::Result<()> {
        let end = End {
            kind: "end".to_owned(),
            lines: self.lines,
            result: serde_json::to_value(&finished.result)?,
            balances: finished.balances.clone(),
        };
        // Every sink is finished, also behind one that failed.
        let ends: Vec<io::Result<()>> = self.sinks.into_iter().map(|sink| sink.end(&end)).collect();
        ends.into_iter().collect()
    }
}

/// Writes a trace to a file.
pub struct TraceFile {
    out: Box<dyn Write>,
    failed: Option<io::Error>,
}

impl TraceFile {
    /// Begins with the first line.
    #[must_use]
    pub fn new(out: Box<dyn Write>, header: &Header) -> Self {
        let mut file = Self { out, failed: None };
        file.write(header);
        file
    }

    fn write(&mut self, line: &impl serde::Serialize) {
        if self.failed.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.out, line)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"));
        self.failed = written.err();
    }
}

impl Sink for TraceFile {
    fn line(&mut self, line: &Line) {
        self.write(line);
    }

    fn end(mut self: Box<Self>, end: &End) -> io::Result<()> {
        self.write(end);
        match self.failed {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}
