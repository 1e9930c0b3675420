//! Whom to dial, and when: one phone at a time, the planned ones first, the hopeless ones ever more seldom.

use std::collections::BTreeMap;
use std::time::Duration;

use super::io::Handle;
use crate::crypto::{Digest, Seat};
use crate::mesh::LinkId;
use crate::time::{Instant, earliest, millis};

/// Weaker than this is not worth a link.
const RSSI_MIN: i8 = -90;
/// A phone that nobody knows yet is dialled after a random part of this, so that two seldom dial each other at once.
const FIRST_SPREAD: Duration = Duration::from_millis(1_500);
/// And a known one after a random part of this.
const SPREAD: Duration = Duration::from_millis(300);
/// Whoever is to be dialled waits this long for the other end to do it: some pairs fail one way round always.
const FALLBACK: Duration = Duration::from_secs(4);
/// A dial that has not come up by then has failed.
const DIAL_TIMEOUT: Duration = Duration::from_secs(8);
/// After the first failure, doubled by each further one up to the last.
const BACKOFF: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// So many failures in a row, and a phone is dialled again once it has been away and is seen anew.
const FAILURES_MAX: u32 = 10;
/// A phone that was not seen for this long and is seen now has come back.
const AWAY: Duration = Duration::from_secs(10);
/// Whoever was sent away, or sent us away, is left alone for this long.
const COOLDOWN: Duration = Duration::from_secs(30);
/// Most phones that are remembered.
pub(super) const HANDLES_MAX: usize = 64;

/// How much a phone is worth dialling; the least value goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Wish {
    /// Its seat is planned.
    Planned,
    /// It may be anybody.
    Unknown,
    /// Its seat is not planned, and planned ones are missing.
    Substitute,
}

#[derive(Clone, Copy, Debug)]
struct Sighting {
    /// Whose phone it turned out to be.
    seat: Option<Seat>,
    seen: Instant,
    ready: Instant,
    failures: u32,
}

/// The phones that may be dialled.
#[derive(Debug)]
pub(super) struct Dialler {
    sightings: BTreeMap<Handle, Sighting>,
    /// One dial at a time, as Android has it.
    dialling: Option<(Handle, Instant)>,
    /// Which handle a link of ours was dialled by.
    dialled: BTreeMap<LinkId, Handle>,
    seed: Digest,
    draws: u64,
}

impl Dialler {
    pub(super) const fn new(seed: Digest) -> Self {
        Self {
            sightings: BTreeMap::new(),
            dialling: None,
            dialled: BTreeMap::new(),
            seed,
            draws: 0,
        }
    }

    /// The OS saw a phone. `first` says whether we are to dial a seat before it dials us.
    pub(super) fn on_discovered(
        &mut self,
        now: Instant,
        handle: Handle,
        rssi: i8,
        first: impl Fn(Seat) -> bool,
    ) {
        if rssi < RSSI_MIN {
            return;
        }
        let Some(sighting) = self.sightings.get(&handle).copied() else {
            self.remember(now, handle);
            return;
        };
        let is_back = sighting.seen.after(AWAY) <= now;
        let soon = match sighting.seat {
            Some(seat) => self.soon(now, first(seat)),
            None => now.after(self.part(SPREAD)),
        };
        if let Some(sighting) = self.sightings.get_mut(&handle) {
            sighting.seen = now;
            if is_back {
                sighting.failures = 0;
                sighting.ready = sighting.ready.min(soon);
            }
        }
    }

    fn remember(&mut self, now: Instant, handle: Handle) {
        if self.sightings.len() >= HANDLES_MAX {
            // Whoever was seen longest ago and is of no use now makes room.
            let in_use = |handle: &Handle| {
                self.dialled.values().any(|used| used == handle)
                    || self.dialling.is_some_and(|(used, _)| used == *handle)
            };
            let idle = self.sightings.iter().filter(|(handle, _)| !in_use(handle));
            let Some(oldest) = idle.min_by_key(|(_, s)| s.seen).map(|(handle, _)| *handle) else {
                return;
            };
            self.sightings.remove(&oldest);
        }
        let ready = now.after(self.part(FIRST_SPREAD));
        let sighting = Sighting {
            seat: None,
            seen: now,
            ready,
            failures: 0,
        };
        self.sightings.insert(handle, sighting);
    }

    /// The next phone to dial, if none is being dialled. `wish` says what a phone is worth.
    pub(super) fn poll(
        &mut self,
        now: Instant,
        wish: impl Fn(Option<Seat>) -> Option<Wish>,
    ) -> Option<Handle> {
        if self.dialling.is_some_and(|(_, deadline)| deadline <= now) {
            self.on_failed(now);
        }
        if self.dialling.is_some() {
            return None;
        }
        let ready = self.candidates(wish).filter(|(_, at, _)| *at <= now);
        let (_, _, handle) = ready.min()?;
        self.dialling = Some((handle, now.after(DIAL_TIMEOUT)));
        Some(handle)
    }

