//! The verdict on a seed that fails: what was wrong, what happened to that word, and what raced.

use core::fmt;

use thiserror::Error;

use crate::machine::{Fault, FaultKind};
use crate::replay::{Race, Replay};

/// Accesses that a verdict tells of.
const ACCESSES: usize = 24;

/// Races that a verdict tells of.
const RACES: usize = 4;

/// What a test found wrong in a replay, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct Wrong {
    /// What is wrong, in words.
    pub what: String,
    /// The word that shows it, where there is one.
    pub address: Option<u64>,
}

impl Wrong {
    /// Returns something that no word of memory shows, as an answer that does not come.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), address: None }
    }

    /// Returns what is wrong with a value at an address.
    #[must_use]
    pub fn at(address: u64, what: impl Into<String>) -> Self {
        Self { what: what.into(), address: Some(address) }
    }
}

impl From<Box<Fault>> for Wrong {
    fn from(fault: Box<Fault>) -> Self {
        let address = match &fault.kind {
            FaultKind::Access(error) => Some(error.address),
            FaultKind::Misaligned { address, .. } | FaultKind::WrongSpace { address, .. } => {
                Some(*address)
            }
            _ => None,
        };
        Self { what: fault.to_string(), address }
    }
}

impl From<Race> for Wrong {
    fn from(race: Race) -> Self {
        Self { what: race.to_string(), address: Some(race.address) }
    }
}

/// Why a seed failed, with what happened to the word in question, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub struct Verdict {
    /// What was wrong.
    pub wrong: Wrong,
    /// The last accesses to the eight bytes around the word, with their lines of PTX.
    pub accesses: Vec<String>,
    /// Accesses that nothing orders.
    pub races: Vec<Race>,
}

/// Runs a test in a replay. If it fails it runs once more in another of the same seed, which
/// repeats it, with a record of all accesses: a test that passes pays nothing for it.
///
/// `replay` makes the replays, both times the same; `test` gets one and asks memory of its own, so
/// that it finds everything as at the first time.
///
/// ```
/// use std::sync::Arc;
/// use isokern_simcuda::memory::{Kind, Memory};
/// use isokern_simcuda::replay::{Replay, Wrong, judge};
///
/// let memory = Arc::new(Memory::new(1 << 20));
/// let verdict = judge(
///     || Replay::weak(&memory, 7),
///     |replay| {
///         let word = memory.allocate(4, Kind::Pinned).expect("there is room");
///         replay.host_store(word, 4, 41).expect("it is there");
///         match replay.host_load(word, 4).expect("it is there") {
///             42 => Ok(()),
///             found => Err(Wrong::at(word, format!("the answer is {found}"))),
///         }
///     },
/// );
/// let text = verdict.expect_err("41 is no answer").to_string();
/// assert!(text.contains("the answer is 41") && text.contains("0x29 in 4 bytes"), "{text}");
/// ```
///
/// # Errors
///
/// What went wrong, and what happened before.
pub fn judge<T>(
    mut replay: impl FnMut() -> Replay,
    mut test: impl FnMut(&mut Replay) -> Result<T, Wrong>,
) -> Result<T, Box<Verdict>> {
    let wrong = match test(&mut replay()) {
        Ok(value) => return Ok(value),
        Err(wrong) => wrong,
    };
    let mut again = replay().watching_races();
    let Err(repeated) = test(&mut again) else {
        let what = format!("{wrong}\n  It is not so when the seed is repeated: the test is not");
        let wrong = Wrong { what: what + " a function of it.", ..wrong };
        return Err(Box::new(Verdict { wrong, accesses: Vec::new(), races: Vec::new() }));
    };
    let accesses = repeated.address.map(|address| again.recent_accesses(address, ACCESSES));
    let races = again.take_races();
    Err(Box::new(Verdict { wrong: repeated, accesses: accesses.unwrap_or_default(), races }))
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wrong, accesses, races } = self;
        write!(f, "{wrong}")?;
        if let (false, Some(address)) = (accesses.is_empty(), wrong.address) {
            write!(f, "\nthe last accesses to the word at {address:#x}, oldest first:")?;
            accesses.iter().try_for_each(|access| write!(f, "\n  {access}"))?;
        }
        races.iter().take(RACES).try_for_each(|race| write!(f, "\n{race}"))?;
        match races.len().saturating_sub(RACES) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more races"),
        }
    }
}
