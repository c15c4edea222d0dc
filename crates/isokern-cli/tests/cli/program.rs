//! Runs the program and finds the test models.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

/// How many values an image of the digits model has.
pub(crate) const IMAGE: usize = 64;

/// What a run of the program printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    /// Returns what it printed; panics unless it ended well.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert_eq!(self.stderr, "");
        core::str::from_utf8(&self.stdout).expect("the program prints UTF-8")
    }

    /// Returns the error it printed; panics unless it exited with this code and printed nothing
    /// else.
    pub(crate) fn error(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(String::from_utf8_lossy(&self.stdout), "");
        &self.stderr
    }

    /// Returns the error and its remedy; panics unless there is a line of each.
    pub(crate) fn error_and_fix(&self, code: i32) -> (&str, &str) {
        let lines: Vec<&str> = self.error(code).lines().collect();
        let [error, fix] = lines[..] else { panic!("not two lines: {}", self.stderr) };
        let error = error.strip_prefix("error: ").expect("the first line is the error");
        (error, fix.strip_prefix("fix: ").expect("the second line is the remedy"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }
}

/// Returns the program, ready to be given arguments.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_isokern"))
}

/// Runs the program with these arguments.
pub(crate) fn isokern<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    command().args(arguments).output().expect("the program starts").into()
}

/// Returns a file below `tests/models`.
pub(crate) fn fixture(path: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/models");
    format!("{folder}/{path}")
}

/// Returns the bytes of a file below `tests/models`.
pub(crate) fn fixture_bytes(path: &str) -> Vec<u8> {
    std::fs::read(fixture(path)).expect("the file is in the repository")
}

/// An empty folder that goes away with its value.
#[derive(Debug)]
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    /// Returns the path of a file in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("the path is UTF-8").to_owned()
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("the folder can be written to");
        path
    }

    /// Returns the bytes of a file in it.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("the file was written")
    }

    /// Returns the names of all files in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = self.0.path().read_dir().expect("the folder is there");
        let path = |entry: std::io::Result<std::fs::DirEntry>| -> PathBuf {
            entry.expect("the folder can be read").path()
        };
        let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into());
        entries.map(path).filter_map(name).collect()
    }
}
