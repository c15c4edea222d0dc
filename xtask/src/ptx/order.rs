//! One device crate and what is to happen with its PTX: kept, written, compared.

use super::check::Checker;
use super::compiler::Identity;
use super::limits::Limits;
use super::package::Package;
use super::record::{self, Record};
use super::{Arguments, OWN_CRATE, Target};
use crate::failure::Failure;
use crate::{process, repository};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Where its PTX is committed, and what the names of the files start with.
const OWN_OUTPUT: &str = "crates/isokern-cuda/ptx";
const OWN_STEM: &str = "isokern";

/// The test target that runs a folder of PTX on the stand-in driver, and what tells it which.
const VECTORS: &str = "device_vectors";
const VECTORS_VARIABLE: &str = "ISOKERN_PTX";

/// One device crate and what is to happen with it.
pub(super) struct Order {
    pub(super) package: Package,
    pub(super) limits: Option<Limits>,
    /// Whether it is the repository's own.
    pub(super) is_own: bool,
    /// Whether files are written to the output folder.
    pub(super) writes: bool,
    /// Where its PTX is or goes; none if it is neither written nor compared.
    output: Option<PathBuf>,
    stem: String,
}

/// The PTX for one target.
pub(super) struct File {
    pub(super) target: Target,
    pub(super) name: String,
    pub(super) text: String,
}

impl Order {
    /// Returns what the arguments ask for.
    pub(super) fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let own = repository::root().join(OWN_CRATE);
        let named = arguments.manifest_path.as_deref().map(folder_of);
        let folder = named.unwrap_or(&own);
        let is_own = folder.canonicalize().ok() == own.canonicalize().ok();
        let output = match &arguments.output {
            Some(output) => Some(absolute(output)?),
            None => is_own.then(|| repository::root().join(OWN_OUTPUT)),
        };
        if output.is_none() && (arguments.bless || arguments.check) {
            let message = "there is no folder to compare with or write to. Fix: name it with -o";
            return Err(Failure::Check(message.to_owned()));
        }
        let package = Package::read(folder, is_own || arguments.check)?;
        let limits = Limits::read(&package.folder)?;
        if is_own && limits.is_none() {
            let message = format!("{OWN_CRATE} has no limits file");
            return Err(Failure::Check(message));
        }
        let stem = if is_own { OWN_STEM.to_owned() } else { package.library.clone() };
        let writes = arguments.bless || (arguments.output.is_some() && !arguments.check);
        Ok(Self { package, limits, is_own, writes, output, stem })
    }

    /// Returns the record of the PTX to compare with, or that will be written anew.
    pub(super) fn record(&self, arguments: &Arguments) -> Result<Option<Record>, Failure> {
        let Some(folder) = &self.output else {
            return Ok(None);
        };
        if self.writes {
            // An unreadable record is overwritten.
            return Ok(Record::read(folder).unwrap_or_default());
        }
        let record = Record::read(folder)?;
        if arguments.check && record.is_none() {
            let path = folder.join(record::FILE);
            let message = format!("{} is missing. Fix: write it with --bless", path.display());
            return Err(Failure::Check(message));
        }
        Ok(record)
    }

    /// Returns the folder in the build output that fresh PTX is kept in.
    pub(super) fn folder(&self) -> PathBuf {
        repository::target_dir().join("ptx").join(&self.package.name)
    }

    /// Removes the PTX of earlier builds, so that what is there is of one build.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        let folder = self.folder();
        create(&folder)?;
        let failure = |source| Failure::Path { path: folder.clone(), source };
        for entry in folder.read_dir().map_err(failure)? {
            let path = entry.map_err(failure)?.path();
            if path.extension().is_some_and(|ending| ending == "ptx") {
                std::fs::remove_file(&path).map_err(|source| Failure::Path { path, source })?;
            }
        }
        Ok(())
    }

    /// Keeps the PTX for `target` where it can be looked at.
    pub(super) fn keep(&self, target: Target, text: String) -> Result<File, Failure> {
        let name = format!("{}_{}.ptx", self.stem, target.to_string().replace('_', ""));
        write(&self.folder().join(&name), &text)?;
        Ok(File { target, name, text })
    }

    /// Writes PTX and record to the output folder.
    pub(super) fn write(&self, record: &Record, files: &[File]) -> Result<(), Failure> {
        let Some(folder) = &self.output else {
            return Ok(());
        };
        create(folder)?;
        for File { name, text, .. } in files {
            write(&folder.join(name), text)?;
        }
        write(&folder.join(record::FILE), &record.text()?)?;
        println!("\nptx: {} file(s) and their record are in {}", files.len(), folder.display());
        Ok(())
    }

    /// Compares what is in the output folder with what was just built.
    pub(super) fn compare(
        &self,
        record: &Record,
        compiler: &Identity,
        fresh: &[File],
        mut checker: Checker<'_>,
    ) -> Result<(), Failure> {
        let Some(folder) = &self.output else {
            return Ok(());
        };
        let is_same_compiler = record.compiler == *compiler;
        let mut different = record.other_flags().into_iter().collect::<Vec<String>>();
        if fresh.len() == Target::value_variants().len() {
            let is_built = |name: &str| fresh.iter().any(|file| file.name == name);
            let stale = record.file.iter().filter(|row| !is_built(&row.name));
            different.extend(stale.map(|row| format!("{} is recorded and not built", row.name)));
        }
        let mut committed = Vec::new();
        for file in fresh {
            let path = folder.join(&file.name);
            let text = std::fs::read_to_string(&path)
                .map_err(|source| Failure::Path { path: path.clone(), source })?;
            different.extend(record.difference(&file.name, &text));
            match record::first_difference(&text, &file.text) {
                Some(line) if is_same_compiler => different
                    .push(format!("{}:{line}: differs from what is built now", path.display())),
                _ => {}
            }
            committed.push(File { target: file.target, name: file.name.clone(), text });
        }
        if !different.is_empty() {
            let all = different.join("\n");
            let advice = "if the source was changed on purpose, run `cargo xtask ptx --bless`";
            return Err(Failure::Check(format!("{all}\n{advice}")));
        }
        if is_same_compiler {
            println!("\nptx: {} file(s) as recorded, byte for byte", fresh.len());
            return Ok(());
        }
        println!("\nrecorded: {}\nhere:     {compiler}", record.compiler);
        println!("The compilers differ, so bytes were not compared. What is committed:");
        for file in &committed {
            checker.check(file, &folder.join(&file.name))?;
        }
        checker.finish()?;
        if self.is_own { run_vectors(&self.folder()) } else { Ok(()) }
    }
}

