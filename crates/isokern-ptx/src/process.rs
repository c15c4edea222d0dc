//! Starting other programs: shown before they run, checked after.

use crate::error::Error;
use core::time::Duration;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

/// Returns the cargo that started this program.
#[must_use]
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(program)
}

/// Shows a command, runs it, and fails when it fails.
///
/// # Errors
///
/// [`Error::Start`], and [`Error::Exit`] where the command fails.
pub fn run(command: &mut Command) -> Result<(), Error> {
    let line = command_line(command);
    println!("$ {line}");
    let status = command.status().map_err(|source| start_failure(command, source))?;
    if status.success() { Ok(()) } else { Err(Error::Exit { line, status }) }
}

/// Shows a command, runs it, shows what it prints and hands each line of that to `read`, and fails
/// when the command fails.
///
/// # Errors
///
/// [`Error::Start`], and [`Error::Exit`] where the command fails.
pub fn run_with_lines(command: &mut Command, mut read: impl FnMut(&str)) -> Result<(), Error> {
    let line = command_line(command);
    println!("$ {line}");
    let started = command.stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|source| start_failure(command, source))?;
    if let Some(pipe) = child.stdout.take() {
        // Lines of tests may hold any bytes; what was read before an error is all there is.
        for bytes in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&bytes);
            println!("{text}");
            read(&text);
        }
    }
    let status = child.wait().map_err(|source| start_failure(command, source))?;
    if status.success() { Ok(()) } else { Err(Error::Exit { line, status }) }
}

/// Runs a command quietly and returns what it printed to standard output.
///
/// # Errors
///
/// [`Error::Start`], and [`Error::Exit`] where the command fails.
pub fn output(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|source| start_failure(command, source))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Exit { line: command_line(command), status: output.status })
    }
}

/// Runs a command quietly and returns what it printed to standard output; its messages go to
/// the terminal, for they say what a user has to change.
///
/// # Errors
///
/// [`Error::Start`], and [`Error::Exit`] where the command fails.
pub fn output_or_message(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| start_failure(command, source))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::Exit { line: command_line(command), status: output.status })
}

/// Runs a command that says nothing unless it fails, and fails when it fails.
///
/// # Errors
///
/// [`Error::Start`], and [`Error::Exit`] where the command fails.
pub fn run_quietly(command: &mut Command) -> Result<(), Error> {
    let status = command.status().map_err(|source| start_failure(command, source))?;
    let line = || command_line(command);
    if status.success() { Ok(()) } else { Err(Error::Exit { line: line(), status }) }
}

/// Runs a command quietly; how it ended, if it did before `limit` was over, and what it printed
/// to standard output.
///
/// # Errors
///
/// [`Error::Start`].
pub fn output_within(
    command: &mut Command,
    limit: Duration,
) -> Result<(Option<ExitStatus>, String), Error> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|source| start_failure(command, source))?;
    let mut pipe = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is all there is.
        let _ = pipe.as_mut().map(|pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let status = wait(&mut child, limit);
    Ok((status, reader.join().unwrap_or_default()))
}

/// Shows a command, runs it, and tells whether it succeeded before `limit` was over.
///
/// For commands that ask the network for something: a machine without one must not hang.
pub fn succeeds_within(command: &mut Command, limit: Duration) -> bool {
    println!("$ {}", command_line(command));
    let Ok(mut child) = command.stdin(Stdio::null()).spawn() else {
        return false;
    };
    wait(&mut child, limit).is_some_and(|status| status.success())
}

/// Returns how a child ended; none if it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if start.elapsed() < limit => thread::sleep(Duration::from_millis(20)),
            Ok(None) | Err(_) => {
                // Both calls fail only when the child has ended in the meantime.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

fn start_failure(command: &Command, source: std::io::Error) -> Error {
    Error::Start { program: shown(command.get_program()), source }
}

/// Returns the command as one would type it: variables it sets, program, arguments.
fn command_line(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        let value = quoted(&shown(value?));
        Some(format!("{}={value}", shown(name)))
    });
    let program = command.get_program();
    let name = std::path::Path::new(program).file_name().unwrap_or(program);
    let arguments = command.get_args().map(|argument| quoted(&shown(argument)));
    let words: Vec<String> = variables.chain([shown(name)]).chain(arguments).collect();
    words.join(" ")
}

fn shown(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

fn quoted(text: &str) -> String {
    if text.contains([' ', '"']) { format!("'{text}'") } else { text.to_owned() }
}
