//! What an image in C holds: sizes, symbols, kinds of operators.

use super::read;
use crate::failure::Failure;
use crate::process;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// What the symbols of kinds start with.
const KIND: &str = "isokern_kind_";

/// Sections that are flashed, but for vectors and samples.
const FLASHED: [&str; 3] = [".text", ".rodata", ".data"];

/// Parts of names that mean a heap or a panic.
const REFUSED: [&str; 5] =
    ["malloc", "__rust_alloc", "sbrk", "core::panicking", "rust_begin_unwind"];

/// The most that a program in C may take beside one in Rust, in bytes: 5 % of that of a keyword
/// network.
const MORE_MAX: u64 = 1300;

/// Fails unless the image has the kinds of its model and no others, in symbols and in the map, and
/// neither a heap nor a way to panic.
///
/// The source of the model beside the image names the kinds.
pub(super) fn check(elf: &Path, map: &Path, folder: &Path) -> Result<(), Failure> {
    let source = folder.join(if elf.ends_with("digits.elf") { "digits.c" } else { "model.c" });
    let (source, map) = (read(&source)?, read(map)?);
    let needed = named(&source, "&");
    let symbols = process::output(Command::new("arm-none-eabi-nm").arg("--demangle").arg(elf))?;
    let linked = named(&symbols, " ");
    let kept = kept(&map);
    if needed.is_empty() || linked != needed || kept != needed {
        return Err(Failure::Check(format!(
            "the model needs {needed:?}, the image has {linked:?}, its map {kept:?}"
        )));
    }
    let refused: Vec<&str> =
        symbols.lines().filter(|line| REFUSED.iter().any(|part| line.contains(part))).collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(Failure::Check(format!("the image must not contain:\n  {}", refused.join("\n  "))))
}

/// Returns the flash of a program, without its model of so many bytes.
pub(super) fn program_bytes(elf: &Path, model_bytes: u64) -> Result<u64, Failure> {
    let text = process::output(Command::new("arm-none-eabi-size").arg("-A").arg(elf))?;
    Ok(flashed(&text).saturating_sub(model_bytes))
}

/// Fails where a program in C is much larger than the one in Rust.
pub(super) fn check_size(name: &str, bytes: u64, in_rust: u64) -> Result<(), Failure> {
    if bytes <= in_rust + MORE_MAX {
        return Ok(());
    }
    Err(Failure::Check(format!(
        "{name} in C takes {bytes} bytes, more than {MORE_MAX} above the {in_rust} in Rust"
    )))
}

fn flashed(text: &str) -> u64 {
    let size = |line: &str| {
        let mut words = line.split_whitespace();
        let is_flashed = FLASHED.contains(&words.next()?);
        words.next()?.parse::<u64>().ok().filter(|_| is_flashed)
    };
    text.lines().filter_map(size).sum()
}

/// Returns the kinds whose symbols follow `before`.
fn named<'t>(text: &'t str, before: &str) -> BTreeSet<&'t str> {
    let lines = text.lines().filter_map(|line| line.split_once(&format!("{before}{KIND}")));
    lines.map(|(_, name)| name.trim_end_matches(',')).collect()
}

/// Returns the kinds that a map has an address for: the others it lists as discarded, at none.
fn kept(map: &str) -> BTreeSet<&str> {
    let lines = map.lines().filter_map(|line| line.trim_start().strip_prefix("0x"));
    lines.filter_map(|line| line.split_once(KIND)).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::{check_size, flashed, kept, named};

    #[test]
    fn kinds_are_told_in_source_symbols_and_map() {
        let source = "kinds[] = {\n    &isokern_kind_add_n,\n    &isokern_kind_move,\n};\n";
        assert!(named(source, "&").iter().eq(["add_n", "move"].iter()));
        assert!(named("000080d0 R isokern_kind_pool\n", " ").iter().eq(["pool"].iter()));
        let map = " .rodata.isokern_kind_add\n                0x00000000       0x10 lib.a\n \
                   .rodata.isokern_kind_pool\n                0x000080d0       0x10 lib.a\n\
                   \x20               0x000080d0                isokern_kind_pool\n";
        assert!(kept(map).iter().eq(["pool"].iter()));
    }

    #[test]
    fn sizes_are_those_of_flash() {
        let text =
            "a.elf  :\n.vectors 64 0\n.text 100 64\n.rodata 20 164\n.samples 9 0\n.data 3 9\n";
        assert_eq!(flashed(text), 123);
        assert!(check_size("a", 1400, 100).is_ok());
        assert!(check_size("a", 1401, 100).is_err());
    }
}
