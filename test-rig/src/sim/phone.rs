//! One phone of the room: a real node, the player who taps on it, and what is wrong with it.

use bitcraps_core::crypto::Identity;
use bitcraps_core::node::{Node, NodeConfig, OpenError};
use bitcraps_core::table::Genesis;

use super::player::Player;
use crate::random::derive;
use crate::scenario::{Behaviour, Byzantine};

/// When a phone lies, in microseconds from the start of the game.
#[derive(Clone, Debug)]
pub struct Lie {
    /// How.
    pub behaviour: Behaviour,
    /// From when.
    pub from_us: u64,
    /// Until when; to the end if unset.
    pub until_us: Option<u64>,
}

impl From<&Byzantine> for Lie {
    fn from(byzantine: &Byzantine) -> Self {
        Self {
            behaviour: byzantine.behaviour,
            from_us: byzantine.from_ms * 1000,
            until_us: byzantine.until_ms.map(|until| until * 1000),
        }
    }
}

/// One phone.
#[derive(Debug)]
pub struct Phone {
    /// The core that every phone runs.
    pub node: Node,
    /// Its player.
    pub player: Player,
    /// The public key of its seat.
    pub key: [u8; 32],
    /// What it does wrong on purpose. A phone with an entry here does not count as honest.
    pub lies: Vec<Lie>,
    /// Switched off for good.
    pub crashed: bool,
    /// The app is suspended: nothing is taken in or sent.
    pub suspended: bool,
    /// The earliest wake-up that is scheduled.
    pub(super) wake_us: Option<u64>,
    /// Links over which the other end has said hello, by the other phone.
    pub(super) neighbours: Vec<u64>,
}

impl Phone {
    /// The identity of a phone under a seed.
    #[must_use]
    pub fn identity(seed: u64, phone: u64) -> Identity {
        Identity::from_seed(&derive(seed, "identity", phone))
    }

    pub(super) fn new(
        genesis: &Genesis,
        seed: u64,
        phone: u64,
        links_max: usize,
        player: Player,
    ) -> Result<Self, OpenError> {
        let identity = Self::identity(seed, phone);
        let key = identity.public_key().to_bytes();
        let config = NodeConfig {
            links_max,
            ..NodeConfig::new(genesis.clone(), identity)
        };
        Ok(Self {
            node: Node::open(config, derive(seed, "entropy", phone))?,
            player,
            key,
            lies: Vec::new(),
            crashed: false,
            suspended: false,
            wake_us: None,
            neighbours: Vec::new(),
        })
    }

    /// Whether the scenario never makes it lie.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        self.lies.is_empty()
    }

    /// Whether it should finish the work: honest and not switched off.
    #[must_use]
    pub fn must_finish(&self) -> bool {
        self.is_honest() && !self.crashed
    }

    /// What it does wrong at a moment of the game.
    pub(super) fn lie_at(&self, game_us: Option<u64>) -> Option<Behaviour> {
        let at = game_us?;
        let active = |lie: &&Lie| lie.from_us <= at && lie.until_us.is_none_or(|until| at < until);
        self.lies.iter().find(active).map(|lie| lie.behaviour)
    }
}
