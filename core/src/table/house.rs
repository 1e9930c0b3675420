//! Rules of a table that go by a name, and whether a table can be played under its rules at all.

use std::time::Duration;

use super::genesis::TableRules;
use crate::craps::{BetKind, Chips, Rules, RulesError};
use crate::crypto::SEATS_MIN;
use crate::wire::{Decode, DecodeError, Reader};

impl TableRules {
    /// The rules of this name with the stacks and the bank that suit them (see [`crate::craps::PRESETS`]).
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        let craps = Rules::preset(name)?;
        let home = Self::default();
        // A buy-in of 200 minimum bets, and a bank of a hundred buy-ins, as at home.
        let buy_in = craps.bet_min.saturating_mul(200);
        Some(Self {
            buy_in,
            bank: buy_in.saturating_mul(100),
            craps,
            ..home
        })
    }

    /// Whether a table of so many seats can be played under these rules.
    ///
    /// # Errors
    /// The first rule that cannot be kept, by name.
    pub fn check(&self, seats: usize) -> Result<(), HouseError> {
        self.craps.check()?;
        let (buy_in, least) = (self.buy_in, self.craps.bet_min);
        if buy_in < least {
            return Err(HouseError::BuyIn { buy_in, least });
        }
        if self.idle_limit.is_zero() {
            return Err(HouseError::IdleLimit);
        }
        let seats = Chips::try_from(seats).unwrap_or(Chips::MAX);
        let times = seats.saturating_mul(1 + Chips::from(self.rebuys));
        let issued = buy_in
            .checked_mul(times)
            .and_then(|all| all.checked_add(self.bank));
        if issued.is_none() {
            return Err(HouseError::TooManyChips);
        }
        for kind in BetKind::all() {
            let needs = self.craps.least_win(kind);
            if needs > self.bank {
                let bank = self.bank;
                return Err(HouseError::Bank { bank, kind, needs });
            }
        }
        Ok(())
    }
}

impl Decode for TableRules {
    /// Rules that no table can be played under are refused.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let rules = Self {
            buy_in: reader.u64()?,
            bank: reader.u64()?,
            craps: Rules::decode(reader)?,
            idle_limit: Duration::from_millis(reader.u64()?),
            rebuys: reader.u8()?,
            forfeits: reader.bool("forfeits")?,
        };
        match rules.check(SEATS_MIN) {
            Ok(()) => Ok(rules),
            Err(_) => Err(DecodeError::OutOfRange("table rules")),
        }
    }
}

/// Why no table can be played under these rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HouseError {
    /// The layout's own rules.
    #[error(transparent)]
    Craps(#[from] RulesError),
    /// Nobody could make a bet.
    #[error("rule buy_in is {buy_in}, below the rule bet_min of {least}, raise it")]
    BuyIn {
        /// The buy-in.
        buy_in: Chips,
        /// The least bet.
        least: Chips,
    },
    /// Some bet could never be taken.
    #[error("rule bank is {bank}, and the least bet on {kind} can win {needs}, raise it")]
    Bank {
        /// The bank.
        bank: Chips,
        /// The bet.
        kind: BetKind,
        /// What its least stake wins.
        needs: Chips,
    },
    /// The chips of all seats and the bank do not fit 64 bits.
    #[error("rules buy_in and bank issue more chips than fit 64 bits, lower them")]
    TooManyChips,
    /// Shooters would lose the dice at once.
    #[error("rule idle_limit is 0, give the shooter some time")]
    IdleLimit,
}
