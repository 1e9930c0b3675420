//! `GameNode` before there is a table: hosting, inviting, joining, signing.

use crate::error::{NodeError, Result};
use crate::lobby::{Lobby, LobbyView};
use crate::node::{GameNode, State};
use crate::rules::TableRules;
use crate::storage::Storage;

#[uniffi::export]
impl GameNode {
    /// Opens a lobby as its host. Nothing is decided, and nothing on disk, until everybody has signed.
    ///
    /// # Errors
    /// [`NodeError::Rules`], [`NodeError::Lobby`] if the name does not fit, [`NodeError::OtherTable`].
    pub fn host_table(&self, name: &str, rules: TableRules) -> Result<()> {
        self.enter(|storage, seed| Lobby::host(storage, seed, name, rules))
    }

    /// An invite for one guest, to be shown as a QR code: it is good for so many minutes, for one phone. In a lobby it is the
    /// host's to give; at a running table it is any player's, and the guest gets a seat once enough players have called
    /// `seat_guest`.
    ///
    /// # Errors
    /// [`NodeError::Lobby`]; so for everything in a lobby.
    pub fn invite(&self, minutes: u32) -> Result<String> {
        if let State::Seated(driver) = &*self.lock()? {
            return driver.invite(minutes);
        }
        self.in_lobby(|lobby| lobby.invite(minutes))
    }

    /// Enters the lobby that an invite is for. Again with the same one after the app was closed: it goes on.
    ///
    /// # Errors
    /// [`NodeError::Invite`], [`NodeError::Lobby`] if the name does not fit, [`NodeError::OtherTable`].
    pub fn join_table(&self, name: &str, invite: &str) -> Result<()> {
        self.enter(|storage, seed| Lobby::guest(storage, seed, name, invite))
    }

    /// The lobby; nothing unless this phone is in one.
    #[must_use]
    pub fn lobby(&self) -> Option<LobbyView> {
        self.in_lobby(|lobby| Ok(lobby.view())).ok()
    }

    /// Nobody is added any more, and everybody on the list is asked to sign. The host's.
    ///
    /// # Errors
    /// As above, or [`NodeError::Rules`] if they do not fit so many players.
    pub fn propose_table(&self) -> Result<()> {
        self.in_lobby(Lobby::propose)
    }

    /// The list is open again, and what was signed counts no more. The host's.
    ///
    /// # Errors
    /// As above.
    pub fn reopen_lobby(&self) -> Result<()> {
        self.in_lobby(Lobby::reopen)
    }

    /// Takes a guest off the list, and its invite with it. The host's.
    ///
    /// # Errors
    /// As above.
    pub fn remove_guest(&self, public_key: Vec<u8>) -> Result<()> {
        self.in_lobby(|lobby| lobby.remove(&public_key))
    }

    /// This player's word on what is proposed. Who does not sign is off the list; so a guest leaves an open lobby, too.
    /// Once everybody has signed there is a table: `Founded`.
    ///
    /// # Errors
    /// As above.
    pub fn answer_proposal(&self, signs: bool) -> Result<()> {
        self.in_lobby(|lobby| lobby.answer(signs))
    }
}

impl GameNode {
    fn enter(&self, open: impl FnOnce(&Storage, &[u8; 32]) -> Result<Lobby>) -> Result<()> {
        let mut state = self.lock()?;
        match &*state {
            State::Away(storage) => {
                let lobby = open(storage, self.seed())?;
                *state = State::Waiting(Box::new(lobby));
                Ok(())
            }
            State::Waiting(_) | State::Seated(_) => Err(NodeError::OtherTable),
            State::Closed => Err(NodeError::Closed),
        }
    }

    fn in_lobby<T>(&self, call: impl FnOnce(&mut Lobby) -> Result<T>) -> Result<T> {
        match &mut *self.lock()? {
            State::Waiting(lobby) => call(lobby),
            State::Seated(_) => Err(NodeError::Lobby("there is a table already".to_owned())),
            State::Away(_) => {
                let text = "this phone is in none; host a table or join one first";
                Err(NodeError::Lobby(text.to_owned()))
            }
            State::Closed => Err(NodeError::Closed),
        }
    }
}
