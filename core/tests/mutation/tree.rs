//! The sources, here or in a copy that may be broken.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What is not copied: what cargo and git keep beside the sources.
const LEFT_OUT: [&str; 2] = ["target", ".git"];

/// A workspace.
pub(crate) struct Tree {
    root: PathBuf,
    /// Where cargo builds it.
    target: PathBuf,
}

impl Tree {
    /// The one that this test is of.
    pub(crate) fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Self {
            root,
            // What does not change with the core is built already there.
            target: Path::new(env!("CARGO_TARGET_TMPDIR")).join(".."),
        }
    }

    /// A copy of it beside the other things that cargo builds, to be broken by one test alone.
    pub(crate) fn copied(&self, name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        let root = root.join(name);
        if root.exists() {
            std::fs::remove_dir_all(&root).unwrap();
        }
        copy(&self.root, &root);
        Self {
            root,
            target: self.target.clone(),
        }
    }

    pub(crate) fn read(&self, file: &str) -> String {
        let path = self.root.join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.root.join(file), text).unwrap();
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.root.join(file).exists()
    }

    /// Whether some file in a folder has this text.
    pub(crate) fn mentions(&self, folder: &Path, text: &str) -> bool {
        let entries = std::fs::read_dir(self.root.join(folder)).unwrap();
        entries.map(|entry| entry.unwrap()).any(|entry| {
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                self.mentions(&path, text)
            } else {
                std::fs::read_to_string(entry.path()).is_ok_and(|file| file.contains(text))
            }
        })
    }

    /// Cargo for this tree. What changes with each mutant is built quickly rather than well.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .args(["--config", "profile.dev.package.bitcraps-core.opt-level=0"]);
        cargo
    }

    /// Cargo for this tree, for programs that have to be fast: what changes with each mutant is built in parts all the same.
    pub(crate) fn release(&self) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&self.root);
        cargo.env("CARGO_TARGET_DIR", self.release_target());
        let quickly = ["lto=\"off\"", "incremental=true", "codegen-units=32"];
        for setting in quickly {
            cargo
                .arg("--config")
                .arg(format!("profile.release.{setting}"));
        }
        cargo
    }

    /// A program that [`Self::release`] has built.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.release_target().join("release").join(name)
    }

    /// Not where the unbroken program is: nobody should run a mutant by accident.
    fn release_target(&self) -> PathBuf {
        self.target.join("tmp/mutants/target")
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let target = to.join(&name);
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
