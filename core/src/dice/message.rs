//! A share on its way: signed by its member, and as it travels.

use super::coin::Share;
use crate::crypto::{Context, Digest, Identity, Signature, Signed, Statement};
use crate::wire::{Decode, DecodeError, Encode, Header, Kind, Reader, Writer};

/// What a member signs with its share: a share that is false is proven to be by this statement alone, and a member that
/// closed the roll on another chain has said nothing false.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RollShare {
    /// The roll.
    pub roll: u64,
    /// C_s of its close.
    pub chain: Digest,
    /// The share.
    pub share: Share,
}

impl Encode for RollShare {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.roll);
        self.chain.encode(writer);
        self.share.encode(writer);
    }
}

impl Decode for RollShare {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            roll: reader.u64()?,
            chain: Digest::decode(reader)?,
            share: Share::decode(reader)?,
        })
    }
}

impl Statement for RollShare {
    const TAG: &'static str = "bitcraps/roll-share/v1";
}

/// A share as it travels: roll and chain are not sent, whoever waits for the roll knows them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShareMessage {
    /// The share.
    pub share: Share,
    /// Over [`RollShare`].
    pub signature: Signature,
}

impl ShareMessage {
    /// Signs a share.
    #[must_use]
    pub fn sign(statement: RollShare, context: &Context, identity: &Identity) -> Self {
        Self {
            share: statement.share,
            signature: *Signed::sign(statement, context, identity).signature(),
        }
    }

    /// The whole message of a roll.
    #[must_use]
    pub fn to_wire(&self, table: u16, roll: u64) -> Vec<u8> {
        let mut writer = Writer::new();
        let [low, high, ..] = roll.to_le_bytes();
        let header = Header {
            kind: Kind::Share,
            table,
            view: 0,
            sequence: u16::from_le_bytes([low, high]),
        };
        header.encode(&mut writer);
        self.encode(&mut writer);
        writer.finish()
    }
}

impl Encode for ShareMessage {
    fn encode(&self, writer: &mut Writer) {
        self.share.encode(writer);
        self.signature.encode(writer);
    }
}

impl Decode for ShareMessage {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            share: Share::decode(reader)?,
            signature: Signature::decode(reader)?,
        })
    }
}
