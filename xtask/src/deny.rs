//! The stages `deny` and `advisories`: what the workspaces depend on, checked by `cargo-deny`.
//!
//! `deny.toml` says what is allowed. Each workspace is checked, with the versions of its lock file.

use crate::ci::Verdict;
use crate::failure::Failure;
use crate::process;
use crate::repository;
use crate::tools;
use core::time::Duration;

/// The program that checks.
pub(crate) const CARGO_DENY: &str = "cargo-deny";

/// How long it may take to fetch the database of advisories.
const FETCH_LIMIT: Duration = Duration::from_secs(60);

/// Checks licences, sources, and that nothing is there in two versions.
pub(crate) fn run() -> Result<(), Failure> {
    check(&["bans", "licenses", "sources"])
}

/// Checks that no dependency has a known hole or was taken back by its authors.
///
/// The database of advisories comes from the network. Where it cannot be had, nothing is checked,
/// and the verdict says so.
pub(crate) fn advisories() -> Result<Verdict, Failure> {
    let mut fetch = tools::checker(CARGO_DENY)?;
    fetch.args(["--config", "deny.toml", "fetch", "db"]);
    if !process::succeeds_within(&mut fetch, FETCH_LIMIT) {
        return Ok(Verdict::Skipped("the database of advisories cannot be fetched"));
    }
    check(&["advisories"])?;
    Ok(Verdict::Passed)
}

fn check(arguments: &[&str]) -> Result<(), Failure> {
    repository::manifests()?.iter().try_for_each(|manifest| {
        let mut command = tools::checker(CARGO_DENY)?;
        command.args(["--locked", "--config", "deny.toml", "--manifest-path", manifest, "check"]);
        // One file serves all workspaces: what it allows need not be in each.
        command.args(["--allow", "unmatched-skip"]).args(arguments);
        process::run(&mut command)
    })
}
