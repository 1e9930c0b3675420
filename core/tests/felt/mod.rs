//! A table in memory and a dealer who feeds it ordered operations, slot by slot.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use bitcraps_core::craps::{BetKind, Chips};
use bitcraps_core::crypto::{Digest, Identity, Roster, Seat};
use bitcraps_core::dice::commitment;
use bitcraps_core::table::{Genesis, Operation, Outcome, Rejection, RollResult, Table, TableRules};
use bitcraps_core::wire::Encode;

pub(crate) fn genesis(seats: u8, rules: TableRules) -> Genesis {
    let key = |seat| Identity::from_seed(&[seat + 1; 32]).public_key();
    let roster = Roster::new((0..seats).map(key).collect()).unwrap();
    Genesis { rules, roster }
}

/// One ordered request: whose, its number, what.
pub(crate) type Request = (Seat, u64, Vec<u8>);

/// A table, and the log that it is fed.
#[derive(Clone)]
pub(crate) struct Felt {
    pub(crate) table: Table,
    pub(crate) sequence: u64,
    number: u64,
}

impl Felt {
    pub(crate) fn new(seats: u8) -> Self {
        Self::with_rules(seats, TableRules::default())
    }

    pub(crate) fn with_rules(seats: u8, rules: TableRules) -> Self {
        Self {
            table: Table::new(genesis(seats, rules)).unwrap(),
            sequence: 0,
            number: 0,
        }
    }

    /// One slot of the log.
    pub(crate) fn slot(&mut self, requests: &[Request]) -> Vec<Outcome> {
        self.sequence += 1;
        let requests = requests
            .iter()
            .map(|(seat, number, payload)| (*seat, *number, payload.as_slice()));
        self.table.apply(self.sequence, requests)
    }

    /// One slot with these operations, numbered through.
    pub(crate) fn operations(&mut self, operations: &[(u8, Operation)]) -> Vec<Outcome> {
        let first = self.number + 1;
        self.number += operations.len() as u64;
        let requests: Vec<Request> = (first..)
            .zip(operations)
            .map(|(number, (seat, operation))| (Seat(*seat), number, operation.to_bytes()))
            .collect();
        self.slot(&requests)
    }

    /// One slot with one operation.
    pub(crate) fn ask(&mut self, seat: u8, operation: Operation) -> Vec<Outcome> {
        self.operations(&[(seat, operation)])
    }

    /// Asks for something that must be refused, and gives the reason.
    pub(crate) fn refusal(&mut self, seat: u8, operation: Operation) -> Rejection {
        let before = self.table.digest();
        let outcomes = self.ask(seat, operation.clone());
        assert_eq!(
            before,
            self.table.digest(),
            "a refusal moved something: {operation:?}"
        );
        match outcomes.as_slice() {
            [
                Outcome::Rejected {
                    seat: whose,
                    number,
                    reason,
                },
            ] => {
                assert_eq!((*whose, *number), (Seat(seat), self.number));
                *reason
            }
            other => panic!("{operation:?} of seat {seat} should be refused: {other:?}"),
        }
    }

    /// Puts chips on a bet, which must be taken.
    pub(crate) fn bet(&mut self, seat: u8, kind: BetKind, amount: Chips) {
        let outcomes = self.ask(seat, Operation::PlaceBet { kind, amount });
        let placed = Outcome::BetPlaced {
            seat: Seat(seat),
            number: self.number,
            kind,
            amount,
            vig: 0,
        };
        assert_eq!(outcomes, [placed]);
    }

    pub(crate) fn commit_of(&self, roll: u64, seat: u8, salt: u64) -> Operation {
        let table = self.table.genesis().digest();
        let digest = commitment(&table, roll, Seat(seat), &secret(seat, salt));
        Operation::DiceCommit { roll, digest }
    }

    /// Everybody who has not yet commits to the open roll.
    pub(crate) fn commit_all(&mut self, salt: u64) {
        let roll = self.roll_number();
        let missing: Vec<u8> = (0..self.seats())
            .filter(|seat| !self.table.dice().has_committed(roll, Seat(*seat)))
            .collect();
        for seat in missing {
            let outcomes = self.ask(seat, self.commit_of(roll, seat, salt));
            assert_eq!(outcomes, []);
        }
    }

    /// The shooter closes the open roll.
    pub(crate) fn close(&mut self) {
        let roll = self.roll_number();
        let shooter = self.table.shooter().expect("somebody has a line bet");
        let closed = Outcome::RollClosed {
            roll,
            by: Some(shooter),
        };
        assert_eq!(self.ask(shooter.0, Operation::RollClose { roll }), [closed]);
    }

    /// Everybody whose reveal is missing reveals; gives everything that happened in the last slot.
    pub(crate) fn reveal_all(&mut self, salt: u64) -> Vec<Outcome> {
        let roll = self.roll_number();
        let owed: Vec<u8> = (0..self.seats())
            .filter(|seat| self.table.dice().owes_reveal(Seat(*seat)))
            .collect();
        let mut happened = Vec::new();
        for seat in owed {
            happened = self.operations(&[reveal_of(roll, seat, salt)]);
        }
        happened
    }

    /// Commits, close by the shooter, reveals: one roll of which the secrets are made from `salt`.
    pub(crate) fn roll_with(&mut self, salt: u64) -> Vec<Outcome> {
        self.commit_all(salt);
        self.close();
        self.reveal_all(salt)
    }

    /// The secrets that make the dice show `total`: nobody at a table can look for them, a test can.
    pub(crate) fn salt_for(&self, total: u8) -> u64 {
        (0..2_000)
            .find(|salt| {
                let outcomes = self.clone().roll_with(*salt);
                rolled(&outcomes).settlement.roll.total() == total
            })
            .expect("one in 36 rolls at least")
    }

    /// One roll that shows `total`.
    pub(crate) fn roll(&mut self, total: u8) -> RollResult {
        let salt = self.salt_for(total);
        let outcomes = self.roll_with(salt);
        rolled(&outcomes)
    }

    pub(crate) fn seats(&self) -> u8 {
        u8::try_from(self.table.genesis().roster.len()).unwrap()
    }

    pub(crate) fn roll_number(&self) -> u64 {
        self.table.dice().roll()
    }

    pub(crate) fn stack(&self, seat: u8) -> Chips {
        self.table.ledger().stack(Seat(seat)).unwrap()
    }

    pub(crate) fn bank(&self) -> Chips {
        self.table.ledger().bank()
    }
}

pub(crate) fn secret(seat: u8, salt: u64) -> [u8; 32] {
    Digest::of("test/secret", &[&[seat], &salt.to_le_bytes()]).0
}

pub(crate) fn reveal_of(roll: u64, seat: u8, salt: u64) -> (u8, Operation) {
    let secret = secret(seat, salt);
    (seat, Operation::DiceReveal { roll, secret })
}

/// The roll among these outcomes.
pub(crate) fn rolled(outcomes: &[Outcome]) -> RollResult {
    let roll = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Rolled(roll) => Some(roll.as_ref().clone()),
        _ => None,
    });
    roll.unwrap_or_else(|| panic!("no dice fell: {outcomes:?}"))
}
