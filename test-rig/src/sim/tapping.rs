//! What a tapped room shows besides: whole messages as they are said and heard, links, timers, faults.
//!
//! Nothing here changes a run: a room that is tapped has the same trace hash as one that is not.

use std::sync::Arc;

use bitcraps_core::node::{Tapped, Way};

use super::room::{Observation, Room};
use crate::scenario::{Fault, FaultAction};

/// Something that only traces show.
#[derive(Clone, Debug)]
pub enum Sight {
    /// A message began to leave a phone, or was heard whole.
    Message {
        /// Whose phone.
        phone: usize,
        /// Who is at the other end.
        peer: usize,
        /// Over which link.
        link: u64,
        /// Which way it went, and what became of it.
        way: Way,
        /// The message in clear.
        message: Arc<[u8]>,
    },
    /// A link can carry chunks.
    LinkUp {
        /// Its number.
        link: u64,
        /// Its central and its peripheral.
        ends: [usize; 2],
    },
    /// A link is gone, with everything that was on its way.
    LinkDown {
        /// Its number.
        link: u64,
        /// Its two phones.
        ends: [usize; 2],
    },
    /// The moment that a phone asked for has come.
    Woke {
        /// Whose phone.
        phone: usize,
    },
    /// A fault of the scenario began or ended.
    Fault {
        /// In the words of a scenario.
        what: String,
        /// Whose phone, if it is one's.
        phone: Option<usize>,
        /// Whether it began.
        begins: bool,
    },
}

impl Room {
    /// Listens to every link from now on.
    pub fn tap(&mut self) {
        self.tapped = true;
        for phone in &mut self.phones {
            phone.tap().set(true);
        }
    }

    /// The seats that a phone has links to, each once.
    #[must_use]
    pub fn neighbours(&self, phone: usize) -> Vec<u8> {
        let neighbours = self.phones[phone].neighbours.iter();
        let mut seats: Vec<u8> = neighbours
            .filter_map(|seat| u8::try_from(*seat).ok())
            .collect();
        seats.sort_unstable();
        seats.dedup();
        seats
    }

    pub(super) fn sight(&mut self, sight: impl FnOnce() -> Sight) {
        if self.tapped {
            let sight = sight();
            self.see(Observation::Tapped(sight));
        }
    }

    /// Takes down what a phone has said and heard since the last time. What an honest phone has begun to say is a
    /// checker's business too, and it is told before anything is on the air.
    pub(super) fn listen(&mut self, phone: usize) {
        while let Some(foreseen) = self.phones[phone].poll_foreseen() {
            self.see(Observation::Foreseen { phone, foreseen });
        }
        while let Some(Tapped { link, way, message }) = self.phones[phone].tap().poll() {
            if way == Way::Said && self.phones[phone].is_honest() {
                let message = Arc::clone(&message);
                self.see(Observation::Sent { phone, message });
            }
            // A link that went down in the same moment took the message with it.
            let Some((link, peer)) = self.other_end(phone, link.0).filter(|_| self.tapped) else {
                continue;
            };
            self.see(Observation::Tapped(Sight::Message {
                phone,
                peer,
                link,
                way,
                message,
            }));
        }
    }

    /// Shows the faults whose time has just come or gone.
    pub(super) fn show_faults(&mut self) {
        let game_us = self.game_us();
        let at = |ms: u64| ms.saturating_mul(1000) == game_us;
        let edges: Vec<(Fault, bool)> = self
            .scenario
            .faults
            .iter()
            .flat_map(|fault| {
                let begins = at(fault.from_ms).then(|| (fault.clone(), true));
                let ends = fault.until_ms.is_some_and(at);
                [begins, ends.then(|| (fault.clone(), false))]
            })
            .flatten()
            .collect();
        for (fault, begins) in edges {
            let (what, phone) = in_words(&fault);
            self.sight(|| Sight::Fault {
                what,
                phone,
                begins,
            });
        }
    }
}

/// A fault in the words of a scenario, and whose phone it strikes if it is one's.
#[must_use]
pub fn in_words(fault: &Fault) -> (String, Option<usize>) {
    let kind = fault.kind();
    let of = |player: u8| (format!("{kind} {player}"), Some(usize::from(player)));
    match &fault.action {
        FaultAction::Crash { player, .. }
        | FaultAction::Clock { player, .. }
        | FaultAction::Disk { player, .. }
        | FaultAction::Suspend { player } => of(*player),
        FaultAction::Partition { groups } => (format!("{kind} {groups:?}"), None),
        FaultAction::OneWay { groups } => (format!("{kind} one way {groups:?}"), None),
        FaultAction::Loss { loss_ppm, between } => {
            let percent = loss_ppm / 10_000;
            let on = between.map_or(String::new(), |(a, b)| format!(" between {a} and {b}"));
            (format!("{kind} {percent} %{on}"), None)
        }
    }
}
