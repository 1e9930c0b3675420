//! What one roll does to every bet, in the fixed order of craps.md B1.

use crate::crypto::Seat;

use super::bet::{Bet, BetKind, Chips};
use super::catalogue;
use super::dice::{BoxNumber, Phase, Roll};
use super::entry::{Step, Working};
use super::layout::{Layout, is_working};
use super::rules::Rules;

/// Everything that one roll does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settlement {
    /// The roll.
    pub roll: Roll,
    /// The phase in which it was made.
    pub phase_before: Phase,
    /// The phase that it leaves.
    pub phase_after: Phase,
    /// Whether it was the point; the same shooter comes out again.
    pub point_made: bool,
    /// Whether it was a seven while a point was set, which ends the hand. A seven on the come-out
    /// is not one.
    pub seven_out: bool,
    /// One line for each bet to which something happened, in the order of settlement, within one
    /// step by seat and kind.
    pub lines: Vec<Line>,
}

/// What happened to one bet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Whose bet.
    pub seat: Seat,
    /// Which bet, as it stood before the roll.
    pub kind: BetKind,
    /// Its amount in chips.
    pub stake: Chips,
    /// Its fate.
    pub result: LineResult,
}

/// The fate of one bet on one roll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineResult {
    /// Won.
    Win {
        /// The chips that the bank pays, besides the stake.
        profit: Chips,
        /// Whether the stake stays up for the next roll; otherwise it goes back to the seat.
        stays: bool,
    },
    /// Lost: the stake goes to the bank.
    Lose,
    /// Neither; the stake stays up.
    Push,
    /// Neither; the stake goes back to the seat, because what the bet stood behind is decided
    /// while it was off.
    Returned,
    /// Moved to a number, stake and all; later rolls decide it.
    Travels {
        /// The number.
        to: BoxNumber,
    },
}

impl Layout {
    /// What `roll` does to the layout as it stands. Nothing changes until
    /// [`apply`](Self::apply).
    pub fn resolve(&self, rules: &Rules, roll: Roll) -> Settlement {
        let before = self.phase();
        let after = before.after(roll.total());
        let mut lines = Vec::new();
        for step in Step::ORDER {
            let turn = self
                .bets()
                .filter(|(_, kind, _)| catalogue::entry(*kind).step == step);
            lines.extend(turn.filter_map(|(seat, kind, bet)| {
                let result = result(rules, before, roll, kind, bet)?;
                Some(Line {
                    seat,
                    kind,
                    stake: bet.amount,
                    result,
                })
            }));
        }
        let decided = before != Phase::ComeOut && after == Phase::ComeOut;
        Settlement {
            roll,
            phase_before: before,
            phase_after: after,
            point_made: decided && roll.total() != 7,
            seven_out: decided && roll.total() == 7,
            lines,
        }
    }
}

/// The fate of a bet that is working.
#[derive(Clone, Copy)]
enum Verdict {
    Win,
    Lose,
    Push,
    Travel(BoxNumber),
}

fn result(rules: &Rules, phase: Phase, roll: Roll, kind: BetKind, bet: &Bet) -> Option<LineResult> {
    let verdict = verdict(kind, phase, roll)?;
    let entry = catalogue::entry(kind);
    if !is_working(kind, bet, phase) {
        return (entry.working == Working::ReturnsAtComeOut).then_some(LineResult::Returned);
    }
    Some(match verdict {
        Verdict::Win => {
            let ratio = entry.pays.on(kind.paid_on(phase), roll.total(), rules)?;
            let profit = ratio
                .profit(bet.amount)
                .expect("STAKE_MAX keeps every profit in 64 bits");
            LineResult::Win {
                profit,
                stays: entry.winner_stays,
            }
        }
        Verdict::Lose => LineResult::Lose,
        Verdict::Push => LineResult::Push,
        Verdict::Travel(to) => LineResult::Travels { to },
    })
}

/// What the roll decides for a bet, `None` if nothing.
fn verdict(kind: BetKind, phase: Phase, roll: Roll) -> Option<Verdict> {
    let total = roll.total();
    match kind {
        BetKind::PassLine => match phase {
            Phase::ComeOut => right_come_out(total),
            Phase::Point(point) => before_seven(point, total),
        },
        BetKind::DontPass => match phase {
            Phase::ComeOut => wrong_come_out(total),
            Phase::Point(point) => seven_before(point, total),
        },
        BetKind::PassOdds => before_seven(phase.point()?, total),
        BetKind::DontPassOdds => seven_before(phase.point()?, total),
        // Its first roll is its own come-out, whatever the table's phase: a seven-out pays it.
        BetKind::Come => {
            right_come_out(total).or_else(|| BoxNumber::from_total(total).map(Verdict::Travel))
        }
        BetKind::ComePoint(number) | BetKind::ComeOdds(number) | BetKind::Place(number) => {
            before_seven(number, total)
        }
        BetKind::Field => Some(match total {
            5..=8 => Verdict::Lose,
            _ => Verdict::Win,
        }),
    }
}

fn right_come_out(total: u8) -> Option<Verdict> {
    match total {
        7 | 11 => Some(Verdict::Win),
        2 | 3 | 12 => Some(Verdict::Lose),
        _ => None,
    }
}

/// The 12 is barred, or betting against the dice would be the player's advantage.
fn wrong_come_out(total: u8) -> Option<Verdict> {
    match total {
        2 | 3 => Some(Verdict::Win),
        7 | 11 => Some(Verdict::Lose),
        12 => Some(Verdict::Push),
        _ => None,
    }
}

fn before_seven(number: BoxNumber, total: u8) -> Option<Verdict> {
    match total {
        7 => Some(Verdict::Lose),
        _ if total == number.total() => Some(Verdict::Win),
        _ => None,
    }
}

fn seven_before(number: BoxNumber, total: u8) -> Option<Verdict> {
    match total {
        7 => Some(Verdict::Win),
        _ if total == number.total() => Some(Verdict::Lose),
        _ => None,
    }
}
