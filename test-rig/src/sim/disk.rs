//! A phone's disk: one journal file, and what a crash, a bit or a thief leaves of it.

use bitcraps_core::consensus::compacted;
use bitcraps_core::journal::{Journal, Read};

use crate::random::Stream;
use crate::scenario::DiskMode;

/// How long a slow disk takes to sync.
const SLOW_US: (u64, u64) = (80_000, 400_000);

/// The journal file of one phone, as the disk has it, and the records that are written next.
#[derive(Debug)]
pub(super) struct Disk {
    /// The file in parts: what it began with, then what each sync added.
    parts: Vec<Vec<u8>>,
    journal: Journal,
    group: Vec<Vec<u8>>,
    stream: Stream,
    /// Something that was synced is gone: from then on the phone counts among the faulty.
    pub(super) forgot: bool,
    /// Syncs that were done, and the bytes that they made durable.
    pub(super) synced: (u64, u64),
}

impl Disk {
    pub(super) fn new(stream: Stream) -> Self {
        let (journal, file) = Journal::create();
        Self {
            parts: vec![file],
            journal,
            group: Vec::new(),
            stream,
            forgot: false,
            synced: (0, 0),
        }
    }

    /// A record to be made durable with the next sync.
    pub(super) fn write(&mut self, record: Vec<u8>) {
        self.group.push(record);
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.group.is_empty()
    }

    /// Everything written is durable, in one block.
    pub(super) fn sync(&mut self) {
        let group = std::mem::take(&mut self.group);
        let block = self.journal.seal(&group);
        self.synced.0 += 1;
        self.synced.1 += block.len() as u64;
        self.parts.push(block);
    }

    pub(super) fn slow_us(&mut self) -> u64 {
        self.stream.between(SLOW_US.0, SLOW_US.1)
    }

    /// The phone dies. What was not synced is gone, and the disk does what it is told to besides.
    pub(super) fn crash(&mut self, mode: Option<DiskMode>) {
        let group = std::mem::take(&mut self.group);
        self.forgot |= matches!(
            mode,
            Some(DiskMode::BitFlip | DiskMode::Lost | DiskMode::Rollback)
        );
        match mode {
            Some(DiskMode::TornWrite) if !group.is_empty() => {
                let block = self.journal.seal(&group);
                let part = 1 + self.stream.index(block.len());
                self.parts.push(block[..part.min(block.len() - 1)].to_vec());
            }
            Some(DiskMode::BitFlip) => {
                let mut file = self.parts.concat();
                let at = self.stream.index(file.len());
                file[at] ^= 1 << self.stream.below(8);
                self.parts = vec![file];
            }
            Some(DiskMode::Lost) => self.parts.clear(),
            Some(DiskMode::Rollback) => {
                // What it began with, half of the syncs and one more.
                let syncs = self.parts.len().saturating_sub(1);
                let kept = if syncs == 0 { 0 } else { 2 + syncs / 2 };
                self.parts.truncate(kept);
            }
            _ => {}
        }
    }

    /// The phone starts again: gives the records that it goes on from, and whether the file could be used.
    pub(super) fn read(&mut self) -> (Vec<Vec<u8>>, bool) {
        match Journal::read(&self.parts.concat()) {
            Ok(Read { records, .. }) => {
                let records = compacted(&records);
                self.begin(&records);
                (records, true)
            }
            Err(_) => {
                self.begin(&[]);
                (Vec::new(), false)
            }
        }
    }

    /// A new file with these records.
    pub(super) fn begin(&mut self, records: &[Vec<u8>]) {
        let (mut journal, file) = Journal::create();
        self.parts = vec![file, journal.seal(records)];
        self.journal = journal;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Disk {
        let mut disk = Disk::new(Stream::new(3, "disk", 0));
        for at in 0..20 {
            disk.write(vec![9, at, 0, 0, 0, 0, 0, 0, 0]);
            disk.sync();
        }
        disk.write(vec![9, 99, 0, 0, 0, 0, 0, 0, 0]);
        disk
    }

    #[test]
    fn a_crash_leaves_what_was_synced_and_each_mode_less_or_nothing() {
        let after = |mode| {
            let mut disk = disk();
            disk.crash(mode);
            disk.read()
        };
        for mode in [None, Some(DiskMode::TornWrite), Some(DiskMode::LostSync)] {
            let (records, usable) = after(mode);
            assert_eq!((records.len(), usable), (20, true), "{mode:?}");
        }
        assert_eq!(after(Some(DiskMode::Rollback)).0.len(), 11);
        assert_eq!(after(Some(DiskMode::Lost)), (Vec::new(), true));
        let (records, usable) = after(Some(DiskMode::BitFlip));
        assert!(!usable && records.is_empty() || records.len() >= 18);
    }
}
