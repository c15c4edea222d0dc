//! `cargo xtask ci --only python`: the wheel, built and installed as a user does, its tests, its
//! types and its page.
//!
//! A virtual environment in the build output gets the packages of `.ci/python.txt`, once for each
//! list, and the wheel each time. The interpreter is the one that `ISOKERN_PYTHON` names, or
//! `python3`; the runtime to compare with has packages for Python 3.11 alone.

use crate::failure::Failure;
use crate::{process, repository};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What pip installs beside the wheel.
const PACKAGES: &str = ".ci/python.txt";
/// The crate of the wheel.
const CRATE: &str = "crates/isokern-python";
/// The page whose code is run, and what runs it.
const PAGE: &str = "docs/python.md";
const PAGE_PROGRAM: &str = "crates/isokern-python/examples/page.py";

/// Builds the wheel, installs it, and runs its tests, the checker of types and the page.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = repository::target_dir().join("python");
    let environment = Environment::prepare(&folder)?;
    let wheels = folder.join("wheels");
    let _absent = fs::remove_dir_all(&wheels);
    let mut build = environment.command("pip");
    build.args(["wheel", "--quiet", "--no-build-isolation", "--no-deps", "--wheel-dir"]);
    process::run(build.arg(&wheels).arg(repository::root().join(CRATE)))?;
    let mut install = environment.command("pip");
    install.args(["install", "--quiet", "--no-deps", "--force-reinstall"]);
    process::run(install.arg(wheel_in(&wheels)?))?;

    // In the folder of the crate, whose manifest has what the tools are told.
    let mut tests = environment.command("pytest");
    tests.args(["--quiet", "-p", "no:cacheprovider"]).env("ISOKERN_NEEDS_TFLM", "1");
    process::run(tests.current_dir(repository::root().join(CRATE)))?;
    let mut types = environment.command("mypy");
    types.args(["--strict", "python/isokern", "examples"]);
    types.arg("--cache-dir").arg(folder.join("mypy"));
    process::run(types.current_dir(repository::root().join(CRATE)))?;
    // The stubs are those of the native part that was installed.
    let mut stubs = environment.command("stubtest");
    process::run(stubs.args(["isokern._native", "--ignore-missing-stub"]))?;
    let mut page = environment.command("python");
    process::run(page.args([PAGE_PROGRAM, PAGE, "--check"]))
}

/// Returns whether the interpreter makes environments, and is one that the packages are for.
pub(crate) fn has_environments() -> bool {
    let code = "import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))";
    process::output(interpreter().args(["-c", code])).is_ok()
}

fn interpreter() -> Command {
    Command::new(env::var_os("ISOKERN_PYTHON").unwrap_or_else(|| "python3".into()))
}

/// A virtual environment.
struct Environment {
    programs: PathBuf,
}

impl Environment {
    /// Makes the environment, unless it is there with the packages of today's list.
    fn prepare(folder: &Path) -> Result<Self, Failure> {
        let root = folder.join("environment");
        let environment = Self { programs: root.join("bin") };
        let list = repository::root().join(PACKAGES);
        let wanted = read(&list)?;
        let installed = root.join("installed.txt");
        if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
            return Ok(environment);
        }
        process::run(interpreter().args(["-m", "venv", "--clear"]).arg(&root))?;
        let mut install = environment.command("pip");
        install.args(["install", "--quiet", "--no-deps", "--requirement"]);
        process::run(install.arg(list))?;
        let written = fs::write(&installed, wanted);
        written.map_err(|source| Failure::Path { path: installed, source })?;
        Ok(environment)
    }

    /// Returns one of its programs, which finds the others, in the root folder of the repository.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        let old = env::var_os("PATH").unwrap_or_default();
        let paths = [self.programs.clone()].into_iter().chain(env::split_paths(&old));
        command.env("PATH", env::join_paths(paths).unwrap_or(old));
        command.current_dir(repository::root());
        // The build shares the output of the workspace.
        command.env("CARGO_TARGET_DIR", repository::target_dir());
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command.env_remove("PYTHONPATH");
        command
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::Path { path: path.to_owned(), source })
}

/// Returns the one wheel of a folder.
fn wheel_in(folder: &Path) -> Result<PathBuf, Failure> {
    let failed = |source| Failure::Path { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "whl"));
    match paths.as_slice() {
        [wheel] => Ok(wheel.clone()),
        found => Err(Failure::Check(format!("pip built {} wheels, not one", found.len()))),
    }
}
