//! The journals of phones on the air: one file each, appended to and synced before anything else happens.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The journals of a bed, in a folder that goes away with them.
#[derive(Debug)]
pub(super) struct Journals {
    folder: PathBuf,
    files: Vec<File>,
    /// How many records were made durable, and their bytes with their lengths.
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl Journals {
    /// Empty journals for so many phones.
    pub(super) fn create(folder: &Path, phones: usize) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let file = |phone| File::create(folder.join(format!("phone-{phone}.journal")));
        Ok(Self {
            folder: folder.to_owned(),
            files: (0..phones).map(file).collect::<io::Result<_>>()?,
            records: 0,
            bytes: 0,
        })
    }

    /// Makes a record durable: `length u32 ‖ record`, one write and one sync.
    pub(super) fn append(&mut self, phone: usize, record: &[u8]) -> io::Result<()> {
        let length = u32::try_from(record.len()).map_err(io::Error::other)?;
        let framed = [&length.to_le_bytes()[..], record].concat();
        let file = &mut self.files[phone];
        file.write_all(&framed)?;
        file.sync_data()?;
        self.records += 1;
        self.bytes += framed.len() as u64;
        Ok(())
    }
}

impl Drop for Journals {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the system's folder for such things.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_in_the_file_when_append_returns_and_the_folder_goes_with_the_journals() {
        let folder = std::env::temp_dir().join(format!("rig-journal-test-{}", std::process::id()));
        let mut journals = Journals::create(&folder, 2).unwrap();
        journals.append(1, b"vote").unwrap();
        let written = fs::read(folder.join("phone-1.journal")).unwrap();
        assert_eq!(written, b"\x04\0\0\0vote");
        assert_eq!(fs::read(folder.join("phone-0.journal")).unwrap(), b"");
        drop(journals);
        assert!(!folder.exists());
    }
}
