//! Interim dice: commit–reveal in the log. See the module's header for what it does not give.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::{Digest, SEATS_MAX, Seat};
use crate::wire::{DecodeError, Encode, Reader, Writer};

/// Whoever has not revealed this many slots after the close is left out of the roll.
pub const REVEAL_SLOTS: u64 = 16;

/// What a player commits to: bound to table, roll and seat, so that nobody can copy another's.
#[must_use]
pub fn commitment(table: &Digest, roll: u64, seat: Seat, secret: &[u8; 32]) -> Digest {
    Digest::of(
        "bitcraps/interim/commitment/v1",
        &[&table.0, &roll.to_le_bytes(), &[seat.0], secret],
    )
}

/// Why a commitment or a reveal was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DiceRefusal {
    /// Only the open roll and the next one take commitments.
    #[error("commitment for roll {given}, only rolls {open} and {} are open", .open + 1)]
    CommitRoll {
        /// The roll it was for.
        given: u64,
        /// The open roll.
        open: u64,
    },
    /// The open roll is closed: nobody joins once reveals may be known.
    #[error("commitment after the roll was closed")]
    CommitClosed,
    /// One commitment for each player and roll.
    #[error("second commitment for the same roll")]
    CommitTwice,
    /// Reveals are for the roll that is closed and not settled.
    #[error("reveal for roll {0}, which is not waiting for reveals")]
    RevealRoll(u64),
    /// It does not fit the commitment, or there is none.
    #[error("reveal does not match the commitment")]
    RevealMismatch,
    /// One reveal for each player and roll.
    #[error("second reveal for the same roll")]
    RevealTwice,
}

/// The commitments and reveals of the open roll, and early commitments for the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitReveal {
    table: Digest,
    roll: u64,
    commitments: BTreeMap<Seat, Digest>,
    next: BTreeMap<Seat, Digest>,
    reveals: BTreeMap<Seat, [u8; 32]>,
    closed_at: Option<u64>,
}

/// A roll's dice, and who committed and then kept silent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What both dice are made from.
    pub seed: Digest,
    /// Seats that are left out.
    pub left_out: Vec<Seat>,
}

impl CommitReveal {
    /// Before the first roll of a table.
    #[must_use]
    pub const fn new(table: Digest) -> Self {
        Self {
            table,
            roll: 1,
            commitments: BTreeMap::new(),
            next: BTreeMap::new(),
            reveals: BTreeMap::new(),
            closed_at: None,
        }
    }

    /// The number of the roll that is open or waiting for reveals.
    #[must_use]
    pub const fn roll(&self) -> u64 {
        self.roll
    }

