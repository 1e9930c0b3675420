//! A newcomer comes to a running table: q players want it, it takes part in making the next key, and with that key it
//! has its seat. One liar cannot bring friends, and a phone that does not follow gets no seat.
//!
//! Until then it is no member, so nothing of its own can be ordered. What it has to say about the key, members hand in
//! for it, signed ([`Carried`]).

use super::dealing::AttemptId;
use super::operation::Operation;
use super::outcome::{Outcome, Rejection};
use super::state::Table;
use crate::consensus::limits::PAYLOAD_MAX;
use crate::craps::Chips;
use crate::crypto::{Context, Identity, PublicKey, SEATS_MAX, Seat, Signature, Signed, Statement};
use crate::wire::{Decode, DecodeError, Encode, PROTOCOL_VERSION, Reader, Writer};

/// Longest operation that is carried: a payload has room for it and what stands around it.
const CARRIED_BYTES_MAX: usize = PAYLOAD_MAX - 128;

/// What a newcomer signs.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    seat: Seat,
    operation: Vec<u8>,
}

impl Encode for Said {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.seat.0);
        writer.bytes_u16(&self.operation);
    }
}

impl Decode for Said {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let seat = Seat(reader.u8()?);
        let operation = reader.bytes_u16(CARRIED_BYTES_MAX, "carried")?.to_vec();
        Ok(Self { seat, operation })
    }
}

impl Statement for Said {
    const TAG: &'static str = "bitcraps/carried/v1";
}

/// An operation of somebody who has no vote yet, for a member to hand in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Carried {
    said: Said,
    signature: Signature,
}

impl Carried {
    /// A newcomer's operation for the seat that it is to have at this table.
    #[must_use]
    pub fn sign(table: &Table, seat: Seat, operation: &Operation, identity: &Identity) -> Self {
        let operation = operation.to_bytes();
        let said = Said { seat, operation };
        let signed = Signed::sign(said.clone(), &table.own_context(), identity);
        let signature = *signed.signature();
        Self { said, signature }
    }

    /// Whose.
    #[must_use]
    pub const fn seat(&self) -> Seat {
        self.said.seat
    }

    fn opened(&self, table: &Table, key: &PublicKey) -> Option<Operation> {
        let bytes = self.said.to_bytes();
        Signed::<Said>::open(&bytes, self.signature, &table.own_context(), key).ok()?;
        Operation::from_bytes(&self.said.operation).ok()
    }
}

impl Encode for Carried {
    fn encode(&self, writer: &mut Writer) {
        self.said.encode(writer);
        self.signature.encode(writer);
    }
}

impl Decode for Carried {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            said: Said::decode(reader)?,
            signature: Signature::decode(reader)?,
        })
    }
}

impl Table {
    /// The newcomer that q players want, and the seat that it gets with the next key.
    #[must_use]
    pub fn candidate(&self) -> Option<(Seat, PublicKey)> {
        let key = self.members.candidate?;
        Some((self.next_seat(), key))
    }

    /// The key of a seat, whoever sits or sat there.
    #[must_use]
    pub fn key_of(&self, seat: Seat) -> Option<&PublicKey> {
        let joined = self.members.joined.get(&seat);
        joined.or_else(|| self.genesis.roster.key(seat))
    }

    /// The seat of a key: of somebody who sits or sat here, or who is to.
    #[must_use]
    pub fn seat_of(&self, key: &PublicKey) -> Option<Seat> {
        let mut seats = self.all_seats();
        let seat = seats.find(|seat| self.key_of(*seat) == Some(key));
        let candidate = self.candidate().filter(|(_, of)| of == key);
        seat.or_else(|| candidate.map(|(seat, _)| seat))
    }

    /// Every seat that ever had chips, in order. Seats are counted through and never given to somebody else.
    pub fn all_seats(&self) -> impl Iterator<Item = Seat> + use<> {
        (0..self.next_seat().0).map(Seat)
    }

    fn next_seat(&self) -> Seat {
        Seat(u8::try_from(self.ledger.seats()).unwrap_or(u8::MAX))
    }

    fn own_context(&self) -> Context {
        Context::of_table(PROTOCOL_VERSION, &self.genesis.digest())
    }

    /// Whether somebody of this key can be wanted here now.
    pub(super) fn check_newcomer(&self, key: &PublicKey) -> Result<(), Rejection> {
        if let Some(seat) = self.all_seats().find(|s| self.key_of(*s) == Some(key)) {
            return Err(Rejection::SitsHere { seat });
        }
        if self.members.candidate.is_some() {
            return Err(Rejection::Seating);
        }
        let room = self.ledger.seats() < SEATS_MAX;
        let chips = self.ledger.issued().checked_add(self.genesis.rules.buy_in);
        match chips.filter(|_| room) {
            Some(_) => Ok(()),
            None => Err(Rejection::NoRoom),
        }
    }

