//! The stage `hosts`: what applications use, linted for systems that nobody here runs.

use crate::ci::Verdict;
use crate::failure::Failure;
use crate::process;
use isokern_ptx::toolchain::Part;

/// Windows and macOS. Nothing is linked, so no linker of theirs is needed.
pub(crate) const TARGETS: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];
/// The facade and its bindings, and with them all that they depend on.
const PACKAGES: [&str; 3] = ["isokern", "isokern-python", "isokern-capi"];

/// Lints the packages for each target, and fails on a warning: skipped where the libraries of one
/// are not installed, after the other was checked.
pub(crate) fn run() -> Result<Verdict, Failure> {
    let mut verdict = Verdict::Passed;
    for target in TARGETS {
        if !Part::Target(target).ensure() {
            println!(
                "note: the target {target} is not installed; run `rustup target add {target}`"
            );
            verdict = Verdict::Skipped("a target is not installed");
            continue;
        }
        let mut lint = process::cargo();
        lint.args(["clippy", "--target", target]);
        lint.args(PACKAGES.iter().flat_map(|name| ["--package", name]));
        process::run(lint.args(["--", "-Dwarnings"]))?;
    }
    Ok(verdict)
}
