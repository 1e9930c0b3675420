//! Who owns which chips: each seat's stack, each seat's escrow (what it has on the layout), and the
//! bank.
//!
//! May import `wire` and the seat number, nothing else of the core; it does not know what a bet is.
//!
//! Invariants: no chip appears or vanishes, so stacks, escrows and bank always add up to what was
//! issued; an operation that fails has changed nothing. Amounts are in chips; moving 0 is allowed
//! and does nothing.

use std::error::Error;
use std::fmt;

use crate::crypto::{self, Seat};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// An amount of chips, the indivisible unit of money.
type Chips = u64;

/// The most seats a ledger can have: a seat's number is a byte.
pub const SEATS_MAX: usize = 256;

/// All chips of one table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    accounts: Vec<Account>,
    bank: Chips,
    issued: Chips,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Account {
    stack: Chips,
    escrow: Chips,
}

impl Ledger {
    /// Issues `bank` chips to the bank and to each seat, counted from 0, its buy-in.
    ///
    /// # Errors
    ///
    /// [`LedgerError::TooManySeats`] above [`SEATS_MAX`], [`LedgerError::Overflow`] if all chips
    /// together do not fit 64 bits.
    pub fn new(buy_in_per_seat: &[Chips], bank: Chips) -> Result<Self, LedgerError> {
        if buy_in_per_seat.len() > SEATS_MAX {
            return Err(LedgerError::TooManySeats {
                seats: buy_in_per_seat.len(),
            });
        }
        let accounts: Vec<_> = buy_in_per_seat
            .iter()
            .map(|&stack| Account { stack, escrow: 0 })
            .collect();
        let issued = count(&accounts, bank)?;
        Ok(Self {
            accounts,
            bank,
            issued,
        })
    }

    /// Issues more chips to a new seat, the next one.
    ///
    /// # Errors
    ///
    /// [`LedgerError::TooManySeats`], [`LedgerError::Overflow`].
    pub fn open(&mut self, buy_in: Chips) -> Result<(), LedgerError> {
        let seats = self.accounts.len() + 1;
        if seats > SEATS_MAX {
            return Err(LedgerError::TooManySeats { seats });
        }
        self.issued = self
            .issued
            .checked_add(buy_in)
            .ok_or(LedgerError::Overflow)?;
        let (stack, escrow) = (buy_in, 0);
        self.accounts.push(Account { stack, escrow });
        Ok(())
    }

    /// Issues more chips to a seat's stack.
    ///
    /// # Errors
    ///
    /// [`LedgerError::UnknownSeat`], [`LedgerError::Overflow`].
    pub fn issue(&mut self, seat: Seat, chips: Chips) -> Result<(), LedgerError> {
        let Account { stack, escrow } = self.account(seat)?;
        // All chips together fit, so one stack does.
        self.issued = self
            .issued
            .checked_add(chips)
            .ok_or(LedgerError::Overflow)?;
        let stack = stack.checked_add(chips).ok_or(LedgerError::Overflow)?;
        self.store(seat, Account { stack, escrow })
    }

    /// Moves a stake from the seat's stack to its escrow.
    ///
    /// # Errors
    ///
    /// [`LedgerError::UnknownSeat`]; [`LedgerError::NotEnough`] if the stack holds less.
    pub fn place(&mut self, seat: Seat, amount: Chips) -> Result<(), LedgerError> {
        let Account { stack, escrow } = self.account(seat)?;
        let stack = take(Purse::Stack(seat), stack, amount)?;
        let escrow = escrow.checked_add(amount).ok_or(LedgerError::Overflow)?;
        self.store(seat, Account { stack, escrow })
    }

    /// Moves a stake that comes down undecided from the seat's escrow to its stack.
    ///
    /// # Errors
    ///
    /// [`LedgerError::UnknownSeat`]; [`LedgerError::NotEnough`] if the escrow holds less.
    pub fn give_back(&mut self, seat: Seat, amount: Chips) -> Result<(), LedgerError> {
        let stack = self
            .account(seat)?
            .stack
            .checked_add(amount)
            .ok_or(LedgerError::Overflow)?;
        let escrow = self.escrow_without(seat, amount)?;
        self.store(seat, Account { stack, escrow })
    }

    /// Pays `profit` from the bank to the seat's stack; unless the bet stays up, its stake moves
    /// from escrow to stack as well.
    ///
    /// # Errors
    ///
    /// [`LedgerError::UnknownSeat`]; [`LedgerError::NotEnough`] if the stake is not in escrow or
    /// the bank holds less than the profit.
    pub fn win(
        &mut self,
        seat: Seat,
        stake: Chips,
        profit: Chips,
        stays: bool,
    ) -> Result<(), LedgerError> {
        let Account { stack, escrow } = self.account(seat)?;
        let without = self.escrow_without(seat, stake)?;
        let (escrow, freed) = if stays { (escrow, 0) } else { (without, stake) };
        let stack = stack
            .checked_add(freed)
            .and_then(|stack| stack.checked_add(profit))
            .ok_or(LedgerError::Overflow)?;
        let bank = take(Purse::Bank, self.bank, profit)?;
        self.store(seat, Account { stack, escrow })?;
        self.bank = bank;
        Ok(())
    }

    /// Moves a lost stake from the seat's escrow to the bank.
    ///
    /// # Errors
    ///
    /// [`LedgerError::UnknownSeat`]; [`LedgerError::NotEnough`] if the escrow holds less.
    pub fn lose(&mut self, seat: Seat, stake: Chips) -> Result<(), LedgerError> {
        let stack = self.account(seat)?.stack;
        let escrow = self.escrow_without(seat, stake)?;
        let bank = self.bank.checked_add(stake).ok_or(LedgerError::Overflow)?;
        self.store(seat, Account { stack, escrow })?;
        self.bank = bank;
        Ok(())
    }

