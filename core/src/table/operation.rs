//! What a player can ask of the table: the payload of a request.

use crate::consensus::Evidence;
use crate::craps::{BetKind, Chips};
use crate::crypto::Digest;
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
    /// Interim dice: a commitment.
    DiceCommit {
        /// The roll's number.
        roll: u64,
        /// See [`crate::dice::commitment`].
        digest: Digest,
    },
    /// Interim dice: the secret behind the commitment.
    DiceReveal {
        /// The roll's number.
        roll: u64,
        /// The secret.
        secret: [u8; 32],
    },
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
            Self::DiceCommit { roll, digest } => {
                writer.u8(7);
                writer.u64(*roll);
                digest.encode(writer);
            }
            Self::DiceReveal { roll, secret } => {
                writer.u8(8);
                writer.u64(*roll);
                writer.raw(secret);
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
            7 => Self::DiceCommit {
                roll: reader.u64()?,
                digest: Digest::decode(reader)?,
            },
            8 => Self::DiceReveal {
                roll: reader.u64()?,
                secret: reader.array()?,
            },
            9 => Self::PassDice {
                roll: reader.u64()?,
            },
            10 => Self::Leave,
            11 => Self::Evidence(Box::new(Evidence::decode(reader)?)),
            _ => return Err(DecodeError::OutOfRange("operation")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craps::BoxNumber;

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
            Operation::DiceCommit {
                roll: 3,
                digest: Digest([1; 32]),
            },
            Operation::DiceReveal {
                roll: 3,
                secret: [2; 32],
            },
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
