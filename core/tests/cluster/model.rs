//! The application of the tests: counts what it was given, and changes the roster when a payload says so.

use bitcraps_core::consensus::Batch;
use bitcraps_core::crypto::{Digest, Roster, SeatSet};
use bitcraps_core::wire::{Decode, DecodeError, Encode, Reader, Writer};

use super::{identity, seat};

/// Marks a payload that changes the roster.
const CHANGE: u8 = 0xEE;

/// A payload that takes a seat out of the roster.
pub(crate) fn leaves(at: usize) -> Vec<u8> {
    vec![CHANGE, 0, seat(at).0]
}

/// A payload that gives a seat to the identity of its number.
pub(crate) fn joins(at: usize) -> Vec<u8> {
    vec![CHANGE, 1, seat(at).0]
}

/// What a phone's application holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Model {
    requests: u64,
    history: Digest,
    /// With all changes that are ordered, in force or not.
    roster: Roster,
}

impl Model {
    pub(super) fn new(roster: Roster) -> Self {
        Self {
            requests: 0,
            history: Digest([0; 32]),
            roster,
        }
    }

    /// Applies a batch; gives the new roster if it changed.
    pub(super) fn apply(&mut self, batch: &Batch) -> Option<Roster> {
        let before = self.roster.clone();
        for request in batch {
            self.requests += 1;
            self.history = Digest::of("model", &[&self.history.0, request.payload()]);
            if let [CHANGE, joins, at] = *request.payload() {
                let at = usize::from(at);
                let changed = if joins == 1 {
                    self.roster.with(seat(at), identity(at).public_key())
                } else {
                    self.roster.without(SeatSet::from_iter([seat(at)]))
                };
                self.roster = changed.unwrap_or_else(|_| self.roster.clone());
            }
        }
        (self.roster != before).then(|| self.roster.clone())
    }
}

impl Encode for Model {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.requests);
        self.history.encode(writer);
        self.roster.encode(writer);
    }
}

impl Decode for Model {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            requests: reader.u64()?,
            history: Digest::decode(reader)?,
            roster: Roster::decode(reader)?,
        })
    }
}
