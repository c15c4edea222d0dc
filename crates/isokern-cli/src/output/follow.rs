//! Symbolic links, followed by hand: to a file that need not be there, or to an open descriptor.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// As many links as Linux follows.
const LINKS_MAX: usize = 40;

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// A path that is no link; there may be nothing under it.
    Path(PathBuf),
    /// A descriptor that this process has open, by its number: `/dev/stdout` leads to `1`.
    Descriptor(OsString),
}

/// Follows links until there is none.
///
/// # Errors
///
/// Those of the operating system but `NotFound`; `FilesystemLoop` after too many links.
pub(super) fn follow(path: &Path) -> io::Result<Followed> {
    let mut target = path.to_path_buf();
    for _ in 0..LINKS_MAX {
        if let Some(number) = descriptor(&target) {
            return Ok(Followed::Descriptor(number));
        }
        match fs::symlink_metadata(&target) {
            Ok(found) if found.is_symlink() => {
                target = folder(&target).join(fs::read_link(&target)?);
            }
            Ok(_) => return Ok(Followed::Path(target)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Followed::Path(target));
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::InvalidInput.into())
}

/// Returns the folder of a path.
pub(super) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Returns the number of the descriptor that a path represents: an entry of `/proc/<process>/fd`,
/// which looks like a link to the file and is none, or of `/dev/fd`.
fn descriptor(path: &Path) -> Option<OsString> {
    if !cfg!(unix) {
        return None;
    }
    let number = path.file_name()?;
    let is_number = number.to_str()?.bytes().all(|byte| byte.is_ascii_digit());
    let folder = fs::canonicalize(folder(path)).ok().filter(|_| is_number)?;
    let is_of_process = folder.starts_with("/proc") && folder.ends_with("fd");
    (is_of_process || folder == Path::new("/dev/fd")).then(|| number.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{Followed, follow};

    #[test]
    fn links_lead_to_what_need_not_be_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        symlink("second", path("first")).expect("a link");
        symlink(path("nothing"), path("second")).expect("a link");
        symlink("loop", path("loop")).expect("a link");
        assert_eq!(follow(&path("first")).expect("it leads on"), Followed::Path(path("nothing")));
        assert_eq!(follow(&path("none")).expect("it is none"), Followed::Path(path("none")));
        assert!(follow(&path("loop")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn descriptors_are_seen_under_every_name() {
        for (name, number) in [("/dev/stdout", "1"), ("/dev/fd/2", "2"), ("/proc/self/fd/0", "0")] {
            let found = follow(Path::new(name)).expect("it is there");
            assert_eq!(found, Followed::Descriptor(number.into()), "{name}");
        }
    }
}
