//! One value of a scenario file, read as what it should be.

use std::fmt;

use toml::Spanned;
use toml::de::DeValue;

use super::super::error::{ScenarioError, clipped, did_you_mean, quoted};
use super::super::units;
use super::{Section, Source};

/// A value and the keys that lead to it.
pub(crate) struct Value<'a> {
    pub(super) source: Source<'a>,
    pub(super) path: String,
    pub(super) raw: &'a Spanned<DeValue<'a>>,
}

impl<'a> Value<'a> {
    /// The error that this value is not what was expected.
    pub(crate) fn expected(&self, expected: impl fmt::Display) -> ScenarioError {
        self.wrong(format!(
            "expected {expected}, found {}",
            found(self.raw.get_ref())
        ))
    }

    /// Any other error about this value.
    pub(crate) fn wrong(&self, problem: String) -> ScenarioError {
        self.source
            .error(self.raw.span().start, &self.path, problem)
    }

    pub(crate) fn section(&self) -> Result<Section<'a>, ScenarioError> {
        let table = self
            .raw
            .get_ref()
            .as_table()
            .ok_or_else(|| self.expected("a table"))?;
        let offset = self.raw.span().start;
        Ok(Section {
            source: self.source,
            path: self.path.clone(),
            offset,
            table,
        })
    }

    pub(crate) fn is_table(&self) -> bool {
        self.raw.get_ref().is_table()
    }

    /// The elements of an array.
    pub(crate) fn items(&self, expected: &str) -> Result<Vec<Self>, ScenarioError> {
        let array = self
            .raw
            .get_ref()
            .as_array()
            .ok_or_else(|| self.expected(expected))?;
        let item = |(index, raw)| {
            let path = format!("{}[{index}]", self.path);
            Self {
                source: self.source,
                path,
                raw,
            }
        };
        Ok(array.iter().enumerate().map(item).collect())
    }

    pub(crate) fn text(&self, expected: &str) -> Result<&'a str, ScenarioError> {
        self.raw
            .get_ref()
            .as_str()
            .ok_or_else(|| self.expected(expected))
    }

    pub(in super::super) fn boolean(&self) -> Result<bool, ScenarioError> {
        let value = self.raw.get_ref().as_bool();
        value.ok_or_else(|| self.expected("true or false"))
    }

    /// A whole number in a range.
    pub(crate) fn whole<T>(&self, min: T, max: T) -> Result<T, ScenarioError>
    where
        T: TryFrom<i128> + PartialOrd + fmt::Display,
    {
        self.integer()
            .and_then(|number| T::try_from(number).ok())
            .filter(|number| (&min..=&max).contains(&number))
            .ok_or_else(|| self.expected(format_args!("a whole number from {min} to {max}")))
    }

    /// A player of a table of `players`.
    pub(crate) fn player(&self, players: u8) -> Result<u8, ScenarioError> {
        self.integer()
            .and_then(|number| u8::try_from(number).ok())
            .filter(|player| *player < players)
            .ok_or_else(|| self.expected(format_args!("a player from 0 to {}", players - 1)))
    }

    /// A list of players, each at most once.
    pub(crate) fn players(&self, players: u8) -> Result<Vec<u8>, ScenarioError> {
        let mut list = Vec::new();
        for item in self.items("a list of players")? {
            let player = item.player(players)?;
            if list.contains(&player) {
                return Err(item.expected("every player at most once"));
            }
            list.push(player);
        }
        Ok(list)
    }

    /// The two ends of a link, the lower one first.
    pub(crate) fn link(&self, players: u8) -> Result<(u8, u8), ScenarioError> {
        let ends = self.items("a link such as [0, 1]")?;
        let [a, b] = ends.as_slice() else {
            let count = ends.len();
            return Err(self.wrong(format!(
                "expected a link such as [0, 1], found {count} ends"
            )));
        };
        let (low, high) = (a.player(players)?, b.player(players)?);
        if low == high {
            let problem = format!("expected two different players, found {low} twice");
            return Err(self.wrong(problem));
        }
        Ok((low.min(high), low.max(high)))
    }

    /// One of a list of words.
    pub(crate) fn choice<T: Clone + fmt::Display>(&self, all: &[T]) -> Result<T, ScenarioError> {
        let words: Vec<String> = all.iter().map(T::to_string).collect();
        let expected = format!("one of {}", words.join(", "));
        let text = self.text(&expected)?;
        let chosen = all.iter().zip(&words).find(|(_, word)| *word == text);
        chosen.map(|(choice, _)| choice.clone()).ok_or_else(|| {
            let hint = did_you_mean(text, words.iter().map(String::as_str), '"');
            self.wrong(format!("expected {expected}, found {}{hint}", quoted(text)))
        })
    }

    /// One of some words, or of many more that an error does not list.
    pub(crate) fn name_of(&self, words: &[&str], more: &[&str]) -> Result<String, ScenarioError> {
        let expected = format!("one of {}", words.join(", "));
        let text = self.text(&expected)?;
        let mut known = words.iter().chain(more).copied();
        if known.any(|word| word == text) {
            return Ok(text.to_owned());
        }
        let hint = did_you_mean(text, words.iter().chain(more).copied(), '"');
        Err(self.wrong(format!("expected {expected}, found {}{hint}", quoted(text))))
    }

    /// A duration in microseconds.
    pub(crate) fn duration_us(&self) -> Result<u64, ScenarioError> {
        let text = self.raw.get_ref().as_str().unwrap_or_default();
        units::duration_us(text).map_err(|expected| self.expected(expected))
    }

    /// A duration in milliseconds.
    pub(crate) fn duration_ms(&self) -> Result<u64, ScenarioError> {
        let text = self.raw.get_ref().as_str().unwrap_or_default();
        units::duration_ms(text).map_err(|expected| self.expected(expected))
    }

    /// A duration in milliseconds which may be negative.
    pub(crate) fn signed_duration_ms(&self) -> Result<i64, ScenarioError> {
        let text = self.raw.get_ref().as_str().unwrap_or_default();
        let (sign, size) = text.strip_prefix('-').map_or((1, text), |size| (-1, size));
        let ms = units::duration_ms(size).map_err(|expected| self.expected(expected))?;
        Ok(sign * i64::try_from(ms).expect("a duration is at most a year"))
    }

    /// A probability in parts per million.
    pub(crate) fn probability_ppm(&self) -> Result<u32, ScenarioError> {
        let text = match self.raw.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        units::probability_ppm(text).map_err(|expected| self.expected(expected))
    }

    /// The value as an integer, unless it is something else or beyond all bounds.
    fn integer(&self) -> Option<i128> {
        let number = self.raw.get_ref().as_integer()?;
        i128::from_str_radix(number.as_str(), number.radix()).ok()
    }
}

/// A value as an error repeats it.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => clipped(&number.to_string()),
        DeValue::Float(number) => clipped(number.as_str()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
