//! The air of a room: one radio per phone, connection events, and what they carry.
//!
//! Every link has a connection event at each of its anchors, whether or not anything waits. An event needs the radios
//! of both ends; a radio that is busy with another link misses it. Of two events that overlap the one that has missed more in a
//! row goes first, so none starves. In an event the ends take turns, packet by packet, until nothing waits, the
//! event's share is used up, or a packet is damaged; that packet goes again at the next event, in order, as the
//! link layer does: loss costs time, never a chunk. Parameters, sources and simplifications:
//! `test-rig/docs/radio-model.md`.

mod burst;
mod link;
mod links;

use std::collections::BTreeSet;

pub(super) use burst::Bursts;
pub(crate) use link::SimLink;
pub(super) use links::Links;

use super::profile::LinkProfile;
use crate::random::Stream;

/// Between two packets (Bluetooth Core, T_IFS).
const GAP_US: u64 = 150;
/// How often a damaged packet is tried on a link without connection events.
const FIXED_TRIES_MAX: u32 = 64;

/// A chunk on its way: when it left the sender's queue and when the receiver gets it.
#[derive(Debug)]
pub(crate) struct Carried {
    /// 0 if the central sent it, 1 if the peripheral did.
    pub(crate) from_end: usize,
    pub(crate) left_us: u64,
    /// Unset on a link that is up and carries nothing.
    pub(crate) arrives_us: Option<u64>,
    pub(crate) chunk: Vec<u8>,
}

/// What a connection event, or a chunk on a radio without events, led to.
#[derive(Debug)]
pub(crate) enum Happened {
    Carried(Vec<Carried>),
    /// Nothing was heard for the supervision time-out, or the OS gave the link up.
    Down,
}

/// What each phone may send over all its links: an optional cap, served in order.
#[derive(Debug)]
struct Egress {
    bytes_per_second: Option<u32>,
    free_at_us: Vec<u64>,
}

impl Egress {
    /// When a chunk that could leave at `at_us` does leave, last byte included.
    fn leave(&mut self, phone: usize, at_us: u64, bytes: usize) -> u64 {
        let Some(rate) = self.bytes_per_second else {
            return at_us;
        };
        let took = u64::try_from(bytes).unwrap_or(u64::MAX / 2_000_000) * 1_000_000;
        let left = at_us.max(self.free_at_us[phone]) + took.div_ceil(u64::from(rate.max(1)));
        self.free_at_us[phone] = left;
        left
    }
}

/// One phone's radio.
#[derive(Clone, Default, Debug)]
struct PhoneRadio {
    links: Vec<u64>,
    busy_until_us: u64,
    /// Notifications in its OS, over all links.
    notifying: usize,
    /// Those of its links that have missed their last events.
    behind: Vec<u64>,
}

/// All links and radios of a room.
#[derive(Debug)]
pub(crate) struct Air {
    pub(super) links: Links,
    radios: Vec<PhoneRadio>,
    events: BTreeSet<(u64, u64)>,
    egress: Egress,
    /// Links with something to carry.
    laden: BTreeSet<u64>,
}

impl Air {
    pub(crate) fn new(phones: usize, bytes_per_second: Option<u32>) -> Self {
        Self {
            links: Links::default(),
            radios: vec![PhoneRadio::default(); phones],
            events: BTreeSet::new(),
            egress: Egress {
                bytes_per_second,
                free_at_us: vec![0; phones],
            },
            laden: BTreeSet::new(),
        }
    }

    pub(crate) const fn phones(&self) -> usize {
        self.radios.len()
    }

    pub(super) fn links_of(&self, phone: usize) -> usize {
        self.radios.get(phone).map_or(0, |radio| radio.links.len())
    }

    /// A link comes up. Its central spreads the anchors of its own links.
    pub(crate) fn connect(
        &mut self,
        id: u64,
        ends: [usize; 2],
        profile: LinkProfile,
        mut stream: Stream,
        now_us: u64,
    ) -> &mut SimLink {
        let offset = profile
            .interval_us
            .map(|interval| self.spread(ends[0], u64::from(interval), &mut stream));
        let mut link = SimLink::new(ends, profile, stream, now_us);
        if let (Some(offset), Some(interval)) = (offset, profile.interval_us) {
            let interval = u64::from(interval);
            let wait = (offset + interval - now_us % interval) % interval;
            link.next_us = now_us + wait.max(1);
            self.events.insert((link.next_us, id));
        }
        ends.iter().for_each(|end| self.radios[*end].links.push(id));
        self.links.insert(id, link)
    }

