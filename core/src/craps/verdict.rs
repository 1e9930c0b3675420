//! What one roll decides for one bet, each by its own rule (craps.md B2).

use super::bet::BetKind;
use super::catalogue;
use super::dice::{BoxNumber, Phase, Roll};
use super::numbers::{HardNumber, Pair, RepeatNumber};
use super::payout::{self, Pays, Ratio};
use super::rules::Rules;
use super::trackers::Trackers;

/// The fate of a bet that is working.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It wins at this rate.
    Win(Ratio),
    /// It loses.
    Lose,
    /// It stays and nothing is paid.
    Push,
    /// It is over and nothing is paid.
    Return,
    /// It becomes another bet.
    Travel(BetKind),
}

use Verdict::{Lose, Push, Return, Travel, Win};

/// One roll, and everything before it that a bet may ask for.
pub(super) struct Moment<'a> {
    pub(super) rules: &'a Rules,
    /// The phase in which it was made.
    pub(super) phase: Phase,
    pub(super) roll: Roll,
    /// The memory of the table with this roll in it; a seven has not cleared it yet.
    pub(super) seen: Trackers,
}

impl<'a> Moment<'a> {
    pub(super) fn new(rules: &'a Rules, phase: Phase, before: Trackers, roll: Roll) -> Self {
        Self {
            rules,
            phase,
            roll,
            seen: before.with(phase, roll),
        }
    }

    const fn total(&self) -> u8 {
        self.roll.total()
    }

    /// Whether the roll ends the hand.
    pub(super) fn seven_out(&self) -> bool {
        self.total() == 7 && self.phase != Phase::ComeOut
    }

    /// Whether the roll makes the point.
    pub(super) fn point_made(&self) -> bool {
        self.phase
            .point()
            .is_some_and(|point| point.total() == self.total())
    }

    /// What the roll decides for a bet, `None` if nothing.
    pub(super) fn verdict(&self, kind: BetKind) -> Option<Verdict> {
        match kind {
            BetKind::PassLine => match self.phase {
                Phase::ComeOut => self.right_come_out(kind),
                Phase::Point(point) => self.before_seven(kind, point),
            },
            BetKind::DontPass => match self.phase {
                Phase::ComeOut => self.wrong_come_out(kind),
                Phase::Point(point) => self.seven_before(kind, point),
            },
            BetKind::PassOdds => self.before_seven(kind, self.phase.point()?),
            BetKind::DontPassOdds => self.seven_before(kind, self.phase.point()?),
            // Its first roll is its own come-out, whatever the table's phase: a seven-out pays it.
            BetKind::Come => self
                .right_come_out(kind)
                .or_else(|| self.number().map(|to| Travel(BetKind::ComePoint(to)))),
            BetKind::DontCome => self
                .wrong_come_out(kind)
                .or_else(|| self.number().map(|to| Travel(BetKind::DontComePoint(to)))),
            BetKind::ComePoint(number)
            | BetKind::ComeOdds(number)
            | BetKind::Place(number)
            | BetKind::Buy(number) => self.before_seven(kind, number),
            BetKind::DontComePoint(number)
            | BetKind::DontComeOdds(number)
            | BetKind::PlaceToLose(number)
            | BetKind::Lay(number) => self.seven_before(kind, number),
            BetKind::Big(_) => self.before_seven(kind, kind.number()?),
            BetKind::Hard(number) => self.hard(kind, number),
            _ if kind.is_one_roll() => Some(self.one_roll(kind)),
            _ => self.side(kind),
        }
    }

    /// The box number that was rolled.
    fn number(&self) -> Option<BoxNumber> {
        BoxNumber::from_total(self.total())
    }

    fn win(&self, kind: BetKind) -> Option<Verdict> {
        let number = kind.number().or_else(|| self.phase.point());
        let pays = catalogue::entry(kind).pays;
        payout::rate(kind, pays, number, self.rules).map(Win)
    }

    fn right_come_out(&self, kind: BetKind) -> Option<Verdict> {
        match self.total() {
            7 | 11 => self.win(kind),
            2 | 3 | 12 => Some(Lose),
            _ => None,
        }
    }

    fn wrong_come_out(&self, kind: BetKind) -> Option<Verdict> {
        match self.total() {
            barred if barred == self.rules.bar.total() => Some(Push),
            2 | 3 | 12 => self.win(kind),
            7 | 11 => Some(Lose),
            _ => None,
        }
    }

