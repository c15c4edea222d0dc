//! The package of CMake and the module of Zephyr, as far as it can be tried without Zephyr.
//!
//! Both are configured and built with the library that is there, and the digits are read in the
//! emulator. Zephyr's functions are a stub, and its Kconfig is not evaluated.

use super::{DIGITS, LIMIT, digits, emulator, folder};
use crate::failure::Failure;
use crate::process;
use crate::repository;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project of the package, and one of the stub with the module.
const PROJECTS: [&str; 2] = ["crates/isokern-capi/examples", "crates/isokern-capi/tests/zephyr"];
const PACKAGE: &str = "crates/isokern-capi/cmake";
const TOOLCHAIN: &str = "crates/isokern-capi/examples/cortex-m/mps2-an386.cmake";

/// What the module's description names, each with what must be there.
const MODULE: &str = "crates/isokern-capi/zephyr/module.yml";
const NAMED: [(&str, &str); 2] =
    [("cmake: zephyr", "zephyr/CMakeLists.txt"), ("kconfig: zephyr/Kconfig", "zephyr/Kconfig")];

/// A version that the package is not.
const OTHER_VERSION: &str = "-DWANTED=99.0";

/// Configures and builds both, runs what they give, and asks for a version that is not there.
pub(super) fn run() -> Result<(), Failure> {
    let found = process::output(Command::new("cmake").arg("--version"));
    let how = "on Debian `apt-get install --no-install-recommends cmake`".to_owned();
    found.map_err(|_| Failure::Missing { what: "cmake", how })?;
    check_module()?;
    for project in PROJECTS {
        let build = folder().join("cmake").join(project.rsplit('/').next().unwrap_or_default());
        process::run_quietly(&mut configure(project, &build))?;
        process::run_quietly(Command::new("cmake").arg("--build").arg(&build))?;
        let mut emulator = emulator(&build.join("digits"));
        let (status, text) = process::output_within(&mut emulator, LIMIT)?;
        if !status.is_some_and(|status| status.success()) || digits(&text) != DIGITS {
            return Err(Failure::Check(format!("{project} by CMake:\n{text}")));
        }
        println!("{project}: built by CMake, and it reads the digits");
    }
    let mut other = configure(PROJECTS[0], &folder().join("cmake/other"));
    let refused = other.arg(OTHER_VERSION).output();
    let refused =
        refused.map_err(|source| Failure::Start { program: "cmake".to_owned(), source })?;
    let said = String::from_utf8_lossy(&refused.stderr);
    if refused.status.success() || !said.contains("compatible with requested version \"99.0\"") {
        return Err(Failure::Check(format!("the package is not of version 99.0:\n{said}")));
    }
    Ok(())
}

/// Returns the configuration of a project, with the library and the program that are there.
fn configure(project: &str, build: &Path) -> Command {
    let root = repository::root();
    let path = |name: &str, path: PathBuf| format!("-D{name}={}", path.display());
    let converter = repository::target_dir().join("release/isokern");
    let mut cmake = Command::new("cmake");
    cmake.arg("-S").arg(root.join(project)).arg("-B").arg(build);
    cmake.arg(path("CMAKE_TOOLCHAIN_FILE", root.join(TOOLCHAIN)));
    cmake.arg(path("isokern_DIR", root.join(PACKAGE)));
    cmake.arg(path("ISOKERN_TARGET_DIR", folder()));
    cmake.arg(path("ISOKERN_CONVERTER", converter));
    cmake
}

/// Checks that the description of the module names what is there.
fn check_module() -> Result<(), Failure> {
    let text = super::read(&repository::root().join(MODULE))?;
    let folder = repository::root().join("crates/isokern-capi");
    let missing = NAMED.iter().find(|(line, file)| {
        !text.lines().any(|found| found.trim() == *line) || !folder.join(file).is_file()
    });
    match missing {
        None => Ok(()),
        Some((line, file)) => {
            Err(Failure::Check(format!("{MODULE} needs `{line}`, and that {file} is there")))
        }
    }
}
