//! One device crate and what is to happen with its PTX: kept, written, compared.

use crate::arguments::{Arguments, Site};
use crate::check::Checker;
use crate::compiler::Identity;
use crate::error::Error;
use crate::limits::Limits;
use crate::package::Package;
use crate::record::{self, Record};
use crate::target::Target;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// What became of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was built, and checked and written as asked; fresh PTX is in the folder.
    Built {
        /// The folder.
        folder: PathBuf,
    },
    /// What is recorded is what the source gives, byte for byte.
    Same,
    /// What is recorded was made by another compiler: its bytes were checked, not compared.
    OtherCompiler {
        /// The folder with fresh PTX.
        folder: PathBuf,
    },
}

/// One device crate and what is to happen with it.
pub(crate) struct Order {
    pub(crate) package: Package,
    pub(crate) limits: Option<Limits>,
    /// Whether it must have a lock file that fits.
    pub(crate) is_strict: bool,
    /// Whether files are written to the output folder.
    pub(crate) writes: bool,
    /// Where its PTX is or goes; none if it is neither written nor compared.
    output: Option<PathBuf>,
    stem: String,
    /// The folder in the build output that fresh PTX is kept in.
    fresh: PathBuf,
    command: &'static str,
}

/// The PTX for one target.
pub(crate) struct File {
    pub(crate) target: Target,
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Order {
    /// Returns what the arguments ask for.
    pub(crate) fn new(arguments: &Arguments, site: &Site) -> Result<Self, Error> {
        let own = &site.own;
        let named = arguments.manifest_path.as_deref().map(folder_of);
        let folder = named.unwrap_or(&own.folder);
        let is_own = folder.canonicalize().ok() == own.folder.canonicalize().ok();
        let output = match &arguments.output {
            Some(output) => Some(absolute(output)?),
            None => own.output.clone().filter(|_| is_own),
        };
        if output.is_none() && (arguments.bless || arguments.check) {
            let message = "there is no folder to compare with or write to. Fix: name it with -o";
            return Err(Error::Check(message.to_owned()));
        }
        let is_strict = is_own && own.strict;
        let package = Package::read(folder, is_strict || arguments.check)?;
        let limits = Limits::read(&package.folder)?;
        if is_strict && limits.is_none() {
            let message = format!("{} has no limits file", folder.display());
            return Err(Error::Check(message));
        }
        let stem = own.stem.clone().filter(|_| is_own).unwrap_or_else(|| package.library.clone());
        let writes = arguments.bless || (arguments.output.is_some() && !arguments.check);
        let fresh = site.build.join("ptx").join(&package.name);
        let command = site.command;
        Ok(Self { package, limits, is_strict, writes, output, stem, fresh, command })
    }

    /// Returns the record of the PTX to compare with, or that will be written anew.
    pub(crate) fn record(&self, arguments: &Arguments) -> Result<Option<Record>, Error> {
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
            return Err(Error::Check(message));
        }
        Ok(record)
    }

    /// Returns the folder in the build output that fresh PTX is kept in.
    pub(crate) fn folder(&self) -> PathBuf {
        self.fresh.clone()
    }

    /// Removes the PTX of earlier builds, so that what is there is of one build.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        let folder = self.folder();
        create(&folder)?;
        let failure = |source| Error::Path { path: folder.clone(), source };
        for entry in folder.read_dir().map_err(failure)? {
            let path = entry.map_err(failure)?.path();
            if path.extension().is_some_and(|ending| ending == "ptx") {
                std::fs::remove_file(&path).map_err(|source| Error::Path { path, source })?;
            }
        }
        Ok(())
    }

    /// Keeps the PTX for `target` where it can be looked at.
    pub(crate) fn keep(&self, target: Target, text: String) -> Result<File, Error> {
        let name = format!("{}_{}.ptx", self.stem, target.to_string().replace('_', ""));
        write(&self.folder().join(&name), &text)?;
        Ok(File { target, name, text })
    }

    /// Writes PTX and record to the output folder.
    pub(crate) fn write(&self, record: &Record, files: &[File]) -> Result<(), Error> {
        let Some(folder) = &self.output else {
            return Ok(());
        };
        create(folder)?;
        for File { name, text, .. } in files {
            write(&folder.join(name), text)?;
        }
        write(&folder.join(record::FILE), &record.text(self.command)?)?;
        println!("\nptx: {} file(s) and their record are in {}", files.len(), folder.display());
        Ok(())
    }

    /// Compares what is in the output folder with what was just built.
    pub(crate) fn compare(
        &self,
        record: &Record,
        compiler: &Identity,
        fresh: &[File],
        mut checker: Checker<'_>,
    ) -> Result<Outcome, Error> {
        let built = Outcome::Built { folder: self.folder() };
        let Some(folder) = &self.output else { return Ok(built) };
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
                .map_err(|source| Error::Path { path: path.clone(), source })?;
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
            let command = self.command;
            return Err(Error::Check(format!(
                "{all}\nif the source was changed on purpose, run `{command} --bless` with this -o"
            )));
        }
        if is_same_compiler {
            println!("\nptx: {} file(s) as recorded, byte for byte", fresh.len());
            return Ok(Outcome::Same);
        }
        println!("\nrecorded: {}\nhere:     {compiler}", record.compiler);
        println!("The compilers differ, so bytes were not compared. What is committed:");
        for file in &committed {
            checker.check(file, &folder.join(&file.name))?;
        }
        checker.finish()?;
        Ok(Outcome::OtherCompiler { folder: self.folder() })
    }
}

/// Returns the folder of a crate, also where its manifest was named.
fn folder_of(path: &Path) -> &Path {
    let is_manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
    let parent = path.parent().filter(|parent| is_manifest && !parent.as_os_str().is_empty());
    if is_manifest { parent.unwrap_or(Path::new(".")) } else { path }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::Path { path: path.to_owned(), source })
}

fn create(folder: &Path) -> Result<(), Error> {
    let path = folder.to_owned();
    std::fs::create_dir_all(folder).map_err(|source| Error::Path { path, source })
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|source| Error::Path { path: path.to_owned(), source })
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
