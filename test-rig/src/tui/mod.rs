//! The view of a trace in a terminal: play, pause, step, back, seek, filter, decode; and in a live run, faults by key.
//!
//! [`scope`] is the place in the trace, [`draw`] makes a frame of it, [`source`] brings the lines.

pub mod draw;
pub mod scope;
pub mod source;

use std::io;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::scenario::{
    Behaviour, Byzantine, Fault, FaultAction, Scenario, Supported, load, to_toml,
};
use crate::trace::Header;
use crate::trace::reader::TraceReader;
use scope::Scope;
use source::{Live, Next, Source};

const FRAME: Duration = Duration::from_millis(50);
/// How long an injected fault lasts, in milliseconds of the room's time.
const FAULT_MS: u64 = 10_000;
/// Packet errors of an injected loss.
const LOSS_PPM: u32 = 500_000;

/// The view and what it looks at.
#[derive(Debug)]
pub struct View {
    /// The place in the trace.
    pub scope: Scope,
    source: Source,
    /// Of a live run: what runs, to be changed by key.
    live: Option<Scenario>,
    supported: Supported<'static>,
    /// The filter while it is typed.
    typing: Option<String>,
}

impl View {
    /// Looks at a file.
    ///
    /// # Errors
    /// Why it is no trace.
    pub fn of_file(path: &str, supported: &Supported<'static>) -> Result<Self, String> {
        let reader = TraceReader::open(path)?;
        let scope = Scope::new(reader.header.clone());
        Ok(Self {
            scope,
            source: Source::File(Box::new(reader)),
            live: None,
            supported: *supported,
            typing: None,
        })
    }

    /// Begins a run and looks on.
    #[must_use]
    pub fn of_run(
        scenario: Scenario,
        given: &str,
        seed: u64,
        supported: &Supported<'static>,
    ) -> Self {
        let mut scope = Scope::new(Header::new(&scenario, given, seed));
        scope.playing = true;
        Self {
            scope,
            source: Source::Live(Live::begin(scenario.clone(), seed)),
            live: Some(scenario),
            supported: *supported,
            typing: None,
        }
    }

    /// The scenario as it has become, if faults were injected.
    #[must_use]
    pub fn changed(&self) -> Option<&Scenario> {
        self.live
            .as_ref()
            .filter(|_| !self.scope.injected.is_empty())
    }

    /// Makes sure that everything up to a time is known, as far as there is anything.
    ///
    /// # Errors
    /// Which line of a file is wrong.
    pub fn know(&mut self, t: i64) -> Result<(), String> {
        while !self.scope.complete && self.scope.known_until() <= t {
            match self.source.wait()? {
                Some(Next::Line(line)) => {
                    self.scope.push(*line);
                }
                Some(Next::End(outcome)) => {
                    self.scope.outcome = Some(outcome);
                    self.scope.complete = true;
                }
                None => self.scope.complete = true,
            }
        }
        Ok(())
    }

    /// Real time has passed.
    ///
    /// # Errors
    /// Which line of a file is wrong.
    pub fn pass(&mut self, real: Duration) -> Result<(), String> {
        if !self.scope.playing {
            return Ok(());
        }
        let real = i64::try_from(real.as_micros()).unwrap_or(i64::MAX / 1000);
        let until = self.scope.now + real * i64::from(self.scope.speed) / 100;
        self.know(until)?;
        if self.scope.complete && until > self.scope.known_until() {
            self.scope.playing = false;
            self.scope.seek(self.scope.known_until());
        } else {
            self.scope.seek(until);
        }
        Ok(())
    }

