//! What a bet costs, exactly: the engine itself is driven through every state that the bet can meet, and the Markov
//! chain that comes out is solved in fractions of any size.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::collections::BTreeMap;

use bitcraps_core::craps::{
    BetKind, BoxNumber, Chips, Layout, LineResult, Pair, Phase, RepeatNumber, Roll, Rules,
};
use bitcraps_core::crypto::Seat;
use num_bigint::BigInt;
use num_rational::BigRational;

pub(crate) const SEAT: Seat = Seat(0);

/// Divisible by every step of a stake, and by 20 after any of the true odds, so that no commission is rounded.
pub(crate) const STAKE: Chips = 2_640;

pub(crate) fn fraction(num: i64, den: i64) -> BigRational {
    BigRational::new(BigInt::from(num), BigInt::from(den))
}

/// A fraction as the catalogue writes it.
pub(crate) fn parse(text: &str) -> BigRational {
    let (num, den) = text.split_once('/').unwrap_or((text, "1"));
    BigRational::new(num.parse().unwrap(), den.parse().unwrap())
}

/// The rules with limits that stand in nobody's way.
pub(crate) const fn unlimited(rules: Rules) -> Rules {
    Rules {
        bet_min: 1,
        bet_max: 1 << 30,
        prop_min: 1,
        prop_win_max: 1 << 40,
        side_max: 1 << 30,
        put: true,
        ..rules
    }
}

fn total(layout: &mut Layout, total: u8) {
    let roll = Roll::all().find(|roll| roll.total() == total).unwrap();
    let settlement = layout.resolve(roll);
    layout.apply(&settlement);
}

fn bet(layout: &mut Layout, kind: BetKind) {
    let placed = layout.place(SEAT, kind, STAKE);
    assert_eq!(placed, Ok(()), "{kind}");
}

const fn another(number: BoxNumber) -> u8 {
    match number {
        BoxNumber::Four => 10,
        _ => 4,
    }
}

/// A layout on which the bet has just been made: on the come-out, or with this point.
pub(crate) fn start(kind: BetKind, rules: Rules, point: Option<BoxNumber>) -> Layout {
    let mut layout = Layout::new(unlimited(rules));
    let set = |layout: &mut Layout| total(layout, point.map_or(4, BoxNumber::total));
    match kind {
        BetKind::PassOdds | BetKind::DontPassOdds => {
            bet(&mut layout, kind.flat().unwrap());
            set(&mut layout);
        }
        BetKind::ComeOdds(number) | BetKind::DontComeOdds(number) => {
            let dont = matches!(kind, BetKind::DontComeOdds(_));
            total(&mut layout, another(number));
            let fresh = if dont {
                BetKind::DontCome
            } else {
                BetKind::Come
            };
            bet(&mut layout, fresh);
            total(&mut layout, number.total());
        }
        BetKind::Come | BetKind::DontCome | BetKind::ComePoint(_) => set(&mut layout),
        _ if point.is_some() => set(&mut layout),
        _ => {}
    }
    bet(&mut layout, kind);
    layout
}

/// What the house keeps of each chip staked on this bet, on average, until it is decided; a push ends it.
pub(crate) fn edge(start: Layout, kind: BetKind) -> BigRational {
    let stake = start.held(SEAT, kind);
    let chain = Chain::explore(start, kind);
    -chain.solve() / BigRational::from(BigInt::from(stake))
}

/// What of a state the bet's future depends on: first what only grows while it stands, then the rest.
type Key = (Vec<u8>, Vec<u8>);

struct Chain {
    keys: BTreeMap<Key, usize>,
    states: Vec<(Layout, BetKind)>,
    /// For each state: the next ones, in 36ths.
    next: Vec<BTreeMap<usize, i64>>,
    /// For each state: what the next roll brings on average, times 36.
    gains: Vec<i64>,
}

impl Chain {
    fn explore(start: Layout, kind: BetKind) -> Self {
        let mut chain = Self {
            keys: BTreeMap::new(),
            states: Vec::new(),
            next: Vec::new(),
            gains: Vec::new(),
        };
        chain.index(start, kind);
        while let Some((layout, kind)) = chain.states.get(chain.next.len()).cloned() {
            let (mut row, mut gain) = (BTreeMap::new(), 0);
            for pair in Pair::ALL {
                let weight = if pair.is_double() { 1 } else { 2 };
                let (net, after) = step(&layout, kind, pair.roll());
                gain += weight * net;
                if let Some((layout, kind)) = after {
                    *row.entry(chain.index(layout, kind)).or_insert(0) += weight;
                }
            }
            chain.next.push(row);
            chain.gains.push(gain);
        }
        chain
    }

    fn index(&mut self, layout: Layout, kind: BetKind) -> usize {
        let fresh = self.states.len();
        let at = *self.keys.entry(key(&layout, kind)).or_insert(fresh);
        if at == fresh {
            self.states.push((layout, kind));
        }
        at
    }

