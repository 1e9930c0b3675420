//! The settlement sheet: who is up, who is down, what is still open and for whom it waits.

use super::members::{Gone, UNSEATED};
use super::state::Table;
use crate::consensus::Lie;
use crate::craps::Chips;
use crate::crypto::{SEATS_MAX, Seat, SeatSet};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// The table's books as of a slot, in a form that can be handed to a stranger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettlementSheet {
    /// A line for each seat that ever had chips, in order.
    pub lines: Vec<SheetLine>,
    /// Chips that the bank started with.
    pub bank_start: Chips,
    /// Chips that the bank has.
    pub bank: Chips,
    /// Rolls settled.
    pub rolls: u64,
    /// The roll that is closed and not settled yet.
    pub pending: Option<PendingRoll>,
    /// Operations that are ordered and wait for that roll.
    pub waiting: u16,
    /// The slot in which the table was dissolved: then nothing can follow.
    pub dissolved: Option<u64>,
}

/// One seat's account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SheetLine {
    /// Whose.
    pub seat: Seat,
    /// Chips it was given in all.
    pub start: Chips,
    /// Chips on its stack.
    pub stack: Chips,
    /// Chips that it has on the layout, undecided.
    pub layout: Chips,
    /// Why it plays no more; `None` while it does.
    pub gone: Option<Gone>,
}

impl SheetLine {
    /// Chips that are the seat's, on its stack or on the layout.
    #[must_use]
    pub const fn total(&self) -> Chips {
        self.stack.saturating_add(self.layout)
    }

    /// How far the seat is up, or below zero how far it is down.
    #[must_use]
    pub fn up(&self) -> i128 {
        i128::from(self.total()) - i128::from(self.start)
    }
}

/// A roll whose bets are closed and whose dice are not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PendingRoll {
    /// Its number.
    pub roll: u64,
    /// Whose share is missing. Any q of its epoch settle it.
    pub waits_for: SeatSet,
}

impl SettlementSheet {
    /// All chips that there are: stacks, layout and bank. Never more or less than was issued.
    #[must_use]
    pub fn total(&self) -> Option<Chips> {
        let mut chips = self.lines.iter().flat_map(|line| [line.stack, line.layout]);
        chips.try_fold(self.bank, Chips::checked_add)
    }
}

impl Table {
    /// The books as of the last slot. `shown` are those who have shown their share of a roll that waits.
    #[must_use]
    pub fn sheet(&self, shown: SeatSet) -> SettlementSheet {
        let line = |seat: Seat| SheetLine {
            seat,
            start: self.given(seat),
            stack: self.ledger.stack(seat).unwrap_or(0),
            layout: self.ledger.escrow(seat).unwrap_or(0),
            gone: self.gone(seat),
        };
        let pending = self.dice.closed().map(|closed| {
            let members = self.epoch_at(closed.sequence).roster.seats();
            PendingRoll {
                roll: closed.roll,
                waits_for: members.filter(|seat| !shown.contains(*seat)).collect(),
            }
        });
        SettlementSheet {
            lines: self.all_seats().map(line).collect(),
            bank_start: self.genesis.rules.bank,
            bank: self.ledger.bank(),
            rolls: self.rolls(),
            pending,
            waiting: u16::try_from(self.deferred.len()).unwrap_or(u16::MAX),
            dissolved: self.dissolved(),
        }
    }
}

/// How a player who still plays is written where the lie of one who does not may stand.
const PLAYS: u8 = u8::MAX;

impl Encode for SettlementSheet {
    fn encode(&self, writer: &mut Writer) {
        writer.count_u8(self.lines.len());
        for line in &self.lines {
            writer.u8(line.seat.0);
            writer.u64(line.start);
            writer.u64(line.stack);
            writer.u64(line.layout);
            writer.u8(match line.gone {
                None => PLAYS,
                Some(Gone::Left) => 0,
                Some(Gone::Unseated) => UNSEATED,
                Some(Gone::Convicted(lie)) => lie as u8,
            });
        }
        writer.u64(self.bank_start);
        writer.u64(self.bank);
        writer.u64(self.rolls);
        writer.bool(self.pending.is_some());
        if let Some(pending) = &self.pending {
            writer.u64(pending.roll);
            pending.waits_for.encode(writer);
        }
        writer.u16(self.waiting);
        writer.u64(self.dissolved.unwrap_or(0));
    }
}

impl Decode for SettlementSheet {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut lines: Vec<SheetLine> = Vec::new();
        for _ in 0..reader.count_u8(SEATS_MAX, "lines")? {
            let line = read_line(reader)?;
            let follows = lines.last().is_none_or(|last| last.seat < line.seat);
            if !follows || line.seat.index() >= SEATS_MAX {
                return Err(DecodeError::OutOfRange("line"));
            }
            lines.push(line);
        }
        Ok(Self {
            lines,
            bank_start: reader.u64()?,
            bank: reader.u64()?,
            rolls: reader.u64()?,
            pending: if reader.bool("has a pending roll")? {
                Some(PendingRoll {
                    roll: reader.u64()?,
                    waits_for: SeatSet::decode(reader)?,
                })
            } else {
                None
            },
            waiting: reader.u16()?,
            dissolved: Some(reader.u64()?).filter(|slot| *slot > 0),
        })
    }
}

fn read_line(reader: &mut Reader<'_>) -> Result<SheetLine, DecodeError> {
    Ok(SheetLine {
        seat: Seat(reader.u8()?),
        start: reader.u64()?,
        stack: reader.u64()?,
        layout: reader.u64()?,
        gone: match reader.u8()? {
            PLAYS => None,
            0 => Some(Gone::Left),
            UNSEATED => Some(Gone::Unseated),
            lie => Some(Gone::Convicted(
                Lie::from_u8(lie).ok_or(DecodeError::OutOfRange("lie"))?,
            )),
        },
    })
}