    /// The middle of the widest gap between the anchors of a phone's links as central; anywhere if it has none.
    fn spread(&self, central: usize, interval: u64, stream: &mut Stream) -> u64 {
        let own = self.radios[central].links.iter();
        let own = own.filter_map(|id| self.links.get(*id));
        let mut offsets: Vec<u64> = own
            .filter(|link| link.ends[0] == central)
            .map(|link| link.next_us % interval)
            .collect();
        offsets.sort_unstable();
        let Some(first) = offsets.first().copied() else {
            return stream.below(interval);
        };
        offsets.push(first + interval);
        let gaps = offsets.windows(2).map(|pair| (pair[1] - pair[0], pair[0]));
        let (gap, from) = gaps.max_by_key(|(gap, _)| *gap).unwrap_or((interval, 0));
        (from + gap / 2) % interval
    }

    pub(super) fn disconnect(&mut self, id: u64) -> Option<SimLink> {
        let link = self.links.remove(id)?;
        self.events.remove(&(link.next_us, id));
        self.laden.remove(&id);
        for end in link.ends {
            self.radios[end].links.retain(|other| *other != id);
            self.radios[end].behind.retain(|other| *other != id);
        }
        self.radios[link.ends[1]].notifying -= link.sides[1].os.len();
        Some(link)
    }

    /// The node of a phone hands a chunk to its OS.
    pub(crate) fn hand_over(&mut self, id: u64, phone: usize, chunk: Vec<u8>, now_us: u64) {
        let Some(link) = self.links.get_mut(id) else {
            return;
        };
        let Some(end) = link.end_of(phone) else {
            return;
        };
        let notifying = &mut self.radios[phone].notifying;
        let taken = link.hand_over(end, chunk, now_us, *notifying);
        if end == 1 {
            *notifying += taken;
        }
        self.laden.insert(id);
    }

