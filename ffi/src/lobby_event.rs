//! What the app is told in a lobby.

use bitcraps_core::node;

use crate::lobby::Guest;

/// Something that happened in a lobby.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum LobbyEvent {
    /// The host's list is here, or has changed: see `GameNode.lobby`.
    Listed {
        /// Counts up.
        version: u32,
        /// Who is here, the host first.
        guests: Vec<Guest>,
    },
    /// The host asks everybody to sign the table: the rules and the seats that `GameNode.lobby` has now. Answer with
    /// `answer_proposal`.
    Proposed,
    /// Somebody signed, or will not.
    Answered {
        /// Who.
        guest: Guest,
        /// Which.
        signs: bool,
    },
    /// The host does not let this phone in.
    NotAdmitted {
        /// Why, in words.
        reason: String,
    },
    /// This phone, the host's, did not let somebody in.
    TurnedAway {
        /// Whose phone.
        public_key: Vec<u8>,
        /// Why, in words.
        reason: String,
    },
    /// This phone was on the list and is not any more.
    Removed,
    /// Somebody with an invite knocks at the running table: `seat_guest` says that this player wants it here.
    Knocked {
        /// Whose phone.
        public_key: Vec<u8>,
        /// What its player is called.
        name: String,
        /// Whose invite it has.
        inviter: u8,
    },
    /// The others have a table, and this phone has no seat at it.
    BeganWithout,
}

impl LobbyEvent {
    /// What an event of the core is to the app; nothing if it is told in another way.
    pub(crate) fn of(event: node::LobbyEvent) -> Option<Self> {
        use node::LobbyEvent as Core;
        Some(match event {
            Core::Listed {
                version, listed, ..
            } => Self::Listed {
                version,
                guests: listed.iter().map(|one| Guest::of(one, false)).collect(),
            },
            Core::Proposed { .. } => Self::Proposed,
            Core::Answered { listed, signs } => Self::Answered {
                guest: Guest::of(&listed, signs),
                signs,
            },
            Core::NotAdmitted(reason) => Self::NotAdmitted {
                reason: reason.to_string(),
            },
            Core::TurnedAway { guest, reason } => Self::TurnedAway {
                public_key: guest.to_bytes().to_vec(),
                reason: reason.to_string(),
            },
            Core::Removed => Self::Removed,
            Core::BeganWithout => Self::BeganWithout,
            Core::Knocked {
                guest,
                name,
                inviter,
            } => Self::Knocked {
                public_key: guest.to_bytes().to_vec(),
                name: name.as_str().to_owned(),
                inviter: inviter.0,
            },
            Core::Founded(_) | Core::Welcomed { .. } => return None,
        })
    }
}
