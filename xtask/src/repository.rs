//! Where the repository is and which files belong to it.

use crate::failure::Failure;
use crate::process;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the root folder of the repository.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Returns the folder that builds write to: `CARGO_TARGET_DIR` when it is set, else `target`.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Returns the version `rust-toolchain.toml` pins.
pub(crate) fn pinned() -> Result<String, Failure> {
    let path = root().join("rust-toolchain.toml");
    let text = std::fs::read_to_string(&path).map_err(|source| Failure::Path { path, source })?;
    let channel = text.lines().find_map(|line| line.strip_prefix("channel = "));
    Ok(channel.unwrap_or_default().trim_matches('"').to_owned())
}

/// Returns the files git tracks, and those it would track, as paths relative to the root.
///
/// `safe.directory` is set for this call because a fresh clone on a build machine often
/// belongs to another user than the one who checks it.
pub(crate) fn files() -> Result<Vec<String>, Failure> {
    let mut git = Command::new("git");
    git.current_dir(root()).args(["-c", "safe.directory=*", "ls-files", "-z"]);
    git.args(["--cached", "--others", "--exclude-standard"]);
    let listing = process::output(&mut git)?;
    let mut paths: Vec<String> = listing
        .split_terminator('\0')
        .filter(|path| root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// Returns the manifests of this workspace and of the others: each has a lock file beside it.
pub(crate) fn manifests() -> Result<Vec<String>, Failure> {
    Ok(files()?.iter().filter_map(|path| manifest_of(path)).collect())
}

fn manifest_of(lock: &str) -> Option<String> {
    let folder = lock.strip_suffix("Cargo.lock")?;
    Some(format!("{folder}Cargo.toml"))
}

#[cfg(test)]
mod tests {
    use super::{manifest_of, manifests};

    #[test]
    fn every_workspace_is_found_by_its_lock_file() {
        assert_eq!(manifest_of("fuzz/Cargo.lock").as_deref(), Some("fuzz/Cargo.toml"));
        assert_eq!(manifest_of("fuzz/Cargo.toml"), None);
        let found = manifests().unwrap();
        for manifest in ["Cargo.toml", "fuzz/Cargo.toml", "kernels-ptx/template/Cargo.toml"] {
            assert!(found.iter().any(|path| path == manifest), "{manifest}: {found:?}");
        }
    }
}
