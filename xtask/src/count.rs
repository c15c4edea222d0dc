//! `cargo xtask count`: what the shipped PTX executes for one inference of each model, by function,
//! written to `tests/counts.md` or compared with it.
//!
//! Counts are exact and repeat in every build and on every machine, so the table is compared to the
//! last digit; a failure names the functions that moved, and by how much.

mod compare;
mod table;

use crate::failure::Failure;
use crate::{process, repository};

/// The committed file.
const PATH: &str = "tests/counts.md";

/// What `cargo xtask count` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write the table instead of comparing it.
    #[arg(long)]
    bless: bool,
    /// Count with a release build: the counts are the same.
    #[arg(long)]
    release: bool,
}

/// Counts, and writes or compares.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--package", "isokern-tests", "--bin", "counts"]);
    if arguments.release {
        command.arg("--release");
    }
    let printed = process::output(&mut command)?;
    let found = table::read(&printed);
    let path = repository::root().join(PATH);
    let failure = |source| Failure::Path { path: path.clone(), source };
    if arguments.bless {
        let text = table::text(&found);
        println!("{PATH}: {} models", found.models.len());
        return std::fs::write(&path, text).map_err(failure);
    }
    let committed = std::fs::read_to_string(&path).map_err(failure)?;
    let moved = compare::moved(&committed, &found);
    if moved.is_empty() {
        println!("{}", compare::summary(&committed, &found));
        return Ok(());
    }
    Err(Failure::Check(format!(
        "what the device code executes is no longer what {PATH} says:\n  {}\n\
         Fix: undo it, or write the table anew with `cargo xtask count --bless`",
        moved.join("\n  ")
    )))
}
