//! `cargo xtask race`: the team test on real threads, under a detector of data races.
//!
//! ThreadSanitizer is a part of every stable toolchain that rustup installs; only the flag
//! that turns it on is unstable, and `RUSTC_BOOTSTRAP` unlocks it. So the race test uses the
//! pinned compiler, not whatever a nightly is today.
//!
//! With the source of the standard library (`rustup component add rust-src`) the library is
//! rebuilt with the sanitizer and every report is true. Without it the library's own atomics
//! are invisible to the detector: reports that end in known library functions are then
//! suppressed, and the test must not order its memory accesses by the library's locks. A
//! team whose barrier is made of `core` atomics passes both ways.

use crate::failure::Failure;
use crate::process;
use crate::repository;
use clap::ValueEnum;
use isokern_ptx::toolchain::{self, Part};
use std::path::PathBuf;
use std::process::Command;

/// The suppressions for a standard library that is not instrumented.
const SUPPRESSIONS: &str = "tests/tsan-suppressions.txt";

/// What ThreadSanitizer adds to the flags of every crate.
const FLAGS: &str = "-Zsanitizer=thread";

/// Lets instrumented crates link a library that is not.
const MIXED: &str = "-Cunsafe-allow-abi-mismatch=sanitizer";

/// The exit status of a program in which ThreadSanitizer found a race.
const RACE_STATUS: i32 = 66;

/// Two threads that count on one plain integer: every detector must see it.
const PLANTED: &str = "
static mut COUNT: u32 = 0;
fn main() {
    let count = || for _ in 0..1000 { unsafe { COUNT = COUNT.wrapping_add(1) } };
    std::thread::scope(|scope| { scope.spawn(count); scope.spawn(count); });
}";

/// What `cargo xtask race` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which detector watches.
    #[arg(long, value_enum, default_value_t = Detector::Tsan)]
    detector: Detector,
    /// Which standard library ThreadSanitizer sees.
    #[arg(long, value_enum, default_value_t = Library::Auto)]
    library: Library,
}

/// A detector of data races.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Detector {
    /// ThreadSanitizer, with the pinned compiler.
    Tsan,
    /// Miri, with a nightly that has the components miri and rust-src. Much slower.
    Miri,
}

/// Which standard library ThreadSanitizer sees.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Library {
    /// Rebuilt when its source is there or rustup can add it, else as shipped.
    Auto,
    /// Rebuilt with the sanitizer.
    Rebuilt,
    /// As shipped, with suppressions.
    Shipped,
}

/// Runs the team test under the chosen detector.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match arguments.detector {
        Detector::Miri => run_miri(),
        Detector::Tsan => {
            find_planted_race()?;
            run_tsan(uses_rebuilt(arguments.library)?)
        }
    }
}

fn uses_rebuilt(library: Library) -> Result<bool, Failure> {
    match library {
        Library::Shipped => Ok(false),
        Library::Auto | Library::Rebuilt if Part::StdSource.ensure() => Ok(true),
        Library::Auto => Ok(false),
        Library::Rebuilt => Err(Failure::Missing {
            what: "the source of the standard library",
            how: "run `rustup component add rust-src`".to_owned(),
        }),
    }
}

/// Checks that the detector sees a planted race: one that sees nothing passes everything.
fn find_planted_race() -> Result<(), Failure> {
    let folder = build_dir();
    std::fs::create_dir_all(&folder)
        .map_err(|source| Failure::Path { path: folder.clone(), source })?;
    let path = folder.join("planted.rs");
    std::fs::write(&path, PLANTED)
        .map_err(|source| Failure::Path { path: path.clone(), source })?;
    let program = folder.join("planted");
    let mut rustc = Command::new("rustc");
    rustc.current_dir(repository::root()).env("RUSTC_BOOTSTRAP", "1");
    rustc.args(["--edition", "2024", FLAGS, MIXED, "-o"]).arg(&program).arg(&path);
    process::run(&mut rustc)?;
    let output = Command::new(&program)
        .env("TSAN_OPTIONS", options())
        .output()
        .map_err(|source| Failure::Start { program: "planted".to_owned(), source })?;
    if output.status.code() == Some(RACE_STATUS) {
        println!("the planted race was found");
        return Ok(());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Err(Failure::Blind("ThreadSanitizer did not report the planted race"))
}

fn run_tsan(rebuilt: bool) -> Result<(), Failure> {
    let host = toolchain::host()?;
    let mut cargo = process::cargo();
    cargo.env("RUSTC_BOOTSTRAP", "1").env("TSAN_OPTIONS", options());
    let folder = if rebuilt { "rebuilt" } else { "shipped" };
    cargo.env("CARGO_TARGET_DIR", build_dir().join(folder));
    // Reports and suppressions name functions that were inlined.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "full");
    cargo.args(["test", "--target", &host, "--package", "isokern-tests", "--test", "team"]);
    if rebuilt {
        cargo.env("RUSTFLAGS", FLAGS).arg("-Zbuild-std");
    } else {
        println!("the standard library is as shipped: {SUPPRESSIONS} hides what it cannot see");
        cargo.env("RUSTFLAGS", format!("{FLAGS} {MIXED}"));
    }
    process::run(&mut cargo)
}

fn run_miri() -> Result<(), Failure> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(repository::root()).env_remove("CARGO");
    cargo.env("RUSTUP_TOOLCHAIN", "nightly");
    cargo.env("CARGO_TARGET_DIR", build_dir().join("miri"));
    cargo.args(["miri", "test", "--package", "isokern-tests", "--test", "team"]);
    process::run(&mut cargo)
}

fn build_dir() -> PathBuf {
    repository::target_dir().join("race")
}

fn options() -> String {
    let path = repository::root().join(SUPPRESSIONS);
    format!("suppressions=\"{}\" exitcode={RACE_STATUS}", path.display())
}
