//! Errors: why a command stopped, in words that say what to do next.

use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// What was to be started.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program ran and reported failure.
    #[error("`{line}` failed ({status})")]
    Exit {
        /// The command line.
        line: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A file or folder could not be read or made.
    #[error("{}: {source}", path.display())]
    Path {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The machine lacks a tool.
    #[error("{what} is missing; {how}")]
    Missing {
        /// The tool.
        what: &'static str,
        /// How to get it.
        how: String,
    },
    /// A check found what must not be.
    #[error("{0}")]
    Check(String),
}
