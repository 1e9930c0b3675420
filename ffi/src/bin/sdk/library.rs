//! The library itself, the bindings made from it, and how big it is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::{Stop, Suite};
use crate::step::{Done, failed, has, output, root, run, target};

/// The most that the stripped release library for x86-64 may take.
const LIBRARY_MAX: u64 = 3_000_000;
/// Symbols above this are named.
const SYMBOL_BYTES: u64 = 100_000;

/// Builds the library for this machine and gives its path.
///
/// Tests take the one of the whole workspace's features, which `cargo test --workspace` has built before: it comes with
/// this very program. What ships is built for itself.
pub(crate) fn build(profile: &str) -> Done<PathBuf> {
    if profile == "dev" {
        cargo("library", &["build", "--locked", "--bin", "sdk"])?;
        return Ok(target().join("debug").join("deps").join(file_name()));
    }
    let alone = ["build", "--locked", "-p", "bitcraps-ffi", "--lib"];
    cargo("library", &[&alone[..], &["--profile", profile]].concat())?;
    Ok(target().join(profile).join(file_name()))
}

/// Generates the bindings of a language into a folder.
pub(crate) fn bindings(library: &Path, language: &str, folder: &Path) -> Done {
    // As maturin builds it, too: the generator takes minutes to compile, and must not be compiled twice.
    let generator = ["build", "--locked", "--bin", "uniffi-bindgen"];
    cargo("binding generator", &generator)?;
    let generator = target().join("debug").join("uniffi-bindgen");
    run("bindings", generator, |generate| {
        generate
            .args([
                "generate",
                "--no-format",
                "--language",
                language,
                "--out-dir",
            ])
            .arg(folder)
            .arg(library)
            .current_dir(root())
    })?;
    Ok(())
}

/// How the OS calls the library.
pub(crate) const fn file_name() -> &'static str {
    if cfg!(target_os = "macos") {
        "libbitcraps_ffi.dylib"
    } else if cfg!(windows) {
        "bitcraps_ffi.dll"
    } else {
        "libbitcraps_ffi.so"
    }
}

pub(crate) fn cargo(what: &str, arguments: &[&str]) -> Done<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(what, cargo, |cargo| {
        cargo.args(arguments).current_dir(root())
    })
}

/// Builds the library as it ships, strips a copy, and says how big it is and why.
pub(crate) fn size() -> Suite {
    measure().unwrap_or_else(|stop| stop.suite(1))
}

fn measure() -> Done<Suite> {
    if !has("strip") || !has("nm") {
        return Err(Stop::Lacks(
            "strip and nm are missing; install binutils".to_owned(),
        ));
    }
    let library = build("shipping")?;
    let stripped = output("size")?.join(file_name());
    run("strip", "strip", |strip| {
        strip.arg("-o").arg(&stripped).arg(&library)
    })?;
    let bytes = fs::metadata(&stripped)
        .map_err(|error| failed(&stripped, &error))?
        .len();
    println!("stripped: {bytes} bytes, at most {LIBRARY_MAX}");
    let symbols = run("symbols", "nm", |nm| {
        nm.args(["--size-sort", "--reverse-sort", "--radix=d", "--demangle"])
            .arg(&library)
    })?;
    let mut above = 0;
    for line in symbols.lines() {
        let mut parts = line.splitn(3, ' ');
        let size = parts.next().and_then(|size| size.parse::<u64>().ok());
        let name = parts.nth(1).unwrap_or_default();
        if let Some(size) = size.filter(|size| *size > SYMBOL_BYTES) {
            println!("  {size:>9} {name}");
            above += 1;
        }
    }
    println!("symbols above {SYMBOL_BYTES} bytes: {above}");
    Ok(Suite::Ran {
        passed: usize::from(bytes <= LIBRARY_MAX),
        failed: usize::from(bytes > LIBRARY_MAX),
        skipped: 0,
    })
}
