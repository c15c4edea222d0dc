//! The library for a host, under detectors of what a program in C cannot see.
//!
//! `tests/host/models.c` runs models in memory that ends where the library was told, and changes
//! every byte of one; `actors.c` has a ring and actors between two threads. Both run as they are,
//! under valgrind's memcheck, and with the library and the programs instrumented by the address
//! sanitizer (the programs also for undefined behaviour).

use super::figures::Row;
use super::folder;
use crate::failure::Failure;
use crate::process;
use crate::repository;
use core::time::Duration;
use isokern_ptx::toolchain;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs, and what is in both, below the crate.
const MODELS: &str = "models";
const ACTORS: &str = "actors";
const SHARED: &str = "host.c";
const HOST_TESTS: &str = "crates/isokern-capi/tests/host";
const INCLUDE: &str = "crates/isokern-capi/include";

/// What each program is compiled with.
const C_FLAGS: [&str; 7] = ["-std=c17", "-g", "-O1", "-Wall", "-Wextra", "-pedantic", "-Werror"];

/// What the library asks of a host.
const LIBRARIES: [&str; 3] = ["-lpthread", "-ldl", "-lm"];

/// The exit status of a program in which a detector found something.
const FOUND: i32 = 66;

/// How long a program may run.
const LIMIT: Duration = Duration::from_secs(120);

/// Bytes of constants between two that are changed: all, and where a detector slows the program.
const EVERY: &str = "1";
const SOME: &str = "4";

/// How a program is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Detector {
    Nothing,
    Memcheck,
    Sanitizer,
}

/// Runs the packed models in all three ways; each must give the digests of the table.
pub(super) fn run(models: &[PathBuf], table: &[Row]) -> Result<(), Failure> {
    for (tool, package) in [("gcc", "gcc"), ("valgrind", "valgrind")] {
        let found = process::output(Command::new(tool).arg("--version"));
        let how = format!("on Debian `apt-get install --no-install-recommends {package}`");
        found.map_err(|_| Failure::Missing { what: tool, how })?;
    }
    let library_of_all = library(Detector::Nothing)?;
    let plain = compile(MODELS, &library_of_all, Detector::Nothing)?;
    let actors = compile(ACTORS, &library_of_all, Detector::Nothing)?;
    for detector in [Detector::Nothing, Detector::Memcheck] {
        check(&plain, detector, models, table)?;
        check_actors(&actors, detector, models, table)?;
    }
    let library = library(Detector::Sanitizer)?;
    let instrumented = compile(MODELS, &library, Detector::Sanitizer)?;
    check(&instrumented, Detector::Sanitizer, models, table)?;
    let actors = compile(ACTORS, &library, Detector::Sanitizer)?;
    check_actors(&actors, Detector::Sanitizer, models, table)
}

/// Builds the library, with checks of arithmetic; for the sanitizer without optimisation, which
/// takes a quarter of the time.
fn library(detector: Detector) -> Result<PathBuf, Failure> {
    let (target, host) = (folder().join("host"), toolchain::host()?);
    let mut cargo = process::cargo();
    cargo.env("CARGO_TARGET_DIR", &target).env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo.args(["rustc", "--quiet", "--package", "isokern-capi", "--features", "std"]);
    // A target of its own: what the compiler itself loads is not instrumented, and built once.
    cargo.args(["--crate-type", "staticlib", "--target", &host]);
    if detector == Detector::Sanitizer {
        cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
        cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0");
    }
    process::run_quietly(&mut cargo)?;
    Ok(target.join(host).join("debug/libisokern_capi.a"))
}

fn compile(name: &str, library: &Path, detector: Detector) -> Result<PathBuf, Failure> {
    let program = folder().join(format!("{name}-{detector:?}").to_lowercase());
    let mut gcc = Command::new("gcc");
    gcc.current_dir(repository::root()).args(C_FLAGS).args(["-I", INCLUDE]);
    if detector == Detector::Sanitizer {
        gcc.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    }
    gcc.args([&format!("{name}.c"), SHARED].map(|source| Path::new(HOST_TESTS).join(source)));
    process::run_quietly(gcc.arg(library).args(LIBRARIES).arg("-o").arg(&program))?;
    Ok(program)
}

