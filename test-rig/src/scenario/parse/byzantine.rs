//! The sections `[[byzantine]]`.

use super::super::error::ScenarioError;
use super::super::model::Byzantine;
use super::super::names::Behaviour;
use super::super::reader::{Section, Value};
use super::super::units::show_ms;
use super::{Rules, built, period};

/// Behaviours that may name accomplices. Only plotters have any; the equivocator is here
/// because the contract's own example gives it the key, and that example must stay readable.
const WITH: [Behaviour; 3] = [
    Behaviour::Colluder,
    Behaviour::Peeker,
    Behaviour::Equivocator,
];

pub(super) fn read(
    value: Option<Value<'_>>,
    rules: &Rules<'_>,
) -> Result<Vec<Byzantine>, ScenarioError> {
    let mut liars: Vec<Byzantine> = Vec::new();
    let Some(value) = value else { return Ok(liars) };
    for item in value.items("sections [[byzantine]]")? {
        let section = item.section()?;
        section.allow(&["player", "behaviour", "from", "until", "with"])?;
        let range = format!("a player from 0 to {}", rules.players - 1);
        let who = section.require("player", &range)?;
        let player = who.player(rules.players)?;
        let how = section.require("behaviour", "a behaviour such as \"silent\"")?;
        let behaviour = built(
            &how,
            "behaviour",
            Behaviour::ALL,
            rules.supported.behaviours,
        )?;
        let (from_ms, until_ms) = period(&section, rules.stop_ms)?;
        let with = accomplices(&section, player, behaviour, rules)?;
        let liar = Byzantine {
            player,
            behaviour,
            from_ms,
            until_ms,
            with,
        };
        if let Some(index) = liars.iter().position(|other| overlap(other, &liar)) {
            return Err(who.wrong(already_lies(&liars[index], index)));
        }
        liars.push(liar);
    }
    Ok(liars)
}

fn accomplices(
    section: &Section<'_>,
    player: u8,
    behaviour: Behaviour,
    rules: &Rules<'_>,
) -> Result<Vec<u8>, ScenarioError> {
    let Some(value) = section.value("with") else {
        return Ok(Vec::new());
    };
    if !WITH.contains(&behaviour) {
        let problem =
            format!("expected only with behaviour colluder or peeker, found with {behaviour}");
        return Err(value.wrong(problem));
    }
    let with = value.players(rules.players)?;
    if with.contains(&player) {
        return Err(value.wrong(format!("expected other players, found {player} itself")));
    }
    Ok(with)
}

/// Whether one player would lie in two ways at once.
fn overlap(a: &Byzantine, b: &Byzantine) -> bool {
    let ends_after = |end: Option<u64>, start| end.is_none_or(|end| end > start);
    a.player == b.player && ends_after(a.until_ms, b.from_ms) && ends_after(b.until_ms, a.from_ms)
}

fn already_lies(earlier: &Byzantine, index: usize) -> String {
    let Byzantine {
        player,
        behaviour,
        from_ms,
        until_ms,
        ..
    } = earlier;
    let until = until_ms.map_or_else(|| "the end".to_owned(), show_ms);
    format!(
        "expected a player who does not lie already, found {player}, who is {behaviour} from {} \
         to {until} (byzantine[{index}])",
        show_ms(*from_ms)
    )
}
