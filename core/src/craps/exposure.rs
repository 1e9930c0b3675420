//! What the bank may have to pay: a bound that holds whatever the dice show, kept up to date bet by bet.
//!
//! Bets on one roll: for each of the 21 pairs the sum of what wins on it, and of these the greatest. Bets that last:
//! each one's greatest profit, all added up, as if they could all win. Losing stakes are not counted against it,
//! because a winner may be paid before a loser is collected. A bet's share never grows while it stands: rates are
//! fixed when it is made, and travelling keeps them.

use super::bet::{BetKind, Chips};
use super::catalogue;
use super::dice::BoxNumber;
use super::numbers::Pair;
use super::payout::{self, Pays, Ratio};
use super::rules::{RidePays, Rules};
use super::verdict::one_roll_rate;

/// Every sum here is below 2⁵⁹ (see [`STAKE_MAX`](super::STAKE_MAX)).
const FITS: &str = "STAKE_MAX keeps every sum over a table's bets in 64 bits";

/// What could be due for the bets of one table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Liability {
    /// By pair: what bets on one roll win on it.
    one_roll: [Chips; Pair::COUNT],
    /// How many bets on one roll stand.
    one_roll_bets: usize,
    /// The greatest profits of all other bets.
    lasting: Chips,
}

impl Liability {
    pub(super) const NONE: Self = Self {
        one_roll: [0; Pair::COUNT],
        one_roll_bets: 0,
        lasting: 0,
    };

    /// A bet of `amount` chips, paid on `number` if it is paid on one, now stands.
    pub(super) fn add(
        &mut self,
        kind: BetKind,
        amount: Chips,
        number: Option<BoxNumber>,
        rules: &Rules,
    ) {
        if kind.is_one_roll() {
            self.one_roll_bets += 1;
            for (sum, profit) in self.one_roll.iter_mut().zip(by_pair(kind, amount, rules)) {
                *sum = sum.checked_add(profit).expect(FITS);
            }
        } else {
            let profit = lasting(kind, amount, number, rules);
            self.lasting = self.lasting.checked_add(profit).expect(FITS);
        }
    }

    /// A bet that was added with the same arguments stands no more.
    pub(super) fn remove(
        &mut self,
        kind: BetKind,
        amount: Chips,
        number: Option<BoxNumber>,
        rules: &Rules,
    ) {
        if kind.is_one_roll() {
            self.one_roll_bets = self.one_roll_bets.saturating_sub(1);
            if self.one_roll_bets == 0 {
                self.one_roll = Self::NONE.one_roll;
                return;
            }
            for (sum, profit) in self.one_roll.iter_mut().zip(by_pair(kind, amount, rules)) {
                *sum = sum.saturating_sub(profit);
            }
        } else {
            self.lasting = self
                .lasting
                .saturating_sub(lasting(kind, amount, number, rules));
        }
    }

    /// The bets on one roll are decided, all of them.
    pub(super) const fn clear_one_roll(&mut self) {
        self.one_roll = Self::NONE.one_roll;
        self.one_roll_bets = 0;
    }

    /// The most that the bank may have to pay.
    pub(super) fn total(&self) -> Chips {
        let one_roll = self.one_roll.iter().copied().max().unwrap_or(0);
        one_roll.checked_add(self.lasting).expect(FITS)
    }
}

fn by_pair(kind: BetKind, amount: Chips, rules: &Rules) -> impl Iterator<Item = Chips> {
    Pair::ALL.into_iter().map(move |pair| {
        let rate = one_roll_rate(kind, pair, rules);
        rate.map_or(0, |rate| rate.profit(amount).expect(FITS))
    })
}

/// The most that a bet which lasts can ever win at once.
fn lasting(kind: BetKind, amount: Chips, number: Option<BoxNumber>, rules: &Rules) -> Chips {
    let rate = payout::rate(kind, catalogue::entry(kind).pays, number, rules);
    let profit = rate
        .unwrap_or_else(|| top_of_ladder(kind, rules))
        .profit(amount);
    // What is charged of a win never comes out of the bank.
    profit
        .expect(FITS)
        .saturating_sub(rules.commission(kind, amount))
}

/// The best rate that a bet of this kind can win at. Of odds on the line, on their dearest number.
pub(super) fn best_rate(kind: BetKind, rules: &Rules) -> Ratio {
    if kind.is_one_roll() {
        // The rates of one bet have one denominator.
        let rates = Pair::ALL
            .into_iter()
            .filter_map(|pair| one_roll_rate(kind, pair, rules));
        return rates.max().unwrap_or(Ratio::new(1, 1));
    }
    let pays = catalogue::entry(kind).pays;
    let number = kind.number();
    payout::rate(kind, pays, number, rules).unwrap_or_else(|| top_of_ladder(kind, rules))
}

fn top_of_ladder(kind: BetKind, rules: &Rules) -> Ratio {
    let top = match catalogue::entry(kind).pays {
        Pays::Fire => payout::fire(BoxNumber::ALL.len(), rules.fire),
        Pays::Ride => rules.ride.table()[usize::from(RidePays::WINS_MAX)].unwrap_or(0),
        Pays::Replay => payout::replay(BoxNumber::Four, 4),
        Pays::Doubles => payout::doubles(6),
        Pays::Muggsy => 3,
        // Odds on the line without a point cannot stand. Twice the stake is the most that any odds win.
        _ => 2,
    };
    Ratio::new(top, 1)
}
