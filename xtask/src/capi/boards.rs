//! Programs in C on other processors in the emulator, and those with an interrupt on all.
//!
//! `stream.c`, which a timer's interrupt feeds through a ring, gives the scores of TFLite Micro;
//! `images.c`, which asks an actor in the interrupt, the digits; and every model that fits the
//! digest of the host (`digests`).

use super::board::{BOARDS, Board};
use super::digests::{STACK, STACK_FLAGS};
use super::figures::Row;
use super::{DIGITS, LIMIT, costs, digests, digits, folder, image, number};
use crate::failure::Failure;
use crate::firmware::packed::{Packed, reference_folder};
use crate::process;
use crate::repository;
use std::fs;
use std::path::{Path, PathBuf};

const MODELS: &str = "tests/models";

/// A program, its model under the name that it includes, and the samples that it reads.
struct Program<'p> {
    source: &'p str,
    model: &'p str,
    name: &'p str,
    samples: &'p str,
}

const STREAM: Program<'static> = Program {
    source: "stream.c",
    model: "streams/keyword",
    name: "keyword",
    samples: "keyword.in.i8",
};
const IMAGES: Program<'static> = Program {
    source: "images.c",
    model: "models/digits",
    name: "digits",
    samples: "digits.test.i8",
};
/// The program of the page.
const DIGITS_ALONE: Program<'static> = Program { source: "digits.c", ..IMAGES };

/// Keyword spotting, with images as the seconds and digits as the words.
const KEYWORDS: Program<'static> = Program { source: "kws.c", name: "kws", ..IMAGES };

/// A keyword network of others below their folder, its seconds, and what TFLite Micro answers.
const NETWORK: [&str; 3] =
    ["models/kws_dscnn_int8", "vectors/kws_dscnn_int8.in.i8", "vectors/kws_dscnn_int8.out.tflm.i8"];

/// The words that it knows.
const WORDS: usize = 12;

/// Time is counted in instructions, so that interrupts come at the same ones in every run.
const COUNTED: [&str; 2] = ["-icount", "shift=0,sleep=off"];

/// More stack than any of them takes.
const LARGE_STACK: &str = "-DSTACK_BYTES=32768";

/// What TFLite Micro answers to the frames of the stream.
const SCORES: &str = "tests/models/streams/keyword.out.tflm.u8";

/// Runs the programs on every board.
pub(super) fn run(page: &str, table: &[Row], models: &[Packed]) -> Result<(), Failure> {
    let path = repository::root().join(SCORES);
    let scores = fs::read(&path).map_err(|source| Failure::Path { path, source })?;
    for board in &BOARDS {
        board.prepare()?;
        let (stream, text) = STREAM.run(board, table)?;
        let is_so = numbers(&text, "score ").eq(scores.iter().copied().map(u32::from));
        require(is_so, board, &STREAM, &text)?;
        let (images, text) = IMAGES.run(board, table)?;
        require(digits(&text) == DIGITS, board, &IMAGES, &text)?;
        let words = spot(board)?;
        let target = board.target;
        println!("{target}: keyword spotting, {words} networks");
        println!("{target}: a stream and an actor, {stream} and {images} bytes of program");
        digests::check(board, models)?;
        if board.is_built() {
            costs(board, page, table)?;
        }
    }
    Ok(())
}

/// Runs keyword spotting, with the network of others where it is; how many networks.
fn spot(board: &Board) -> Result<u32, Failure> {
    let (_, text) = KEYWORDS.run_with(board, &[], &[])?;
    require(numbers(&text, "word ").eq(DIGITS), board, &KEYWORDS, &text)?;
    let [model, seconds, scores] = NETWORK.map(|name| reference_folder().join(name));
    // Its arena alone is all of the memory of the smallest board.
    if !scores.is_file() || board.is_small() {
        return Ok(1);
    }
    let scores = fs::read(&scores).map_err(|source| Failure::Path { path: scores, source })?;
    let words = scores.chunks(WORDS).take(DIGITS.len()).map(best);
    let [model, samples] = [model, seconds].map(|path| path.display().to_string());
    let network = Program { model: &model, samples: &samples, ..KEYWORDS };
    let (_, text) = network.run_with(board, &[], &[])?;
    require(numbers(&text, "word ").eq(words), board, &network, &text)?;
    Ok(2)
}

