//! What came of an operation at the table, as the app is told.
#![forbid(unsafe_code)]

use bitcraps_core::craps::{Line, LineResult};
use bitcraps_core::crypto::Seat;
use bitcraps_core::table::{Outcome, RollResult, Wish};

use crate::event::{Event, Fate, LineView, numbers};
use crate::view::{point, small};

/// What an outcome is to the app; nothing if it is told in another way.
pub(crate) fn outcome_event(sequence: u64, outcome: Outcome) -> Option<Event> {
    Some(match outcome {
        Outcome::BetPlaced {
            seat,
            kind,
            amount,
            vig,
            ..
        } => Event::BetPlaced {
            seat: seat.0,
            kind: kind.into(),
            amount,
            vig,
        },
        Outcome::BetReturned { seat, kind, amount } => Event::BetReturned {
            seat: seat.0,
            kind: kind.into(),
            amount,
        },
        Outcome::WorkingSet { seat, kind, on } => Event::WorkingSet {
            seat: seat.0,
            kind: kind.into(),
            on,
        },
        Outcome::RollClosed { roll, by } => Event::RollClosed {
            roll,
            by: by.map(|seat| seat.0),
        },
        Outcome::Rolled(result) => rolled(sequence, &result),
        Outcome::Convicted {
            seat,
            lie,
            by,
            forfeited,
            seized,
        } => Event::Convicted {
            seat: seat.0,
            lie: lie.name().to_owned(),
            by: by.0,
            forfeited: forfeited.saturating_add(seized),
        },
        Outcome::Left { seat } => Event::PlayerLeft { seat: seat.0 },
        Outcome::Signed { seat, missing } => Event::PlayerSigned {
            seat: seat.0,
            missing: small(missing),
        },
        Outcome::Tapped {
            seat,
            wish,
            have,
            needed,
        } => wanted(seat, wish, small(have), small(needed)),
        Outcome::Unseated { seat } => Event::Unseated { seat: seat.0 },
        Outcome::Dissolved => Event::Dissolved,
        Outcome::MembersChange {
            first,
            members,
            quorum,
        } => Event::MembersChange {
            first,
            members: numbers(&members),
            quorum: small(quorum),
        },
        Outcome::Invited { .. }
        | Outcome::Seated { .. }
        | Outcome::NotSeated { .. }
        | Outcome::BoughtIn { .. } => return seating_event(&outcome),
        Outcome::Dealt { .. } | Outcome::KeyMade { .. } | Outcome::GivenUp { .. } => {
            return key_event(outcome);
        }
        // Own refusals come under their request's number; others' are none of this player's business. Where the
        // dice are is told by comparing tables, whatever moved them.
        Outcome::Rejected { .. } | Outcome::DicePassed { .. } => return None,
    })
}

const fn seating_event(outcome: &Outcome) -> Option<Event> {
    match outcome {
        Outcome::Invited { seat, .. } => Some(Event::SeatOffered { seat: seat.0 }),
        Outcome::Seated { seat, chips, .. } => Some(Event::Seated {
            seat: seat.0,
            chips: *chips,
        }),
        Outcome::NotSeated { seat, .. } => Some(Event::NotSeated { seat: seat.0 }),
        Outcome::BoughtIn { seat, chips } => Some(Event::BoughtIn {
            seat: seat.0,
            chips: *chips,
        }),
        _ => None,
    }
}

fn key_event(outcome: Outcome) -> Option<Event> {
    match outcome {
        Outcome::Dealt { seat, have, needed } => Some(Event::KeyDealt {
            seat: seat.0,
            have: small(have),
            needed: small(needed),
        }),
        Outcome::KeyMade { epoch, dealers, .. } => Some(Event::KeyMade {
            epoch,
            dealers: numbers(&dealers),
        }),
        Outcome::GivenUp { epoch, attempt } => Some(Event::KeyGivenUp { epoch, attempt }),
        _ => None,
    }
}

fn wanted(by: Seat, wish: Wish, have: u8, needed: u8) -> Event {
    let by = by.0;
    match wish {
        Wish::Unseat(seat) => Event::UnseatWanted {
            by,
            seat: seat.0,
            have,
            needed,
        },
        Wish::Dissolve => Event::DissolveWanted { by, have, needed },
        Wish::Seat(key) => Event::SeatWanted {
            by,
            public_key: key.to_vec(),
            have,
            needed,
        },
    }
}

fn rolled(sequence: u64, result: &RollResult) -> Event {
    let settlement = &result.settlement;
    Event::Rolled {
        sequence,
        roll: result.roll,
        hand: result.hand,
        die_1: settlement.roll.first(),
        die_2: settlement.roll.second(),
        shooter: result.shooter.map(|seat| seat.0),
        point_made: settlement.point_made,
        seven_out: settlement.seven_out,
        point: point(result.phase),
        lines: settlement.lines.iter().map(line).collect(),
    }
}

fn line(line: &Line) -> LineView {
    LineView {
        seat: line.seat.0,
        kind: line.kind.into(),
        stake: line.stake,
        fate: match line.result {
            LineResult::Win { profit, stays } => Fate::Won { profit, stays },
            LineResult::Lose => Fate::Lost,
            LineResult::Push => Fate::Pushed,
            LineResult::Returned => Fate::Returned,
            LineResult::Travels { to } => Fate::Travelled { to: to.into() },
        },
    }
}
