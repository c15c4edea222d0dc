//! What a build is asked for, and what a repository has to say about its own device crate.

use crate::compiler::Wanted;
use crate::target::Target;
use clap::ValueEnum;
use std::path::PathBuf;

/// What to build, and what to do with it. Without options the crate in the current folder is built
/// and checked, and nothing is written.
#[derive(Debug, Default, clap::Args)]
pub struct Arguments {
    /// Write the PTX and its record where they are committed, or where -o says.
    #[arg(long, conflicts_with_all = ["check", "target", "features", "unchecked"])]
    pub bless: bool,
    /// Rebuild and compare with what is committed, or with what is where -o says.
    #[arg(long, conflicts_with_all = ["features", "unchecked"])]
    pub check: bool,
    /// The folder of another device crate.
    #[arg(long, value_name = "DIR")]
    pub manifest_path: Option<PathBuf>,
    /// Where the PTX and its record are written to, or with --check compared with.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Features of the device crate to turn on.
    #[arg(long, value_delimiter = ',')]
    pub features: Vec<String>,
    /// Build for this target only.
    #[arg(long, value_enum)]
    pub target: Vec<Target>,
    /// Build only: for crates with a fault planted on purpose, which the checks would find.
    #[arg(long, requires = "output")]
    pub unchecked: bool,
    /// Which compiler builds.
    #[arg(long, value_enum, default_value_t = Wanted::Auto)]
    pub compiler: Wanted,
}

impl Arguments {
    /// Returns the targets to build for, each once, oldest first.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> {
        let all = Target::value_variants().iter().copied();
        all.filter(|target| self.target.is_empty() || self.target.contains(target))
    }
}

/// Where builds happen, and how the command is called.
#[derive(Clone, Debug)]
pub struct Site {
    /// The folder whose name must not be in any PTX: the root of the repository.
    pub root: PathBuf,
    /// The folder for the output of builds.
    pub build: PathBuf,
    /// The command as its user types it, for advice and records.
    pub command: &'static str,
    /// The device crate that is built when no other is named.
    pub own: OwnCrate,
}

/// The device crate that is built when no other is named.
#[derive(Clone, Debug)]
pub struct OwnCrate {
    /// Its folder.
    pub folder: PathBuf,
    /// Where its PTX is committed; none if -o has to say it.
    pub output: Option<PathBuf>,
    /// What the names of its files start with; none for the name of its library.
    pub stem: Option<String>,
    /// Whether it must have a lock file that fits and a limits file.
    pub strict: bool,
}
