//! Which compiler builds device code: it must have the source of its own standard library.

use crate::error::Error;
use crate::process;
use crate::toolchain::{self, DEBIAN_RUSTC, Part};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::Command;

/// Which compiler is to build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Wanted {
    /// The one that made the recorded PTX if it is here; else the first of the others that is.
    #[default]
    Auto,
    /// The pinned one, with the component rust-src.
    Pinned,
    /// A nightly from rustup, with the component rust-src.
    Nightly,
    /// Debian's `rustc-web`, with the source in `rust-web-src`.
    Debian,
}

/// A compiler that can build `core` for the device.
#[derive(Debug)]
pub struct Compiler {
    /// Where it comes from.
    pub origin: &'static str,
    /// The program.
    pub rustc: PathBuf,
    /// The cargo that came with it; none if the one in use has to do.
    pub cargo: Option<PathBuf>,
    /// The folder it is installed in.
    pub sysroot: PathBuf,
    /// Which one it is.
    pub identity: Identity,
}

/// What tells one compiler from another, as far as the code it makes is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The line that `rustc --version` prints.
    pub version: String,
    /// The commit it was built from, in full.
    pub commit: String,
    /// The version of LLVM it is linked with.
    pub llvm: String,
}

impl Identity {
    /// Reads what `rustc -vV` prints; a line that is missing becomes an empty word.
    fn parse(text: &str) -> Self {
        let after = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let version = text.lines().next().unwrap_or_default().trim().to_owned();
        Self { version, commit: after("commit-hash:"), llvm: after("LLVM version:") }
    }
}

impl core::fmt::Display for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}, LLVM {}", self.version, self.llvm)
    }
}

/// Finds the compiler that is wanted.
pub(crate) fn choose(wanted: Wanted, recorded: Option<&Identity>) -> Result<Compiler, Error> {
    // Rustup may add the source of the pinned compiler; only when nothing else will do.
    let found = || match wanted {
        Wanted::Auto => {
            let mut all: Vec<Compiler> = installed().collect();
            let same = |compiler: &Compiler| Some(&compiler.identity) == recorded;
            let index = all.iter().position(same).unwrap_or(0);
            (!all.is_empty()).then(|| all.swap_remove(index))
        }
        Wanted::Pinned => pinned(),
        Wanted::Nightly => nightly(),
        Wanted::Debian => debian(),
    };
    let mut compiler = found();
    let may_add = matches!(wanted, Wanted::Auto | Wanted::Pinned);
    if compiler.is_none() && may_add && Part::StdSource.ensure() {
        compiler = pinned();
    }
    compiler.ok_or_else(|| Error::Missing {
        what: "a compiler with the source of its standard library",
        how: how_to_install(),
    })
}

/// Returns the compilers that are here, the most reproducible one first.
pub fn installed() -> impl Iterator<Item = Compiler> {
    [pinned, nightly, debian].into_iter().filter_map(|find| find())
}

/// Returns how to get one.
#[must_use]
pub fn how_to_install() -> String {
    "run `rustup component add rust-src`, or `rustup toolchain install nightly --component \
     rust-src`, or on Debian `apt-get install --no-install-recommends rustc-web rust-web-src`"
        .to_owned()
}

fn pinned() -> Option<Compiler> {
    let sysroot = toolchain::sysroot("rustc").ok()?;
    below("the compiler in use", sysroot)
}

fn nightly() -> Option<Compiler> {
    let mut rustup = Command::new("rustup");
    rustup.env("RUSTUP_AUTO_INSTALL", "0");
    rustup.args(["run", "nightly", "rustc", "--print", "sysroot"]);
    let sysroot = process::output(&mut rustup).ok()?;
    below("rustup's nightly", PathBuf::from(sysroot.trim()))
}

fn debian() -> Option<Compiler> {
    let sysroot = toolchain::sysroot(DEBIAN_RUSTC).ok()?;
    with_source("Debian", PathBuf::from(DEBIAN_RUSTC), None, sysroot)
}

fn below(origin: &'static str, sysroot: PathBuf) -> Option<Compiler> {
    let cargo = Some(sysroot.join("bin/cargo")).filter(|path| path.is_file());
    with_source(origin, sysroot.join("bin/rustc"), cargo, sysroot)
}

fn with_source(
    origin: &'static str,
    rustc: PathBuf,
    cargo: Option<PathBuf>,
    sysroot: PathBuf,
) -> Option<Compiler> {
    if !toolchain::has_std_source(&sysroot) {
        return None;
    }
    let mut command = Command::new(&rustc);
    toolchain::forget_rustup(&mut command);
    let text = process::output(command.arg("-vV")).ok()?;
    Some(Compiler { origin, rustc, cargo, sysroot, identity: Identity::parse(&text) })
}

#[cfg(test)]
mod tests {
    use super::Identity;

    const TEXT: &str = "\
rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)
binary: rustc
commit-hash: ac68faa20c58cbccd01ee7208bf3b6e93a7d7f96
commit-date: 2026-05-25
host: x86_64-unknown-linux-gnu
release: 1.96.0
LLVM version: 22.1.8
";

    #[test]
    fn an_identity_is_read_from_what_the_compiler_prints() {
        let identity = Identity::parse(TEXT);
        assert_eq!(
            identity.version,
            "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"
        );
        assert_eq!(identity.commit, "ac68faa20c58cbccd01ee7208bf3b6e93a7d7f96");
        assert_eq!(identity.llvm, "22.1.8");
    }

    #[test]
    fn another_llvm_is_another_compiler() {
        let other = TEXT.replace("22.1.8", "22.1.9");
        assert_ne!(Identity::parse(TEXT), Identity::parse(&other));
        // The machine it runs on is not part of what it makes.
        let other = TEXT.replace("x86_64", "aarch64");
        assert_eq!(Identity::parse(TEXT), Identity::parse(&other));
    }
}
