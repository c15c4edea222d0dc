//! `cargo xtask fuzz`: feeds mutated bytes to the readers of untrusted input.
//!
//! The fuzz targets are a workspace of their own in `fuzz/`. `cargo fuzz` wants unstable
//! compiler flags, which `RUSTC_BOOTSTRAP` unlocks: the pinned compiler and its own address
//! sanitizer do the work. Seeds are committed in `fuzz/seeds/<target>/`; what the fuzzer
//! finds on top goes to `fuzz/corpus/<target>/`, which is not.

use crate::failure::Failure;
use crate::process;
use crate::repository;
use crate::tools;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that runs the targets.
pub(crate) const CARGO_FUZZ: &str = "cargo-fuzz";

/// The version of it the stage was written against.
const CARGO_FUZZ_VERSION: &str = "0.13.1";

/// What `cargo xtask fuzz` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How long each target runs.
    #[arg(long, default_value_t = 20)]
    pub(crate) seconds: u32,
    /// The folder of the fuzz workspace, relative to the root of the repository.
    #[arg(long, default_value = "fuzz")]
    pub(crate) folder: PathBuf,
    /// The targets to run; all of them when none is named.
    pub(crate) targets: Vec<String>,
}

/// Runs the unit tests of the fuzz workspace, then each target for its time; the first that
/// crashes ends the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let program = tools::find(CARGO_FUZZ).ok_or_else(missing)?;
    let folder = repository::root().join(&arguments.folder);
    println!("\n== unit tests of what mends inputs ==");
    let mut tests = process::cargo();
    tests.args(["test", "--quiet", "--lib", "--manifest-path"]).arg(folder.join("Cargo.toml"));
    process::run(tests.env("CARGO_TARGET_DIR", repository::target_dir().join("fuzz")))?;
    let mut targets = arguments.targets.clone();
    if targets.is_empty() {
        targets = list(&program, &folder)?;
    }
    for target in &targets {
        println!("\n== {target}, {} s ==", arguments.seconds);
        run_target(&program, &folder, target, arguments.seconds)?;
    }
    println!("\nfuzz: {} target(s), no crash", targets.len());
    Ok(())
}

/// Returns how to get `cargo-fuzz`.
pub(crate) fn how_to_install() -> String {
    format!("run `cargo install --locked --version {CARGO_FUZZ_VERSION} {CARGO_FUZZ}`")
}

fn list(program: &Path, folder: &Path) -> Result<Vec<String>, Failure> {
    let mut command = fuzz_command(program, "list", folder);
    let text = process::output(&mut command)?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn run_target(program: &Path, folder: &Path, target: &str, seconds: u32) -> Result<(), Failure> {
    let corpus = folder.join("corpus").join(target);
    std::fs::create_dir_all(&corpus)
        .map_err(|source| Failure::Path { path: corpus.clone(), source })?;
    let mut command = fuzz_command(program, "run", folder);
    command.arg(target).arg(corpus);
    let seeds = folder.join("seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    command.arg("--").arg(format!("-max_total_time={seconds}"));
    // An input that takes 10 s, or 1 GiB, is a finding too: readers promise bounded work.
    command.args(["-timeout=10", "-rss_limit_mb=1024", "-verbosity=0", "-print_final_stats=1"]);
    process::run(&mut command)
}

fn fuzz_command(program: &Path, verb: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repository::root()).env("RUSTC_BOOTSTRAP", "1");
    command.env("CARGO_TARGET_DIR", repository::target_dir().join("fuzz"));
    command.arg(verb).arg("--fuzz-dir").arg(folder);
    command
}

fn missing() -> Failure {
    Failure::Missing { what: CARGO_FUZZ, how: how_to_install() }
}
