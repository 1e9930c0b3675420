//! Bets on the next roll alone.

use super::super::bet::BetKind;
use super::super::payout::{Part, Pays, Price};
use super::{Entry, Form, Limit, PLAIN, Step};

/// What all of them share.
const PROP: Entry = Entry {
    spot: "the middle of the layout",
    step: Step::OneRoll,
    limit: Limit::Prop,
    ..PLAIN
};

const ACES: Part = Part::new(&[2], Price::Thirty);
const ACE_DEUCE: Part = Part::new(&[3], Price::Fifteen);
const YO: Part = Part::new(&[11], Price::Fifteen);
const BOXCARS: Part = Part::new(&[12], Price::Thirty);
const CRAPS: Part = Part::new(&[2, 3, 12], Price::Fixed(7));
const SEVEN: Part = Part::new(&[7], Price::Fixed(4));

pub(super) static FIELD: Entry = Entry {
    code: 8,
    family: "field",
    ids: &["field"],
    names: &["field"],
    form: Form::Plain(BetKind::Field),
    spot: "the field",
    rule: "next roll: 2, 3, 4, 9, 10, 11 or 12 wins, anything else loses",
    limit: Limit::Bet,
    pays: Pays::Field,
    ..PROP
};

pub(super) static ANY_SEVEN: Entry = Entry {
    code: 18,
    family: "any-seven",
    ids: &["any-seven"],
    names: &["any seven"],
    form: Form::Plain(BetKind::AnySeven),
    rule: "next roll: 7",
    pays: Pays::Parts(&[SEVEN]),
    ..PROP
};

pub(super) static ANY_CRAPS: Entry = Entry {
    code: 19,
    family: "any-craps",
    ids: &["any-craps"],
    names: &["any craps"],
    form: Form::Plain(BetKind::AnyCraps),
    rule: "next roll: 2, 3 or 12",
    pays: Pays::Parts(&[CRAPS]),
    ..PROP
};

pub(super) static SINGLE: Entry = Entry {
    code: 20,
    family: "single",
    ids: &["aces", "ace-deuce", "yo", "boxcars"],
    names: &["aces (2)", "ace-deuce (3)", "yo (11)", "boxcars (12)"],
    form: Form::Horn(BetKind::Single),
    rule: "next roll: the number",
    pays: Pays::EachPart(&[&[ACES], &[ACE_DEUCE], &[YO], &[BOXCARS]]),
    ..PROP
};

pub(super) static HOP: Entry = Entry {
    code: 21,
    family: "hop",
    ids: &[
        "hop-1-1", "hop-1-2", "hop-1-3", "hop-1-4", "hop-1-5", "hop-1-6", "hop-2-2", "hop-2-3",
        "hop-2-4", "hop-2-5", "hop-2-6", "hop-3-3", "hop-3-4", "hop-3-5", "hop-3-6", "hop-4-4",
        "hop-4-5", "hop-4-6", "hop-5-5", "hop-5-6", "hop-6-6",
    ],
    names: &[
        "hop 1-1", "hop 1-2", "hop 1-3", "hop 1-4", "hop 1-5", "hop 1-6", "hop 2-2", "hop 2-3",
        "hop 2-4", "hop 2-5", "hop 2-6", "hop 3-3", "hop 3-4", "hop 3-5", "hop 3-6", "hop 4-4",
        "hop 4-5", "hop 4-6", "hop 5-5", "hop 5-6", "hop 6-6",
    ],
    form: Form::Hop(BetKind::Hop),
    rule: "next roll: exactly these two faces",
    pays: Pays::Hop,
    ..PROP
};

pub(super) static HORN: Entry = Entry {
    code: 22,
    family: "horn",
    ids: &["horn"],
    names: &["horn"],
    form: Form::Plain(BetKind::Horn),
    rule: "next roll, a quarter each: 2, 3, 11 and 12",
    pays: Pays::Parts(&[ACES, ACE_DEUCE, YO, BOXCARS]),
    ..PROP
};

