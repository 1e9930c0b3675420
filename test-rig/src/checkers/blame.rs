//! Nobody is blamed without proof: no honest phone is ever accused, expelled, or named as a culprit.

use std::collections::BTreeSet;

use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Event;
use bitcraps_core::table::Outcome;

use super::Property;
use crate::sim::Room;

#[derive(Debug)]
pub(super) struct Blame {
    pub(super) property: Property,
    /// Who has been named for a fork, on any honest phone that latched it.
    culprits: BTreeSet<Seat>,
    /// Who was caught lying, on any honest phone.
    pub(super) caught: BTreeSet<usize>,
}

impl Blame {
    /// That nobody is blamed at the start counts as looked at.
    pub(super) const fn new() -> Self {
        let property = Property {
            checked: 1,
            violation: None,
        };
        Self {
            property,
            culprits: BTreeSet::new(),
            caught: BTreeSet::new(),
        }
    }

    /// Whether a fork was seen and latched, and somebody named for it.
    pub(super) fn has_named(&self) -> bool {
        !self.culprits.is_empty()
    }

    pub(super) fn observe(&mut self, room: &Room, phone: usize, event: &Event) {
        match event {
            Event::Caught { seat, lie, .. } => self.judge(room, phone, *seat, lie.name()),
            Event::Happened {
                outcome: Outcome::Convicted { seat, lie, .. },
                ..
            } => self.judge(room, phone, *seat, lie.name()),
            Event::Halted { culprits, .. } => {
                for seat in culprits {
                    self.judge(room, phone, *seat, "a fork");
                    self.culprits.insert(*seat);
                }
            }
            _ => {}
        }
    }

    fn judge(&mut self, room: &Room, phone: usize, seat: Seat, lie: &str) {
        let accused = room.phones.get(seat.index());
        self.caught.insert(seat.index());
        let guilty = accused.is_some_and(|accused| !accused.is_honest() || accused.has_forgotten());
        self.property.check(guilty, || {
            format!("phone {phone} blames the honest phone {seat} of {lie}")
        });
    }
}
