//! What a report keeps of a trace.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::latency::Latency;
use crate::trace::{Header, Line, LineKind};

/// Most messages that are drawn.
pub(super) const DRAWN_MAX: usize = 10_000;
/// Most lies that are drawn besides, from whenever.
const LIES_DRAWN_MAX: usize = 1_000;
/// Most lines about rolls, view changes and the like.
const NOTES_MAX: usize = 2_000;

/// A proof, and which phones had it first hand.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) line: Line,
    pub(super) seen_by: BTreeSet<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) draw_from_us: i64,
    pub(super) latency: Latency,
    /// Messages that leave: count and bytes, by phone and type.
    pub(super) sent: BTreeMap<(u8, String), (u64, u64)>,
    /// Records: count and bytes, by phone.
    pub(super) persisted: BTreeMap<u8, (u64, u64)>,
    /// Why messages had no effect.
    pub(super) ignored: BTreeMap<String, u64>,
    /// Proven lies by culprit and kind.
    pub(super) evidence: BTreeMap<(u64, String), Found>,
    /// Slots that were first delivered in each second.
    pub(super) per_second: BTreeMap<i64, u64>,
    /// What the lowest honest phone told its player, in words.
    pub(super) notes: Vec<(i64, String)>,
    /// Messages that could be drawn.
    pub(super) messages: u64,
    pub(super) lost: u64,
    pub(super) end_us: i64,
    arrows: BTreeMap<u64, Arrow>,
    marks: Vec<Value>,
    lies_drawn: usize,
    top: u64,
    shown: u8,
    honest: BTreeSet<u8>,
}

/// A message as it is drawn.
#[derive(Debug)]
struct Arrow {
    sent: i64,
    heard: Option<i64>,
    lost: bool,
    from: u8,
    to: u64,
    msg: serde_json::Map<String, Value>,
}

impl Gathered {
    pub(super) fn new(header: &Header) -> Self {
        let honest: BTreeSet<u8> = (0..header.players).filter(|p| !header.lies(*p)).collect();
        Self {
            draw_from_us: i64::MIN,
            shown: honest.first().copied().unwrap_or(0),
            honest,
            ..Self::default()
        }
    }

    pub(super) fn line(&mut self, line: &Line) {
        self.end_us = line.t;
        self.latency.line(line);
        match line.kind {
            LineKind::Send => self.sent(line),
            LineKind::Recv => self.heard(line),
            LineKind::Drop => {
                self.lost += 1;
                if let Some(arrow) = self.arrows.get_mut(&line.id) {
                    arrow.lost = true;
                }
            }
            LineKind::Persist => {
                let node = line.node.unwrap_or(0);
                let (count, bytes) = self.persisted.entry(node).or_default();
                *count += 1;
                *bytes += line.number("bytes").unwrap_or(0);
            }
            LineKind::Commit => {
                let seq = line.number("seq").unwrap_or(0);
                let honest = line.node.is_some_and(|node| self.honest.contains(&node));
                if seq > self.top && honest {
                    self.top = seq;
                    *self
                        .per_second
                        .entry(line.t.div_euclid(1_000_000))
                        .or_default() += 1;
                }
                self.mark(line);
            }
            LineKind::Event => self.event(line),
            LineKind::Fault => self.mark(line),
            LineKind::Timer => {}
        }
    }

    fn sent(&mut self, line: &Line) {
        let node = line.node.unwrap_or(0);
        let key = (node, line.type_name().to_owned());
        let (count, bytes) = self.sent.entry(key).or_default();
        *count += 1;
        *bytes += line.number("bytes").unwrap_or(0);
        self.messages += 1;
        let lie = line.msg.contains_key("second") && self.lies_drawn < LIES_DRAWN_MAX;
        let early = line.t >= self.draw_from_us && self.arrows.len() < DRAWN_MAX + self.lies_drawn;
        if !early && !lie {
            return;
        }
        self.lies_drawn += usize::from(lie);
        let mut msg = line.msg.clone();
        let to = msg
            .remove("peer")
            .and_then(|peer| peer.as_u64())
            .unwrap_or(0);
        let arrow = Arrow {
            sent: line.t,
            heard: None,
            lost: false,
            from: node,
            to,
            msg,
        };
        self.arrows.insert(line.id, arrow);
    }

    fn heard(&mut self, line: &Line) {
        let reason = line.text("ignored");
        if !reason.is_empty() {
            *self.ignored.entry(reason.to_owned()).or_default() += 1;
        }
        if let Some(arrow) = self.arrows.get_mut(&line.id) {
            arrow.heard = Some(line.t);
            if !reason.is_empty() {
                arrow.msg.insert("ignored".into(), reason.into());
            }
        }
    }

    fn event(&mut self, line: &Line) {
        let node = line.node.unwrap_or(0);
        if line.type_name() == "caught" {
            let seat = line.number("seat").unwrap_or(0);
            let key = (seat, line.text("lie").to_owned());
            let found = self.evidence.entry(key).or_insert_with(|| Found {
                line: line.clone(),
                seen_by: BTreeSet::new(),
            });
            found.seen_by.insert(node);
        }
        let words = match line.type_name() {
            "rolled" => format!(
                "roll {}: {}",
                line.number("roll").unwrap_or(0),
                line.text("text")
            ),
            "view-left" => format!(
                "gives up on the primary, moves to view {}",
                line.number("view").unwrap_or(0)
            ),
            "view-changed" => format!(
                "view {} begins, primary {}",
                line.number("view").unwrap_or(0),
                line.number("primary").unwrap_or(0)
            ),
            "convicted" => format!(
                "seat {} is convicted: {}",
                line.number("seat").unwrap_or(0),
                line.text("lie")
            ),
            "caught" => format!(
                "has proof against seat {}: {}",
                line.number("seat").unwrap_or(0),
                line.text("lie")
            ),
            "halted" => "HALTS: the table forked".to_owned(),
            "stalled" => "nothing has been decided for 10 s".to_owned(),
            "resumed" => "decisions go on".to_owned(),
            "epoch-began" => format!("epoch {} begins", line.number("epoch").unwrap_or(0)),
            _ => return,
        };
        if node == self.shown && self.notes.len() < NOTES_MAX {
            self.notes.push((line.t, words));
        }
        self.mark(line);
    }

    fn mark(&mut self, line: &Line) {
        if line.t >= self.draw_from_us
            && self.marks.len() < DRAWN_MAX
            && self.arrows.len() < DRAWN_MAX
        {
            let mut msg = line.msg.clone();
            msg.remove("evidence");
            msg.remove("halves");
            self.marks
                .push(json!([line.t, line.node, line.kind.name(), msg]));
        }
    }

    /// How many messages the diagram has.
    pub(super) fn drawn(&self) -> usize {
        self.arrows.len()
    }

    /// What the page's script draws.
    pub(super) fn data(&self, header: &Header) -> Value {
        let arrows = self.arrows.values().map(|arrow| {
            let Arrow {
                sent,
                heard,
                lost,
                from,
                to,
                msg,
            } = arrow;
            json!([sent, heard, lost, from, to, msg])
        });
        json!({
            "players": header.players,
            "liars": (0..header.players).filter(|p| header.lies(*p)).collect::<Vec<u8>>(),
            "arrows": arrows.collect::<Vec<Value>>(),
            "marks": self.marks,
        })
    }
}
