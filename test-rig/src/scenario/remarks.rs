//! What a reader of a scenario might overlook: nothing is wrong, but it ends otherwise than
//! hoped or has no effect.

use super::explain::list;
use super::model::{Fault, FaultAction, Scenario, Topology};
use super::names::Behaviour;
use super::units::show_ms;

pub(super) fn remarks(scenario: &Scenario) -> Vec<String> {
    let mut remarks = Vec::new();
    remarks.extend(too_many_gone(scenario));
    remarks.extend(too_many_liars(scenario));
    remarks.extend(
        scenario
            .faults
            .iter()
            .filter_map(|fault| no_quorum(scenario, fault)),
    );
    remarks.extend(idle_overrides(scenario));
    for liar in &scenario.byzantine {
        let plots = matches!(liar.behaviour, Behaviour::Colluder | Behaviour::Peeker);
        if !liar.with.is_empty() && !plots {
            let (player, behaviour) = (liar.player, liar.behaviour);
            remarks.push(format!(
                "player {player}: `with` has no effect on {behaviour}"
            ));
        }
        let takes_part = |player: &u8| {
            let mut same = scenario.byzantine.iter();
            same.any(|other| other.behaviour == liar.behaviour && other.player == *player)
        };
        let honest = liar.with.iter().filter(|player| !takes_part(player));
        for player in honest.filter(|_| plots) {
            remarks.push(format!(
                "player {player} is named in a plot and is no {}: it takes no part",
                liar.behaviour
            ));
        }
    }
    remarks
}

/// A player who says nothing for a while, for whatever reason.
struct Absence {
    player: u8,
    from_ms: u64,
    until_ms: Option<u64>,
}

fn absences(scenario: &Scenario) -> Vec<Absence> {
    let silent = scenario
        .byzantine
        .iter()
        .filter(|liar| liar.behaviour == Behaviour::Silent);
    let silent = silent.map(|liar| Absence {
        player: liar.player,
        from_ms: liar.from_ms,
        until_ms: liar.until_ms,
    });
    let down = scenario
        .faults
        .iter()
        .filter_map(|fault| match fault.action {
            FaultAction::Crash { player, .. } | FaultAction::Suspend { player } => Some(Absence {
                player,
                from_ms: fault.from_ms,
                until_ms: fault.until_ms,
            }),
            _ => None,
        });
    silent.chain(down).collect()
}

/// Who is absent at a moment, each player once.
fn absent(absences: &[Absence], at_ms: u64) -> Vec<u8> {
    let gone = |a: &&Absence| a.from_ms <= at_ms && a.until_ms.is_none_or(|until| until > at_ms);
    let mut players: Vec<u8> = absences.iter().filter(gone).map(|a| a.player).collect();
    players.sort_unstable();
    players.dedup();
    players
}

/// The worst moment, if the table cannot decide anything then.
fn too_many_gone(scenario: &Scenario) -> Option<String> {
    let absences = absences(scenario);
    let spare = usize::from(scenario.players - scenario.quorum());
    // Players only become absent at a beginning, so one of these is the worst moment.
    let mut moments: Vec<u64> = absences.iter().map(|absence| absence.from_ms).collect();
    moments.sort_unstable();
    let worst = moments
        .iter()
        .rev()
        .max_by_key(|at| absent(&absences, **at).len())?;
    let gone = absent(&absences, *worst);
    if gone.len() <= spare {
        return None;
    }
    let stays = absent(&absences, u64::MAX).len() > spare;
    Some(format!(
        "players {} are silent or down at {}: {} are more than the {spare} that this table can \
         lose: expect a stall{}",
        list(&gone),
        show_ms(*worst),
        gone.len(),
        if stays { "" } else { " while it lasts" }
    ))
}

/// Silence breaks no promise but that of progress; every other lie above f may break agreement.
fn too_many_liars(scenario: &Scenario) -> Option<String> {
    let liars = scenario
        .byzantine
        .iter()
        .filter(|liar| liar.behaviour != Behaviour::Silent);
    let mut players: Vec<u8> = liars.map(|liar| liar.player).collect();
    players.sort_unstable();
    players.dedup();
    let f = scenario.faulty_max();
    (players.len() > usize::from(f)).then(|| {
        format!(
            "{} liars are more than f = {f}: agreement is no longer promised",
            players.len()
        )
    })
}

fn no_quorum(scenario: &Scenario, fault: &Fault) -> Option<String> {
    let FaultAction::Partition { groups } = &fault.action else {
        return None;
    };
    let q = scenario.quorum();
    let largest = groups.iter().map(Vec::len).max().unwrap_or(0);
    let lasts = if fault.until_ms.is_some() {
        " while it lasts"
    } else {
        ""
    };
    (largest < usize::from(q)).then(|| {
        let from = show_ms(fault.from_ms);
        format!("no side of the partition at {from} has q = {q} players: expect a stall{lasts}")
    })
}

fn idle_overrides(scenario: &Scenario) -> Vec<String> {
    let last = scenario.players - 1;
    let exists = |(a, b): (u8, u8)| match &scenario.radio.topology {
        Topology::Auto | Topology::Full => true,
        Topology::Line => b - a == 1,
        Topology::Ring => b - a == 1 || (a, b) == (0, last),
        Topology::Links(links) => links.contains(&(a, b)),
    };
    let links = scenario.radio.links.iter().map(|link| link.between);
    links
        .filter(|link| !exists(*link))
        .map(|(a, b)| format!("link {a}-{b} has no effect: the topology has no such link"))
        .collect()
}
