//! Which Pythons are here: on the path, or where pyenv keeps them.

use crate::process;
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The oldest version that the package is for.
const OLDEST: &str = "3.10";
/// Versions newer than that of the stage `python`, the newest first.
const NEWER: [&str; 3] = ["3.14", "3.13", "3.12"];

/// Returns the interpreter of the stage `python`.
pub(super) fn chosen() -> Command {
    Command::new(env::var_os("ISOKERN_PYTHON").unwrap_or_else(|| "python3".into()))
}

/// Returns whether that makes environments, and is one that the packages are for.
pub(crate) fn has_environments() -> bool {
    is_version(&mut chosen(), "3.11")
}

/// Returns the oldest version, and its interpreter.
pub(crate) fn oldest() -> Option<(&'static str, PathBuf)> {
    found(OLDEST)
}

/// Returns the newest version that is here and newer than that of the stage `python`.
pub(crate) fn newest() -> Option<(&'static str, PathBuf)> {
    NEWER.into_iter().find_map(found)
}

fn found(version: &'static str) -> Option<(&'static str, PathBuf)> {
    let is_it = |program: &PathBuf| is_version(&mut Command::new(program), version);
    candidates(version).into_iter().find(is_it).map(|program| (version, program))
}

/// What may be an interpreter of a version.
fn candidates(version: &str) -> Vec<PathBuf> {
    let mut programs = vec![PathBuf::from(format!("python{version}"))];
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv"));
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(home);
    let folders = pyenv.and_then(|pyenv| pyenv.join("versions").read_dir().ok());
    programs.extend(folders.into_iter().flatten().flatten().filter_map(|folder| {
        let name = folder.file_name();
        let minor = name.to_str()?.strip_prefix(version)?;
        minor.starts_with('.').then(|| folder.path().join("bin/python3"))
    }));
    programs
}

fn is_version(program: &mut Command, version: &str) -> bool {
    let code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])";
    process::output(program.args(["-c", code])).is_ok_and(|text| text.trim() == version)
}
