//! The layout: the puck and every standing bet.

use std::collections::BTreeMap;

use crate::crypto::Seat;

use super::bet::{Bet, BetKind, Chips};
use super::catalogue;
use super::dice::Phase;
use super::entry::Working;
use super::rules::Rules;
use super::settle::{LineResult, Settlement};

/// The phase and all bets of all seats; starts empty, on the come-out.
///
/// Getters and [`resolve`](Self::resolve) change nothing; [`place`](Self::place),
/// [`reduce`](Self::reduce) and [`set_working`](Self::set_working) are what seats ask for;
/// [`apply`](Self::apply) is what a roll does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    pub(super) phase: Phase,
    pub(super) bets: BTreeMap<(Seat, BetKind), Bet>,
}

impl Default for Layout {
    fn default() -> Self {
        Self::new()
    }
}

impl Layout {
    /// An empty layout on the come-out.
    pub fn new() -> Self {
        Self {
            phase: Phase::ComeOut,
            bets: BTreeMap::new(),
        }
    }

    /// Takes down, moves or leaves every bet as `settlement` says and turns the phase.
    ///
    /// The settlement must come from [`resolve`](Self::resolve) on this very layout. One that was
    /// made in another phase changes nothing, and a line that fits no standing bet is skipped.
    pub fn apply(&mut self, settlement: &Settlement) {
        if settlement.phase_before != self.phase {
            return;
        }
        for line in &settlement.lines {
            let key = (line.seat, line.kind);
            if self
                .bets
                .get(&key)
                .is_none_or(|bet| bet.amount != line.stake)
            {
                continue;
            }
            match line.result {
                LineResult::Push | LineResult::Win { stays: true, .. } => {}
                LineResult::Win { stays: false, .. } | LineResult::Lose | LineResult::Returned => {
                    self.bets.remove(&key);
                }
                LineResult::Travels { to } => {
                    // The number is vacant: a bet that stood there was decided by this same roll,
                    // earlier in the order of settlement.
                    if let Some(kind) = line.kind.travelled(to)
                        && self.bet(line.seat, kind).is_none()
                    {
                        self.bets.remove(&key);
                        let bet = Bet {
                            amount: line.stake,
                            working: None,
                        };
                        self.bets.insert((line.seat, kind), bet);
                    }
                }
            }
        }
        self.phase = settlement.phase_after;
    }

    /// Whether a point is set, and which.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Every bet, by seat, then by kind.
    pub fn bets(&self) -> impl Iterator<Item = (Seat, BetKind, &Bet)> {
        self.bets
            .iter()
            .map(|(&(seat, kind), bet)| (seat, kind, bet))
    }

    /// The seat's bet of this kind, if it stands.
    pub fn bet(&self, seat: Seat, kind: BetKind) -> Option<&Bet> {
        self.bets.get(&(seat, kind))
    }

    /// All chips that the seat has on the layout.
    pub fn stake_of(&self, seat: Seat) -> Chips {
        self.bets()
            .filter(|(owner, ..)| *owner == seat)
            .try_fold(0, |sum: Chips, (_, _, bet)| sum.checked_add(bet.amount))
            .expect("one bet of each kind, each at most STAKE_MAX, sums within 64 bits")
    }

    /// Whether the seat has a pass or a don't pass bet, as a shooter must.
    pub fn has_line_bet(&self, seat: Seat) -> bool {
        [BetKind::PassLine, BetKind::DontPass]
            .into_iter()
            .any(|kind| self.bet(seat, kind).is_some())
    }

    /// Whether the seat's bet takes part in the next roll: its call, else the house's default.
    /// `None` if there is no such bet.
    pub fn is_working(&self, seat: Seat, kind: BetKind) -> Option<bool> {
        self.bet(seat, kind)
            .map(|bet| is_working(kind, bet, self.phase))
    }

    /// The most that the bank can have to pay for the bets as they stand, each won once: the sum
    /// of every bet's greatest profit. It is an upper bound, because not all can win together.
    /// `None` if the sum does not fit 64 bits.
    ///
    /// A winner that stays up (place) can win again from a bank that has already paid it, so the
    /// bound must be compared with the bank after every roll as well as before every bet. Taking
    /// down the roll's staying winners always restores it.
    pub fn exposure(&self, rules: &Rules) -> Option<Chips> {
        self.exposure_except(rules, None)
    }

    /// The [`exposure`](Self::exposure) as if `amount` were added to the seat's bet of this kind.
    ///
    /// It does not ask whether the bet is allowed. `None` if a sum does not fit 64 bits, or for
    /// odds on the line while no point is set; both mean that the bank cannot vouch for the bet.
    pub fn exposure_with(
        &self,
        rules: &Rules,
        seat: Seat,
        kind: BetKind,
        amount: Chips,
    ) -> Option<Chips> {
        let standing = self.bet(seat, kind).map_or(0, |bet| bet.amount);
        let profit = self.greatest_profit(rules, kind, standing.checked_add(amount)?)?;
        self.exposure_except(rules, Some((seat, kind)))?
            .checked_add(profit)
    }

    fn exposure_except(&self, rules: &Rules, left_out: Option<(Seat, BetKind)>) -> Option<Chips> {
        self.bets()
            .filter(|(seat, kind, _)| Some((*seat, *kind)) != left_out)
            .try_fold(0, |sum: Chips, (_, kind, bet)| {
                sum.checked_add(self.greatest_profit(rules, kind, bet.amount)?)
            })
    }

    fn greatest_profit(&self, rules: &Rules, kind: BetKind, amount: Chips) -> Option<Chips> {
        let number = kind.paid_on(self.phase);
        catalogue::entry(kind)
            .pays
            .greatest(number, rules)?
            .profit(amount)
    }
}

/// Whether a bet takes part in a roll made in `phase`.
pub(super) fn is_working(kind: BetKind, bet: &Bet, phase: Phase) -> bool {
    match catalogue::entry(kind).working {
        Working::Always => true,
        Working::RestsAtComeOut | Working::ReturnsAtComeOut => {
            bet.working.unwrap_or(phase != Phase::ComeOut)
        }
    }
}
