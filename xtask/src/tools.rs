//! Tools that `.ci/run` puts into the build output: where they are, and how to get them.

use crate::failure::Failure;
use crate::repository;
use std::path::PathBuf;
use std::process::Command;

/// The checkers and their versions: Python packages that hold ready programs.
const CHECKERS: &str = ".ci/tools.txt";

/// Folders with programs, below that of the build output: built ones, and the checkers.
const FOLDERS: [&str; 2] = ["tools/bin", "tools/checkers/bin"];

/// Returns where a tool is: in the folders of the build output, or on the path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let own = FOLDERS.map(|folder| repository::target_dir().join(folder));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = own.into_iter().chain(std::env::split_paths(&path));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Returns a checker, in the root folder of the repository.
pub(crate) fn checker(name: &'static str) -> Result<Command, Failure> {
    let missing = || Failure::Missing { what: name, how: how_to_install() };
    let mut command = Command::new(find(name).ok_or_else(missing)?);
    command.current_dir(repository::root());
    Ok(command)
}

/// Returns how to get the checkers.
pub(crate) fn how_to_install() -> String {
    let folder = repository::target_dir().join("tools/checkers");
    let folder = folder.strip_prefix(repository::root()).unwrap_or(&folder).display();
    format!(
        "run `python3 -m pip install --no-deps --upgrade --target {folder} --requirement \
         {CHECKERS}`"
    )
}

#[cfg(test)]
mod tests {
    use super::{CHECKERS, find, how_to_install};
    use crate::repository;

    #[test]
    fn tools_are_found_by_name() {
        assert!(find("cargo").is_some_and(|path| path.is_file()));
        assert!(find("no-such-tool").is_none());
    }

    #[test]
    fn checkers_are_pinned_by_version_and_by_bytes() {
        let text = std::fs::read_to_string(repository::root().join(CHECKERS)).unwrap();
        let lines = text.replace("\\\n", " ");
        let packages: Vec<&str> = lines.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(packages.len(), 3, "{packages:?}");
        for package in packages {
            assert!(package.contains("==") && package.contains("--hash=sha256:"), "{package}");
        }
        assert!(how_to_install().contains(CHECKERS));
    }
}
