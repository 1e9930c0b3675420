//! Mutants of the sources: read, applied to a copy of the tree, and put to the test that must notice.

mod campaign;
mod tree;

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

pub(crate) use campaign::{Found, SEEDS_MAX, Unbroken};
pub(crate) use tree::Tree;

/// How often is looked whether a test has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A test that has not ended after so many looks (a quarter of an hour) hangs; nobody would call that green.
const LOOKS_MAX: u32 = 18_000;

/// One rule, broken.
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) killer: Killer,
    /// Whether `rig fuzz` has to find it too.
    pub(crate) fuzz: bool,
    pub(crate) edits: Vec<Edit>,
}

impl Mutant {
    /// All of a tree, in the order of the list.
    pub(crate) fn all(tree: &Tree) -> Vec<Self> {
        let list: toml::Table = tree.read("core/mutants/mutants.toml").parse().unwrap();
        let mutants = list["mutant"].as_array().unwrap().iter();
        mutants.map(Self::read).collect()
    }

    fn read(entry: &toml::Value) -> Self {
        let text = |value: &toml::Value, key: &str| value[key].as_str().unwrap().to_owned();
        let edits = entry["edit"].as_array().unwrap().iter();
        Self {
            name: text(entry, "name"),
            killer: Killer::new(&text(entry, "killer")),
            fuzz: entry
                .get("fuzz")
                .is_some_and(|fuzz| fuzz.as_bool().unwrap()),
            edits: edits
                .map(|edit| Edit {
                    file: text(edit, "file"),
                    old: text(edit, "old"),
                    new: text(edit, "new"),
                })
                .collect(),
        }
    }

    /// Puts the killer to the broken tree.
    pub(crate) fn run(&self, tree: &Tree) -> Verdict {
        self.broken(tree, || self.killer.run(tree))
    }

    /// Breaks the tree, does something with it, and mends the tree again.
    fn broken<T>(&self, tree: &Tree, act: impl FnOnce() -> T) -> T {
        let before: Vec<(&str, String)> = self
            .edits
            .iter()
            .map(|edit| (edit.file.as_str(), tree.read(&edit.file)))
            .collect();
        for edit in &self.edits {
            tree.write(&edit.file, &edit.applied(tree).unwrap());
        }
        let result = act();
        // Two edits may be of one file: the oldest text goes back last.
        for (file, text) in before.iter().rev() {
            tree.write(file, text);
        }
        result
    }
}

/// What became of a mutant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The test failed.
    Killed,
    /// The test did not end.
    Hung,
    /// The test passed.
    Survived,
    /// It does not build, so nothing was tested.
    Unbuilt,
}

impl Verdict {
    pub(crate) const fn is_killed(self) -> bool {
        matches!(self, Self::Killed | Self::Hung)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Killed => "killed",
            Self::Hung => "hung",
            Self::Survived => "SURVIVED",
            Self::Unbuilt => "UNBUILT",
        })
    }
}

/// One place in one file.
pub(crate) struct Edit {
    pub(crate) file: String,
    pub(crate) old: String,
    pub(crate) new: String,
}

impl Edit {
    /// The file's text with the edit in it, or why it does not fit. White space does not count, so that formatting may
    /// change.
    pub(crate) fn applied(&self, tree: &Tree) -> Result<String, String> {
        let text = tree.read(&self.file);
        let solid: Vec<(usize, char)> = text
            .char_indices()
            .filter(|(_, character)| !character.is_whitespace())
            .collect();
        let wanted: Vec<char> = self.old.chars().filter(|c| !c.is_whitespace()).collect();
        let found: Vec<&[(usize, char)]> = solid
            .windows(wanted.len())
            .filter(|window| window.iter().map(|(_, c)| c).eq(&wanted))
            .collect();
        let [place] = found[..] else {
            let count = found.len();
            return Err(format!("{} has {count} times: {}", self.file, self.old));
        };
        let (from, (last, character)) = (place[0].0, place[place.len() - 1]);
        let rest = &text[last + character.len_utf8()..];
        Ok(format!("{}{}{rest}", &text[..from], self.new))
    }
}

/// The test that must notice.
pub(crate) struct Killer {
    in_rig: bool,
    target: String,
    test: String,
}

impl Killer {
    /// "file name", "lib name" or "rig/file name"; without a name the whole file.
    fn new(text: &str) -> Self {
        let (target, test) = text.split_once(' ').unwrap_or((text, ""));
        Self {
            in_rig: target.starts_with("rig/"),
            target: target.trim_start_matches("rig/").to_owned(),
            test: test.to_owned(),
        }
    }

    pub(crate) fn is_in(&self, tree: &Tree) -> bool {
        let package = if self.in_rig { "test-rig" } else { "core" };
        if self.target == "lib" {
            return tree.mentions(&Path::new(package).join("src"), &self.function());
        }
        let file = format!("{package}/tests/{}.rs", self.target);
        tree.has(&file) && (self.test.is_empty() || tree.read(&file).contains(&self.function()))
    }

    fn function(&self) -> String {
        let name = self.test.rsplit("::").next().unwrap_or_default();
        format!("fn {name}()")
    }

    /// Survived means that it passed.
    pub(crate) fn run(&self, tree: &Tree) -> Verdict {
        let build = self.cargo(tree).arg("--no-run").status().unwrap();
        if !build.success() {
            return Verdict::Unbuilt;
        }
        let mut run = self.cargo(tree).arg(&self.test).spawn().unwrap();
        for _ in 0..LOOKS_MAX {
            match run.try_wait().unwrap() {
                Some(status) if status.success() => return Verdict::Survived,
                Some(_) => return Verdict::Killed,
                None => std::thread::sleep(LOOK_EVERY),
            }
        }
        run.kill().unwrap();
        run.wait().unwrap();
        Verdict::Hung
    }

    fn cargo(&self, tree: &Tree) -> Command {
        let mut cargo = tree.cargo();
        cargo.args(["test", "--quiet", "--package"]);
        cargo.arg(if self.in_rig {
            "bitcraps-rig"
        } else {
            "bitcraps-core"
        });
        if self.target == "lib" {
            cargo.arg("--lib");
        } else {
            cargo.args(["--test", &self.target]);
        }
        cargo.stdout(Stdio::null()).stderr(Stdio::null());
        cargo
    }
}

impl fmt::Display for Killer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}::{}", self.target, self.test)
    }
}
