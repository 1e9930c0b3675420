//! Craps as somebody would settle it with pencil and paper: every bet is a name, some chips and the list of rolls since
//! it was made, and each roll is judged from that list anew. No code of the engine is used, only its names for bets and
//! the fields of its rules.

use bitcraps_core::craps::{
    Bar, BigPays, BonusAllPays, BonusPays, FieldPays, FirePays, Pricing, RidePays, Rules, Vig,
};

pub(crate) type Dice = (u8, u8);

/// One bet on paper.
pub(crate) struct Paper {
    pub(crate) name: String,
    pub(crate) amount: u64,
    /// Called on or off by the player.
    pub(crate) called: Option<bool>,
    /// The rolls since it was made.
    pub(crate) rolls: Vec<Dice>,
}

/// What becomes of a bet: "win 12 up", "win 12 down", "lose 5", "push", "back 5", "to put-6"; nothing on most rolls.
pub(crate) fn fate(paper: &Paper, rules: &Rules, point: u8, dice: Dice) -> Option<String> {
    let (word, number) = split(&paper.name);
    let total = dice.0 + dice.1;
    let amount = paper.amount;
    let even = || Some(format!("win {amount} down"));
    let lose = || Some(format!("lose {amount}"));
    let odds = |number: u8| {
        let (win, per) = true_odds(number)?;
        Some(format!("win {} down", amount * win / per))
    };
    let lay = |number: u8| {
        let (win, per) = true_odds(number)?;
        Some(format!("win {} down", amount * per / win))
    };
    let come_out = point == 0;
    match word {
        "pass-line" if come_out => natural_or_craps(total, even(), lose()),
        "pass-line" => point_or_seven(total, point, even(), lose()),
        "pass-odds" => point_or_seven(total, point, odds(point), lose()),
        "dont-pass" if come_out => dont_come_out(total, rules, even(), lose()),
        "dont-pass" => point_or_seven(total, point, lose(), even()),
        "dont-pass-odds" => point_or_seven(total, point, lose(), lay(point)),
        "come" => {
            natural_or_craps(total, even(), lose()).or_else(|| Some(format!("to put-{total}")))
        }
        "dont-come" => dont_come_out(total, rules, even(), lose())
            .or_else(|| Some(format!("to dont-come-point-{total}"))),
        "put" => point_or_seven(total, number, even(), lose()),
        "dont-come-point" => point_or_seven(total, number, lose(), even()),
        "come-odds" if !paper.called.unwrap_or(!come_out) => {
            (total == number || total == 7).then(|| format!("back {amount}"))
        }
        "come-odds" => point_or_seven(total, number, odds(number), lose()),
        "dont-come-odds" => point_or_seven(total, number, lose(), lay(number)),
        "place" | "place-to-lose" | "buy" | "lay" | "big" | "hard" => {
            boxed(paper, rules, come_out, dice)
        }
        _ => one_roll(&paper.name, rules, dice, amount)
            .or_else(|| side(word, number, paper, rules, point)),
    }
}

/// Bets that stay until their number or the seven comes, and beyond if they win.
fn boxed(paper: &Paper, rules: &Rules, come_out: bool, dice: Dice) -> Option<String> {
    let (word, number) = split(&paper.name);
    let total = dice.0 + dice.1;
    let amount = paper.amount;
    let fee = fee(word, number, amount);
    let held = amount + if rules.vig == Vig::UpFront { fee } else { 0 };
    let win = |times: u64, per: u64| Some(format!("win {} up", amount * times / per - fee));
    let lose = Some(format!("lose {held}"));
    let rests = match word {
        "place" | "buy" => !paper.called.unwrap_or(!come_out),
        "place-to-lose" | "lay" => paper.called == Some(false),
        "hard" => !paper.called.unwrap_or(!(rules.hardways_rest && come_out)),
        _ => false,
    };
    if rests {
        return None;
    }
    let row = distance(number);
    let (odds, per) = true_odds(number)?;
    match word {
        "place" => {
            let (win_chips, of) = [(9, 5), (7, 5), (7, 6)][row];
            point_or_seven(total, number, win(win_chips, of), lose)
        }
        "place-to-lose" => {
            let (win_chips, of) = [(5, 11), (5, 8), (4, 5)][row];
            point_or_seven(total, number, lose, win(win_chips, of))
        }
        "buy" => point_or_seven(total, number, win(odds, per), lose),
        "lay" => point_or_seven(total, number, lose, win(per, odds)),
        "big" if rules.big == BigPays::Even => point_or_seven(total, number, win(1, 1), lose),
        "big" => point_or_seven(total, number, win(7, 6), lose),
        _ if total == number && dice.0 == dice.1 => win(if row == 0 { 7 } else { 9 }, 1),
        _ => (total == number || total == 7).then_some(lose)?,
    }
}

