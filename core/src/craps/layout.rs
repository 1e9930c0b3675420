//! The layout: the puck, every standing bet, and what side bets remember.

use std::collections::BTreeMap;

use crate::crypto::Seat;

use super::bet::{Bet, BetKind, Chips};
use super::catalogue::{self, Window, Working};
use super::dice::Phase;
use super::exposure::Liability;
use super::rules::Rules;
use super::settle::{Line, LineResult, Settlement};
use super::trackers::Trackers;

/// The phase and all bets of all seats under one table's rules; starts empty, on the come-out of a new hand.
///
/// Getters and [`resolve`](Self::resolve) change nothing; [`place`](Self::place),
/// [`reduce`](Self::reduce) and [`set_working`](Self::set_working) are what seats ask for;
/// [`apply`](Self::apply) is what a roll does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    pub(super) rules: Rules,
    pub(super) phase: Phase,
    pub(super) trackers: Trackers,
    pub(super) bets: BTreeMap<(Seat, BetKind), Bet>,
    pub(super) liability: Liability,
}

impl Layout {
    /// An empty layout on the come-out.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            phase: Phase::ComeOut,
            trackers: Trackers::default(),
            bets: BTreeMap::new(),
            liability: Liability::NONE,
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
        self.take_down_one_roll(&settlement.lines);
        for line in &settlement.lines {
            let stands = self.bet(line.seat, line.kind);
            let Some(amount) = stands
                .map(|bet| bet.amount)
                .filter(|amount| self.rules.held(line.kind, *amount) == line.stake)
            else {
                continue;
            };
            match line.result {
                LineResult::Push | LineResult::Win { stays: true, .. } => {}
                LineResult::Win { stays: false, .. } | LineResult::Lose | LineResult::Returned => {
                    self.set_amount(line.seat, line.kind, 0);
                }
                // The new place is vacant: a bet that stood there was decided by this same roll, earlier in the
                // order of settlement.
                LineResult::Travels { to } if self.bet(line.seat, to).is_none() => {
                    self.set_amount(line.seat, line.kind, 0);
                    self.set_amount(line.seat, to, amount);
                }
                LineResult::Travels { .. } => {}
            }
        }
        self.phase = settlement.phase_after;
        self.trackers = settlement.trackers_after;
    }

    /// Takes down the bets on one roll that are decided, which is nearly half of a full layout. Lines and bets are in
    /// one order, so that one walk over both does it.
    fn take_down_one_roll(&mut self, lines: &[Line]) {
        let decided = lines.split(|line| !line.kind.is_one_roll()).next();
        let mut decided = decided.unwrap_or(&[]).iter().peekable();
        let mut left = false;
        self.bets.retain(|key, bet| {
            if !key.1.is_one_roll() {
                return true;
            }
            while decided
                .next_if(|line| (line.seat, line.kind) < *key)
                .is_some()
            {}
            let fits =
                |line: &&Line| (line.seat, line.kind, line.stake) == (key.0, key.1, bet.amount);
            let stays = !decided.peek().is_some_and(fits);
            left |= stays;
            stays
        });
        if left {
            self.recount();
        } else {
            self.liability.clear_one_roll();
        }
    }

    /// Sets the amount of a seat's bet, 0 to take it down, and keeps the books of the bank's liability.
    pub(super) fn set_amount(&mut self, seat: Seat, kind: BetKind, amount: Chips) {
        let number = self.paid_on(kind);
        let before = self.bet(seat, kind).copied();
        if let Some(bet) = before {
            self.liability.remove(kind, bet.amount, number, &self.rules);
        }
        if amount == 0 {
            self.bets.remove(&(seat, kind));
            return;
        }
        self.liability.add(kind, amount, number, &self.rules);
        let working = before.and_then(|bet| bet.working);
        self.bets.insert((seat, kind), Bet { amount, working });
    }

    /// Takes every bet of a seat off the layout, contract bets too: its player has lost them.
    pub fn forfeit(&mut self, seat: Seat) {
        let kinds: Vec<BetKind> = self.bets_of(seat).map(|(kind, _)| kind).collect();
        for kind in kinds {
            self.set_amount(seat, kind, 0);
        }
    }

    /// The rules that hold here.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether a point is set, and which.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What side bets remember.
    #[must_use]
    pub const fn trackers(&self) -> &Trackers {
        &self.trackers
    }

    /// Every bet, by seat, then by kind.
    pub fn bets(&self) -> impl Iterator<Item = (Seat, BetKind, &Bet)> {
        self.bets
            .iter()
            .map(|(&(seat, kind), bet)| (seat, kind, bet))
    }

    /// The bets of one seat, by kind.
    pub fn bets_of(&self, seat: Seat) -> impl Iterator<Item = (BetKind, &Bet)> {
        self.bets
            .range((seat, BetKind::PassLine)..)
            .take_while(move |((owner, _), _)| *owner == seat)
            .map(|(&(_, kind), bet)| (kind, bet))
    }

    /// The seat's bet of this kind, if it stands.
    #[must_use]
    pub fn bet(&self, seat: Seat, kind: BetKind) -> Option<&Bet> {
        self.bets.get(&(seat, kind))
    }

    /// The chips that the seat's bet of this kind holds in escrow; 0 if it does not stand.
    #[must_use]
    pub fn held(&self, seat: Seat, kind: BetKind) -> Chips {
        self.bet(seat, kind)
            .map_or(0, |bet| self.rules.held(kind, bet.amount))
    }

    /// All chips that the seat has in escrow.
    #[must_use]
    pub fn stake_of(&self, seat: Seat) -> Chips {
        self.bets_of(seat)
            .try_fold(0, |sum: Chips, (kind, bet)| {
                sum.checked_add(self.rules.held(kind, bet.amount))
            })
            .expect("one bet of each kind, each at most STAKE_MAX, sums within 64 bits")
    }

    /// Whether the seat has a pass or a don't pass bet of the table's minimum, as a shooter must.
    #[must_use]
    pub fn has_line_bet(&self, seat: Seat) -> bool {
        let least = self.rules.bet_min;
        [BetKind::PassLine, BetKind::DontPass]
            .into_iter()
            .filter_map(|kind| self.bet(seat, kind))
            .any(|bet| bet.amount >= least)
    }

    /// Whether bets with this window are open now.
    #[must_use]
    pub fn is_open(&self, window: Window) -> bool {
        match window {
            Window::Always => true,
            Window::ComeOut => self.phase == Phase::ComeOut,
            Window::Point => self.phase != Phase::ComeOut,
            Window::HandStart => !self.trackers.has_rolled(),
            Window::ClearBoard => self.trackers.board_is_clear(),
            Window::Never => false,
        }
    }

    /// Whether the seat's bet takes part in the next roll: its call, else the house's default.
    /// `None` if there is no such bet.
    #[must_use]
    pub fn is_working(&self, seat: Seat, kind: BetKind) -> Option<bool> {
        self.bet(seat, kind)
            .map(|bet| is_working(&self.rules, kind, bet, self.phase))
    }

    /// The most that the bank can have to pay for the bets as they stand, each won once. It is an upper bound:
    /// the greatest of the 21 pairs for bets on one roll, and every other bet's greatest profit.
    ///
    /// A winner that stays up can win again from a bank that has already paid it, so the
    /// bound must be compared with the bank after every roll as well as before every bet. Taking
    /// down the roll's staying winners always restores it.
    #[must_use]
    pub fn exposure(&self) -> Chips {
        self.liability.total()
    }

    /// The [`exposure`](Self::exposure) as if `amount` were added to the seat's bet of this kind.
    ///
    /// It does not ask whether the bet is allowed. `None` if the bet would stand above any limit, or for odds on
    /// the line while no point is set; both mean that the bank cannot vouch for the bet.
    #[must_use]
    pub fn exposure_with(&self, seat: Seat, kind: BetKind, amount: Chips) -> Option<Chips> {
        let standing = self.bet(seat, kind).map_or(0, |bet| bet.amount);
        let total = standing.checked_add(amount)?;
        let number = self.paid_on(kind);
        let needs_point = matches!(kind, BetKind::PassOdds | BetKind::DontPassOdds);
        if total > super::STAKE_MAX || needs_point && number.is_none() {
            return None;
        }
        let mut liability = self.liability.clone();
        if standing > 0 {
            liability.remove(kind, standing, number, &self.rules);
        }
        liability.add(kind, total, number, &self.rules);
        Some(liability.total())
    }

    /// The number whose rate a bet is paid at: its own, else the point.
    pub(super) fn paid_on(&self, kind: BetKind) -> Option<super::BoxNumber> {
        kind.number().or_else(|| self.phase.point())
    }

    /// Adds up the bank's liability anew.
    pub(super) fn recount(&mut self) {
        let mut liability = Liability::NONE;
        for (_, kind, bet) in self.bets() {
            liability.add(kind, bet.amount, self.paid_on(kind), &self.rules);
        }
        self.liability = liability;
    }
}

/// Whether a bet takes part in a roll made in `phase`.
pub(super) fn is_working(rules: &Rules, kind: BetKind, bet: &Bet, phase: Phase) -> bool {
    let rests = match catalogue::entry(kind).working {
        Working::Always => return true,
        Working::UnlessCalledOff => false,
        Working::RestsAtComeOut | Working::ReturnsAtComeOut => true,
        Working::AsTheHouseSays => rules.hardways_rest,
    };
    bet.working.unwrap_or(!rests || phase != Phase::ComeOut)
}
