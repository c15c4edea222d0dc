//! `cargo xtask thumb`: the no_std crates, built for microcontrollers that have no std at all.

use crate::failure::Failure;
use crate::process;
use crate::repository;
use clap::ValueEnum;
use isokern_ptx::toolchain::{self, DEBIAN_RUSTC, Part};
use isokern_ptx::wrapper;
use std::path::PathBuf;
use std::process::Command;

/// The crates that must build without std.
pub(crate) const NO_STD_CRATES: [&str; 6] =
    ["isokern-core", "isokern-model", "isokern-ops", "isokern-cpu", "isokern-ring", "isokern-capi"];

/// The crate for embassy, built apart: it switches a feature of `isokern-ring` on.
const EMBASSY: &str = "isokern-embassy";

/// Where they are built with the formats of `defmt`, too: it has no compare-and-swap.
const LOGS: &str = "thumbv6m-none-eabi";

/// Cortex-M4F, Cortex-M3, Cortex-M0, Cortex-M33, RV32IMAC and RV32IMC: the third and the last have
/// no compare-and-swap.
pub(crate) const TARGETS: [&str; 6] = [
    "thumbv7em-none-eabihf",
    "thumbv7m-none-eabi",
    "thumbv6m-none-eabi",
    "thumbv8m.main-none-eabihf",
    "riscv32imac-unknown-none-elf",
    "riscv32imc-unknown-none-elf",
];

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
        let compiler = choose(arguments.compiler, target)?;
        process::run(build(compiler, target, "thumb")?.args(packages()))?;
        process::run(build(compiler, target, "thumb")?.args(["--package", EMBASSY]))?;
    }
    let compiler = choose(arguments.compiler, LOGS)?;
    let logs = ["--package", EMBASSY, "--features", "defmt"];
    process::run(build(compiler, LOGS, "thumb")?.args(logs))
}

/// Returns the compiler that can build for `target`: never [`Compiler::Auto`].
pub(crate) fn choose(wanted: Compiler, target: &'static str) -> Result<Compiler, Failure> {
    if wanted != Compiler::Debian && Part::Target(target).ensure() {
        Ok(Compiler::Rustup)
    } else if wanted != Compiler::Rustup && toolchain::debian_is_installed() {
        Ok(Compiler::Debian)
    } else {
        Err(missing(target))
    }
}

/// Returns the start of a release build for `target`, below the folder `name` of the build output.
///
/// Debian ships no libraries for bare targets, so `core` is built along. That is an unstable
/// cargo option, which `RUSTC_BOOTSTRAP` unlocks on a stable release; and the linker is that
/// of the pinned toolchain. The build folder is its own: the two compilers would throw away
/// each other's work.
pub(crate) fn build(compiler: Compiler, target: &str, name: &str) -> Result<Command, Failure> {
    let mut cargo = process::cargo();
    cargo.env("CARGO_TARGET_DIR", target_dir(compiler, name));
    cargo.args(["build", "--release", "--target", target]);
    // Symbols with the folder in their hash are in another order, some bytes apart.
    wrapper::put_between(&mut cargo, &[])?;
    if compiler == Compiler::Debian {
        toolchain::forget_rustup(&mut cargo);
        cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=core");
        if let Some(linker) = toolchain::rust_lld() {
            let target = target.to_uppercase().replace(['-', '.'], "_");
            cargo.env(format!("CARGO_TARGET_{target}_LINKER"), linker);
        }
    }
    Ok(cargo)
}

/// Returns where [`build`] writes to.
pub(crate) fn target_dir(compiler: Compiler, name: &str) -> PathBuf {
    let folder = if compiler == Compiler::Debian { format!("{name}-debian") } else { name.into() };
    repository::target_dir().join(folder)
}

fn packages() -> impl Iterator<Item = &'static str> {
    NO_STD_CRATES.into_iter().flat_map(|name| ["--package", name])
}

fn missing(target: &str) -> Failure {
    let how = format!(
        "run `rustup target add {target}`, or on Debian \
         `apt-get install --no-install-recommends rustc-web rust-web-src`"
    );
    Failure::Missing { what: "a compiler for microcontrollers", how }
}
