//! What seats may do between rolls: place, reduce, take down, call on or off.

use crate::crypto::Seat;

use super::bet::{Bet, BetKind, Chips, Window, stake_multiple};
use super::catalogue;
use super::dice::Phase;
use super::entry::{Removal, Working};
use super::layout::Layout;
use super::refusal::Refusal;
use super::rules::{Bounds, Rules};

/// What came down, to be given back to the seat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reduced {
    /// The chips of each bet that came down: the bet that was named, then its odds if they had to
    /// follow it.
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
    pub fn place(
        &mut self,
        rules: &Rules,
        seat: Seat,
        kind: BetKind,
        amount: Chips,
    ) -> Result<(), Refusal> {
        let total = self.total_with(rules, seat, kind, amount)?;
        self.bets
            .entry((seat, kind))
            .or_insert(Bet {
                amount: 0,
                working: None,
            })
            .amount = total;
        Ok(())
    }

    /// Takes `by` chips off the seat's bet; all of them take it down, and its odds with it.
    ///
    /// # Errors
    ///
    /// As [`check_reduce`](Self::check_reduce); then nothing has changed.
    pub fn reduce(
        &mut self,
        rules: &Rules,
        seat: Seat,
        kind: BetKind,
        by: Chips,
    ) -> Result<Reduced, Refusal> {
        let reduced = self.check_reduce(rules, seat, kind, by)?;
        for &(kind, chips) in &reduced.returned {
            let left = self
                .bet(seat, kind)
                .and_then(|bet| bet.amount.checked_sub(chips));
            match (left, self.bets.get_mut(&(seat, kind))) {
                (Some(left), Some(bet)) if left > 0 => bet.amount = left,
                _ => drop(self.bets.remove(&(seat, kind))),
            }
        }
        Ok(reduced)
    }

    /// Calls a place bet or come odds on or off, until called otherwise or decided.
    ///
    /// # Errors
    ///
    /// [`Refusal::CannotToggle`] for a bet that is always on, [`Refusal::NoSuchBet`] if it does
    /// not stand.
    pub fn set_working(&mut self, seat: Seat, kind: BetKind, on: bool) -> Result<(), Refusal> {
        if catalogue::entry(kind).working == Working::Always {
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
    pub fn check_place(
        &self,
        rules: &Rules,
        seat: Seat,
        kind: BetKind,
        amount: Chips,
    ) -> Result<(), Refusal> {
        self.total_with(rules, seat, kind, amount).map(|_| ())
    }

    /// What [`reduce`](Self::reduce) would give back.
    ///
    /// # Errors
    ///
    /// The first rule that is broken: the bet stands, it holds `by` chips (at least 1), it is not
    /// a contract, what is left keeps minimum and multiple, and its odds stay within their limit.
    pub fn check_reduce(
        &self,
        rules: &Rules,
        seat: Seat,
        kind: BetKind,
        by: Chips,
    ) -> Result<Reduced, Refusal> {
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
        let mut returned = vec![(kind, by)];
        if left > 0 {
            let bounds = self.bounds(rules, seat, kind)?;
            check_lower(&bounds, left)?;
        }
        if let Some((odds, amount)) = self.odds_behind(seat, kind) {
            if left == 0 {
                // Odds cannot stand alone; a don't pass bet that is given up takes them along.
                returned.push((odds, amount));
            } else {
                self.check_odds(rules, odds, left, amount)?;
            }
        }
        Ok(Reduced { returned })
    }

    /// The bet's amount after `amount` more, if every rule allows it.
    fn total_with(
        &self,
        rules: &Rules,
        seat: Seat,
        kind: BetKind,
        amount: Chips,
    ) -> Result<Chips, Refusal> {
        let standing = self.bet(seat, kind).map_or(0, |bet| bet.amount);
        self.check_window(kind, standing > 0)?;
        let bounds = self.bounds(rules, seat, kind)?;
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
        match kind.window() {
            Window::Never => Err(Refusal::NotPlaceable { kind }),
            window if window.is_open(self.phase) => Ok(()),
            _ if stands => Err(Refusal::CannotIncrease { kind }),
            opens => Err(Refusal::WrongPhase { kind, opens }),
        }
    }

    /// A contract binds the line once the point is set, and a come bet once it has travelled.
    fn may_come_down(&self, kind: BetKind) -> bool {
        match catalogue::entry(kind).removal {
            Removal::Always => true,
            Removal::ComeOut => self.phase == Phase::ComeOut,
            Removal::Never => false,
        }
    }

    /// The amounts that this bet may have now.
    fn bounds(&self, rules: &Rules, seat: Seat, kind: BetKind) -> Result<Bounds, Refusal> {
        match kind.flat() {
            Some(needs) => {
                let flat = self
                    .bet(seat, needs)
                    .ok_or(Refusal::NoFlatBet { needs })?
                    .amount;
                self.odds_bounds(rules, kind, flat)
            }
            None => {
                let unit = stake_multiple(kind, self.phase);
                unit.map(|unit| rules.flat_bounds(unit))
                    .ok_or_else(|| self.wrong_phase(kind))
            }
        }
    }

    fn odds_bounds(&self, rules: &Rules, odds: BetKind, flat: Chips) -> Result<Bounds, Refusal> {
        let number = odds.paid_on(self.phase);
        rules
            .odds_bounds(odds, number, flat)
            .ok_or_else(|| self.wrong_phase(odds))
    }

    fn odds_behind(&self, seat: Seat, flat: BetKind) -> Option<(BetKind, Chips)> {
        let odds = flat.odds()?;
        self.bet(seat, odds).map(|bet| (odds, bet.amount))
    }

    fn check_odds(
        &self,
        rules: &Rules,
        odds: BetKind,
        flat: Chips,
        amount: Chips,
    ) -> Result<(), Refusal> {
        let bounds = self.odds_bounds(rules, odds, flat)?;
        if amount > bounds.max {
            Err(above(odds, &bounds))
        } else {
            Ok(())
        }
    }

    fn wrong_phase(&self, kind: BetKind) -> Refusal {
        Refusal::WrongPhase {
            kind,
            opens: kind.window(),
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
