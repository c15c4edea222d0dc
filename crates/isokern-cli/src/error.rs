//! Every way a command fails, the message for it, and the exit code.

use core::fmt;
use core::time::Duration;
use std::io;
use std::path::Path;

use isokern_core::megakernel::MegakernelError;
use thiserror::Error;

use crate::figures::counted;
use crate::input::InputError;
use crate::labels::LabelError;
use crate::number::Number;
use crate::policy::{ConfigError, TaskMixError, WallTimeError};
use crate::ports::PortError;
use isokern::escape::{escaped, quoted};

/// Why a command failed.
///
/// Messages name the file and end with `Fix:` and what to do, where there is something.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    #[error("cannot read {name}: {source}{}", Remedy(.source))]
    Read { name: String, source: io::Error },
    #[error("cannot write {name}: {source}{}", Remedy(.source))]
    Write { name: String, source: io::Error },
    #[error(
        "{output} is the same file as {input}, which is read: writing it would destroy that. Fix: \
         name another file for the output"
    )]
    OutputIsInput { output: String, input: String },
    #[error(
        "--emit c writes a source file and a header, which {name} does not name. Fix: pass a file \
         whose name ends in .c"
    )]
    NoSourceFile { name: String },
    #[error("cannot write to standard output: {}{}", .0, Remedy(.0))]
    Print(io::Error),
    #[error(transparent)]
    Model(isokern::Error),
    #[error(
        "{name}: the outputs of the device differ from those of the processor. Fix: report this \
         with the device's name; until then pass --backend cpu"
    )]
    DeviceDiffers { name: String },
    #[error("--batch is for a GPU. Fix: pass --backend cuda, or leave it out")]
    BatchOnCpu,
    #[error("--batch is for calls. Fix: pass --mode batch, or leave --batch out")]
    BatchOfQuestions,
    #[error(
        "a measurement is of one backend. Fix: pass --backend cpu or --backend cuda, and see \
         `isokern devices`"
    )]
    BackendNotNamed,
    #[error(
        "{name}: input {input_index} has no answer within {}. Fix: pass a longer --timeout or none",
        humantime::format_duration(*.limit)
    )]
    Timeout { name: String, input_index: usize, limit: Duration },
    #[error("{option} is for tasks. Fix: pass --mode megakernel, or leave it out")]
    NoTasks { option: &'static str },
    #[error(
        "{name}: the outputs in {mode} mode differ from those in batch mode. Fix: report this with \
         the processor's name; until then run with --mode batch"
    )]
    ModesDiffer { name: String, mode: &'static str },
    #[error("--wait is for a ring, and batch mode has none. Fix: pass --mode ring")]
    WaitWithoutRing,
    #[error("{name}: {source}")]
    Input { name: String, source: InputError },
    #[error("{name}: {source}")]
    Labels { name: String, source: LabelError },
    #[error(
        "{name}: {what}. Fix: find out which of both is right{}",
        Tolerance(.greatest)
    )]
    Unexpected { name: String, what: String, greatest: Number },
    #[error(
        "{name}: --reals cannot write {output}, whose values stand for no real numbers. Fix: \
             leave out --reals, or --output for this one"
    )]
    NoReals { name: String, output: String },
    #[error(
        "{name} has no self-test. Fix: convert the model again: one that a processor runs in \
             seconds gets one"
    )]
    NoSelfTest { name: String },
    #[error(
        "{name}: the self-test gives the digest {found} with {place}, not {expected}. Fix: \
             convert the model again; if it stays, report this with the name of that"
    )]
    SelfTest { name: String, place: String, found: String, expected: String },
    #[error("standard input is given for two files. Fix: give each a file of its own")]
    StdinTwice,
    #[error("--json and --output both go to standard output. Fix: name a file for the output")]
    JsonAndData,
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(
        "{first} has {}, {other} has {}. Fix: give every input the same number of samples",
        counted(*.first_count, "sample"),
        counted(*.other_count, "sample")
    )]
    SampleCounts { first: String, first_count: usize, other: String, other_count: usize },
    #[error(
        "{name}: an array cannot hold {dtype}, which NumPy does not have. Fix: write raw bytes to \
         a file with another name"
    )]
    OutputElement { name: String, dtype: &'static str },
    #[error(
        "--state reads the state after each input, which {option} does not show. Fix: leave \
         {option} out"
    )]
    StateHidden { option: &'static str },
    #[error("{name} keeps no state, which --state would write. Fix: leave --state out")]
    NoState { name: String },
    #[error(
        "{name} gives {outputs}; a wake word is one probability a step. Fix: see what the model \
         gives with `isokern run --stream`"
    )]
    NoWakeWord { name: String, outputs: String },
    #[error("--steps says how many inputs --random generates. Fix: pass --random, or a file alone")]
    StepsOfFile,
    #[error("this processor does not have {wanted}. Fix: pass --instructions {available}")]
    Instructions { wanted: &'static str, available: String },
    #[error(
        "the outputs with {set} differ from {reference}. Fix: report this with the processor's \
             name; until then run with --instructions plain"
    )]
    Differs { set: &'static str, reference: &'static str },
    #[error("{name}: {source}")]
    Config { name: String, source: ConfigError },
    #[error("{name} does not say what it is written in. Fix: pass --format toml or --format json")]
    ConfigFormat { name: String },
    #[error(transparent)]
    WallTime(#[from] WallTimeError),
    #[error(transparent)]
    Tasks(#[from] TaskMixError),
    #[error("{0}")]
    Policy(MegakernelError),
    #[error("there is no command {}. Fix: pass one of {all}", quoted(.name))]
    NoCommand { name: String, all: String },
}

impl CliError {
    /// Returns the code the program exits with.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Model(_)
            | Self::DeviceDiffers { .. }
            | Self::ModesDiffer { .. }
            | Self::Input { .. }
            | Self::Labels { .. }
            | Self::Unexpected { .. }
            | Self::NoReals { .. }
            | Self::NoSelfTest { .. }
            | Self::SelfTest { .. }
            | Self::SampleCounts { .. }
            | Self::OutputElement { .. }
            | Self::Differs { .. }
            | Self::Config { .. }
            | Self::NoWakeWord { .. }
            | Self::Policy(_) => 1,
            Self::Instructions { .. }
            | Self::WaitWithoutRing
            | Self::NoTasks { .. }
            | Self::BatchOnCpu
            | Self::BatchOfQuestions
            | Self::StdinTwice
            | Self::JsonAndData
            | Self::BackendNotNamed
            | Self::Port(_)
            | Self::OutputIsInput { .. }
            | Self::NoSourceFile { .. }
            | Self::StateHidden { .. }
            | Self::NoState { .. }
            | Self::StepsOfFile
            | Self::ConfigFormat { .. }
            | Self::WallTime(_)
            | Self::NoCommand { .. }
            | Self::Tasks(_) => 2,
            Self::Timeout { .. } => 4,
            Self::Read { .. } | Self::Write { .. } | Self::Print(_) => 3,
        }
    }

    /// Returns whether the reader of standard output has gone, which is no failure: `| head`.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Print(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Returns the lines for standard error: what is wrong, then what to do; a pair for each
    /// refusal of a file that is converted.
    ///
    /// Whatever a message repeats of a file or of a driver is escaped here.
    pub(crate) fn report(&self) -> String {
        if let Self::Model(isokern::Error::Import { name, source }) = self {
            return source.faults().iter().map(|fault| pair(&format!("{name}: {fault}"))).collect();
        }
        pair(&self.to_string())
    }
}