pub(super) static HORN_HIGH: Entry = Entry {
    code: 23,
    family: "horn-high",
    ids: &["horn-high-2", "horn-high-3", "horn-high-11", "horn-high-12"],
    names: &["horn high 2", "horn high 3", "horn high 11", "horn high 12"],
    form: Form::Horn(BetKind::HornHigh),
    rule: "next roll, a fifth each: 2, 3, 11 and 12, and one more on the number",
    pays: Pays::EachPart(&[
        &[ACES, ACES, ACE_DEUCE, YO, BOXCARS],
        &[ACES, ACE_DEUCE, ACE_DEUCE, YO, BOXCARS],
        &[ACES, ACE_DEUCE, YO, YO, BOXCARS],
        &[ACES, ACE_DEUCE, YO, BOXCARS, BOXCARS],
    ]),
    ..PROP
};

pub(super) static WORLD: Entry = Entry {
    code: 24,
    family: "world",
    ids: &["world"],
    names: &["world (whirl)"],
    form: Form::Plain(BetKind::World),
    rule: "next roll, a fifth each: 2, 3, 11, 12 and any 7; a 7 just pays the other four back",
    pays: Pays::Parts(&[ACES, ACE_DEUCE, YO, BOXCARS, SEVEN]),
    ..PROP
};

pub(super) static CRAPS_ELEVEN: Entry = Entry {
    code: 25,
    family: "c-and-e",
    ids: &["c-and-e"],
    names: &["C & E"],
    form: Form::Plain(BetKind::CrapsEleven),
    rule: "next roll, half each: any craps and 11",
    pays: Pays::Parts(&[CRAPS, YO]),
    ..PROP
};

pub(super) static THREE_WAY: Entry = Entry {
    code: 26,
    family: "three-way",
    ids: &["three-way"],
    names: &["three-way craps"],
    form: Form::Plain(BetKind::ThreeWay),
    rule: "next roll, a third each: 2, 3 and 12",
    pays: Pays::Parts(&[ACES, ACE_DEUCE, BOXCARS]),
    ..PROP
};

pub(super) static HI_LO: Entry = Entry {
    code: 27,
    family: "hi-lo",
    ids: &["hi-lo"],
    names: &["hi-lo"],
    form: Form::Plain(BetKind::HiLo),
    rule: "next roll: 2 or 12",
    pays: Pays::Parts(&[Part::new(&[2, 12], Price::Fifteen)]),
    ..PROP
};

pub(super) static HI_LO_YO: Entry = Entry {
    code: 28,
    family: "hi-lo-yo",
    ids: &["hi-lo-yo"],
    names: &["hi-lo-yo"],
    form: Form::Plain(BetKind::HiLoYo),
    rule: "next roll, a third each: 2, 12 and 11",
    pays: Pays::Parts(&[ACES, BOXCARS, YO]),
    ..PROP
};

pub(super) static OVER_SEVEN: Entry = Entry {
    code: 29,
    family: "over-7",
    ids: &["over-7"],
    names: &["over 7"],
    form: Form::Plain(BetKind::OverSeven),
    rule: "next roll: 8 or more",
    pays: Pays::Parts(&[Part::new(&[8, 9, 10, 11, 12], Price::Fixed(1))]),
    ..PROP
};

pub(super) static UNDER_SEVEN: Entry = Entry {
    code: 30,
    family: "under-7",
    ids: &["under-7"],
    names: &["under 7"],
    form: Form::Plain(BetKind::UnderSeven),
    rule: "next roll: 6 or less",
    pays: Pays::Parts(&[Part::new(&[2, 3, 4, 5, 6], Price::Fixed(1))]),
    ..PROP
};

pub(super) static LOW_DICE: Entry = Entry {
    code: 31,
    family: "low-dice",
    ids: &["low-dice"],
    names: &["low dice"],
    form: Form::Plain(BetKind::LowDice),
    rule: "next roll: 6 or less, the 2 best",
    pays: Pays::LowDice,
    ..PROP
};
