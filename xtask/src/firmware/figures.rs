//! The committed table of sizes and instructions, and its comparison with a new one.

use crate::failure::Failure;
use crate::repository;
use core::fmt::Write;
use std::path::PathBuf;

/// The committed table.
const PATH: &str = "tests/firmware/figures.md";

const COLUMNS: [&str; 12] = [
    "board",
    "model",
    "loops",
    "program",
    "code",
    "model bytes",
    "statics",
    "arena",
    "stack",
    "load",
    "run",
    "digest",
];

/// The column of the numbers that may differ a little: load and run.
const COUNTED: core::ops::Range<usize> = 9..11;

/// One part in this many that instruction counts may differ, for other versions of the
/// emulator: the clock counts in ticks of 20 to 63 instructions.
const TOLERANCE: u64 = 1000;

/// What programs may take, in bytes.
const CODE_MAX: u64 = 24 * 1024;
const STATICS_MAX: u64 = 2048;
const STACK_MAX: u64 = 2048;

/// What one model costs on one board.
pub(super) struct Figure {
    pub(super) board: String,
    pub(super) model: String,
    pub(super) loops: String,
    /// Bytes of flash without model and vectors.
    pub(super) program: u64,
    /// What of that may be code or constants of our crates.
    pub(super) code: u64,
    pub(super) model_bytes: u64,
    /// Bytes of static RAM without the arena.
    pub(super) statics: u64,
    pub(super) arena: u64,
    /// The most bytes of stack from reset to the answer.
    pub(super) stack: u64,
    /// Instructions to check and load the model, and of one inference.
    pub(super) load: u64,
    pub(super) run: u64,
    pub(super) digest: String,
}

/// What all models cost on all boards.
#[derive(Default)]
pub(super) struct Table {
    pub(super) figures: Vec<Figure>,
}

impl Figure {
    fn cells(&self) -> [String; COLUMNS.len()] {
        [
            self.board.clone(),
            self.model.clone(),
            self.loops.clone(),
            self.program.to_string(),
            self.code.to_string(),
            self.model_bytes.to_string(),
            self.statics.to_string(),
            self.arena.to_string(),
            self.stack.to_string(),
            self.load.to_string(),
            self.run.to_string(),
            self.digest.clone(),
        ]
    }
}

impl Table {
    /// The table as Markdown.
    pub(super) fn text(&self) -> String {
        let mut text = format!("| {} |\n", COLUMNS.join(" | "));
        text += "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n";
        for figure in &self.figures {
            let _ = writeln!(text, "| {} |", figure.cells().join(" | "));
        }
        text
    }

    /// Fails when a program takes more than it may.
    pub(super) fn check_limits(&self) -> Result<(), Failure> {
        for figure in &self.figures {
            let limits = [
                ("code", figure.code, CODE_MAX),
                ("statics", figure.statics, STATICS_MAX),
                ("stack", figure.stack, STACK_MAX),
            ];
            for (what, have, most) in limits {
                if have > most {
                    let Figure { board, model, loops, .. } = figure;
                    let message = format!(
                        "{model} on {board}, {loops}: {have} bytes of {what}, at most {most}"
                    );
                    return Err(Failure::Check(message));
                }
            }
        }
        Ok(())
    }

    /// Writes the committed table.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let path = path();
        let text = format!("{HEAD}{}", self.text());
        std::fs::write(&path, text).map_err(|source| Failure::Path { path, source })
    }

    /// Fails when a row is not the committed one. Sizes count only from the `exact` compiler.
    ///
    /// Rows of models or boards that did not run now are left out.
    pub(super) fn compare(&self, exact: bool) -> Result<(), Failure> {
        let path = path();
        let committed = std::fs::read_to_string(&path)
            .map_err(|source| Failure::Path { path: path.clone(), source })?;
        if !exact {
            println!("firmware: not the pinned compiler, so sizes and counts are not compared");
            return Ok(());
        }
        let mut different = Vec::new();
        for figure in &self.figures {
            let cells = figure.cells();
            match row(&committed, &cells) {
                Some(old) if is_same(&old, &cells) => {}
                Some(old) => {
                    different.push(format!("- {}\n+ {}", old.join(" | "), cells.join(" | ")))
                }
                None => different.push(format!("+ {}", cells.join(" | "))),
            }
        }
        if different.is_empty() {
            println!("firmware: {} rows as in {PATH}", self.figures.len());
            return Ok(());
        }
        Err(Failure::Check(format!(
            "{PATH} says otherwise; if that is meant, run `cargo xtask firmware --bless`:\n{}",
            different.join("\n")
        )))
    }
}

/// What stands above the table in its file.
const HEAD: &str = "\
# What models cost on boards

Written by `cargo xtask firmware --bless`, compared by `cargo xtask firmware`; `docs/firmware.md`
says how it is measured. All sizes are bytes.

* **program**: flash of the whole program without model and interrupt vectors.
* **code**: what of that is, or may be, of `isokern-core`, `-model`, `-ops` and `-cpu`: the program
  without start-up, console and compiler routines. At most 24 KiB.
* **statics**: static RAM without the arena, at most 2 KiB. **arena**: what `include_model!`
  reserves.
* **stack**: the most from reset to the answer, found by painting. At most 2 KiB.
* **load**: instructions to check and load the model. **run**: instructions of one inference.
* **digest**: FNV-1a over the outputs for the generated inputs of the seeds 1 to 4; the host's.

";

fn path() -> PathBuf {
    repository::root().join(PATH)
}

/// The committed row of the same board, model and loops.
fn row(committed: &str, cells: &[String]) -> Option<Vec<String>> {
    let rows = committed.lines().map(|line| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let mut rows = rows.filter(|row| row.len() == COLUMNS.len());
    rows.find(|row| row[..3] == cells[..3])
}

fn is_same(old: &[String], new: &[String]) -> bool {
    old.iter()
        .zip(new)
        .enumerate()
        .all(|(column, (old, new))| old == new || (COUNTED.contains(&column) && is_close(old, new)))
}

fn is_close(old: &str, new: &str) -> bool {
    let (Ok(old), Ok(new)) = (old.parse::<u64>(), new.parse::<u64>()) else {
        return false;
    };
    old.abs_diff(new) <= (old / TOLERANCE).max(100)
}

#[cfg(test)]
mod tests {
    use super::{Figure, Table, is_same, row};

    fn table(code: u64, run: u64) -> Table {
        let figure = Figure {
            board: "b".to_owned(),
            model: "m".to_owned(),
            loops: "plain".to_owned(),
            program: code + 3000,
            code,
            model_bytes: 4000,
            statics: 4,
            arena: 768,
            stack: 1000,
            load: 50_000,
            run,
            digest: "7dbaf0a3b44ccc3b".to_owned(),
        };
        Table { figures: vec![figure] }
    }

    #[test]
    fn sizes_must_be_equal_and_counts_close() {
        let committed = table(20_000, 1_000_000).text();
        let same = |code, run| {
            let cells = table(code, run).figures[0].cells();
            row(&committed, &cells).is_some_and(|old| is_same(&old, &cells))
        };
        assert!(same(20_000, 1_000_000));
        assert!(same(20_000, 1_000_999));
        assert!(!same(20_000, 1_002_000));
        assert!(!same(20_001, 1_000_000));
    }

    #[test]
    fn limits_are_checked() {
        assert!(table(24 * 1024, 1).check_limits().is_ok());
        assert!(table(24 * 1024 + 1, 1).check_limits().is_err());
    }
}
