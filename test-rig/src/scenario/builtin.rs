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
