//! `rig bets`: the core's catalogue as a table, as JSON, and one bet explained.

use std::fmt::Write;

use bitcraps_core::craps::{BetKind, Facts, PRESETS, Rules};
use serde::Serialize;

use crate::scenario::did_you_mean;

/// One row of `rig bets --json`.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
struct Row {
    id: &'static str,
    name: &'static str,
    pays: String,
    edge: &'static str,
}

/// What `rig bets` prints.
///
/// # Errors
/// In one line, an unknown bet or unknown rules, with the names that come closest.
pub fn text(bet: Option<&str>, rules: &str, json: bool) -> Result<String, String> {
    let names = || PRESETS.iter().map(|(name, _)| *name);
    let house = Rules::preset(rules).ok_or_else(|| {
        let known: Vec<&str> = names().collect();
        let hint = did_you_mean(rules, names(), '`');
        format!(
            "no rules called {rules:?}{hint}; known are {}",
            known.join(", ")
        )
    })?;
    let kinds = chosen(bet)?;
    if json {
        return serde_json::to_string(&rows(&kinds, &house)).map_err(|error| error.to_string());
    }
    Ok(match bet {
        Some(_) => kinds
            .iter()
            .map(|kind| explain(*kind, &house))
            .collect::<Vec<_>>()
            .join("\n"),
        None => table(&kinds, rules, &house),
    })
}

/// All bets that can be made; or the one of this id, or all of this family.
fn chosen(bet: Option<&str>) -> Result<Vec<BetKind>, String> {
    let Some(name) = bet else {
        return Ok(BetKind::all().collect());
    };
    let wanted = name.to_lowercase();
    let found: Vec<BetKind> = match BetKind::from_id(&wanted) {
        Some(kind) => vec![kind],
        None => BetKind::all()
            .filter(|kind| kind.family() == wanted)
            .collect(),
    };
    if found.is_empty() {
        return Err(unknown(name, &wanted));
    }
    Ok(found)
}

/// Families first: whoever mistypes `plce` hardly meant one number.
fn unknown(name: &str, wanted: &str) -> String {
    let families = BetKind::all().map(BetKind::family);
    let near = did_you_mean(wanted, families.chain(BetKind::all().map(BetKind::id)), '`');
    let mut alike: Vec<&str> = BetKind::all()
        .flat_map(|kind| [kind.family(), kind.id()])
        .filter(|id| wanted.len() > 2 && (id.contains(wanted) || wanted.contains(*id)))
        .collect();
    alike.sort_unstable();
    alike.dedup();
    let hint = match (near.is_empty(), alike.as_slice()) {
        (true, [_, ..]) => format!(" (there is {})", alike.join(", ")),
        _ => near,
    };
    format!("no bet called {name:?}{hint}; `rig bets` lists them all")
}

/// A bet that only grows out of another has no price of its own and no row.
fn rows(kinds: &[BetKind], rules: &Rules) -> Vec<Row> {
    let row = |kind: &BetKind| {
        Some(Row {
            id: kind.id(),
            name: kind.name(),
            pays: kind.pays(rules),
            edge: kind.edge(rules)?,
        })
    };
    kinds.iter().filter_map(row).collect()
}

fn table(kinds: &[BetKind], name: &str, rules: &Rules) -> String {
    let rows = rows(kinds, rules);
    let width = |column: fn(&Row) -> &str, least: usize| {
        rows.iter()
            .map(|row| column(row).chars().count())
            .max()
            .unwrap_or(0)
            .max(least)
    };
    let (ids, names) = (width(|row| row.id, 3), width(|row| row.name, 4));
    let mut text = String::new();
    line(
        &mut text,
        &format!("{:<ids$}  {:<names$}  {:>8}  pays", "bet", "name", "edge"),
    );
    for row in &rows {
        let (id, name, pays) = (row.id, row.name, &row.pays);
        line(
            &mut text,
            &format!(
                "{id:<ids$}  {name:<names$}  {:>8}  {pays}",
                percent(row.edge)
            ),
        );
    }
    line(&mut text, "");
    let count = rows.len();
    line(
        &mut text,
        &format!(
            "{count} bets under the rules \"{name}\". `rig bets BET` explains one, with its exact edge."
        ),
    );
    text
}

fn explain(kind: BetKind, rules: &Rules) -> String {
    let facts: Facts = kind.facts(rules);
    let mut text = String::new();
    line(&mut text, &format!("{} ({})", kind.name(), kind.id()));
    let mut entry = |label: &str, words: &str| line(&mut text, &format!("  {label:<8} {words}"));
    entry("where", facts.spot);
    entry("when", facts.window);
    entry("wins on", facts.rule);
    entry("pays", &facts.pays);
    let edge = facts.edge.map_or_else(
        || "none of its own: it grows out of another bet".to_owned(),
        |edge| format!("{edge} of the stake = {}", percent(edge)),
    );
    entry("edge", &edge);
    entry("amount", &facts.amounts);
    entry("down", facts.removal);
    entry("on/off", facts.working);
    entry("winner", facts.winner);
    if let Some(example) = example(kind, rules) {
        entry("example", &example);
    }
    text
}

/// What a round stake costs on average, in whole chips and hundredths.
fn example(kind: BetKind, rules: &Rules) -> Option<String> {
    let bounds = rules.bounds(kind)?;
    let hundredths = share(kind.edge(rules)?, 10_000)?;
    let stake = bounds.min.max(bounds.unit);
    // `stake` chips made a hundred times: stake · 100 · hundredths / 10,000 chips.
    let cost = u128::from(stake).checked_mul(u128::from(hundredths))?;
    let (chips, rest) = (cost / 100, cost % 100);
    Some(format!(
        "{stake} chips, bet 100 times, cost {chips}.{rest:02} chips on average"
    ))
}

/// A fraction in percent, three digits after the point, rounded.
fn percent(edge: &str) -> String {
    match share(edge, 100_000) {
        Some(share) => format!("{}.{:03} %", share / 1000, share % 1000),
        None => edge.to_owned(),
    }
}

/// A fraction of any size times `of`, rounded to the nearest.
fn share(edge: &str, of: u64) -> Option<u64> {
    let (num, den) = edge.split_once('/').unwrap_or((edge, "1"));
    // Digits that both have too many of do not show in the result.
    let drop = den.len().saturating_sub(30);
    let cut = |digits: &str| match digits.len().checked_sub(drop) {
        None | Some(0) => Some(0),
        Some(kept) => digits[..kept].parse::<u128>().ok(),
    };
    let (num, den) = (cut(num)?, cut(den)?.max(1));
    let rounded = num.checked_mul(u128::from(of))?.checked_add(den / 2)? / den;
    u64::try_from(rounded).ok()
}

fn line(text: &mut String, words: &str) {
    let _ = writeln!(text, "{words}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_any_length_are_shown_in_percent() {
        assert_eq!(percent("0"), "0.000 %");
        assert_eq!(percent("7/495"), "1.414 %");
        assert_eq!(percent("1/6"), "16.667 %");
        let rules = Rules::REFERENCE;
        let shown = |kind: BetKind| percent(kind.edge(&rules).unwrap());
        assert_eq!(shown(BetKind::Fire), "20.763 %");
        assert_eq!(shown(BetKind::Replay), "24.806 %");
        assert_eq!(shown(BetKind::BonusAll), "20.609 %");
    }
}
