//! NVIDIA's assembler, `ptxas`: where it is, and what it says about a module.

use crate::error::Error;
use crate::process;
use crate::target::Target;
use crate::usage::Report;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python package that holds it, in the version that was tried.
pub const PACKAGE: &str = "nvidia-cuda-nvcc==13.5.37";

/// Where the package is put, below the folder of the build output.
const FOLDER: &str = "tools/nvcc";

/// The assembler on this machine.
#[derive(Debug)]
pub struct Assembler {
    program: PathBuf,
    /// The part of its version line that tells one release from another.
    pub version: String,
}

impl Assembler {
    /// Finds `ptxas`: on the path, below `CUDA_HOME`, in Python's packages, in `tools/nvcc` below
    /// the folder of the build output.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] with how to install it.
    pub fn find(build: &Path) -> Result<Self, Error> {
        let found = candidates(build).find_map(|program| {
            let version = version(&program)?;
            Some(Self { program, version })
        });
        found.ok_or_else(|| Error::Missing { what: "ptxas", how: how_to_install(build) })
    }

    /// Assembles a file; what cannot be assembled is an error that shows what `ptxas` said.
    pub(crate) fn run(&self, ptx: &Path, target: Target) -> Result<Report, Error> {
        let mut command = Command::new(&self.program);
        command.arg(format!("-arch={target}")).arg("-v").arg(ptx);
        // Only the messages are wanted.
        command.args(["-o", "/dev/null"]);
        let output = command.output().map_err(|source| Error::Start {
            program: self.program.display().to_string(),
            source,
        })?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            return Ok(Report::parse(&text));
        }
        let path = ptx.display();
        Err(Error::Check(format!("ptxas refuses {path} ({}):\n{text}", output.status)))
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.program
    }
}

/// Returns how to get it.
#[must_use]
pub fn how_to_install(build: &Path) -> String {
    let folder = build.join(FOLDER);
    let here = std::env::current_dir().unwrap_or_default();
    let folder = folder.strip_prefix(here).unwrap_or(&folder).display();
    format!(
        "run `pip install --no-deps --target {folder} {PACKAGE}` and `chmod +x \
         {folder}/nvidia/*/bin/ptxas`"
    )
}

fn candidates(build: &Path) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let toolkit = std::env::var_os("CUDA_HOME").map(|home| PathBuf::from(home).join("bin"));
    let own = core::iter::once(build.join(FOLDER));
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
    use super::releases;

    #[test]
    fn the_newest_release_comes_first() {
        let folder =
            std::env::temp_dir().join(format!("isokern-ptx-releases-{}", std::process::id()));
        for name in ["cu12", "cu13"] {
            std::fs::create_dir_all(folder.join("nvidia").join(name)).unwrap();
        }
        let found = releases(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        let names: Vec<_> = found.iter().filter_map(|path| path.parent()?.file_name()).collect();
        assert_eq!(names, ["cu13", "cu12"]);
        assert!(releases(&folder).is_empty());
    }
}
