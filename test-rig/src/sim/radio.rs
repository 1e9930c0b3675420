//! One simulated BLE link: two small OS queues, and connection events that empty them.
//!
//! Packets that are damaged are sent again at the next event, in order, as the link layer does: loss costs time, never
//! a chunk. A cut link carries nothing and goes down after its supervision time-out. Not modelled yet: overlapping events of one
//! radio, negotiation, and chunks that an OS loses.

use std::collections::VecDeque;

use super::profile::LinkProfile;
use crate::random::Stream;

/// Most air time that one connection event gives one link.
const EVENT_US: u64 = 5_000;
/// Preamble, address, header, check sum and MIC around a packet's payload, and the two gaps and the empty answer.
const PACKET_OVERHEAD_BYTES: u64 = 18;
const PACKET_OVERHEAD_US: u64 = 150 + 150 + 80;
/// Most payload of one packet with data length extension.
const PACKET_PAYLOAD_MAX: u64 = 251;
/// L2CAP and ATT around every chunk.
const CHUNK_OVERHEAD_BYTES: u64 = 7;
/// How often a damaged packet is tried on a link without connection events.
const FIXED_TRIES_MAX: u32 = 64;

/// A chunk on its way: when it left the sender's queue and when the receiver gets it.
#[derive(Debug)]
pub(super) struct Carried {
    /// 0 if the central sent it, 1 if the peripheral did.
    pub(super) from_end: usize,
    pub(super) left_us: u64,
    pub(super) arrives_us: u64,
    pub(super) chunk: Vec<u8>,
}

/// What each phone may send over all its links: an optional cap, served in order.
#[derive(Debug)]
pub(super) struct Egress {
    bytes_per_second: Option<u32>,
    free_at_us: Vec<u64>,
}

impl Egress {
    pub(super) fn new(bytes_per_second: Option<u32>, phones: usize) -> Self {
        Self {
            bytes_per_second,
            free_at_us: vec![0; phones],
        }
    }

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

#[derive(Debug)]
pub(super) struct SimLink {
    /// The phones at both ends; the first is the central.
    pub(super) ends: [usize; 2],
    pub(super) profile: LinkProfile,
    /// Whether anything passes at the moment, and since when not.
    pub(super) cut_since: Option<u64>,
    /// Extra packet errors while a fault lasts.
    pub(super) fault_loss_ppm: Option<u32>,
    pub(super) event_scheduled: bool,
    anchor_us: u64,
    queues: [VecDeque<Vec<u8>>; 2],
    last_arrival_us: [u64; 2],
    stream: Stream,
}

impl SimLink {
    pub(super) fn new(
        ends: [usize; 2],
        profile: LinkProfile,
        mut stream: Stream,
        now_us: u64,
    ) -> Self {
        let interval = u64::from(profile.interval_us.unwrap_or(0));
        Self {
            ends,
            profile,
            cut_since: None,
            fault_loss_ppm: None,
            event_scheduled: false,
            anchor_us: now_us + stream.below(interval.max(1)),
            queues: Default::default(),
            last_arrival_us: [0; 2],
            stream,
        }
    }

    pub(super) fn end_of(&self, phone: usize) -> Option<usize> {
        self.ends.iter().position(|end| *end == phone)
    }

    pub(super) fn queue(&mut self, end: usize, chunk: Vec<u8>) {
        self.queues[end].push_back(chunk);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
    }

    /// The next connection event after `now_us`; on a link without events, now.
    pub(super) fn next_event_us(&self, now_us: u64) -> u64 {
        let Some(interval) = self.profile.interval_us.map(u64::from).filter(|us| *us > 0) else {
            return now_us;
        };
        if now_us <= self.anchor_us {
            return self.anchor_us;
        }
        self.anchor_us + (now_us - self.anchor_us).div_ceil(interval) * interval
    }

    /// Runs one connection event: both ends take turns until both are empty, the time is up or a packet is damaged.
    pub(super) fn run_event(&mut self, now_us: u64, egress: &mut Egress) -> Vec<Carried> {
        let mut carried = Vec::new();
        if self.cut_since.is_some() {
            return carried;
        }
        let mut at = now_us;
        let mut end = 0;
        while !self.is_idle() {
            if self.queues[end].is_empty() {
                end = 1 - end;
            }
            let Some(chunk) = self.queues[end].front() else {
                break;
            };
            let air = self.air_us(chunk.len());
            let over = self.profile.interval_us.is_some() && at + air > now_us + EVENT_US;
            if over && at > now_us {
                break;
            }
            at += if self.profile.interval_us.is_some() {
                air
            } else {
                0
            };
            if self.profile.interval_us.is_some() && self.damaged() {
                break;
            }
            let Some(chunk) = self.queues[end].pop_front() else {
                break;
            };
            let left_us = egress.leave(self.ends[end], at, chunk.len());
            let arrives_us = self.arrival(end, left_us);
            carried.push(Carried {
                from_end: end,
                left_us,
                arrives_us,
                chunk,
            });
            end = 1 - end;
        }
        carried
    }