    /// Whether the roll is closed and its dice are still to come.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed_at.is_some()
    }

    /// How many players have committed to the roll.
    #[must_use]
    pub fn committed(&self) -> usize {
        self.commitments.len()
    }

    /// Whether a player has committed to `roll`.
    #[must_use]
    pub fn has_committed(&self, roll: u64, seat: Seat) -> bool {
        let commitments = if roll == self.roll {
            &self.commitments
        } else {
            &self.next
        };
        commitments.contains_key(&seat)
    }

    /// Whether a player's reveal for the closed roll is still missing.
    #[must_use]
    pub fn owes_reveal(&self, seat: Seat) -> bool {
        self.is_closed()
            && self.commitments.contains_key(&seat)
            && !self.reveals.contains_key(&seat)
    }

    /// Takes a commitment for the open roll or the next.
    ///
    /// # Errors
    /// [`DiceRefusal`]; nothing changes then.
    pub fn commit(&mut self, seat: Seat, roll: u64, digest: Digest) -> Result<(), DiceRefusal> {
        let commitments = if roll == self.roll && !self.is_closed() {
            &mut self.commitments
        } else if roll == self.roll {
            return Err(DiceRefusal::CommitClosed);
        } else if roll == self.roll + 1 {
            &mut self.next
        } else {
            return Err(DiceRefusal::CommitRoll {
                given: roll,
                open: self.roll,
            });
        };
        if commitments.contains_key(&seat) {
            return Err(DiceRefusal::CommitTwice);
        }
        commitments.insert(seat, digest);
        Ok(())
    }

    /// Closes the roll at a slot: from here on only reveals count for it.
    pub fn close(&mut self, sequence: u64) {
        self.closed_at.get_or_insert(sequence);
    }

    /// Takes a reveal for the closed roll.
    ///
    /// # Errors
    /// [`DiceRefusal`]; nothing changes then.
    pub fn reveal(&mut self, seat: Seat, roll: u64, secret: [u8; 32]) -> Result<(), DiceRefusal> {
        if roll != self.roll || !self.is_closed() {
            return Err(DiceRefusal::RevealRoll(roll));
        }
        let expected = commitment(&self.table, roll, seat, &secret);
        if self.commitments.get(&seat) != Some(&expected) {
            return Err(DiceRefusal::RevealMismatch);
        }
        if self.reveals.insert(seat, secret).is_some() {
            return Err(DiceRefusal::RevealTwice);
        }
        Ok(())
    }

    /// The outcome, if it is due after slot `sequence`: everybody has revealed, or the time for it is over and
    /// at least `least` have. With `least` = f + 1 an honest secret is among them. The next roll is then open.
    pub fn settle(&mut self, sequence: u64, least: usize) -> Option<Outcome> {
        let closed_at = self.closed_at?;
        let complete = self.reveals.len() == self.commitments.len();
        let over = sequence >= closed_at.saturating_add(REVEAL_SLOTS);
        if !(complete || over) || self.reveals.len() < least {
            return None;
        }
        let mut parts: Vec<Vec<u8>> = vec![self.table.0.to_vec(), self.roll.to_le_bytes().to_vec()];
        for (seat, secret) in &self.reveals {
            parts.push([&[seat.0][..], secret].concat());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let seed = Digest::of("bitcraps/interim/seed/v1", &parts);
        let committed: BTreeSet<Seat> = self.commitments.keys().copied().collect();
        let revealed: BTreeSet<Seat> = self.reveals.keys().copied().collect();
        let left_out = committed.difference(&revealed).copied().collect();
        self.roll += 1;
        self.commitments = std::mem::take(&mut self.next);
        self.reveals.clear();
        self.closed_at = None;
        Some(Outcome { seed, left_out })
    }

    /// Reads the state of this table's dice.
    ///
    /// # Errors
    /// Whatever makes the bytes something else than such a state.
    pub fn read(reader: &mut Reader<'_>, table: Digest) -> Result<Self, DecodeError> {
        let roll = reader.u64()?;
        let closed_at = match reader.u64()? {
            0 => None,
            sequence => Some(sequence),
        };
        let commitments = read_seats(reader)?;
        let next = read_seats(reader)?;
        let reveals: BTreeMap<Seat, [u8; 32]> = read_seats(reader)?;
        let fits = |(seat, secret): (&Seat, &[u8; 32])| {
            let expected = Digest(*commitments.get(seat).unwrap_or(&[0; 32]));
            commitment(&table, roll, *seat, secret) == expected
        };
        let open = closed_at.is_none() && !reveals.is_empty();
        if roll == 0 || open || !reveals.iter().all(fits) {
            return Err(DecodeError::OutOfRange("dice"));
        }
        let digests = |map: BTreeMap<Seat, [u8; 32]>| {
            map.into_iter()
                .map(|(seat, bytes)| (seat, Digest(bytes)))
                .collect()
        };
        Ok(Self {
            table,
            roll,
            commitments: digests(commitments),
            next: digests(next),
            reveals,
            closed_at,
        })
    }
}

impl Encode for CommitReveal {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.roll);
        writer.u64(self.closed_at.unwrap_or(0));
        for commitments in [&self.commitments, &self.next] {
            let entries = commitments.iter().map(|(seat, digest)| (seat, &digest.0));
            write_seats(entries, commitments.len(), writer);
        }
        write_seats(self.reveals.iter(), self.reveals.len(), writer);
    }
}

fn write_seats<'a>(
    entries: impl Iterator<Item = (&'a Seat, &'a [u8; 32])>,
    count: usize,
    writer: &mut Writer,
) {
    writer.count_u8(count);
    for (seat, bytes) in entries {
        writer.u8(seat.0);
        writer.raw(bytes);
    }
}

