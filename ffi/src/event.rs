//! What the app is told, in the order in which it happened.

use bitcraps_core::crypto::Seat;
use bitcraps_core::node;

use crate::bets::BetKind;
use crate::lobby_event::LobbyEvent;
use crate::outcome::outcome_event;
use crate::view::{Memory, small};

/// Something that happened. Events of one slot come together, this phone's own results last.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum Event {
    /// Something happened in the lobby.
    Lobby {
        /// What.
        event: LobbyEvent,
    },
    /// Everybody has signed: the lobby is over, and this phone sits at the table.
    Founded {
        /// Its seat.
        seat: u8,
    },
    /// The players at a running table want this phone: it sits there from now on, and gets its chips as soon as the dice
    /// have a key with it.
    Welcomed {
        /// Its seat.
        seat: u8,
    },
    /// A command of this phone took effect.
    Committed {
        /// The slot.
        sequence: u64,
        /// The number that the command returned.
        request: u64,
    },
    /// A command of this phone was refused, by every phone alike. Nothing moved.
    Rejected {
        /// The slot.
        sequence: u64,
        /// The number that the command returned.
        request: u64,
        /// Why, in words, with what to do about it.
        reason: String,
    },
    /// This phone was away while a command of it was ordered: look at the table for what came of it.
    Overtaken {
        /// The number that the command returned.
        request: u64,
    },
    /// A slot was decided. What happened in it follows.
    Decided {
        /// The slot.
        sequence: u64,
        /// The chain digest that fixes everything up to here.
        chain: Vec<u8>,
    },
    /// Chips went onto a bet.
    BetPlaced {
        /// Whose.
        seat: u8,
        /// Which bet.
        kind: BetKind,
        /// Chips added.
        amount: u64,
        /// A commission that left the stack in addition.
        vig: u64,
    },
    /// Chips came back from a bet before it was decided.
    BetReturned {
        /// Whose.
        seat: u8,
        /// Which bet.
        kind: BetKind,
        /// Chips returned.
        amount: u64,
    },
    /// A bet was called on or off.
    WorkingSet {
        /// Whose.
        seat: u8,
        /// Which bet.
        kind: BetKind,
        /// On or off.
        on: bool,
    },
    /// The bets of a roll are closed; nobody knows its dice yet.
    RollClosed {
        /// The roll.
        roll: u64,
        /// The shooter who closed it; nobody if the others had waited too long.
        by: Option<u8>,
    },
    /// The dice fell and every bet was settled.
    Rolled {
        /// The slot.
        sequence: u64,
        /// The roll, from 1.
        roll: u64,
        /// The hand, from 1.
        hand: u64,
        /// The first die.
        die_1: u8,
        /// The second die.
        die_2: u8,
        /// Who shot.
        shooter: Option<u8>,
        /// Whether it was the point.
        point_made: bool,
        /// Whether it was a seven against the point, which ends the hand.
        seven_out: bool,
        /// The point now; nothing on the come-out.
        point: Option<u8>,
        /// What it did to the bets, in the casino's order.
        lines: Vec<LineView>,
    },
    /// A closed roll has waited for its dice for a while: they fall as soon as enough of these phones are back, however
    /// late, and they are never thrown anew.
    WaitingForDice {
        /// The roll.
        roll: u64,
        /// Whose shares are missing.
        missing: Vec<u8>,
    },
    /// What a roll's dice are made from: with a quorum's signed shares anybody can throw them again. The dice follow.
    DiceShown {
        /// The roll.
        roll: u64,
        /// The shares, as the phones signed them.
        shares: Vec<Vec<u8>>,
    },
    /// Somebody dealt a part of the dice's next key.
    KeyDealt {
        /// Who.
        seat: u8,
        /// How many have.
        have: u8,
        /// How many make the key.
        needed: u8,
    },
    /// The dice have a key for an epoch: they can be thrown.
    KeyMade {
        /// The epoch.
        epoch: u64,
        /// Whose parts it is made from.
        dealers: Vec<u8>,
    },
    /// A quorum gave up an attempt to make a key; another begins.
    KeyGivenUp {
        /// The epoch that the key was for.
        epoch: u64,
        /// The attempt, from 0.
        attempt: u16,
    },
    /// The dice have gone to another seat, or to the first one that made a line bet.
    ShooterMoved {
        /// Who had them.
        from: Option<u8>,
        /// Who has them.
        to: Option<u8>,
    },
    /// A neighbour is linked.
    PeerJoined {
        /// The link.
        link: u64,
        /// Its seat.
        seat: u8,
    },
    /// The link to a neighbour is gone.
    PeerLeft {
        /// The link.
        link: u64,
        /// Its seat.
        seat: u8,
    },
    /// How many phones hear each other has changed.
    ReachChanged {
        /// Whom this phone hears, directly or through others; itself too.
        reached: Vec<u8>,
        /// How many members there are.
        members: u8,
        /// How many of those reached may go, and the table still decides; nothing if there are too few already.
        can_lose: Option<u8>,
        /// So few phones, and no more than may be liars, could keep some of the others from hearing each other.
        cut: Option<u8>,
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
        primary: u8,
    },
    /// Nothing has been decided for a while although something waits.
    Stalled {
        /// Who has not been heard from.
        missing: Vec<u8>,
    },
    /// Decisions go on after a stall.
    Resumed,
    /// A phone is proven to have lied. Its bets and its vote go as soon as the table has ordered the proof.
    Misbehaviour {
        /// Whose.
        seat: u8,
        /// How it lied, such as `double-spend`.
        lie: String,
        /// The proof, which anybody can check.
        evidence: Vec<u8>,
    },
    /// The table has ordered a proof: the liar's bets went to the bank, its stack is frozen.
    Convicted {
        /// Who lied.
        seat: u8,
        /// How.
        lie: String,
        /// Who showed the proof.
        by: u8,
        /// Chips that went to the bank.
        forfeited: u64,
    },
    /// A player left with its stack.
    PlayerLeft {
        /// Who.
        seat: u8,
    },
    /// A player has signed the genesis; once all have, the dice get their first key.
    PlayerSigned {
        /// Who.
        seat: u8,
        /// How many have not yet.
        missing: u8,
    },
    /// A player wants somebody who knocks to have a seat. It gets one once enough want it.
    SeatWanted {
        /// Who wants it.
        by: u8,
        /// The key of the phone that knocks.
        public_key: Vec<u8>,
        /// How many want it now.
        have: u8,
        /// How many it takes.
        needed: u8,
    },
    /// Enough want it: the dice get a key with the newcomer.
    SeatOffered {
        /// The seat that it is to get.
        seat: u8,
    },
    /// The newcomer has its seat and its chips.
    Seated {
        /// The seat.
        seat: u8,
        /// Its chips.
        chips: u64,
    },
    /// The newcomer is not seated: its phone took no part in making the key, or lied.
    NotSeated {
        /// The seat that it would have had.
        seat: u8,
    },
    /// A player who had lost everything bought in again.
    BoughtIn {
        /// Who.
        seat: u8,
        /// The new chips.
        chips: u64,
    },
    /// A player wants another one to go. It does once enough want it.
    UnseatWanted {
        /// Who wants it.
        by: u8,
        /// Who should go.
        seat: u8,
        /// How many want it now.
        have: u8,
        /// How many it takes.
        needed: u8,
    },
    /// The others have unseated a player; its stack stays its own.
    Unseated {
        /// Who.
        seat: u8,
    },
    /// A player wants to close the table. It is closed once enough want it.
    DissolveWanted {
        /// Who.
        by: u8,
        /// How many want it now.
        have: u8,
        /// How many it takes.
        needed: u8,
    },
    /// The table is dissolved: the books are closed, and what every seat has is its own.
    Dissolved,
    /// Who votes will change.
    MembersChange {
        /// The first slot of the new epoch.
        first: u64,
        /// Its members.
        members: Vec<u8>,
        /// How many of them must agree.
        quorum: u8,
    },
    /// Who votes has changed.
    EpochBegan {
        /// The epoch.
        epoch: u64,
        /// Its first slot.
        first: u64,
        /// Its members.
        members: Vec<u8>,
        /// How many of them must agree.
        quorum: u8,
    },
    /// This phone went on from its journal.
    Restored {
        /// The last slot that the journal has.
        sequence: u64,
    },
    /// Whether this phone votes and makes commands has changed.
    MemoryChanged {
        /// What it knows of what it signed.
        memory: Memory,
    },
    /// This phone was away and goes on from a state that a quorum signed; what happened in between is not told.
    CaughtUp {
        /// The slot.
        sequence: u64,
    },
    /// The table has been played for longer than a phone keeps its history. It plays on; its history ends here.
    HistoryFull {
        /// The last slot that can still be proven to others.
        complete: u64,
    },
    /// Two quorums contradict each other: more phones lied than any protocol can bear. This phone decides no more.
    Halted {
        /// The slot that was decided twice.
        sequence: u64,
        /// Who must have lied.
        culprits: Vec<u8>,
        /// The proof, which anybody can check.
        proof: Vec<u8>,
    },
}

