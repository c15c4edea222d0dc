//! Errors: what is wrong with a PTX text, and where.

use thiserror::Error;

/// Why a PTX text was refused: the line and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct PtxError {
    /// The line in the text, from 1; 0 when the text as a whole is meant.
    pub line: u32,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a PTX text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The text does not follow the grammar.
    #[error("syntax: {0}")]
    Syntax(String),
    /// A name that nothing declares.
    #[error("`{0}` is not declared")]
    Undeclared(String),
    /// A name that is declared twice in one scope.
    #[error("`{0}` is declared twice")]
    Redeclared(String),
    /// Operands that do not fit the instruction.
    #[error("`{instruction}`: {why}")]
    Operands {
        /// The instruction with its modifiers.
        instruction: String,
        /// What does not fit.
        why: String,
    },
    /// An instruction, modifier or directive this machine does not know.
    #[error("`{0}` is not supported by this machine. Fix: avoid it, or run on a real device")]
    Unsupported(String),
    /// The text needs a newer driver.
    #[error("PTX ISA {0}.{1} is newer than {2}.{3}. Fix: build with an older `.version`")]
    Version(u32, u32, u32, u32),
    /// The text is for a newer device.
    #[error("target sm_{0} is newer than this device, sm_{1}. Fix: build for sm_{1} or older")]
    Target(u32, u32),
    /// The text goes over a bound of this machine.
    #[error("{what}: {have} is over the limit of {limit}")]
    Limit {
        /// What is bounded.
        what: &'static str,
        /// What the text asks for.
        have: u64,
        /// The bound.
        limit: u64,
    },
}

impl PtxError {
    /// Returns an error at a line.
    #[must_use]
    pub const fn new(line: u32, reason: Reason) -> Self {
        Self { line, reason }
    }

    /// Returns an instruction, modifier or directive this machine does not know.
    #[must_use]
    pub fn unsupported(line: u32, what: impl Into<String>) -> Self {
        Self::new(line, Reason::Unsupported(what.into()))
    }
}
