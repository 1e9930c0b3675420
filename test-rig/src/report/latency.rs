//! How long a player's wish takes from phase to phase, on the player's own phone.

use std::collections::BTreeMap;

use crate::result::Percentiles;
use crate::trace::{Line, LineKind};

/// The phases, in order.
pub(super) const PHASES: [&str; 5] = [
    "tap → proposal heard",
    "proposal → prepared",
    "prepared → delivered",
    "tap → delivered",
    "view left → view entered",
];

/// A wish on its way: when it was made, and when its slot reached each phase.
#[derive(Debug)]
struct Wish {
    made: i64,
    proposed: Option<i64>,
}

/// Times by phase and phone, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Latency {
    wishes: BTreeMap<(u8, String), Wish>,
    /// When each phone said that it had a slot prepared.
    prepared: BTreeMap<(u8, u64), i64>,
    left: BTreeMap<u8, i64>,
    times: BTreeMap<(usize, u8), Vec<u64>>,
}

impl Latency {
    pub(super) fn line(&mut self, line: &Line) {
        let Some(node) = line.node else { return };
        match (line.kind, line.type_name()) {
            (LineKind::Event, "submitted") => {
                let id = line.text("request").to_owned();
                let (made, proposed) = (line.t, None);
                self.wishes.insert((node, id), Wish { made, proposed });
            }
            (LineKind::Recv | LineKind::Send | LineKind::Persist, "pre-prepare") => {
                let ids = line.msg.get("ids").and_then(|ids| ids.as_array());
                for id in ids.into_iter().flatten().filter_map(|id| id.as_str()) {
                    if let Some(wish) = self.wishes.get_mut(&(node, id.to_owned())) {
                        wish.proposed.get_or_insert(line.t);
                    }
                }
            }
            // Whoever votes to commit holds the prepared certificate.
            (LineKind::Persist, "commit") => {
                if let Some(seq) = line.number("seq") {
                    self.prepared.entry((node, seq)).or_insert(line.t);
                }
            }
            (LineKind::Commit, _) => self.delivered(node, line),
            (LineKind::Event, "view-left") => {
                self.left.entry(node).or_insert(line.t);
            }
            (LineKind::Event, "view-changed") => {
                if let Some(left) = self.left.remove(&node) {
                    self.add(4, node, left, line.t);
                }
            }
            _ => {}
        }
    }

    fn delivered(&mut self, node: u8, line: &Line) {
        let requests = line.msg.get("requests").and_then(|list| list.as_array());
        let prepared = line.number("seq").and_then(|seq| {
            let prepared = self.prepared.get(&(node, seq)).copied();
            self.prepared
                .retain(|(phone, slot), _| *phone != node || *slot > seq);
            prepared
        });
        let ids = requests.into_iter().flatten();
        for id in ids.filter_map(|request| request["id"].as_str()) {
            let Some(wish) = self.wishes.remove(&(node, id.to_owned())) else {
                continue;
            };
            self.add(3, node, wish.made, line.t);
            if let Some(proposed) = wish.proposed {
                self.add(0, node, wish.made, proposed);
                if let Some(prepared) = prepared.filter(|at| *at >= proposed) {
                    self.add(1, node, proposed, prepared);
                    self.add(2, node, prepared, line.t);
                }
            }
        }
    }

    fn add(&mut self, phase: usize, node: u8, from: i64, to: i64) {
        let took = u64::try_from(to - from).unwrap_or(0) / 1000;
        self.times.entry((phase, node)).or_default().push(took);
    }

    /// Of each phase: how often, and its percentiles over the phones that this picks.
    pub(super) fn rows(
        &self,
        pick: &dyn Fn(u8) -> bool,
    ) -> Vec<(&'static str, usize, Percentiles)> {
        let of_phase = |phase: usize| {
            let times = self.times.iter();
            let own = times.filter(|((other, node), _)| *other == phase && pick(*node));
            own.flat_map(|(_, times)| times.clone())
                .collect::<Vec<u64>>()
        };
        let rows = PHASES.iter().enumerate().filter_map(|(phase, name)| {
            let times = of_phase(phase);
            let count = times.len();
            Some((*name, count, Percentiles::of(times)?))
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(t: i64, kind: LineKind, msg: serde_json::Value) -> Line {
        Line {
            t,
            node: Some(1),
            kind,
            msg: msg.as_object().unwrap().clone(),
            id: 0,
        }
    }

    #[test]
    fn a_wish_is_timed_from_phase_to_phase_on_its_own_phone() {
        let mut latency = Latency::default();
        let ids = json!({"type": "pre-prepare", "ids": ["ab"], "seq": 4});
        let lines = [
            line(
                1_000,
                LineKind::Event,
                json!({"type": "submitted", "request": "ab"}),
            ),
            line(31_000, LineKind::Recv, ids.clone()),
            line(41_000, LineKind::Recv, ids),
            line(
                61_000,
                LineKind::Persist,
                json!({"type": "commit", "seq": 4}),
            ),
            line(
                91_000,
                LineKind::Commit,
                json!({"type": "commit", "seq": 4, "requests": [{"id": "ab"}]}),
            ),
        ];
        lines.iter().for_each(|line| latency.line(line));
        let rows = latency.rows(&|_| true);
        let found: Vec<(usize, u64)> = rows.iter().map(|(_, count, p)| (*count, p.max)).collect();
        assert_eq!(found, [(1, 30), (1, 30), (1, 30), (1, 90)]);
        assert!(latency.rows(&|node| node == 2).is_empty());
    }
}
