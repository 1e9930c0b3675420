//! A trace from a file, line by line.

use std::fs::File;
use std::io::{BufRead, BufReader};

use super::{End, FORMAT, Header, Line};

/// Longest line that is read: the first, with a scenario of at most 1 MiB in it.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// What stands in a line behind the first.
#[derive(Debug)]
pub enum Entry {
    /// Something that happened, and as it stands in the file.
    Line(Box<Line>, String),
    /// The last line.
    End(Box<End>),
}

/// An open trace.
#[derive(Debug)]
pub struct TraceReader {
    /// The first line.
    pub header: Header,
    path: String,
    number: u64,
    input: BufReader<File>,
}

impl TraceReader {
    /// Opens a file and reads its first line.
    ///
    /// # Errors
    /// In one line why it is no trace of this version.
    pub fn open(path: &str) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
        let mut input = BufReader::new(file);
        let first = read_line(&mut input).map_err(|problem| format!("{path}:1: {problem}"))?;
        let header: Header = serde_json::from_str(&first.unwrap_or_default()).map_err(|_| {
            format!("{path}:1: expected the first line of a trace of `rig run --trace`")
        })?;
        if header.kind != "run" || header.format != FORMAT {
            let found = header.format;
            return Err(format!(
                "{path}:1: expected a trace of format {FORMAT}, found {found}"
            ));
        }
        Ok(Self {
            header,
            path: path.to_owned(),
            number: 1,
            input,
        })
    }

    /// The next line; `None` at the end of the file.
    ///
    /// # Errors
    /// Which line is wrong.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, String> {
        self.number += 1;
        let at = format!("{}:{}", self.path, self.number);
        let text = read_line(&mut self.input).map_err(|problem| format!("{at}: {problem}"))?;
        let Some(text) = text else { return Ok(None) };
        if text.starts_with("{\"kind\":\"end\"") {
            let end = serde_json::from_str(&text);
            let end = end.map_err(|error| format!("{at}: not the end of a trace: {error}"))?;
            return Ok(Some(Entry::End(end)));
        }
        let line = serde_json::from_str(&text);
        let line = line.map_err(|error| format!("{at}: not a line of a trace: {error}"))?;
        Ok(Some(Entry::Line(line, text)))
    }

    /// The number of the line that was read last.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }
}

fn read_line(input: &mut BufReader<File>) -> Result<Option<String>, String> {
    let mut text = String::new();
    let read = std::io::Read::take(&mut *input, LINE_BYTES_MAX).read_line(&mut text);
    match read.map_err(|error| error.to_string())? {
        0 => Ok(None),
        _ if !text.ends_with('\n') => Err("the line is cut off".to_owned()),
        _ => {
            text.pop();
            Ok(Some(text))
        }
    }
}