/// "hop-2-5" is a word of its own; otherwise a number at the end is the bet's number.
fn split(name: &str) -> (&str, u8) {
    if name.starts_with("hop-") || name.starts_with("horn-high") {
        return (name, 0);
    }
    match name.rsplit_once('-') {
        Some((word, number)) => number.parse().map_or((name, 0), |number| (word, number)),
        None => (name, 0),
    }
}

/// 0 for 4 and 10, 1 for 5 and 9, 2 for 6 and 8.
fn distance(number: u8) -> usize {
    usize::from(3 - number.abs_diff(7))
}

fn true_odds(number: u8) -> Option<(u64, u64)> {
    [(2, 1), (3, 2), (6, 5)].get(distance(number)).copied()
}

fn fee(word: &str, number: u8, amount: u64) -> u64 {
    let of = match word {
        "buy" => amount,
        "lay" => true_odds(number).map_or(0, |(win, per)| amount * per / win),
        _ => return 0,
    };
    1.max(of / 20 + u64::from(of % 20 > 0))
}

fn natural_or_craps(total: u8, seven: Option<String>, craps: Option<String>) -> Option<String> {
    match total {
        7 | 11 => seven,
        2 | 3 | 12 => craps,
        _ => None,
    }
}

fn dont_come_out(
    total: u8,
    rules: &Rules,
    win: Option<String>,
    lose: Option<String>,
) -> Option<String> {
    let barred = if rules.bar == Bar::Three { 3 } else { 12 };
    if total == barred {
        return Some("push".to_owned());
    }
    natural_or_craps(total, lose, win)
}

fn point_or_seven(
    total: u8,
    point: u8,
    on_point: Option<String>,
    on_seven: Option<String>,
) -> Option<String> {
    if total == point {
        on_point
    } else if total == 7 {
        on_seven
    } else {
        None
    }
}

/// The heaps of a bet on one roll: what each wins on, and its price.
fn heaps(name: &str, rules: &Rules, total: u8) -> Option<Vec<(Vec<u8>, u64)>> {
    let (thirty, fifteen) = prices(rules);
    let two = (vec![2], thirty);
    let three = (vec![3], fifteen);
    let eleven = (vec![11], fifteen);
    let twelve = (vec![12], thirty);
    let craps = (vec![2, 3, 12], 7);
    let seven = (vec![7], 4);
    Some(match name {
        "field" => vec![(vec![2, 3, 4, 9, 10, 11, 12], field_price(rules, total))],
        "any-seven" => vec![seven],
        "any-craps" => vec![craps],
        "aces" => vec![two],
        "ace-deuce" => vec![three],
        "yo" => vec![eleven],
        "boxcars" => vec![twelve],
        "horn" => vec![two, three, eleven, twelve],
        "horn-high-2" => vec![two.clone(), two, three, eleven, twelve],
        "horn-high-3" => vec![two, three.clone(), three, eleven, twelve],
        "horn-high-11" => vec![two, three, eleven.clone(), eleven, twelve],
        "horn-high-12" => vec![two, three, eleven, twelve.clone(), twelve],
        "world" => vec![two, three, eleven, twelve, seven],
        "c-and-e" => vec![craps, eleven],
        "three-way" => vec![two, three, twelve],
        "hi-lo" => vec![(vec![2, 12], fifteen)],
        "hi-lo-yo" => vec![two, twelve, eleven],
        "over-7" => vec![(vec![8, 9, 10, 11, 12], 1)],
        "under-7" => vec![(vec![2, 3, 4, 5, 6], 1)],
        "low-dice" => vec![(vec![2, 3, 4, 5, 6], if total == 2 { 5 } else { 1 })],
        _ => return None,
    })
}

