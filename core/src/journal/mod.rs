//! The journal as bytes: what a shell appends to its file, and how it reads the file back after a restart.
//!
//! The core has no files, so this is bytes in and bytes out. A shell keeps one file for each table, out of backups and
//! not synced to anywhere, and drives it like this:
//!
//! ```
//! use bitcraps_core::journal::{Journal, ReadError};
//! # let file: Vec<u8> = Vec::new(); // what the file holds; nothing for a new one
//! // At the start: read the file whole.
//! let (mut journal, records) = match Journal::read(&file) {
//!     Ok(read) => {
//!         // Cut the file to `read.length` bytes. If that is 0, write `read.begin` to it. Sync.
//!         (read.journal, read.records)
//!     }
//!     // Move the damaged file aside and begin a new one: the phone then observes until the next epoch.
//!     Err(ReadError::Damaged { .. } | ReadError::NotAJournal) => {
//!         let (journal, begin) = Journal::create(); // write `begin`, sync
//!         (journal, Vec::new())
//!     }
//! };
//! // Node::open(config, entropy, &records)?; then, whenever the node hands out records:
//! let group = vec![b"record".to_vec(), b"another".to_vec()]; // every Output::Persist up to the next other output
//! let block = journal.seal(&group); // append it in one write, sync once, and only then act on what follows
//! # let _ = block;
//! ```
//!
//! **If a write or a sync fails**, the shell stops the node: it sends nothing more, tells the player, and starts again
//! from the file later. It must not go on, nor try the sync again (after a failed one an OS may say that all is well
//! and have dropped the pages). A sync that lies is out of scope.
//!
//! **Blocks.** What is synced at once is one block with one checksum, so after a crash it is there whole or not at all.
//! Every block's checksum covers that of the block before, so blocks cannot be swapped, lost or left over from
//! an older file without being noticed. A bad block with nothing valid behind it is a write that a crash tore: it is cut
//! off, because nothing that followed from it has left the phone. A bad block with valid ones behind it is damage, and
//! the error names where it begins.
//!
//! **Compaction.** A journal only grows while it is in use. At a start, before opening the node,
//! [`compacted`](crate::consensus::compacted) says which records the node can do without; a shell that finds it worth
//! the while writes the rest into a new file ([`Journal::create`], [`Journal::seal`]), syncs it, renames it over the old one
//! and syncs the folder.
//!
//! Layouts, byte by byte: `core/docs/protocol.md`, 5.14.

use crate::crypto::Digest;

/// What a journal's file begins with, version included.
const MAGIC: [u8; 8] = *b"BCJRNL\x01\n";
/// Length, and its own checksum.
const FRAME: usize = 8;
/// A block's checksum stands at its end.
const CHECK: usize = 8;
/// Most bytes of records in one block; longer groups are sealed as several.
pub const BLOCK_BYTES_MAX: usize = 1 << 20;
/// Most bytes in one record: a checkpoint's state with everything around it, and then some.
pub const RECORD_BYTES_MAX: usize = 1 << 18;

/// The last block's checksum: where a journal goes on.
type Check = [u8; CHECK];

/// The writing end of a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Journal {
    last: Check,
}

/// What a file holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    /// Goes on where the file's good part ends.
    pub journal: Journal,
    /// The records, in order.
    pub records: Vec<Vec<u8>>,
    /// How long the good part is. The file is cut to this before anything is appended.
    pub length: usize,
    /// What an empty file must begin with, if `length` is 0.
    pub begin: Vec<u8>,
}

/// Why a file is no journal that a phone may go on from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// It begins like nothing that was ever written here, or like the journal of another version.
    #[error("not a journal of this version")]
    NotAJournal,
    /// Something that was synced is not what was written: a block is wrong, and good ones follow.
    #[error("the journal is damaged at byte {offset}")]
    Damaged {
        /// Where the bad block begins.
        offset: usize,
    },
}

impl Journal {
    /// An empty journal, and the bytes that its file begins with.
    #[must_use]
    pub fn create() -> (Self, Vec<u8>) {
        (
            Self {
                last: check(&[&MAGIC]),
            },
            MAGIC.to_vec(),
        )
    }

