//! The wheel, built from the source distribution alone.

use super::CRATE;
use super::environment::Environment;
use crate::failure::Failure;
use crate::{process, repository};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest C library that the wheel runs with, in the words of Python's index.
const PLATFORM: &str = "manylinux_2_17";

/// Packs the source distribution, unpacks it elsewhere, and builds the wheel there: one for every
/// Linux since 2014, with the linker and the C library's symbols of `ziglang`.
pub(super) fn build(environment: &Environment, folder: &Path) -> Result<PathBuf, Failure> {
    let [packed, source, wheels] = ["packed", "source", "wheels"].map(|name| folder.join(name));
    for old in [&packed, &source, &wheels] {
        let _absent = fs::remove_dir_all(old);
    }
    let mut pack = environment.command("maturin");
    pack.args(["sdist", "--out"]).arg(&packed);
    process::run(pack.current_dir(repository::root().join(CRATE)))?;
    let archive = one_in(&packed, "gz")?;
    fs::create_dir_all(&source)
        .map_err(|error| Failure::Path { path: source.clone(), source: error })?;
    // Files are as new as they are: cargo takes those of the archive, of 2006, for unchanged ones.
    let mut unpack = Command::new("tar");
    unpack.args(["--extract", "--gzip", "--touch", "--strip-components=1"]);
    process::run(unpack.arg("--file").arg(archive).arg("--directory").arg(&source))?;

    let mut build = environment.command("pip");
    build.args(["wheel", "--quiet", "--no-build-isolation", "--no-deps", "--wheel-dir"]);
    build.arg(&wheels).arg(&source);
    build.env("MATURIN_PEP517_ARGS", format!("--zig --compatibility {PLATFORM}"));
    // The build shares the output of the workspace. Debug information is not in a wheel.
    build.env("CARGO_TARGET_DIR", repository::target_dir());
    process::run(build.env("CARGO_PROFILE_RELEASE_DEBUG", "0"))?;
    let wheel = one_in(&wheels, "whl")?;
    if wheel.to_string_lossy().contains(PLATFORM) {
        return Ok(wheel);
    }
    Err(Failure::Check(format!("{} is not for {PLATFORM}", wheel.display())))
}

/// Returns the wheel of an earlier build.
pub(super) fn built(folder: &Path) -> Option<PathBuf> {
    one_in(&folder.join("wheels"), "whl").ok()
}

/// Returns the one file with this extension in a folder.
fn one_in(folder: &Path, extension: &str) -> Result<PathBuf, Failure> {
    let failed = |source| Failure::Path { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    match paths.as_slice() {
        [path] => Ok(path.clone()),
        found => {
            let text = format!("{} .{extension} files in {}", found.len(), folder.display());
            Err(Failure::Check(text))
        }
    }
}
