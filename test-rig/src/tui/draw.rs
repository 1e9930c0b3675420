//! The view as a frame.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Wrap};

use super::scope::{PhoneState, Scope, words_of};
use crate::trace::{Band, LineKind};

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, scope: &Scope, typing: Option<&str>) {
    let phones = u16::from(scope.header.players);
    let bands = u16::try_from(scope.header.bands.len().min(5)).unwrap_or(0);
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(6),
        Constraint::Length(3 + bands),
        Constraint::Length(2),
    ]);
    let [head, middle, time, keys] = rows.areas(frame.area());
    frame.render_widget(Paragraph::new(title(scope)).style(bold()), head);
    let columns = Layout::horizontal([Constraint::Length(31), Constraint::Min(30)]);
    let [left, right] = columns.areas(middle);
    let halves = Layout::vertical([Constraint::Length(phones + 2), Constraint::Min(0)]);
    let [upper, lower] = halves.areas(left);
    draw_phones(frame, upper, scope);
    let rolls: Vec<Line<'_>> = scope
        .here
        .rolls
        .iter()
        .rev()
        .map(|roll| Line::raw(roll.as_str()))
        .collect();
    frame.render_widget(
        Paragraph::new(rolls).block(Block::bordered().title(" rolls ")),
        lower,
    );
    draw_lines(frame, right, scope);
    draw_time(frame, time, scope);
    let hint = match typing {
        Some(text) => format!("filter: {text}_\n[enter] take it  [esc] leave it"),
        None => "[space] play/pause  [.] step  [,] back  [←→] second  [home/end]  [!] next alarm  [+-] speed  [/] filter\n\
                 [0-9] phone  [enter] decode  [c]rash [s]uspend [p]artition [l]oss [e]quivocate (live)  [q]uit"
            .to_owned(),
    };
    frame.render_widget(Paragraph::new(hint), keys);
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn title(scope: &Scope) -> String {
    let state = match (scope.playing, scope.outcome.as_deref()) {
        (true, _) => format!("×{}.{}", scope.speed / 100, scope.speed / 10 % 10),
        (false, Some(outcome)) => format!("paused · in the end {outcome}"),
        (false, None) => "paused".to_owned(),
    };
    let injected = match scope.injected.len() {
        0 => String::new(),
        count => format!("  +{count} injected"),
    };
    let (name, seed) = (&scope.header.name, scope.header.seed);
    format!(
        "{name}  seed {seed}  t={}  {state}{injected}",
        seconds(scope.now)
    )
}

fn draw_phones(frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let most = scope
        .here
        .phones
        .iter()
        .map(|phone| phone.bytes)
        .max()
        .unwrap_or(0);
    let row = |(seat, phone): (u8, &PhoneState)| {
        let lies = scope.header.lies(seat);
        let symbol = match phone {
            PhoneState { down: true, .. } => '#',
            PhoneState { proven: true, .. } => '!',
            PhoneState { left: true, .. } => 'v',
            _ if u64::from(seat) == scope.here.primary => '/',
            _ => '.',
        };
        let mark = if seat == scope.phone { ">" } else { " " };
        let (view, slot, kilo) = (phone.view, phone.delivered, phone.bytes / 1000);
        let bar = "▪".repeat(usize::try_from(phone.bytes * 6 / most.max(1)).unwrap_or(0));
        let text = format!("{mark}{seat:>2} {symbol} v{view:<2} s{slot:<4} {kilo:>4}kB {bar}");
        let style = match (phone.proven, lies) {
            (true, _) => bold().fg(Color::Red),
            (false, true) => Style::new().fg(Color::Red),
            _ => Style::new(),
        };
        Line::styled(text, style)
    };
    let lines: Vec<Line<'_>> = (0..scope.header.players)
        .zip(&scope.here.phones)
        .map(row)
        .collect();
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(" phones ")),
        area,
    );
}

fn draw_lines(frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let title = match scope.filter.as_str() {
        "" => " what happened ".to_owned(),
        filter => format!(" what happened: {filter} "),
    };
    let block = Block::bordered().title(title);
    let room = usize::from(area.height.saturating_sub(2));
    if scope.decode {
        let latest = scope.latest(1);
        let Some(line) = latest.first() else {
            return frame.render_widget(block, area);
        };
        let mut text = vec![Line::styled(
            format!("{} {}", seconds(line.t), words_of(line)),
            bold(),
        )];
        for (key, value) in &line.msg {
            text.push(Line::raw(format!("{key:>10}  {value}")));
        }
        return frame.render_widget(
            Paragraph::new(text).wrap(Wrap { trim: false }).block(block),
            area,
        );
    }
    let lines = scope.latest(room).into_iter().map(|line| {
        let lie = line.msg.contains_key("second") || line.text("ignored") == "bad signature";
        let style = match line.kind {
            _ if lie || matches!(line.type_name(), "caught" | "convicted" | "halted") => {
                bold().fg(Color::Red)
            }
            LineKind::Commit => Style::new().fg(Color::Green),
            LineKind::Fault | LineKind::Drop => Style::new().fg(Color::Yellow),
            LineKind::Event => bold(),
            _ => Style::new(),
        };
        Line::styled(format!("{} {}", seconds(line.t), words_of(line)), style)
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

/// Where we are, and what goes wrong when.
fn draw_time(frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let width = usize::from(area.width.saturating_sub(2)).max(1);
    let end_ms =
        u64::try_from(scope.known_until().max(scope.now).max(1_000_000) / 1000).unwrap_or(1000);
    let column =
        |ms: u64| usize::try_from(ms.min(end_ms) * (width as u64 - 1) / end_ms).unwrap_or(0);
    let now = column(u64::try_from(scope.now / 1000).unwrap_or(0));
    let mut line: Vec<char> = vec!['─'; width];
    line[now.min(width - 1)] = '●';
    let mut rows = vec![Line::raw(line.into_iter().collect::<String>())];
    for Band {
        what,
        lie,
        from_ms,
        until_ms,
    } in scope.header.bands.iter().take(5)
    {
        let (from, until) = (column(*from_ms), column(until_ms.unwrap_or(end_ms)));
        let name: Vec<char> = what.chars().collect();
        let fill = if *lie { '▒' } else { '▓' };
        let row = (0..width).map(|at| match at {
            at if at >= from && at - from < name.len() => name[at - from],
            at if (from..=until).contains(&at) => fill,
            _ => ' ',
        });
        let style = Style::new().fg(if *lie { Color::Red } else { Color::Yellow });
        rows.push(Line::styled(row.collect::<String>(), style));
    }
    let more = if scope.complete { "" } else { " …" };
    let title = format!(" 0 s – {}{more} ", seconds(scope.known_until()));
    frame.render_widget(
        Paragraph::new(rows).block(Block::bordered().title(title)),
        area,
    );
}

fn seconds(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "" };
    let us = us.unsigned_abs();
    format!("{sign}{}.{:03}", us / 1_000_000, us / 1000 % 1000)
}
