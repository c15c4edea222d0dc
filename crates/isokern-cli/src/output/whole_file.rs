//! Files that appear whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::error::{CliError, name};

/// Writes a file under its name only when it is complete.
///
/// The bytes go to a file beside it, which is then renamed; on an error that one is
/// removed, and a file that was there before stays as it was. What is no regular file,
/// such as `/dev/null`, is written to directly.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    replace(path, bytes).map_err(|source| CliError::Write { name: name(path), source })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => return File::create(path)?.write_all(bytes),
        // Through a link, so that the link stays one.
        Ok(_) => fs::canonicalize(path)?,
        Err(_) => path.to_path_buf(),
    };
    let mut builder = Builder::new();
    builder.prefix(".isokern-").suffix(".part");
    if let Some(permissions) = permissions(&target) {
        builder.permissions(permissions);
    }
    let mut part = builder.tempfile_in(folder(&target)).map_err(without_path)?;
    part.as_file_mut().write_all(bytes)?;
    part.persist(&target).map_err(|error| without_path(error.error))?;
    Ok(())
}

/// The error without the path of the part: the message names the file that was asked for.
fn without_path(error: io::Error) -> io::Error {
    if error.get_ref().is_some() { error.kind().into() } else { error }
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Those of the file that is replaced, or what the process gives new files.
#[cfg(unix)]
fn permissions(target: &Path) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;

    let kept = fs::metadata(target).map(|found| found.permissions());
    Some(kept.unwrap_or_else(|_| Permissions::from_mode(0o666)))
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Option<Permissions> {
    None
}
