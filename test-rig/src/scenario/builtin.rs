//! The scenarios that come with the rig.

/// Name and text of each, in the order in which `rig scenarios` lists them.
const BUILTINS: &[(&str, &str)] = &[
    (
        "honest-table",
        include_str!("../../scenarios/honest-table.toml"),
    ),
    (
        "seven-players-two-silent",
        include_str!("../../scenarios/seven-players-two-silent.toml"),
    ),
    (
        "seven-players-three-silent",
        include_str!("../../scenarios/seven-players-three-silent.toml"),
    ),
    (
        "sixteen-players",
        include_str!("../../scenarios/sixteen-players.toml"),
    ),
    (
        "full-layout",
        include_str!("../../scenarios/full-layout.toml"),
    ),
    (
        "lossy-line",
        include_str!("../../scenarios/lossy-line.toml"),
    ),
    (
        "equivocating-primary",
        include_str!("../../scenarios/equivocating-primary.toml"),
    ),
    (
        "equivocating-backup",
        include_str!("../../scenarios/equivocating-backup.toml"),
    ),
    ("forger", include_str!("../../scenarios/forger.toml")),
    (
        "double-spender",
        include_str!("../../scenarios/double-spender.toml"),
    ),
    (
        "delaying-primary",
        include_str!("../../scenarios/delaying-primary.toml"),
    ),
    ("spammer", include_str!("../../scenarios/spammer.toml")),
    (
        "three-spammers",
        include_str!("../../scenarios/three-spammers.toml"),
    ),
    (
        "censoring-primary",
        include_str!("../../scenarios/censoring-primary.toml"),
    ),
    ("replayer", include_str!("../../scenarios/replayer.toml")),
    ("twins", include_str!("../../scenarios/twins.toml")),
    ("amnesiac", include_str!("../../scenarios/amnesiac.toml")),
    (
        "black-hole-relay",
        include_str!("../../scenarios/black-hole-relay.toml"),
    ),
    (
        "corrupting-relay",
        include_str!("../../scenarios/corrupting-relay.toml"),
    ),
    (
        "bad-state-transfer",
        include_str!("../../scenarios/bad-state-transfer.toml"),
    ),
    (
        "fragment-bomber",
        include_str!("../../scenarios/fragment-bomber.toml"),
    ),
    ("colluders", include_str!("../../scenarios/colluders.toml")),
    (
        "nine-players-three-silent",
        include_str!("../../scenarios/nine-players-three-silent.toml"),
    ),
    (
        "nine-players-four-silent",
        include_str!("../../scenarios/nine-players-four-silent.toml"),
    ),
    (
        "split-two-and-two",
        include_str!("../../scenarios/split-two-and-two.toml"),
    ),
    (
        "withhold-share",
        include_str!("../../scenarios/withhold-share.toml"),
    ),
    (
        "two-withhold-shares",
        include_str!("../../scenarios/two-withhold-shares.toml"),
    ),
    ("liar-dice", include_str!("../../scenarios/liar-dice.toml")),
    (
        "peeking-primary",
        include_str!("../../scenarios/peeking-primary.toml"),
    ),
    (
        "peeking-pool",
        include_str!("../../scenarios/peeking-pool.toml"),
    ),
    (
        "skipped-slot",
        include_str!("../../scenarios/skipped-slot.toml"),
    ),
    (
        "bad-dealer",
        include_str!("../../scenarios/bad-dealer.toml"),
    ),
    (
        "bad-dealer-at-rekey",
        include_str!("../../scenarios/bad-dealer-at-rekey.toml"),
    ),
    (
        "false-accuser",
        include_str!("../../scenarios/false-accuser.toml"),
    ),
    (
        "crash-and-return",
        include_str!("../../scenarios/crash-and-return.toml"),
    ),
    (
        "all-crash-at-once",
        include_str!("../../scenarios/all-crash-at-once.toml"),
    ),
    ("torn-disk", include_str!("../../scenarios/torn-disk.toml")),
    (
        "lost-journal",
        include_str!("../../scenarios/lost-journal.toml"),
    ),
    (
        "rolled-back-journal",
        include_str!("../../scenarios/rolled-back-journal.toml"),
    ),
    (
        "clock-drift",
        include_str!("../../scenarios/clock-drift.toml"),
    ),
    (
        "one-way-link",
        include_str!("../../scenarios/one-way-link.toml"),
    ),
];

/// Name and TOML text of every built-in scenario.
pub const fn builtins() -> &'static [(&'static str, &'static str)] {
    BUILTINS
}

/// The TOML text of a built-in scenario.
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTINS
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, text)| *text)
}
