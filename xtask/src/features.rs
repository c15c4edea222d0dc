//! The stage `features`: each crate with each of its features alone, by `cargo-hack`.

use crate::failure::Failure;
use crate::process;
use crate::tools;

/// The program that tries the features.
pub(crate) const CARGO_HACK: &str = "cargo-hack";

/// The crate that needs one of its features, each the version of a driver: without any it cannot
/// be built, nor with two. The lint stage builds it with the one that is the default.
const NEEDS_ONE: &str = "isokern-cuda";

/// Lints every crate with no feature, with each one, and with all.
///
/// What a crate's tests depend on does not switch features on here: cargo's resolver leaves it
/// out of a build without tests. So no manifest has to be changed for a while (`--no-dev-deps`).
pub(crate) fn run() -> Result<(), Failure> {
    let mut command = tools::checker(CARGO_HACK)?;
    command.args(["hack", "clippy", "--workspace", "--exclude", NEEDS_ONE, "--each-feature"]);
    process::run(command.args(["--", "-Dwarnings"]))
}
