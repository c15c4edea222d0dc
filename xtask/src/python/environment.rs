//! Virtual environments, in the build output.

use super::folder;
use crate::failure::Failure;
use crate::{process, repository};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What pip installs beside the wheel.
const PACKAGES: &str = ".ci/python.txt";

/// A virtual environment.
pub(super) struct Environment {
    programs: PathBuf,
}

impl Environment {
    /// Makes the environment of this name, unless it is there with the packages of today's list.
    pub(super) fn prepare(name: &str, mut interpreter: Command) -> Result<Self, Failure> {
        let root = folder().join(name);
        let environment = Self { programs: root.join("bin") };
        let list = repository::root().join(PACKAGES);
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| Failure::Path { path, source }
        };
        let wanted = fs::read_to_string(&list).map_err(failed(&list))?;
        let installed = root.join("installed.txt");
        if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
            return Ok(environment);
        }
        process::run(interpreter.args(["-m", "venv", "--clear"]).arg(&root))?;
        let mut install = environment.command("pip");
        install.args(["install", "--quiet", "--no-deps", "--no-compile", "--requirement"]);
        process::run(install.arg(list))?;
        fs::write(&installed, wanted).map_err(failed(&installed))?;
        Ok(environment)
    }

    /// Installs a wheel, in place of an earlier one.
    pub(super) fn install(&self, wheel: &Path) -> Result<(), Failure> {
        let mut install = self.command("pip");
        install.args(["install", "--quiet", "--no-deps", "--force-reinstall"]);
        process::run(install.arg(wheel))
    }

    /// Returns one of its programs, which finds the others, in the root folder of the repository.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        let old = env::var_os("PATH").unwrap_or_default();
        let paths = [self.programs.clone()].into_iter().chain(env::split_paths(&old));
        command.env("PATH", env::join_paths(paths).unwrap_or(old));
        command.current_dir(repository::root());
        // Compiled when it is imported, for most of it never is; not beside the sources.
        command.env("PYTHONPYCACHEPREFIX", folder().join("compiled"));
        command.env_remove("PYTHONDONTWRITEBYTECODE");
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command.env_remove("PYTHONPATH");
        command
    }
}
