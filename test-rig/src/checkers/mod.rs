//! What must hold in every run, judged from outside.
//!
//! Checkers see what phones persist and what they tell their players. They share no code with what they check: they
//! parse bytes, add up chips and compute dice by themselves. Each one counts what it looked at, so that "nothing found"
//! and "never looked" are different answers.

mod agreement;
mod blame;
mod books;
mod bounded;
mod coin;
mod dice;
#[cfg(test)]
mod mutants;
mod protocol;
mod records;
mod secrecy;
mod signing;
mod validity;

use std::collections::{BTreeMap, BTreeSet};

use bitcraps_core::node::Event;
use bitcraps_core::table::Outcome;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::sim::{Observation, Phone, Room};

/// What a checker says of its property.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was looked at and nothing is wrong.
    Held,
    /// Something is wrong.
    Violated,
    /// It never came to be looked at.
    Unknown,
}

/// A property, how often it was looked at, and the first thing that broke it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Property {
    /// How many times something was compared.
    pub checked: u64,
    /// What broke it first, in one line.
    pub violation: Option<String>,
}

impl Property {
    /// Counts one comparison; `problem` says in one line what is wrong if it failed.
    pub fn check(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds && self.violation.is_none() {
            self.violation = Some(problem());
        }
    }

    /// Held, violated, or never looked at.
    #[must_use]
    pub const fn status(&self) -> Status {
        match (&self.violation, self.checked) {
            (Some(_), _) => Status::Violated,
            (None, 0) => Status::Unknown,
            (None, _) => Status::Held,
        }
    }
}

/// All checkers of a run.
#[derive(Debug)]
pub struct Checkers {
    agreement: agreement::Agreement,
    validity: validity::Validity,
    signing: signing::Signing,
    protocol: protocol::Protocol,
    books: books::Books,
    bounded: bounded::Bounded,
    dice: dice::Dice,
    secrecy: secrecy::Secrecy,
    blame: blame::Blame,
    /// Set by the run after the scenario's end.
    pub liveness: Property,
}

impl Checkers {
    /// Checkers for a room at its genesis.
    #[must_use]
    pub fn new(phones: &[Phone]) -> Self {
        let keys: Vec<[u8; 32]> = phones.iter().map(|phone| phone.key).collect();
        let genesis = phones[0].node.table().genesis();
        let table = genesis.digest().0;
        let books = books::Books::new(phones.len(), genesis.rules.buy_in, genesis.rules.bank);
        Self {
            agreement: agreement::Agreement::new(phones.len()),
            validity: validity::Validity::new(keys.clone(), table),
            protocol: protocol::Protocol::new(keys, table),
            signing: signing::Signing::new(phones.len()),
            books,
            bounded: bounded::Bounded::new(phones.len()),
            dice: dice::Dice::new(phones.len(), table),
            secrecy: secrecy::Secrecy::new(phones.len()),
            blame: blame::Blame::new(),
            liveness: Property::default(),
        }
    }

    /// Looks at one thing that happened.
    pub fn observe(&mut self, room: &Room, observation: &Observation) {
        if let Observation::Foreseen { phone, foreseen } = observation {
            self.secrecy.foreseen(*phone, foreseen);
        }
        let (Observation::Persisted { phone, .. }
        | Observation::Sent { phone, .. }
        | Observation::Restarted { phone, .. }
        | Observation::Event { phone, .. }) = observation
        else {
            return;
        };
        if !room.phones[*phone].is_honest() {
            return;
        }
        match observation {
            Observation::Persisted { phone, record } => {
                let binds = !room.phones[*phone].has_forgotten();
                self.signing.persisted(*phone, record, binds);
                if binds {
                    self.protocol.persisted(*phone, record);
                }
            }
            Observation::Sent { phone, message } => {
                self.signing.sent(*phone, message);
                self.secrecy.sent(*phone, message);
            }
            Observation::Tapped(_) | Observation::Foreseen { .. } => {}
            Observation::Restarted {
                phone,
                applied,
                epoch,
                view,
                primaries,
                convicted,
            } => {
                self.signing
                    .restarted(*phone, *epoch, *view, primaries.clone());
                let forgot = room.phones[*phone].has_forgotten();
                if !forgot {
                    self.protocol
                        .restarted(*phone, *epoch, primaries, convicted);
                }
                self.secrecy.goes_on_from(*phone, *applied);
                // Whoever lost what was durable may go on from the middle of a slot that it has told all of, such as
                // before the dice of a close.
                if !self.agreement.restarted(*phone, *applied) || forgot {
                    self.books.installed(*phone);
                    self.dice.installed(*phone);
                }
            }
            Observation::Event { phone, event } => self.told(room, *phone, event),
        }
    }