    /// q players want somebody here: the ceremony for a key with it begins.
    pub(super) fn invite(&mut self, key: PublicKey) -> Outcome {
        self.members.candidate = Some(key);
        Outcome::Invited {
            seat: self.next_seat(),
            key,
        }
    }

    /// A member hands in what the newcomer says about its part in the key.
    pub(super) fn carry(
        &mut self,
        sequence: u64,
        carried: &Carried,
    ) -> Result<Vec<Outcome>, Rejection> {
        let seat = carried.seat();
        match self.open_carried(carried).ok_or(Rejection::NoProof)? {
            Operation::Deal(id, dealing) => self.deal(seat, id, *dealing),
            Operation::Acknowledge(id) => self.acknowledge(sequence, seat, id),
            Operation::Complain(id, complaint) => self.complain(seat, id, &complaint),
            _ => Err(Rejection::NoProof),
        }
    }

    /// What the newcomer said, if it did.
    pub(crate) fn open_carried(&self, carried: &Carried) -> Option<Operation> {
        let candidate = self.candidate().filter(|(seat, _)| *seat == carried.seat());
        carried.opened(self, &candidate?.1)
    }

    /// Whether a newcomer's word is its own and could still have an effect.
    pub(crate) fn wants(&self, carried: &Carried) -> bool {
        let (operation, attempt) = (self.open_carried(carried), self.attempt());
        let (Some(operation), Some(attempt)) = (operation, attempt) else {
            return false;
        };
        let (ceremony, seat) = (attempt.ceremony(), carried.seat());
        let is_it =
            |id: &AttemptId| (id.epoch, id.attempt) == (ceremony.epoch(), ceremony.attempt());
        match &operation {
            Operation::Deal(id, _) => {
                is_it(id) && !attempt.is_dealt() && attempt.dealing_of(seat).is_none()
            }
            Operation::Acknowledge(id) => is_it(id) && !attempt.acknowledged().contains(seat),
            Operation::Complain(id, _) => is_it(id),
            _ => false,
        }
    }

    /// The key is made with the newcomer, which has acknowledged it: it sits down with its chips.
    pub(super) fn seat_candidate(&mut self) -> Option<Outcome> {
        let (seat, key) = self.candidate()?;
        let chips = self.genesis.rules.buy_in;
        self.ledger.open(chips).ok()?;
        self.members.candidate = None;
        self.members.joined.insert(seat, key);
        Some(Outcome::Seated { seat, key, chips })
    }

    /// The newcomer is not seated.
    pub(super) fn turn_down(&mut self) -> Option<Outcome> {
        let (seat, key) = self.candidate()?;
        self.members.candidate = None;
        Some(Outcome::NotSeated { seat, key })
    }

    /// A player who has nothing left to bet with buys in again.
    pub(super) fn buy_in(&mut self, seat: Seat) -> Result<Vec<Outcome>, Rejection> {
        let rules = &self.genesis.rules;
        let (chips, least) = (rules.buy_in, rules.craps.bet_min);
        let have = self.ledger.stack(seat)?;
        let all = have.saturating_add(self.ledger.escrow(seat)?);
        if all >= least {
            return Err(Rejection::HasChips { have: all, least });
        }
        let times = self.bought.get(&seat).copied().unwrap_or(0);
        if times >= rules.rebuys {
            return Err(Rejection::NoMoreChips { times });
        }
        self.ledger.issue(seat, chips)?;
        self.bought.insert(seat, times + 1);
        Ok(vec![Outcome::BoughtIn { seat, chips }])
    }

    /// Chips that a seat was given in all.
    pub(super) fn given(&self, seat: Seat) -> Chips {
        let times = 1 + u64::from(self.bought.get(&seat).copied().unwrap_or(0));
        self.genesis.rules.buy_in.saturating_mul(times)
    }

    /// What becomes of a convicted player's stack: it is frozen, or the bank's.
    pub(super) fn seize(&mut self, seat: Seat) -> Result<Chips, Rejection> {
        if !self.genesis.rules.forfeits {
            return Ok(0);
        }
        let stack = self.ledger.stack(seat)?;
        self.ledger.place(seat, stack)?;
        self.ledger.lose(seat, stack)?;
        Ok(stack)
    }
}
