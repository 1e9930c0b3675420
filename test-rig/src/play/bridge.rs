//! The bridge: one JSON object a line, [`Said`] out and [`Intent`] in.
//!
//! Out: `{"type":"state",…}` whenever something has changed, `{"type":"news",…}` for what happened, `{"type":"refused",…}` for
//! an intent that cannot be. In: `{"intent":"place","bet":"pass-line","amount":10}` and the like. Bets go by their
//! catalogue's id (`rig bets`), chips are whole numbers, times are milliseconds of the table's time.

use serde::{Deserialize, Serialize};

/// What the player wants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "lowercase", deny_unknown_fields)]
pub enum Intent {
    /// Put chips on a bet, or more on one that stands.
    Place {
        /// Its id.
        bet: String,
        /// How many.
        amount: u64,
    },
    /// Take some chips of a bet back.
    Reduce {
        /// Its id.
        bet: String,
        /// How many.
        by: u64,
    },
    /// Take a bet down.
    Remove {
        /// Its id.
        bet: String,
    },
    /// Call a bet on or off.
    Working {
        /// Its id.
        bet: String,
        /// On or off.
        on: bool,
    },
    /// Close the bets and roll; the shooter's.
    Roll,
    /// Pass the dice; the shooter's, on a come-out.
    Pass,
    /// Leave the table.
    Leave,
    /// Let time pass: so many milliseconds, or until the next roll has settled.
    Wait {
        /// How long.
        #[serde(default)]
        ms: Option<u64>,
    },
    /// Say the state again.
    State,
    /// End the game.
    Quit,
}

/// What the player is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Said {
    /// How things stand.
    State(Box<State>),
    /// Something happened.
    News(News),
    /// An intent cannot be, with the reason and what would do.
    Refused {
        /// Why.
        problem: String,
    },
}

/// How things stand on the player's own phone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct State {
    /// The table's time.
    pub ms: u64,
    /// The player's seat.
    pub you: u8,
    /// The open roll.
    pub roll: u64,
    /// Whether its bets are closed and the dice are on their way.
    pub closed: bool,
    /// The point; unset on a come-out.
    pub point: Option<u8>,
    /// Who has the dice.
    pub shooter: Option<u8>,
    /// Whether the player may roll now.
    pub may_roll: bool,
    /// The last dice.
    pub dice: Option<[u8; 2]>,
    /// Everybody, by seat.
    pub seats: Vec<SeatState>,
    /// The bank's chips.
    pub bank: u64,
    /// The seats that the player's phone has links to.
    pub links: Vec<u8>,
    /// How many phones must agree, and of how many.
    pub quorum: [usize; 2],
    /// The view and its primary, and whether the phone votes in it.
    pub view: u64,
    /// Whose phone proposes.
    pub primary: u8,
    /// Whether it votes.
    pub voting: bool,
    /// Who has been caught lying by this phone.
    pub caught: Vec<u8>,
    /// Whose phones have gone quiet, while nothing is decided; unset while the table goes on.
    pub stalled: Option<Vec<u8>>,
    /// Whether the table halted on a fork.
    pub halted: bool,
    /// Intents that are signed and not ordered yet.
    pub pending: usize,
}

/// One seat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatState {
    /// Its number.
    pub seat: u8,
    /// Chips that are not on the layout.
    pub stack: u64,
    /// Its bets.
    pub bets: Vec<BetState>,
    /// "playing", "left" or "convicted".
    pub status: String,
}

/// One standing bet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BetState {
    /// Its id.
    pub bet: String,
    /// Its chips.
    pub amount: u64,
    /// Whether it works on the next roll.
    pub working: bool,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct News {
    /// When.
    pub ms: u64,
    /// "rolled", "placed", "returned", "rejected", "caught", "convicted", "view", "stalled", "resumed", "halted", "neighbour", "left" or "settled".
    pub what: String,
    /// In words.
    pub text: String,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<u8>,
    /// Of a roll: the dice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dice: Option<[u8; 2]>,
    /// Of a roll: what each seat won or lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<(u8, i64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intents_are_what_the_documentation_says_and_nothing_else() {
        let read = |text: &str| serde_json::from_str::<Intent>(text);
        let place = read(r#"{"intent":"place","bet":"pass-line","amount":10}"#).unwrap();
        let bet = "pass-line".to_owned();
        assert_eq!(place, Intent::Place { bet, amount: 10 });
        assert_eq!(read(r#"{"intent":"roll"}"#).unwrap(), Intent::Roll);
        assert_eq!(
            read(r#"{"intent":"wait"}"#).unwrap(),
            Intent::Wait { ms: None }
        );
        for wrong in [
            r#"{"intent":"cheat"}"#,
            r#"{"intent":"place","bet":"pass-line"}"#,
            r#"{"intent":"place","bet":"pass-line","amount":-1}"#,
            r#"{"intent":"remove","bet":"field","by":3}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
