//! Device code with bugs planted on purpose, built and handed to the suite that must notice.

use crate::failure::Failure;
use crate::{process, repository};
use isokern_ptx::{Arguments, Target};
use std::path::Path;

/// The features of the device crate that plant a bug each.
const FEATURES: [&str; 3] = ["plant-skipped-barrier", "plant-wrong-stride", "plant-dropped-fence"];

/// The test target that looks for the bugs, and what tells it where the PTX is.
const SUITE: &str = "planted_bugs";
const VARIABLE: &str = "ISOKERN_PLANTED";

/// Builds the device crate with each bug and runs the suite, which fails where one is missed.
pub(super) fn run(build: impl Fn(Arguments) -> Result<(), Failure>) -> Result<(), Failure> {
    let folder = repository::target_dir().join("ptx").join("planted");
    for feature in FEATURES {
        println!("\n== {feature} ==");
        build(arguments(feature, &folder))?;
    }
    let mut cargo = process::cargo();
    cargo.env(VARIABLE, &folder);
    process::run(cargo.args(["test", "--package", "isokern-tests", "--test", SUITE]))
}

/// Returns what `cargo xtask ptx` would be given for one bug.
fn arguments(feature: &str, folder: &Path) -> Arguments {
    Arguments {
        features: vec![feature.to_owned()],
        target: vec![Target::Sm80],
        unchecked: true,
        output: Some(folder.join(feature)),
        ..Arguments::default()
    }
}
