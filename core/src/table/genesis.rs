//! What a table starts from: its rules and its seats. The digest of both is the table's name.

use std::time::Duration;

use crate::craps::{Chips, Rules};
use crate::crypto::{Digest, Roster};
use crate::time::millis;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// The house rules, hashed into the genesis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableRules {
    /// Chips that each seat starts with.
    pub buy_in: Chips,
    /// Chips that the bank starts with.
    pub bank: Chips,
    /// Limits and pay variants of the layout.
    pub craps: Rules,
    /// How long a shooter may keep the others waiting before they may have the roll closed.
    pub idle_limit: Duration,
    /// How often a player who has lost everything may buy in again.
    pub rebuys: u8,
    /// Whether the stack of a player who is proven to have lied goes to the bank; otherwise it is frozen.
    pub forfeits: bool,
}

impl Default for TableRules {
    fn default() -> Self {
        Self {
            buy_in: 1_000,
            bank: 100_000,
            craps: Rules::default(),
            idle_limit: Duration::from_secs(30),
            rebuys: 3,
            forfeits: false,
        }
    }
}

impl Encode for TableRules {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.buy_in);
        writer.u64(self.bank);
        self.craps.encode(writer);
        writer.u64(millis(self.idle_limit));
        writer.u8(self.rebuys);
        writer.bool(self.forfeits);
    }
}

/// Rules and roster. All seats sign it, in the lobby and again in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Genesis {
    /// The house rules.
    pub rules: TableRules,
    /// The seats.
    pub roster: Roster,
}

impl Genesis {
    /// The table's name: every signature at this table covers it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(
            "bitcraps/genesis/v1",
            &[&self.rules.to_bytes(), &self.roster.digest().0],
        )
    }
}

impl Encode for Genesis {
    fn encode(&self, writer: &mut Writer) {
        self.rules.encode(writer);
        self.roster.encode(writer);
    }
}

impl Decode for Genesis {
    /// Rules that cannot be kept with so many seats are refused.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let genesis = Self {
            rules: TableRules::decode(reader)?,
            roster: Roster::decode(reader)?,
        };
        // Seats count up from 0 without gaps: nobody can have left a table that has not begun.
        let gapless = genesis.roster.len() == genesis.roster.bound();
        match genesis.rules.check(genesis.roster.len()) {
            Ok(()) if gapless => Ok(genesis),
            _ => Err(DecodeError::OutOfRange("genesis")),
        }
    }
}
