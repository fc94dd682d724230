//! A directory that is looked at again and again.

use std::{fs, io, path::Path, time::SystemTime};
#[cfg(unix)]
use std::{
    mem::ManuallyDrop,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
};

/// A directory that is kept open.
#[cfg(unix)]
pub(crate) struct Directory {
    file: ManuallyDrop<fs::File>,
    identity: (u64, u64),
}

#[cfg(unix)]
impl Directory {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // Of nothing else: to open a named pipe would wait for a writer.
        let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(path)?;
        let identity = identity(&file.metadata()?);
        Ok(Self { file: ManuallyDrop::new(file), identity })
    }

    /// When it was last changed.
    ///
    /// # Errors
    /// Also when its descriptor has become another file's: a program may close what it has not opened.
    pub(crate) fn changed(&self) -> io::Result<SystemTime> {
        let metadata = self.file.metadata()?;
        match identity(&metadata) == self.identity {
            true => metadata.modified(),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

#[cfg(unix)]
impl PartialEq for Directory {
    /// Are they the same directory?
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

#[cfg(unix)]
impl Drop for Directory {
    /// Closes its descriptor, unless that is another file's.
    fn drop(&mut self) {
        if self.changed().is_ok() {
            // SAFETY: dropped once, here, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A directory found anew each time, where none can be kept open.
#[cfg(not(unix))]
#[derive(PartialEq)]
pub(crate) struct Directory(std::path::PathBuf);

#[cfg(not(unix))]
impl Directory {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn changed(&self) -> io::Result<SystemTime> {
        fs::metadata(&self.0)?.modified()
    }
}
