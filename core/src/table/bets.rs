//! Bets between rolls: each moves chips and layout together, or nothing.

use super::outcome::{Outcome, Rejection};
use super::state::Table;
use crate::craps::{BetKind, Chips};
use crate::crypto::Seat;

impl Table {
    /// Moves chips onto a bet, if rules, stack and bank allow it. On a clone: what a player's plan would come to.
    ///
    /// # Errors
    /// The [`Rejection`]; nothing has moved then.
    pub fn place(&mut self, seat: Seat, kind: BetKind, amount: Chips) -> Result<(), Rejection> {
        self.place_charged(seat, kind, amount).map(|_| ())
    }

    /// Whether a bet would be taken now. Costs nothing and changes nothing.
    ///
    /// # Errors
    /// The [`Rejection`] that placing it now would get.
    pub fn check_place(&self, seat: Seat, kind: BetKind, amount: Chips) -> Result<(), Rejection> {
        if !self.has_key() {
            return Err(Rejection::NoKey);
        }
        self.layout.check_place(seat, kind, amount)?;
        let wanted = self.layout.charge(seat, kind, amount);
        let have = self.ledger.stack(seat)?;
        if have < wanted {
            return Err(Rejection::Funds { have, wanted });
        }
        let bank = self.ledger.bank();
        match self.layout.exposure_with(seat, kind, amount) {
            Some(owed) if owed > bank => Err(Rejection::Bank { bank, owed }),
            Some(_) => Ok(()),
            None => Err(Rejection::Bank {
                bank,
                owed: Chips::MAX,
            }),
        }
    }

    /// Whether the chips on the layout are those in escrow, and the bank can pay all that could be due.
    #[must_use]
    pub fn books_agree(&self) -> bool {
        let mut seats = self.all_seats();
        seats.all(|seat| self.ledger.escrow(seat) == Ok(self.layout.stake_of(seat)))
            && self.layout.exposure() <= self.ledger.bank()
            && self.ledger.check_conservation().is_ok()
    }

    pub(super) fn place_bet(
        &mut self,
        seat: Seat,
        number: u64,
        kind: BetKind,
        amount: Chips,
    ) -> Result<Vec<Outcome>, Rejection> {
        let charged = self.place_charged(seat, kind, amount)?;
        Ok(vec![Outcome::BetPlaced {
            seat,
            number,
            kind,
            amount,
            vig: charged.saturating_sub(amount),
        }])
    }

    /// Takes chips off a bet. On a clone: what a player's plan would come to.
    ///
    /// # Errors
    /// The [`Rejection`]; nothing has changed then.
    pub fn reduce_bet(
        &mut self,
        seat: Seat,
        kind: BetKind,
        by: Chips,
    ) -> Result<Vec<Outcome>, Rejection> {
        let reduced = self.layout.reduce(seat, kind, by)?;
        let mut outcomes = Vec::new();
        for (kind, amount) in reduced.returned {
            self.ledger.give_back(seat, amount)?;
            outcomes.push(Outcome::BetReturned { seat, kind, amount });
        }
        Ok(outcomes)
    }

    /// Takes a bet down, its odds with it. On a clone, as above.
    ///
    /// # Errors
    /// The [`Rejection`]; nothing has changed then.
    pub fn remove_bet(&mut self, seat: Seat, kind: BetKind) -> Result<Vec<Outcome>, Rejection> {
        let amount = self.layout.bet(seat, kind).map_or(0, |bet| bet.amount);
        self.reduce_bet(seat, kind, amount)
    }

    /// Calls a bet on or off. On a clone, as above.
    ///
    /// # Errors
    /// The [`Rejection`]; nothing has changed then.
    pub fn set_working(
        &mut self,
        seat: Seat,
        kind: BetKind,
        on: bool,
    ) -> Result<Vec<Outcome>, Rejection> {
        self.layout.set_working(seat, kind, on)?;
        Ok(vec![Outcome::WorkingSet { seat, kind, on }])
    }

    /// Places a bet and says how many chips left the stack for it.
    fn place_charged(
        &mut self,
        seat: Seat,
        kind: BetKind,
        amount: Chips,
    ) -> Result<Chips, Rejection> {
        self.check_place(seat, kind, amount)?;
        let charged = self.layout.charge(seat, kind, amount);
        self.ledger.place(seat, charged)?;
        // Checked a moment ago against the same layout.
        self.layout.place(seat, kind, amount)?;
        Ok(charged)
    }
}
