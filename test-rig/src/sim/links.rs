//! The links of the room: dialled, carrying chunks, cut, closed.

use bitcraps_core::mesh::{LinkId, MTU_MIN, Role};
use bitcraps_core::node::{Handle, Input, LinkDownReason};

use super::profile::{LinkProfile, Reach, link_profile, reach};
use super::radio::{Carried, Happened};
use super::room::{Due, Room};
use super::tapping::Sight;
use super::trace::Entry;
use crate::random::Stream;

/// One phone in so many is seen late.
const LATE_DISCOVERY: u64 = 10;

impl Room {
    pub(super) fn transmit(&mut self, phone: usize, link: u64, chunk: Vec<u8>) {
        self.trace
            .add(self.now_us, phone, Entry::Transmit, link, &chunk);
        self.listen(phone);
        self.air.hand_over(link, phone, chunk, self.now_us);
        self.run_fixed(link);
    }

    /// On a radio without connection events everything leaves at once.
    pub(super) fn run_fixed(&mut self, link: u64) {
        let carried = self.air.run_fixed(link, self.now_us);
        self.on_carried(link, carried);
    }

    /// The next connection event; gives whether it led to anything.
    pub(super) fn on_connection_event(&mut self) -> bool {
        match self.air.run_event() {
            Some((link, Happened::Carried(carried))) => {
                let any = !carried.is_empty();
                self.on_carried(link, carried);
                any
            }
            Some((link, Happened::Down)) => {
                self.close(link, None);
                true
            }
            None => false,
        }
    }

    fn on_carried(&mut self, link: u64, carried: Vec<Carried>) {
        let Some(ends) = self.air.links.get(link).map(|sim| sim.ends) else {
            return;
        };
        for Carried {
            from_end,
            left_us,
            arrives_us,
            chunk,
        } in carried
        {
            self.trace.air.frames += 1;
            self.trace.air.bytes += chunk.len() as u64;
            let phone = ends[from_end];
            self.schedule(left_us, Due::Left { link, phone });
            if let Some(arrives_us) = arrives_us {
                let phone = ends[1 - from_end];
                self.schedule(arrives_us, Due::Arrives { link, phone, chunk });
            }
        }
    }

    pub(super) fn on_arrival(&mut self, link: u64, phone: usize, chunk: Vec<u8>) {
        // A chunk of a link that went down meanwhile is gone with it.
        let ends = self.air.links.get(link).map(|sim| sim.ends);
        let heard = |[a, b]: [usize; 2]| !self.is_mute(if a == phone { b } else { a }, phone);
        if ends.is_some_and(heard) {
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
            let reach = self.reach_between(phone, peer);
            let late = self.stream.below(LATE_DISCOVERY) == 0;
            let (least, most) = if late {
                reach.late_discovery_us
            } else {
                reach.discovery_us
            };
            let at = self.now_us + self.stream.between(least, most);
            self.schedule(at, Due::Discovered { phone, peer });
        }
    }

    /// A phone scans anew: it and whoever is in range and not linked to it see each other.
    pub(super) fn look_around(&mut self, phone: usize) {
        for peer in 0..self.phones.len() {
            let unlinked = self.are_in_range(phone, peer) && !self.are_linked(phone, peer);
            if unlinked && !self.is_cut(phone, peer) {
                self.discover(phone, peer);
            }
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

    /// A phone dials another one; how long it takes is drawn now.
    pub(super) fn dial(&mut self, phone: usize, peer: usize) {
        let reach = self.reach_between(phone, peer);
        let late = self.stream.chance(reach.late_ppm);
        let (least, most) = if late {
            reach.late_connect_us
        } else {
            reach.connect_us
        };
        let at = self.now_us + self.stream.between(least, most);
        self.schedule(at, Due::Dialled { phone, peer });
    }

    pub(super) fn on_dialled(&mut self, phone: usize, peer: usize) {
        let link = self.next_link;
        self.next_link += 1;
        let reach = self.reach_between(phone, peer);
        let refused = peer >= self.phones.len() || self.is_cut(phone, peer);
        if refused || !self.has_room(phone, peer, &reach) || self.stream.chance(reach.fails_ppm) {
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
        let mut profile = self.profile_between(phone, peer);
        if !self.healed && self.stream.chance(reach.small_mtu_ppm) {
            profile.mtu = MTU_MIN;
        }
        let loss = self.fault_loss(phone.min(peer), phone.max(peer));
        let stream = Stream::new(self.seed, "radio", link);
        let now_us = self.now_us;
        let sim = self
            .air
            .connect(link, [phone, peer], profile, stream, now_us);
        sim.fault_loss_ppm = loss;
        self.sight(|| Sight::LinkUp {
            link,
            ends: [phone, peer],
        });
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

    /// Links whose phones lost the exchange of MTUs by accident are made anew.
    pub(super) fn heal_links(&mut self) {
        let links = self.air.links.iter();
        let small = links.filter(|(_, sim)| {
            let [central, peripheral] = sim.ends;
            sim.profile.mtu < self.profile_between(central, peripheral).mtu
        });
        let small: Vec<u64> = small.map(|(link, _)| link).collect();
        small.into_iter().for_each(|link| self.close(link, None));
    }

    /// Whether both phones can hold one more link. A room whose topology asks for more than phones hold gets it.
    fn has_room(&self, phone: usize, peer: usize, reach: &Reach) -> bool {
        [phone, peer].into_iter().all(|end| {
            let wanted = self
                .edges
                .iter()
                .filter(|(a, b)| usize::from(*a) == end || usize::from(*b) == end);
            self.air.links_of(end) < reach.links_max.max(wanted.count())
        })
    }

    fn profile_between(&self, central: usize, peripheral: usize) -> LinkProfile {
        link_profile(&self.scenario.radio, seat(central), seat(peripheral))
    }

    fn reach_between(&self, central: usize, peripheral: usize) -> Reach {
        reach(&self.scenario.radio, seat(central), seat(peripheral))
    }

    pub(super) fn on_supervision(&mut self, link: u64) {
        let Some(sim) = self.air.links.get(link) else {
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
        let Some(sim) = self.air.links.get_mut(link) else {
            return;
        };
        sim.cut_since = Some(now_us);
        let at = now_us + u64::from(sim.profile.supervision_us);
        self.schedule(at, Due::Supervision { link });
    }

    /// Takes a link down at both ends, and lets the pair find each other again if nothing else joins them.
    pub(super) fn close(&mut self, link: u64, by: Option<usize>) {
        let Some(sim) = self.air.disconnect(link) else {
            return;
        };
        self.sight(|| Sight::LinkDown {
            link,
            ends: sim.ends,
        });
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
        self.air
            .links
            .iter()
            .any(|(_, sim)| sim.end_of(a).is_some() && sim.end_of(b).is_some())
    }
}

fn seat(phone: usize) -> u8 {
    u8::try_from(phone).unwrap_or(u8::MAX)
}
