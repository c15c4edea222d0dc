//! `cargo xtask ci --only python,pythons`: the wheel, built and installed as a user does, its
//! tests, its types and its page.
//!
//! Virtual environments in the build output get the packages of `.ci/python.txt`, once for each
//! list, and the wheel each time. The interpreter of the stage `python` is the one that
//! `ISOKERN_PYTHON` names, or `python3`; the runtime to compare with has packages for Python 3.11
//! alone. The stage `pythons` has the same wheel tested by the oldest version and the newest one.

mod environment;
mod interpreter;
mod wheel;

use crate::ci::Verdict;
use crate::failure::Failure;
use crate::{process, repository, standin};
pub(crate) use interpreter::{has_environments, newest, oldest};

use environment::Environment;
use std::path::PathBuf;
use std::process::Command;

/// The crate of the wheel.
const CRATE: &str = "crates/isokern-python";
/// The page whose code is run, and what runs it.
const PAGE: &str = "docs/python.md";
const PAGE_PROGRAM: &str = "crates/isokern-python/examples/page.py";

/// Builds the wheel, installs it, and runs its tests, the checker of types and the page.
pub(crate) fn run() -> Result<(), Failure> {
    let environment = Environment::prepare("environment", interpreter::chosen())?;
    environment.install(&wheel::build(&environment, &folder())?)?;

    process::run(suite(&environment).env("ISOKERN_NEEDS_TFLM", "1"))?;
    // The GPU is the stand-in; the other tests see none.
    let mut gpu = suite(&environment);
    gpu.arg("tests/test_gpu.py").env("ISOKERN_NEEDS_GPU", "1");
    process::run(gpu.env("LD_LIBRARY_PATH", standin::folder()?.join("lib64")))?;
    let mut types = environment.command("mypy");
    types.args(["--strict", "python/isokern", "examples"]);
    types.arg("--cache-dir").arg(folder().join("mypy"));
    process::run(types.current_dir(repository::root().join(CRATE)))?;
    // The stubs are those of the native part that was installed.
    let mut stubs = environment.command("stubtest");
    process::run(stubs.args(["isokern._native", "--ignore-missing-stub"]))?;
    let mut page = environment.command("python");
    process::run(page.args([PAGE_PROGRAM, PAGE, "--check"]))
}

/// Runs the suite on the wheel by the oldest version of Python and by the newest that is here:
/// skipped where one of the two is not, after the other has run.
pub(crate) fn run_others() -> Result<Verdict, Failure> {
    let wheel = if let Some(wheel) = wheel::built(&folder()) {
        wheel
    } else {
        let environment = Environment::prepare("environment", interpreter::chosen())?;
        wheel::build(&environment, &folder())?
    };
    let (oldest, newest) = (oldest(), newest());
    let words = if oldest.is_none() {
        Some("Python 3.10 is not here")
    } else {
        newest.is_none().then_some("no Python from 3.12 on is here")
    };
    if let Some(words) = words {
        println!("note: {words}");
    }
    for (version, program) in oldest.into_iter().chain(newest) {
        println!("== Python {version} ==");
        let environment = Environment::prepare(version, Command::new(program))?;
        environment.install(&wheel)?;
        process::run(&mut suite(&environment))?;
    }
    Ok(words.map_or(Verdict::Passed, Verdict::Skipped))
}

/// Returns the folder of all that these stages make.
fn folder() -> PathBuf {
    repository::target_dir().join("python")
}

/// Returns the suite, in the folder of the crate, whose manifest has what the tools are told.
fn suite(environment: &Environment) -> Command {
    let mut tests = environment.command("pytest");
    tests.args(["--quiet", "-p", "no:cacheprovider"]);
    tests.current_dir(repository::root().join(CRATE));
    tests
}
