//! The table in a terminal: seats, bets, news, and a line to type in.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};

use super::bridge::{Intent, News, Said, SeatState, State};
use super::seat::Table;
use super::words;

/// How often the screen is drawn anew.
const FRAME: Duration = Duration::from_millis(50);
/// News that are kept to be shown.
const NEWS_MAX: usize = 200;
/// Longest line that can be typed.
const INPUT_MAX: usize = 80;

/// What is on the screen besides the state.
#[derive(Debug, Default)]
pub struct Screen {
    news: VecDeque<(bool, String)>,
    input: String,
    before: Vec<String>,
    at: usize,
    help: bool,
}

/// What a key led to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Nothing to do.
    Nothing,
    /// Something to do.
    Intent(Intent),
    /// The game is over.
    Quit,
}

impl Screen {
    /// Takes note of what the table says.
    pub fn take(&mut self, said: Said) {
        match said {
            Said::News(news) => self.push(is_loud(&news), words::news(&news)),
            Said::Refused { problem } => self.push(true, format!("no: {problem}")),
            Said::State(_) => {}
        }
    }

    fn push(&mut self, loud: bool, text: String) {
        self.news.push_back((loud, text));
        if self.news.len() > NEWS_MAX {
            self.news.pop_front();
        }
    }

    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent, may_roll: bool) -> Typed {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c' | 'd') => Typed::Quit,
                _ => Typed::Nothing,
            };
        }
        match key.code {
            KeyCode::Esc if self.help => self.help = false,
            KeyCode::Esc => self.input.clear(),
            KeyCode::Backspace => drop(self.input.pop()),
            KeyCode::Char(letter) if self.input.len() < INPUT_MAX => self.input.push(letter),
            KeyCode::Up => self.recall(self.at.saturating_sub(1)),
            KeyCode::Down => self.recall(self.at + 1),
            KeyCode::Enter => return self.enter(may_roll),
            _ => {}
        }
        Typed::Nothing
    }

    fn recall(&mut self, at: usize) {
        self.at = at.min(self.before.len());
        self.input = self.before.get(self.at).cloned().unwrap_or_default();
    }

    fn enter(&mut self, may_roll: bool) -> Typed {
        let line = std::mem::take(&mut self.input);
        let line = line.trim();
        if line.is_empty() {
            return match may_roll {
                true => Typed::Intent(Intent::Roll),
                false => Typed::Nothing,
            };
        }
        if self.before.last().is_none_or(|last| last != line) {
            self.before.push(line.to_owned());
        }
        self.at = self.before.len();
        if line == "help" {
            self.help = !self.help;
            return Typed::Nothing;
        }
        match words::intent(line) {
            Ok(Intent::Quit) => Typed::Quit,
            Ok(intent) => Typed::Intent(intent),
            Err(problem) => {
                self.push(true, format!("no: {problem}"));
                Typed::Nothing
            }
        }
    }

    /// Draws everything.
    pub fn draw(&self, frame: &mut Frame<'_>, state: &State) {
        let seats = u16::try_from(state.seats.len()).unwrap_or(u16::MAX);
        let rows = Layout::vertical([
            Constraint::Length(4),
            Constraint::Length(seats + 2),
            Constraint::Min(3),
            Constraint::Length(3),
        ]);
        let [head, table, news, input] = rows.areas(frame.area());
        self.head(frame, head, state);
        draw_seats(frame, table, state);
        self.draw_news(frame, news);
        let hint = match state.may_roll {
            true => " your dice: Enter rolls · help · quit ",
            false => " bet pass-line 10 · take field · help · quit ",
        };
        let line = Line::from(vec![
            Span::raw("> "),
            Span::raw(&self.input),
            Span::raw("_"),
        ]);
        frame.render_widget(
            Paragraph::new(line).block(Block::bordered().title(hint)),
            input,
        );
    }

    fn head(&self, frame: &mut Frame<'_>, area: Rect, state: &State) {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let dice = state
            .dice
            .map_or_else(|| "– –".to_owned(), |[a, b]| format!("{a} {b}"));
        let point = state
            .point
            .map_or_else(|| "come-out".to_owned(), |point| format!("point {point}"));
        let shooter = match state.shooter {
            Some(seat) if seat == state.you => "YOU have the dice".to_owned(),
            Some(seat) => format!("seat {seat} has the dice"),
            None => "no shooter: nobody has a line bet".to_owned(),
        };
        let rolling = if state.closed {
            "  the dice are on their way"
        } else {
            ""
        };
        let first = Line::from(vec![
            Span::raw(format!("roll {}  ", state.roll)),
            Span::styled(format!("[{dice}]"), bold),
            Span::raw(format!("  {point}  {shooter}{rolling}")),
        ]);
        let [needed, of] = state.quorum;
        let list = |seats: &[u8]| {
            seats
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let voting = if state.voting { "" } else { " (left)" };
        let mut trouble = String::new();
        if !state.caught.is_empty() {
            trouble += &format!("  caught lying: {}", list(&state.caught));
        }
        if let Some(silent) = &state.stalled {
            trouble += &format!("  STALLED, silent: {}", list(silent));
        }
        if state.halted {
            trouble += "  HALTED: the table forked";
        }
        let second = Line::from(vec![
            Span::raw(format!(
                "links {}  quorum {needed}/{of}  view {}{voting} primary {}",
                list(&state.links),
                state.view,
                state.primary
            )),
            Span::styled(trouble, Style::new().fg(Color::Red)),
        ]);
        let title = format!(
            " BitCraps · seat {} · {} ",
            state.you,
            words::clock(state.ms).trim()
        );
        frame.render_widget(
            Paragraph::new(vec![first, second]).block(Block::bordered().title(title)),
            area,
        );
    }

    fn draw_news(&self, frame: &mut Frame<'_>, area: Rect) {
        if self.help {
            let block = Block::bordered().title(" what to type ");
            frame.render_widget(Paragraph::new(words::HELP).block(block), area);
            return;
        }
        let room = usize::from(area.height.saturating_sub(2));
        let skip = self.news.len().saturating_sub(room);
        let lines = self.news.iter().skip(skip).map(|(loud, text)| {
            let style = if *loud {
                Style::new().add_modifier(Modifier::BOLD)
            } else {
                Style::new()
            };
            Line::styled(text.as_str(), style)
        });
        let text =
            Paragraph::new(lines.collect::<Vec<_>>()).block(Block::bordered().title(" news "));
        frame.render_widget(text, area);
    }
}

