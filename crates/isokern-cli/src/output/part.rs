//! A file under another name until it is complete.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::unfinished;

/// A file that has no name of its own yet. Without [`Part::rename`] it is removed, also when a
/// signal ends the program.
#[derive(Debug)]
pub(super) struct Part(NamedTempFile);

impl Part {
    /// Makes an empty file in a folder.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let mut builder = Builder::new();
        // So many that no name comes again: one that was removed may stay noted.
        builder.prefix(".isokern-").suffix(".part").rand_bytes(16);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // What the process gives new files.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut unfinished = unfinished::lock()?;
        let part = builder.tempfile_in(folder).map_err(without_path)?;
        unfinished.replace(part.path().to_path_buf());
        Ok(Self(part))
    }

    /// Returns the file, to be written.
    pub(super) fn file(&mut self) -> &mut File {
        self.0.as_file_mut()
    }

    /// Gives it its name, over what has that name now.
    pub(super) fn rename(self, target: &Path) -> io::Result<()> {
        let mut unfinished = unfinished::lock()?;
        fs::rename(self.0.path(), target)?;
        unfinished.take();
        // Nothing has the old name now.
        let _ = self.0.into_temp_path().keep();
        Ok(())
    }
}

/// Returns the error without the path of the part: the message names the file that was asked for.
fn without_path(error: io::Error) -> io::Error {
    if error.get_ref().is_some() { error.kind().into() } else { error }
}