    fn candidates(
        &self,
        wish: impl Fn(Option<Seat>) -> Option<Wish>,
    ) -> impl Iterator<Item = (Wish, Instant, Handle)> {
        let linked = |handle: &Handle| self.dialled.values().any(|dialled| dialled == handle);
        self.sightings.iter().filter_map(move |(handle, sighting)| {
            if sighting.failures >= FAILURES_MAX || linked(handle) {
                return None;
            }
            Some((wish(sighting.seat)?, sighting.ready, *handle))
        })
    }

    /// When a phone will be dialled or given up, if nothing happens before.
    pub(super) fn next_wake(&self, wish: impl Fn(Option<Seat>) -> Option<Wish>) -> Option<Instant> {
        match self.dialling {
            Some((_, deadline)) => Some(deadline),
            None => self.candidates(wish).map(|(_, at, _)| at).min(),
        }
    }

    /// The dial that is under way came to nothing.
    pub(super) fn on_failed(&mut self, now: Instant) {
        if let Some((handle, _)) = self.dialling.take() {
            self.back_off(now, handle);
        }
    }

    fn back_off(&mut self, now: Instant, handle: Handle) {
        let part = self.part(BACKOFF);
        if let Some(sighting) = self.sightings.get_mut(&handle) {
            sighting.failures += 1;
            let wait = BACKOFF.saturating_mul(1 << sighting.failures.min(6));
            sighting.ready = now.after(wait.min(BACKOFF_MAX) + part);
        }
    }

    /// A link that we dialled is up.
    pub(super) fn on_link_up(&mut self, link: LinkId) {
        if let Some((handle, _)) = self.dialling.take() {
            self.dialled.insert(link, handle);
        }
    }

    /// A link is secured: now it is known whose phone the handle is.
    pub(super) fn on_secured(&mut self, link: LinkId, seat: Seat) {
        let handle = self.dialled.get(&link);
        if let Some(sighting) = handle.and_then(|handle| self.sightings.get_mut(handle)) {
            sighting.seat = Some(seat);
            sighting.failures = 0;
        }
    }

    /// A link is gone. `lost` is the seat at its other end and whether we are to dial it first; unset if nobody was
    /// there, which counts as a failed dial.
    pub(super) fn on_link_down(&mut self, now: Instant, link: LinkId, lost: Option<(Seat, bool)>) {
        let dialled = self.dialled.remove(&link);
        match (lost, dialled) {
            (Some((seat, first)), _) => {
                let soon = self.soon(now, first);
                for sighting in self.sightings.values_mut() {
                    if sighting.seat == Some(seat) {
                        sighting.ready = sighting.ready.max(soon);
                    }
                }
            }
            (None, Some(handle)) => self.back_off(now, handle),
            (None, None) => {}
        }
    }

    /// Leaves whoever is behind a link, or whoever has this seat, alone for a while.
    pub(super) fn cool_down(&mut self, now: Instant, link: LinkId, seat: Option<Seat>) {
        let dialled = self.dialled.get(&link).copied();
        for (handle, sighting) in &mut self.sightings {
            if Some(*handle) == dialled || seat.is_some() && sighting.seat == seat {
                sighting.ready = now.after(COOLDOWN);
            }
        }
    }

    /// The radio is off: nothing is under way any more, and what was seen will be seen again.
    pub(super) fn clear(&mut self) {
        self.dialling = None;
        self.dialled.clear();
        self.sightings.clear();
    }

    fn soon(&mut self, now: Instant, first: bool) -> Instant {
        let part = self.part(SPREAD);
        now.after(if first { part } else { FALLBACK + part })
    }

    /// A random part of a duration.
    fn part(&mut self, of: Duration) -> Duration {
        self.draws += 1;
        let draw = Digest::of(
            "bitcraps/jitter/v1",
            &[&self.seed.0, &self.draws.to_le_bytes()],
        );
        let [low, high, ..] = draw.0;
        let part = u64::from(u16::from_le_bytes([low, high]));
        Duration::from_millis(part * millis(of) / u64::from(u16::MAX))
    }
}

/// When scanning and advertising are started again, because nothing has come of them.
#[derive(Debug)]
pub(super) struct Watchdog {
    at: Option<Instant>,
    tries: u32,
}

/// After this long without a sign of anybody, doubled up to eight times.
const RESCAN: Duration = Duration::from_secs(15);

impl Watchdog {
    pub(super) const fn new() -> Self {
        Self { at: None, tries: 0 }
    }

    /// Somebody was seen, or a link is up; or, with the radio off, there is nothing to watch.
    pub(super) const fn calm(&mut self) {
        self.at = None;
        self.tries = 0;
    }

    /// Whether to start again now, while `lonely`.
    pub(super) fn poll(&mut self, now: Instant, lonely: bool) -> bool {
        if !lonely {
            self.calm();
            return false;
        }
        let wait = RESCAN.saturating_mul(1 << self.tries.min(3));
        let due = *self.at.get_or_insert_with(|| now.after(wait));
        if due > now {
            return false;
        }
        self.tries += 1;
        self.at = Some(now.after(RESCAN.saturating_mul(1 << self.tries.min(3))));
        true
    }

