//! Built-ins and files, found by what a user types.

use std::path::PathBuf;

use super::*;

/// A file in a folder of its own, removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let folder = std::env::temp_dir().join(format!("rig-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("the folder was just made");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0
            .to_str()
            .expect("the temporary folder's name is text")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(self.0.parent().expect("a file is in a folder")).ok();
    }
}

#[test]
fn every_builtin_loads_under_its_own_name_and_says_what_it_shows() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = std::fs::read_dir(folder).expect("the built-ins are files");
    assert_eq!(
        builtins().len(),
        files.count(),
        "a file that is no built-in"
    );
    for (name, text) in builtins() {
        let scenario = resolve(name, &ALL).expect("a built-in is right");
        assert_eq!(scenario.name, *name);
        assert_eq!(builtin(name), Some(*text));
        assert!(
            text.starts_with("# ") && scenario.summary.len() > 20,
            "{name}"
        );
        assert_eq!(
            text.lines().next(),
            Some(format!("# {}", scenario.summary).as_str())
        );
    }
    assert_eq!(builtin("nosuch"), None);
}

#[test]
fn the_builtins_are_what_their_names_say() {
    let of = |name| resolve(name, &ALL).expect("a built-in is right");
    assert_eq!(
        (of("honest-table").players, of("honest-table").stop.rounds),
        (4, 50)
    );
    assert_eq!(
        (
            of("sixteen-players").players,
            of("sixteen-players").stop.rounds
        ),
        (16, 50)
    );
    let line = of("lossy-line");
    assert_eq!((line.players, line.stop.rounds), (5, 20));
    assert_eq!(
        (line.radio.topology, line.radio.loss_ppm),
        (Topology::Line, Some(200_000))
    );
    let silent = |name| {
        let liars = of(name).byzantine;
        assert!(
            liars
                .iter()
                .all(|l| l.behaviour == Behaviour::Silent && l.from_ms == 0)
        );
        liars.iter().map(|liar| liar.player).collect::<Vec<u8>>()
    };
    assert_eq!(silent("seven-players-two-silent"), [0, 1]);
    assert_eq!(silent("seven-players-three-silent"), [0, 1, 2]);
    assert_eq!(of("seven-players-three-silent").expect, None);
    assert_eq!(of("seven-players-three-silent").stop.at_ms, 60_000);
    let expect = of("seven-players-two-silent")
        .expect
        .expect("it has expectations");
    assert_eq!(
        (expect.outcome, expect.view_min),
        (Some(Outcome::Reached), Some(1))
    );
}

#[test]
fn a_file_is_found_by_its_path() {
    let file = Scratch::new("good.toml", EXAMPLE.as_bytes());
    assert_eq!(resolve(file.path(), &ALL), Ok(loaded(EXAMPLE)));
}

#[test]
fn what_is_neither_a_file_nor_a_builtin_is_told_in_one_line() {
    let names: Vec<&str> = builtins().iter().map(|(name, _)| *name).collect();
    let missing = format!(
        "no such scenario: neither a file nor a built-in; built-ins are {} (see `rig scenarios`)",
        names.join(", ")
    );
    let told = |arg: &str| resolve(arg, &ALL).expect_err("there is none").to_string();
    assert_eq!(told("nosuch"), format!("nosuch: {missing}"));
    assert_eq!(
        told("honest-tabel"),
        format!("honest-tabel: {missing} (did you mean `honest-table`?)")
    );
    assert_eq!(told("no\nsuch"), format!("no\\nsuch: {missing}"));
    assert_eq!(told("Cargo.toml/x"), format!("Cargo.toml/x: {missing}"));
    assert_eq!(told(""), format!("\"\": {missing}"));
}

#[test]
fn what_is_no_text_is_told_in_one_line() {
    let told = |arg: &str| resolve(arg, &ALL).expect_err("it is no text").to_string();
    assert_eq!(told("/"), "/: expected a scenario file, found a directory");
    assert_eq!(
        told("a\0b"),
        "a\\u{0}b: cannot be read: invalid input parameter"
    );
    let binary = Scratch::new("binary.toml", b"name = 't'\n\xff\n");
    let expected = format!(
        "{}:2: expected UTF-8 text, found something else at byte 11",
        binary.path()
    );
    assert_eq!(told(binary.path()), expected);
}

#[test]
fn only_files_up_to_the_limit_are_read() {
    let limit = usize::try_from(SCENARIO_BYTES_MAX).expect("the limit is small");
    let mut text = seven("#").into_bytes();
    text.resize(limit, b'\n');
    let fits = Scratch::new("fits.toml", &text);
    assert!(resolve(fits.path(), &ALL).is_ok());
    text.push(b'\n');
    let large = Scratch::new("large.toml", &text);
    let error = resolve(large.path(), &ALL)
        .expect_err("it is too large")
        .to_string();
    assert_eq!(
        error,
        format!("{}: larger than 1 MiB, which no scenario is", large.path())
    );
}
