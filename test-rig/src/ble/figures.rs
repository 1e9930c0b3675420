//! What is measured on the air: links, their MTU, how long chunks take, how much passes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bitcraps_core::mesh::{LinkId, Role};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::result::Percentiles;

/// Chunks on their way whose arrival is still waited for; older ones count as not arrived.
const FLYING_MAX: usize = 4_096;
/// Most delays that are kept.
const DELAYS_MAX: usize = 1 << 20;

/// What a bed's radios did.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OnAir {
    /// Every pair that was linked over adapters, as its central saw it first.
    pub links: Vec<LinkFigures>,
    /// Links over adapters that came up, at either end.
    pub link_ups: u64,
    /// Those that went down before the end.
    pub link_downs: u64,
    /// Dials that came to nothing.
    pub dials_failed: u64,
    /// Links on which nobody proved a seat.
    pub strangers: u64,
    /// Chunks handed to adapters, and their bytes.
    pub chunks: u64,
    /// See `chunks`.
    pub bytes: u64,
    /// Chunks that no phone here was seen to receive.
    pub chunks_missing: u64,
    /// Microseconds from the node that hands a chunk out to the node that is given it.
    pub chunk_us: Option<Percentiles>,
    /// Bytes in the busiest whole second, all phones together.
    pub peak_bytes_per_second: u64,
}

/// One pair.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct LinkFigures {
    /// Who dialled.
    pub central: usize,
    /// Who was dialled.
    pub peripheral: usize,
    /// The ATT MTU at the central.
    pub mtu: u16,
}

/// Counts while a bed is played.
#[derive(Debug, Default)]
pub(super) struct Figures {
    links: BTreeMap<(usize, LinkId), (Role, u16, bool)>,
    pairs: BTreeSet<LinkFigures>,
    link_ups: u64,
    link_downs: u64,
    dials_failed: u64,
    strangers: u64,
    chunks: u64,
    bytes: u64,
    flying: BTreeMap<[u8; 16], u64>,
    order: VecDeque<[u8; 16]>,
    arrived: u64,
    delays: Vec<u64>,
    second: (u64, u64),
    peak: u64,
}

impl Figures {
    pub(super) fn link_up(&mut self, phone: usize, link: LinkId, role: Role, mtu: u16) {
        self.link_ups += 1;
        self.links.insert((phone, link), (role, mtu, false));
    }

    /// The other end has proven itself.
    pub(super) fn secured(&mut self, phone: usize, link: LinkId, peer: usize) {
        let Some((role, mtu, secured)) = self.links.get_mut(&(phone, link)) else {
            return;
        };
        *secured = true;
        if *role == Role::Central {
            self.pairs.insert(LinkFigures {
                central: phone,
                peripheral: peer,
                mtu: *mtu,
            });
        }
    }

    /// A link is gone, or a dial has failed.
    pub(super) fn link_down(&mut self, phone: usize, link: LinkId) {
        match self.links.remove(&(phone, link)) {
            Some((_, _, secured)) => {
                self.link_downs += 1;
                self.strangers += u64::from(!secured);
            }
            None => self.dials_failed += 1,
        }
    }

    pub(super) fn sent(&mut self, now_us: u64, chunk: &[u8]) {
        let length = chunk.len() as u64;
        self.chunks += 1;
        self.bytes += length;
        let second = now_us / 1_000_000;
        if self.second.0 != second {
            self.second = (second, 0);
        }
        self.second.1 += length;
        self.peak = self.peak.max(self.second.1);
        let name = name(chunk);
        self.flying.insert(name, now_us);
        self.order.push_back(name);
        if self.order.len() > FLYING_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.flying.remove(&oldest);
        }
    }

    /// A chunk came in. All who subscribe to one outbox get it; the first counts.
    pub(super) fn received(&mut self, now_us: u64, chunk: &[u8]) {
        if let Some(sent_us) = self.flying.remove(&name(chunk)) {
            self.arrived += 1;
            if self.delays.len() < DELAYS_MAX {
                self.delays.push(now_us.saturating_sub(sent_us));
            }
        }
    }

    pub(super) fn finish(&self) -> OnAir {
        OnAir {
            links: self.pairs.iter().copied().collect(),
            link_ups: self.link_ups,
            link_downs: self.link_downs,
            dials_failed: self.dials_failed,
            strangers: self.strangers,
            chunks: self.chunks,
            bytes: self.bytes,
            chunks_missing: self.chunks - self.arrived,
            chunk_us: Percentiles::of(self.delays.clone()),
            peak_bytes_per_second: self.peak,
        }
    }
}

/// Chunks are sealed, so equal ones are copies of one.
fn name(chunk: &[u8]) -> [u8; 16] {
    let mut name = [0; 16];
    name.copy_from_slice(&Sha256::digest(chunk)[..16]);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_losses_strangers_and_the_busiest_second_are_counted() {
        let mut figures = Figures::default();
        figures.link_up(0, LinkId(1), Role::Central, 517);
        figures.link_up(1, LinkId(2), Role::Peripheral, 517);
        figures.link_up(1, LinkId(3), Role::Peripheral, 23);
        figures.secured(0, LinkId(1), 1);
        figures.secured(1, LinkId(2), 0);
        figures.sent(100, b"one");
        figures.sent(900_000, b"two!");
        figures.sent(1_000_000, b"three");
        figures.received(350, b"one");
        figures.received(351, b"one");
        figures.received(1_000_500, b"three");
        figures.link_down(1, LinkId(3));
        figures.link_down(0, LinkId(9));
        let on_air = figures.finish();
        let link = LinkFigures {
            central: 0,
            peripheral: 1,
            mtu: 517,
        };
        assert_eq!(on_air.links, [link]);
        assert_eq!((on_air.link_ups, on_air.link_downs), (3, 1));
        assert_eq!((on_air.strangers, on_air.dials_failed), (1, 1));
        assert_eq!((on_air.chunks, on_air.chunks_missing), (3, 1));
        let delays = on_air.chunk_us.unwrap();
        assert_eq!((delays.p50, delays.max), (250, 500));
        assert_eq!(on_air.peak_bytes_per_second, 7);
    }
}