    pub(super) fn next_wake(&self, other: Option<Instant>) -> Option<Instant> {
        earliest(self.at, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialler() -> Dialler {
        Dialler::new(Digest([1; 32]))
    }

    fn anybody(seat: Option<Seat>) -> Option<Wish> {
        seat.map_or(Some(Wish::Unknown), |_| Some(Wish::Planned))
    }

    fn see(dialler: &mut Dialler, at: u64, handle: u64) {
        dialler.on_discovered(Instant(at), Handle(handle), -50, |_| true);
    }

    #[test]
    fn one_phone_is_dialled_at_a_time_and_not_one_that_is_too_far_away() {
        let mut d = dialler();
        see(&mut d, 0, 1);
        see(&mut d, 0, 2);
        d.on_discovered(Instant(0), Handle(3), -95, |_| true);
        let first = d.poll(Instant(2_000), anybody).unwrap();
        assert_eq!(d.poll(Instant(2_000), anybody), None);
        d.on_link_up(LinkId(1));
        let second = d.poll(Instant(2_000), anybody).unwrap();
        d.on_link_up(LinkId(2));
        assert_ne!(first, second);
        assert_eq!(d.poll(Instant(60_000), anybody), None, "both are linked");
    }

    #[test]
    fn a_dial_that_fails_is_tried_ever_more_seldom_and_not_for_ever() {
        let mut d = dialler();
        see(&mut d, 0, 1);
        let mut dials = Vec::new();
        for now in (0..1_000_000).step_by(50) {
            if d.poll(Instant(now), anybody).is_some() {
                dials.push(now);
                d.on_failed(Instant(now));
            }
        }
        assert_eq!(dials.len(), 10, "{dials:?}");
        assert!(dials[1] - dials[0] < 2_000 && dials[9] - dials[8] > 15_000);
        assert_eq!(d.next_wake(anybody), None);
        see(&mut d, 1_000_000, 1);
        assert!(d.next_wake(anybody).is_some(), "it has come back");
    }

    #[test]
    fn a_link_that_was_never_secured_counts_as_a_failed_dial_and_leaves_another_dial_alone() {
        let mut d = dialler();
        see(&mut d, 0, 1);
        see(&mut d, 0, 2);
        let first = d.poll(Instant(2_000), anybody).unwrap();
        d.on_link_up(LinkId(1));
        let second = d.poll(Instant(2_000), anybody).unwrap();
        d.on_link_down(Instant(2_500), LinkId(1), None);
        assert_eq!(d.poll(Instant(9_000), anybody), None, "one at a time");
        d.on_link_up(LinkId(2));
        assert_eq!(d.dialled.get(&LinkId(2)), Some(&second));
        assert_eq!(d.sightings[&first].failures, 1);
    }

    #[test]
    fn a_known_phone_is_left_to_dial_us_first_if_that_is_its_part() {
        for (first, wait) in [(true, 0..301), (false, 4_000..4_301)] {
            let mut d = dialler();
            see(&mut d, 0, 1);
            d.poll(Instant(2_000), anybody).unwrap();
            d.on_link_up(LinkId(1));
            d.on_secured(LinkId(1), Seat(4));
            d.on_link_down(Instant(50_000), LinkId(1), Some((Seat(4), first)));
            let at = d.next_wake(anybody).unwrap().0 - 50_000;
            assert!(wait.contains(&at), "{at}");
        }
    }

    #[test]
    fn planned_phones_go_before_strangers_and_whoever_is_not_wanted_is_not_dialled() {
        let mut d = dialler();
        for handle in 1..=2 {
            see(&mut d, 0, handle);
        }
        let known = d.poll(Instant(2_000), anybody).unwrap();
        d.on_link_up(LinkId(1));
        d.on_secured(LinkId(1), Seat(4));
        d.on_link_down(Instant(3_000), LinkId(1), Some((Seat(4), true)));
        let nobody = |_| None;
        assert_eq!(d.poll(Instant(9_000), nobody), None);
        assert_eq!(d.next_wake(nobody), None);
        assert_eq!(d.poll(Instant(9_000), anybody), Some(known));
    }

    #[test]
    fn a_crowd_of_strangers_takes_no_more_room_than_there_is() {
        let mut d = dialler();
        for handle in 0..1_000 {
            see(&mut d, handle, handle);
        }
        assert_eq!(d.sightings.len(), HANDLES_MAX);
        assert!(d.sightings.contains_key(&Handle(999)));
    }

    #[test]
    fn a_radio_on_which_nobody_is_seen_is_started_again_now_and_then() {
        let mut watchdog = Watchdog::new();
        let starts: Vec<u64> = (0..400_000)
            .step_by(500)
            .filter(|now| watchdog.poll(Instant(*now), true))
            .collect();
        assert_eq!(starts, [15_000, 45_000, 105_000, 225_000, 345_000]);
        assert!(!watchdog.poll(Instant(500_000), false));
        assert_eq!(watchdog.next_wake(None), None);
    }
}
