//! The `isokern` program: convert, inspect and run int8 models.
//!
//! [`run_program`] is all of it, for whoever has another way to start it: the Python package puts
//! it on its command line. A program of your own takes the crate `isokern`.
//!
//! One command per file; the module `error` has the exit codes. Text goes to standard output,
//! through one buffered writer that every command is handed; progress and errors go to
//! standard error. What could not be written is an error; where the reader of a pipe has gone the
//! program ends by the signal for that (`SIGPIPE`), as others do.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod answers;
mod backend;
mod bench;
mod completions;
mod convert;
mod demo;
mod devices;
mod element;
mod error;
mod figures;
mod input;
mod inspect;
mod instructions;
mod json;
mod labels;
mod mode;
mod model_file;
mod npy;
mod number;
mod output;
mod policy;
mod ports;
mod progress;
mod run;
mod self_test;
mod shapes;
mod source_file;
mod states;
mod stdout;
mod trace;

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::LazyLock;

use clap::{CommandFactory, Parser, Subcommand};
use isokern_core::compute::NumericProfile;
use isokern_model::header::{FORMAT_VERSION, PROFILE_TFLM_VERSION};

use crate::error::CliError;
use crate::stdout::Stdout;
use isokern::escape::escaped;

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let (version, profile) = (env!("CARGO_PKG_VERSION"), NumericProfile::Tflm);
    format!(
        "{version} (numeric profile {profile} v{PROFILE_TFLM_VERSION}, model format \
         {FORMAT_VERSION})"
    )
});

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a model, an input or a configuration was refused, or answers differ that must be equal
  2  the command line is wrong
  3  a file could not be read or written
  4  a time limit ended first
Where the reader of standard output ends first, as in `| head`, SIGPIPE ends the program (141 in a
shell).";

/// Runs int8 models with the output bytes of TFLite Micro, on every target.
#[derive(Parser)]
#[command(name = "isokern", version = VERSION.as_str(), after_help = EXIT_CODES)]
#[command(max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Convert(convert::Arguments),
    Inspect(inspect::Arguments),
    Run(run::Arguments),
    Bench(bench::Arguments),
    Policy(policy::Arguments),
    Devices(devices::Arguments),
    #[command(visible_alias = "self-test")]
    Selftest(self_test::Arguments),
    Completions(completions::Completions),
    Man(completions::Manual),
}

impl Command {
    fn run(&self, out: &mut impl Write) -> Result<(), CliError> {
        match self {
            Self::Demo(arguments) => demo::run(arguments, out),
            Self::Convert(arguments) => convert::run(arguments, out),
            Self::Inspect(arguments) => inspect::run(arguments, out),
            Self::Run(arguments) => run::run(arguments, out),
            Self::Bench(arguments) => bench::run(arguments, out),
            Self::Policy(arguments) => policy::run(arguments, out),
            Self::Devices(arguments) => devices::run(arguments, out),
            Self::Selftest(arguments) => self_test::run(arguments, out),
            Self::Completions(arguments) => {
                completions::print_completions(arguments, Cli::command(), out)
            }
            Self::Man(arguments) => completions::print_manual(arguments, Cli::command(), out),
        }
    }
}

/// Runs the program with these arguments, its own name first, and returns what it exits with.
///
/// Answers go to standard output, errors to standard error. Where the reader of a pipe has gone,
/// this ends the process by `SIGPIPE`.
///
/// ```
/// assert_eq!(isokern_cli::run_program(["isokern", "inspect", "no/such.tflite"]), 3);
/// ```
pub fn run_program(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return refuse(&error, &arguments),
        // The help or the version, asked for.
        Err(shown) => {
            return end(Stdout::check_open().and_then(|()| shown.print()).map_err(CliError::Print));
        }
    };
    let mut out = Stdout::lock();
    let result = cli.command.run(&mut out);
    // What was printed before an error is shown before it.
    end(result.and(out.flush().map_err(CliError::Print)))
}

/// Returns what `isokern inspect --json` prints of a model.
///
/// # Errors
///
/// Those of the writer of JSON, which this report does not meet.
pub fn inspection_json(model: &isokern::Model) -> io::Result<String> {
    let mut text = Vec::new();
    inspect::print_json(model, &mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}

/// Returns what the program exits with, and says why on standard error.
fn end(result: Result<(), CliError>) -> u8 {
    let Err(error) = result else { return 0 };
    if error.is_closed_pipe() {
        // `| head` has enough. Whoever counts on every byte sees that not all went out.
        #[cfg(unix)]
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
    }
    // With standard error closed too there is nobody left to tell.
    let _ = io::stderr().write_all(error.report().as_bytes());
    error.exit_code()
}

/// Prints why the command line is wrong.
///
/// An argument may be the name of a file, put there by a shell's pattern. So what is printed is
/// what is wrong with the escaped arguments.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> u8 {
    let arguments = arguments.iter().map(|argument| escaped(&argument.to_string_lossy()));
    // With standard error closed too there is nobody left to tell.
    let _ = match Cli::try_parse_from(arguments) {
        Err(error) => error.print(),
        Ok(_) => writeln!(io::stderr(), "error: {}", error.kind()),
    };
    u8::try_from(error.exit_code()).unwrap_or(2)
}
