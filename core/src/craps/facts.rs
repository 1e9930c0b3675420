//! The catalogue in words: what help texts, tables and apps say about a bet.

use std::fmt::Write;

use super::bet::BetKind;
use super::catalogue::{self, Limit, Removal, Window, Working};
use super::dice::BoxNumber;
use super::edge::edge;
use super::numbers::Pair;
use super::payout::{self, Pays, Ratio};
use super::rules::{Rules, Vig};
use super::verdict::one_roll_rate;

/// Everything that a player may want to know about one bet at one table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Which bet.
    pub kind: BetKind,
    /// Where it lies on the layout.
    pub spot: &'static str,
    /// When it may be placed.
    pub window: &'static str,
    /// What wins and what loses.
    pub rule: &'static str,
    /// What it pays, to one: `1:1`, or `2:1 on 4, 10; …`.
    pub pays: String,
    /// What the house keeps of it on average, as an exact fraction; `None` for a bet that only grows out of another.
    pub edge: Option<&'static str>,
    /// When it may be reduced or taken down.
    pub removal: &'static str,
    /// Whether it is on.
    pub working: &'static str,
    /// What becomes of a winner.
    pub winner: &'static str,
    /// The amounts that it may have.
    pub amounts: String,
}

impl BetKind {
    /// The exact share of the stake that the house keeps on average: a fraction in lowest terms, `0` for none. `None`
    /// for a bet that only grows out of another.
    #[must_use]
    pub fn edge(self, rules: &Rules) -> Option<&'static str> {
        edge(self, rules)
    }

    /// What the bet pays to one, in words.
    #[must_use]
    pub fn pays(self, rules: &Rules) -> String {
        pays(self, rules)
    }

    /// Everything about the bet, in words.
    #[must_use]
    pub fn facts(self, rules: &Rules) -> Facts {
        let entry = catalogue::entry(self);
        Facts {
            kind: self,
            spot: entry.spot,
            window: window(rules.window(self), entry.limit),
            rule: entry.rule,
            pays: pays(self, rules),
            edge: edge(self, rules),
            removal: match (entry.removal, entry.window) {
                (Removal::Always, _) => "any time before the roll is closed",
                (Removal::WhileOpen, Window::ComeOut) => {
                    "until a point is set; then it is a contract"
                }
                (Removal::WhileOpen, _) => "before the next roll; then it is a contract",
                (Removal::Never, _) => "not at all: a contract",
            },
            working: match entry.working {
                Working::Always => "always on",
                Working::UnlessCalledOff => "on unless called off",
                Working::RestsAtComeOut => "off on a come-out roll unless called on",
                Working::AsTheHouseSays if rules.hardways_rest => {
                    "off on a come-out roll unless called on"
                }
                Working::AsTheHouseSays => "on unless called off",
                Working::ReturnsAtComeOut => {
                    "off on a come-out roll unless called on; decided while off, it comes back"
                }
            },
            winner: if entry.winner_stays {
                "stays up, its winnings are paid"
            } else {
                "comes down with its winnings"
            },
            amounts: amounts(self, rules),
        }
    }
}

const fn window(window: Window, limit: Limit) -> &'static str {
    match (window, limit) {
        (Window::Always, Limit::Odds) => "once the flat bet is on its number",
        (Window::Always, _) => "any time before the roll is closed",
        (Window::ComeOut, _) => "on the come-out",
        (Window::Point, Limit::Odds) => "once the point is set, behind the flat bet",
        (Window::Point, _) => "while a point is set",
        (Window::HandStart, _) => "before a hand's first roll",
        (Window::ClearBoard, _) => "before a hand's first roll, or right after any 7",
        (Window::Never, _) => "not by hand: it grows out of another bet",
    }
}

fn amounts(kind: BetKind, rules: &Rules) -> String {
    let Some(bounds) = rules.bounds(kind) else {
        return "by the table's odds limit".to_owned();
    };
    let (min, max) = (bounds.min, bounds.max);
    match bounds.unit {
        1 => format!("{min} to {max}"),
        unit => format!("{min} to {max}, by steps of {unit}"),
    }
}

