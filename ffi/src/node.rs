//! `GameNode`: the whole surface in one object. Every method is synchronous and short; nothing calls back.

use std::sync::{Mutex, MutexGuard};

use bitcraps_core::crypto::{Identity, Seat};
use bitcraps_core::mesh::LinkId;
use bitcraps_core::node::{Command, Handle, Input, RadioState};
use zeroize::Zeroizing;

use crate::bets::BetKind;
use crate::card;
use crate::driver::Driver;
use crate::error::{NodeError, Result};
use crate::lobby::Lobby;
use crate::output::{LinkLoss, LinkRole, Output};
use crate::storage::Storage;
use crate::view::{Counter, QuorumView, TableView};

/// Where this phone keeps its table, and who it is.
// No Debug here: it would print the seed.
#[derive(Clone, uniffi::Record)]
pub struct NodeConfig {
    /// A folder of its own, private to the app and left out of backups.
    pub storage_dir: String,
    /// 32 bytes from the keystore. They are never written to disk.
    pub identity_seed: Vec<u8>,
}

/// One phone at one table.
///
/// The shell's loop: call whatever happened, then `poll_output` until it says `Idle`. Safe to use from any thread; give
/// the radio's side to one thread, so that its outputs stay in order.
#[derive(uniffi::Object)]
pub struct GameNode {
    seed: Zeroizing<[u8; 32]>,
    public_key: Vec<u8>,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) enum State {
    /// No seat yet.
    Away(Storage),
    /// Among those who may get one.
    Waiting(Box<Lobby>),
    Seated(Box<Driver>),
    Closed,
}

#[uniffi::export]
impl GameNode {
    /// Opens the folder. If a seat was taken before, the phone goes on where it was.
    ///
    /// # Errors
    /// [`NodeError::IdentitySeed`], [`NodeError::Storage`] or [`NodeError::Card`].
    #[uniffi::constructor]
    pub fn open(config: NodeConfig) -> Result<Self> {
        let length = config.identity_seed.len();
        let config_seed = Zeroizing::new(config.identity_seed);
        let mut seed = Zeroizing::new([0; 32]);
        if length != seed.len() {
            return Err(NodeError::IdentitySeed(length));
        }
        seed.copy_from_slice(&config_seed);
        let identity = Identity::from_seed(&seed);
        let public_key = identity.public_key().to_bytes().to_vec();
        let storage = Storage::open(&config.storage_dir)?;
        let state = match storage.card()? {
            None => State::Away(storage),
            Some(card) => {
                let driver = Driver::open(&storage, card::read(&card)?, &seed, false)?;
                State::Seated(Box::new(driver))
            }
        };
        Ok(Self {
            seed,
            public_key,
            state: Mutex::new(state),
        })
    }