fn prices(rules: &Rules) -> (u64, u64) {
    if rules.props == Pricing::ForOne {
        (29, 14)
    } else {
        (30, 15)
    }
}

fn field_price(rules: &Rules, total: u8) -> u64 {
    let (low, high) = match rules.field {
        FieldPays::DoubleBoth => (2, 2),
        FieldPays::TripleTwelve => (2, 3),
        FieldPays::TripleBoth => (3, 3),
    };
    match total {
        2 => low,
        12 => high,
        _ => 1,
    }
}

/// Bets on one roll: for each the stake is cut into equal heaps, and each heap wins or loses alone.
fn one_roll(name: &str, rules: &Rules, (a, b): Dice, amount: u64) -> Option<String> {
    let total = a + b;
    if let Some(faces) = name.strip_prefix("hop-") {
        let hit = faces == format!("{}-{}", a.min(b), a.max(b));
        let (thirty, fifteen) = prices(rules);
        let price = if a == b { thirty } else { fifteen };
        return Some(if hit {
            format!("win {} down", amount * price)
        } else {
            format!("lose {amount}")
        });
    }
    let heaps = heaps(name, rules, total)?;
    let heap = amount / heaps.len() as u64;
    let wins = |hits: &[u8]| hits.contains(&total);
    let won: u64 = heaps
        .iter()
        .filter(|(hits, _)| wins(hits))
        .map(|(_, price)| heap * price)
        .sum();
    let lost: u64 = heaps
        .iter()
        .filter(|(hits, _)| !wins(hits))
        .map(|_| heap)
        .sum();
    Some(match (won, won.checked_sub(lost)) {
        (0, _) | (_, None) => format!("lose {amount}"),
        (_, Some(0)) => format!("back {amount}"),
        (_, Some(net)) => format!("win {net} down"),
    })
}

/// What a hand's rolls came to: wins of the pass line, and the points made, in order.
fn replay(rolls: &[Dice]) -> (u64, Vec<u8>) {
    let (mut point, mut wins, mut made) = (0, 0, Vec::new());
    for (a, b) in rolls {
        let total = a + b;
        if point == 0 {
            match total {
                7 | 11 => wins += 1,
                4..=10 => point = total,
                _ => {}
            }
        } else if total == point {
            wins += 1;
            made.push(point);
            point = 0;
        }
    }
    (wins, made)
}

fn side(word: &str, number: u8, paper: &Paper, rules: &Rules, point: u8) -> Option<String> {
    let (a, b) = *paper.rolls.last()?;
    let total = a + b;
    let lose = || Some(format!("lose {}", paper.amount));
    let win = |times: u64| paid(paper.amount, times);
    match word {
        "muggsy" => two_rolls(&paper.rolls, |a| a == 7, lose(), win(2), win(3)),
        // "point-7" looks like a bet with a number.
        "point" => two_rolls(&paper.rolls, |_| false, lose(), None, win(7)),
        "7-point" if total == 7 => Some("to 7-point-up".to_owned()),
        "7-point" => lose(),
        "7-point-up" if matches!(total, 4..=6 | 8..=10) => win(7),
        "7-point-up" => lose(),
        "fire" | "ride-the-line" | "replay" => hand(word, paper, rules, total == 7 && point > 0),
        _ => board(word, number, paper, rules, total),
    }
}

/// So many times the stake; nothing is a loss.
fn paid(amount: u64, times: u64) -> Option<String> {
    Some(if times > 0 {
        format!("win {} down", amount * times)
    } else {
        format!("lose {amount}")
    })
}