/// Runs the models on fresh PTX, in the stand-in driver.
fn run_vectors(folder: &Path) -> Result<(), Failure> {
    let mut cargo = process::cargo();
    cargo.env(VECTORS_VARIABLE, folder);
    process::run(cargo.args(["test", "--package", "isokern-tests", "--test", VECTORS]))
}

/// Returns the folder of a crate, also where its manifest was named.
fn folder_of(path: &Path) -> &Path {
    let is_manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
    let parent = path.parent().filter(|parent| is_manifest && !parent.as_os_str().is_empty());
    if is_manifest { parent.unwrap_or(Path::new(".")) } else { path }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|source| Failure::Path { path: path.to_owned(), source })
}

fn create(folder: &Path) -> Result<(), Failure> {
    let path = folder.to_owned();
    std::fs::create_dir_all(folder).map_err(|source| Failure::Path { path, source })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|source| Failure::Path { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::folder_of;
    use std::path::Path;

    #[test]
    fn a_crate_is_named_by_folder_or_manifest() {
        let folder = |path: &str| folder_of(Path::new(path)).to_owned();
        assert_eq!(folder("a/b"), Path::new("a/b"));
        assert_eq!(folder("a/b/Cargo.toml"), Path::new("a/b"));
        assert_eq!(folder("Cargo.toml"), Path::new("."));
    }
}
