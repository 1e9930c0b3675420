//! A table in memory and a dealer who feeds it ordered operations, slot by slot.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use bitcraps_core::craps::{BetKind, Chips};
use bitcraps_core::crypto::{Checker, Digest, Identity, Roster, Seat};
use bitcraps_core::dice::{CheckedShare, SecretShare, Share};
use bitcraps_core::table::{
    AttemptId, Genesis, Operation, Outcome, Rejection, RollResult, Table, TableRules,
};
use bitcraps_core::wire::Encode;

pub(crate) fn genesis(seats: u8, rules: TableRules) -> Genesis {
    let keys = (0..seats).map(|seat| identity(seat).public_key());
    let roster = Roster::new(keys.collect()).unwrap();
    Genesis { rules, roster }
}

pub(crate) fn identity(seat: u8) -> Identity {
    Identity::from_seed(&[seat + 1; 32])
}

/// One ordered request: whose, its number, what.
pub(crate) type Request = (Seat, u64, Vec<u8>);

/// A table, and the log that it is fed.
#[derive(Clone)]
pub(crate) struct Felt {
    pub(crate) table: Table,
    pub(crate) sequence: u64,
    number: u64,
    /// What makes the next slot's chain digest: the dice depend on it.
    salt: u64,
}

impl Felt {
    /// A table whose dice have their first key.
    pub(crate) fn new(seats: u8) -> Self {
        Self::with_rules(seats, TableRules::default())
    }

    pub(crate) fn with_rules(seats: u8, rules: TableRules) -> Self {
        let mut felt = Self::without_key(seats, rules);
        felt.make_key();
        felt
    }

    pub(crate) fn without_key(seats: u8, rules: TableRules) -> Self {
        let mut felt = Self::unsigned(seats, rules);
        let signatures: Vec<_> = (0..seats).map(|seat| (seat, Operation::Sign)).collect();
        felt.operations(&signatures);
        felt
    }

    /// A table whose genesis nobody has signed.
    pub(crate) fn unsigned(seats: u8, rules: TableRules) -> Self {
        Self {
            table: Table::new(genesis(seats, rules)).unwrap(),
            sequence: 0,
            number: 0,
            salt: 0,
        }
    }

    /// The attempt that is under way.
    pub(crate) fn attempt(&self) -> AttemptId {
        let ceremony = self.table.attempt().expect("a ceremony").ceremony();
        AttemptId {
            epoch: ceremony.epoch(),
            attempt: ceremony.attempt(),
        }
    }

    /// What a member deals for it.
    pub(crate) fn dealing_of(&self, seat: u8) -> Operation {
        let ceremony = self.table.attempt().expect("a ceremony").ceremony();
        let dealing = ceremony.deal(&identity(seat), Seat(seat));
        Operation::Deal(self.attempt(), Box::new(dealing))
    }

    /// The first q members deal, one after the other.
    pub(crate) fn deal_all(&mut self) {
        let ceremony = self.table.attempt().expect("a ceremony").ceremony();
        let dealers: Vec<Seat> = ceremony
            .roster()
            .seats()
            .take(ceremony.threshold())
            .collect();
        for dealer in dealers {
            let dealing = self.dealing_of(dealer.0);
            let outcomes = self.ask(dealer.0, dealing);
            assert!(
                matches!(outcomes[..], [Outcome::Dealt { .. }]),
                "{outcomes:?}"
            );
        }
    }

    /// Everybody deals and acknowledges; gives what the last acknowledgement led to.
    pub(crate) fn make_key(&mut self) -> Vec<Outcome> {
        self.deal_all();
        let (id, mut outcomes) = (self.attempt(), Vec::new());
        let members = self
            .table
            .attempt()
            .expect("a ceremony")
            .ceremony()
            .roster();
        let members: Vec<Seat> = members.seats().collect();
        for seat in members {
            if self
                .table
                .attempt()
                .is_some_and(|attempt| attempt.is_dealt())
            {
                outcomes = self.ask(seat.0, Operation::Acknowledge(id));
            }
        }
        outcomes
    }

    /// One slot of the log.
    pub(crate) fn slot(&mut self, requests: &[Request]) -> Vec<Outcome> {
        self.sequence += 1;
        let requests = requests
            .iter()
            .map(|(seat, number, payload)| (*seat, *number, payload.as_slice()));
        let chain = Digest::of(
            "test/chain",
            &[&self.sequence.to_le_bytes(), &self.salt.to_le_bytes()],
        );
        self.table.apply(self.sequence, chain, requests)
    }

    /// One slot, and the dice if it closes the roll.
    pub(crate) fn slot_and_dice(&mut self, requests: &[Request]) -> Vec<Outcome> {
        let mut outcomes = self.slot(requests);
        while self.table.dice().is_closed() {
            outcomes.extend(self.throw());
        }
        outcomes
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

    /// The shares of the closed roll, of every member.
    pub(crate) fn shares(&self) -> Vec<CheckedShare> {
        let closed = self.table.dice().closed().expect("a closed roll");
        let key = self.table.key(closed.epoch).expect("its key");
        let (ceremony, input) = (key.ceremony(), self.table.roll_input().unwrap());
        let share = |seat: Seat| {
            let opened = key.dealings().map(|dealing| {
                let opened = ceremony.open(&identity(seat.0), seat, dealing);
                opened.expect("dealt rightly")
            });
            let secret = SecretShare::sum(opened.collect::<Vec<_>>().iter());
            let share = Share::make(seat, &secret, input);
            let checked = self.table.check_share(&Checker::default(), &share);
            checked.unwrap().unwrap()
        };
        ceremony.roster().seats().map(share).collect()
    }

    /// The dice of the closed roll fall; gives what happened.
    pub(crate) fn throw(&mut self) -> Vec<Outcome> {
        let shares = self.shares();
        self.table.settle(&shares).expect("enough shares")
    }

    /// One roll that is closed in this way and shows `total`. The dice hang on the chain of the close: nobody at a table
    /// can choose it, a test can.
    pub(crate) fn roll_closed_by(
        &mut self,
        total: u8,
        close: impl Fn(&mut Self),
    ) -> (RollResult, Vec<Outcome>) {
        for salt in 0..2_000 {
            let mut tried = self.clone();
            tried.salt = salt;
            close(&mut tried);
            let outcomes = tried.throw();
            let roll = rolled(&outcomes);
            if roll.settlement.roll.total() == total {
                *self = tried;
                return (roll, outcomes);
            }
        }
        panic!("one in 36 rolls at least");
    }

    /// The slots from now on have this salt.
    pub(crate) fn set_salt(&mut self, salt: u64) {
        self.salt = salt;
    }

    /// One roll that the shooter closes and that shows `total`.
    pub(crate) fn roll(&mut self, total: u8) -> RollResult {
        self.roll_closed_by(total, Self::close).0
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

/// The roll among these outcomes.
pub(crate) fn rolled(outcomes: &[Outcome]) -> RollResult {
    let roll = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Rolled(roll) => Some(roll.as_ref().clone()),
        _ => None,
    });
    roll.unwrap_or_else(|| panic!("no dice fell: {outcomes:?}"))
}
