//! One simulated BLE link: what waits at both ends, and what is known of its radio.

use std::collections::VecDeque;

use super::burst::Channel;
use crate::random::Stream;
use crate::sim::profile::LinkProfile;

/// L2CAP and ATT around every chunk.
const CHUNK_OVERHEAD_BYTES: usize = 7;
/// Chunks that a shell keeps for a link whose OS takes no more. Whatever comes on top is lost without a word, as on the
/// old paths of both systems; a node that waits for `Writable` never gets there.
const SHELL_CHUNKS_MAX: usize = 64;
/// A link on which nothing ever passes is a cut link; on the worst one packet in a hundred still does.
const LOSS_MAX_PPM: u32 = 990_000;

/// A chunk that the OS has taken.
#[derive(Debug)]
pub(super) struct Queued {
    /// When it has reached the controller.
    ready_us: u64,
    chunk: Vec<u8>,
    /// Bytes of its L2CAP frame that have crossed.
    sent: usize,
}

/// What one end of a link sends and when its host lets it through.
#[derive(Default, Debug)]
pub(super) struct End {
    pub(super) os: VecDeque<Queued>,
    shell: VecDeque<Vec<u8>>,
    last_ready_us: u64,
    last_arrival_us: u64,
}

impl End {
    pub(super) fn is_empty(&self) -> bool {
        self.os.is_empty() && self.shell.is_empty()
    }
}

#[derive(Debug)]
pub(crate) struct SimLink {
    /// The phones at both ends; the first is the central.
    pub(in crate::sim) ends: [usize; 2],
    pub(in crate::sim) profile: LinkProfile,
    /// Whether anything passes at the moment, and since when not.
    pub(in crate::sim) cut_since: Option<u64>,
    /// Extra packet errors while a fault lasts.
    pub(in crate::sim) fault_loss_ppm: Option<u32>,
    pub(super) sides: [End; 2],
    /// The next connection event.
    pub(super) next_us: u64,
    /// Events missed in a row: the radio of one end was busy with another link.
    pub(super) missed: u32,
    /// When a packet last arrived at either end.
    pub(super) heard_us: u64,
    /// A packet of the central that arrived, whose answer did not: it is sent once more.
    pub(super) repeat_bytes: usize,
    /// When the OS will drop it for no reason at all.
    pub(super) dies_us: Option<u64>,
    /// It is up, and nothing that the hosts hand over ever arrives.
    is_dead: bool,
    channel: Channel,
    stream: Stream,
}

impl SimLink {
    pub(super) fn new(
        ends: [usize; 2],
        profile: LinkProfile,
        mut stream: Stream,
        now_us: u64,
    ) -> Self {
        let life = profile.life_us.map(|mean| stream.below(2 * mean));
        Self {
            ends,
            profile,
            cut_since: None,
            fault_loss_ppm: None,
            sides: Default::default(),
            next_us: now_us,
            missed: 0,
            heard_us: now_us,
            repeat_bytes: 0,
            dies_us: life.map(|life| now_us + life),
            is_dead: stream.chance(profile.dead_ppm),
            channel: Channel::new(profile.bursts, now_us, &mut stream),
            stream,
        }
    }

    pub(in crate::sim) fn end_of(&self, phone: usize) -> Option<usize> {
        self.ends.iter().position(|end| *end == phone)
    }

    /// What cut it is over before its time was up.
    pub(in crate::sim) const fn is_back(&mut self, now_us: u64) {
        self.cut_since = None;
        self.heard_us = now_us;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.sides.iter().all(End::is_empty)
    }

    /// How many chunks the OS of an end takes for this link.
    fn os_room(&self, end: usize, shared: usize) -> bool {
        let of_os = self.profile.hosts[end];
        let own = self.sides[end].os.len() < of_os.chunks_max;
        let is_peripheral = end == 1;
        own && !(is_peripheral && of_os.notify_max.is_some_and(|max| shared >= max))
    }

    /// Takes a chunk from the node; gives how many the OS took. `shared` is what the OS of that phone holds as a
    /// peripheral over all links.
    pub(super) fn hand_over(
        &mut self,
        end: usize,
        chunk: Vec<u8>,
        now_us: u64,
        shared: usize,
    ) -> usize {
        if self.sides[end].shell.len() < SHELL_CHUNKS_MAX {
            self.sides[end].shell.push_back(chunk);
        }
        self.feed(end, now_us, shared)
    }

    /// Moves what the OS has room for; gives how many chunks it took.
    pub(super) fn feed(&mut self, end: usize, now_us: u64, shared: usize) -> usize {
        let mut taken = 0;
        while self.os_room(end, shared + taken)
            && let Some(chunk) = self.sides[end].shell.pop_front()
        {
            let ready_us = (now_us + self.host_us(end)).max(self.sides[end].last_ready_us);
            self.sides[end].last_ready_us = ready_us;
            self.sides[end].os.push_back(Queued {
                ready_us,
                chunk,
                sent: 0,
            });
            taken += 1;
        }
        taken
    }

    /// What the host of one end adds: half of the way's latency each.
    pub(super) fn host_us(&mut self, end: usize) -> u64 {
        let latency = self.profile.hosts[end].latency;
        let (min, mean) = (u64::from(latency.min_us), u64::from(latency.mean_us));
        self.stream.between(min, 2 * mean - min)
    }

    /// Bytes of the next packet from an end at a moment; 0 for an empty one.
    pub(super) fn next_packet(&self, end: usize, at_us: u64) -> usize {
        if end == 0 && self.repeat_bytes > 0 {
            return self.repeat_bytes;
        }
        let front = self.sides[end].os.front();
        let ready = front.filter(|queued| queued.ready_us <= at_us);
        ready.map_or(0, |queued| {
            let left = queued.chunk.len() + CHUNK_OVERHEAD_BYTES - queued.sent;
            left.min(usize::from(self.profile.packet_bytes))
        })
    }

    /// A packet of an end has arrived; gives the chunk that it completes.
    pub(super) fn packet_arrived(&mut self, end: usize, bytes: usize) -> Option<Vec<u8>> {
        if bytes == 0 {
            return None;
        }
        if end == 0 && self.repeat_bytes > 0 {
            self.repeat_bytes = 0;
            return None;
        }
        let queued = self.sides[end].os.front_mut()?;
        queued.sent += bytes;
        if queued.sent < queued.chunk.len() + CHUNK_OVERHEAD_BYTES {
            return None;
        }
        self.sides[end].os.pop_front().map(|queued| queued.chunk)
    }

    /// Everything that waits at an end, for a radio without connection events.
    pub(super) fn take_chunk(&mut self, end: usize) -> Option<Vec<u8>> {
        self.sides[end].os.pop_front().map(|queued| queued.chunk)
    }

    /// When a chunk that has crossed by `at_us` is handed to the other node; in order.
    pub(super) fn arrival_us(&mut self, from_end: usize, at_us: u64, delay_us: u64) -> u64 {
        let side = &mut self.sides[from_end];
        side.last_arrival_us = side.last_arrival_us.max(at_us + delay_us);
        side.last_arrival_us
    }

    /// Whether a packet sent now is damaged.
    pub(super) fn damaged(&mut self, at_us: u64) -> bool {
        let base = self.fault_loss_ppm.unwrap_or(self.profile.loss_ppm);
        let loss = self.channel.loss_ppm(at_us, base, &mut self.stream);
        loss > 0 && self.stream.chance(loss.min(LOSS_MAX_PPM))
    }

    /// Whether what crossed reaches the other node at all.
    pub(super) const fn delivers(&self) -> bool {
        !self.is_dead
    }
}