fn is_loud(news: &News) -> bool {
    !matches!(news.what.as_str(), "placed" | "returned" | "neighbour")
}

fn draw_seats(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let row = |seat: &SeatState| {
        let dice = if state.shooter == Some(seat.seat) {
            "⚂"
        } else {
            " "
        };
        let you = if seat.seat == state.you { "you" } else { "   " };
        let status = match seat.status.as_str() {
            "playing" if state.caught.contains(&seat.seat) => "! ",
            "playing" => "",
            other => other,
        };
        let style = match (seat.status.as_str(), state.caught.contains(&seat.seat)) {
            ("playing", false) if seat.seat == state.you => {
                Style::new().add_modifier(Modifier::BOLD)
            }
            ("playing", false) => Style::new(),
            _ => Style::new().fg(Color::Red),
        };
        let linked = state.links.contains(&seat.seat) || seat.seat == state.you;
        let link = if linked { " " } else { "~" };
        let text = format!(
            "{dice}{link}{:>2} {you} {:>7}  {status} {}",
            seat.seat,
            seat.stack,
            words::bets(&seat.bets)
        );
        Line::styled(text, style)
    };
    let lines: Vec<Line<'_>> = state.seats.iter().map(row).collect();
    let title = format!(" seats · bank {} ", state.bank);
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    frame.render_widget(text.block(Block::bordered().title(title)), area);
}

