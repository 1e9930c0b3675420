//! Side bets: on what a whole hand brings, or a row of rolls without a seven. Each is locked by the first roll after
//! it was placed.

use super::super::bet::BetKind;
use super::super::payout::Pays;
use super::{Entry, Form, Limit, PLAIN, Removal, Step, Window};

/// What those share that are on a whole hand.
const HAND: Entry = Entry {
    spot: "the side bets at the rail",
    window: Window::HandStart,
    removal: Removal::WhileOpen,
    step: Step::Side,
    limit: Limit::Side,
    ..PLAIN
};

/// What those share that are on the rolls up to the next seven, a come-out seven included.
const BOARD: Entry = Entry {
    window: Window::ClearBoard,
    ..HAND
};

/// What those share that begin with a come-out roll.
const COME_OUT: Entry = Entry {
    window: Window::ComeOut,
    ..HAND
};

pub(super) static FIRE: Entry = Entry {
    code: 32,
    family: "fire",
    ids: &["fire"],
    names: &["fire"],
    form: Form::Plain(BetKind::Fire),
    rule: "four or more different points made before the seven-out; decided by it, or by the sixth",
    pays: Pays::Fire,
    ..HAND
};

pub(super) static BONUS_SMALL: Entry = Entry {
    code: 33,
    family: "bonus-small",
    ids: &["bonus-small"],
    names: &["all small"],
    form: Form::Plain(BetKind::BonusSmall),
    rule: "2, 3, 4, 5 and 6, all before any 7",
    pays: Pays::Bonus,
    ..BOARD
};

pub(super) static BONUS_TALL: Entry = Entry {
    code: 34,
    family: "bonus-tall",
    ids: &["bonus-tall"],
    names: &["all tall"],
    form: Form::Plain(BetKind::BonusTall),
    rule: "8, 9, 10, 11 and 12, all before any 7",
    pays: Pays::Bonus,
    ..BOARD
};

pub(super) static BONUS_ALL: Entry = Entry {
    code: 35,
    family: "bonus-all",
    ids: &["bonus-all"],
    names: &["make 'em all"],
    form: Form::Plain(BetKind::BonusAll),
    rule: "every number but the 7, all before any 7",
    pays: Pays::BonusAll,
    ..BOARD
};

pub(super) static REPEATER: Entry = Entry {
    code: 36,
    family: "repeater",
    ids: &[
        "repeater-2",
        "repeater-3",
        "repeater-4",
        "repeater-5",
        "repeater-6",
        "repeater-8",
        "repeater-9",
        "repeater-10",
        "repeater-11",
        "repeater-12",
    ],
    names: &[
        "repeater 2 (twice)",
        "repeater 3 (3 times)",
        "repeater 4 (4 times)",
        "repeater 5 (5 times)",
        "repeater 6 (6 times)",
        "repeater 8 (6 times)",
        "repeater 9 (5 times)",
        "repeater 10 (4 times)",
        "repeater 11 (3 times)",
        "repeater 12 (twice)",
    ],
    form: Form::Repeat(BetKind::Repeater),
    rule: "the number that often before any 7",
    pays: Pays::Repeater,
    ..BOARD
};

pub(super) static RIDE_THE_LINE: Entry = Entry {
    code: 37,
    family: "ride-the-line",
    ids: &["ride-the-line"],
    names: &["ride the line"],
    form: Form::Plain(BetKind::RideTheLine),
    rule: "the wins of the pass line, naturals and points made, before the seven-out",
    pays: Pays::Ride,
    ..HAND
};

pub(super) static MUGGSY: Entry = Entry {
    code: 38,
    family: "muggsy",
    ids: &["muggsy"],
    names: &["muggsy's corner"],
    form: Form::Plain(BetKind::Muggsy),
    rule: "a 7 on the come-out, or a point and a 7 on the very next roll; anything else loses",
    pays: Pays::Muggsy,
    ..COME_OUT
};

pub(super) static REPLAY: Entry = Entry {
    code: 39,
    family: "replay",
    ids: &["replay"],
    names: &["replay"],
    form: Form::Plain(BetKind::Replay),
    rule: "one point made three times or more before the seven-out; only the best is paid",
    pays: Pays::Replay,
    ..HAND
};

pub(super) static DIFFERENT_DOUBLES: Entry = Entry {
    code: 40,
    family: "different-doubles",
    ids: &["different-doubles"],
    names: &["different doubles"],
    form: Form::Plain(BetKind::DifferentDoubles),
    rule: "three or more different doubles before any 7; decided by it, or by the sixth",
    pays: Pays::Doubles,
    ..BOARD
};

pub(super) static POINT_SEVEN: Entry = Entry {
    code: 41,
    family: "point-7",
    ids: &["point-7"],
    names: &["point-7"],
    form: Form::Plain(BetKind::PointSeven),
    rule: "a point on the come-out and a 7 on the very next roll; anything else loses",
    pays: Pays::SevenToOne,
    ..COME_OUT
};

/// Before the bet that it grows out of, so that the same seven decides it and makes room.
pub(super) static SEVEN_POINT_UP: Entry = Entry {
    code: 42,
    family: "7-point-up",
    ids: &["7-point-up"],
    names: &["7-point (after the 7)"],
    form: Form::Plain(BetKind::SevenPointUp),
    rule: "a point on this roll; a 7-point bet whose 7 has come",
    window: Window::Never,
    removal: Removal::Never,
    pays: Pays::SevenToOne,
    ..COME_OUT
};

pub(super) static SEVEN_POINT: Entry = Entry {
    code: 43,
    family: "7-point",
    ids: &["7-point"],
    names: &["7-point"],
    form: Form::Plain(BetKind::SevenPoint),
    rule: "a 7 on the come-out and a point on the very next roll; anything else loses",
    pays: Pays::SevenToOne,
    ..COME_OUT
};
