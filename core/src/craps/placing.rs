//! What seats may do between rolls: place, reduce, take down, call on or off.

use crate::crypto::Seat;

use super::bet::{BetKind, Chips};
use super::catalogue::{self, Removal, Window};
use super::layout::Layout;
use super::refusal::Refusal;
use super::rules::Bounds;

/// What came down, to be given back to the seat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reduced {
    /// The chips of each bet that came down, a commission held with them included: the bet that was named, then its
    /// odds if they had to follow it.
    pub returned: Vec<(BetKind, Chips)>,
}

impl Layout {
    /// Adds `amount` chips to the seat's bet of this kind, or makes the bet.
    ///
    /// A call of on or off that the bet already carries is kept.
    ///
    /// # Errors
    ///
    /// As [`check_place`](Self::check_place); then nothing has changed.
    pub fn place(&mut self, seat: Seat, kind: BetKind, amount: Chips) -> Result<(), Refusal> {
        let total = self.total_with(seat, kind, amount)?;
        self.set_amount(seat, kind, total);
        Ok(())
    }

    /// Takes `by` chips off the seat's bet; all of them take it down, and its odds with it.
    ///
    /// # Errors
    ///
    /// As [`check_reduce`](Self::check_reduce); then nothing has changed.
    pub fn reduce(&mut self, seat: Seat, kind: BetKind, by: Chips) -> Result<Reduced, Refusal> {
        let reduced = self.check_reduce(seat, kind, by)?;
        let left = self
            .bet(seat, kind)
            .map_or(0, |bet| bet.amount.saturating_sub(by));
        for &(other, _) in &reduced.returned {
            self.set_amount(seat, other, if other == kind { left } else { 0 });
        }
        Ok(reduced)
    }

    /// Calls a bet that the house lets rest on or off, until called otherwise or decided.
    ///
    /// # Errors
    ///
    /// [`Refusal::CannotToggle`] for a bet that is always on, [`Refusal::NoSuchBet`] if it does
    /// not stand.
    pub fn set_working(&mut self, seat: Seat, kind: BetKind, on: bool) -> Result<(), Refusal> {
        if !kind.can_be_called() {
            return Err(Refusal::CannotToggle { kind });
        }
        let bet = self
            .bets
            .get_mut(&(seat, kind))
            .ok_or(Refusal::NoSuchBet { kind })?;
        bet.working = Some(on);
        Ok(())
    }

    /// Whether [`place`](Self::place) would accept these `amount` chips.
    ///
    /// Limits are on the whole bet as it would stand. The seat's stack and the bank's balance are
    /// not asked here.
    ///
    /// # Errors
    ///
    /// The first rule that is broken: window, flat bet for odds, least and greatest amount,
    /// multiple.
    pub fn check_place(&self, seat: Seat, kind: BetKind, amount: Chips) -> Result<(), Refusal> {
        self.total_with(seat, kind, amount).map(|_| ())
    }

    /// What [`reduce`](Self::reduce) would give back.
    ///
    /// # Errors
    ///
    /// The first rule that is broken: the bet stands, it holds `by` chips (at least 1), it is not
    /// a contract, what is left keeps minimum and multiple, and its odds stay within their limit.
    pub fn check_reduce(&self, seat: Seat, kind: BetKind, by: Chips) -> Result<Reduced, Refusal> {
        let stake = self
            .bet(seat, kind)
            .ok_or(Refusal::NoSuchBet { kind })?
            .amount;
        if by == 0 {
            return Err(Refusal::BelowMinimum { min: 1 });
        }
        let left = stake
            .checked_sub(by)
            .ok_or(Refusal::MoreThanStake { stake })?;
        if !self.may_come_down(kind) {
            return Err(Refusal::Contract { kind });
        }
        let held = self.rules.held(kind, stake);
        let kept = if left > 0 {
            self.rules.held(kind, left)
        } else {
            0
        };
        let mut returned = vec![(kind, held.saturating_sub(kept))];
        if left > 0 {
            let bounds = self.bounds(seat, kind)?;
            check_lower(&bounds, left)?;
        }
        if let Some((odds, amount)) = self.odds_behind(seat, kind) {
            if left == 0 {
                // Odds cannot stand alone; a don't pass bet that is given up takes them along.
                returned.push((odds, amount));
            } else {
                self.check_odds(odds, left, amount)?;
            }
        }
        Ok(Reduced { returned })
    }