fn read_seats(reader: &mut Reader<'_>) -> Result<BTreeMap<Seat, [u8; 32]>, DecodeError> {
    let mut entries = BTreeMap::new();
    for _ in 0..reader.count_u8(SEATS_MAX, "seats")? {
        let seat = Seat(reader.u8()?);
        let follows = entries
            .last_key_value()
            .is_none_or(|(last, _)| *last < seat);
        if !follows || seat.index() >= SEATS_MAX {
            return Err(DecodeError::OutOfRange("seat order"));
        }
        entries.insert(seat, reader.array()?);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Digest = Digest([9; 32]);

    fn secret(seat: u8) -> [u8; 32] {
        [seat + 1; 32]
    }

    fn committed(seats: u8) -> CommitReveal {
        let mut dice = CommitReveal::new(TABLE);
        for seat in 0..seats {
            let digest = commitment(&TABLE, 1, Seat(seat), &secret(seat));
            dice.commit(Seat(seat), 1, digest).unwrap();
        }
        dice
    }

    #[test]
    fn the_roll_waits_for_every_reveal_and_then_needs_no_clock() {
        let mut dice = committed(3);
        dice.close(10);
        for seat in 0..3 {
            assert_eq!(dice.settle(11, 1), None);
            dice.reveal(Seat(seat), 1, secret(seat)).unwrap();
        }
        let outcome = dice.settle(11, 1).unwrap();
        assert!(outcome.left_out.is_empty());
        assert_eq!(dice.roll(), 2);
    }

    #[test]
    fn who_has_not_revealed_sixteen_slots_after_the_close_is_left_out() {
        let mut dice = committed(3);
        dice.close(10);
        dice.reveal(Seat(0), 1, secret(0)).unwrap();
        dice.reveal(Seat(2), 1, secret(2)).unwrap();
        assert_eq!(dice.settle(25, 2), None);
        assert_eq!(dice.settle(26, 2).unwrap().left_out, [Seat(1)]);
    }

    #[test]
    fn fewer_than_f_plus_one_reveals_never_make_a_roll() {
        let mut dice = committed(3);
        dice.close(10);
        dice.reveal(Seat(0), 1, secret(0)).unwrap();
        assert_eq!(dice.settle(1000, 2), None);
        dice.reveal(Seat(1), 1, secret(1)).unwrap();
        assert!(dice.settle(1000, 2).is_some());
    }

    #[test]
    fn copied_late_double_and_false_secrets_are_refused() {
        let mut dice = committed(2);
        let copied = commitment(&TABLE, 1, Seat(0), &secret(0));
        assert_eq!(
            dice.commit(Seat(0), 1, copied),
            Err(DiceRefusal::CommitTwice)
        );
        dice.commit(Seat(2), 1, copied).unwrap();
        assert_eq!(
            dice.reveal(Seat(0), 1, secret(0)),
            Err(DiceRefusal::RevealRoll(1))
        );
        dice.close(10);
        assert_eq!(
            dice.commit(Seat(3), 1, copied),
            Err(DiceRefusal::CommitClosed)
        );
        assert_eq!(
            dice.reveal(Seat(2), 1, secret(0)),
            Err(DiceRefusal::RevealMismatch)
        );
        assert_eq!(
            dice.reveal(Seat(1), 1, secret(0)),
            Err(DiceRefusal::RevealMismatch)
        );
        dice.reveal(Seat(1), 1, secret(1)).unwrap();
        assert_eq!(
            dice.reveal(Seat(1), 1, secret(1)),
            Err(DiceRefusal::RevealTwice)
        );
        assert_eq!(
            dice.commit(Seat(1), 3, copied).unwrap_err(),
            DiceRefusal::CommitRoll { given: 3, open: 1 }
        );
    }

    #[test]
    fn every_secret_changes_the_seed() {
        let seed = |changed: Option<u8>| {
            let mut dice = CommitReveal::new(TABLE);
            let secrets: Vec<[u8; 32]> = (0..3)
                .map(|s| {
                    if changed == Some(s) {
                        [99; 32]
                    } else {
                        secret(s)
                    }
                })
                .collect();
            for (seat, secret) in (0..).map(Seat).zip(&secrets) {
                dice.commit(seat, 1, commitment(&TABLE, 1, seat, secret))
                    .unwrap();
            }
            dice.close(1);
            for (seat, secret) in (0..).map(Seat).zip(&secrets) {
                dice.reveal(seat, 1, *secret).unwrap();
            }
            dice.settle(1, 2).unwrap().seed
        };
        let plain = seed(None);
        assert!((0..3).all(|changed| seed(Some(changed)) != plain));
    }
}
