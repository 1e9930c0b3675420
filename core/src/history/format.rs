//! The file: eight bytes of magic, two versions, then records. `core/docs/history-format.md` has every byte.

use super::closing::Closing;
use super::run::Run;
use crate::consensus::Epoch;
use crate::crypto::{Identity, Roster, SIGNATURE_BYTES, Signature, Signed};
use crate::table::{Genesis, SettlementSheet};
use crate::wire::{Decode, DecodeError, Encode, PROTOCOL_VERSION, Reader, Writer};

/// How a history begins.
pub const MAGIC: [u8; 8] = *b"BITCRAPS";
/// Of the file's layout; what is inside follows the protocol's version.
pub const FORMAT_VERSION: u16 = 1;
/// No history is longer.
pub const HISTORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Magic and versions.
pub(super) const HEAD_BYTES: usize = 12;

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum RecordKind {
    /// Rules and roster; the first record and no other.
    Genesis = 1,
    /// Who votes from here on; before the first run of each epoch but the first.
    Epoch = 2,
    /// Slots and what decided them.
    Run = 3,
    /// The settlement sheet and the closing statement; the last record.
    Closing = 4,
}

impl RecordKind {
    fn from_u8(byte: u8) -> Option<Self> {
        [Self::Genesis, Self::Epoch, Self::Run, Self::Closing]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// One record, decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Record {
    Genesis(Genesis),
    Epoch {
        number: u64,
        first: u64,
        roster: Roster,
    },
    Run(Run),
    Closing {
        sheet: SettlementSheet,
        statement: Vec<u8>,
        signature: Signature,
    },
}

impl Record {
    /// Takes the next record off the front.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let byte = reader.u8()?;
        let kind = RecordKind::from_u8(byte).ok_or(DecodeError::UnknownKind(byte))?;
        let length = usize::try_from(reader.u32()?).map_err(|_| DecodeError::Truncated)?;
        let mut body = Reader::new(reader.raw(length)?);
        let record = match kind {
            RecordKind::Genesis => Self::Genesis(Genesis::decode(&mut body)?),
            RecordKind::Epoch => Self::Epoch {
                number: body.u64()?,
                first: body.u64()?,
                roster: Roster::decode(&mut body)?,
            },
            RecordKind::Run => Self::Run(Run::decode(&mut body)?),
            RecordKind::Closing => {
                let sheet = SettlementSheet::decode(&mut body)?;
                let rest = body.remaining().checked_sub(SIGNATURE_BYTES);
                Self::Closing {
                    sheet,
                    statement: body.raw(rest.ok_or(DecodeError::Truncated)?)?.to_vec(),
                    signature: Signature::decode(&mut body)?,
                }
            }
        };
        body.finish()?;
        Ok(record)
    }
}

/// Writes a history, record by record.
#[derive(Debug)]
pub(super) struct HistoryWriter(Writer);

impl HistoryWriter {
    pub(super) fn begin(genesis: &Genesis) -> Self {
        let mut writer = Writer::new();
        writer.raw(&MAGIC);
        writer.u16(FORMAT_VERSION);
        writer.u16(PROTOCOL_VERSION);
        let mut history = Self(writer);
        history.record(RecordKind::Genesis, &genesis.to_bytes());
        history
    }

    pub(super) fn epoch(&mut self, epoch: &Epoch) {
        let mut body = Writer::new();
        body.u64(epoch.number);
        body.u64(epoch.first);
        epoch.roster.encode(&mut body);
        self.record(RecordKind::Epoch, &body.finish());
    }

    /// A run that is encoded already.
    pub(super) fn run(&mut self, bytes: &[u8]) {
        self.record(RecordKind::Run, bytes);
    }

    pub(super) fn closing(
        &mut self,
        sheet: &SettlementSheet,
        closing: Closing,
        context: &crate::crypto::Context,
        identity: &Identity,
    ) {
        let signed = Signed::sign(closing, context, identity);
        let mut body = Writer::new();
        sheet.encode(&mut body);
        body.raw(signed.bytes());
        signed.signature().encode(&mut body);
        self.record(RecordKind::Closing, &body.finish());
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0.finish()
    }

    fn record(&mut self, kind: RecordKind, body: &[u8]) {
        self.0.u8(kind as u8);
        self.0.u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
        self.0.raw(body);
    }
}
