//! Why a command stopped, in words that say what to do next.

use std::path::PathBuf;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// What was to be started.
        program: String,
        /// What the system said.
        source: std::io::Error,
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
    /// A program that was started, or a build of device code, failed.
    #[error(transparent)]
    Build(#[from] isokern_ptx::Error),
    /// The house rules are broken.
    #[error("{0} place(s) break a house rule")]
    Rules(usize),
    /// Some check stages failed.
    #[error("failed stages: {0}")]
    Stages(String),
    /// All check stages that were asked for were skipped.
    #[error("not all was checked: {0}")]
    Skipped(String),
    /// A check found what must not be.
    #[error("{0}")]
    Check(String),
    /// A detector did not notice a fault that was planted for it.
    #[error("{0}")]
    Blind(&'static str),
}

/// The exit status where nothing was checked, as Automake's test driver has it.
const SKIPPED: u8 = 77;

impl Failure {
    /// Returns the exit status of the program.
    pub(crate) fn exit_code(&self) -> u8 {
        if matches!(self, Self::Skipped(_)) { SKIPPED } else { 1 }
    }
}
