//! What a player can ask of the table: the payload of a request.

use super::dealing::{AttemptId, FalseShare};
use super::seating::Carried;
use super::wishes::Wish;
use crate::consensus::Evidence;
use crate::craps::{BetKind, Chips};
use crate::dice::{Complaint, Dealing};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// One operation of one player.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Put chips on a bet; adds to it if it stands already.
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
    /// The shooter closes the bets of a roll.
    RollClose {
        /// The roll's number, from 1.
        roll: u64,
    },
    /// "The shooter keeps us waiting": with q of these the roll is closed without the shooter.
    Idle {
        /// The roll's number.
        roll: u64,
    },
    /// The shooter passes the dice to the next seat, on a come-out.
    PassDice {
        /// The open roll's number.
        roll: u64,
    },
    /// The player goes, with its stack.
    Leave,
    /// Proof that somebody lied.
    Evidence(Box<Evidence>),
    /// A part of the dice's next key.
    Deal(AttemptId, Box<Dealing>),
    /// "My shares in these dealings are right."
    Acknowledge(AttemptId),
    /// "My share in this dealing is false."
    Complain(AttemptId, Complaint),
    /// "This attempt comes to nothing": with q of these another begins.
    GiveUp(AttemptId),
    /// Proof that somebody signed a false share of a roll.
    FalseShare(Box<FalseShare>),
    /// "I want this too": with q of these it comes about.
    Tap(Wish),
    /// "I play by these rules, with these others": every seat's first word.
    Sign,
    /// What a newcomer says about its part of the next key.
    Carry(Box<Carried>),
    /// A player who has lost everything buys in again.
    BuyIn,
}

impl Encode for Operation {
    fn encode(&self, writer: &mut Writer) {
        match self {
            Self::PlaceBet { kind, amount } => {
                writer.u8(1);
                kind.encode(writer);
                writer.u64(*amount);
            }
            Self::ReduceBet { kind, by } => {
                writer.u8(2);
                kind.encode(writer);
                writer.u64(*by);
            }
            Self::RemoveBet { kind } => {
                writer.u8(3);
                kind.encode(writer);
            }
            Self::SetWorking { kind, on } => {
                writer.u8(4);
                kind.encode(writer);
                writer.bool(*on);
            }
            Self::RollClose { roll } => {
                writer.u8(5);
                writer.u64(*roll);
            }
            Self::Idle { roll } => {
                writer.u8(6);
                writer.u64(*roll);
            }
            Self::Deal(id, dealing) => {
                writer.u8(7);
                id.encode(writer);
                dealing.encode(writer);
            }
            Self::Acknowledge(id) => {
                writer.u8(8);
                id.encode(writer);
            }
            Self::Complain(id, complaint) => {
                writer.u8(20);
                id.encode(writer);
                complaint.encode(writer);
            }
            Self::GiveUp(id) => {
                writer.u8(21);
                id.encode(writer);
            }
            Self::FalseShare(shown) => {
                writer.u8(22);
                shown.encode(writer);
            }
            Self::Sign => writer.u8(24),
            Self::Carry(carried) => {
                writer.u8(25);
                carried.encode(writer);
            }
            Self::BuyIn => writer.u8(26),
            Self::Tap(wish) => {
                writer.u8(23);
                wish.encode(writer);
            }
            Self::PassDice { roll } => {
                writer.u8(9);
                writer.u64(*roll);
            }
            Self::Leave => writer.u8(10),
            Self::Evidence(evidence) => {
                writer.u8(11);
                evidence.encode(writer);
            }
        }
    }
}

impl Decode for Operation {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8()? {
            1 => Self::PlaceBet {
                kind: BetKind::decode(reader)?,
                amount: reader.u64()?,
            },
            2 => Self::ReduceBet {
                kind: BetKind::decode(reader)?,
                by: reader.u64()?,
            },
            3 => Self::RemoveBet {
                kind: BetKind::decode(reader)?,
            },
            4 => Self::SetWorking {
                kind: BetKind::decode(reader)?,
                on: reader.bool("working")?,
            },
            5 => Self::RollClose {
                roll: reader.u64()?,
            },
            6 => Self::Idle {
                roll: reader.u64()?,
            },
            7 => Self::Deal(
                AttemptId::decode(reader)?,
                Box::new(Dealing::decode(reader)?),
            ),
            8 => Self::Acknowledge(AttemptId::decode(reader)?),
            9 => Self::PassDice {
                roll: reader.u64()?,
            },
            10 => Self::Leave,
            11 => Self::Evidence(Box::new(Evidence::decode(reader)?)),
            20 => Self::Complain(AttemptId::decode(reader)?, Complaint::decode(reader)?),
            21 => Self::GiveUp(AttemptId::decode(reader)?),
            24 => Self::Sign,
            25 => Self::Carry(Box::new(Carried::decode(reader)?)),
            26 => Self::BuyIn,
            23 => Self::Tap(Wish::decode(reader)?),
            22 => Self::FalseShare(Box::new(FalseShare::decode(reader)?)),
            _ => return Err(DecodeError::OutOfRange("operation")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craps::BoxNumber;

    const ID: AttemptId = AttemptId {
        epoch: 5,
        attempt: 1,
    };

    #[test]
    fn every_operation_comes_back_from_its_bytes_and_no_prefix_does() {
        let kind = BetKind::Place(BoxNumber::Six);
        for operation in [
            Operation::PlaceBet { kind, amount: 12 },
            Operation::ReduceBet { kind, by: 6 },
            Operation::RemoveBet { kind },
            Operation::SetWorking { kind, on: true },
            Operation::RollClose { roll: 3 },
            Operation::Idle { roll: 3 },
            Operation::PassDice { roll: 3 },
            Operation::Leave,
            Operation::Deal(
                ID,
                Box::new(Dealing {
                    commitments: vec![[1; 32]; 3],
                    challenge: [2; 32],
                    response: [3; 32],
                    shares: vec![[4; 32]; 4],
                }),
            ),
            Operation::Acknowledge(ID),
            Operation::GiveUp(ID),
        ] {
            let bytes = operation.to_bytes();
            assert_eq!(Operation::from_bytes(&bytes), Ok(operation));
            for length in 0..bytes.len() {
                assert!(Operation::from_bytes(&bytes[..length]).is_err());
            }
            let longer = [&bytes[..], &[0]].concat();
            assert_eq!(Operation::from_bytes(&longer), Err(DecodeError::Trailing));
        }
    }
}
