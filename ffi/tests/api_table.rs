//! The hand-kept tables of the README against what the built library exports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn the_readme_names_every_call_and_type_that_the_library_exports_and_no_other() {
    let readme = read("README.md");
    let calls = rows(&readme, "call");
    let mut named: BTreeSet<String> = calls.iter().map(|call| exported_name(call)).collect();
    named.extend(rows(&readme, "type").iter().map(|name| exported_name(name)));
    assert_eq!(named, exported(), "left: README.md, right: the library");
}

#[test]
fn the_readme_names_every_event_and_error() {
    let readme = read("README.md");
    let events: BTreeSet<String> = rows(&readme, "event").into_iter().collect();
    assert_eq!(events, variants(&read("src/event.rs"), "pub enum Event {"));
    let lobby: BTreeSet<String> = rows(&readme, "lobby event").into_iter().collect();
    let told = variants(&read("src/lobby_event.rs"), "pub enum LobbyEvent {");
    assert_eq!(lobby, told);
    let errors: BTreeSet<String> = rows(&readme, "error").into_iter().collect();
    assert_eq!(
        errors,
        variants(&read("src/error.rs"), "pub enum NodeError {")
    );
}

#[test]
fn the_changelog_names_the_wire_version_and_the_generator() {
    let changelog = read("CHANGELOG.md");
    let wire = format!("Wire version {}.", bitcraps_ffi::protocol_version());
    assert!(changelog.contains(&wire), "it should say: {wire}");
    let manifest = read("../Cargo.toml");
    let (_, pinned) = manifest.split_once("uniffi = \"=").expect("it is pinned");
    let pinned = pinned.split('"').next().expect("it is quoted");
    assert!(changelog.contains(&format!("uniffi {pinned}.")), "{pinned}");
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).expect("it is in the repository")
}

/// The names in the first column of the table with this heading, without their arguments.
fn rows(readme: &str, heading: &str) -> Vec<String> {
    let start = format!("| {heading} |");
    let table = readme.lines().skip_while(|line| !line.starts_with(&start));
    let rows = table.skip(2).take_while(|line| line.starts_with("| `"));
    rows.filter_map(|row| row.split(['`', '(']).nth(1).map(str::to_owned))
        .collect()
}

/// How the library's symbol table spells a name.
fn exported_name(name: &str) -> String {
    name.replace('.', "_").to_uppercase()
}

/// What the dynamic library exports, by the names under which the generator finds it.
fn exported() -> BTreeSet<String> {
    const PREFIX: &[u8] = b"UNIFFI_META_BITCRAPS_FFI_";
    let library = std::fs::read(library()).expect("cargo builds it for integration tests");
    let mut names = BTreeSet::new();
    for at in 0..library.len().saturating_sub(PREFIX.len()) {
        if !library[at..].starts_with(PREFIX) {
            continue;
        }
        let rest = &library[at + PREFIX.len()..];
        let end = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        let symbol = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len())]).into_owned();
        if let Some((_, name)) = symbol.split_once('_') {
            names.insert(name.to_owned());
        }
    }
    assert!(
        names.len() > 40,
        "the library does not look like ours: {names:?}"
    );
    names
}

fn library() -> PathBuf {
    let test = std::env::current_exe().expect("the test runs");
    let name = if cfg!(target_os = "macos") {
        "libbitcraps_ffi.dylib"
    } else {
        "libbitcraps_ffi.so"
    };
    test.with_file_name(name)
}

/// The variants of an enum, read from its source: what stands four blanks in.
fn variants(source: &str, heading: &str) -> BTreeSet<String> {
    let lines = source.lines().skip_while(|line| *line != heading).skip(1);
    let names = lines.take_while(|line| *line != "}").filter_map(|line| {
        let name = line.strip_prefix("    ")?;
        let is_name = name.starts_with(|first: char| first.is_ascii_uppercase());
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        is_name.then(|| name.to_owned())
    });
    names.collect()
}
