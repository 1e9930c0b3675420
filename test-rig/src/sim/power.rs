//! Phones that die and start again, and what their disks do meanwhile.

use bitcraps_core::mesh::LinkId;
use bitcraps_core::node::{Input, LinkDownReason, Output, RadioState};

use super::room::{Due, Observation, Room};
use super::trace::Entry;
use crate::scenario::{DiskMode, Fault, FaultAction};

/// A crash in the middle of a write waits for a write, but not longer than this.
const FUSE_US: u64 = 1_000_000;

impl Room {
    /// Makes what a phone has written durable, before anything that follows from it is done. `false` if that is not
    /// done yet, or never will be.
    pub(super) fn sync(&mut self, phone: usize) -> bool {
        if let Some((mode, _)) = self.phones[phone].fuse {
            self.crash(phone, Some(mode));
            return false;
        }
        match self.disk_fault(phone) {
            // The write fails: the app sends nothing that depends on it, and stops.
            Some(DiskMode::Full) => {
                self.crash(phone, None);
                false
            }
            Some(DiskMode::SlowSync) => {
                let state = &mut self.phones[phone];
                state.syncing = true;
                let (life, after) = (state.life, state.disk.slow_us());
                self.schedule(self.now_us + after, Due::Synced { phone, life });
                false
            }
            _ => {
                self.phones[phone].disk.sync();
                true
            }
        }
    }

    /// A slow sync is done: what waited for it happens now, and then what came meanwhile.
    pub(super) fn on_synced(&mut self, phone: usize, life: u64) {
        let state = &mut self.phones[phone];
        if state.life != life || !state.syncing {
            return;
        }
        state.syncing = false;
        state.disk.sync();
        if !self.carry_out(phone) {
            self.drain(phone);
        }
        while !self.phones[phone].syncing
            && let Some(input) = self.phones[phone].waiting.pop_front()
        {
            self.input(phone, input);
        }
        self.act(phone);
    }

    /// What is wrong with a phone's disk now.
    fn disk_fault(&self, phone: usize) -> Option<DiskMode> {
        self.active().find_map(|fault| match fault.action {
            FaultAction::Disk { player, mode } if usize::from(player) == phone => Some(mode),
            _ => None,
        })
    }

    /// Phones that must be down are, and those whose time is over start again.
    pub(super) fn mind_power(&mut self, phone: usize) {
        let crash = self.active().find_map(|fault| match fault.action {
            FaultAction::Crash { player, disk } if usize::from(player) == phone => Some(disk),
            _ => None,
        });
        let mode = crash.flatten().or_else(|| self.disk_fault(phone));
        let now_us = self.now_us;
        let state = &mut self.phones[phone];
        match (crash, state.fuse) {
            (Some(_), None) if !state.crashed => {
                if let Some(mode @ (DiskMode::TornWrite | DiskMode::LostSync)) = mode {
                    state.fuse = Some((mode, now_us + FUSE_US));
                    self.schedule(now_us + FUSE_US, Due::FaultsChange);
                } else {
                    self.crash(phone, mode);
                }
            }
            (crash, Some((mode, by_us))) if crash.is_none() || now_us >= by_us => {
                self.crash(phone, Some(mode));
            }
            _ => {}
        }
        let full = self.disk_fault(phone) == Some(DiskMode::Full);
        let state = &self.phones[phone];
        if state.crashed && state.returns && crash.is_none() && !full {
            self.restart(phone);
        }
    }

    /// A phone dies on the spot. It starts again if what killed it ends.
    fn crash(&mut self, phone: usize, mode: Option<DiskMode>) {
        let of_phone = |fault: &&Fault| match fault.action {
            FaultAction::Crash { player, .. } => usize::from(player) == phone,
            FaultAction::Disk { player, mode } => {
                usize::from(player) == phone && mode == DiskMode::Full
            }
            _ => false,
        };
        let mut killers = self.scenario.faults.iter().filter(of_phone);
        let returns = killers.all(|fault| fault.until_ms.is_some());
        let state = &mut self.phones[phone];
        state.crashed = true;
        state.returns = returns;
        state.fuse = None;
        state.syncing = false;
        state.gathered.clear();
        state.waiting.clear();
        state.neighbours.clear();
        state.wake_us = None;
        state.life += 1;
        state.disk.crash(mode);
        let life = state.life;
        self.trace.add(self.now_us, phone, Entry::Fault, life, &[0]);
        // Its neighbours' links notice.
        self.schedule(self.now_us, Due::FaultsChange);
    }

    /// A phone starts again with what its disk holds.
    fn restart(&mut self, phone: usize) {
        let links = self.air.links.iter();
        let links: Vec<u64> = links
            .filter(|(_, link)| link.ends.contains(&phone))
            .map(|(id, _)| id)
            .collect();
        for link in links {
            self.close(link, Some(phone));
            let now = self.now();
            let state = &mut self.phones[phone];
            if let Some(liar) = &mut state.liar {
                let (link, reason) = (LinkId(link), LinkDownReason::Local);
                liar.handle_input(now, &mut state.node, Input::LinkDown { link, reason });
                while !matches!(liar.poll_output(now, &mut state.node), Output::Idle { .. }) {}
            }
        }
        self.missed_nothing(phone);
        let seed = self.seed;
        let state = &mut self.phones[phone];
        let (records, _) = state.disk.read();
        if !state.reopen(seed, phone as u64, &records) {
            // Read, but none of this phone's: as good as lost.
            state.disk.begin(&[]);
            if !state.reopen(seed, phone as u64, &[]) {
                return;
            }
        }
        state.crashed = false;
        state.returns = false;
        state.player.starts_again();
        let life = state.life;
        self.trace.add(self.now_us, phone, Entry::Fault, life, &[1]);
        let node = &self.phones[phone].node;
        self.see(Observation::Restarted {
            phone,
            applied: node.table().sequence(),
            epoch: node.epoch().0.number,
            view: node.view().0,
            primaries: self.phones[phone].primaries(),
            convicted: node.convicted().iter().map(|seat| seat.0).collect(),
        });
        self.input(phone, Input::RadioState(RadioState::On));
    }
}
