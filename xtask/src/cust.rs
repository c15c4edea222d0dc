//! `cargo xtask cust`: the library for cust, checked without CUDA, tested and run on the stand-in.
//!
//! cust's build script wants a folder of CUDA and its programs link the driver library.
//! Documentation builds ask for neither; for a program the stand-in takes the library's place.

use crate::failure::Failure;
use crate::{process, repository, standin};
use std::path::Path;
use std::process::Command;

/// The workspace of the library.
const MANIFEST: &str = "crates/isokern-cust/Cargo.toml";

/// The example, what it is given, and the bytes it must print.
const EXAMPLE: &str = "digits";
const MODEL: &str = "tests/models/digits.ikm";
const INPUTS: &str = "tests/models/vectors/digits.in.i8";
const OUTPUTS: &str = "tests/models/vectors/digits.out.tflm.i8";

/// Lints the library as documentation is built, then runs its tests and its example against the
/// stand-in.
pub(crate) fn run() -> Result<(), Failure> {
    let target = repository::target_dir().join("cust");
    let mut lints = cargo("clippy", &target.join("check"));
    process::run(lints.env("DOCS_RS", "1").args(["--all-targets", "--", "-Dwarnings"]))?;

    let folder = standin::folder()?;
    process::run(on_standin(&mut cargo("test", &target), &folder))?;
    let mut example = cargo("run", &target);
    example.current_dir(repository::root()).args(["--quiet", "--example", EXAMPLE, "--"]);
    let example = on_standin(&mut example, &folder).args([MODEL, INPUTS]);
    let printed = process::output_or_message(example)?;
    let path = repository::root().join(OUTPUTS);
    let expected = std::fs::read(&path).map_err(|source| Failure::Path { path, source })?;
    if printed.split_whitespace().collect::<String>() != hex(&expected) {
        let message = format!("the example of isokern-cust did not print the bytes of {OUTPUTS}");
        return Err(Failure::Check(message));
    }
    println!("isokern-cust: {} bytes as the reference", expected.len());
    Ok(())
}

fn cargo(command: &str, target: &Path) -> Command {
    let mut cargo = process::cargo();
    cargo.env("CARGO_TARGET_DIR", target).args([command, "--locked", "--manifest-path", MANIFEST]);
    cargo
}

/// Lets a build link the stand-in, and its programs load it.
fn on_standin<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    command.env("CUDA_LIBRARY_PATH", folder).env("LD_LIBRARY_PATH", folder.join("lib64"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn bytes_are_two_digits_each() {
        assert_eq!(hex(&[0, 0x0F, 0xA5, 0xFF]), "000fa5ff");
    }
}