/// Returns the program, about to run under a detector.
fn watched(program: &Path, detector: Detector) -> Command {
    if detector == Detector::Memcheck {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--quiet", "--leak-check=full", &format!("--error-exitcode={FOUND}")]);
        valgrind.arg(program);
        return valgrind;
    }
    let mut command = Command::new(program);
    command.env("ASAN_OPTIONS", format!("exitcode={FOUND}"));
    command
}

fn check(
    program: &Path,
    detector: Detector,
    models: &[PathBuf],
    table: &[Row],
) -> Result<(), Failure> {
    if detector != Detector::Nothing {
        find_planted(program, detector, models)?;
    }
    let step = if detector == Detector::Nothing { EVERY } else { SOME };
    let mut command = watched(program, detector);
    let (status, text) = process::output_within(command.arg(step).args(models), LIMIT)?;
    if !status.is_some_and(|status| status.success()) {
        return Err(Failure::Check(format!("models in C, {detector:?}, failed:\n{text}")));
    }
    check_digests(&text, models, table)?;
    let flipped = text.lines().find(|line| line.starts_with("flipped "));
    let flipped = flipped.ok_or_else(|| Failure::Check("no byte was changed".to_owned()))?;
    println!("{detector:?}: {} models as the table; {flipped}", models.len());
    Ok(())
}

/// Runs a ring and actors between two threads; the actors must give the digests of the table.
fn check_actors(
    program: &Path,
    detector: Detector,
    models: &[PathBuf],
    table: &[Row],
) -> Result<(), Failure> {
    let mut command = watched(program, detector);
    let (status, text) = process::output_within(command.args(models), LIMIT)?;
    if !status.is_some_and(|status| status.success()) || !text.starts_with("ring ") {
        return Err(Failure::Check(format!("actors in C, {detector:?}, failed:\n{text}")));
    }
    check_digests(&text, models, table)?;
    println!("{detector:?}: {} actors as the table", models.len());
    Ok(())
}

/// Checks that a program printed the digest of the table for each model.
fn check_digests(text: &str, models: &[PathBuf], table: &[Row]) -> Result<(), Failure> {
    for model in models {
        let name = model.file_stem().unwrap_or_default().to_string_lossy();
        let row = table.iter().find(|row| row.model == name);
        let digest = row.map(|row| row.digest.as_str()).unwrap_or_default();
        if digest.is_empty() || !text.contains(&format!("{} {digest}\n", model.display())) {
            return Err(Failure::Check(format!("{name} on the host is not {digest}:\n{text}")));
        }
    }
    Ok(())
}

/// Checks that a detector sees the library read a byte after the model: one that sees nothing
/// passes everything.
fn find_planted(program: &Path, detector: Detector, models: &[PathBuf]) -> Result<(), Failure> {
    let mut command = watched(program, detector);
    let planted = command.arg("planted").args(models.first()).output();
    let planted = planted.map_err(|source| Failure::Path { path: program.to_owned(), source })?;
    if planted.status.code() == Some(FOUND) {
        return Ok(());
    }
    eprintln!("{}", String::from_utf8_lossy(&planted.stderr));
    Err(Failure::Blind("the detector did not see a read after the end of a model"))
}

/// Returns the packed models of these names, written by the command line.
pub(super) fn pack(models: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let pack = |model: &&str| {
        let file = repository::root().join(format!("tests/models/{model}.tflite"));
        let name = file.file_stem().unwrap_or_default();
        let packed = folder().join(name).with_extension("ikm");
        let mut convert = super::convert();
        process::output_or_message(convert.arg(&file).arg("-o").arg(&packed))?;
        Ok(packed)
    };
    models.iter().map(pack).collect()
}
