//! NVIDIA's assembler, `ptxas`: where it is, and what it says about a module.

use super::Target;
use super::usage::Report;
use crate::failure::Failure;
use crate::{process, repository};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of the Python package that `.ci/run` installs.
pub(crate) const PACKAGE: &str = "nvidia-cuda-nvcc==13.5.37";

/// Where the package is put, below the folder of the build output.
const FOLDER: &str = "tools/nvcc";

/// The assembler on this machine.
pub(crate) struct Assembler {
    program: PathBuf,
    /// The part of its version line that tells one release from another.
    pub(crate) version: String,
}

impl Assembler {
    /// Finds `ptxas`: on the path, below `CUDA_HOME`, in Python's packages, in our tools folder.
    pub(crate) fn find() -> Result<Self, Failure> {
        let found = candidates().find_map(|program| {
            let version = version(&program)?;
            Some(Self { program, version })
        });
        found.ok_or_else(|| Failure::Missing { what: "ptxas", how: how_to_install() })
    }

    /// Assembles a file; what cannot be assembled is an error that shows what `ptxas` said.
    pub(super) fn run(&self, ptx: &Path, target: Target) -> Result<Report, Failure> {
        let mut command = Command::new(&self.program);
        command.arg(format!("-arch={target}")).arg("-v").arg(ptx);
        // Only the messages are wanted.
        command.args(["-o", "/dev/null"]);
        let output = command.output().map_err(|source| Failure::Start {
            program: self.program.display().to_string(),
            source,
        })?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            return Ok(Report::parse(&text));
        }
        let path = ptx.display();
        Err(Failure::Check(format!("ptxas refuses {path} ({}):\n{text}", output.status)))
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.program
    }
}

/// Returns how to get it.
pub(crate) fn how_to_install() -> String {
    let folder = repository::target_dir().join(FOLDER);
    let folder = folder.strip_prefix(repository::root()).unwrap_or(&folder).display();
    format!(
        "run `pip install --no-deps --target {folder} {PACKAGE}` and `chmod +x \
         {folder}/nvidia/*/bin/ptxas`"
    )
}

fn candidates() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let toolkit = std::env::var_os("CUDA_HOME").map(|home| PathBuf::from(home).join("bin"));
    let own = core::iter::once_with(|| repository::target_dir().join(FOLDER));
    // Python is asked only when the quicker ways found nothing.
    let packages = core::iter::once_with(python_folders).flatten().chain(own);
    let folders = on_path.into_iter().chain(toolkit);
    folders.chain(packages.flat_map(|folder| releases(&folder))).map(|folder| folder.join("ptxas"))
}

fn python_folders() -> Vec<PathBuf> {
    const SCRIPT: &str =
        "import site; print(*site.getsitepackages(), site.getusersitepackages(), sep='\\n')";
    let text = process::output(Command::new("python3").args(["-c", SCRIPT])).unwrap_or_default();
    text.lines().map(PathBuf::from).collect()
}

/// Returns the program folders of the CUDA releases below a folder of Python packages, newest
/// first.
fn releases(packages: &Path) -> Vec<PathBuf> {
    let entries = packages.join("nvidia").read_dir().into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

/// Returns `release 13.5, V13.5.37`; none if the program is not there or does not run.
fn version(program: &Path) -> Option<String> {
    if !program.is_file() {
        return None;
    }
    let text = process::output(Command::new(program).arg("--version")).ok()?;
    let line = text.lines().find(|line| line.contains("release"))?;
    let at = line.find("release")?;
    Some(line[at..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{PACKAGE, releases};

    #[test]
    fn the_newest_release_comes_first() {
        let folder = std::env::temp_dir().join(format!("xtask-releases-{}", std::process::id()));
        for name in ["cu12", "cu13"] {
            std::fs::create_dir_all(folder.join("nvidia").join(name)).unwrap();
        }
        let found = releases(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        let names: Vec<_> = found.iter().filter_map(|path| path.parent()?.file_name()).collect();
        assert_eq!(names, ["cu13", "cu12"]);
        assert!(releases(&folder).is_empty());
    }

    #[test]
    fn the_checks_install_the_version_that_is_named_here() {
        let script = include_str!("../../../.ci/run");
        assert!(script.contains(&format!("readonly NVCC_PACKAGE={PACKAGE}\n")));
    }
}