    fn before_seven(&self, kind: BetKind, number: BoxNumber) -> Option<Verdict> {
        match self.total() {
            7 => Some(Lose),
            total if total == number.total() => self.win(kind),
            _ => None,
        }
    }

    fn seven_before(&self, kind: BetKind, number: BoxNumber) -> Option<Verdict> {
        match self.total() {
            7 => self.win(kind),
            total if total == number.total() => Some(Lose),
            _ => None,
        }
    }

    fn hard(&self, kind: BetKind, number: HardNumber) -> Option<Verdict> {
        match self.total() {
            7 => Some(Lose),
            total if total != number.total() => None,
            _ if self.roll.is_double() => self.win(kind),
            _ => Some(Lose),
        }
    }

    fn one_roll(&self, kind: BetKind) -> Verdict {
        match one_roll_rate(kind, Pair::from(self.roll), self.rules) {
            None => Lose,
            // The parts that win just pay for those that lose.
            Some(Ratio { win: 0, .. }) => Return,
            Some(rate) => Win(rate),
        }
    }

    fn side(&self, kind: BetKind) -> Option<Verdict> {
        let seven = self.total() == 7;
        let ladder = |win: u64| {
            Some(if win > 0 {
                Win(Ratio::new(win, 1))
            } else {
                Lose
            })
        };
        match kind {
            BetKind::Fire => {
                let points = self.seen.points_made();
                let over = self.seven_out() || points == BoxNumber::ALL.len();
                over.then(|| ladder(payout::fire(points, self.rules.fire)))?
            }
            BetKind::RideTheLine if self.seven_out() => {
                let wins = usize::from(self.seen.wins());
                match self.rules.ride.table()[wins] {
                    None => Some(Lose),
                    Some(0) => Some(Return),
                    Some(win) => ladder(win),
                }
            }
            BetKind::Replay if self.seven_out() => ladder(self.best_replay()),
            BetKind::BonusSmall => self.board(kind, self.seen.has_all(2, 6)),
            BetKind::BonusTall => self.board(kind, self.seen.has_all(8, 12)),
            BetKind::BonusAll => self.board(kind, self.seen.has_all(2, 12)),
            BetKind::Repeater(number) => self.board(kind, self.is_repeated(number)),
            BetKind::DifferentDoubles => {
                let count = self.seen.doubles();
                (seven || count == 6).then(|| ladder(payout::doubles(count)))?
            }
            BetKind::Muggsy => match self.phase {
                Phase::ComeOut if seven => ladder(2),
                Phase::ComeOut => self.number().is_none().then_some(Lose),
                Phase::Point(_) => ladder(if seven { 3 } else { 0 }),
            },
            BetKind::PointSeven => match self.phase {
                Phase::ComeOut => self.number().is_none().then_some(Lose),
                Phase::Point(_) if seven => self.win(kind),
                Phase::Point(_) => Some(Lose),
            },
            BetKind::SevenPoint if seven => Some(Travel(BetKind::SevenPointUp)),
            BetKind::SevenPoint => Some(Lose),
            BetKind::SevenPointUp => match self.number() {
                Some(_) => self.win(kind),
                None => Some(Lose),
            },
            _ => None,
        }
    }

    /// A seven takes every bet on the board.
    fn board(&self, kind: BetKind, complete: bool) -> Option<Verdict> {
        if self.total() == 7 {
            Some(Lose)
        } else if complete {
            self.win(kind)
        } else {
            None
        }
    }

    fn is_repeated(&self, number: RepeatNumber) -> bool {
        self.seen.hits(number) >= number.times()
    }

    fn best_replay(&self) -> u64 {
        let pays = |point: &BoxNumber| payout::replay(*point, self.seen.made(*point));
        BoxNumber::ALL.iter().map(pays).max().unwrap_or(0)
    }
}

/// The rate at which a bet on one roll wins on a pair of faces; `None` if it loses.
pub(super) fn one_roll_rate(kind: BetKind, pair: Pair, rules: &Rules) -> Option<Ratio> {
    let total = pair.total();
    match catalogue::entry(kind).pays {
        Pays::Field => (!matches!(total, 5..=8)).then(|| payout::field(total, rules.field)),
        Pays::Parts(parts) => payout::parts_on(parts, total, rules.props),
        Pays::EachPart(each) => payout::parts_on(each[kind.slot()], total, rules.props),
        Pays::Hop => (kind == BetKind::Hop(pair)).then(|| payout::hop(pair, rules.props)),
        Pays::LowDice => (total < 7).then(|| payout::low_dice(total)),
        _ => None,
    }
}
