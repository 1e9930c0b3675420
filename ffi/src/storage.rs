//! The folder of one phone at one table: the table card, and the journal.
//!
//! While the journal is open it is locked, so that no second node ever signs from it. `suspend` closes it: a phone's
//! system kills an app that holds a lock in the background.
#![forbid(unsafe_code)]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bitcraps_core::journal::Journal;

use crate::error::{NodeError, Result};

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    folder: PathBuf,
}

impl Storage {
    /// Makes the folder if there is none.
    pub(crate) fn open(folder: &str) -> Result<Self> {
        let folder = PathBuf::from(folder);
        if folder.as_os_str().is_empty() {
            return Err(NodeError::Storage("storage_dir is empty".to_owned()));
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// The table card, if a seat was taken.
    pub(crate) fn card(&self) -> Result<Option<Vec<u8>>> {
        match fs::read(self.folder.join("table")) {
            Ok(card) => Ok(Some(card)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the table card: whole, or not at all.
    pub(crate) fn keep_card(&self, card: &[u8]) -> Result<()> {
        let unfinished = self.folder.join("table.unfinished");
        let mut file = File::create(&unfinished)?;
        file.write_all(card)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.folder.join("table"))?;
        sync_folder(&self.folder)
    }

    /// Opens the journal and reads it back.
    pub(crate) fn journal(&self) -> Result<(JournalFile, Vec<Vec<u8>>)> {
        JournalFile::open(self.folder.join("journal"))
    }

    /// Opens the journal of a table that was founded a moment ago. Whatever lies there is of no table at all.
    pub(crate) fn new_journal(&self) -> Result<JournalFile> {
        let (journal, records) = self.journal()?;
        if records.is_empty() {
            Ok(journal)
        } else {
            journal.abandon()
        }
    }
}

/// The journal's file: what the core hands out is written in groups, each synced before anything behind it is acted on.
#[derive(Debug)]
pub(crate) struct JournalFile {
    path: PathBuf,
    /// Nothing while suspended.
    file: Option<File>,
    length: u64,
    journal: Journal,
    group: Vec<Vec<u8>>,
}

impl JournalFile {
    fn open(path: PathBuf) -> Result<(Self, Vec<Vec<u8>>)> {
        let mut file = open_locked(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let Ok(read) = Journal::read(&bytes) else {
            return Ok((Self::begin_after_damage(path)?, Vec::new()));
        };
        // Not compacted: what a stable checkpoint makes worthless for voting is still this phone's history.
        if read.length == 0 {
            return Ok((Self::begin(path)?, read.records));
        }
        // What a crash left of the last write goes. None of it was acted on.
        file.set_len(read.length as u64)?;
        file.sync_all()?;
        let journal = Self {
            path,
            file: Some(file),
            length: read.length as u64,
            journal: read.journal,
            group: Vec::new(),
        };
        Ok((journal, read.records))
    }

    /// A new journal in place of what there is: whole, or not at all.
    fn begin(path: PathBuf) -> Result<Self> {
        let unfinished = path.with_extension("unfinished");
        let mut file = open_locked(&unfinished)?;
        file.set_len(0)?;
        let (journal, bytes) = Journal::create();
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        sync_folder(path.parent().unwrap_or(&path))?;
        Ok(Self {
            path,
            file: Some(file),
            length: bytes.len() as u64,
            journal,
            group: Vec::new(),
        })
    }

    /// Keeps a journal that is of no use for whoever wants to know why, and begins a new one. Without the old one the
    /// phone observes for as long as it must.
    fn begin_after_damage(path: PathBuf) -> Result<Self> {
        fs::rename(&path, path.with_extension("damaged"))?;
        Self::begin(path)
    }

    /// The core could not go on from these records: begins anew, as after damage.
    pub(crate) fn abandon(self) -> Result<Self> {
        Self::begin_after_damage(self.path)
    }

    /// Takes a record. It is durable after the next [`sync`](Self::sync).
    pub(crate) fn append(&mut self, record: Vec<u8>) {
        self.group.push(record);
    }

    /// Returns once everything appended is durable. After an error nothing may be tried again: an OS may then say that
    /// all is well and have dropped what was written.
    pub(crate) fn sync(&mut self) -> Result<()> {
        if !self.group.is_empty() {
            let block = self.journal.seal(&std::mem::take(&mut self.group));
            let file = self.file()?;
            file.write_all(&block)?;
            file.sync_data()?;
            self.length += block.len() as u64;
        }
        Ok(())
    }

    /// Closes the file, and with it the lock. The next write opens it again.
    pub(crate) fn suspend(&mut self) -> Result<()> {
        self.sync()?;
        self.file = None;
        Ok(())
    }

    fn file(&mut self) -> Result<&mut File> {
        if self.file.is_none() {
            let mut file = open_locked(&self.path)?;
            if file.seek(SeekFrom::End(0))? != self.length {
                let changed = "the journal was changed while the node was suspended";
                return Err(NodeError::Storage(changed.to_owned()));
            }
            self.file = Some(file);
        }
        let closed = || NodeError::Storage("the journal is closed".to_owned());
        self.file.as_mut().ok_or_else(closed)
    }
}

fn open_locked(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).open(path)?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => {
            let taken = "another node has this folder open; give each node its own";
            Err(NodeError::Storage(taken.to_owned()))
        }
        // Where files cannot be locked there is nothing to be done about it.
        Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(file),
    }
}

/// A new name is durable only once its folder is.
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage(name: &str) -> Storage {
        let folder = std::env::temp_dir().join(format!("bitcraps-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Storage::open(&folder.display().to_string()).expect("the folder is ours")
    }

    fn written(storage: &Storage) -> PathBuf {
        let (mut journal, records) = storage.journal().expect("it is new");
        assert_eq!(records, Vec::<Vec<u8>>::new());
        for record in [b"one", b"two"] {
            journal.append(record.to_vec());
            journal.sync().expect("the disk works");
        }
        storage.folder.join("journal")
    }

    #[test]
    fn a_write_that_a_crash_tore_is_cut_off_and_what_was_synced_is_all_there() {
        let storage = storage("torn");
        let path = written(&storage);
        let whole = fs::read(&path).expect("it is there");
        for cut in 1..10 {
            fs::write(&path, &whole[..whole.len() - cut]).expect("the disk works");
            let (mut journal, records) = storage.journal().expect("a torn end is no error");
            assert_eq!(records, [b"one".to_vec()]);
            journal.append(b"three".to_vec());
            journal.sync().expect("the disk works");
            drop(journal);
            let (_, records) = storage.journal().expect("it is whole");
            assert_eq!(records, [b"one".to_vec(), b"three".to_vec()]);
        }
        let _ = fs::remove_dir_all(&storage.folder);
    }

    #[test]
    fn a_damaged_journal_is_put_aside_and_a_new_one_begun() {
        let storage = storage("damaged");
        let path = written(&storage);
        let mut bytes = fs::read(&path).expect("it is there");
        bytes[20] ^= 1;
        fs::write(&path, &bytes).expect("the disk works");
        let (_, records) = storage.journal().expect("a new one is begun");
        assert_eq!(records, Vec::<Vec<u8>>::new());
        let aside = fs::read(path.with_extension("damaged")).expect("it is kept");
        assert_eq!(aside, bytes);
        let _ = fs::remove_dir_all(&storage.folder);
    }

    #[test]
    fn a_suspended_journal_is_locked_by_nobody_and_goes_on_where_it_was() {
        let storage = storage("suspended");
        let path = written(&storage);
        let (mut journal, _) = storage.journal().expect("it is whole");
        assert!(matches!(storage.journal(), Err(NodeError::Storage(_))));
        journal.suspend().expect("the disk works");
        drop(open_locked(&path).expect("nobody has it"));
        journal.append(b"three".to_vec());
        journal.sync().expect("it is opened again");
        journal.suspend().expect("the disk works");
        fs::write(&path, b"something else").expect("the disk works");
        journal.append(b"four".to_vec());
        assert!(matches!(journal.sync(), Err(NodeError::Storage(_))));
        let _ = fs::remove_dir_all(&storage.folder);
    }
}