/// Plays on the terminal until the player quits, in real time.
///
/// # Errors
/// What the terminal says.
pub fn play(mut table: Table, again: &str) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let mut screen = Screen::default();
    let played = loop_on(&mut terminal, &mut table, &mut screen);
    ratatui::restore();
    println!("again: {again}");
    played
}

fn loop_on(
    terminal: &mut ratatui::DefaultTerminal,
    table: &mut Table,
    screen: &mut Screen,
) -> io::Result<()> {
    let (began, at) = (Instant::now(), table.ms());
    loop {
        let passed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        table.advance_to(at.saturating_add(passed));
        table
            .take_said()
            .into_iter()
            .for_each(|said| screen.take(said));
        let state = table.state();
        terminal.draw(|frame| screen.draw(frame, &state))?;
        if table.is_over() {
            return Ok(());
        }
        if !event::poll(FRAME)? {
            continue;
        }
        let Event::Key(key) = event::read()? else {
            continue;
        };
        if key.kind != KeyEventKind::Press {
            continue;
        }
        match screen.key(key, state.may_roll) {
            Typed::Nothing => {}
            Typed::Quit => return Ok(()),
            Typed::Intent(intent) => {
                if let Err(problem) = table.intend(&intent) {
                    screen.take(Said::Refused { problem });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::cli::SUPPORTED;
    use crate::play::seat::Opening;
    use crate::scenario::Behaviour;

    fn press(screen: &mut Screen, text: &str, may_roll: bool) -> Typed {
        for letter in text.chars() {
            screen.key(KeyCode::Char(letter).into(), may_roll);
        }
        screen.key(KeyCode::Enter.into(), may_roll)
    }

    #[test]
    fn enter_alone_rolls_only_for_the_shooter_and_up_brings_the_last_line_back() {
        let mut screen = Screen::default();
        assert_eq!(press(&mut screen, "", false), Typed::Nothing);
        assert_eq!(press(&mut screen, "", true), Typed::Intent(Intent::Roll));
        let take = Typed::Intent(Intent::Remove {
            bet: "field".into(),
        });
        assert_eq!(press(&mut screen, "take field", false), take);
        screen.key(KeyCode::Up.into(), false);
        assert_eq!(screen.key(KeyCode::Enter.into(), false), take);
        assert_eq!(press(&mut screen, "quit", false), Typed::Quit);
    }

    #[test]
    fn a_hand_against_a_lying_primary_as_a_terminal_shows_it() {
        let opening = Opening {
            players: 4,
            seat: 3,
            seed: 3,
            liars: vec![(Behaviour::Equivocator, 1)],
            pace_ms: 1_000,
        };
        let mut table = Table::open(&opening, &SUPPORTED).expect("a table");
        let mut screen = Screen::default();
        for line in [
            "bet pass-line 10",
            "bet field 5",
            "wait",
            "wait",
            "take field",
            "wait 3",
        ] {
            let intent = words::intent(line).expect(line);
            if let Err(problem) = table.intend(&intent) {
                screen.take(Said::Refused { problem });
            }
            table.advance_after(&intent);
            table
                .take_said()
                .into_iter()
                .for_each(|said| screen.take(said));
        }
        let mut terminal = Terminal::new(TestBackend::new(100, 26)).expect("a terminal");
        let state = table.state();
        terminal
            .draw(|frame| screen.draw(frame, &state))
            .expect("a frame");
        let shown = terminal.backend().to_string();
        // What the dice show is the core's; the frame is ours.
        for part in [
            "BitCraps · seat 3",
            "links 0 1 2  quorum",
            "seats · bank",
            "you",
            "news",
            "ROLL",
        ] {
            assert!(shown.contains(part), "{part} in\n{shown}");
        }
        let sum: u64 = state.bank
            + state
                .seats
                .iter()
                .map(|s| s.stack + s.bets.iter().map(|b| b.amount).sum::<u64>())
                .sum::<u64>();
        assert_eq!(sum, table.issued(), "every chip is on the screen");
    }
}
