//! Every model that fits a board gives the digest of the host, in C.
//!
//! `tests/boards/digests.c` runs the models of an image one after another, so a board takes few
//! images; what has no room there is named.

use super::board::Board;
use super::{folder, number};
use crate::failure::Failure;
use crate::firmware::packed::Packed;
use core::fmt::Write as _;
use core::time::Duration;
use std::fs;
use std::path::Path;

/// The program, below the folder of the examples, and what measures its stack.
const PROGRAM: &str = "../tests/boards/digests.c";
pub(super) const STACK: &str = "../tests/boards/stack.c";
pub(super) const STACK_FLAGS: [&str; 2] =
    ["-I../tests/boards", "-Wl,--wrap=main,--wrap=board_succeed"];

/// What `stack.c` paints: more is not seen.
const STACK_BYTES: u32 = 4096;

/// The boundary of a packed model.
const BOUNDARY: u64 = 64;

/// How long an image may run in the emulator.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs every model that fits the board, and compares with the host.
pub(super) fn check(board: &Board, models: &[Packed]) -> Result<(), Failure> {
    let target = board.target;
    let (fitting, large): (Vec<&Packed>, Vec<&Packed>) =
        models.iter().partition(|model| model.bytes <= board.flash_for_models);
    let mut short: Vec<String> = large
        .iter()
        .map(|Packed { name, bytes, .. }| format!("{name} ({bytes} of flash)"))
        .collect();
    let (mut ran, mut stack_max, mut image_count) = (0, 0, 0);
    for image in images(&fitting, board.flash_for_models) {
        let text = run(board, image)?;
        let (answers, end) = (answers(&text), number(&text, "stack")?);
        if answers.len() != image.len() || end >= STACK_BYTES {
            return Err(Failure::Check(format!("models in C on {target}:\n{text}")));
        }
        for (Packed { name, digest, .. }, answer) in image.iter().zip(answers) {
            match answer {
                Answer::Digest(found) if found == *digest => ran += 1,
                Answer::Digest(found) => {
                    return Err(Failure::Check(format!(
                        "{name} in C on {target} gives {found}, the host {digest}"
                    )));
                }
                Answer::Short { needs, has } => {
                    short.push(format!("{name} ({needs} of {has} bytes of RAM)"));
                }
            }
        }
        stack_max = end.max(stack_max);
        image_count += 1;
    }
    println!(
        "{target}: {ran} of {} models as the host, in {image_count} images; \
         {stack_max} bytes of stack at most",
        models.len()
    );
    if !short.is_empty() {
        let flash = board.flash_for_models;
        println!("{target}: no room beside {flash} bytes of models for {}", short.join(", "));
    }
    if ran == 0 { Err(Failure::Blind("no model ran in C")) } else { Ok(()) }
}

/// Returns the models in groups that the flash has room for.
fn images<'m>(models: &'m [&'m Packed], flash: u64) -> impl Iterator<Item = &'m [&'m Packed]> {
    let mut rest = models;
    core::iter::from_fn(move || {
        let mut bytes = 0;
        let count = rest.iter().take_while(|model| {
            bytes += model.bytes.next_multiple_of(BOUNDARY);
            bytes <= flash.next_multiple_of(BOUNDARY)
        });
        let (image, others) = rest.split_at(count.count());
        rest = others;
        (!image.is_empty()).then_some(image)
    })
}

/// Builds an image of these models, runs it, and returns what it printed.
fn run(board: &Board, models: &[&Packed]) -> Result<String, Failure> {
    let base = folder().join(format!("{}-digests", board.target));
    let (source, elf) = (base.with_extension("S"), base.with_extension("elf"));
    fs::write(&source, assembly(models))
        .map_err(|error| Failure::Path { path: source.clone(), source: error })?;
    let sources = [Path::new(PROGRAM), Path::new(STACK), &source];
    board.link(&sources, &STACK_FLAGS, &elf)?;
    let (status, text) = board.emulate(&elf, &[], LIMIT)?;
    if status.is_some_and(|status| status.success()) {
        return Ok(text);
    }
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    Err(Failure::Check(format!("models in C on {}, {names:?}:\n{text}", board.target)))
}

/// Returns a source that puts models into the image, and a table of where they are.
fn assembly(models: &[&Packed]) -> String {
    let mut text = ".section .rodata.packed_blobs, \"a\"\n".to_owned();
    let mut table = String::new();
    for (index, model) in models.iter().enumerate() {
        let path = model.path.display();
        _ = writeln!(text, ".balign {BOUNDARY}\n.Lblob{index}:\n.incbin \"{path}\"\n.Lend{index}:");
        _ = writeln!(table, ".word .Lblob{index}, .Lend{index} - .Lblob{index}");
    }
    text + "\n.section .rodata.packed_models, \"a\"\n.balign 4\n\
            .global packed_models, packed_count\npacked_models:\n"
        + &table
        + "packed_count:\n"
        + &format!(".word {}\n", models.len())
}

/// What a model did in an image.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Digest(String),
    Short { needs: u32, has: u32 },
}

/// Returns what each model did.
fn answers(text: &str) -> Vec<Answer> {
    let answer = |text: &str| {
        if let Ok(digest) = super::digest_of(text) {
            return Some(Answer::Digest(digest));
        }
        Some(Answer::Short { needs: number(text, "needs").ok()?, has: number(text, "has").ok()? })
    };
    text.split("model ").skip(1).filter_map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::{Answer, Packed, answers, images};
    use std::path::PathBuf;

    #[test]
    fn answers_are_digests_or_what_is_short() {
        let text = "model 0\ndigest_high 1\ndigest_low 2\nmodel 1\nneeds 9\nhas 8\nstack 4\n";
        let digest = Answer::Digest("0000000100000002".to_owned());
        assert_eq!(answers(text), [digest, Answer::Short { needs: 9, has: 8 }]);
        assert!(answers("model 0\nneeds 9\n").is_empty());
    }

    #[test]
    fn images_take_what_fits_in_order() {
        let packed = |bytes: u64| Packed {
            name: bytes.to_string(),
            path: PathBuf::new(),
            bytes,
            digest: String::new(),
        };
        let models = [packed(64), packed(60), packed(65), packed(128), packed(1)];
        let models: Vec<&Packed> = models.iter().collect();
        let counts: Vec<usize> = images(&models, 128).map(<[_]>::len).collect();
        assert_eq!(counts, [2, 1, 1, 1]);
    }
}
