//! Conservation: a second set of books, kept from what each phone tells its player.
//!
//! Every chip that moves is named by an outcome. The books move it too, refuse to go below zero, and in the end every
//! stack, every escrow and the bank must be what the phone says they are.

use bitcraps_core::craps::{Line, LineResult};
use bitcraps_core::crypto::Seat;
use bitcraps_core::ledger::Ledger;
use bitcraps_core::table::Outcome;

use super::Property;

#[derive(Clone, Debug)]
struct Book {
    stacks: Vec<i128>,
    escrow: Vec<i128>,
    bank: i128,
    /// Chips that there are, as far as was told.
    issued: i128,
    /// Whether everything that happened on this phone was told.
    followed: bool,
}

#[derive(Debug)]
pub(super) struct Books {
    pub(super) property: Property,
    books: Vec<Book>,
}

impl Books {
    pub(super) fn new(phones: usize, buy_in: u64, bank: u64) -> Self {
        let stacks = vec![i128::from(buy_in); phones];
        let bank = i128::from(bank);
        let book = Book {
            issued: stacks.iter().sum::<i128>() + bank,
            stacks,
            escrow: vec![0; phones],
            bank,
            followed: true,
        };
        Self {
            property: Property::default(),
            books: vec![book; phones],
        }
    }

    /// A phone went on from a certified state: what happened in between was not told, so its book ends here.
    pub(super) fn installed(&mut self, phone: usize) {
        self.books[phone].followed = false;
    }

    pub(super) fn happened(&mut self, phone: usize, outcome: &Outcome) {
        if !self.books[phone].followed {
            return;
        }
        let book = &mut self.books[phone];
        match outcome {
            Outcome::BetPlaced {
                seat, amount, vig, ..
            } => {
                let staked = i128::from(*amount) + i128::from(*vig);
                book.stacks[seat.index()] -= staked;
                book.escrow[seat.index()] += staked;
            }
            Outcome::BetReturned { seat, amount, .. } => book.give_back(*seat, *amount),
            Outcome::Rolled(roll) => roll
                .settlement
                .lines
                .iter()
                .for_each(|line| book.settle(line)),
            Outcome::Convicted {
                seat,
                forfeited,
                seized,
                ..
            } => {
                book.escrow[seat.index()] -= i128::from(*forfeited);
                book.stacks[seat.index()] -= i128::from(*seized);
                book.bank += i128::from(*forfeited) + i128::from(*seized);
            }
            Outcome::Seated { chips, .. } => {
                book.stacks.push(i128::from(*chips));
                book.escrow.push(0);
                book.issued += i128::from(*chips);
            }
            Outcome::BoughtIn { seat, chips } => {
                book.stacks[seat.index()] += i128::from(*chips);
                book.issued += i128::from(*chips);
            }
            Outcome::WorkingSet { .. }
            | Outcome::Left { .. }
            | Outcome::Signed { .. }
            | Outcome::Tapped { .. }
            | Outcome::Unseated { .. }
            | Outcome::Invited { .. }
            | Outcome::NotSeated { .. }
            | Outcome::Dissolved
            | Outcome::MembersChange { .. }
            | Outcome::Dealt { .. }
            | Outcome::KeyMade { .. }
            | Outcome::GivenUp { .. }
            | Outcome::DicePassed { .. }
            | Outcome::RollClosed { .. }
            | Outcome::Rejected { .. } => {
                return;
            }
        }
        let sum = book.stacks.iter().chain(&book.escrow).sum::<i128>() + book.bank;
        let least = book
            .stacks
            .iter()
            .chain(&book.escrow)
            .copied()
            .min()
            .unwrap_or(0);
        let (issued, bank) = (book.issued, book.bank);
        let sound = sum == issued && least.min(bank) >= 0;
        self.property.check(sound, || {
            format!(
                "phone {phone}: {sum} chips of {issued} issued, bank {bank}, least purse {least}"
            )
        });
    }

    pub(super) fn compare(&mut self, phone: usize, ledger: &Ledger) {
        let book = &self.books[phone];
        let mut equal = i128::from(ledger.bank()) == book.bank;
        let mut sum = i128::from(ledger.bank());
        for (seat, (stack, escrow)) in (0..).map(Seat).zip(book.stacks.iter().zip(&book.escrow)) {
            let (have, bet) = (
                ledger.stack(seat).unwrap_or(0),
                ledger.escrow(seat).unwrap_or(0),
            );
            equal &= i128::from(have) == *stack && i128::from(bet) == *escrow;
            sum += i128::from(have) + i128::from(bet);
        }
        equal |= !book.followed;
        self.property.check(equal && sum == book.issued, || {
            format!("phone {phone}: the table's chips are not what its outcomes add up to")
        });
    }
}

impl Book {
    fn give_back(&mut self, seat: Seat, amount: u64) {
        self.escrow[seat.index()] -= i128::from(amount);
        self.stacks[seat.index()] += i128::from(amount);
    }

    fn settle(&mut self, line: &Line) {
        let stake = i128::from(line.stake);
        match line.result {
            LineResult::Win { profit, stays } => {
                self.bank -= i128::from(profit);
                self.stacks[line.seat.index()] += i128::from(profit);
                if !stays {
                    self.give_back(line.seat, line.stake);
                }
            }
            LineResult::Lose => {
                self.escrow[line.seat.index()] -= stake;
                self.bank += stake;
            }
            LineResult::Returned => self.give_back(line.seat, line.stake),
            LineResult::Push | LineResult::Travels { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use bitcraps_core::craps::BetKind;

    use super::*;
    use crate::checkers::Status;

    #[test]
    fn a_bet_beyond_the_stack_and_a_missing_chip_are_seen() {
        let bet = |amount| Outcome::BetPlaced {
            seat: Seat(0),
            number: 1,
            kind: BetKind::PassLine,
            amount,
            vig: 0,
        };
        let mut books = Books::new(2, 100, 1000);
        books.happened(0, &bet(60));
        assert_eq!(books.property.status(), Status::Held);
        books.happened(0, &bet(60));
        assert_eq!(
            books.property.status(),
            Status::Violated,
            "only 40 were left"
        );

        let mut books = Books::new(2, 100, 1000);
        books.compare(0, &Ledger::new(&[100, 99], 1000).unwrap());
        assert_eq!(books.property.status(), Status::Violated);
    }
}