/// Bets on the rolls up to the next seven.
fn board(word: &str, number: u8, paper: &Paper, rules: &Rules, total: u8) -> Option<String> {
    let totals: Vec<u8> = paper.rolls.iter().map(|(a, b)| a + b).collect();
    let has = |wanted: &[u8]| wanted.iter().all(|n| totals.contains(n));
    let bonus = match rules.bonus {
        BonusPays::Thirty => 30,
        BonusPays::ThirtyFour => 34,
        BonusPays::ThirtyFive => 35,
    };
    let bonus_all = match rules.bonus_all {
        BonusAllPays::OneFifty => 150,
        BonusAllPays::OneFiftyFive => 155,
        BonusAllPays::OneSeventyFive => 175,
        BonusAllPays::OneSeventySix => 176,
    };
    let (complete, price) = match word {
        "bonus-small" => (has(&[2, 3, 4, 5, 6]), bonus),
        "bonus-tall" => (has(&[8, 9, 10, 11, 12]), bonus),
        "bonus-all" => (has(&[2, 3, 4, 5, 6, 8, 9, 10, 11, 12]), bonus_all),
        "repeater" => {
            let away = usize::from(number.abs_diff(7));
            let hits = totals.iter().filter(|total| **total == number).count();
            let price =
                [90, 80, 65, 50, 40][away - 1] - u64::from(rules.repeaters == Pricing::ForOne);
            (hits == 7 - away, price)
        }
        "different-doubles" => {
            let doubles = paper.rolls.iter().filter(|(a, b)| a == b);
            let mut doubles: Vec<u8> = doubles.map(|(a, _)| *a).collect();
            doubles.sort_unstable();
            doubles.dedup();
            let price = [0, 0, 0, 4, 8, 15, 100][doubles.len()];
            let over = total == 7 || doubles.len() == 6;
            return over.then(|| paid(paper.amount, price))?;
        }
        _ => return None,
    };
    match (total, complete) {
        (7, _) => paid(paper.amount, 0),
        (_, true) => paid(paper.amount, price),
        _ => None,
    }
}

/// Bets on a whole hand.
fn hand(word: &str, paper: &Paper, rules: &Rules, seven_out: bool) -> Option<String> {
    let (wins, made) = replay(&paper.rolls);
    let mut points = made.clone();
    points.sort_unstable();
    points.dedup();
    let all_six = word == "fire" && points.len() == 6;
    if !(seven_out || all_six) {
        return None;
    }
    let times = match word {
        "fire" => {
            let prices = match rules.fire {
                FirePays::A => [24, 249, 999],
                FirePays::B => [10, 200, 2000],
            };
            points.len().checked_sub(4).map_or(0, |row| prices[row])
        }
        "replay" => {
            let price = |point: u8| match made.iter().filter(|other| **other == point).count() {
                0..3 => 0,
                3 => [120, 95, 70][distance(point)],
                _ => [1000, 500, 100][distance(point)],
            };
            [4, 5, 6, 8, 9, 10]
                .into_iter()
                .map(price)
                .max()
                .unwrap_or(0)
        }
        _ => match ride(wins, rules.ride) {
            None => 0,
            Some(0) => return Some(format!("back {}", paper.amount)),
            Some(times) => times,
        },
    };
    paid(paper.amount, times)
}

/// A bet that the first roll decides unless it is a point, and the second decides by a seven.
fn two_rolls(
    rolls: &[Dice],
    wins_at_once: impl Fn(u8) -> bool,
    lose: Option<String>,
    at_once: Option<String>,
    then_seven: Option<String>,
) -> Option<String> {
    let totals: Vec<u8> = rolls.iter().map(|(a, b)| a + b).collect();
    match totals.as_slice() {
        [first] if wins_at_once(*first) => at_once,
        [4..=6 | 8..=10] => None,
        [_, 7] => then_seven,
        _ => lose,
    }
}

/// Ride the line as it is printed: from eleven or more wins down to none, −1 for a loss.
fn ride(wins: u64, table: RidePays) -> Option<u64> {
    let printed: [i64; 12] = match table {
        RidePays::One => [50, 25, 20, 15, 8, 6, 4, 2, 1, 0, -1, -1],
        RidePays::Two => [75, 40, 30, 20, 12, 6, 4, 2, 1, -1, -1, -1],
        RidePays::Three => [100, 40, 30, 20, 10, 6, 3, 2, 1, -1, -1, -1],
        RidePays::Four => [150, 30, 20, 15, 10, 4, 3, 2, 1, -1, -1, -1],
        RidePays::Five => [50, 40, 30, 20, 10, 8, 5, 2, 1, -1, -1, -1],
        RidePays::Six => [100, 30, 25, 20, 12, 7, 5, 3, 0, -1, -1, -1],
        RidePays::Seven => [150, 40, 25, 15, 10, 7, 4, 2, 0, -1, -1, -1],
    };
    let row = usize::try_from(11 - wins.min(11)).ok()?;
    u64::try_from(printed[row]).ok()
}
