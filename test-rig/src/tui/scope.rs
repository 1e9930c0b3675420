//! What the view stands on: a trace, a place in it, and how everything stood there.

use crate::trace::{Header, Line, LineKind};

/// Most lines that are looked at; a longer run is shown up to there.
pub const LINES_MAX: usize = 400_000;
/// How often a whole picture is kept, so that going back is quick.
const PICTURE_EVERY: usize = 4_096;

/// How one phone stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PhoneState {
    /// Its view.
    pub view: u64,
    /// Whether it has left its view and not entered another.
    pub left: bool,
    /// The last slot that it delivered.
    pub delivered: u64,
    /// Switched off or suspended.
    pub down: bool,
    /// Proven to have lied.
    pub proven: bool,
    /// Bytes of messages that it has sent.
    pub bytes: u64,
}

/// How everything stands at a place of the trace.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Picture {
    /// Lines that are behind it.
    pub at: usize,
    /// Every phone.
    pub phones: Vec<PhoneState>,
    /// The primary of the highest view, as far as it was said.
    pub primary: u64,
    /// The last rolls, as the first phone to say so saw them.
    pub rolls: Vec<String>,
    last_roll: u64,
}

impl Picture {
    fn new(players: u8) -> Self {
        Self {
            phones: vec![PhoneState::default(); usize::from(players)],
            ..Self::default()
        }
    }

    fn take(&mut self, line: &Line) {
        self.at += 1;
        if line.type_name() == "caught" || line.type_name() == "convicted" {
            self.phone(line.number("seat")).proven = true;
        }
        if line.type_name() == "rolled" {
            self.rolled(line);
        }
        let what = line.text("what");
        let strikes = what.starts_with("crash") || what.starts_with("suspend");
        let mut primary = None;
        let phone = self.phone(line.node.map(u64::from));
        match (line.kind, line.type_name()) {
            (LineKind::Send, _) => phone.bytes += line.number("bytes").unwrap_or(0),
            (LineKind::Commit, _) => phone.delivered = line.number("seq").unwrap_or(0),
            (LineKind::Event, "installed") => phone.delivered = line.number("seq").unwrap_or(0),
            (LineKind::Event, "view-left") => phone.left = true,
            (LineKind::Event, "view-changed") => {
                phone.left = false;
                phone.view = line.number("view").unwrap_or(0);
                primary = line.number("primary");
            }
            (LineKind::Event, "epoch-began") => (phone.view, phone.left) = (0, false),
            (LineKind::Fault, "fault-begins") if strikes => phone.down = true,
            (LineKind::Fault, "fault-ends") if strikes => phone.down = false,
            _ => {}
        }
        self.primary = primary.unwrap_or(self.primary);
    }

    fn rolled(&mut self, line: &Line) {
        let roll = line.number("roll").unwrap_or(0);
        if roll > self.last_roll {
            self.last_roll = roll;
            self.rolls.push(format!("{roll:>3}  {}", line.text("text")));
            if self.rolls.len() > 12 {
                self.rolls.remove(0);
            }
        }
    }

    /// A phone, or for whatever is nobody's one that nobody looks at.
    fn phone(&mut self, phone: Option<u64>) -> &mut PhoneState {
        let last = self.phones.len();
        let at = phone
            .and_then(|phone| usize::try_from(phone).ok())
            .unwrap_or(last);
        if at >= last {
            // Grown once, past the last seat.
            self.phones.push(PhoneState::default());
        }
        let at = at.min(self.phones.len() - 1);
        &mut self.phones[at]
    }
}

/// A trace and a place in it.
#[derive(Debug)]
pub struct Scope {
    /// What runs.
    pub header: Header,
    /// Everything that is known of the run so far.
    pub lines: Vec<Line>,
    /// Whether there is nothing more to come.
    pub complete: bool,
    /// How everything stands here.
    pub here: Picture,
    /// The time here, in microseconds.
    pub now: i64,
    /// Whether time passes by itself.
    pub playing: bool,
    /// Table time over real time, in hundredths.
    pub speed: u32,
    /// Only lines with this in them are listed.
    pub filter: String,
    /// The phone that faults are for.
    pub phone: u8,
    /// Whether the last listed line is taken apart.
    pub decode: bool,
    /// How the run came out, once known.
    pub outcome: Option<String>,
    /// What was done to the room by key.
    pub injected: Vec<String>,
    pictures: Vec<Picture>,
}

impl Scope {
    /// At the beginning of a run.
    #[must_use]
    pub fn new(header: Header) -> Self {
        let start = Picture::new(header.players);
        Self {
            lines: Vec::new(),
            complete: false,
            pictures: vec![start.clone()],
            here: start,
            now: 0,
            playing: false,
            speed: 100,
            filter: String::new(),
            phone: 0,
            decode: false,
            outcome: None,
            injected: Vec::new(),
            header,
        }
    }

