//! `cargo xtask ptx`: the repository's device crates become PTX, which is checked and recorded.
//!
//! What is built and how is in `isokern-ptx`; here is where the repository keeps its crates, and
//! the stage that shows that the checks and the suites notice what is planted.

pub(crate) mod actors;
mod planted;

use crate::failure::Failure;
use crate::{process, repository};
pub(crate) use isokern_ptx::Arguments;
use isokern_ptx::{Outcome, OwnCrate, Site};
use std::ffi::OsStr;
use std::path::Path;

/// The repository's own device crate.
const OWN_CRATE: &str = "kernels-ptx";

/// Where its PTX is committed, and what the names of the files start with.
const OWN_OUTPUT: &str = "crates/isokern-cuda/ptx";
const OWN_STEM: &str = "isokern";

/// The crate that shows how to write one.
const TEMPLATE: &str = "kernels-ptx/template";

/// The test target that runs a folder of PTX on the stand-in driver, and what tells it which.
const VECTORS: &str = "device_vectors";
const VECTORS_VARIABLE: &str = "ISOKERN_PTX";

/// Builds, checks and, as asked, writes or compares.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let is_own = arguments.manifest_path.is_none();
    match isokern_ptx::run(arguments, &site())? {
        // The bytes of two compilers differ: so the models have to run on those made here.
        Outcome::OtherCompiler { folder } if is_own => run_vectors(&folder),
        _ => Ok(()),
    }
}

/// Runs the check stage: the committed PTX is that of the source, the templates still build, actors
/// outside the shipped code answer, and the suites notice every bug planted in the device crate.
pub(crate) fn run_stage() -> Result<(), Failure> {
    run(&Arguments { check: true, ..Arguments::default() })?;
    println!();
    build_crate(TEMPLATE, &[])?;
    actors::run()?;
    planted::run(|arguments| run(&arguments))
}

/// Builds a device crate beside the own one by the command that copies of the templates are built
/// by, with more arguments.
fn build_crate(folder: &str, arguments: &[&OsStr]) -> Result<(), Failure> {
    let mut cargo = process::cargo();
    cargo.args(["run", "--quiet", "--package", "isokern-ptx", "--", "isokern-ptx", "build"]);
    cargo.arg("--manifest-path").arg(repository::root().join(folder)).args(arguments);
    // Beside the own crate, so that the library is built once.
    cargo.env("CARGO_TARGET_DIR", repository::target_dir());
    process::run(&mut cargo)
}

fn site() -> Site {
    let root = repository::root();
    let own = OwnCrate {
        folder: root.join(OWN_CRATE),
        output: Some(root.join(OWN_OUTPUT)),
        stem: Some(OWN_STEM.to_owned()),
        strict: true,
    };
    Site { root: root.to_owned(), build: repository::target_dir(), command: "cargo xtask ptx", own }
}

/// Runs the models on fresh PTX, in the stand-in driver.
fn run_vectors(folder: &Path) -> Result<(), Failure> {
    let mut cargo = process::cargo();
    cargo.env(VECTORS_VARIABLE, folder);
    process::run(cargo.args(["test", "--package", "isokern-tests", "--test", VECTORS]))
}

#[cfg(test)]
mod tests {
    use isokern_ptx::assembler::PACKAGE;

    #[test]
    fn the_checks_install_the_assembler_that_is_named() {
        let script = include_str!("../../.ci/run");
        assert!(script.contains(&format!("readonly NVCC_PACKAGE={PACKAGE}\n")));
    }
}
