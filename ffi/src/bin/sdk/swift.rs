//! Swift: the package with XCTest, by this machine's compiler or by Debian's in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::library;
use crate::report::{Stop, Suite, ended};
use crate::step::{
    Done, cache, copy, count, fetch, has, is_root, make_folder, number_before, output, root, run,
    try_run,
};

pub(crate) fn test() -> Suite {
    let tests = count(&folder().join("Tests"), "func test");
    suite("dev", &["--skip", "Bench"]).unwrap_or_else(|stop| stop.suite(tests))
}

pub(crate) fn bench() -> Suite {
    suite("shipping", &["--filter", "Bench"]).unwrap_or_else(|stop| stop.suite(1))
}

fn folder() -> PathBuf {
    root().join("ios")
}

fn suite(profile: &str, which: &[&str]) -> Done<Suite> {
    let compiler = Compiler::find()?;
    let library = library::build(profile)?;
    let work = output("swift")?;
    let generated = make_folder(output("swift-bindings")?)?;
    library::bindings(&library, "swift", &generated)?;
    lay_out(&generated, &library, &work)?;
    compiler.swift("Swift compiler", &work, &["build", "--build-tests"])?;
    let (is_good, text) = compiler.try_swift(
        "XCTest",
        &work,
        &[&["test", "--skip-build"], which].concat(),
    )?;
    for line in text
        .lines()
        .filter(|line| line.contains("ns a call") || line.contains("ms a bet"))
    {
        println!("{line}");
    }
    // "Executed 8 tests, with 0 failures (0 unexpected) in …", for the whole last.
    let summary = text
        .lines()
        .rev()
        .find(|line| line.contains("Executed "))
        .unwrap_or_default();
    let run = number_before(summary, " test");
    let failed = number_before(summary, " failure");
    let suite = Suite::Ran {
        passed: run - failed.min(run),
        failed,
        skipped: 0,
    };
    let suite = ended(is_good, suite, &text)?;
    if profile == "dev" {
        let printed = compiler.swift("sample", &work, &["run", "--skip-build", "SevenOut"])?;
        if !printed.contains("Seven out!") {
            println!("{printed}");
            return Err(Stop::Failed("the sample saw no seven-out".to_owned()));
        }
    }
    Ok(suite)
}

/// The package as SwiftPM wants it: our sources, the generated ones, and the library.
fn lay_out(generated: &Path, library: &Path, work: &Path) -> Done {
    for part in ["Sources", "Tests"] {
        let _ = std::fs::remove_dir_all(work.join(part));
    }
    run("sources", "cp", |cp| {
        cp.arg("-r")
            .args(["Package.swift", "Sources", "Tests"])
            .arg(work)
            .current_dir(folder())
    })?;
    let native = make_folder(work.join("Sources").join("BitcrapsNative"))?;
    copy(
        &generated.join("BitcrapsNative.swift"),
        &native.join("BitcrapsNative.swift"),
    )?;
    let module = make_folder(work.join("Sources").join("bitcraps_ffiFFI"))?;
    copy(
        &generated.join("bitcraps_ffiFFI.h"),
        &module.join("bitcraps_ffiFFI.h"),
    )?;
    copy(
        &generated.join("bitcraps_ffiFFI.modulemap"),
        &module.join("module.modulemap"),
    )?;
    let libraries = make_folder(work.join("lib"))?;
    copy(library, &libraries.join(library::file_name()))
}

/// Where `swift` is.
enum Compiler {
    /// On this machine.
    Here,
    /// In a folder with Debian's packages, entered as root.
    Folder(PathBuf),
}

impl Compiler {
    fn find() -> Done<Self> {
        if has("swift") {
            return Ok(Self::Here);
        }
        let missing = ["apt-get", "dpkg-deb", "chroot", "unshare"]
            .into_iter()
            .find(|program| !has(program));
        if let Some(program) = missing {
            let text = format!("no Swift compiler here, and no {program} to unpack Debian's with");
            return Err(Stop::Lacks(text));
        }
        if !is_root() {
            return Err(Stop::Lacks(
                "no Swift compiler here, and only root can enter a folder with Debian's".to_owned(),
            ));
        }
        let folder = cache("swift")?.join("debian");
        fetch("Debian's Swift compiler", "bash", |bash| {
            bash.arg(self::folder().join("swift-root")).arg(&folder)
        })
        .map_err(|_| {
            Stop::Lacks("Debian's Swift compiler cannot be fetched, see above".to_owned())
        })?;
        Ok(Self::Folder(folder))
    }

    fn swift(&self, what: &str, work: &Path, arguments: &[&str]) -> Done<String> {
        run(what, self.program(), |command| {
            self.set_up(command, work, arguments)
        })
    }

    fn try_swift(&self, what: &str, work: &Path, arguments: &[&str]) -> Done<(bool, String)> {
        try_run(what, self.program(), |command| {
            self.set_up(command, work, arguments)
        })
    }

    const fn program(&self) -> &'static str {
        match self {
            Self::Here => "swift",
            Self::Folder(_) => "unshare",
        }
    }

    fn set_up<'a>(
        &self,
        command: &'a mut Command,
        work: &Path,
        arguments: &[&str],
    ) -> &'a mut Command {
        let link = |libraries: &str| ["-Xlinker".to_owned(), format!("-L{libraries}")];
        let [swift, rest @ ..] = arguments else {
            return command;
        };
        match self {
            Self::Here => {
                let libraries = work.join("lib").display().to_string();
                command
                    .arg(swift)
                    .args(link(&libraries))
                    .args(rest)
                    .current_dir(work);
                command
                    .env("LD_LIBRARY_PATH", &libraries)
                    .env("DYLD_LIBRARY_PATH", &libraries)
            }
            // In a mount namespace of its own, so that nothing stays mounted whatever happens.
            Self::Folder(root) => {
                let script = format!(
                    "mount -t proc proc {root}/proc && mount --bind /dev {root}/dev && mount --bind {work} {root}/work \
                     && exec chroot {root} /usr/bin/env HOME=/tmp PATH=/usr/libexec/swift/bin:/usr/bin:/bin LD_LIBRARY_PATH=/work/lib \
                     bash -c 'cd /work && exec swift {swift} --disable-sandbox {link} {rest}'",
                    root = root.display(),
                    work = work.display(),
                    link = link("/work/lib").join(" "),
                    rest = rest.join(" "),
                );
                command
                    .args(["--mount", "--pid", "--fork", "--kill-child"])
                    .args(["bash", "-c"])
                    .arg(script)
            }
        }
    }
}
