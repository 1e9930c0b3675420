//! The house edge of every bet, exactly: the engine itself is driven through every state that a bet
//! can meet, and the Markov chain that comes out is solved in fractions.

use bitcraps_core::craps::{
    BetKind, BoxNumber, FieldTwelve, Layout, LineResult, Phase, Roll, Rules,
};
use bitcraps_core::crypto::Seat;

const SEAT: Seat = Seat(0);

/// Divisible by every multiple that a stake can need.
const STAKE: u64 = 60;

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Fraction(i128, i128);

impl Fraction {
    const ZERO: Self = Self(0, 1);

    fn new(num: i128, den: i128) -> Self {
        let divisor = gcd(num.abs(), den.abs()) * den.signum();
        Self(num / divisor, den / divisor)
    }

    fn plus(self, other: Self) -> Self {
        let common = gcd(self.1, other.1);
        let left = self.0.checked_mul(other.1 / common).expect("fits");
        let right = other.0.checked_mul(self.1 / common).expect("fits");
        let den = self.1.checked_mul(other.1 / common).expect("fits");
        Self::new(left.checked_add(right).expect("fits"), den)
    }

    fn times(self, other: Self) -> Self {
        let (a, b) = (Self::new(self.0, other.1), Self::new(other.0, self.1));
        Self::new(
            a.0.checked_mul(b.0).expect("fits"),
            a.1.checked_mul(b.1).expect("fits"),
        )
    }

    fn negated(self) -> Self {
        Self(-self.0, self.1)
    }

