//! The check of a whole history, from its genesis alone.

use super::closing::Closing;
use super::flaw::Flaw;
use super::format::{FORMAT_VERSION, HEAD_BYTES, HISTORY_BYTES_MAX, MAGIC, Record};
use super::replay::Replay;
use crate::crypto::{Seat, Signature, Signed};
use crate::table::SettlementSheet;
use crate::wire::{PROTOCOL_VERSION, Reader};

/// What a history comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// True from the genesis to the closing statement.
    Valid {
        /// The last slot.
        sequence: u64,
        /// Who signed that the history ends here.
        closed_by: Seat,
        /// What every seat has.
        sheet: SettlementSheet,
    },
    /// True as far as it goes: the closing statement is missing, so more may have come.
    ValidTo {
        /// The last slot.
        sequence: u64,
        /// What every seat had then.
        sheet: SettlementSheet,
    },
    /// Not true.
    Broken(Breach),
}

/// Where a history breaks, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("byte {offset}, record {record}, after slot {sequence}: {flaw}")]
pub struct Breach {
    /// Where the record begins that is wrong, in bytes from the start of the file.
    pub offset: usize,
    /// Its number, from 0; the genesis is record 0.
    pub record: usize,
    /// The last slot that is true.
    pub sequence: u64,
    /// What is wrong.
    pub flaw: Flaw,
}

/// Replays a history from its genesis. Never panics, and takes time and memory in proportion to its length.
#[must_use]
pub fn verify_history(bytes: &[u8]) -> Verdict {
    let mut check = Check {
        replay: None,
        closed_by: None,
        announced: 0,
        offset: 0,
        record: 0,
    };
    match check.file(bytes) {
        Ok(()) => check.verdict(),
        Err(flaw) => Verdict::Broken(check.breach(flaw)),
    }
}

/// How far the check of a file has come.
#[derive(Debug)]
struct Check {
    replay: Option<Replay>,
    closed_by: Option<Seat>,
    /// The last epoch that a record has announced.
    announced: u64,
    offset: usize,
    record: usize,
}

impl Check {
    fn file(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        if bytes.len() > HISTORY_BYTES_MAX {
            return Err(Flaw::TooLong);
        }
        let mut reader = Reader::new(bytes);
        let head = reader.raw(HEAD_BYTES).map_err(|_| Flaw::Format)?;
        let versions = [FORMAT_VERSION.to_le_bytes(), PROTOCOL_VERSION.to_le_bytes()].concat();
        if head != [&MAGIC[..], &versions].concat() {
            return Err(Flaw::Format);
        }
        while reader.remaining() > 0 {
            self.offset = bytes.len() - reader.remaining();
            let record = Record::read(&mut reader)?;
            self.take(record)?;
            self.record += 1;
        }
        self.offset = bytes.len();
        if self.replay.is_some() {
            Ok(())
        } else {
            Err(Flaw::Order)
        }
    }

    fn take(&mut self, record: Record) -> Result<(), Flaw> {
        if self.closed_by.is_some() {
            return Err(Flaw::Order);
        }
        match (record, &mut self.replay) {
            (Record::Genesis(genesis), None) => {
                self.replay = Some(Replay::new(genesis).map_err(|_| Flaw::Genesis)?);
            }
            (
                Record::Epoch {
                    number,
                    first,
                    roster,
                },
                Some(replay),
            ) => {
                let epoch = replay.next_epoch();
                let follows = number == epoch.number && first == epoch.first;
                let begins = number != self.announced && first == replay.sequence() + 1;
                if !follows || !begins || roster != epoch.roster {
                    return Err(Flaw::Epoch);
                }
                self.announced = number;
            }
            (Record::Run(run), Some(replay)) => {
                if replay.next_epoch().number != self.announced {
                    return Err(Flaw::Epoch);
                }
                replay.apply(&run)?;
            }
            (
                Record::Closing {
                    sheet,
                    statement,
                    signature,
                },
                Some(replay),
            ) => {
                let seat = check_closing(replay, &sheet, &statement, signature)?;
                self.closed_by = Some(seat);
            }
            _ => return Err(Flaw::Order),
        }
        Ok(())
    }

    fn verdict(&self) -> Verdict {
        let Some(replay) = &self.replay else {
            return Verdict::Broken(self.breach(Flaw::Order));
        };
        let (sequence, sheet) = (replay.sequence(), replay.sheet());
        match self.closed_by {
            Some(closed_by) => Verdict::Valid {
                sequence,
                closed_by,
                sheet,
            },
            None => Verdict::ValidTo { sequence, sheet },
        }
    }

    fn breach(&self, flaw: Flaw) -> Breach {
        Breach {
            offset: self.offset,
            record: self.record,
            sequence: self.replay.as_ref().map_or(0, Replay::sequence),
            flaw,
        }
    }
}

/// Whether a seat signed that this is the end, and that it comes to this sheet.
fn check_closing(
    replay: &Replay,
    sheet: &SettlementSheet,
    statement: &[u8],
    signature: Signature,
) -> Result<Seat, Flaw> {
    if *sheet != replay.sheet() {
        return Err(Flaw::Sheet);
    }
    let seat = Seat(statement.first().copied().unwrap_or(u8::MAX));
    let key = replay.table().key_of(seat);
    let key = key.ok_or(Flaw::Closing)?;
    let signed = Signed::<Closing>::open(statement, signature, replay.context(), key);
    let signed = signed.map_err(|_| Flaw::Closing)?;
    let reached = (replay.sequence(), replay.chain());
    if *signed.value() == Closing::of(seat, reached, replay.table(), sheet) {
        Ok(seat)
    } else {
        Err(Flaw::Closing)
    }
}
