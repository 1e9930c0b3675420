//! A typed reader over parsed TOML that keeps track of lines and dotted keys, so that every
//! mistake is reported in the same words wherever it is made.

mod value;

use toml::de::DeTable;

use super::error::{ScenarioError, clipped, did_you_mean};
pub(crate) use value::Value;

/// The text that is read, and the name to blame.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

/// A table and the keys that lead to it.
pub(crate) struct Section<'a> {
    source: Source<'a>,
    /// Empty for the file itself.
    path: String,
    offset: usize,
    table: &'a DeTable<'a>,
}

impl Source<'_> {
    /// An error at a byte of the text.
    pub(super) fn error(self, offset: usize, key: &str, problem: String) -> ScenarioError {
        // Mistakes at the very end belong to the last line, not to the empty one behind it.
        let end = self
            .text
            .len()
            .saturating_sub(usize::from(self.text.ends_with('\n')));
        let before = &self.text.as_bytes()[..offset.min(end)];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        ScenarioError {
            file: self.file.to_owned(),
            line,
            key: key.to_owned(),
            problem,
        }
    }

    /// An error right behind the text, for text that breaks off.
    pub(super) fn error_at_end(self, problem: String) -> ScenarioError {
        let line = 1 + self.text.matches('\n').count();
        ScenarioError {
            file: self.file.to_owned(),
            line,
            key: String::new(),
            problem,
        }
    }
}

impl<'a> Section<'a> {
    /// The file itself.
    pub(super) fn root(source: Source<'a>, table: &'a DeTable<'a>) -> Self {
        Self {
            source,
            path: String::new(),
            offset: 0,
            table,
        }
    }

    /// Refuses every key that is not in the list; the first one in the file is reported.
    pub(crate) fn allow(&self, keys: &[&str]) -> Result<(), ScenarioError> {
        self.allow_in("", keys)
    }

    /// As [`Self::allow`], where `what` says on whose account a key is refused.
    pub(super) fn allow_in(&self, what: &str, keys: &[&str]) -> Result<(), ScenarioError> {
        let unknown = self
            .table
            .keys()
            .filter(|key| !keys.contains(&&**key.get_ref()))
            .min_by_key(|key| key.span().start);
        let Some(key) = unknown else { return Ok(()) };
        let name = key.get_ref();
        let problem = format!(
            "unknown{what}; expected one of {}{}",
            keys.join(", "),
            did_you_mean(name, keys.iter().copied(), '`')
        );
        Err(self
            .source
            .error(key.span().start, &self.child(&clipped(name)), problem))
    }

    /// The value of a key, if it is there.
    pub(crate) fn value(&self, key: &str) -> Option<Value<'a>> {
        let raw = self.table.get(key)?;
        Some(Value {
            source: self.source,
            path: self.child(key),
            raw,
        })
    }

    /// The value of a key which must be there.
    pub(crate) fn require(&self, key: &str, expected: &str) -> Result<Value<'a>, ScenarioError> {
        self.value(key).ok_or_else(|| {
            let problem = format!("missing; expected {expected}");
            self.source.error(self.offset, &self.child(key), problem)
        })
    }

    /// The value of a key, read by `read`, if it is there.
    pub(crate) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(Value<'a>) -> Result<T, ScenarioError>,
    ) -> Result<Option<T>, ScenarioError> {
        self.value(key).map(read).transpose()
    }

    /// The error that the section as a whole is not what was expected.
    pub(super) fn expected(&self, expected: &str, found: &str) -> ScenarioError {
        let problem = format!("expected {expected}, found {found}");
        self.source.error(self.offset, &self.path, problem)
    }

    fn child(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}
