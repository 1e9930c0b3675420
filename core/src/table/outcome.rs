//! What came of an operation: said to every phone, in the same words.

use super::members::Gone;
use super::wishes::Wish;
use crate::consensus::Lie;
use crate::craps::{BetKind, BoxNumber, Chips, Phase, Refusal, Settlement};
use crate::crypto::{PublicKey, Seat};
use crate::ledger::LedgerError;

/// Something that happened at the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Chips went onto a bet.
    BetPlaced {
        /// Whose.
        seat: Seat,
        /// The request's number.
        number: u64,
        /// Which bet.
        kind: BetKind,
        /// Chips added.
        amount: Chips,
        /// Chips that left the stack in addition: a commission that is charged up front and lies with the bet.
        vig: Chips,
    },
    /// Chips came back from a bet before it was decided.
    BetReturned {
        /// Whose.
        seat: Seat,
        /// Which bet.
        kind: BetKind,
        /// Chips returned, a commission that lay with them included.
        amount: Chips,
    },
    /// A bet was called on or off.
    WorkingSet {
        /// Whose.
        seat: Seat,
        /// Which bet.
        kind: BetKind,
        /// On or off.
        on: bool,
    },
    /// The shooter passed the dice; the hand goes on.
    DicePassed {
        /// Who passed them.
        seat: Seat,
        /// Who has them now; `None` while nobody has a line bet.
        to: Option<Seat>,
    },
    /// The bets of a roll are closed; its dice are not known to anybody yet.
    RollClosed {
        /// The roll.
        roll: u64,
        /// The shooter who closed it; `None` if the others did because they had waited too long.
        by: Option<Seat>,
    },
    /// The dice fell and every bet was settled.
    Rolled(Box<RollResult>),
    /// A player is proven to have lied.
    Convicted {
        /// Who.
        seat: Seat,
        /// How.
        lie: Lie,
        /// Who showed the proof.
        by: Seat,
        /// Chips of its bets, which went to the bank.
        forfeited: Chips,
        /// Chips of its stack that did, where the rules say so.
        seized: Chips,
    },
    /// A player left with its stack.
    Left {
        /// Who.
        seat: Seat,
    },
    /// A player has signed the genesis.
    Signed {
        /// Who.
        seat: Seat,
        /// How many have not yet.
        missing: usize,
    },
    /// A player wants something that q must want.
    Tapped {
        /// Who.
        seat: Seat,
        /// What.
        wish: Wish,
        /// How many want it now.
        have: usize,
        /// How many it takes.
        needed: usize,
    },
    /// The others have unseated a player; its stack stays its own.
    Unseated {
        /// Who.
        seat: Seat,
    },
    /// q players want somebody here; a key is being made with it.
    Invited {
        /// The seat that it gets.
        seat: Seat,
        /// Whose phone.
        key: PublicKey,
    },
    /// A newcomer has its seat and its chips, and votes from the next epoch on.
    Seated {
        /// Its seat.
        seat: Seat,
        /// Whose phone.
        key: PublicKey,
        /// Chips that it was given.
        chips: Chips,
    },
    /// A newcomer is not seated: it did not acknowledge its part of the key, or lied about it.
    NotSeated {
        /// The seat that it would have had.
        seat: Seat,
        /// Whose phone.
        key: PublicKey,
    },
    /// A player bought in again.
    BoughtIn {
        /// Who.
        seat: Seat,
        /// Chips that it was given.
        chips: Chips,
    },
    /// The table is dissolved: the books are closed, and what every seat has is its own.
    Dissolved,
    /// Who votes changes at a slot to come.
    MembersChange {
        /// The first slot of the new epoch.
        first: u64,
        /// Its members.
        members: Vec<Seat>,
        /// How many of them must agree; with fewer than four that is everybody.
        quorum: usize,
    },
    /// Somebody dealt a part of the next key.
    Dealt {
        /// Who.
        seat: Seat,
        /// How many have.
        have: usize,
        /// How many make the key.
        needed: usize,
    },
    /// The dice have a key for an epoch.
    KeyMade {
        /// The epoch.
        epoch: u64,
        /// Which attempt it took, from 0.
        attempt: u16,
        /// Whose dealings it is made from, in the order of the log.
        dealers: Vec<Seat>,
    },
    /// A quorum gave up an attempt to make a key; another begins.
    GivenUp {
        /// The epoch that the key was for.
        epoch: u64,
        /// The attempt.
        attempt: u16,
    },
    /// An operation was refused. Nothing moved.
    Rejected {
        /// Whose.
        seat: Seat,
        /// The request's number.
        number: u64,
        /// Why.
        reason: Rejection,
    },
}

/// One settled roll.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RollResult {
    /// The roll's number, from 1.
    pub roll: u64,
    /// The hand it belongs to, from 1.
    pub hand: u64,
    /// Who had the dice.
    pub shooter: Option<Seat>,
    /// What the roll did to the bets.
    pub settlement: Settlement,
    /// The phase now.
    pub phase: Phase,
}