/// Returns the number of the best score, the first of equals.
fn best(scores: &[u8]) -> u32 {
    let scores = (0..).zip(scores.iter().map(|score| score.cast_signed()));
    scores.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |best| best.0)
}

/// Compares what the ways to run a model cost with the table of the page.
fn costs(board: &Board, page: &str, table: &[Row]) -> Result<(), Failure> {
    for program in [&DIGITS_ALONE, &STREAM, &IMAGES] {
        let (flash, _) = program.run(board, table)?;
        let flags = [&STACK_FLAGS[..], &[LARGE_STACK]].concat();
        let (_, text) = program.run_with(board, &[Path::new(STACK)], &flags)?;
        let stack = number(&text, "stack")?;
        costs::check(page, program.source, flash, stack.into())?;
    }
    Ok(())
}

impl Program<'_> {
    /// Links a program, runs it, and returns how much flash it takes without its model and what it
    /// prints.
    fn run(&self, board: &Board, table: &[Row]) -> Result<(u64, String), Failure> {
        let (elf, text) = self.run_with(board, &[], &[])?;
        Ok((image::program_bytes(&elf, self.row(table)?.model_bytes)?, text))
    }

    /// Links a program with other sources and flags, runs it, and returns it and what it prints.
    fn run_with(
        &self,
        board: &Board,
        others: &[&Path],
        flags: &[&str],
    ) -> Result<(PathBuf, String), Failure> {
        let stem = Path::new(self.model).file_name().unwrap_or_default();
        let model = folder().join("boards").join(stem).join(self.name);
        let model = model.with_extension("c");
        let elf = folder().join(format!("{}-{}", board.target, self.source));
        let elf = elf.with_extension("elf");
        self.convert(&model)?;
        let samples = format!("-DSAMPLES=\"{}\"", self.samples);
        let include = format!("-I{}", model.parent().unwrap_or(&model).display());
        let own = [Path::new(self.source), &model, Path::new("samples.S")];
        board.link(
            &[&own, others].concat(),
            &[&[samples.as_str(), include.as_str()], flags].concat(),
            &elf,
        )?;
        let (status, text) = board.emulate(&elf, &COUNTED, LIMIT)?;
        require(status.is_some_and(|status| status.success()), board, self, &text)?;
        Ok((elf, text))
    }

    /// Writes the model as C.
    fn convert(&self, source: &Path) -> Result<(), Failure> {
        let parent: PathBuf = source.parent().unwrap_or(source).to_owned();
        fs::create_dir_all(&parent).map_err(|source| Failure::Path { path: parent, source })?;
        let file = repository::root().join(MODELS).join(self.model).with_extension("tflite");
        let mut command = super::convert();
        process::output_or_message(command.arg(file).args(["--emit", "c", "-o"]).arg(source))?;
        Ok(())
    }

    /// Returns the row of the table that is of the model.
    fn row<'t>(&self, table: &'t [Row]) -> Result<&'t Row, Failure> {
        let name = self.model.rsplit('/').next().unwrap_or_default();
        let row = table.iter().find(|row| row.model == name);
        row.ok_or_else(|| Failure::Check(format!("no row of {name} in the figures")))
    }
}

fn require(is_so: bool, board: &Board, program: &Program<'_>, text: &str) -> Result<(), Failure> {
    if is_so {
        return Ok(());
    }
    let Program { source, model, .. } = program;
    Err(Failure::Check(format!("{source} with {model} on {}:\n{text}", board.target)))
}

/// Returns the numbers that a program printed under a name.
fn numbers<'t>(text: &'t str, name: &'static str) -> impl Iterator<Item = u32> + use<'t> {
    text.lines().filter_map(move |line| line.strip_prefix(name)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{best, numbers};

    #[test]
    fn the_first_of_the_best_scores_is_taken() {
        assert_eq!(best(&[0x80, 5, 0xFF, 5]), 1);
        assert_eq!(best(&[]), 0);
    }

    #[test]
    fn numbers_of_a_name_are_read_in_order() {
        assert!(numbers("score 3\nwords 1\nscore 255\n", "score ").eq([3, 255]));
    }
}
