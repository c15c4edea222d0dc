//! Starting other programs, as `isokern_ptx::process` does, in the root folder of the repository.

use crate::failure::Failure;
use crate::repository;
use core::time::Duration;
pub(crate) use isokern_ptx::process::succeeds_within;
use std::process::{Command, ExitStatus};

/// Returns the cargo that started this program, in the root folder of the repository.
pub(crate) fn cargo() -> Command {
    let mut command = isokern_ptx::process::cargo();
    command.current_dir(repository::root());
    command
}

/// Shows a command, runs it, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    Ok(isokern_ptx::process::run(command)?)
}

/// Shows a command, runs it, shows what it prints and hands each line of that to `read`, and fails
/// when the command fails.
pub(crate) fn run_with_lines(command: &mut Command, read: impl FnMut(&str)) -> Result<(), Failure> {
    Ok(isokern_ptx::process::run_with_lines(command, read)?)
}

/// Runs a command quietly and returns what it printed to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    Ok(isokern_ptx::process::output(command)?)
}

/// Runs a command quietly; how it ended, if it did before `limit` was over, and what it printed
/// to standard output.
pub(crate) fn output_within(
    command: &mut Command,
    limit: Duration,
) -> Result<(Option<ExitStatus>, String), Failure> {
    Ok(isokern_ptx::process::output_within(command, limit)?)
}

/// Runs a command quietly and returns what it printed to standard output; its messages go to
/// the terminal, for they say what a user has to change.
pub(crate) fn output_or_message(command: &mut Command) -> Result<String, Failure> {
    Ok(isokern_ptx::process::output_or_message(command)?)
}

/// Returns what cargo says that it has built, in its messages of one JSON object a line.
pub(crate) fn built(messages: &str) -> impl Iterator<Item = serde_json::Value> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    messages.filter(|message: &serde_json::Value| message["reason"] == "compiler-artifact")
}

/// Runs a command that says nothing unless it fails, and fails when it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<(), Failure> {
    Ok(isokern_ptx::process::run_quietly(command)?)
}
