//! The whole API of the core: what goes in and what comes out.

use super::lobby::LobbyEvent;
use crate::consensus::{Action, Batch, Lie, RequestId, Standing};
use crate::craps::{BetKind, Chips};
use crate::crypto::{Digest, PublicKey, Seat, SeatSet};
use crate::mesh::{LinkId, Role};
use crate::table::Outcome;
use crate::time::Instant;

/// A phone that the OS saw advertising; opaque, given back in [`Output::Connect`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Handle(pub u64);

/// Whether the radio can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RadioState {
    /// Bluetooth is on and permitted.
    On,
    /// It is off, denied or missing. Links go down with it.
    Off,
}

/// Why a link went down, as far as the OS says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkDownReason {
    /// Out of range or switched off: nothing heard for the supervision time-out.
    Timeout,
    /// The other end closed it.
    Remote,
    /// We closed it.
    Local,
    /// It never came up.
    ConnectFailed,
}

/// What the player wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Put chips on a bet.
    PlaceBet {
        /// Which bet.
        kind: BetKind,
        /// How many chips.
        amount: Chips,
    },
    /// Take some chips of a bet back.
    ReduceBet {
        /// Which bet.
        kind: BetKind,
        /// By how many chips.
        by: Chips,
    },
    /// Take a bet down.
    RemoveBet {
        /// Which bet.
        kind: BetKind,
    },
    /// Call a bet on or off.
    SetWorking {
        /// Which bet.
        kind: BetKind,
        /// On or off.
        on: bool,
    },
    /// Say that a player who does not go by itself should go; it does once q players have said so.
    Unseat {
        /// Whose seat.
        seat: Seat,
    },
    /// Say that somebody who knocks should have a seat; it gets one once q players have said so.
    Seat {
        /// Whose phone.
        key: PublicKey,
    },
    /// Buy in again, after everything is lost.
    BuyIn,
    /// Say that the evening is over; it is once q players have said so.
    Dissolve,
    /// Leave the table with what is on the stack.
    Leave,
    /// Close the bets and roll; the shooter's.
    Roll,
    /// Pass the dice to the next seat; the shooter's, on a come-out.
    PassDice,
}

/// Something that happened outside. Any number of inputs before a drain is legal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The OS saw a phone that advertises this table.
    Discovered {
        /// How to dial it.
        handle: Handle,
        /// Signal strength in dBm.
        rssi: i8,
        /// Whatever the advertisement carries beyond the service.
        hint: Option<u32>,
    },
    /// A link can carry chunks.
    LinkUp {
        /// Its number; never reused.
        link: LinkId,
        /// Which end we are.
        role: Role,
        /// Its ATT MTU.
        mtu: u16,
    },
    /// A link is gone.
    LinkDown {
        /// Its number.
        link: LinkId,
        /// Why.
        reason: LinkDownReason,
    },
    /// One chunk arrived, as written or notified.
    Received {
        /// On which link.
        link: LinkId,
        /// The chunk.
        bytes: Vec<u8>,
    },
    /// The OS has sent one chunk of this link and can take another.
    Writable {
        /// Which link.
        link: LinkId,
    },
    /// Bluetooth went on or off.
    RadioState(RadioState),
    /// The player does something.
    Command(Command),
    /// The time asked for by [`Output::Idle`] has come (early and spurious wakes are harmless).
    Wake,
}

/// What the shell must do, strictly in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Make this durable before acting on anything behind it. That one line is the write-ahead rule.
    Persist(Vec<u8>),
    /// Hand one chunk to the OS; answer with [`Input::Writable`] when it has left.
    Transmit {
        /// On which link.
        link: LinkId,
        /// The chunk, no longer than the link's MTU less 3.
        chunk: Vec<u8>,
    },
    /// Start or stop advertising the table's service.
    Advertise(bool),
    /// Start or stop scanning for it.
    Scan(bool),
    /// Dial a phone.
    Connect {
        /// Which.
        handle: Handle,
    },
    /// Close a link.
    Disconnect {
        /// Which.
        link: LinkId,
    },
    /// Tell the player.
    Event(Event),
    /// Nothing more to do; call [`Input::Wake`] then, if set.
    Idle {
        /// When.
        wake_at: Option<Instant>,
    },
}