    fn inverse(self) -> Self {
        Self::new(self.1, self.0)
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// One bet's life: where it starts, whose lines count, and whether a push ends it.
struct Life {
    start: Layout,
    rules: Rules,
    counts: fn(BetKind) -> bool,
    push_ends: bool,
}

impl Life {
    /// What the bank earns for each chip staked, on average.
    fn edge(&self) -> Fraction {
        let mut states = vec![self.start.clone()];
        let mut rows: Vec<Vec<(usize, Fraction)>> = Vec::new();
        let mut gains = Vec::new();
        while let Some(state) = states.get(rows.len()).cloned() {
            let (mut row, mut gain) = (vec![(rows.len(), Fraction(1, 1))], Fraction::ZERO);
            for roll in Roll::all() {
                let (net, next) = self.step(&state, roll);
                gain = gain.plus(Fraction::new(net, 36));
                if let Some(next) = next {
                    let known = states.iter().position(|state| *state == next);
                    row.push((known.unwrap_or(states.len()), Fraction(-1, 36)));
                    if known.is_none() {
                        states.push(next);
                    }
                }
            }
            rows.push(row);
            gains.push(gain);
        }
        solve(&rows, &gains)[0].times(Fraction::new(-1, i128::from(STAKE)))
    }

    /// What the seat nets on this roll, and the state after it unless the bet's life is over.
    fn step(&self, state: &Layout, roll: Roll) -> (i128, Option<Layout>) {
        let settlement = state.resolve(&self.rules, roll);
        let (mut net, mut over) = (0, false);
        for line in settlement
            .lines
            .iter()
            .filter(|line| (self.counts)(line.kind))
        {
            let (gain, ends) = match line.result {
                LineResult::Win { profit, .. } => (i128::from(profit), true),
                LineResult::Lose => (-i128::from(line.stake), true),
                LineResult::Push => (0, self.push_ends),
                LineResult::Returned => (0, true),
                LineResult::Travels { .. } => (0, false),
            };
            net += gain;
            over |= ends;
        }
        let mut next = state.clone();
        next.apply(&settlement);
        (net, (!over).then_some(next))
    }
}

/// Solves sparse linear equations by elimination.
fn solve(rows: &[Vec<(usize, Fraction)>], right: &[Fraction]) -> Vec<Fraction> {
    let size = rows.len();
    let mut matrix = vec![vec![Fraction::ZERO; size + 1]; size];
    for (index, row) in rows.iter().enumerate() {
        for &(column, value) in row {
            matrix[index][column] = matrix[index][column].plus(value);
        }
        matrix[index][size] = right[index];
    }
    for pivot in (0..size).rev() {
        let scale = matrix[pivot][pivot].inverse();
        let pivot_row: Vec<_> = matrix[pivot]
            .iter()
            .map(|value| value.times(scale))
            .collect();
        for row in &mut matrix {
            let factor = row[pivot].negated();
            if factor != Fraction::ZERO {
                for (value, subtrahend) in row.iter_mut().zip(&pivot_row) {
                    *value = value.plus(subtrahend.times(factor));
                }
            }
        }
        matrix[pivot] = pivot_row;
    }
    matrix.iter().map(|row| row[size]).collect()
}

/// The layout after these steps: a stake on a kind, or a roll.
enum Step {
    Bet(BetKind),
    Total(u8),
    Call(BetKind, bool),
}

fn life(rules: Rules, steps: &[Step], counts: fn(BetKind) -> bool) -> Life {
    let mut start = Layout::new();
    for step in steps {
        match *step {
            Step::Bet(kind) => start.place(&rules, SEAT, kind, STAKE).expect("a legal bet"),
            Step::Call(kind, on) => start.set_working(SEAT, kind, on).expect("a standing bet"),
            Step::Total(total) => {
                let roll = Roll::all()
                    .find(|roll| roll.total() == total)
                    .expect("a total");
                let settlement = start.resolve(&rules, roll);
                start.apply(&settlement);
            }
        }
    }
    Life {
        start,
        rules,
        counts,
        push_ends: true,
    }
}

fn another(number: BoxNumber) -> u8 {
    if number == BoxNumber::Four { 10 } else { 4 }
}

#[test]
fn pass_costs_7_in_495() {
    let life = life(Rules::default(), &[Step::Bet(BetKind::PassLine)], |_| true);
    assert_eq!(life.edge(), Fraction(7, 495));
}

#[test]
fn dont_pass_costs_3_in_220_and_27_in_1925_if_pushes_are_played_on() {
    let mut life = life(Rules::default(), &[Step::Bet(BetKind::DontPass)], |_| true);
    assert_eq!(life.edge(), Fraction(3, 220));
    life.push_ends = false;
    assert_eq!(life.edge(), Fraction(27, 1925));
}

#[test]
fn come_costs_7_in_495_on_every_point() {
    for point in BoxNumber::ALL {
        let steps = [Step::Total(point.total()), Step::Bet(BetKind::Come)];
        assert_eq!(
            life(Rules::default(), &steps, |_| true).edge(),
            Fraction(7, 495)
        );
    }
}

#[test]
fn odds_on_the_line_cost_nothing() {
    for point in BoxNumber::ALL {
        for (flat, odds) in [
            (BetKind::PassLine, BetKind::PassOdds),
            (BetKind::DontPass, BetKind::DontPassOdds),
        ] {
            let steps = [Step::Bet(flat), Step::Total(point.total()), Step::Bet(odds)];
            let counts = |kind| matches!(kind, BetKind::PassOdds | BetKind::DontPassOdds);
            assert_eq!(
                life(Rules::default(), &steps, counts).edge(),
                Fraction::ZERO
            );
        }
    }
}

#[test]
fn come_odds_cost_nothing_however_they_are_called() {
    for number in BoxNumber::ALL {
        let odds = BetKind::ComeOdds(number);
        for call in [None, Some(true), Some(false)] {
            let mut steps = vec![
                Step::Total(another(number)),
                Step::Bet(BetKind::Come),
                Step::Total(number.total()),
                Step::Bet(odds),
            ];
            steps.extend(call.map(|on| Step::Call(odds, on)));
            let counts = |kind| matches!(kind, BetKind::ComeOdds(_));
            assert_eq!(
                life(Rules::default(), &steps, counts).edge(),
                Fraction::ZERO
            );
        }
    }
}

#[test]
fn place_costs_1_in_15_or_25_or_66_whether_it_rests_or_not() {
    for number in BoxNumber::ALL {
        let edge = match number {
            BoxNumber::Four | BoxNumber::Ten => Fraction(1, 15),
            BoxNumber::Five | BoxNumber::Nine => Fraction(1, 25),
            BoxNumber::Six | BoxNumber::Eight => Fraction(1, 66),
        };
        let place = BetKind::Place(number);
        let resting = life(Rules::default(), &[Step::Bet(place)], |_| true);
        assert_eq!(resting.start.phase(), Phase::ComeOut);
        assert_eq!(resting.edge(), edge);
        let working = [Step::Bet(place), Step::Call(place, true)];
        assert_eq!(life(Rules::default(), &working, |_| true).edge(), edge);
    }
}

#[test]
fn the_field_costs_1_in_36_or_18() {
    for (field_twelve, edge) in [
        (FieldTwelve::Triple, Fraction(1, 36)),
        (FieldTwelve::Double, Fraction(1, 18)),
    ] {
        let rules = Rules {
            field_twelve,
            ..Rules::default()
        };
        assert_eq!(
            life(rules, &[Step::Bet(BetKind::Field)], |_| true).edge(),
            edge
        );
    }
}