    /// Adds what came next in the run. `false` once there are as many lines as can be looked at.
    pub fn push(&mut self, line: Line) -> bool {
        if self.lines.len() < LINES_MAX {
            self.lines.push(line);
        } else {
            self.complete = true;
        }
        !self.complete
    }

    /// The time of the last line that is known.
    #[must_use]
    pub fn known_until(&self) -> i64 {
        self.lines.last().map_or(0, |line| line.t)
    }

    /// Goes over one line; over none that the filter hides.
    pub fn step(&mut self) {
        while let Some(line) = self.lines.get(self.here.at) {
            self.now = line.t;
            let shown = self.is_shown(line);
            self.forward();
            if shown {
                break;
            }
        }
    }

    /// Back over one line; over none that the filter hides.
    pub fn back(&mut self) {
        let before = &self.lines[..self.here.at];
        let shown = before.iter().rposition(|line| self.is_shown(line));
        self.go_to(shown.unwrap_or(0));
    }

    /// To the state of things at a time.
    pub fn seek(&mut self, t: i64) {
        let at = self.lines.partition_point(|line| line.t <= t);
        self.go_to(at);
        self.now = t;
    }

    /// To the first line that is about what must not be overlooked, from here on.
    pub fn next_alarm(&mut self) {
        const ALARMS: [&str; 6] = [
            "caught",
            "convicted",
            "view-left",
            "halted",
            "stalled",
            "fault-begins",
        ];
        let rest = &self.lines[self.here.at..];
        let found = rest
            .iter()
            .position(|line| ALARMS.contains(&line.type_name()));
        if let Some(found) = found {
            self.go_to(self.here.at + found + 1);
        }
    }

    fn go_to(&mut self, at: usize) {
        if at < self.here.at {
            let nearest = self.pictures.partition_point(|picture| picture.at <= at);
            self.here = self.pictures[nearest.saturating_sub(1)].clone();
        }
        while self.here.at < at.min(self.lines.len()) {
            self.forward();
        }
        self.now = match self.here.at {
            0 => self.lines.first().map_or(0, |line| line.t),
            at => self.lines[at - 1].t,
        };
    }

    fn forward(&mut self) {
        if let Some(line) = self.lines.get(self.here.at) {
            self.here.take(line);
            let last = self.pictures.last().map_or(0, |picture| picture.at);
            if self.here.at == last + PICTURE_EVERY {
                self.pictures.push(self.here.clone());
            }
        }
    }

    /// Whether a line is listed.
    #[must_use]
    pub fn is_shown(&self, line: &Line) -> bool {
        let words = self.filter.split_whitespace();
        let noise = matches!(
            line.type_name(),
            "status" | "links" | "wake" | "hello" | "link-up"
        );
        if self.filter.is_empty() {
            return !noise;
        }
        let text = words_of(line);
        words.into_iter().all(|word| text.contains(word))
    }

    /// The last listed lines up to here, the latest last.
    #[must_use]
    pub fn latest(&self, count: usize) -> Vec<&Line> {
        let before = self.lines[..self.here.at].iter().rev();
        let mut latest: Vec<&Line> = before
            .filter(|line| self.is_shown(line))
            .take(count)
            .collect();
        latest.reverse();
        latest
    }
}

/// A line in words: what is listed, and what the filter looks at.
#[must_use]
pub fn words_of(line: &Line) -> String {
    let node = line
        .node
        .map_or_else(|| "–".to_owned(), |node| node.to_string());
    let peer = line
        .number("peer")
        .map(|peer| peer.to_string())
        .unwrap_or_default();
    let who = match line.kind {
        LineKind::Send => format!("{node}→{peer}"),
        LineKind::Recv => format!("{peer}→{node}"),
        LineKind::Drop => format!("{node}⇥{peer}"),
        _ => node,
    };
    let mut text = format!("{who:<6} {} {}", line.kind.name(), line.type_name());
    for (key, short) in [
        ("view", "v"),
        ("seq", "s"),
        ("number", "#"),
        ("roll", "roll "),
        ("seat", "seat "),
    ] {
        if let Some(value) = line.number(key) {
            text += &format!(" {short}{value}");
        }
    }
    for key in ["tag", "op", "what", "text", "lie"] {
        let value = line.text(key);
        if !value.is_empty() {
            text += &format!(" {value}");
        }
    }
    if line.msg.contains_key("second") {
        text += " SECOND";
    }
    let ignored = line.text("ignored");
    if !ignored.is_empty() {
        text += &format!(" ({ignored})");
    }
    text
}
