//! From a device crate to the text of its PTX, for one target, without a trace of the machine.

use crate::arguments::Site;
use crate::compiler::Compiler;
use crate::error::Error;
use crate::package::Package;
use crate::target::Target;
use crate::{TARGET, process, toolchain, wrapper};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// Flags that every crate of a device build gets; the record names them.
///
/// * Jump threading copies a barrier into both arms of a branch (rust-lang/rust#137086).
/// * A `trap` ends the whole CUDA context, so where code cannot be reached the thread exits.
/// * Nothing is linked: the assembly of the one unit is all of the PTX.
pub(crate) const FLAGS: [&str; 3] =
    ["-Zmir-enable-passes=-JumpThreading", "-Ztrap-unreachable=no", "-Clinker=/bin/true"];

/// What the profile must be for the assembly of one unit to hold everything.
const PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "false"),
];

/// One build.
pub(crate) struct Build<'a> {
    /// What builds.
    pub(crate) compiler: &'a Compiler,
    /// What is built.
    pub(crate) package: &'a Package,
    /// The crate's features that are on, besides its default ones.
    pub(crate) features: &'a [String],
    /// Whether the lock file must be there and fit.
    pub(crate) locked: bool,
    /// Where it is built.
    pub(crate) site: &'a Site,
}

impl Build<'_> {
    /// Builds for every target, side by side: most of each build is one unit on one processor.
    /// Returns the PTX in the order of the targets.
    pub(crate) fn run_all(
        &self,
        targets: impl Iterator<Item = Target>,
    ) -> Result<Vec<(Target, String)>, Error> {
        thread::scope(|scope| {
            let start = |target| (target, scope.spawn(move || self.run(target)));
            let builds: Vec<_> = targets.map(start).collect();
            let end = |(target, build): (Target, thread::ScopedJoinHandle<'_, _>)| {
                let panicked = |_| Err(Error::Check(format!("the build for {target} panicked")));
                build.join().unwrap_or_else(panicked).map(|text| (target, text))
            };
            // All have ended before the first failure is returned, or its messages would drown.
            let texts: Vec<Result<(Target, String), Error>> = builds.into_iter().map(end).collect();
            texts.into_iter().collect()
        })
    }

    /// Builds for `target` and returns the PTX.
    fn run(&self, target: Target) -> Result<String, Error> {
        let folder = self.folder(target);
        std::fs::create_dir_all(&folder)
            .map_err(|source| Error::Path { path: folder.clone(), source })?;
        let output = folder.join(format!("{}.s", self.package.name));
        match std::fs::remove_file(&output) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::Path { path: output, source });
            }
            _ => {}
        }
        // Cargo does not know of the file and would leave an unchanged crate alone. So the crate
        // is built anew each time: what is read below is never the output of an older build.
        let mut clean = self.cargo("clean", target)?;
        process::run_quietly(clean.args(["--quiet", "--package", &self.package.name]))?;
        let mut cargo = self.cargo("rustc", target)?;
        cargo.args(["--quiet", "--lib", "-Zbuild-std=core", "--package", &self.package.name]);
        if !self.features.is_empty() {
            cargo.arg("--features").arg(self.features.join(","));
        }
        cargo.arg("--").arg(format!("--emit=asm={}", output.display()));
        let name = &self.package.name;
        println!("building {name} for {target} with {}", self.compiler.identity);
        // The command line is as long as the list of folders, and the messages say more.
        process::run_quietly(&mut cargo).map_err(|failure| match failure {
            Error::Exit { status, .. } => Error::Check(format!(
                "`{name}` does not compile for {target} ({status}); the messages are above"
            )),
            other => other,
        })?;
        std::fs::read_to_string(&output).map_err(|source| Error::Path { path: output, source })
    }

    /// Returns text that must not be in the PTX: the folders of this machine.
    pub(crate) fn places(&self) -> Vec<String> {
        let mut places: Vec<PathBuf> = self.remapped().into_iter().map(|(from, _)| from).collect();
        places.extend(self.package.folders.iter().cloned());
        places.push(self.site.root.clone());
        places.extend(home("HOME", ""));
        let places = places.iter().map(|place| place.display().to_string());
        places.filter(|place| place.len() > 1).collect()
    }

    /// Returns one folder for all crates: they share what is built of the library.
    fn folder(&self, target: Target) -> PathBuf {
        self.site.build.join("ptx").join(target.to_string())
    }

    fn cargo(&self, verb: &str, target: Target) -> Result<Command, Error> {
        let separator = wrapper::SEPARATOR.to_string();
        let places = self.remapped().into_iter();
        let places: Vec<String> =
            places.map(|(from, to)| format!("{}={to}", from.display())).collect();
        let flags = FLAGS.map(str::to_owned).into_iter().chain([format!("-Ctarget-cpu={target}")]);
        let flags: Vec<String> = flags.collect();
        let mut cargo = match &self.compiler.cargo {
            Some(program) => Command::new(program),
            None => process::cargo(),
        };
        toolchain::forget_rustup(&mut cargo);
        cargo.current_dir(&self.package.folder);
        cargo.env("RUSTC", &self.compiler.rustc).env("RUSTC_BOOTSTRAP", "1");
        wrapper::put_between(&mut cargo, &places)?;
        cargo.env_remove("CARGO_BUILD_BUILD_DIR");
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join(&separator));
        cargo.env("CARGO_INCREMENTAL", "0").envs(PROFILE);
        cargo.arg(verb).args(["--release", "--target", TARGET, "--target-dir"]);
        cargo.arg(self.folder(target));
        if self.locked {
            cargo.arg("--locked");
        }
        Ok(cargo)
    }

    /// Returns folders of this machine besides those of packages, and what represents them.
    fn remapped(&self) -> Vec<(PathBuf, &'static str)> {
        let library = self.compiler.sysroot.join("lib/rustlib/src/rust");
        let mut folders = vec![(self.site.build.clone(), "target")];
        folders.extend(home("CARGO_HOME", ".cargo").map(|path| (path, "cargo")));
        // Debian's is a link to another folder.
        folders.extend(library.canonicalize().ok().map(|path| (path, "rust")));
        folders.push((library, "rust"));
        folders
    }
}

/// Returns the folder a variable names; without it, `below` in the user's home.
fn home(variable: &str, below: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let default = || Some(Path::new(&std::env::var_os("HOME")?).join(below));
    named.or_else(default).filter(|path| path.is_absolute())
}
