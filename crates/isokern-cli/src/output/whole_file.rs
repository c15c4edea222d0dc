//! Files that appear whole or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::Path;

use super::follow::folder;
use super::part::Part;

/// Replaces a file, or makes one, when all its bytes are on the disk.
///
/// The bytes go to a file beside it, which then gets its name; on an error, and when a signal
/// ends the program, that one is removed and the old file stays as it was. The new one has the
/// permissions of the old, and its owner where the system allows that.
pub(super) fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let old = fs::metadata(target).ok();
    let folder = folder(target);
    let mut part = Part::create(&folder)?;
    part.file().write_all(bytes)?;
    if let Some(old) = old {
        keep_access(part.file(), &old)?;
    }
    // The name must not be on the disk before the bytes are, nor the answer before the name.
    part.file().sync_all()?;
    part.rename(target)?;
    sync_folder(&folder)
}

/// Gives a file the owner, the group and the permissions of another.
#[cfg(unix)]
fn keep_access(file: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let new = file.metadata()?;
    let (owner, group) = (old.uid(), old.gid());
    if owner != new.uid() {
        // Only root may give files away; anyone else owns what he writes.
        let _ = fchown(file, Some(owner), None);
    }
    let has_group = group == new.gid() || fchown(file, None, Some(group)).is_ok();
    let mode = old.mode() & 0o777;
    // What the old group was allowed, another is not.
    let mode = if has_group { mode } else { mode & 0o707 | (mode & 0o007) << 3 };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_access(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Has the names in a folder written to the disk, where its file system does that.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};

    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if !matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