    /// The expected gain from the first state. States are solved in groups with one memory of past rolls, the longest
    /// memory first: from a group only it and longer ones are reached.
    fn solve(&self) -> BigRational {
        let mut groups: BTreeMap<(u32, &Vec<u8>), Vec<usize>> = BTreeMap::new();
        for ((memory, _), at) in &self.keys {
            let length = memory.iter().map(|count| u32::from(*count)).sum();
            groups.entry((length, memory)).or_default().push(*at);
        }
        let mut values: Vec<Option<BigRational>> = vec![None; self.states.len()];
        for group in groups.values().rev() {
            let solved = self.solve_group(group, &values);
            for (at, value) in group.iter().zip(solved) {
                values[*at] = Some(value);
            }
        }
        values[0].clone().unwrap()
    }

    fn solve_group(&self, group: &[usize], values: &[Option<BigRational>]) -> Vec<BigRational> {
        let size = group.len();
        let mut matrix = vec![vec![fraction(0, 1); size + 1]; size];
        for (row, at) in group.iter().enumerate() {
            matrix[row][row] += fraction(1, 1);
            matrix[row][size] = fraction(self.gains[*at], 36);
            for (to, weight) in &self.next[*at] {
                let weight = fraction(*weight, 36);
                match group.iter().position(|other| other == to) {
                    Some(column) => matrix[row][column] -= weight,
                    None => matrix[row][size] += weight * values[*to].as_ref().unwrap(),
                }
            }
        }
        eliminate(&mut matrix);
        matrix
            .into_iter()
            .map(|mut row| row.pop().unwrap())
            .collect()
    }
}

fn eliminate(matrix: &mut [Vec<BigRational>]) {
    let zero = fraction(0, 1);
    for pivot in 0..matrix.len() {
        let scale = matrix[pivot][pivot].recip();
        let row: Vec<BigRational> = matrix[pivot].iter().map(|value| value * &scale).collect();
        for other in matrix.iter_mut() {
            let factor = other[pivot].clone();
            if factor != zero {
                for (value, subtrahend) in other.iter_mut().zip(&row) {
                    if *subtrahend != zero {
                        *value -= &factor * subtrahend;
                    }
                }
            }
        }
        matrix[pivot] = row;
    }
}

/// What the seat nets on this roll with the bet, and the state after it unless the bet's life is over.
fn step(layout: &Layout, kind: BetKind, roll: Roll) -> (i64, Option<(Layout, BetKind)>) {
    let settlement = layout.resolve(roll);
    let line = settlement.lines.iter().find(|line| line.kind == kind);
    let chips = |amount: Chips| i64::try_from(amount).unwrap();
    let follows = match line.map(|line| (line.result, line.stake)) {
        None => Some(kind),
        Some((LineResult::Travels { to }, _)) => Some(to),
        Some((LineResult::Win { profit, .. }, _)) => return (chips(profit), None),
        Some((LineResult::Lose, stake)) => return (-chips(stake), None),
        Some((LineResult::Push | LineResult::Returned, _)) => return (0, None),
    };
    let mut next = layout.clone();
    next.apply(&settlement);
    (0, follows.map(|kind| (next, kind)))
}

fn key(layout: &Layout, kind: BetKind) -> Key {
    let trackers = layout.trackers();
    let phase = layout.phase().point().map_or(0, BoxNumber::total);
    let [family, number] = kind.code();
    let with_phase = vec![phase, family, number];
    let came = |number: &RepeatNumber| u8::from(trackers.hits(*number) > 0);
    match kind {
        BetKind::Fire => {
            let made = BoxNumber::ALL.map(|point| u8::from(trackers.made(point) > 0));
            (made.to_vec(), with_phase)
        }
        BetKind::RideTheLine => (vec![trackers.wins()], with_phase),
        BetKind::Replay => replay_key(layout),
        BetKind::BonusSmall | BetKind::BonusTall | BetKind::BonusAll => {
            let matters = |number: &&RepeatNumber| match kind {
                BetKind::BonusSmall => number.total() < 7,
                BetKind::BonusTall => number.total() > 7,
                _ => true,
            };
            let set = RepeatNumber::ALL.iter().filter(matters).map(came);
            (set.collect(), Vec::new())
        }
        BetKind::Repeater(number) => (vec![trackers.hits(number)], Vec::new()),
        BetKind::DifferentDoubles => (vec![u8::try_from(trackers.doubles()).unwrap()], Vec::new()),
        _ => (Vec::new(), with_phase),
    }
}

/// 4 and 10, 5 and 9, 6 and 8 are thrown and paid alike, so of each two it matters only how often the one and the
/// other were made, and which of them is the point.
fn replay_key(layout: &Layout) -> Key {
    let (mut memory, mut rest) = (Vec::new(), Vec::new());
    for low in [BoxNumber::Four, BoxNumber::Five, BoxNumber::Six] {
        let high = BoxNumber::from_total(14 - low.total()).unwrap();
        let half = |point| {
            let is_point = layout.phase() == Phase::Point(point);
            (layout.trackers().made(point), is_point)
        };
        let mut halves = [half(low), half(high)];
        halves.sort_unstable();
        for (made, is_point) in halves {
            memory.push(made);
            rest.push(u8::from(is_point));
        }
    }
    (memory, rest)
}
