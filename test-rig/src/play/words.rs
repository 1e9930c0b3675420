//! Intents as people type them.

use bitcraps_core::craps::BetKind;

use super::bridge::{BetState, Intent, News, State};
use crate::scenario::did_you_mean;

/// What can be typed.
pub const HELP: &str = "\
bet ID CHIPS      put chips on a bet: bet pass-line 10, bet place-6 12 (`rig bets` lists the ids)
take ID [CHIPS]   take a bet down, or some of its chips back
on ID / off ID    call a bet on or off
roll              close the bets and roll, if you are the shooter
pass              pass the dice, on a come-out
wait [SECONDS]    let time pass; without a number until the next roll has settled
state             say again how things stand
leave             leave the table with what is on your stack
quit              end";

/// Reads a line.
///
/// # Errors
/// In one line what was expected instead.
pub fn intent(line: &str) -> Result<Intent, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let chips = |word: &str| {
        let number = word.parse::<u64>().ok().filter(|chips| *chips > 0);
        number.ok_or_else(|| format!("expected a number of chips, found {word:?}"))
    };
    Ok(match words.as_slice() {
        ["bet" | "place", id, amount] => Intent::Place {
            bet: bet(id)?,
            amount: chips(amount)?,
        },
        ["take" | "remove", id] => Intent::Remove { bet: bet(id)? },
        ["take" | "reduce", id, by] => Intent::Reduce {
            bet: bet(id)?,
            by: chips(by)?,
        },
        [call @ ("on" | "off"), id] => Intent::Working {
            bet: bet(id)?,
            on: *call == "on",
        },
        ["roll"] => Intent::Roll,
        ["pass"] => Intent::Pass,
        ["leave"] => Intent::Leave,
        ["wait"] => Intent::Wait { ms: None },
        ["wait", seconds] => {
            let seconds = seconds.parse::<u64>().ok().filter(|s| *s <= 3_600);
            let seconds = seconds.ok_or("expected at most 3600 seconds, as in `wait 5`")?;
            Intent::Wait {
                ms: Some(seconds * 1_000),
            }
        }
        ["state"] => Intent::State,
        ["quit" | "exit" | "q"] => Intent::Quit,
        ["bet" | "place", ..] => {
            return Err("expected `bet ID CHIPS`, as in `bet pass-line 10`".into());
        }
        ["take" | "remove" | "reduce" | "on" | "off", ..] => {
            return Err("expected the id of a bet, as in `take field`".into());
        }
        [word, ..] => {
            let known = "bet take on off roll pass wait state leave quit".split(' ');
            let hint = did_you_mean(word, known, '`');
            return Err(format!(
                "{word:?} is nothing to do here{hint}; `help` lists what is"
            ));
        }
        [] => return Err("expected something to do; `help` lists what there is".into()),
    })
}

/// The id of a bet; also of one whose name was typed.
pub(super) fn bet(id: &str) -> Result<String, String> {
    let wanted = id.to_lowercase();
    if let Some(kind) = BetKind::from_id(&wanted) {
        return Ok(kind.id().to_owned());
    }
    let of_family: Vec<&str> = BetKind::all()
        .filter(|kind| kind.family() == wanted)
        .map(BetKind::id)
        .collect();
    if !of_family.is_empty() {
        return Err(format!("{id:?} is one of {}", of_family.join(", ")));
    }
    let hint = did_you_mean(&wanted, BetKind::all().map(BetKind::id), '`');
    Err(format!("no bet called {id:?}{hint}; `rig bets` lists them"))
}

/// Something that happened, in a line.
#[must_use]
pub fn news(news: &News) -> String {
    let (at, text) = (clock(news.ms), &news.text);
    let moves: Vec<String> = news
        .moves
        .iter()
        .map(|(seat, by)| format!("{seat} {by:+}"))
        .collect();
    match news.what.as_str() {
        "rolled" => format!("{at}  ROLL  {text}   {}", moves.join(" · ")),
        "rejected" => format!("{at}  no: {text}"),
        _ => format!("{at}  {text}"),
    }
}

/// How things stand, in a few lines.
#[must_use]
pub fn state(state: &State) -> String {
    let phase = state.point.map_or_else(
        || "come-out".to_owned(),
        |point| format!("the point is {point}"),
    );
    let shooter = match state.shooter {
        Some(seat) if seat == state.you => "you have the dice".to_owned(),
        Some(seat) => format!("seat {seat} has the dice"),
        None => "nobody has the dice: no line bet".to_owned(),
    };
    let you = state.seats.iter().find(|seat| seat.seat == state.you);
    let stack = you.map_or(0, |seat| seat.stack);
    let bets = you.map_or(String::new(), |seat| bets(&seat.bets));
    let links: Vec<String> = state.links.iter().map(ToString::to_string).collect();
    let [needed, of] = state.quorum;
    format!(
        "{}  roll {}: {phase}, {shooter} · your stack {stack}, bets {bets} · links to {} · {needed} of {of} decide",
        clock(state.ms),
        state.roll,
        links.join(", "),
    )
}

/// Bets in words.
#[must_use]
pub fn bets(bets: &[BetState]) -> String {
    let words = bets.iter().map(|bet| {
        let off = if bet.working { "" } else { " (off)" };
        format!("{} {}{off}", bet.bet, bet.amount)
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

/// Minutes, seconds, tenths.
#[must_use]
pub fn clock(ms: u64) -> String {
    format!(
        "{:>2}:{:02}.{}",
        ms / 60_000,
        ms / 1_000 % 60,
        ms / 100 % 10
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_an_intent_or_a_line_about_what_was_expected() {
        let bet = || "pass-line".to_owned();
        assert_eq!(
            intent(" bet pass-line 10 "),
            Ok(Intent::Place {
                bet: bet(),
                amount: 10
            })
        );
        assert_eq!(intent("take pass-line"), Ok(Intent::Remove { bet: bet() }));
        assert_eq!(
            intent("take PASS-LINE 5"),
            Ok(Intent::Reduce { bet: bet(), by: 5 })
        );
        assert_eq!(intent("wait 2"), Ok(Intent::Wait { ms: Some(2_000) }));
        for (line, part) in [
            ("bet pass-lin 10", "did you mean `pass-line`"),
            ("bet place 12", "place-4"),
            ("bet pass-line ten", "a number of chips"),
            ("bet pass-line", "bet ID CHIPS"),
            ("rol", "did you mean `roll`"),
            ("", "help"),
            ("wait -1", "3600"),
        ] {
            let problem = intent(line).expect_err(line);
            assert!(problem.contains(part), "{line}: {problem}");
        }
    }
}