    /// Reads a whole file. One that a crash left empty or with half a beginning is a new one.
    ///
    /// # Errors
    /// [`ReadError`]; a torn end is no error.
    pub fn read(file: &[u8]) -> Result<Read, ReadError> {
        let (mut journal, begin) = Self::create();
        if file.len() < MAGIC.len() {
            if !MAGIC.starts_with(file) && file.iter().any(|byte| *byte != 0) {
                return Err(ReadError::NotAJournal);
            }
            return Ok(Read {
                journal,
                records: Vec::new(),
                length: 0,
                begin,
            });
        }
        if !file.starts_with(&MAGIC) {
            return Err(ReadError::NotAJournal);
        }
        let (mut records, mut length) = (Vec::new(), MAGIC.len());
        while let Some(block) = Block::at(file, length, &journal.last) {
            let Some(found) = block.records() else { break };
            records.extend(found);
            journal.last = block.check;
            length += block.size;
        }
        if is_followed(file, length, &journal.last) {
            return Err(ReadError::Damaged { offset: length });
        }
        Ok(Read {
            journal,
            records,
            length,
            begin,
        })
    }

    /// The bytes to append for records that are made durable together.
    ///
    /// # Panics
    /// If a record is longer than [`RECORD_BYTES_MAX`]; no node hands out one that is.
    #[must_use]
    pub fn seal(&mut self, records: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = records;
        while !rest.is_empty() {
            let mut payload = Vec::new();
            while let Some((record, others)) = rest.split_first() {
                assert!(record.len() <= RECORD_BYTES_MAX, "a record without measure");
                let framed = 4 + record.len();
                if !payload.is_empty() && payload.len() + framed > BLOCK_BYTES_MAX {
                    break;
                }
                let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
                payload.extend(length.to_le_bytes());
                payload.extend(record);
                rest = others;
            }
            let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            let length = length.to_le_bytes();
            bytes.extend(length);
            bytes.extend(frame_check(&self.last, length));
            self.last = check(&[&self.last, &length, &payload]);
            bytes.extend(payload);
            bytes.extend(self.last);
        }
        bytes
    }
}

/// A block that stands somewhere in a file and is what was written.
struct Block<'a> {
    payload: &'a [u8],
    check: Check,
    size: usize,
}

impl<'a> Block<'a> {
    /// The block at an offset, if there is one that goes on from `last`.
    fn at(file: &'a [u8], offset: usize, last: &Check) -> Option<Self> {
        let rest = file.get(offset..)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (stated, rest) = rest.split_first_chunk::<4>()?;
        if *stated != frame_check(last, *length) {
            return None;
        }
        let bytes = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let payload = rest.get(..bytes)?;
        let check_at = *rest.get(bytes..)?.first_chunk::<CHECK>()?;
        (check_at == check(&[last, length, payload])).then_some(Self {
            payload,
            check: check_at,
            size: FRAME + bytes + CHECK,
        })
    }

    /// The records inside, if they fill it exactly. A checksum of our own over anything else cannot be.
    fn records(&self) -> Option<Vec<Vec<u8>>> {
        let (mut records, mut rest) = (Vec::new(), self.payload);
        while !rest.is_empty() {
            let (length, behind) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            records.push(behind.get(..length)?.to_vec());
            rest = behind.get(length..)?;
        }
        Some(records)
    }
}

/// Whether a good block stands anywhere behind a place where none could be read. What it goes on from stands right in
/// front of it, so it is recognised even though everything between may be lost; and where that checksum is what is
/// wrong, it follows from the bytes that it is of.
fn is_followed(file: &[u8], from: usize, last: &Check) -> bool {
    let starts = from.saturating_add(1)..file.len();
    let found = starts.into_iter().any(|at| {
        let before = at.checked_sub(CHECK).and_then(|start| file.get(start..at));
        let last = before.and_then(|bytes| bytes.first_chunk::<CHECK>());
        last.is_some_and(|last| Block::at(file, at, last).is_some())
    });
    found || is_followed_but_for_its_check(file, from, last).is_some()
}

fn is_followed_but_for_its_check(file: &[u8], from: usize, last: &Check) -> Option<()> {
    let (length, rest) = file.get(from..)?.split_first_chunk::<4>()?;
    let bytes = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let payload = rest.get(4..)?.get(..bytes)?;
    let next = from.checked_add(FRAME + bytes + CHECK)?;
    Block::at(file, next, &check(&[last, length, payload])).map(drop)
}

fn frame_check(last: &Check, length: [u8; 4]) -> [u8; 4] {
    Digest::of("bitcraps/journal/frame/v1", &[last, &length]).tag()
}

fn check(parts: &[&[u8]]) -> Check {
    let digest = Digest::of("bitcraps/journal/block/v1", parts);
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest.0[..CHECK]);
    check
}
