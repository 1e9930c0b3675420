//! Every fact in which one bet differs from another, except what a roll does to it (see `verdict`) and what it costs
//! (see `edge`). The only list of bets: wire codes, names, help and limits are read from it.
//!
//! Codes and identifiers are part of the wire format and of saved games: append, never renumber. 0 is no bet, so a
//! zeroed buffer decodes to nothing. Texts are those of `craps.md` B2, in our words.

mod boxes;
mod entry;
mod line;
mod props;
mod side;

pub use entry::Window;
pub(super) use entry::{Entry, Form, Limit, Removal, Step, Working};

use super::bet::BetKind;
use super::payout::Pays;

/// The entry of a kind.
pub(super) const fn entry(kind: BetKind) -> &'static Entry {
    match kind {
        BetKind::PassLine => &line::PASS_LINE,
        BetKind::DontPass => &line::DONT_PASS,
        BetKind::PassOdds => &line::PASS_ODDS,
        BetKind::DontPassOdds => &line::DONT_PASS_ODDS,
        BetKind::Come => &line::COME,
        BetKind::ComePoint(_) => &line::COME_POINT,
        BetKind::ComeOdds(_) => &line::COME_ODDS,
        BetKind::Field => &props::FIELD,
        BetKind::Place(_) => &boxes::PLACE,
        BetKind::DontCome => &line::DONT_COME,
        BetKind::DontComePoint(_) => &line::DONT_COME_POINT,
        BetKind::DontComeOdds(_) => &line::DONT_COME_ODDS,
        BetKind::PlaceToLose(_) => &boxes::PLACE_TO_LOSE,
        BetKind::Buy(_) => &boxes::BUY,
        BetKind::Lay(_) => &boxes::LAY,
        BetKind::Big(_) => &boxes::BIG,
        BetKind::Hard(_) => &boxes::HARD,
        BetKind::AnySeven => &props::ANY_SEVEN,
        BetKind::AnyCraps => &props::ANY_CRAPS,
        BetKind::Single(_) => &props::SINGLE,
        BetKind::Hop(_) => &props::HOP,
        BetKind::Horn => &props::HORN,
        BetKind::HornHigh(_) => &props::HORN_HIGH,
        BetKind::World => &props::WORLD,
        BetKind::CrapsEleven => &props::CRAPS_ELEVEN,
        BetKind::ThreeWay => &props::THREE_WAY,
        BetKind::HiLo => &props::HI_LO,
        BetKind::HiLoYo => &props::HI_LO_YO,
        BetKind::OverSeven => &props::OVER_SEVEN,
        BetKind::UnderSeven => &props::UNDER_SEVEN,
        BetKind::LowDice => &props::LOW_DICE,
        BetKind::Fire => &side::FIRE,
        BetKind::BonusSmall => &side::BONUS_SMALL,
        BetKind::BonusTall => &side::BONUS_TALL,
        BetKind::BonusAll => &side::BONUS_ALL,
        BetKind::Repeater(_) => &side::REPEATER,
        BetKind::RideTheLine => &side::RIDE_THE_LINE,
        BetKind::Muggsy => &side::MUGGSY,
        BetKind::Replay => &side::REPLAY,
        BetKind::DifferentDoubles => &side::DIFFERENT_DOUBLES,
        BetKind::PointSeven => &side::POINT_SEVEN,
        BetKind::SevenPoint => &side::SEVEN_POINT,
        BetKind::SevenPointUp => &side::SEVEN_POINT_UP,
    }
}

/// All families, by code.
static CATALOGUE: [&Entry; 43] = [
    &line::PASS_LINE,
    &line::DONT_PASS,
    &line::PASS_ODDS,
    &line::DONT_PASS_ODDS,
    &line::COME,
    &line::COME_POINT,
    &line::COME_ODDS,
    &props::FIELD,
    &boxes::PLACE,
    &line::DONT_COME,
    &line::DONT_COME_POINT,
    &line::DONT_COME_ODDS,
    &boxes::PLACE_TO_LOSE,
    &boxes::BUY,
    &boxes::LAY,
    &boxes::BIG,
    &boxes::HARD,
    &props::ANY_SEVEN,
    &props::ANY_CRAPS,
    &props::SINGLE,
    &props::HOP,
    &props::HORN,
    &props::HORN_HIGH,
    &props::WORLD,
    &props::CRAPS_ELEVEN,
    &props::THREE_WAY,
    &props::HI_LO,
    &props::HI_LO_YO,
    &props::OVER_SEVEN,
    &props::UNDER_SEVEN,
    &props::LOW_DICE,
    &side::FIRE,
    &side::BONUS_SMALL,
    &side::BONUS_TALL,
    &side::BONUS_ALL,
    &side::REPEATER,
    &side::RIDE_THE_LINE,
    &side::MUGGSY,
    &side::REPLAY,
    &side::DIFFERENT_DOUBLES,
    &side::POINT_SEVEN,
    &side::SEVEN_POINT_UP,
    &side::SEVEN_POINT,
];

/// All families, by code.
pub(super) fn families() -> impl Iterator<Item = &'static Entry> {
    CATALOGUE.iter().copied()
}

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

/// The commonest facts; entries say only how they differ.
const PLAIN: Entry = Entry {
    code: 0,
    family: "",
    ids: &[],
    names: &[],
    form: Form::Plain(BetKind::PassLine),
    spot: "",
    rule: "",
    window: Window::Always,
    removal: Removal::Always,
    working: Working::Always,
    step: Step::Line,
    limit: Limit::Bet,
    pays: Pays::Even,
    winner_stays: false,
};

/// One text for each box number, ending in it.
macro_rules! on_boxes {
    ($text:literal) => {
        &[
            concat!($text, "4"),
            concat!($text, "5"),
            concat!($text, "6"),
            concat!($text, "8"),
            concat!($text, "9"),
            concat!($text, "10"),
        ]
    };
}
use on_boxes;
