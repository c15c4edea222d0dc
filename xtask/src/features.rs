//! The stage `features`: each crate with each of its features alone, by `cargo-hack`, and the CUDA
//! backend with the ends of its range of cudarc.

use crate::failure::Failure;
use crate::tools;
use crate::{process, repository};
use std::path::Path;

/// The program that tries the features.
pub(crate) const CARGO_HACK: &str = "cargo-hack";

/// The crate that needs one of its features, each the version of a driver: without any it cannot
/// be built, nor with two.
const NEEDS_ONE: &str = "isokern-cuda";

/// What that crate may have beside.
const BESIDE: &str = "cudarc-types";

/// Packages with examples that the tests run, and the features their pages name: the tests run them
/// as built with all features.
const WITH_EXAMPLES: [(&str, &str); 4] =
    [("isokern", ""), ("isokern-cli", ""), ("isokern-core", "std"), ("isokern-guard", "")];

/// The dependency whose range is tried.
const DEPENDENCY: &str = "cudarc";

/// Lints every crate with no feature, with each one, and with all, and examples as their pages
/// build them.
///
/// What a crate's tests depend on does not switch features on here: cargo's resolver leaves it
/// out of a build without tests. So no manifest has to be changed for a while (`--no-dev-deps`).
pub(crate) fn run() -> Result<(), Failure> {
    let mut command = tools::checker(CARGO_HACK)?;
    command.args(["hack", "clippy", "--workspace", "--exclude", NEEDS_ONE, "--each-feature"]);
    process::run(command.args(["--", "-Dwarnings"]))?;
    for features in [&[][..], &["--features", BESIDE]] {
        let mut lint = process::cargo();
        lint.args(["clippy", "--package", NEEDS_ONE]).args(features);
        process::run(lint.args(["--", "-Dwarnings"]))?;
    }
    for (package, features) in WITH_EXAMPLES {
        let mut lint = process::cargo();
        lint.args(["clippy", "--package", package, "--features", features, "--examples"]);
        process::run(lint.args(["--", "-Dwarnings"]))?;
    }
    lowest()
}

/// Compiles the CUDA backend with the first release of cudarc that its manifest allows; the lock
/// file has the last.
///
/// Done in a workspace of its own, for other crates here may want a later release.
fn lowest() -> Result<(), Failure> {
    let folder = repository::target_dir().join("lowest");
    let failure = |source| Failure::Path { path: folder.clone(), source };
    let backend = repository::root().join("crates").join(NEEDS_ONE);
    let path = backend.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|source| Failure::Path { path, source })?;
    let Some(release) = required(&text, DEPENDENCY) else {
        return Err(Failure::Check(format!(
            "{NEEDS_ONE} does not say its release of {DEPENDENCY}"
        )));
    };
    std::fs::create_dir_all(folder.join("src")).map_err(failure)?;
    std::fs::write(folder.join("Cargo.toml"), manifest(&backend)).map_err(failure)?;
    std::fs::write(folder.join("src/lib.rs"), "").map_err(failure)?;
    // All other dependencies are those of the repository.
    std::fs::copy(repository::root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .map_err(failure)?;
    let cargo = |arguments: &[&str]| {
        let mut command = process::cargo();
        command.current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
        process::run(command.args(arguments))
    };
    cargo(&["update", "--package", DEPENDENCY, "--precise", &release])?;
    cargo(&["check"])
}

/// Returns a workspace of one package that depends on the backend.
fn manifest(backend: &Path) -> String {
    let path = backend.display();
    format!(
        "[workspace]\n\n[package]\nname = \"lowest\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{NEEDS_ONE} = {{ path = {path:?}, features = [{BESIDE:?}] }}\n"
    )
}

/// Returns the version that a manifest requires of a dependency, `None` unless it is a caret's.
fn required(manifest: &str, dependency: &str) -> Option<String> {
    let manifest: toml::Table = toml::from_str(manifest).ok()?;
    let version = manifest.get("dependencies")?.get(dependency)?.get("version")?.as_str()?;
    version.starts_with(|first: char| first.is_ascii_digit()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn section4_an_exact_pin_is_no_range() {
        let manifest =
            |version: &str| format!("[dependencies]\nx = {{ version = \"{version}\" }}\n");
        assert_eq!(required(&manifest("0.19.5"), "x").as_deref(), Some("0.19.5"));
        assert_eq!(required(&manifest("=0.19.5"), "x"), None);
        assert_eq!(required(&manifest("0.19.5"), "y"), None);
        let own = include_str!("../../crates/isokern-cuda/Cargo.toml");
        assert!(required(own, super::DEPENDENCY).is_some(), "a range");
    }
}
