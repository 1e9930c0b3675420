//! A module imports only from lines above its own; siblings never import each other.
//!
//! Reads the sources as text: every `crate::<module>` in a file must name a lower layer or the file's own module.
#![allow(
    clippy::disallowed_methods,
    reason = "this test reads the sources; the core itself has no files"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its sources has failed"
)]

use std::path::{Path, PathBuf};

/// The layers of the design, lowest first.
const LAYERS: [&[&str]; 6] = [
    &["wire", "time"],
    &["crypto"],
    &["craps", "ledger", "dice", "mesh", "consensus", "journal"],
    &["table"],
    &["history"],
    &["node"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The top-level module that a file belongs to: `src/wire/header.rs` and `src/time.rs` give `wire` and `time`.
fn module_of(source: &Path, file: &Path) -> String {
    let first = file
        .strip_prefix(source)
        .unwrap()
        .components()
        .next()
        .unwrap();
    first
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

/// The modules that a source names after `crate::`, comments aside; grouped imports included.
fn imports(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n");
    let name = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(name(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut word_may_begin = true;
                for (offset, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => word_may_begin = true,
                        c if c.is_ascii_alphabetic() && word_may_begin && depth == 0 => {
                            found.push(name(&group[offset..]));
                            word_may_begin = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

#[test]
fn every_module_imports_only_from_layers_above_its_own() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 20, "the sources are somewhere else");
    let mut edges = 0;
    for file in files {
        let module = module_of(&source, &file);
        if module == "lib" {
            continue;
        }
        let own = layer(&module).unwrap_or_else(|| panic!("module {module} has no layer"));
        for import in imports(&std::fs::read_to_string(&file).unwrap()) {
            if import == module {
                continue;
            }
            let other = layer(&import)
                .unwrap_or_else(|| panic!("{}: crate::{import} has no layer", file.display()));
            assert!(
                other < own,
                "{}: {module} (layer {own}) may not import {import} (layer {other})",
                file.display()
            );
            edges += 1;
        }
    }
    assert!(
        edges > 30,
        "the imports are written in a way that this test does not see"
    );
}

#[test]
fn grouped_and_nested_imports_are_seen() {
    let source = "use crate::wire::Reader;\nuse crate::{time::{Instant, earliest}, crypto::Seat};\n// crate::node";
    assert_eq!(imports(source), ["wire", "time", "crypto"]);
}

#[test]
fn the_core_names_no_clock_file_thread_socket_or_runtime() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let banned = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
        "std::process",
        "SystemTime",
        "HashMap",
        "HashSet",
        "tokio",
        "getrandom",
        "f32",
        "f64",
        "println!",
    ];
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or(""));
        for (number, line) in (1..).zip(code) {
            for word in banned {
                assert!(!line.contains(word), "{}:{number}: {word}", file.display());
            }
        }
    }
}