    /// This player's key, for the table card.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.public_key.clone()
    }

    /// Sits down at the table of a card. Again with the same card: nothing happens.
    ///
    /// `is_new` says that the card was made a moment ago, so that this phone cannot have played at the table before. If
    /// in doubt say no: the phone then asks the others what they hold of it before it votes or bets. To say yes after
    /// the folder was lost makes a liar of an honest player.
    ///
    /// # Errors
    /// [`NodeError::Card`], [`NodeError::OtherTable`], [`NodeError::Storage`].
    pub fn take_seat(&self, card: Vec<u8>, is_new: bool) -> Result<()> {
        let mut state = self.lock()?;
        let read = card::read(&card)?;
        match &*state {
            State::Closed => Err(NodeError::Closed),
            State::Seated(driver) if *driver.card() == read => Ok(()),
            State::Seated(_) | State::Waiting(_) => Err(NodeError::OtherTable),
            State::Away(storage) => {
                let identity = Identity::from_seed(&self.seed);
                if read
                    .genesis
                    .roster
                    .seat_of(&identity.public_key())
                    .is_none()
                {
                    let text = "it has no seat for this phone's key; ask for another one";
                    return Err(NodeError::Card(text.to_owned()));
                }
                storage.keep_card(&card)?;
                let driver = Driver::open(storage, read, &self.seed, is_new)?;
                *state = State::Seated(Box::new(driver));
                Ok(())
            }
        }
    }

    /// The UUID of the service to advertise and to scan for, as text; nothing before there is a lobby or a seat. It
    /// follows from the table's secret and says nothing to strangers.
    #[must_use]
    pub fn service_uuid(&self) -> Option<String> {
        match &*self.lock().ok()? {
            State::Seated(driver) => Some(driver.node().service().to_string()),
            State::Waiting(lobby) => Some(lobby.service()),
            State::Away(_) | State::Closed => None,
        }
    }

    // ---------------------------------------------------------------- the player

    /// Puts chips on a bet, or more chips. Gives the number under which `Committed` or `Rejected` will come.
    ///
    /// # Errors
    /// [`NodeError::NoTable`], [`NodeError::NoSuchBet`], [`NodeError::Busy`], or the node is of no use any more.
    pub fn place_bet(&self, kind: BetKind, amount: u64) -> Result<u64> {
        let kind = kind.to_core()?;
        self.command(Command::PlaceBet { kind, amount })
    }

    /// Takes some chips of a bet back.
    ///
    /// # Errors
    /// As [`place_bet`](Self::place_bet); so for all commands.
    pub fn reduce_bet(&self, kind: BetKind, by: u64) -> Result<u64> {
        let kind = kind.to_core()?;
        self.command(Command::ReduceBet { kind, by })
    }

    /// Takes a bet down.
    ///
    /// # Errors
    /// As above.
    pub fn remove_bet(&self, kind: BetKind) -> Result<u64> {
        let kind = kind.to_core()?;
        self.command(Command::RemoveBet { kind })
    }

    /// Calls a bet on or off.
    ///
    /// # Errors
    /// As above.
    pub fn set_working(&self, kind: BetKind, on: bool) -> Result<u64> {
        let kind = kind.to_core()?;
        self.command(Command::SetWorking { kind, on })
    }

    /// Closes the bets and rolls; the shooter's.
    ///
    /// # Errors
    /// As above.
    pub fn roll(&self) -> Result<u64> {
        self.command(Command::Roll)
    }

    /// Passes the dice to the next seat; the shooter's, on a come-out.
    ///
    /// # Errors
    /// As above.
    pub fn pass_dice(&self) -> Result<u64> {
        self.command(Command::PassDice)
    }

    /// Says that a player who does not go by itself should go. It does once a quorum of the players has said so.
    ///
    /// # Errors
    /// As above.
    pub fn unseat(&self, seat: u8) -> Result<u64> {
        self.command(Command::Unseat { seat: Seat(seat) })
    }

    /// Says that somebody who knocks should have a seat. It gets one once a quorum of the players has said so.
    ///
    /// # Errors
    /// As above, or [`NodeError::Card`] if it is not a key.
    pub fn seat_guest(&self, public_key: &[u8]) -> Result<u64> {
        let key = card::public_key(public_key)?;
        self.command(Command::Seat { key })
    }

    /// Buys in again, after everything is lost, as often as the rules allow.
    ///
    /// # Errors
    /// As above.
    pub fn buy_in(&self) -> Result<u64> {
        self.command(Command::BuyIn)
    }

    /// Says that the evening is over. It is once a quorum of the players has said so.
    ///
    /// # Errors
    /// As above.
    pub fn dissolve(&self) -> Result<u64> {
        self.command(Command::Dissolve)
    }

    /// Leaves the table with what is on the stack.
    ///
    /// # Errors
    /// As above.
    pub fn leave_table(&self) -> Result<u64> {
        self.command(Command::Leave)
    }

    /// Whether a bet would be taken now: nothing if so, else why not. Free; it asks only this phone's table.
    ///
    /// # Errors
    /// [`NodeError::NoTable`], [`NodeError::NoSuchBet`].
    pub fn check_bet(&self, kind: BetKind, amount: u64) -> Result<Option<String>> {
        let kind = kind.to_core()?;
        self.look(|driver| {
            let node = driver.node();
            let checked = node.table().check_place(node.seat(), kind, amount);
            checked.err().map(|reason| reason.to_string())
        })
    }

    /// The table; nothing before a seat is taken. Cheap: call it after every `Decided`.
    #[must_use]
    pub fn table(&self) -> Option<TableView> {
        self.look(Driver::table).ok()
    }

    /// Who must agree and who can be reached; nothing before a seat is taken.
    #[must_use]
    pub fn quorum(&self) -> Option<QuorumView> {
        self.look(Driver::quorum).ok()
    }

    /// What this phone has counted since it was opened; empty before a seat is taken.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Counter> {
        self.look(|driver| crate::view::counters(driver.node()))
            .unwrap_or_default()
    }

    /// This phone's history as a file that a stranger can check with `verify_history`: everything that was decided, with
    /// the signatures that decided it, and the settlement sheet.
    ///
    /// # Errors
    /// [`NodeError::NoTable`], [`NodeError::Closed`].
    pub fn export_history(&self) -> Result<Vec<u8>> {
        self.look(|driver| driver.node().export_history())
    }

    // ---------------------------------------------------------------- the shell

    /// Bluetooth can be used, or cannot.
    ///
    /// # Errors
    /// [`NodeError::NoTable`], [`NodeError::Storage`], [`NodeError::Closed`]; so for all of these.
    pub fn radio_state(&self, is_on: bool) -> Result<()> {
        self.handle(Input::RadioState(if is_on {
            RadioState::On
        } else {
            RadioState::Off
        }))
    }

    /// The OS saw a phone that advertises this table.
    ///
    /// # Errors
    /// As above.
    pub fn discovered(&self, handle: u64, rssi: i8, hint: Option<u32>) -> Result<()> {
        let handle = Handle(handle);
        self.handle(Input::Discovered { handle, rssi, hint })
    }

    /// A link can carry chunks. Its number is never used again.
    ///
    /// # Errors
    /// As above.
    pub fn link_up(&self, link: u64, role: LinkRole, mtu: u16) -> Result<()> {
        self.handle(Input::LinkUp {
            link: LinkId(link),
            role: role.into(),
            mtu,
        })
    }

    /// A link is gone.
    ///
    /// # Errors
    /// As above.
    pub fn link_down(&self, link: u64, reason: LinkLoss) -> Result<()> {
        self.handle(Input::LinkDown {
            link: LinkId(link),
            reason: reason.into(),
        })
    }

    /// One chunk arrived, as written or notified.
    ///
    /// # Errors
    /// As above.
    pub fn link_received(&self, link: u64, chunk: Vec<u8>) -> Result<()> {
        self.handle(Input::Received {
            link: LinkId(link),
            bytes: chunk,
        })
    }

    /// The OS has sent one chunk of this link and can take another.
    ///
    /// # Errors
    /// As above.
    pub fn link_writable(&self, link: u64) -> Result<()> {
        self.handle(Input::Writable { link: LinkId(link) })
    }

    /// The time that `Idle` asked for has come.
    ///
    /// # Errors
    /// As above.
    pub fn wake(&self) -> Result<()> {
        self.handle(Input::Wake)
    }

    /// The next thing to do; `Idle` when there is nothing. What it hands out is backed by what is on disk, so it may take
    /// as long as a write to flash takes.
    ///
    /// # Errors
    /// As above.
    pub fn poll_output(&self) -> Result<Output> {
        let mut state = self.lock()?;
        if let State::Waiting(lobby) = &mut *state {
            if let Some(output) = lobby.poll() {
                return Ok(output);
            }
            state.sit_down()?;
        }
        match &mut *state {
            State::Seated(driver) => driver.poll(),
            State::Away(_) | State::Waiting(_) => Ok(Output::Idle {
                wake_after_ms: None,
            }),
            State::Closed => Err(NodeError::Closed),
        }
    }

    /// Before the app goes to the background: everything is on disk, and no file is open or locked. The next call opens
    /// the files again.
    ///
    /// # Errors
    /// [`NodeError::Storage`], [`NodeError::Closed`].
    pub fn suspend(&self) -> Result<()> {
        match &mut *self.lock()? {
            State::Seated(driver) => driver.suspend(),
            State::Away(_) | State::Waiting(_) => Ok(()),
            State::Closed => Err(NodeError::Closed),
        }
    }

    /// At the end: everything is on disk and closed. All later calls say `Closed`.
    ///
    /// # Errors
    /// [`NodeError::Storage`] if the last write failed; the node is shut down even so.
    pub fn shutdown(&self) -> Result<()> {
        let Ok(mut state) = self.state.lock() else {
            return Ok(());
        };
        match std::mem::replace(&mut *state, State::Closed) {
            State::Seated(mut driver) => driver.suspend(),
            State::Away(_) | State::Waiting(_) | State::Closed => Ok(()),
        }
    }
}

