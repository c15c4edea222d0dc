//! `cargo xtask cust`: the cust application, checked without CUDA and run on the stand-in.
//!
//! cust's build script wants a folder of CUDA and its programs link the driver library.
//! Documentation builds ask for neither; for a program the stand-in takes the library's place.

use crate::failure::Failure;
use crate::{process, repository, standin};
use std::path::Path;

/// The workspace of the application.
const MANIFEST: &str = "crates/isokern-cust/Cargo.toml";

/// What it is given, and the bytes it must print.
const MODEL: &str = "tests/models/digits.ikm";
const INPUTS: &str = "tests/models/vectors/digits.in.i8";
const OUTPUTS: &str = "tests/models/vectors/digits.out.tflm.i8";

/// Checks the application as documentation does, then builds it against the stand-in and runs it.
pub(crate) fn run() -> Result<(), Failure> {
    let target = repository::target_dir().join("cust");
    process::run(cargo("check", &target.join("check")).env("DOCS_RS", "1"))?;
    let folder = standin::folder()?;
    process::run(cargo("build", &target).env("CUDA_LIBRARY_PATH", &folder))?;

    let mut program = std::process::Command::new(target.join("debug/isokern-cust"));
    program.current_dir(repository::root()).env("LD_LIBRARY_PATH", folder.join("lib64"));
    let printed = process::output_or_message(program.args([MODEL, INPUTS]))?;
    let path = repository::root().join(OUTPUTS);
    let expected = std::fs::read(&path).map_err(|source| Failure::Path { path, source })?;
    if printed.split_whitespace().collect::<String>() != hex(&expected) {
        return Err(Failure::Check(format!("isokern-cust did not print the bytes of {OUTPUTS}")));
    }
    println!("isokern-cust: {} bytes as the reference", expected.len());
    Ok(())
}

fn cargo(command: &str, target: &Path) -> std::process::Command {
    let mut cargo = process::cargo();
    cargo.env("CARGO_TARGET_DIR", target).args([command, "--locked", "--manifest-path", MANIFEST]);
    cargo
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