/// Returns a message as lines: what is wrong, then what to do.
fn pair(message: &str) -> String {
    let message = escaped(message);
    // The last one is ours: a name in the message may have another.
    match message.rsplit_once(". Fix: ") {
        Some((wrong, fix)) => {
            format!("error: {wrong}\nfix: {}\n", fix.trim_end_matches('.'))
        }
        None => format!("error: {message}\n"),
    }
}

/// What the options are about is said in the program's words.
impl From<isokern::Error> for CliError {
    fn from(error: isokern::Error) -> Self {
        use isokern::Error::{Read, Timeout};
        if let Timeout { name, input_index, limit } = error {
            return Self::Timeout { name, input_index, limit };
        }
        if let Read { name, source } = error {
            return Self::Read { name, source };
        }
        Self::Model(error)
    }
}

/// Text that a command prints could not be written.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::Print(error)
    }
}

/// Returns an error without its remedy.
pub(crate) fn one_line(error: impl fmt::Display) -> String {
    let text = error.to_string();
    text.split_once(". Fix: ").map_or(text.as_str(), |(wrong, _)| wrong).to_owned()
}

/// Returns a path as messages name it: escaped.
pub(crate) fn name(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// The tolerance that would let a difference be, where one would.
struct Tolerance<'e>(&'e Number);

impl fmt::Display for Tolerance<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let greatest = self.0;
        if matches!(greatest, Number::Real(real) if !real.is_finite()) {
            return Ok(());
        }
        let allowed = format_args!("; where a difference of {greatest} is none, pass --tolerance");
        write!(formatter, "{allowed} {greatest}")
    }
}

/// What to do about an error of the operating system, where that is plain.
struct Remedy<'e>(&'e io::Error);

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FIXES: [(io::ErrorKind, &str); 9] = [
            (io::ErrorKind::NotFound, "check the path and the folder it is relative to"),
            (io::ErrorKind::PermissionDenied, "check the permissions of the file and its folder"),
            (io::ErrorKind::IsADirectory, "name a file, not a folder"),
            (io::ErrorKind::StorageFull, "free some space"),
            (io::ErrorKind::QuotaExceeded, "free some space"),
            (io::ErrorKind::FileTooLarge, "raise the limit on the size of files, or free space"),
            (io::ErrorKind::ReadOnlyFilesystem, "name a place that can be written to"),
            (io::ErrorKind::NotADirectory, "check the path: a part of it is a file, not a folder"),
            (io::ErrorKind::InvalidFilename, "give the file another name"),
        ];
        // What is wrong is already there with what to do about it.
        if self.0.to_string().contains(". Fix: ") {
            return Ok(());
        }
        let known = FIXES.iter().find(|(kind, _)| *kind == self.0.kind());
        let fix = known.map_or("check the path, and the device it leads to", |(_, fix)| *fix);
        write!(formatter, ". Fix: {fix}")
    }
}

#[cfg(test)]
mod tests {
    use super::{CliError, name};
    use std::io;
    use std::path::Path;

    #[test]
    fn a_report_has_the_fault_and_the_remedy_on_lines_of_their_own() {
        let source = io::Error::from(io::ErrorKind::NotFound);
        let error = CliError::Read { name: "a.ikm".to_owned(), source };
        let report = error.report();
        let lines: Vec<&str> = report.lines().collect();
        assert!(lines[0].starts_with("error: cannot read a.ikm: "), "{report}");
        assert!(lines[1].starts_with("fix: check the path"), "{report}");
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn a_path_cannot_move_the_cursor() {
        assert_eq!(name(Path::new("a\x1b[2J\n.ikm")), "a\\u{1b}[2J\\n.ikm");
    }
}
