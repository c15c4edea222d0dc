//! `cargo xtask thumb`: the no_std crates, built for microcontrollers that have no std at all.

use crate::failure::Failure;
use crate::process;
use crate::repository;
use crate::toolchain::{self, DEBIAN_RUSTC, Part};
use clap::ValueEnum;

/// The crates that must build without std.
pub(crate) const NO_STD_CRATES: [&str; 4] =
    ["isokern-core", "isokern-model", "isokern-ops", "isokern-cpu"];

/// Cortex-M4F, and Cortex-M0+: the second has no compare-and-swap and no 64-bit atomics.
pub(crate) const TARGETS: [&str; 2] = ["thumbv7em-none-eabihf", "thumbv6m-none-eabi"];

/// What `cargo xtask thumb` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which compiler builds.
    #[arg(long, value_enum, default_value_t = Compiler::Auto)]
    compiler: Compiler,
}

/// Which compiler builds for the microcontrollers.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compiler {
    /// The pinned one when it has the target or can get it, else Debian's.
    Auto,
    /// The pinned one, with the target's libraries from rustup.
    Rustup,
    /// Debian's `rustc-web`, which builds `core` from the source in `rust-web-src`.
    Debian,
}

/// Builds every no_std crate, with default features, for every target.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    for target in TARGETS {
        if has_target(arguments.compiler, target) {
            build_with_rustup(target)?;
        } else if arguments.compiler != Compiler::Rustup && toolchain::debian_is_installed() {
            build_with_debian(target)?;
        } else {
            return Err(missing());
        }
    }
    Ok(())
}

fn has_target(compiler: Compiler, target: &'static str) -> bool {
    compiler != Compiler::Debian && Part::Target(target).ensure()
}

fn build_with_rustup(target: &str) -> Result<(), Failure> {
    let mut cargo = process::cargo();
    cargo.args(["build", "--release", "--target", target]).args(packages());
    process::run(&mut cargo)
}

/// Debian ships no libraries for bare targets, so `core` is built along.
///
/// That is an unstable cargo option, which `RUSTC_BOOTSTRAP` unlocks on a stable release.
/// The build folder is its own: the two compilers would throw away each other's work.
fn build_with_debian(target: &str) -> Result<(), Failure> {
    let mut cargo = process::cargo();
    toolchain::forget_rustup(&mut cargo);
    cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_TARGET_DIR", repository::target_dir().join("thumb-debian"));
    cargo.args(["build", "--release", "-Zbuild-std=core", "--target", target]).args(packages());
    process::run(&mut cargo)
}

fn packages() -> impl Iterator<Item = &'static str> {
    NO_STD_CRATES.into_iter().flat_map(|name| ["--package", name])
}

fn missing() -> Failure {
    let targets = TARGETS.join(" ");
    let how = format!(
        "run `rustup target add {targets}`, or on Debian \
         `apt-get install --no-install-recommends rustc-web rust-web-src`"
    );
    Failure::Missing { what: "a compiler for Cortex-M", how }
}
