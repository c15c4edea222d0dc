//! Counts of what kernels execute, as a table that is committed and compared.
//!
//! The stand-in driver counts exactly: the same program gives the same numbers in every build and
//! on every machine, so a table of them is compared to the last digit, and what moved is named by
//! kernel and function.

mod compare;
mod profile;
mod table;

pub use compare::{moved, summary};
pub use profile::of_profile;
pub use table::{COUNTS, Found, Row, Table, share_rows};

use crate::error::Error;
use std::path::{Path, PathBuf};

/// What the command `count` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The profile that the stand-in driver wrote (`ISOKERN_SIM_PROFILE`).
    profile: PathBuf,
    /// The table it is compared with.
    table: PathBuf,
    /// Write the table instead of comparing it.
    #[arg(long)]
    bless: bool,
}

/// Compares a profile with a table, or writes the table.
///
/// # Errors
///
/// [`Error::Path`] for files that cannot be read or written; [`Error::Check`] for a profile that is
/// none or is empty, and with the kernels and functions that moved.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let found = of_profile(&read(&arguments.profile)?)
        .map_err(|why| Error::Check(format!("{}: {why}", arguments.profile.display())))?;
    compare_or_write(
        &[(profile::TABLE, found)],
        &arguments.table,
        arguments.bless,
        "cargo isokern-ptx count",
    )
}

/// Compares counts with the tables of a committed file, or writes it; `command` with `--bless`
/// writes it.
///
/// # Errors
///
/// As [`run`].
pub fn compare_or_write(
    tables: &[(Table, Found)],
    path: &Path,
    bless: bool,
    command: &str,
) -> Result<(), Error> {
    if bless {
        let rows = tables.iter().map(|(_, found)| found.wholes.len() + found.parts.len());
        println!("{}: {} rows", path.display(), rows.sum::<usize>());
        let texts: Vec<String> = tables.iter().map(|(table, found)| table.text(found)).collect();
        let failure = |source| Error::Path { path: path.to_owned(), source };
        return std::fs::write(path, texts.join("\n")).map_err(failure);
    }
    let committed = read(path)?;
    let moved: Vec<String> =
        tables.iter().flat_map(|(table, found)| moved(table, &committed, found)).collect();
    if moved.is_empty() {
        println!("{}", summary(tables, &committed));
        return Ok(());
    }
    Err(Error::Check(format!(
        "what the device code executes is no longer what {} says:\n  {}\n\
         Fix: undo it, or write the table anew with `{command} --bless`",
        path.display(),
        moved.join("\n  ")
    )))
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Path { path: path.to_owned(), source })
}
