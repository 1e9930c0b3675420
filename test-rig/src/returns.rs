//! How long phones took to be back in the game after a crash, a suspension or a partition.

use bitcraps_core::node::Event;
use serde::Serialize;

use crate::scenario::{Fault, FaultAction, Scenario};
use crate::sim::{Observation, Room};

/// A phone that came back, or did not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Return {
    /// Whose phone.
    pub player: u8,
    /// From what: "crash", "suspend" or "partition".
    pub after: &'static str,
    /// From the end of that to the first slot that the phone delivered and nobody had before, in milliseconds of virtual
    /// time; none if the run ended first.
    pub ms: Option<u64>,
}

/// What is seen of them while a room plays.
#[derive(Debug)]
pub(crate) struct Returns {
    /// What is still to end, the soonest last.
    coming: Vec<(u64, &'static str, Vec<u8>)>,
    /// Those that are on their way back: which of `seen`, since when, and what everybody had by then.
    waiting: Vec<(usize, u64, u64)>,
    seen: Vec<Return>,
}

impl Returns {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let mut coming: Vec<_> = scenario
            .faults
            .iter()
            .filter_map(|fault| away(fault, scenario))
            .collect();
        coming.sort_by_key(|(until_us, ..)| std::cmp::Reverse(*until_us));
        Self {
            coming,
            waiting: Vec::new(),
            seen: Vec::new(),
        }
    }

    pub(crate) fn observe(&mut self, room: &Room, observation: &Observation) {
        let now_us = room.game_us();
        while let Some((until_us, after, players)) =
            self.coming.pop_if(|(until_us, ..)| *until_us <= now_us)
        {
            self.begin(room, until_us, after, players);
        }
        let Observation::Event { phone, event } = observation else {
            return;
        };
        if !matches!(event, Event::Delivered { .. }) {
            return;
        }
        let delivered = room.phones[*phone].node.delivered().0;
        let seen = &mut self.seen;
        self.waiting.retain(|(index, since_us, had)| {
            let back = usize::from(seen[*index].player) == *phone && delivered > *had;
            if back {
                seen[*index].ms = Some(now_us.saturating_sub(*since_us) / 1000);
            }
            !back
        });
    }

    fn begin(&mut self, room: &Room, until_us: u64, after: &'static str, players: Vec<u8>) {
        let honest = room.phones.iter().filter(|phone| phone.is_honest());
        let had = honest.map(|phone| phone.node.delivered().0).max();
        for player in players {
            if room.phones[usize::from(player)].is_honest() {
                self.waiting
                    .push((self.seen.len(), until_us, had.unwrap_or(0)));
                let ms = None;
                self.seen.push(Return { player, after, ms });
            }
        }
    }

    pub(crate) fn finish(self) -> Vec<Return> {
        self.seen
    }
}

/// When a fault ends, what it is called, and whom it keeps out of the game.
fn away(fault: &Fault, scenario: &Scenario) -> Option<(u64, &'static str, Vec<u8>)> {
    let (after, players) = match &fault.action {
        FaultAction::Crash { player, .. } => ("crash", vec![*player]),
        FaultAction::Suspend { player } => ("suspend", vec![*player]),
        FaultAction::Partition { groups } => {
            let quorum = usize::from(scenario.quorum());
            let small = groups.iter().filter(|group| group.len() < quorum);
            ("partition", small.flatten().copied().collect())
        }
        _ => return None,
    };
    Some((fault.until_ms?.saturating_mul(1000), after, players))
}
