//! The links of the room: dialled, carrying chunks, cut, closed.

use bitcraps_core::mesh::{LinkId, Role};
use bitcraps_core::node::{Handle, Input, LinkDownReason};

use super::profile::{LinkProfile, link_profile};
use super::radio::{Carried, SimLink};
use super::room::{Due, Observation, Room};
use super::trace::Entry;
use crate::random::Stream;

/// Between advertising and being seen.
const DISCOVERY_US: (u64, u64) = (100_000, 500_000);

impl Room {
    pub(super) fn transmit(&mut self, phone: usize, link: u64, chunk: Vec<u8>) {
        self.trace
            .add(self.now_us, phone, Entry::Transmit, link, &chunk);
        if self.phones[phone].is_honest() {
            let chunk = chunk.clone();
            self.see(Observation::Sent { phone, link, chunk });
        }
        let Some(sim) = self.links.get_mut(&link) else {
            return;
        };
        let Some(end) = sim.end_of(phone) else { return };
        sim.queue(end, chunk);
        self.plan_event(link);
    }

    pub(super) fn plan_event(&mut self, link: u64) {
        let now_us = self.now_us;
        let Some(sim) = self.links.get_mut(&link) else {
            return;
        };
        if sim.event_scheduled || sim.is_idle() || sim.cut_since.is_some() {
            return;
        }
        sim.event_scheduled = true;
        let at = sim.next_event_us(now_us);
        self.schedule(at, Due::ConnectionEvent { link });
    }

    pub(super) fn on_connection_event(&mut self, link: u64) {
        let now_us = self.now_us;
        let Some(sim) = self.links.get_mut(&link) else {
            return;
        };
        sim.event_scheduled = false;
        let ends = sim.ends;
        for Carried {
            from_end,
            left_us,
            arrives_us,
            chunk,
        } in sim.run_event(now_us, &mut self.egress)
        {
            self.trace.air.frames += 1;
            self.trace.air.bytes += chunk.len() as u64;
            self.schedule(
                left_us,
                Due::Left {
                    link,
                    phone: ends[from_end],
                },
            );
            self.schedule(
                arrives_us,
                Due::Arrives {
                    link,
                    phone: ends[1 - from_end],
                    chunk,
                },
            );
        }
        // The next event is one interval on at the earliest.
        let Some(sim) = self.links.get_mut(&link) else {
            return;
        };
        if !sim.is_idle() && sim.cut_since.is_none() {
            sim.event_scheduled = true;
            let at = sim.next_event_us(now_us + 1);
            self.schedule(at, Due::ConnectionEvent { link });
        }
    }

    pub(super) fn on_arrival(&mut self, link: u64, phone: usize, chunk: Vec<u8>) {
        // A chunk of a link that went down meanwhile is gone with it.
        if self.links.contains_key(&link) {
            self.trace
                .add(self.now_us, phone, Entry::Receive, link, &chunk);
            self.input(
                phone,
                Input::Received {
                    link: LinkId(link),
                    bytes: chunk,
                },
            );
        }
    }

    /// Both phones of a pair will see each other's advertisements.
    pub(super) fn discover(&mut self, a: usize, b: usize) {
        for (phone, peer) in [(a, b), (b, a)] {
            let at = self.now_us + self.stream.between(DISCOVERY_US.0, DISCOVERY_US.1);
            self.schedule(at, Due::Discovered { phone, peer });
        }
    }

    pub(super) fn on_discovered(&mut self, phone: usize, peer: usize) {
        if !self.is_cut(phone, peer) {
            let handle = Handle(peer as u64);
            self.input(
                phone,
                Input::Discovered {
                    handle,
                    rssi: -60,
                    hint: None,
                },
            );
        }
    }

    pub(super) fn on_dialled(&mut self, phone: usize, peer: usize) {
        let link = self.next_link;
        self.next_link += 1;
        if peer >= self.phones.len() || self.is_cut(phone, peer) {
            let reason = LinkDownReason::ConnectFailed;
            self.input(
                phone,
                Input::LinkDown {
                    link: LinkId(link),
                    reason,
                },
            );
            return;
        }
        let between = (phone.min(peer), phone.max(peer));
        let profile = self.profile_between(between);
        let stream = Stream::new(self.seed, "radio", link);
        let mut sim = SimLink::new([phone, peer], profile, stream, self.now_us);
        sim.fault_loss_ppm = self.fault_loss(between.0, between.1);
        self.links.insert(link, sim);
        for (end, role) in [(phone, Role::Central), (peer, Role::Peripheral)] {
            self.trace.add(self.now_us, end, Entry::LinkUp, link, &[]);
            self.input(
                end,
                Input::LinkUp {
                    link: LinkId(link),
                    role,
                    mtu: profile.mtu,
                },
            );
        }
    }

    fn profile_between(&self, (a, b): (usize, usize)) -> LinkProfile {
        let seat = |phone: usize| u8::try_from(phone).unwrap_or(u8::MAX);
        link_profile(&self.scenario.radio, (seat(a), seat(b)))
    }

    pub(super) fn on_supervision(&mut self, link: u64) {
        let Some(sim) = self.links.get(&link) else {
            return;
        };
        let over = sim
            .cut_since
            .is_some_and(|since| self.now_us >= since + u64::from(sim.profile.supervision_us));
        if over {
            self.close(link, None);
        }
    }

    pub(super) fn watch_cut(&mut self, link: u64) {
        let now_us = self.now_us;
        let Some(sim) = self.links.get_mut(&link) else {
            return;
        };
        sim.cut_since = Some(now_us);
        let at = now_us + u64::from(sim.profile.supervision_us);
        self.schedule(at, Due::Supervision { link });
    }

    /// Takes a link down at both ends, and lets the pair find each other again if nothing else joins them.
    pub(super) fn close(&mut self, link: u64, by: Option<usize>) {
        let Some(sim) = self.links.remove(&link) else {
            return;
        };
        for end in sim.ends {
            let reason = match by {
                Some(phone) if phone == end => LinkDownReason::Local,
                Some(_) => LinkDownReason::Remote,
                None => LinkDownReason::Timeout,
            };
            self.trace.add(self.now_us, end, Entry::LinkDown, link, &[]);
            self.input(
                end,
                Input::LinkDown {
                    link: LinkId(link),
                    reason,
                },
            );
        }
        let [a, b] = sim.ends;
        if !self.are_linked(a, b) && !self.is_cut(a, b) {
            self.discover(a, b);
        }
    }

    /// Whether the topology lets two phones hear each other.
    #[must_use]
    pub fn are_in_range(&self, a: usize, b: usize) -> bool {
        let pair = (a.min(b), a.max(b));
        self.edges
            .iter()
            .any(|(x, y)| (usize::from(*x), usize::from(*y)) == pair)
    }

    pub(super) fn are_linked(&self, a: usize, b: usize) -> bool {
        self.links
            .values()
            .any(|sim| sim.end_of(a).is_some() && sim.end_of(b).is_some())
    }
}