    /// The chips that the seat can bet.
    ///
    /// # Errors
    ///
    /// [`LedgerError::UnknownSeat`].
    pub fn stack(&self, seat: Seat) -> Result<Chips, LedgerError> {
        self.account(seat).map(|account| account.stack)
    }

    /// The chips that the seat has on the layout.
    ///
    /// # Errors
    ///
    /// [`LedgerError::UnknownSeat`].
    pub fn escrow(&self, seat: Seat) -> Result<Chips, LedgerError> {
        self.account(seat).map(|account| account.escrow)
    }

    /// The chips from which wins are paid.
    pub fn bank(&self) -> Chips {
        self.bank
    }

    /// How many seats have an account.
    pub fn seats(&self) -> usize {
        self.accounts.len()
    }

    /// All chips that there are.
    pub fn issued(&self) -> Chips {
        self.issued
    }

    /// Counts all chips anew.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotConserved`] if the count is not what was issued, [`LedgerError::Overflow`]
    /// if it does not fit 64 bits. Either is a fault of this module.
    pub fn check_conservation(&self) -> Result<(), LedgerError> {
        let counted = count(&self.accounts, self.bank)?;
        if counted == self.issued {
            Ok(())
        } else {
            Err(LedgerError::NotConserved {
                counted,
                issued: self.issued,
            })
        }
    }

    fn store(&mut self, seat: Seat, account: Account) -> Result<(), LedgerError> {
        let slot = self.accounts.get_mut(usize::from(seat.0));
        *slot.ok_or(LedgerError::UnknownSeat { seat })? = account;
        Ok(())
    }

    fn account(&self, seat: Seat) -> Result<Account, LedgerError> {
        let slot = self.accounts.get(usize::from(seat.0));
        slot.copied().ok_or(LedgerError::UnknownSeat { seat })
    }

    fn escrow_without(&self, seat: Seat, amount: Chips) -> Result<Chips, LedgerError> {
        take(Purse::Escrow(seat), self.account(seat)?.escrow, amount)
    }
}

impl Encode for Ledger {
    /// Number of seats, stack and escrow of each, bank. What was issued is their sum.
    fn encode(&self, writer: &mut Writer) {
        writer.u16(u16::try_from(self.accounts.len()).unwrap_or(u16::MAX));
        for account in &self.accounts {
            writer.u64(account.stack);
            writer.u64(account.escrow);
        }
        writer.u64(self.bank);
    }
}

impl Decode for Ledger {
    /// At most as many seats as a roster has, with chips that fit 64 bits together.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let seats = usize::from(reader.u16()?);
        if seats > crypto::SEATS_MAX {
            return Err(DecodeError::OutOfRange("accounts"));
        }
        let mut accounts = Vec::with_capacity(seats);
        for _ in 0..seats {
            let (stack, escrow) = (reader.u64()?, reader.u64()?);
            accounts.push(Account { stack, escrow });
        }
        let bank = reader.u64()?;
        let issued = count(&accounts, bank).map_err(|_| DecodeError::OutOfRange("chips"))?;
        Ok(Self {
            accounts,
            bank,
            issued,
        })
    }
}

fn count(accounts: &[Account], bank: Chips) -> Result<Chips, LedgerError> {
    accounts
        .iter()
        .flat_map(|account| [account.stack, account.escrow])
        .try_fold(bank, Chips::checked_add)
        .ok_or(LedgerError::Overflow)
}

fn take(purse: Purse, has: Chips, needs: Chips) -> Result<Chips, LedgerError> {
    has.checked_sub(needs)
        .ok_or(LedgerError::NotEnough { purse, has, needs })
}

/// A place where chips lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purse {
    /// What a seat can bet.
    Stack(Seat),
    /// What a seat has on the layout.
    Escrow(Seat),
    /// What wins are paid from.
    Bank,
}

impl fmt::Display for Purse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(seat) => write!(f, "stack of seat {seat}"),
            Self::Escrow(seat) => write!(f, "escrow of seat {seat}"),
            Self::Bank => f.write_str("bank"),
        }
    }
}

/// Why chips did not move. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// No such seat at this table.
    UnknownSeat {
        /// The seat that was named.
        seat: Seat,
    },
    /// More seats than a seat number can name.
    TooManySeats {
        /// The seats that were asked for.
        seats: usize,
    },
    /// A purse holds less than is to leave it.
    NotEnough {
        /// Which purse.
        purse: Purse,
        /// The chips in it.
        has: Chips,
        /// The chips that were asked for.
        needs: Chips,
    },
    /// A sum does not fit 64 bits.
    Overflow,
    /// The count of all chips is wrong.
    NotConserved {
        /// The chips that were found.
        counted: Chips,
        /// The chips that were issued.
        issued: Chips,
    },
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSeat { seat } => {
                write!(f, "seat {seat} has no account, name a seated one")
            }
            Self::TooManySeats { seats } => {
                write!(f, "{seats} seats are too many, seat at most {SEATS_MAX}")
            }
            Self::NotEnough { purse, has, needs } => {
                write!(
                    f,
                    "{purse} has {has} chips of {needs} needed, move no more than it has"
                )
            }
            Self::Overflow => f.write_str("sum of chips does not fit 64 bits, issue fewer"),
            Self::NotConserved { counted, issued } => {
                write!(
                    f,
                    "counted {counted} chips of {issued} issued, stop the table"
                )
            }
        }
    }
}

impl Error for LedgerError {}
