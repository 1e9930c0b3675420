//! Bets on a number against the seven that stay until one of them comes: the boxes, the big bets and the hardways.

use super::super::bet::BetKind;
use super::super::payout::Pays;
use super::{Entry, Form, Limit, PLAIN, Step, Working, on_boxes};

pub(super) static PLACE: Entry = Entry {
    code: 9,
    family: "place",
    ids: on_boxes!("place-"),
    names: on_boxes!("place "),
    form: Form::Box(BetKind::Place),
    spot: "on the edge of the number's box",
    rule: "the number before a 7",
    working: Working::RestsAtComeOut,
    step: Step::Box,
    pays: Pays::Place,
    winner_stays: true,
    ..PLAIN
};

pub(super) static PLACE_TO_LOSE: Entry = Entry {
    code: 13,
    family: "place-to-lose",
    ids: on_boxes!("place-to-lose-"),
    names: on_boxes!("place to lose "),
    form: Form::Box(BetKind::PlaceToLose),
    spot: "behind the number's box",
    rule: "a 7 before the number",
    working: Working::UnlessCalledOff,
    step: Step::Box,
    pays: Pays::PlaceToLose,
    winner_stays: true,
    ..PLAIN
};

pub(super) static BUY: Entry = Entry {
    code: 14,
    family: "buy",
    ids: on_boxes!("buy-"),
    names: on_boxes!("buy "),
    form: Form::Box(BetKind::Buy),
    spot: "in the number's box, under a buy button",
    rule: "the number before a 7",
    working: Working::RestsAtComeOut,
    step: Step::Box,
    pays: Pays::Buy,
    winner_stays: true,
    ..PLAIN
};

pub(super) static LAY: Entry = Entry {
    code: 15,
    family: "lay",
    ids: on_boxes!("lay-"),
    names: on_boxes!("lay "),
    form: Form::Box(BetKind::Lay),
    spot: "behind the number's box, under a lay button",
    rule: "a 7 before the number",
    working: Working::UnlessCalledOff,
    step: Step::Box,
    pays: Pays::Lay,
    winner_stays: true,
    ..PLAIN
};

pub(super) static BIG: Entry = Entry {
    code: 16,
    family: "big",
    ids: &["big-6", "big-8"],
    names: &["big 6", "big 8"],
    form: Form::Big(BetKind::Big),
    spot: "the corner of the pass line",
    rule: "the number before a 7",
    step: Step::Hard,
    pays: Pays::Big,
    winner_stays: true,
    ..PLAIN
};

pub(super) static HARD: Entry = Entry {
    code: 17,
    family: "hard",
    ids: &["hard-4", "hard-6", "hard-8", "hard-10"],
    names: &["hard 4", "hard 6", "hard 8", "hard 10"],
    form: Form::Hard(BetKind::Hard),
    spot: "the hardways in the middle",
    rule: "the number as a double before a 7 and before it comes any other way",
    working: Working::AsTheHouseSays,
    step: Step::Hard,
    limit: Limit::Prop,
    pays: Pays::Hard,
    winner_stays: true,
    ..PLAIN
};
