//! One phone of the room: a real node, the player who taps on it, and what is wrong with it.

use bitcraps_core::crypto::{Checker, Identity};
use bitcraps_core::mesh::{TABLE_SECRET_BYTES, TableSecret};
use bitcraps_core::node::{Input, Node, NodeConfig, OpenError, Output, Tap};
use bitcraps_core::table::Genesis;
use bitcraps_core::time::Instant;

use super::player::Player;
use crate::byzantine::Liar;
use crate::random::derive;

/// One phone.
#[derive(Debug)]
pub struct Phone {
    /// The core that every phone runs.
    pub node: Node,
    /// Its player.
    pub player: Player,
    /// The public key of its seat.
    pub key: [u8; 32],
    /// What stands between the node and the radio if the scenario ever makes it lie. Such a phone is not honest.
    pub(super) liar: Option<Liar>,
    /// Switched off for good.
    pub crashed: bool,
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
            checker,
            formed_now: true,
            ..NodeConfig::new(genesis.clone(), identity, Self::table_secret(seed))
        };
        Ok(Self {
            node: Node::open(config, derive(seed, "entropy", phone), &[])?,
            player,
            key,
            liar: None,
            crashed: false,
            suspended: false,
            wake_us: None,
            neighbours: Vec::new(),
        })
    }

    /// Whether the scenario never makes it lie.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        self.liar.is_none()
    }

    /// Whether it should finish the work: honest and not switched off.
    #[must_use]
    pub fn must_finish(&self) -> bool {
        self.is_honest() && !self.crashed
    }

    /// What passes over its links: a liar's as it goes on the air, not as its node meant it.
    pub(super) const fn tap(&mut self) -> &mut Tap {
        match &mut self.liar {
            Some(liar) => liar.tap(),
            None => self.node.tap(),
        }
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