    /// An honest phone told its player something.
    fn told(&mut self, room: &Room, phone: usize, event: &Event) {
        self.blame.observe(room, phone, event);
        match event {
            Event::Delivered {
                sequence,
                chain,
                batch,
            } => {
                self.agreement.delivered(phone, *sequence, chain.0, batch);
                self.validity.delivered(*sequence, batch);
                self.dice.delivered(phone, *sequence, chain.0, batch);
                self.secrecy.delivered(phone, *sequence, chain.0);
                self.protocol.delivered(phone, chain.0);
                let usage = room.phones[phone].node.usage();
                self.bounded.sample(phone, &usage);
            }
            Event::Restored { chain, .. } => self.protocol.delivered(phone, chain.0),
            Event::Installed { sequence, chain } => {
                self.protocol.delivered(phone, chain.0);
                self.agreement.installed(phone, *sequence, chain.0);
                self.books.installed(phone);
                self.dice.installed(phone);
                self.secrecy.goes_on_from(phone, *sequence);
            }
            Event::EpochBegan { epoch, first, .. } => {
                let primaries = room.phones[phone].primaries();
                // The node may be an epoch further by the time that it is asked.
                let there = room.phones[phone].node.epoch().0.number == *epoch;
                let members = there.then(|| primaries.clone());
                self.protocol.epoch_began(phone, (*epoch, *first), members);
                self.signing.epoch_began(phone, *epoch, primaries);
            }
            Event::DiceShown { roll, shares } => self.dice.shown(phone, *roll, shares),
            Event::Happened { sequence, outcome } => {
                if let Outcome::MembersChange { .. } = outcome {
                    self.protocol.members_change(phone, *sequence);
                }
                self.books.happened(phone, outcome);
                self.dice.happened(phone, *sequence, outcome);
                self.secrecy.happened(phone, outcome);
            }
            _ => {}
        }
    }

    /// Looks at how full every honest phone is.
    pub fn sample(&mut self, room: &Room) {
        for (at, phone) in room.phones.iter().enumerate() {
            if phone.is_honest() && !phone.crashed {
                self.bounded.sample(at, &phone.node.usage());
            }
        }
    }

    /// Compares final states, once every observation has been looked at.
    pub fn finish(&mut self, room: &Room) {
        let honest = room
            .phones
            .iter()
            .enumerate()
            .filter(|(_, phone)| phone.is_honest() && phone.is_settled());
        for (at, phone) in honest {
            // What was decided and waits for the dice below it is in no state yet.
            let table = phone.node.table();
            let place = (table.sequence(), table.dice().is_closed());
            self.agreement.final_state(at, place, table.digest().0);
            self.books.compare(at, phone.node.table().ledger());
        }
    }

    /// Whether honest phones saw a fork, stopped for good, and named who made it.
    #[must_use]
    pub fn has_halted(&self) -> bool {
        self.blame.has_named()
    }

    /// Phones whose votes count for nothing new any more, because somebody has proof that they lied.
    #[must_use]
    pub const fn caught(&self) -> &BTreeSet<usize> {
        &self.blame.caught
    }

    /// Every property by its name.
    ///
    /// `forks_allowed`: more phones lie than any protocol can bear. What is promised then is that a fork is seen: phones
    /// that halted on one are not held to what they decided apart from each other before.
    #[must_use]
    pub fn properties(&self, forks_allowed: bool) -> BTreeMap<&'static str, Property> {
        let excused = forks_allowed && self.has_halted();
        let unless_halted = |property: &Property| Property {
            violation: property.violation.clone().filter(|_| !excused),
            ..property.clone()
        };
        BTreeMap::from([
            ("agreement", unless_halted(&self.agreement.agreement)),
            ("gap_free", self.agreement.gap_free.clone()),
            ("validity", self.validity.property.clone()),
            ("single_signing", self.signing.property.clone()),
            ("protocol", self.protocol.property.clone()),
            ("conservation", self.books.property.clone()),
            ("no_honest_blamed", self.blame.property.clone()),
            ("bounded", self.bounded.property.clone()),
            ("liveness", self.liveness.clone()),
            ("dice_agree", unless_halted(&self.dice.property)),
            ("dice_secret", unless_halted(&self.secrecy.property)),
        ])
    }
}

/// The protocol's hash, written a second time from its description: `SHA-256(len(tag) u8 ‖ tag ‖ (len u32 ‖ part)*)`.
pub(crate) fn tagged_hash(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([u8::try_from(tag.len()).expect("tags are short")]);
    hash.update(tag.as_bytes());
    for part in parts {
        hash.update(
            u32::try_from(part.len())
                .expect("parts are short")
                .to_le_bytes(),
        );
        hash.update(part);
    }
    hash.finalize().into()
}

/// What a signature covers (protocol.md, 4): `len(tag) u8 ‖ tag ‖ context ‖ statement`.
fn signed_bytes(tag: &str, context: &[u8; 32], statement: &[u8]) -> Vec<u8> {
    let length = [u8::try_from(tag.len()).expect("tags are short")];
    [&length[..], tag.as_bytes(), context, statement].concat()
}

/// How many make a quorum: any two share more members than can lie, and of two or three it takes everybody.
fn quorum(members: usize) -> usize {
    let faulty = members.saturating_sub(1) / 3;
    if members <= 3 {
        members
    } else {
        (members + faulty + 1).div_ceil(2)
    }
}
