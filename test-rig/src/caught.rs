//! What a printed run says of phones that lie: the proof, the conviction, the vote that they lose, the fork.

use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Event;
use bitcraps_core::table::Outcome;

use crate::result::RunResult;
use crate::trace::lies::{EpochRecord, Proof};

/// The lines of one event; none if it is about something else. `members` are those who vote by what was told last, and
/// `record` gives what evidence of an epoch is checked by, if that is known.
pub(crate) fn lines(
    event: &Event,
    members: &mut Vec<Seat>,
    record: &dyn Fn(u64) -> Option<EpochRecord>,
) -> Vec<String> {
    match event {
        Event::Caught {
            seat,
            lie,
            evidence,
        } => {
            let mut lines = vec![format!("phone {seat} is caught lying: {}", lie.name())];
            lines.extend(proof(*seat, evidence, record));
            lines
        }
        Event::Happened { sequence, outcome } => happened(*sequence, outcome, members),
        Event::Halted {
            sequence, culprits, ..
        } => vec![format!(
            "slot {sequence} was decided twice: this phone stops for good; who lied: {}",
            listed(culprits)
        )],
        _ => Vec::new(),
    }
}

/// Both things that were signed, and whether the rig's own check agrees.
fn proof(seat: Seat, evidence: &[u8], record: &dyn Fn(u64) -> Option<EpochRecord>) -> Vec<String> {
    let Some(proof) = Proof::read(evidence) else {
        let bytes = evidence.len();
        return vec![format!("  the proof: {bytes} B that anybody can check")];
    };
    let [one, other] = proof.in_words();
    let checked = match record(proof.epoch()).map(|record| proof.holds(&record)) {
        Some(true) => {
            format!("both are signed with phone {seat}'s key, as the rig finds by itself")
        }
        Some(false) => "THIS PROOF DOES NOT HOLD by the rig's own check".to_owned(),
        None => format!("in epoch {}, which is over", proof.epoch()),
    };
    vec![
        format!("  it signed  {one}"),
        format!("  and        {other}"),
        format!("  {checked}"),
    ]
}

fn happened(sequence: u64, outcome: &Outcome, members: &mut Vec<Seat>) -> Vec<String> {
    match outcome {
        Outcome::Convicted {
            seat,
            lie,
            by,
            forfeited,
            seized,
        } => {
            let stack = match seized {
                0 => "its stack is frozen".to_owned(),
                chips => format!("so do {chips} of its stack"),
            };
            vec![format!(
                "phone {seat} is convicted of {} in slot {sequence}, where phone {by} showed the proof: \
                 {forfeited} chips of its bets go to the bank, {stack}",
                lie.name()
            )]
        }
        Outcome::MembersChange {
            first,
            members: next,
            quorum,
        } => {
            let before = std::mem::replace(members, next.clone());
            let gone = before.into_iter().filter(|seat| !next.contains(seat));
            let gone: Vec<Seat> = gone.collect();
            let change = match gone.is_empty() {
                true => String::new(),
                false => format!("; evicted: {}", listed(&gone)),
            };
            vec![format!(
                "from slot {first} on phones {} vote, {quorum} of them decide{change}",
                listed(next)
            )]
        }
        _ => Vec::new(),
    }
}

/// One line for each phone that was convicted in a run.
pub(crate) fn summary(result: &RunResult) -> impl Iterator<Item = String> {
    result.evidence.iter().map(|found| {
        let vote = if result.evicted.contains(&found.player) {
            "evicted"
        } else {
            "still to be evicted: the others have no key without it yet"
        };
        format!(
            "proven to have lied: phone {} ({}), {vote}",
            found.player, found.kind
        )
    })
}

fn listed(seats: &[Seat]) -> String {
    let seats: Vec<String> = seats.iter().map(Seat::to_string).collect();
    seats.join(", ")
}