    /// The chips that placing `amount` more takes from the stack: those, and what commission is held with them.
    #[must_use]
    pub fn charge(&self, seat: Seat, kind: BetKind, amount: Chips) -> Chips {
        let standing = self.bet(seat, kind).map_or(0, |bet| bet.amount);
        let before = self.held(seat, kind);
        let after = self.rules.held(kind, standing.saturating_add(amount));
        after.saturating_sub(before)
    }

    /// The amounts that the seat's bet of this kind may have now.
    ///
    /// # Errors
    /// [`Refusal::NoFlatBet`] for odds without it, [`Refusal::WrongPhase`] for odds on the line without a point.
    pub fn bounds(&self, seat: Seat, kind: BetKind) -> Result<Bounds, Refusal> {
        match kind.flat() {
            Some(needs) => {
                let flat = self
                    .bet(seat, needs)
                    .ok_or(Refusal::NoFlatBet { needs })?
                    .amount;
                self.odds_bounds(kind, flat)
            }
            None => self
                .rules
                .bounds(kind)
                .ok_or_else(|| self.wrong_phase(kind)),
        }
    }

    /// The bet's amount after `amount` more, if every rule allows it.
    fn total_with(&self, seat: Seat, kind: BetKind, amount: Chips) -> Result<Chips, Refusal> {
        let standing = self.bet(seat, kind).map_or(0, |bet| bet.amount);
        self.check_window(kind, standing > 0)?;
        let bounds = self.bounds(seat, kind)?;
        if amount == 0 {
            return Err(Refusal::BelowMinimum { min: bounds.min });
        }
        let total = standing
            .checked_add(amount)
            .filter(|total| *total <= bounds.max);
        let Some(total) = total else {
            return Err(above(kind, &bounds));
        };
        check_lower(&bounds, total)?;
        Ok(total)
    }

    fn check_window(&self, kind: BetKind, stands: bool) -> Result<(), Refusal> {
        match self.rules.window(kind) {
            Window::Never => Err(Refusal::NotPlaceable { kind }),
            window if self.is_open(window) => Ok(()),
            _ if stands => Err(Refusal::CannotIncrease { kind }),
            opens => Err(Refusal::WrongPhase { kind, opens }),
        }
    }

    /// A contract binds the line once the point is set, a come bet once it has travelled, a side bet once there was
    /// a roll.
    #[must_use]
    pub fn may_come_down(&self, kind: BetKind) -> bool {
        match catalogue::entry(kind).removal {
            Removal::Always => true,
            Removal::WhileOpen => self.is_open(kind.window()),
            Removal::Never => false,
        }
    }

    fn odds_bounds(&self, odds: BetKind, flat: Chips) -> Result<Bounds, Refusal> {
        self.paid_on(odds)
            .and_then(|number| self.rules.odds_bounds(odds, number, flat))
            .ok_or_else(|| self.wrong_phase(odds))
    }

    fn odds_behind(&self, seat: Seat, flat: BetKind) -> Option<(BetKind, Chips)> {
        let odds = flat.odds()?;
        self.bet(seat, odds).map(|bet| (odds, bet.amount))
    }

    fn check_odds(&self, odds: BetKind, flat: Chips, amount: Chips) -> Result<(), Refusal> {
        let bounds = self.odds_bounds(odds, flat)?;
        if amount > bounds.max {
            Err(above(odds, &bounds))
        } else {
            Ok(())
        }
    }

    fn wrong_phase(&self, kind: BetKind) -> Refusal {
        Refusal::WrongPhase {
            kind,
            opens: self.rules.window(kind),
        }
    }
}

fn check_lower(bounds: &Bounds, total: Chips) -> Result<(), Refusal> {
    if total < bounds.min {
        return Err(Refusal::BelowMinimum { min: bounds.min });
    }
    if !total.is_multiple_of(bounds.unit) {
        return Err(Refusal::NotAMultiple { of: bounds.unit });
    }
    Ok(())
}

fn above(kind: BetKind, bounds: &Bounds) -> Refusal {
    let max = bounds.max;
    if kind.flat().is_some() {
        Refusal::OddsAboveLimit { max }
    } else {
        Refusal::AboveMaximum { max }
    }
}