    fn arrival(&mut self, end: usize, left_us: u64) -> u64 {
        let (min, mean) = (
            u64::from(self.profile.latency.min_us),
            u64::from(self.profile.latency.mean_us),
        );
        let mut delay = if self.profile.interval_us.is_none() {
            mean
        } else {
            self.stream
                .between(min, (2 * mean).saturating_sub(min).max(min))
        };
        if self.profile.interval_us.is_none() {
            // Without events a damaged packet costs one more way of the mean latency.
            let mut tries = 1;
            while tries < FIXED_TRIES_MAX && self.damaged() {
                delay += mean;
                tries += 1;
            }
        }
        let arrives = (left_us + delay).max(self.last_arrival_us[end]);
        self.last_arrival_us[end] = arrives;
        arrives
    }

    fn damaged(&mut self) -> bool {
        let loss = self.fault_loss_ppm.unwrap_or(self.profile.loss_ppm);
        // A link on which nothing ever passes is a cut link; here one packet in a hundred still does.
        loss > 0 && self.stream.chance(loss.min(990_000))
    }

    fn air_us(&self, chunk_bytes: usize) -> u64 {
        let bytes = u64::try_from(chunk_bytes).unwrap_or(u64::MAX / 2) + CHUNK_OVERHEAD_BYTES;
        let packets = bytes.div_ceil(PACKET_PAYLOAD_MAX).max(1);
        (bytes + packets * PACKET_OVERHEAD_BYTES) * u64::from(self.profile.air_us_per_byte)
            + packets * PACKET_OVERHEAD_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Latency, Profile, Radio, Topology};
    use crate::sim::profile::link_profile;

    fn link(change: impl Fn(&mut LinkProfile)) -> SimLink {
        let radio = Radio {
            profile: Profile::Ideal,
            connection_interval_us: None,
            mtu: None,
            latency: None,
            loss_ppm: None,
            bandwidth: None,
            topology: Topology::Auto,
            links: Vec::new(),
        };
        let mut profile = link_profile(&radio, (0, 1));
        change(&mut profile);
        SimLink::new([0, 1], profile, Stream::new(1, "test", 0), 0)
    }

    fn no_cap() -> Egress {
        Egress::new(None, 2)
    }

    #[test]
    fn a_capped_phone_sends_its_bytes_one_after_another() {
        let mut link = link(|profile| {
            profile.interval_us = None;
            profile.loss_ppm = 0;
        });
        (0..3).for_each(|_| link.queue(0, vec![0; 200]));
        let mut egress = Egress::new(Some(20_000), 2);
        let carried = link.run_event(0, &mut egress);
        let left: Vec<u64> = carried.iter().map(|carried| carried.left_us).collect();
        assert_eq!(left, [10_000, 20_000, 30_000]);
    }

    #[test]
    fn chunks_arrive_in_order_whatever_the_delay_draws() {
        let mut link = link(|profile| {
            profile.latency = Latency {
                min_us: 0,
                mean_us: 50_000,
            };
            profile.loss_ppm = 300_000;
        });
        (0..200_u8).for_each(|i| link.queue(0, vec![i]));
        let (mut now, mut arrived) = (0, Vec::new());
        while !link.is_idle() {
            now = link.next_event_us(now + 1);
            arrived.extend(link.run_event(now, &mut no_cap()));
        }
        assert!(
            arrived
                .windows(2)
                .all(|pair| pair[0].arrives_us <= pair[1].arrives_us)
        );
        assert!(
            arrived.iter().map(|c| c.chunk[0]).eq(0..200),
            "none lost, none reordered"
        );
    }

    #[test]
    fn a_vote_takes_about_a_millisecond_and_a_half_of_air_as_the_radio_page_reckons() {
        let air = link(|_| {}).air_us(129 - 7);
        assert!((1_400..=1_700).contains(&air), "{air} µs");
    }

    #[test]
    fn an_event_ends_after_its_share_of_air_time() {
        let mut link = link(|profile| profile.loss_ppm = 0);
        (0..20).for_each(|_| link.queue(0, vec![0; 240]));
        let at = link.next_event_us(1);
        let carried = link.run_event(at, &mut no_cap());
        assert!(
            (1..=2).contains(&carried.len()),
            "2.6 ms each, 5 ms in all: {}",
            carried.len()
        );
    }

    #[test]
    fn the_fixed_profile_takes_exactly_the_mean_latency() {
        let mut link = link(|profile| {
            profile.interval_us = None;
            profile.latency = Latency {
                min_us: 0,
                mean_us: 30_000,
            };
            profile.loss_ppm = 0;
        });
        link.queue(1, vec![1, 2, 3]);
        let carried = link.run_event(777, &mut no_cap());
        assert_eq!((carried[0].left_us, carried[0].arrives_us), (777, 30_777));
    }

    #[test]
    fn a_cut_link_carries_nothing() {
        let mut link = link(|_| {});
        link.cut_since = Some(0);
        link.queue(0, vec![1]);
        assert!(link.run_event(100, &mut no_cap()).is_empty());
        assert!(!link.is_idle());
    }
}
