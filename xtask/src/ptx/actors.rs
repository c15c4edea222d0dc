//! Actors and tasks that are not in the shipped device code: the template's, and those of suites.

use super::build_crate;
use crate::failure::Failure;
use crate::{process, repository, standin};
use std::ffi::OsStr;
use std::path::PathBuf;

/// The template of an actor: a workspace of its own, with a program that asks it.
const TEMPLATE: &str = "kernels-ptx/template-actor";
/// The crate with its handler, and its program.
const HANDLER: &str = "meter";
const PROGRAM: &str = "meter-program";
/// The PTX that the program takes on the stand-in, and the lines that it must print.
const PTX: &str = "meter_device_sm80.ptx";
const LINES: [&str; 2] = [
    "9 answers, equal on the device and on a thread",
    "6 tasks, equal on the device and on threads",
];

/// The device crate of the suites, the test targets, and what tells them where the PTX is.
const SUITE_CRATE: &str = "tests/actors/device";
const SUITES: [&str; 4] = ["actor_suite", "task_suite", "task_replay", "planted_tasks"];
pub(crate) const SUITE_VARIABLE: &str = "ISOKERN_ACTORS";

/// Builds both, and runs them on the stand-in.
pub(super) fn run() -> Result<(), Failure> {
    run_template()?;
    run_suite()
}

/// Runs a program outside the workspace, with an actor and tasks of a crate outside of it.
fn run_template() -> Result<(), Failure> {
    let folder = repository::target_dir().join("ptx/template-actor");
    build_crate(TEMPLATE, &[OsStr::new("--output"), folder.as_os_str()])?;
    let manifest = repository::root().join(TEMPLATE).join("Cargo.toml");
    let cargo = |command, package| {
        let mut cargo = process::cargo();
        cargo.args([command, "--quiet", "--locked", "--package", package, "--manifest-path"]);
        cargo.arg(&manifest).env("CARGO_TARGET_DIR", repository::target_dir());
        cargo
    };
    process::run(&mut cargo("test", HANDLER))?;
    let mut program = cargo("run", PROGRAM);
    program.arg("--").arg(folder.join(PTX));
    program.env("LD_LIBRARY_PATH", standin::folder()?.join("lib64"));
    let printed = process::output_or_message(&mut program)?;
    for wanted in LINES {
        if !printed.lines().any(|line| line == wanted) {
            return Err(Failure::Check(format!("{PROGRAM} did not print `{wanted}`")));
        }
        println!("{PROGRAM}: {wanted}");
    }
    Ok(())
}

/// Builds the device crate of the suites into a folder of the PTX output, with these arguments, and
/// returns it; what tells a program of it is [`SUITE_VARIABLE`].
pub(crate) fn build_suite(folder: &str, arguments: &[&str]) -> Result<PathBuf, Failure> {
    let folder = repository::target_dir().join("ptx").join(folder);
    let mut arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    arguments.extend([OsStr::new("--output"), folder.as_os_str()]);
    build_crate(SUITE_CRATE, &arguments)?;
    Ok(folder)
}

/// Runs the suites of actors and of tasks on blocks of a resident kernel, and on threads.
fn run_suite() -> Result<(), Failure> {
    let folder = build_suite("actors", &["--target", "sm_80"])?;
    let mut cargo = process::cargo();
    cargo.env(SUITE_VARIABLE, &folder).args(["test", "--package", "isokern-tests"]);
    process::run(cargo.args(SUITES.iter().flat_map(|suite| ["--test", suite])))
}
