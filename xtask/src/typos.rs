//! The stage `typos`: spelling in every file, by the program of that name.
//!
//! It knows common misspellings, not all words. `typos.toml` lists names that look like some.

use crate::failure::Failure;
use crate::process;
use crate::repository;
use crate::tools;
use std::process::{Command, Stdio};

/// The program that reads the files.
pub(crate) const TYPOS: &str = "typos";

/// A misspelling that must be found; written in two halves, or it would be, here.
const PLANTED: &str = concat!("recie", "ve");

/// The exit status of the program where it found a misspelling.
const FOUND: i32 = 2;

/// Reads every file, after a planted mistake was found.
pub(crate) fn run() -> Result<(), Failure> {
    find_planted()?;
    process::run(&mut command()?)
}

/// Finds planted mistakes: settings that exclude everything would let everything pass.
fn find_planted() -> Result<(), Failure> {
    let path = repository::target_dir().join("planted-typo.txt");
    let failure = |source| Failure::Path { path: path.clone(), source };
    std::fs::write(&path, PLANTED).map_err(failure)?;
    let status = command()?.arg(&path).stdout(Stdio::null()).status().map_err(failure)?;
    if status.code() == Some(FOUND) {
        return Ok(());
    }
    Err(Failure::Blind("typos did not find the planted misspelling; look at typos.toml"))
}

fn command() -> Result<Command, Failure> {
    let mut command = tools::checker(TYPOS)?;
    command.args(["--config", "typos.toml"]);
    Ok(command)
}