/// Why an operation was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Rejection {
    /// The payload is no operation.
    #[error("not an operation of this version")]
    Malformed,
    /// The rules of craps or the table's limits.
    #[error("{0}")]
    Bet(Refusal),
    /// The player has too few chips.
    #[error("the bet takes {wanted} chips and the stack has {have}")]
    Funds {
        /// Chips in the stack.
        have: Chips,
        /// Chips asked for.
        wanted: Chips,
    },
    /// The bank could not pay this bet in the worst case.
    #[error("the bank has {bank} chips and could owe {owed} with this bet; bet less")]
    Bank {
        /// Chips in the bank.
        bank: Chips,
        /// Chips that it could owe for all bets, this one included.
        owed: Chips,
    },
    /// The dice are passed only between points.
    #[error("the dice can be passed only on a come-out; the point is {point}, roll on")]
    PassOnPoint {
        /// The point.
        point: BoxNumber,
    },
    /// Only the shooter closes a roll, or passes the dice.
    #[error("only the shooter closes the roll{}", Self::name_shooter(*.shooter))]
    NotShooter {
        /// Who that is; `None` while nobody has a line bet.
        shooter: Option<Seat>,
    },
    /// Another roll is open.
    #[error("roll {given} is not open, roll {open} is")]
    WrongRoll {
        /// The roll asked for.
        given: u64,
        /// The open one.
        open: u64,
    },
    /// The dice have no key yet, so nothing is played.
    #[error("the dice have no key yet; wait until the phones have made one")]
    NoKey,
    /// The player is not at the table any more.
    #[error("{}", Self::name_gone(*.0))]
    Gone(Gone),
    /// The table would have fewer than two players.
    #[error("of two players none can leave; dissolve the table instead")]
    LastTwo,
    /// What was shown proves nothing.
    #[error("the evidence proves nothing")]
    NoProof,
    /// The table does not remember that epoch's roster any more.
    #[error("the evidence is from an epoch that is too long ago")]
    OldEvidence,
    /// One proof is enough.
    #[error("seat {seat} is a known liar already")]
    KnownLiar {
        /// Who.
        seat: Seat,
    },
    /// There is nobody at that seat to unseat, or it is the player's own.
    #[error("seat {seat} is not one that this player can unseat")]
    NotThere {
        /// The seat.
        seat: Seat,
    },
    /// Somebody who sits here, or did, cannot be seated a second time.
    #[error("this player's key is that of seat {seat}")]
    SitsHere {
        /// Where.
        seat: Seat,
    },
    /// One newcomer at a time.
    #[error("somebody is being seated; try again once that is over")]
    Seating,
    /// All seats have been given, or all chips.
    #[error("this table has no room for another player")]
    NoRoom,
    /// Whoever can still bet does not buy in.
    #[error("the player has {have} chips; with fewer than {least} it can buy in again")]
    HasChips {
        /// Chips on stack and layout.
        have: Chips,
        /// The least bet.
        least: Chips,
    },
    /// The rules allow so many buy-ins and no more.
    #[error("this player has bought in again {times} times, which is all that the rules allow")]
    NoMoreChips {
        /// How often.
        times: u8,
    },
    /// One tap of each player counts.
    #[error("this player has said so already")]
    Tapped,
    /// The evening is over.
    #[error("the table is dissolved; open another")]
    Dissolved,
    /// Nobody has a bet, so there is nothing to wait for.
    #[error("nobody has a bet")]
    NoBets,
    /// A part of a key that is not wanted.
    #[error("{0}")]
    Dealing(#[from] DealingRefusal),
    /// Too much waits for the open roll.
    #[error("too many operations wait for the open roll; try again after it")]
    Busy,
    /// A sum did not fit. It cannot happen while the table's invariants hold.
    #[error("{0}")]
    Ledger(LedgerError),
}

impl Rejection {
    const fn name_gone(gone: Gone) -> &'static str {
        match gone {
            Gone::Left => "this player has left the table",
            Gone::Unseated => "this player was unseated by the others",
            Gone::Convicted(_) => "this player was proven to have lied and has no say any more",
        }
    }

    fn name_shooter(shooter: Option<Seat>) -> String {
        match shooter {
            Some(seat) => format!(": seat {seat}"),
            None => ", and nobody has a line bet yet".into(),
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self::Bet(refusal)
    }
}

impl From<LedgerError> for Rejection {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Why a part of a key was refused. None of these blames anybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DealingRefusal {
    /// Another attempt is under way, or none.
    #[error("this attempt at a key is not under way")]
    Other,
    /// The player is none of those whom the key is for.
    #[error("this player has no part in the key")]
    NoPart,
    /// The first q dealings make the key.
    #[error("there are enough dealings")]
    Enough,
    /// It was said before.
    #[error("said before")]
    Again,
    /// Somebody has not signed the genesis.
    #[error("not everybody has signed the table yet")]
    Unsigned,
    /// Not everything is dealt yet.
    #[error("not everything is dealt yet")]
    TooEarly,
    /// There is no such dealing.
    #[error("there is no such dealing")]
    NoDealing,
}
