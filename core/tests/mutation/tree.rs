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

    /// A copy of it beside the other things that cargo builds.
    pub(crate) fn copied(&self) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants/tree");
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