impl State {
    /// Everybody in the lobby has signed. If that cannot be kept on disk, the node is of no use until it is opened
    /// again; the others have the table and give it to this phone then.
    fn sit_down(&mut self) -> Result<()> {
        if let Self::Waiting(lobby) = std::mem::replace(self, Self::Closed) {
            *self = Self::Seated(Box::new(lobby.begin()?));
        }
        Ok(())
    }
}

impl GameNode {
    pub(crate) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// After a panic nothing in there can be trusted.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, State>> {
        self.state.lock().map_err(|_| NodeError::Closed)
    }

    fn handle(&self, input: Input) -> Result<()> {
        if let State::Waiting(lobby) = &mut *self.lock()? {
            lobby.handle(input);
            return Ok(());
        }
        self.with(|driver| driver.handle(input))
    }

    fn command(&self, command: Command) -> Result<u64> {
        self.with(|driver| driver.command(command))
    }

    fn look<T>(&self, question: impl FnOnce(&Driver) -> T) -> Result<T> {
        self.with(|driver| Ok(question(driver)))
    }

    fn with<T>(&self, call: impl FnOnce(&mut Driver) -> Result<T>) -> Result<T> {
        match &mut *self.lock()? {
            State::Seated(driver) => call(driver),
            State::Away(_) | State::Waiting(_) => Err(NodeError::NoTable),
            State::Closed => Err(NodeError::Closed),
        }
    }
}