fn pays(kind: BetKind, rules: &Rules) -> String {
    if kind.is_one_roll() {
        return one_roll(kind, rules);
    }
    let family = catalogue::entry(kind).pays;
    let text = match family {
        Pays::TrueOdds | Pays::LayOdds if kind.number().is_none() => line_odds(kind, family, rules),
        Pays::Fire => ladder(4..=6, |n| payout::fire(n, rules.fire), "points"),
        Pays::Doubles => ladder(3..=6, payout::doubles, "doubles"),
        Pays::Ride => ride(rules),
        Pays::Muggsy => "2:1 on a come-out 7; 3:1 on a point and a 7".to_owned(),
        Pays::Replay => replay(),
        _ => payout::rate(kind, family, kind.number(), rules).map_or_else(String::new, ratio),
    };
    let when = match rules.vig {
        Vig::OnWin => "when it wins",
        Vig::UpFront => "up front",
    };
    match family {
        Pays::Buy => format!("{text} less 5 % of the stake {when}"),
        Pays::Lay => format!("{text} less 5 % of the win {when}"),
        _ => text,
    }
}

fn ratio(Ratio { win, per }: Ratio) -> String {
    format!("{win}:{per}")
}

/// The totals grouped by what they pay, best first; one price for all goes without its totals.
fn one_roll(kind: BetKind, rules: &Rules) -> String {
    let mut prices: Vec<(Ratio, Vec<u8>)> = Vec::new();
    for pair in Pair::ALL {
        let Some(rate) = one_roll_rate(kind, pair, rules) else {
            continue;
        };
        let total = pair.total();
        match prices.iter_mut().find(|(other, _)| *other == rate) {
            Some((_, totals)) if totals.contains(&total) => {}
            Some((_, totals)) => totals.push(total),
            None => prices.push((rate, vec![total])),
        }
    }
    if let [(rate, _)] = prices.as_slice() {
        return ratio(*rate);
    }
    prices.sort_by_key(|(rate, _)| std::cmp::Reverse(*rate));
    let mut text = String::new();
    for (rate, totals) in &mut prices {
        totals.sort_unstable();
        let totals: Vec<String> = totals.iter().map(u8::to_string).collect();
        let price = match rate.win {
            0 => "the stake back".to_owned(),
            _ => ratio(*rate),
        };
        append(&mut text, &format!("{price} on {}", totals.join(", ")));
    }
    text
}

fn line_odds(kind: BetKind, family: Pays, rules: &Rules) -> String {
    let mut text = String::new();
    for (number, both) in [
        (BoxNumber::Four, "4, 10"),
        (BoxNumber::Five, "5, 9"),
        (BoxNumber::Six, "6, 8"),
    ] {
        if let Some(rate) = payout::rate(kind, family, Some(number), rules) {
            append(&mut text, &format!("{} on {both}", ratio(rate)));
        }
    }
    text
}

fn ladder<N: std::fmt::Display + Copy>(
    steps: impl Iterator<Item = N>,
    pays: impl Fn(N) -> u64,
    what: &str,
) -> String {
    let mut text = String::new();
    for step in steps {
        append(&mut text, &format!("{}:1 for {step}", pays(step)));
    }
    let _ = write!(text, " {what}");
    text
}

fn ride(rules: &Rules) -> String {
    let mut text = String::new();
    for (wins, pays) in rules.ride.table().iter().enumerate() {
        let price = match pays {
            None => continue,
            Some(0) => "the stake back".to_owned(),
            Some(win) => format!("{win}:1"),
        };
        append(&mut text, &format!("{price} for {wins}"));
    }
    text.push_str(" or more wins");
    text
}

fn replay() -> String {
    let mut text = String::new();
    for (number, both) in [
        (BoxNumber::Four, "4 or 10"),
        (BoxNumber::Five, "5 or 9"),
        (BoxNumber::Six, "6 or 8"),
    ] {
        let (three, four) = (payout::replay(number, 3), payout::replay(number, 4));
        append(
            &mut text,
            &format!("{both} made 3 times {three}:1, 4 times {four}:1"),
        );
    }
    text
}

fn append(text: &mut String, part: &str) {
    if !text.is_empty() {
        text.push_str("; ");
    }
    text.push_str(part);
}
