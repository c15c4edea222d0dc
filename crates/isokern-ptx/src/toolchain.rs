//! Which compilers and parts of them are installed, and the attempt to add what is not.
//!
//! Rustup sets `RUSTUP_TOOLCHAIN` for everything that runs below `cargo xtask`, so "the
//! compiler" here is always the one the command was started with: the pinned one.

use crate::error::Error;
use crate::process;
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler of Debian's `rustc-web` package.
pub const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// How long rustup may take to fetch one part.
const FETCH_LIMIT: Duration = Duration::from_secs(180);

/// A part of a toolchain that rustup can add.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The compiled libraries of another target.
    Target(&'static str),
    /// The source of the standard library.
    StdSource,
}

impl Part {
    /// Returns whether the compiler in use has this part.
    pub fn is_installed(self) -> bool {
        let Ok(sysroot) = sysroot("rustc") else {
            return false;
        };
        match self {
            Self::Target(target) => has_core(&sysroot, target),
            Self::StdSource => has_std_source(&sysroot),
        }
    }

    /// Returns whether the part is there, or rustup could add it.
    ///
    /// Where `CI` is set, `.ci/run` has prepared the machine and nothing is fetched again.
    pub fn ensure(self) -> bool {
        let may_fetch = std::env::var_os("CI").is_none();
        self.is_installed() || (may_fetch && self.fetch() && self.is_installed())
    }

    fn fetch(self) -> bool {
        let mut rustup = Command::new("rustup");
        rustup.env("RUSTUP_MAX_RETRIES", "1");
        match self {
            Self::Target(target) => rustup.args(["target", "add", target]),
            Self::StdSource => rustup.args(["component", "add", "rust-src"]),
        };
        process::succeeds_within(&mut rustup, FETCH_LIMIT)
    }
}

/// Returns whether Debian's compiler and the source it builds `core` from are installed.
pub fn debian_is_installed() -> bool {
    sysroot(DEBIAN_RUSTC).is_ok_and(|sysroot| has_std_source(&sysroot))
}

/// Returns the host target of the compiler in use.
///
/// # Errors
///
/// [`Error::Start`] and [`Error::Exit`] where the compiler does not say it.
pub fn host() -> Result<String, Error> {
    let mut rustc = rustc("rustc");
    let text = process::output(rustc.arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.unwrap_or_default().to_owned())
}

/// Returns the linker that rustup ships with the compiler in use, for targets without one of their
/// own.
pub fn rust_lld() -> Option<PathBuf> {
    let folder = sysroot("rustc").ok()?.join("lib/rustlib").join(host().ok()?);
    Some(folder.join("bin/rust-lld")).filter(|path| path.is_file())
}

/// Returns the version line of a compiler.
///
/// # Errors
///
/// [`Error::Start`] and [`Error::Exit`] where the compiler does not say it.
pub fn version(program: &str) -> Result<String, Error> {
    let text = process::output(rustc(program).arg("--version"))?;
    Ok(text.trim().to_owned())
}

/// Returns whether a library folder holds compiled `core` for `target`.
fn has_core(sysroot: &Path, target: &str) -> bool {
    let folder = sysroot.join("lib/rustlib").join(target).join("lib");
    let Ok(mut entries) = folder.read_dir() else {
        return false;
    };
    entries.any(|entry| {
        entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
    })
}

/// Returns whether the source of the standard library is in a compiler's folder.
pub fn has_std_source(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib/src/rust/library/core/src/lib.rs").is_file()
}

/// Returns the folder a compiler is installed in.
///
/// # Errors
///
/// [`Error::Start`] and [`Error::Exit`] where the compiler does not say it.
pub fn sysroot(program: &str) -> Result<PathBuf, Error> {
    let text = process::output(rustc(program).args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(text.trim()))
}

fn rustc(program: &str) -> Command {
    let mut command = Command::new(program);
    if program == DEBIAN_RUSTC {
        forget_rustup(&mut command);
    }
    command
}

/// Clears what rustup and `cargo run` left in the environment for their own compiler.
pub fn forget_rustup(command: &mut Command) {
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("LD_LIBRARY_PATH");
}
