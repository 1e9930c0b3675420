//! What happens to phones and links: crashes, partitions, loss, wrong clocks, bad disks, suspended apps.

use super::phone::Phone;
use super::room::Room;
use bitcraps_core::node::Input;

use crate::scenario::{Fault, FaultAction, FaultKind};

/// The faults that this build of the rig can cause.
pub const FAULTS: [FaultKind; 6] = [
    FaultKind::Crash,
    FaultKind::Partition,
    FaultKind::Loss,
    FaultKind::Clock,
    FaultKind::Disk,
    FaultKind::Suspend,
];

fn is_active(fault: &Fault, game_us: u64) -> bool {
    fault.from_ms * 1000 <= game_us
        && fault
            .until_ms
            .is_none_or(|until| game_us < until.saturating_mul(1000))
}

impl Room {
    /// The moments at which something begins or ends, since the start of the game.
    pub(super) fn fault_changes_us(&self) -> Vec<u64> {
        let faults = self.scenario.faults.iter();
        let edges = faults.flat_map(|fault| [Some(fault.from_ms), fault.until_ms]);
        edges.flatten().map(|ms| ms.saturating_mul(1000)).collect()
    }

    pub(super) fn active(&self) -> impl Iterator<Item = &Fault> {
        let game_us = self.game_us();
        // Formation is over before the first fault begins, also before one that begins at 0 s.
        let any = self.has_begun() && !self.healed;
        let faults = if any {
            &self.scenario.faults[..]
        } else {
            &[][..]
        };
        faults.iter().filter(move |fault| is_active(fault, game_us))
    }

    /// Whether nothing passes between two phones now.
    pub(super) fn is_cut(&self, a: usize, b: usize) -> bool {
        let down = |phone: usize| self.phones[phone].crashed || self.phones[phone].suspended;
        down(a)
            || down(b)
            || self.active().any(|fault| match &fault.action {
                FaultAction::Partition { groups } => side(groups, a) != side(groups, b),
                _ => false,
            })
    }

    /// The packet errors that a fault puts on a pair now.
    pub(super) fn fault_loss(&self, a: usize, b: usize) -> Option<u32> {
        let on_pair = |between: &Option<(u8, u8)>| {
            between.is_none_or(|(x, y)| (usize::from(x), usize::from(y)) == (a.min(b), a.max(b)))
        };
        self.active()
            .filter_map(|fault| match &fault.action {
                FaultAction::Loss { loss_ppm, between } if on_pair(between) => Some(*loss_ppm),
                _ => None,
            })
            .max()
    }

    /// Something began or ended: bring phones and links in line.
    pub(super) fn on_faults_change(&mut self) {
        self.show_faults();
        let phones = 0..self.phones.len();
        let mut resumed = Vec::new();
        for phone in phones {
            self.mind_power(phone);
            self.mind_clock(phone);
            let suspends = |fault: &Fault| matches!(&fault.action, FaultAction::Suspend { player } if usize::from(*player) == phone);
            let suspended = self.active().any(suspends);
            let state = &mut self.phones[phone];
            if state.suspended && !suspended {
                resumed.push(phone);
            }
            state.suspended = suspended;
        }
        let links: Vec<(u64, [usize; 2])> = self
            .air
            .links
            .iter()
            .map(|(id, link)| (id, link.ends))
            .collect();
        for (id, [a, b]) in links {
            let (cut, loss) = (self.is_cut(a, b), self.fault_loss(a, b));
            let now_us = self.now_us;
            let Some(link) = self.air.links.get_mut(id) else {
                continue;
            };
            link.fault_loss_ppm = loss;
            match (cut, link.cut_since) {
                (true, None) => self.watch_cut(id),
                (false, Some(_)) => {
                    link.is_back(now_us);
                    self.run_fixed(id);
                }
                _ => {}
            }
        }
        resumed.into_iter().for_each(|phone| self.resume(phone));
        for (a, b) in self.edges.clone() {
            let (a, b) = (usize::from(a), usize::from(b));
            if !self.are_linked(a, b) && !self.is_cut(a, b) {
                self.discover(a, b);
            }
        }
    }

    /// Whether nothing that one phone sends gets to another now, although the link between them stands.
    pub(super) fn is_mute(&self, from: usize, to: usize) -> bool {
        self.active().any(|fault| match &fault.action {
            FaultAction::OneWay { groups } => {
                side(groups, from) == Some(0) && side(groups, to) != Some(0)
            }
            _ => false,
        })
    }

    /// Sets a phone's clock going as the fault of the moment says.
    fn mind_clock(&mut self, phone: usize) {
        let wrong = self.active().find_map(|fault| match fault.action {
            FaultAction::Clock {
                player,
                drift_ppm,
                jump_ms,
            } if usize::from(player) == phone => Some((fault.from_ms, drift_ppm, jump_ms)),
            _ => None,
        });
        let now_us = self.now_us;
        let state = &mut self.phones[phone];
        if state.clock_fault == wrong {
            return;
        }
        state.clock_fault = wrong;
        let (_, drift_ppm, jump_ms) = wrong.unwrap_or_default();
        state.clock.change(now_us, drift_ppm, jump_ms);
        state.wake_us = None;
        self.input(phone, Input::Wake);
    }

    /// Ends every fault and lie except for the phones outside `core`, which stay dead, and lets everybody play on: the
    /// liveness phase.
    pub fn heal(&mut self, core: &[usize]) {
        self.healed = true;
        for phone in 0..self.phones.len() {
            let now = self.local(phone);
            let Phone {
                liar, node, player, ..
            } = &mut self.phones[phone];
            player.go_on();
            if let Some(liar) = liar {
                liar.end(now, node);
            }
            if !core.contains(&phone) {
                self.phones[phone].crashed = true;
                self.phones[phone].returns = false;
            }
        }
        self.on_faults_change();
        self.heal_links();
        // Whoever lied has things held back, or a link that changes hands.
        (0..self.phones.len()).for_each(|phone| self.input(phone, Input::Wake));
    }
}

fn side(groups: &[Vec<u8>], phone: usize) -> Option<usize> {
    groups
        .iter()
        .position(|group| group.iter().any(|member| usize::from(*member) == phone))
}
