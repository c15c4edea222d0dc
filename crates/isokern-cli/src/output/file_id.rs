//! Which regular file a path means, whatever name and links it is reached by.

use std::fs::{self, Metadata};
use std::io;
#[cfg(unix)]
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::follow::folder;

/// A regular file. Two names of one file, hard links among them, give equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileId {
    /// The device and the number of the file on it.
    #[cfg(unix)]
    Inode(u64, u64),
    /// A path without links: of a file that is not there yet, or where files have no numbers.
    Path(PathBuf),
}

impl FileId {
    /// Returns that of an input, where `-` is standard input; none where it is no regular file.
    pub(super) fn of_input(path: &Path) -> Option<Self> {
        let is_stdin = path == Path::new("-");
        if is_stdin { Self::of_open(io::stdin()) } else { Self::of_there(path) }
    }

    /// Returns that of a file, or of one that is to be made.
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        Self::of_there(path).or_else(|| {
            let folder = fs::canonicalize(folder(path)).ok()?;
            Some(Self::Path(folder.join(path.file_name()?)))
        })
    }

    /// Returns that of an open file.
    #[cfg(unix)]
    pub(super) fn of_open(open: impl AsFd) -> Option<Self> {
        Self::of(&metadata(open)?)
    }

    /// Returns that of an open file.
    #[cfg(not(unix))]
    pub(super) fn of_open<T>(_: T) -> Option<Self> {
        None
    }

    /// Returns whether standard output is this file, pipe or socket.
    #[cfg(unix)]
    pub(super) fn is_of_stdout(found: &Metadata) -> bool {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};

        let is_stream = !found.file_type().is_char_device();
        let same = |stdout: Metadata| (stdout.dev(), stdout.ino()) == (found.dev(), found.ino());
        is_stream && metadata(io::stdout()).is_some_and(same)
    }

    /// Returns whether standard output is this file, pipe or socket.
    #[cfg(not(unix))]
    pub(super) fn is_of_stdout(_: &Metadata) -> bool {
        false
    }

    fn of_there(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok().filter(Metadata::is_file)?;
        #[cfg(unix)]
        return Self::of(&found);
        #[cfg(not(unix))]
        return found.is_file().then_some(Self::Path(fs::canonicalize(path).ok()?));
    }

    #[cfg(unix)]
    fn of(found: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;

        found.is_file().then(|| Self::Inode(found.dev(), found.ino()))
    }
}

/// Returns what the system says of an open file.
#[cfg(unix)]
fn metadata(open: impl AsFd) -> Option<Metadata> {
    fs::File::from(open.as_fd().try_clone_to_owned().ok()?).metadata().ok()
}