    /// A key was pressed; `false` ends the view.
    ///
    /// # Errors
    /// Which line of a file is wrong.
    pub fn key(&mut self, key: KeyEvent) -> Result<bool, String> {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Ok(false);
        }
        if let Some(text) = &mut self.typing {
            match key.code {
                KeyCode::Enter => self.scope.filter = self.typing.take().unwrap_or_default(),
                KeyCode::Esc => self.typing = None,
                KeyCode::Backspace => drop(text.pop()),
                KeyCode::Char(letter) => text.push(letter),
                _ => {}
            }
            return Ok(true);
        }
        match key.code {
            KeyCode::Char('q') => return Ok(false),
            KeyCode::Char(' ') => self.scope.playing = !self.scope.playing,
            KeyCode::Char('.') => {
                self.scope.playing = false;
                self.know(self.scope.now + 1_000_000)?;
                self.scope.step();
            }
            KeyCode::Char(',') => {
                self.scope.playing = false;
                self.scope.back();
            }
            KeyCode::Right => self.seek(self.scope.now + 1_000_000)?,
            KeyCode::Left => self.seek(self.scope.now - 1_000_000)?,
            KeyCode::PageDown => self.seek(self.scope.now + 10_000_000)?,
            KeyCode::PageUp => self.seek(self.scope.now - 10_000_000)?,
            KeyCode::Home => self.seek(0)?,
            KeyCode::End => {
                self.know(i64::MAX)?;
                self.seek(self.scope.known_until())?;
            }
            KeyCode::Char('!') => {
                self.scope.playing = false;
                self.know(self.scope.now + 60_000_000)?;
                self.scope.next_alarm();
            }
            KeyCode::Char('+') => self.scope.speed = (self.scope.speed * 2).min(6_400),
            KeyCode::Char('-') => self.scope.speed = (self.scope.speed / 2).max(1),
            KeyCode::Char('/') => self.typing = Some(self.scope.filter.clone()),
            KeyCode::Enter => self.scope.decode = !self.scope.decode,
            KeyCode::Char(letter) => self.letter(letter)?,
            _ => {}
        }
        Ok(true)
    }

    fn seek(&mut self, t: i64) -> Result<(), String> {
        self.know(t)?;
        self.scope.seek(t.clamp(0, self.scope.known_until().max(0)));
        Ok(())
    }

    fn letter(&mut self, letter: char) -> Result<(), String> {
        if let Some(digit) = letter
            .to_digit(10)
            .and_then(|digit| u8::try_from(digit).ok())
        {
            self.scope.phone = digit.min(self.scope.header.players - 1);
            return Ok(());
        }
        let player = self.scope.phone;
        // From the next whole millisecond on: what is behind us stays as it was.
        let from_ms = u64::try_from(self.scope.now.max(0)).unwrap_or(0) / 1000 + 1;
        let until_ms = Some(from_ms + FAULT_MS);
        let half = (0..self.scope.header.players.div_ceil(2)).collect();
        let rest = (self.scope.header.players.div_ceil(2)..self.scope.header.players).collect();
        let (action, until_ms) = match letter {
            'c' => (FaultAction::Crash { player, disk: None }, None),
            's' => (FaultAction::Suspend { player }, until_ms),
            'p' => (
                FaultAction::Partition {
                    groups: vec![half, rest],
                },
                until_ms,
            ),
            'l' => (
                FaultAction::Loss {
                    loss_ppm: LOSS_PPM,
                    between: None,
                },
                until_ms,
            ),
            'e' => {
                let lie = Byzantine {
                    player,
                    behaviour: Behaviour::Equivocator,
                    from_ms,
                    until_ms: None,
                    with: Vec::new(),
                };
                return self.inject("equivocator", |scenario| scenario.byzantine.push(lie));
            }
            _ => return Ok(()),
        };
        let fault = Fault {
            from_ms,
            until_ms,
            action,
        };
        let name = fault.kind().name();
        self.inject(name, |scenario| scenario.faults.push(fault))
    }

    /// Changes what runs, and runs it again up to here: the same seed does the same until the change.
    fn inject(&mut self, name: &str, change: impl FnOnce(&mut Scenario)) -> Result<(), String> {
        let Some(scenario) = &self.live else {
            return Ok(());
        };
        let mut changed = scenario.clone();
        change(&mut changed);
        let Ok(changed) = load("injected", &to_toml(&changed), &self.supported) else {
            // Such as a lie of a phone that lies already.
            return Ok(());
        };
        let seed = self.scope.header.seed;
        let mut scope = Scope::new(Header::new(&changed, &self.scope.header.given, seed));
        scope.injected.clone_from(&self.scope.injected);
        scope.injected.push(name.to_owned());
        scope.playing = self.scope.playing;
        scope.speed = self.scope.speed;
        scope.phone = self.scope.phone;
        scope.filter.clone_from(&self.scope.filter);
        let now = self.scope.now;
        self.scope = scope;
        self.source = Source::Live(Live::begin(changed.clone(), seed));
        self.live = Some(changed);
        self.know(now)?;
        self.scope.seek(now);
        Ok(())
    }
}

/// Shows it until the user has seen enough.
///
/// # Errors
/// What the terminal says, or which line of a file is wrong.
pub fn show(view: &mut View) -> Result<(), String> {
    let mut terminal = ratatui::try_init().map_err(|error| format!("no terminal: {error}"))?;
    let shown = loop_on(&mut terminal, view);
    ratatui::restore();
    shown
}

fn loop_on(terminal: &mut ratatui::DefaultTerminal, view: &mut View) -> Result<(), String> {
    let words = |error: io::Error| error.to_string();
    view.know(0)?;
    let mut last = Instant::now();
    loop {
        let passed = last.elapsed();
        last = Instant::now();
        view.pass(passed)?;
        let frame = terminal.draw(|frame| draw::draw(frame, &view.scope, view.typing.as_deref()));
        frame.map_err(words)?;
        if !event::poll(FRAME).map_err(words)? {
            continue;
        }
        let Event::Key(key) = event::read().map_err(words)? else {
            continue;
        };
        if key.kind == KeyEventKind::Press && !view.key(key)? {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
