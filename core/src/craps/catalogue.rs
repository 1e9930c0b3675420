//! Every fact in which one bet differs from another, except what a roll does to it (see `settle`).
//!
//! Numbers and names of entries are part of the wire format and of saved games: append, never
//! renumber. 0 is no bet, so a zeroed buffer decodes to nothing.

use super::bet::{BetKind, Window};
use super::entry::{Entry, Form, Removal, Step, Working};
use super::payout::Pays;

/// The entry of a kind.
pub(crate) fn entry(kind: BetKind) -> &'static Entry {
    match kind {
        BetKind::PassLine => &PASS_LINE,
        BetKind::DontPass => &DONT_PASS,
        BetKind::PassOdds => &PASS_ODDS,
        BetKind::DontPassOdds => &DONT_PASS_ODDS,
        BetKind::Come => &COME,
        BetKind::ComePoint(_) => &COME_POINT,
        BetKind::ComeOdds(_) => &COME_ODDS,
        BetKind::Field => &FIELD,
        BetKind::Place(_) => &PLACE,
    }
}

/// All families.
pub(crate) const CATALOGUE: [&Entry; 9] = [
    &PASS_LINE,
    &DONT_PASS,
    &PASS_ODDS,
    &DONT_PASS_ODDS,
    &COME,
    &COME_POINT,
    &COME_ODDS,
    &FIELD,
    &PLACE,
];

/// The most bets that one seat can have on the layout: one of each kind.
pub const BETS_PER_SEAT_MAX: usize = {
    let mut count = 0;
    let mut family = 0;
    while family < CATALOGUE.len() {
        count += CATALOGUE[family].form.count();
        family += 1;
    }
    count
};

/// The commonest facts; entries below say only how they differ.
const PLAIN: Entry = Entry {
    code: 0,
    name: "",
    title: "",
    form: Form::Plain(BetKind::PassLine),
    window: Window::Always,
    removal: Removal::Always,
    flat: None,
    travels: None,
    working: Working::Always,
    step: Step::Line,
    pays: Pays::Even,
    winner_stays: false,
};

/// Bound to stay once the point is set: before it the bet favours the player, after it the house.
/// Put bets (placing or adding after the point) are not offered.
static PASS_LINE: Entry = Entry {
    code: 1,
    name: "pass-line",
    title: "pass line",
    form: Form::Plain(BetKind::PassLine),
    window: Window::ComeOut,
    removal: Removal::ComeOut,
    ..PLAIN
};

/// The mirror: after the point it favours the player, so it may shrink but never grow.
static DONT_PASS: Entry = Entry {
    code: 2,
    name: "dont-pass",
    title: "don't pass",
    form: Form::Plain(BetKind::DontPass),
    window: Window::ComeOut,
    ..PLAIN
};

static PASS_ODDS: Entry = Entry {
    code: 3,
    name: "pass-odds",
    title: "pass odds",
    form: Form::Plain(BetKind::PassOdds),
    window: Window::Point,
    flat: Some(Form::Plain(BetKind::PassLine)),
    pays: Pays::TrueOdds,
    ..PLAIN
};

static DONT_PASS_ODDS: Entry = Entry {
    code: 4,
    name: "dont-pass-odds",
    title: "don't pass odds",
    form: Form::Plain(BetKind::DontPassOdds),
    window: Window::Point,
    flat: Some(Form::Plain(BetKind::DontPass)),
    pays: Pays::LayOdds,
    ..PLAIN
};

static COME: Entry = Entry {
    code: 5,
    name: "come",
    title: "come",
    form: Form::Plain(BetKind::Come),
    window: Window::Point,
    travels: Some(BetKind::ComePoint),
    step: Step::ComeFresh,
    ..PLAIN
};

/// Working even on a come-out roll, where a seven takes it.
static COME_POINT: Entry = Entry {
    code: 6,
    name: "come-point",
    title: "come point",
    form: Form::Numbered(BetKind::ComePoint),
    window: Window::Never,
    removal: Removal::Never,
    step: Step::ComeOnNumber,
    ..PLAIN
};

static COME_ODDS: Entry = Entry {
    code: 7,
    name: "come-odds",
    title: "come odds",
    form: Form::Numbered(BetKind::ComeOdds),
    flat: Some(Form::Numbered(BetKind::ComePoint)),
    working: Working::ReturnsAtComeOut,
    step: Step::ComeOnNumber,
    pays: Pays::TrueOdds,
    ..PLAIN
};

static FIELD: Entry = Entry {
    code: 8,
    name: "field",
    title: "field",
    form: Form::Plain(BetKind::Field),
    step: Step::OneRoll,
    pays: Pays::Field,
    ..PLAIN
};

static PLACE: Entry = Entry {
    code: 9,
    name: "place",
    title: "place",
    form: Form::Numbered(BetKind::Place),
    working: Working::RestsAtComeOut,
    step: Step::Place,
    pays: Pays::Place,
    winner_stays: true,
    ..PLAIN
};
