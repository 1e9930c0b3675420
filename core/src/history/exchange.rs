//! How phones fill each other's histories: link-local, unsigned, and nothing in it is believed before it is checked.

use super::archive::ANSWER_RUNS_MAX;
use super::run::Run;
use crate::wire::{Decode, DecodeError, Encode, Header, Kind, Reader, Writer};

/// "My history lacks this slot and what follows." A hint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HistoryWant {
    /// The table's tag.
    pub table: u16,
    /// The first slot that is missing.
    pub first: u64,
}

/// The runs from that slot on, as far as one answer goes; none if the sender lacks it too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryRuns {
    /// The table's tag.
    pub table: u16,
    /// The slot that was asked for.
    pub first: u64,
    /// The runs.
    pub runs: Vec<Run>,
}

impl HistoryRuns {
    /// An answer of runs that are encoded already.
    #[must_use]
    pub fn write(table: u16, first: u64, runs: &[Vec<u8>]) -> Vec<u8> {
        let mut writer = Writer::new();
        header(Kind::HistoryRuns, table).encode(&mut writer);
        writer.u64(first);
        writer.count_u8(runs.len());
        runs.iter().for_each(|run| writer.raw(run));
        writer.finish()
    }
}

impl Encode for HistoryWant {
    fn encode(&self, writer: &mut Writer) {
        header(Kind::HistoryWant, self.table).encode(writer);
        writer.u64(self.first);
    }
}

impl Decode for HistoryWant {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            table: read_header(Kind::HistoryWant, reader)?,
            first: reader.u64()?,
        })
    }
}

impl Encode for HistoryRuns {
    fn encode(&self, writer: &mut Writer) {
        header(Kind::HistoryRuns, self.table).encode(writer);
        writer.u64(self.first);
        writer.count_u8(self.runs.len());
        self.runs.iter().for_each(|run| run.encode(writer));
    }
}

impl Decode for HistoryRuns {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let table = read_header(Kind::HistoryRuns, reader)?;
        let first = reader.u64()?;
        let count = reader.count_u8(ANSWER_RUNS_MAX, "runs")?;
        let runs = (0..count)
            .map(|_| Run::decode(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self { table, first, runs })
    }
}

const fn header(kind: Kind, table: u16) -> Header {
    Header {
        kind,
        table,
        view: 0,
        sequence: 0,
    }
}

/// The table's tag; view and sequence are not looked at, as in all link-local messages.
fn read_header(kind: Kind, reader: &mut Reader<'_>) -> Result<u16, DecodeError> {
    let header = Header::decode(reader)?;
    if header.kind == kind {
        Ok(header.table)
    } else {
        Err(DecodeError::UnknownKind(header.kind as u8))
    }
}
