//! `cargo xtask ptx`: the repository's device crates become PTX, which is checked and recorded.
//!
//! What is built and how is in `isokern-ptx`; here is where the repository keeps its crates, and
//! the stage that shows that the checks and the suites notice what is planted.

mod planted;

use crate::failure::Failure;
use crate::{process, repository, standin};
pub(crate) use isokern_ptx::Arguments;
use isokern_ptx::{Outcome, OwnCrate, Site};
use std::path::Path;

/// The repository's own device crate.
const OWN_CRATE: &str = "kernels-ptx";

/// Where its PTX is committed, and what the names of the files start with.
const OWN_OUTPUT: &str = "crates/isokern-cuda/ptx";
const OWN_STEM: &str = "isokern";

/// The crates that show how to write one: an entry point, and an actor with a program that asks it.
const TEMPLATE: &str = "kernels-ptx/template";
const ACTOR_TEMPLATE: &str = "kernels-ptx/template-actor";

/// The program of the second, the PTX that it takes on the stand-in, and what it must print.
const ACTOR_PROGRAM: &str = "meter-program";
const ACTOR_PTX: &str = "meter_device_sm80.ptx";
const ACTOR_LINE: &str = "9 answers, equal on the device and on a thread";

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

/// Runs the check stage: the committed PTX is that of the source, the templates still build, an
/// actor of the second answers, and the suites notice every bug planted in the device crate.
pub(crate) fn run_stage() -> Result<(), Failure> {
    run(&Arguments { check: true, ..Arguments::default() })?;
    println!();
    build_template(TEMPLATE, None)?;
    run_actor_template()?;
    planted::run(|arguments| run(&arguments))
}

/// Builds a template by the command that its copies are built by, into a folder if one is named.
fn build_template(template: &str, output: Option<&Path>) -> Result<(), Failure> {
    let mut cargo = process::cargo();
    cargo.args(["run", "--quiet", "--package", "isokern-ptx", "--", "isokern-ptx", "build"]);
    cargo.arg("--manifest-path").arg(repository::root().join(template));
    if let Some(output) = output {
        cargo.arg("--output").arg(output);
    }
    // Beside the own crate, so that the library is built once.
    cargo.env("CARGO_TARGET_DIR", repository::target_dir());
    process::run(&mut cargo)
}

/// Builds the template of an actor, and runs its program on the stand-in: an actor of a crate
/// outside the workspace, spawned by a program outside of it.
fn run_actor_template() -> Result<(), Failure> {
    let folder = repository::target_dir().join("ptx/template-actor");
    build_template(ACTOR_TEMPLATE, Some(&folder))?;
    let manifest = repository::root().join(ACTOR_TEMPLATE).join("Cargo.toml");
    let mut tests = process::cargo();
    tests.args(["test", "--quiet", "--locked", "--package", "meter", "--manifest-path"]);
    process::run(tests.arg(&manifest).env("CARGO_TARGET_DIR", repository::target_dir()))?;
    let mut program = process::cargo();
    program.args(["run", "--quiet", "--locked", "--package", ACTOR_PROGRAM, "--manifest-path"]);
    program.arg(&manifest).arg("--").arg(folder.join(ACTOR_PTX));
    program.env("CARGO_TARGET_DIR", repository::target_dir());
    program.env("LD_LIBRARY_PATH", standin::folder()?.join("lib64"));
    let printed = process::output_or_message(&mut program)?;
    if !printed.lines().any(|line| line == ACTOR_LINE) {
        let message = format!("{ACTOR_PROGRAM} did not print `{ACTOR_LINE}`");
        return Err(Failure::Check(message));
    }
    println!("{ACTOR_PROGRAM}: {ACTOR_LINE}");
    Ok(())
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