    /// When the next connection event is due.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.events.first().map(|(at, _)| *at)
    }

    /// Whether anything waits to be carried by an event.
    pub(super) fn is_laden(&self) -> bool {
        self.laden.iter().any(|id| {
            self.links
                .get(*id)
                .is_some_and(|link| link.profile.interval_us.is_some())
        })
    }

    /// Runs the next connection event.
    pub(crate) fn run_event(&mut self) -> Option<(u64, Happened)> {
        let (at, id) = self.events.pop_first()?;
        let link = self.links.get_mut(id)?;
        let interval = u64::from(link.profile.interval_us?);
        link.next_us = at + interval.max(1);
        self.events.insert((link.next_us, id));
        if link.cut_since.is_some() {
            // Nothing is heard; the room watches how long.
            return Some((id, Happened::Carried(Vec::new())));
        }
        let silent = at.saturating_sub(link.heard_us) >= u64::from(link.profile.supervision_us);
        if silent || link.dies_us.is_some_and(|dies| dies <= at) {
            return Some((id, Happened::Down));
        }
        let Some(end_us) = self.room_for(id, at) else {
            return Some((id, Happened::Carried(Vec::new())));
        };
        Some((id, Happened::Carried(self.exchange(id, at, end_us))))
    }

    /// Until when an event may last, if both radios are free for it.
    fn room_for(&mut self, id: u64, at: u64) -> Option<u64> {
        let link = self.links.get(id)?;
        let (ends, missed) = (link.ends, link.missed);
        let least = at + link.profile.first_us(link, at);
        let mut end_us = at + u64::from(link.profile.event_us);
        // Only they can have missed more.
        for other in ends.iter().flat_map(|end| &self.radios[*end].behind) {
            let Some(other) = self.links.get(*other).filter(|_| *other != id) else {
                continue;
            };
            let due = other.cut_since.is_none() && other.missed > missed;
            if due && other.next_us < end_us {
                end_us = other.next_us;
            }
        }
        let free = ends.map(|end| self.radios[end].busy_until_us <= at);
        if free == [true; 2] && least <= end_us {
            return Some(end_us);
        }
        // Whoever is there alone sends or listens for one packet in vain.
        let lone_us = link.profile.air_us(link.next_packet(0, at)) + GAP_US;
        for (end, free) in ends.into_iter().zip(free) {
            if free && least <= end_us {
                self.radios[end].busy_until_us = at + lone_us;
            }
        }
        if missed == 0 {
            ends.iter()
                .for_each(|end| self.radios[*end].behind.push(id));
        }
        if let Some(link) = self.links.get_mut(id) {
            link.missed = link.missed.saturating_add(1);
        }
        None
    }

    /// The ends take turns until nothing waits, the time is up or a packet is damaged.
    fn exchange(&mut self, id: u64, begins_us: u64, end_us: u64) -> Vec<Carried> {
        let mut carried = Vec::new();
        let Some(link) = self.links.get_mut(id) else {
            return carried;
        };
        if std::mem::take(&mut link.missed) > 0 {
            for end in link.ends {
                self.radios[end].behind.retain(|other| *other != id);
            }
        }
        // Room that another link has left in a shared queue.
        let notifying = &mut self.radios[link.ends[1]].notifying;
        *notifying += link.feed(1, begins_us, *notifying);
        let mut at = begins_us;
        for packets in 0.. {
            let bytes = [0, 1].map(|end| link.next_packet(end, at));
            let took = link.profile.turn_us(bytes);
            let over =
                bytes == [0, 0] || packets >= link.profile.event_packets || at + took > end_us;
            if packets > 0 && over {
                break;
            }
            at += took;
            if link.damaged(at) {
                break;
            }
            link.heard_us = at;
            let mut arrived = |link: &mut SimLink, end: usize| {
                if let Some(chunk) = link.packet_arrived(end, bytes[end]) {
                    carried.push(landed(link, end, at, chunk, &mut self.egress));
                    let notifying = &mut self.radios[link.ends[1]].notifying;
                    let shared = if end == 1 {
                        *notifying -= 1;
                        *notifying
                    } else {
                        0
                    };
                    let fed = link.feed(end, at, shared);
                    if end == 1 {
                        *notifying += fed;
                    }
                }
            };
            arrived(link, 0);
            if link.damaged(at) {
                link.repeat_bytes = bytes[0];
                break;
            }
            arrived(link, 1);
        }
        for end in link.ends {
            self.radios[end].busy_until_us = at;
        }
        if link.is_idle() {
            self.laden.remove(&id);
        }
        carried
    }

    /// Carries what waits on a link without connection events: every chunk takes the mean latency.
    pub(super) fn run_fixed(&mut self, id: u64, now_us: u64) -> Vec<Carried> {
        let mut carried = Vec::new();
        let Some(link) = self.links.get_mut(id) else {
            return carried;
        };
        if link.profile.interval_us.is_some() || link.cut_since.is_some() {
            return carried;
        }
        for end in [0, 1] {
            while let Some(chunk) = link.take_chunk(end) {
                let left_us = self.egress.leave(link.ends[end], now_us, chunk.len());
                let mean = link.profile.latency_us();
                let mut delay = mean;
                // Without events a damaged packet costs one more way of the mean latency.
                let mut tries = 1;
                while tries < FIXED_TRIES_MAX && link.damaged(now_us) {
                    delay += mean;
                    tries += 1;
                }
                let arrives_us = Some(link.arrival_us(end, left_us, delay));
                carried.push(Carried {
                    from_end: end,
                    left_us,
                    arrives_us,
                    chunk,
                });
                link.feed(end, now_us, 0);
            }
        }
        self.laden.remove(&id);
        carried
    }
}

/// A chunk has crossed at `at`; the receiver's host passes it on.
fn landed(link: &mut SimLink, end: usize, at: u64, chunk: Vec<u8>, egress: &mut Egress) -> Carried {
    let left_us = egress.leave(link.ends[end], at, chunk.len());
    let host_us = link.host_us(1 - end);
    let arrives_us = link.arrival_us(end, left_us, host_us);
    Carried {
        from_end: end,
        left_us,
        arrives_us: link.delivers().then_some(arrives_us),
        chunk,
    }
}

impl LinkProfile {
    /// Air time of one packet: preamble, address, header and check sum around its bytes.
    #[must_use]
    pub fn air_us(&self, bytes: usize) -> u64 {
        let frame = if self.air_us_per_byte <= 4 { 11 } else { 10 };
        (frame + bytes as u64) * u64::from(self.air_us_per_byte)
    }

    /// A packet of the central, the answer, and the two gaps.
    fn turn_us(&self, [central, peripheral]: [usize; 2]) -> u64 {
        self.air_us(central) + GAP_US + self.air_us(peripheral) + GAP_US
    }

    /// What the first turn of an event takes; less is no event.
    fn first_us(&self, link: &SimLink, at: u64) -> u64 {
        self.turn_us([0, 1].map(|end| link.next_packet(end, at)))
    }
}

#[cfg(test)]
mod tests;
