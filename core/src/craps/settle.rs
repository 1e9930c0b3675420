//! What one roll does to every bet, in the fixed order of craps.md B1.

use crate::crypto::Seat;

use super::bet::{Bet, BetKind, Chips};
use super::catalogue::{self, Step, Working};
use super::dice::{Phase, Roll};
use super::layout::{Layout, is_working};
use super::trackers::Trackers;
use super::verdict::{Moment, Verdict};

/// Everything that one roll does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settlement {
    /// The roll.
    pub roll: Roll,
    /// The phase in which it was made.
    pub phase_before: Phase,
    /// The phase that it leaves.
    pub phase_after: Phase,
    /// What side bets remember after it.
    pub trackers_after: Trackers,
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
    /// Its chips in escrow: the amount, and a commission that is held with it.
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
    /// Neither; the stake goes back to the seat: the bet is over without a decision, or what it stood behind is
    /// decided while it was off.
    Returned,
    /// Becomes another bet, stake and all; later rolls decide it.
    Travels {
        /// Which.
        to: BetKind,
    },
}

impl Layout {
    /// What `roll` does to the layout as it stands. Nothing changes until
    /// [`apply`](Self::apply).
    #[must_use]
    pub fn resolve(&self, roll: Roll) -> Settlement {
        let moment = Moment::new(&self.rules, self.phase, self.trackers, roll);
        let mut turns: [Vec<Line>; Step::COUNT] = Default::default();
        for (seat, kind, bet) in self.bets() {
            if let Some(result) = result(&moment, kind, bet) {
                turns[catalogue::entry(kind).step as usize].push(Line {
                    seat,
                    kind,
                    stake: self.rules.held(kind, bet.amount),
                    result,
                });
            }
        }
        let seven_out = moment.seven_out();
        Settlement {
            roll,
            phase_before: self.phase,
            phase_after: self.phase.after(roll.total()),
            trackers_after: moment.seen.settled(roll.total(), seven_out),
            point_made: moment.point_made(),
            seven_out,
            lines: turns.concat(),
        }
    }
}

fn result(moment: &Moment<'_>, kind: BetKind, bet: &Bet) -> Option<LineResult> {
    let verdict = moment.verdict(kind)?;
    let entry = catalogue::entry(kind);
    if !is_working(moment.rules, kind, bet, moment.phase) {
        return (entry.working == Working::ReturnsAtComeOut).then_some(LineResult::Returned);
    }
    Some(match verdict {
        Verdict::Win(rate) => {
            let odds = rate
                .profit(bet.amount)
                .expect("STAKE_MAX keeps every profit in 64 bits");
            LineResult::Win {
                // Charged of the win; or, of a commission paid up front, for the next decision of a bet that stays.
                profit: odds.saturating_sub(moment.rules.commission(kind, bet.amount)),
                stays: entry.winner_stays,
            }
        }
        Verdict::Lose => LineResult::Lose,
        Verdict::Push => LineResult::Push,
        Verdict::Return => LineResult::Returned,
        Verdict::Travel(to) => LineResult::Travels { to },
    })
}