/// What a roll did to one bet.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct LineView {
    /// Whose bet.
    pub seat: u8,
    /// Which, as it stood before the roll.
    pub kind: BetKind,
    /// Its chips.
    pub stake: u64,
    /// What became of it.
    pub fate: Fate,
}

/// The fate of one bet on one roll.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum Fate {
    /// Won.
    Won {
        /// What the bank pays besides the stake.
        profit: u64,
        /// Whether the stake stays up.
        stays: bool,
    },
    /// Lost.
    Lost,
    /// Undecided; it stays up.
    Pushed,
    /// Undecided; it comes back.
    Returned,
    /// It becomes another bet.
    Travelled {
        /// Which.
        to: BetKind,
    },
}

/// What an event of the core is to the app; nothing if it is told in another way.
pub(crate) fn event_of(event: node::Event) -> Option<Event> {
    use node::Event as Core;
    Some(match event {
        // The one gave the command its number, the other refused it where it was given.
        Core::Submitted { .. } | Core::NotNow { .. } => return None,
        Core::Lobby(event) => Event::Lobby {
            event: LobbyEvent::of(event)?,
        },
        Core::Restored { sequence, .. } => Event::Restored { sequence },
        Core::Standing(standing) => Event::MemoryChanged {
            memory: standing.into(),
        },
        Core::Delivered {
            sequence, chain, ..
        } => Event::Decided {
            sequence,
            chain: chain.0.to_vec(),
        },
        Core::Happened { sequence, outcome } => return outcome_event(sequence, outcome),
        Core::WaitingForDice { roll, missing } => Event::WaitingForDice {
            roll,
            missing: numbers(&missing),
        },
        Core::DiceShown { roll, shares } => Event::DiceShown { roll, shares },
        Core::NeighbourUp { link, seat } => Event::PeerJoined {
            link: link.0,
            seat: seat.0,
        },
        Core::NeighbourDown { link, seat } => Event::PeerLeft {
            link: link.0,
            seat: seat.0,
        },
        Core::Reach {
            reached,
            members,
            can_lose,
            cut,
        } => Event::ReachChanged {
            reached: reached.iter().map(|seat| seat.0).collect(),
            members: small(members),
            can_lose: can_lose.map(small),
            cut: cut.map(small),
        },
        Core::ViewLeft { target } => Event::ViewLeft { target },
        Core::ViewChanged { view, primary } => Event::ViewChanged {
            view,
            primary: primary.0,
        },
        Core::Installed { sequence, .. } => Event::CaughtUp { sequence },
        Core::HistoryFull { complete } => Event::HistoryFull { complete },
        Core::EpochBegan {
            epoch,
            first,
            members,
            quorum,
        } => Event::EpochBegan {
            epoch,
            first,
            members: numbers(&members),
            quorum: small(quorum),
        },
        Core::Caught {
            seat,
            lie,
            evidence,
        } => Event::Misbehaviour {
            seat: seat.0,
            lie: lie.name().to_owned(),
            evidence,
        },
        Core::Halted {
            sequence,
            culprits,
            proof,
        } => Event::Halted {
            sequence,
            culprits: numbers(&culprits),
            proof,
        },
        Core::Stalled { silent } => Event::Stalled {
            missing: numbers(&silent),
        },
        Core::Resumed => Event::Resumed,
    })
}

pub(crate) fn numbers(seats: &[Seat]) -> Vec<u8> {
    seats.iter().map(|seat| seat.0).collect()
}
