//! The place of one output, found before there is anything to write.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file_id::FileId;
use super::follow::{Followed, folder, follow};
use super::whole_file;
use crate::error::{CliError, name};

/// Where the bytes of one output go.
#[derive(Debug)]
pub(crate) struct Destination {
    /// The path on the command line, as messages show it.
    name: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Standard output, under whatever name.
    Stdout,
    /// A pipe, a device or an open descriptor, which takes bytes as they come.
    Stream { path: PathBuf, is_regular: bool },
    /// A regular file, there already or not: it is replaced when all bytes are written.
    File(PathBuf),
}

impl Destination {
    /// Finds where `path` leads; `-` is standard output.
    ///
    /// # Errors
    ///
    /// [`CliError::OutputIsInput`] if writing there would destroy one of the files that are
    /// `read`, whatever links lead to it; [`CliError::Write`] where nothing can be written.
    pub(crate) fn find(path: &Path, read: &[&Path]) -> Result<Self, CliError> {
        let name = name(path);
        let place = match Place::find(path) {
            Ok(place) => place,
            Err(source) => return Err(CliError::Write { name, source }),
        };
        let destination = Self { name, place };
        if let Some(id) = destination.id()
            && let Some(input) =
                read.iter().find(|input| FileId::of_input(input) == Some(id.clone()))
        {
            let input = crate::error::name(input);
            return Err(CliError::OutputIsInput { output: destination.name, input });
        }
        Ok(destination)
    }

    /// Returns whether the bytes go to standard output, which then has nothing else.
    pub(crate) const fn is_stdout(&self) -> bool {
        matches!(self.place, Place::Stdout)
    }

    /// Returns whether both lead to the same file, or both to standard output.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::Stdout, Place::Stdout) => true,
            (Place::File(_), Place::File(_)) => self.id().is_some_and(|id| other.id() == Some(id)),
            _ => false,
        }
    }

    /// Writes all bytes: a regular file has all of them or stays as it was.
    pub(crate) fn write(&self, bytes: &[u8], out: &mut impl Write) -> Result<(), CliError> {
        let written = match &self.place {
            Place::Stdout => return Ok(out.write_all(bytes)?),
            Place::Stream { path, is_regular } => OpenOptions::new()
                .write(true)
                .append(*is_regular)
                .open(path)
                .and_then(|mut stream| stream.write_all(bytes)),
            Place::File(target) => whole_file::replace(target, bytes),
        };
        written.map_err(|source| CliError::Write { name: self.name.clone(), source })
    }

    fn id(&self) -> Option<FileId> {
        match &self.place {
            Place::Stdout => FileId::of_open(io::stdout()),
            Place::Stream { is_regular: false, .. } => None,
            Place::Stream { path, is_regular: true } | Place::File(path) => FileId::of_path(path),
        }
    }
}

impl Place {
    fn find(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let found = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let is_regular = found.as_ref().is_none_or(fs::Metadata::is_file);
        let target = match follow(path)? {
            Followed::Descriptor(number) if number == "1" => return Ok(Self::Stdout),
            Followed::Descriptor(_) => {
                return Ok(Self::Stream { path: path.to_owned(), is_regular });
            }
            Followed::Path(target) => target,
        };
        if let Some(found) = found {
            // A device takes bytes from several writers; a file or a pipe is one stream.
            if FileId::is_of_stdout(&found) {
                return Ok(Self::Stdout);
            }
            if !is_regular {
                return Ok(Self::Stream { path: path.to_owned(), is_regular });
            }
            // A file that must not be written must not be replaced.
            OpenOptions::new().write(true).open(&target)?;
        } else if !fs::metadata(folder(&target))?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self::File(target))
    }
}
