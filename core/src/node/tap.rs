//! The tap: what this phone says and hears, as whole messages and in clear, for a diagnostics page and the rig's traces.
//!
//! Off unless asked for. It hangs above whatever a link does to a message on its way, and nothing depends on it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Node;
use crate::consensus::Ignored;
use crate::mesh::LinkId;
use crate::wire::Kind;

/// Most messages that wait to be looked at. Whoever does not look in time misses the oldest.
pub const TAPPED_MAX: usize = 4096;

/// Which way a message went, and what became of it here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// This phone said it: its first chunk was handed to the OS.
    Said,
    /// This phone heard it whole, and it had an effect.
    Heard,
    /// This phone heard it whole, and it had no effect.
    Ignored(Ignored),
}

/// A message on one link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tapped {
    /// Over which link.
    pub link: LinkId,
    /// Which way.
    pub way: Way,
    /// The message, header included, without anything that the link adds.
    pub message: Arc<[u8]>,
}

/// A bounded queue of what was said and heard.
#[derive(Debug, Default)]
pub struct Tap {
    said: bool,
    heard: bool,
    tapped: VecDeque<Tapped>,
    missed: u64,
}

impl Tap {
    /// Opens or closes it. A closed tap forgets what waits.
    pub fn set(&mut self, on: bool) {
        self.said = on;
        self.heard = on;
        self.tapped.clear();
    }

    /// Opens it for what this phone says, and not for what it hears: somebody else has said that.
    pub fn set_said_only(&mut self) {
        self.set(true);
        self.heard = false;
    }

    /// A message begins to leave.
    pub fn said(&mut self, link: LinkId, message: &Arc<[u8]>) {
        if self.said {
            self.push(link, Way::Said, Arc::clone(message));
        }
    }

    /// A message has come in.
    pub fn heard(&mut self, link: LinkId, message: &[u8]) {
        if self.heard {
            self.push(link, Way::Heard, message.into());
        }
    }

    /// The message that came in last had no effect.
    pub(super) fn ignored(&mut self, reason: Ignored) {
        let last = self.tapped.back_mut();
        if let Some(last) = last.filter(|last| last.way == Way::Heard) {
            last.way = Way::Ignored(reason);
        }
    }

    /// The oldest message that nobody has looked at.
    pub fn poll(&mut self) -> Option<Tapped> {
        self.tapped.pop_front()
    }

    /// How many messages were pushed out before anybody looked at them.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    fn push(&mut self, link: LinkId, way: Way, message: Arc<[u8]>) {
        if self.tapped.len() == TAPPED_MAX {
            self.tapped.pop_front();
            self.missed += 1;
        }
        self.tapped.push_back(Tapped { link, way, message });
    }
}

impl Node {
    /// The tap on this phone's links.
    pub const fn tap(&mut self) -> &mut Tap {
        &mut self.tap
    }

    /// The next chunk for the OS; the tap is told of the messages that begin with it.
    pub(super) fn poll_chunk(&mut self) -> Option<(LinkId, Vec<u8>)> {
        let (link, chunk, begins) = self.mesh.poll_chunk()?;
        begins
            .iter()
            .for_each(|message| self.tap.said(link, message));
        Some((link, chunk))
    }

    /// Counts what became of a message, by its kind or by the reason why it had no effect.
    pub(super) fn count(&mut self, result: Result<Kind, Ignored>) {
        match result {
            Ok(kind) => *self.stats.accepted.entry(kind).or_default() += 1,
            Err(reason) => {
                *self.stats.ignored.entry(reason).or_default() += 1;
                self.tap.ignored(reason);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkId = LinkId(3);

    #[test]
    fn a_closed_tap_keeps_nothing_and_an_open_one_says_what_became_of_a_message() {
        let mut tap = Tap::default();
        tap.heard(LINK, b"a");
        assert_eq!(tap.poll(), None);
        tap.set(true);
        tap.heard(LINK, b"a");
        tap.heard(LINK, b"b");
        tap.ignored(Ignored::TooOften);
        tap.said(LINK, &Arc::from(&b"c"[..]));
        tap.ignored(Ignored::TooOften);
        let ways: Vec<Way> = std::iter::from_fn(|| tap.poll()).map(|t| t.way).collect();
        assert_eq!(
            ways,
            [Way::Heard, Way::Ignored(Ignored::TooOften), Way::Said]
        );
        tap.set_said_only();
        tap.said(LINK, &Arc::from(&b"d"[..]));
        tap.heard(LINK, b"e");
        tap.ignored(Ignored::TooOften);
        let ways: Vec<Way> = std::iter::from_fn(|| tap.poll()).map(|t| t.way).collect();
        assert_eq!(ways, [Way::Said]);
    }

    #[test]
    fn whoever_does_not_look_misses_the_oldest_and_is_told_how_many() {
        let mut tap = Tap::default();
        tap.set(true);
        for number in 0..TAPPED_MAX + 2 {
            tap.heard(LINK, &number.to_le_bytes());
        }
        assert_eq!(tap.missed(), 2);
        assert_eq!(&*tap.poll().unwrap().message, &2_usize.to_le_bytes());
    }
}
