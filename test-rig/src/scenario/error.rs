//! What is wrong with a scenario, in one line.

use std::fmt;

/// Longest part of a found value or key that an error repeats, in characters.
const FOUND_CHARS_MAX: usize = 48;

/// Two words further apart than this are not a typing mistake.
const TYPO_EDITS_MAX: usize = 2;

/// What is wrong with a scenario; displayed as exactly one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file as the user named it.
    pub file: String,
    /// The line, counted from 1; 0 when the error belongs to no line.
    pub line: usize,
    /// The dotted path of the key, such as `byzantine[0].player`; empty when there is none.
    pub key: String,
    /// What was expected and what was found.
    pub problem: String,
}

impl ScenarioError {
    /// An error about a file as a whole.
    pub(super) fn of_file(file: &str, problem: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            key: String::new(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": key `{}`", one_line(&self.key))?;
        }
        write!(f, ": {}", one_line(&self.problem))
    }
}

impl std::error::Error for ScenarioError {}

/// A found string, quoted, escaped and not too long.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", clipped(text))
}

/// The beginning of a text that may be of any length.
pub(super) fn clipped(text: &str) -> String {
    let mut short: String = text.chars().take(FOUND_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// ` (did you mean …?)` with the first of the words that is a typing mistake away, or nothing.
/// `mark` stands on both sides of the word.
pub(crate) fn did_you_mean<'a>(
    typed: &str,
    words: impl IntoIterator<Item = &'a str>,
    mark: char,
) -> String {
    words
        .into_iter()
        .map(|word| (edits(typed, word), word))
        // A short word must not be replaced as a whole.
        .filter(|(edits, word)| *edits <= TYPO_EDITS_MAX && *edits < word.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| format!(" (did you mean {mark}{word}{mark}?)"))
        .unwrap_or_default()
}

/// Insertions, deletions and substitutions between two words; large when their lengths differ
/// by more than a typing mistake, so that a huge key costs nothing.
fn edits(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(FOUND_CHARS_MAX).collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > TYPO_EDITS_MAX {
        return usize::MAX;
    }
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, from) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, to) in b.iter().enumerate() {
            let replaced = above[column] + usize::from(from != to);
            current.push(replaced.min(above[column + 1] + 1).min(current[column] + 1));
        }
        above = current;
    }
    above[b.len()]
}

/// Escapes whatever a terminal or a log would take for the end of the line.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
