//! What the shell does for the node: the radio's side of the surface.

use bitcraps_core::mesh::Role;
use bitcraps_core::node::LinkDownReason;

use crate::event::Event;

/// The next thing to do, strictly in order. Whatever is handed out is backed by what is on disk already.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum Output {
    /// Hand one chunk to the OS; call `link_writable` when it has left.
    Transmit {
        /// On which link.
        link: u64,
        /// The chunk, never longer than the link's MTU less 3.
        chunk: Vec<u8>,
    },
    /// Start or stop advertising the table's service.
    Advertise {
        /// Which.
        on: bool,
    },
    /// Start or stop scanning for it.
    Scan {
        /// Which.
        on: bool,
    },
    /// Dial a phone that was discovered; `link_up` when it can carry chunks, `link_down` if that fails.
    Connect {
        /// Which.
        handle: u64,
    },
    /// Close a link; `link_down` when it is closed.
    Disconnect {
        /// Which.
        link: u64,
    },
    /// Tell the player.
    Event {
        /// What.
        event: Event,
    },
    /// Nothing more to do. Call `wake` after so many milliseconds, if any; earlier or oftener is harmless.
    Idle {
        /// How long.
        wake_after_ms: Option<u64>,
    },
}

/// Which end of a link this phone is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum LinkRole {
    /// It dialled: it writes to the other end's inbox.
    Central,
    /// It was dialled: it notifies from its outbox.
    Peripheral,
}

/// Why a link went down, as far as the OS says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum LinkLoss {
    /// Nothing was heard for the supervision time-out.
    Timeout,
    /// The other end closed it.
    Remote,
    /// This phone closed it.
    Local,
    /// It never came up.
    ConnectFailed,
}

impl From<LinkRole> for Role {
    fn from(role: LinkRole) -> Self {
        match role {
            LinkRole::Central => Self::Central,
            LinkRole::Peripheral => Self::Peripheral,
        }
    }
}

impl From<LinkLoss> for LinkDownReason {
    fn from(loss: LinkLoss) -> Self {
        match loss {
            LinkLoss::Timeout => Self::Timeout,
            LinkLoss::Remote => Self::Remote,
            LinkLoss::Local => Self::Local,
            LinkLoss::ConnectFailed => Self::ConnectFailed,
        }
    }
}
