//! `cargo xtask graphs`: makes random graphs, asks TFLite Micro, and compares.
//!
//! Python makes them (`tests/models/random_graphs.py`), with the interpreter that `ISOKERN_PYTHON`
//! names, or `python3` and the packages that `.ci/run` puts into the build output.

use crate::ci::Verdict;
use crate::failure::Failure;
use crate::process;
use crate::repository;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `cargo xtask graphs` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// How many graphs are made.
    #[arg(long, default_value_t = 300)]
    count: u64,
    /// Compare the shipped PTX too, on the stand-in's machine.
    #[arg(long)]
    device: bool,
    /// The folder of the graphs; relative to the root of the repository.
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// Makes graphs and compares them; fails where Python has no TFLite Micro.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if !has_oracle() {
        return Err(Failure::Missing { what: "TFLite Micro for Python", how: how_to_install() });
    }
    let folder = match &arguments.folder {
        Some(folder) => repository::root().join(folder),
        None => repository::target_dir().join("graphs"),
    };
    let mut make = python();
    make.arg(generator()).arg(&folder);
    make.args(["--first", &arguments.first.to_string()]);
    process::run(make.args(["--count", &arguments.count.to_string()]))?;
    compare(&folder, &[])?;
    if arguments.device { compare(&folder, &["--device"]) } else { Ok(()) }
}

/// Runs the stage: skipped where Python has no TFLite Micro.
pub(crate) fn run_stage(arguments: &Arguments) -> Result<Verdict, Failure> {
    if !has_oracle() {
        return Ok(Verdict::Skipped("Python has no TFLite Micro (tests/models/requirements.txt)"));
    }
    run(arguments)?;
    Ok(Verdict::Passed)
}

fn compare(folder: &Path, options: &[&str]) -> Result<(), Failure> {
    let mut command = process::cargo();
    command.args(["run", "--release", "--quiet", "--package", "isokern-tests", "--bin", "graphs"]);
    process::run(command.arg("--").arg(folder).args(options))
}

/// Returns how to get the packages.
pub(crate) fn how_to_install() -> String {
    "install `tests/models/requirements.txt` for Python 3.11, and name that in ISOKERN_PYTHON"
        .to_owned()
}

/// Returns whether the generator can ask TFLite Micro.
pub(crate) fn has_oracle() -> bool {
    let mut help = python();
    process::output(help.arg(generator()).arg("--help")).is_ok()
}

fn generator() -> PathBuf {
    repository::root().join("tests/models/random_graphs.py")
}

fn python() -> Command {
    let named = std::env::var_os("ISOKERN_PYTHON");
    let packages = repository::target_dir().join("tools/oracle");
    let mut command = Command::new(named.as_deref().unwrap_or_else(|| "python3".as_ref()));
    command.current_dir(repository::root());
    if named.is_none() && packages.is_dir() {
        command.env("PYTHONPATH", packages);
    }
    // Packages there log to standard error what they do with the processor.
    command.env("TF_CPP_MIN_LOG_LEVEL", "2").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
