//! The line: pass, come, their opposites, and the odds behind them.

use super::super::bet::BetKind;
use super::super::payout::Pays;
use super::{Entry, Form, Limit, PLAIN, Removal, Step, Window, Working, on_boxes};

/// Bound to stay once the point is set: before it the bet favours the player, after it the house.
pub(super) static PASS_LINE: Entry = Entry {
    code: 1,
    family: "pass-line",
    ids: &["pass-line"],
    names: &["pass line"],
    form: Form::Plain(BetKind::PassLine),
    spot: "the long band around the layout",
    rule: "come-out: 7 or 11 wins, 2, 3 or 12 loses; then the point before a 7",
    window: Window::ComeOut,
    removal: Removal::WhileOpen,
    ..PLAIN
};

/// The mirror: after the point it favours the player, so it may shrink but never grow.
pub(super) static DONT_PASS: Entry = Entry {
    code: 2,
    family: "dont-pass",
    ids: &["dont-pass"],
    names: &["don't pass"],
    form: Form::Plain(BetKind::DontPass),
    spot: "the band inside the pass line",
    rule: "come-out: 2, 3 or 12 wins, but the barred one pushes; 7 or 11 loses; then a 7 before the point",
    window: Window::ComeOut,
    ..PLAIN
};

pub(super) static PASS_ODDS: Entry = Entry {
    code: 3,
    family: "pass-odds",
    ids: &["pass-odds"],
    names: &["pass odds"],
    form: Form::Plain(BetKind::PassOdds),
    spot: "behind your pass line bet",
    rule: "the point before a 7",
    window: Window::Point,
    limit: Limit::Odds,
    pays: Pays::TrueOdds,
    ..PLAIN
};

pub(super) static DONT_PASS_ODDS: Entry = Entry {
    code: 4,
    family: "dont-pass-odds",
    ids: &["dont-pass-odds"],
    names: &["don't pass odds"],
    form: Form::Plain(BetKind::DontPassOdds),
    spot: "beside your don't pass bet",
    rule: "a 7 before the point",
    window: Window::Point,
    limit: Limit::Odds,
    pays: Pays::LayOdds,
    ..PLAIN
};

pub(super) static COME: Entry = Entry {
    code: 5,
    family: "come",
    ids: &["come"],
    names: &["come"],
    form: Form::Plain(BetKind::Come),
    spot: "the come field",
    rule: "next roll: 7 or 11 wins, 2, 3 or 12 loses, a box number takes it there; then that number before a 7",
    window: Window::Point,
    step: Step::ComeFresh,
    ..PLAIN
};

/// Working even on a come-out roll, where a seven takes it. Made by hand it is a put bet, if the house takes them.
pub(super) static COME_POINT: Entry = Entry {
    code: 6,
    family: "put",
    ids: on_boxes!("put-"),
    names: on_boxes!("come (or put) on "),
    form: Form::Box(BetKind::ComePoint),
    spot: "in the number's box",
    rule: "the number before a 7; a come bet that has travelled, or a put bet made on the number",
    window: Window::Never,
    removal: Removal::Never,
    step: Step::ComeOnNumber,
    ..PLAIN
};

pub(super) static COME_ODDS: Entry = Entry {
    code: 7,
    family: "come-odds",
    ids: on_boxes!("come-odds-"),
    names: on_boxes!("come odds "),
    form: Form::Box(BetKind::ComeOdds),
    spot: "on your come bet in the number's box",
    rule: "the number before a 7; while off they come back when the come bet is decided",
    working: Working::ReturnsAtComeOut,
    step: Step::ComeOnNumber,
    limit: Limit::Odds,
    pays: Pays::TrueOdds,
    ..PLAIN
};

pub(super) static DONT_COME: Entry = Entry {
    code: 10,
    family: "dont-come",
    ids: &["dont-come"],
    names: &["don't come"],
    form: Form::Plain(BetKind::DontCome),
    spot: "the don't come box",
    rule: "next roll: 2, 3 or 12 wins, but the barred one pushes; 7 or 11 loses; a box number takes it there; then a \
           7 before that number",
    window: Window::Point,
    step: Step::ComeFresh,
    ..PLAIN
};

/// It favours the player by now, so it may come down but never go up.
pub(super) static DONT_COME_POINT: Entry = Entry {
    code: 11,
    family: "dont-come-point",
    ids: on_boxes!("dont-come-point-"),
    names: on_boxes!("don't come on "),
    form: Form::Box(BetKind::DontComePoint),
    spot: "behind the number's box",
    rule: "a 7 before the number; a don't come bet that has travelled",
    window: Window::Never,
    step: Step::ComeOnNumber,
    ..PLAIN
};

pub(super) static DONT_COME_ODDS: Entry = Entry {
    code: 12,
    family: "dont-come-odds",
    ids: on_boxes!("dont-come-odds-"),
    names: on_boxes!("don't come odds "),
    form: Form::Box(BetKind::DontComeOdds),
    spot: "beside your don't come bet behind the number's box",
    rule: "a 7 before the number",
    step: Step::ComeOnNumber,
    limit: Limit::Odds,
    pays: Pays::LayOdds,
    ..PLAIN
};
