//! `cargo xtask loom`: rings, task slots, megakernels and waker cells under a model checker.
//!
//! Loom replaces the atomics of a test and runs it again and again, in every order of accesses
//! that the memory model allows. The flag `--cfg loom` changes what every crate is compiled
//! from, so the build has a folder of its own.

use crate::failure::Failure;
use crate::process;
use crate::repository;

/// The tests that hold the models, and where in them.
const MODELS: [(&[&str], &str); 2] = [
    (&["--package", "isokern-core", "--features", "std", "--test", "ring_models"], ""),
    // Unit tests of a crate whose other tests know nothing of the model checker.
    (&["--package", "isokern-ring", "--lib", "--features", "std"], "notify::models::"),
];

/// What `cargo xtask loom` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run only models with this in their name; of waker cells, at its beginning.
    filter: Option<String>,
}

/// Checks every model, optimised: they run a hundred thousand times and more.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    for (tests, module) in MODELS {
        let filter = arguments.filter.as_deref().unwrap_or_default();
        let mut cargo = process::cargo();
        cargo.env("CARGO_TARGET_DIR", repository::target_dir().join("loom"));
        cargo.env("RUSTFLAGS", flags());
        cargo.args(["test", "--release"]).args(tests).arg("--").arg(format!("{module}{filter}"));
        process::run(&mut cargo)?;
    }
    Ok(())
}

/// Returns the caller's flags and the one that puts loom in.
fn flags() -> String {
    let given = std::env::var("RUSTFLAGS").unwrap_or_default();
    format!("{given} --cfg loom").trim_start().to_owned()
}
