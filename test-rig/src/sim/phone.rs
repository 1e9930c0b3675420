//! One phone of the room: a real node, the player who taps on it, and what is wrong with it.

use std::collections::VecDeque;

use bitcraps_core::crypto::{Checker, Identity};
use bitcraps_core::mesh::{TABLE_SECRET_BYTES, TableSecret};
use bitcraps_core::node::{Input, Node, NodeConfig, OpenError, Output, Tap};
use bitcraps_core::table::Genesis;
use bitcraps_core::time::Instant;

use super::clock::Clock;
use super::disk::Disk;
use super::player::Player;
use crate::byzantine::{Foreseen, Liar};
use crate::random::{Stream, derive};
use crate::scenario::DiskMode;

/// One phone.
#[derive(Debug)]
pub struct Phone {
    /// The core that every phone runs.
    pub node: Node,
    /// Its player.
    pub player: Player,
    /// Whether its player was told something and has not thought about it.
    pub(super) told: bool,
    /// The public key of its seat.
    pub key: [u8; 32],
    /// What stands between the node and the radio if the scenario ever makes it lie. Such a phone is not honest.
    pub(super) liar: Option<Liar>,
    /// Switched off.
    pub crashed: bool,
    /// It will start again.
    pub(super) returns: bool,
    /// How often it has died.
    pub(super) life: u64,
    /// It dies in the middle of its next write, and how its disk takes that; at this time at the latest.
    pub(super) fuse: Option<(DiskMode, u64)>,
    pub(super) disk: Disk,
    /// What its node asked for and is not done yet.
    pub(super) gathered: VecDeque<Output>,
    /// A slow sync is under way: what is gathered waits for it, and so does what came meanwhile.
    pub(super) syncing: bool,
    pub(super) waiting: VecDeque<Input>,
    pub(super) clock: Clock,
    /// The fault that its clock obeys: since when, drift and jump.
    pub(super) clock_fault: Option<(u64, i32, i64)>,
    links_max: usize,
    checker: Checker,
    /// The app is suspended: nothing is taken in or sent.
    pub suspended: bool,
    /// The earliest wake-up that is scheduled.
    pub(super) wake_us: Option<u64>,
    /// Links that are secured, by the other phone.
    pub(super) neighbours: Vec<u64>,
}

impl Phone {
    /// The identity of a phone under a seed.
    #[must_use]
    pub fn identity(seed: u64, phone: u64) -> Identity {
        Identity::from_seed(&derive(seed, "identity", phone))
    }

    /// The secret of the room's table.
    #[must_use]
    pub fn table_secret(seed: u64) -> TableSecret {
        let mut secret = [0; TABLE_SECRET_BYTES];
        secret.copy_from_slice(&derive(seed, "table", 0)[..TABLE_SECRET_BYTES]);
        TableSecret(secret)
    }

    pub(super) fn new(
        genesis: &Genesis,
        seed: u64,
        phone: u64,
        links_max: usize,
        player: Player,
        checker: Checker,
    ) -> Result<Self, OpenError> {
        let identity = Self::identity(seed, phone);
        let key = identity.public_key().to_bytes();
        let config = NodeConfig {
            links_max,
            checker: checker.clone(),
            formed_now: true,
            ..NodeConfig::new(genesis.clone(), identity, Self::table_secret(seed))
        };
        Ok(Self {
            node: Node::open(config, derive(seed, "entropy", phone), &[])?,
            player,
            told: false,
            key,
            liar: None,
            crashed: false,
            returns: false,
            life: 0,
            fuse: None,
            disk: Disk::new(Stream::new(seed, "disk", phone)),
            syncing: false,
            gathered: VecDeque::new(),
            waiting: VecDeque::new(),
            clock: Clock::default(),
            clock_fault: None,
            links_max,
            checker,
            suspended: false,
            wake_us: None,
            neighbours: Vec::new(),
        })
    }

    /// A new node in place of the one that died, from these records; `false` if they are none of this phone.
    pub(super) fn reopen(&mut self, seed: u64, phone: u64, records: &[Vec<u8>]) -> bool {
        let genesis = self.node.table().genesis().clone();
        let config = NodeConfig {
            links_max: self.links_max,
            checker: self.checker.clone(),
            ..NodeConfig::new(
                genesis,
                Self::identity(seed, phone),
                Self::table_secret(seed),
            )
        };
        let entropy = derive(seed, &format!("entropy of life {}", self.life), phone);
        match Node::open(config, entropy, records) {
            Ok(mut node) => {
                node.tap().set(true);
                self.node = node;
                true
            }
            Err(_) => false,
        }
    }

    /// How often it has synced its journal, and how many bytes that made durable.
    #[must_use]
    pub const fn synced(&self) -> (u64, u64) {
        self.disk.synced
    }

    /// The members of its epoch, in the order in which they lead its views.
    #[must_use]
    pub fn primaries(&self) -> Vec<usize> {
        let (epoch, _) = self.node.epoch();
        let views = 0..epoch.roster.len() as u64;
        views
            .map(|view| usize::from(epoch.primary(view).0))
            .collect()
    }

    /// Whether the scenario never makes it lie.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        self.liar.is_none()
    }

    /// Whether its disk has lost something that was durable. Such a phone counts among the faulty (design, "Write-ahead"):
    /// nobody is told that it is a liar as long as it observes, but it may come to contradict what it does not know of.
    #[must_use]
    pub const fn has_forgotten(&self) -> bool {
        self.disk.forgot
    }

    /// Whether what its node says is all that has been seen of it: it is not dead, and nothing waits for its disk.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        !self.crashed && !self.syncing
    }

    /// Whether it should finish the work: honest and not switched off for good.
    #[must_use]
    pub fn must_finish(&self) -> bool {
        self.is_honest() && (!self.crashed || self.returns)
    }

    /// What passes over its links: a liar's as it goes on the air, not as its node meant it.
    pub(super) const fn tap(&mut self) -> &mut Tap {
        match &mut self.liar {
            Some(liar) => liar.tap(),
            None => self.node.tap(),
        }
    }

    /// The next roll that a lie has worked out here.
    pub(super) fn poll_foreseen(&mut self) -> Option<Foreseen> {
        self.liar.as_mut().and_then(Liar::poll_foreseen)
    }

    /// Gives an input to the node, or to the lie in front of it.
    pub(super) fn handle_input(&mut self, now: Instant, input: Input) {
        match &mut self.liar {
            Some(liar) => liar.handle_input(now, &mut self.node, input),
            None => self.node.handle_input(now, input),
        }
    }

    /// The next thing that the phone wants done.
    pub(super) fn poll_output(&mut self, now: Instant) -> Output {
        match &mut self.liar {
            Some(liar) => liar.poll_output(now, &mut self.node),
            None => self.node.poll_output(now),
        }
    }
}
