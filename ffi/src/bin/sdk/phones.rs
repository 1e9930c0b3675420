//! The phone targets: what of them can be checked here, and how the rest is built elsewhere.

use std::path::Path;

use crate::library::cargo;
use crate::report::{Stop, Suite};
use crate::step::{Done, fetch, root, run};

pub(crate) fn android() -> Suite {
    check("aarch64-linux-android", "android/build-aar")
}

pub(crate) fn ios() -> Suite {
    check("aarch64-apple-ios", "ios/build-xcframework")
}

fn check(target: &'static str, script: &str) -> Suite {
    println!("  elsewhere: {script} builds what is published; it has not been run by anybody yet");
    type_check(target).unwrap_or_else(|stop| stop.suite(1))
}

/// Type-checks the library for a phone, if this toolchain has that phone's standard library or can get it.
fn type_check(target: &str) -> Done<Suite> {
    if !has_standard_library(target)? {
        let added = fetch("rustup", "rustup", |rustup| {
            rustup.args(["target", "add", target]).current_dir(root())
        });
        if added.is_err() || !has_standard_library(target)? {
            let text = format!("no standard library for {target} here: rustup target add {target}");
            return Err(Stop::Lacks(text));
        }
    }
    cargo(
        target,
        &[
            "check",
            "--locked",
            "-p",
            "bitcraps-ffi",
            "--lib",
            "--target",
            target,
        ],
    )?;
    Ok(Suite::passed())
}

fn has_standard_library(target: &str) -> Done<bool> {
    let sysroot = run("sysroot", "rustc", |rustc| {
        rustc.args(["--print", "sysroot"]).current_dir(root())
    })?;
    Ok(Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(target)
        .join("lib")
        .is_dir())
}