/// What the player's app is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A command was signed and is on its way; what came of it follows under the same number.
    Submitted {
        /// The request.
        id: RequestId,
        /// This player's number for it.
        number: u64,
        /// What was asked.
        command: Command,
    },
    /// A slot was delivered. Its outcomes follow.
    Delivered {
        /// Its sequence number.
        sequence: u64,
        /// The chain digest that fixes everything up to here.
        chain: Digest,
        /// Its requests.
        batch: Batch,
    },
    /// A command was not signed: the table forked, or this phone has started again and does not know yet, or knows that it
    /// does not know, what it signed before ([`Event::Standing`]).
    NotNow {
        /// What was asked.
        command: Command,
    },
    /// This phone went on from its journal.
    Restored {
        /// The last slot that the journal has.
        sequence: u64,
        /// The chain digest that fixes everything up to there.
        chain: Digest,
    },
    /// Whether this phone votes has changed: it knows everything that it signed, or observes until the next epoch
    /// because its journal does not.
    Standing(Standing),
    /// Something happened at the table.
    Happened {
        /// The slot it happened in.
        sequence: u64,
        /// What.
        outcome: Outcome,
    },
    /// A closed roll has waited for its dice for a while: they fall as soon as enough of these phones are back.
    WaitingForDice {
        /// The roll.
        roll: u64,
        /// Whose shares are missing.
        missing: Vec<Seat>,
    },
    /// The shares that a roll was made from: with these, anybody can throw it again. What came of it follows.
    DiceShown {
        /// The roll.
        roll: u64,
        /// A quorum's signed shares, each an encoded message of kind share.
        shares: Vec<Vec<u8>>,
    },
    /// A link is secured: the other end has proven whose phone it is.
    NeighbourUp {
        /// The link.
        link: LinkId,
        /// Its seat.
        seat: Seat,
    },
    /// The link to a neighbour is gone.
    NeighbourDown {
        /// The link.
        link: LinkId,
        /// Its seat.
        seat: Seat,
    },
    /// How many phones hear each other has changed, by what they sign of their links.
    Reach {
        /// Whom this phone hears, directly or through others; itself too.
        reached: SeatSet,
        /// How many members there are.
        members: usize,
        /// How many of those reached may go, and the table still decides; unset if there are too few already.
        can_lose: Option<usize>,
        /// So few phones could keep some of the others from hearing each other by dropping everything, and that many may
        /// be liars; unset if it takes more.
        cut: Option<usize>,
    },
    /// This phone gave up on its view's primary.
    ViewLeft {
        /// The view it moves to.
        target: u64,
    },
    /// A new view began.
    ViewChanged {
        /// The view.
        view: u64,
        /// Its primary.
        primary: Seat,
    },
    /// This phone was away for so long that it goes on from a certified state; what happened in between is not told.
    Installed {
        /// The slot of the state.
        sequence: u64,
        /// The chain digest that fixes everything up to there.
        chain: Digest,
    },
    /// The table has been played for longer than a phone keeps its history. It plays on, and its history ends here.
    HistoryFull {
        /// The last slot that can still be proven to others.
        complete: u64,
    },
    /// Who votes has changed.
    EpochBegan {
        /// The epoch.
        epoch: u64,
        /// Its first slot.
        first: u64,
        /// Who votes.
        members: Vec<Seat>,
        /// How many of them must agree. With fewer than four members that is everybody: nobody can be outvoted, and
        /// anybody can stall the table.
        quorum: usize,
    },
    /// A phone is proven to have lied. The table learns of it through the log.
    Caught {
        /// Whose.
        seat: Seat,
        /// How it lied.
        lie: Lie,
        /// The proof, which anybody can check: an encoded [`Evidence`](crate::consensus::Evidence), of a false share of a
        /// roll a [`FalseShare`](crate::table::FalseShare).
        evidence: Vec<u8>,
    },
    /// Two quorums contradict each other: more phones lied than any protocol can bear. Nothing is decided here any
    /// more. It comes again when more culprits become known.
    Halted {
        /// The slot that was decided twice.
        sequence: u64,
        /// Who must have lied.
        culprits: Vec<Seat>,
        /// The proof, which anybody can check: an encoded [`Halt`](crate::consensus::Halt).
        proof: Vec<u8>,
    },
    /// Nothing has been decided for a while although something waits.
    Stalled {
        /// Who has not been heard from for that long.
        silent: Vec<Seat>,
    },
    /// Decisions go on after a stall.
    Resumed,
    /// Before there is a table: something happened in the lobby.
    Lobby(LobbyEvent),
}

/// What the player is told of something that consensus did, if that is all there is to it.
pub(super) fn event_of(action: Action, quorum: usize) -> Option<Event> {
    Some(match action {
        Action::EnteredEpoch {
            epoch,
            first,
            members,
        } => Event::EpochBegan {
            epoch,
            first,
            members,
            quorum,
        },
        Action::Halted {
            sequence,
            culprits,
            proof,
        } => Event::Halted {
            sequence,
            culprits: culprits.into_iter().map(|(seat, _)| seat).collect(),
            proof,
        },
        Action::LeftView { target } => Event::ViewLeft { target },
        _ => return None,
    })
}
