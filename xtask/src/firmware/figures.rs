//! What models, rings and actors cost on the boards, as the committed file has it.

use super::sheet::Sheet;
use crate::failure::Failure;
use crate::repository;
use std::path::{Path, PathBuf};

/// The committed file.
const PATH: &str = "tests/firmware/figures.md";

const MODELS: Sheet = Sheet {
    columns: &[
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
        "CMSIS-NN",
        "digest",
    ],
    key_count: 3,
    counted: 9..11,
    slack: 100,
};

const ACTORS: Sheet = Sheet {
    columns: &["board", "program", "flash", "statics", "stack", "word", "line", "question"],
    key_count: 2,
    counted: 5..8,
    slack: 1,
};

const MODES: Sheet = Sheet {
    columns: &["board", "code", "model", "modes", "digest"],
    key_count: 3,
    counted: 5..5,
    slack: 0,
};

/// What programs with a model may take, in bytes.
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
    /// The most that it may be.
    pub(super) code_max: u64,
    pub(super) model_bytes: u64,
    /// Bytes of static RAM without the arena.
    pub(super) statics: u64,
    pub(super) arena: u64,
    /// The most bytes of stack from reset to the answer.
    pub(super) stack: u64,
    /// Instructions to check and load the model, and of one inference.
    pub(super) load: u64,
    pub(super) run: u64,
    /// Instructions of CMSIS-NN for one inference, where they are known.
    pub(super) cmsis_nn: Option<u64>,
    pub(super) digest: String,
}

/// What a program with rings or actors costs on one board.
pub(super) struct ActorFigure {
    pub(super) board: String,
    pub(super) program: String,
    /// Bytes of flash without model and vectors.
    pub(super) flash: u64,
    /// Bytes of static RAM.
    pub(super) statics: u64,
    /// The most bytes of stack.
    pub(super) stack: u64,
    /// Instructions to push and pop a word and a line, and of a question with its answer.
    pub(super) word: Option<u64>,
    pub(super) line: Option<u64>,
    pub(super) question: Option<u64>,
}

/// A model whose answers are the same in every mode.
pub(super) struct ModeFigure {
    pub(super) board: String,
    /// What the program is compiled for.
    pub(super) code: String,
    pub(super) model: String,
    pub(super) modes: String,
    pub(super) digest: String,
}

/// What everything costs on all boards.
#[derive(Default)]
pub(super) struct Table {
    pub(super) figures: Vec<Figure>,
    pub(super) actors: Vec<ActorFigure>,
    pub(super) modes: Vec<ModeFigure>,
}

impl Figure {
    fn cells(&self) -> Vec<String> {
        vec![
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
            number(self.cmsis_nn),
            self.digest.clone(),
        ]
    }
}

impl ActorFigure {
    fn cells(&self) -> Vec<String> {
        vec![
            self.board.clone(),
            self.program.clone(),
            self.flash.to_string(),
            self.statics.to_string(),
            self.stack.to_string(),
            number(self.word),
            number(self.line),
            number(self.question),
        ]
    }
}

/// Returns a number, or a dash for what was not measured.
fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

impl ModeFigure {
    fn cells(&self) -> Vec<String> {
        let Self { board, code, model, modes, digest } = self;
        [board, code, model, modes, digest].map(String::clone).to_vec()
    }
}

impl Table {
    /// Adds what was measured on another board.
    pub(super) fn add(&mut self, other: Self) {
        let Self { figures, actors, modes } = other;
        self.figures.extend(figures);
        self.actors.extend(actors);
        self.modes.extend(modes);
    }

    /// Returns all tables as Markdown; the later ones only where they have rows.
    pub(super) fn text(&self) -> String {
        if self.actors.is_empty() {
            return MODELS.text(&self.model_rows());
        }
        whole(&self.model_rows(), &self.actor_rows(), &self.mode_rows())
    }

    /// Fails when a program takes more than it may.
    pub(super) fn check_limits(&self) -> Result<(), Failure> {
        for figure in &self.figures {
            let limits = [
                ("code", figure.code, figure.code_max),
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

    /// Writes the committed file; where `keeps_others`, with the rows that were not measured now.
    pub(super) fn write(&self, keeps_others: bool) -> Result<(), Failure> {
        let path = path();
        let mut text = self.text();
        if keeps_others {
            let committed = std::fs::read_to_string(&path)
                .map_err(|source| Failure::Path { path: path.clone(), source })?;
            let models = MODELS.merged(&committed, &self.model_rows());
            let actors = ACTORS.merged(&committed, &self.actor_rows());
            text = whole(&models, &actors, &MODES.merged(&committed, &self.mode_rows()));
        }
        let text = format!("{HEAD}{text}");
        std::fs::write(&path, text).map_err(|source| Failure::Path { path, source })
    }

    /// Fails when a row is not the committed one. Sizes count only from the `exact` compiler.
    ///
    /// Rows of models or boards that did not run now are left out.
    pub(super) fn compare(&self, exact: bool) -> Result<(), Failure> {
        let committed = read(&path())?;
        if !exact {
            println!("firmware: not the pinned compiler, so sizes and counts are not compared");
            return Ok(());
        }
        let mut different = MODELS.differences(&committed, &self.model_rows());
        different.extend(ACTORS.differences(&committed, &self.actor_rows()));
        different.extend(MODES.differences(&committed, &self.mode_rows()));
        if different.is_empty() {
            let count = self.figures.len() + self.actors.len() + self.modes.len();
            println!("firmware: {count} rows as in {PATH}");
            return Ok(());
        }
        Err(Failure::Check(format!(
            "{PATH} says otherwise; if that is meant, run `cargo xtask firmware --bless`:\n{}",
            different.join("\n")
        )))
    }

    fn model_rows(&self) -> Vec<Vec<String>> {
        self.figures.iter().map(Figure::cells).collect()
    }

    fn mode_rows(&self) -> Vec<Vec<String>> {
        self.modes.iter().map(ModeFigure::cells).collect()
    }

    fn actor_rows(&self) -> Vec<Vec<String>> {
        self.actors.iter().map(ActorFigure::cells).collect()
    }
}

/// Returns all tables as Markdown.
fn whole(models: &[Vec<String>], actors: &[Vec<String>], modes: &[Vec<String>]) -> String {
    let (models, actors, modes) = (MODELS.text(models), ACTORS.text(actors), MODES.text(modes));
    format!("{models}\n{ACTORS_HEAD}{actors}\n{MODES_HEAD}{modes}")
}

/// Returns how many bytes of code a program may have: for the model that is compared with other
/// runtimes, for models of the first kinds, for others.
pub(super) fn code_max(model: &str, is_base: bool) -> u64 {
    match model {
        "kws_dscnn_int8" => 24 * 1024,
        _ if is_base => 26 * 1024,
        _ => 40 * 1024,
    }
}

/// What is above the tables in their file.
const HEAD: &str = "\
# What models, rings and actors cost on boards

Written by `cargo xtask firmware --bless`, compared by `cargo xtask firmware`; `docs/firmware.md`
says how it is measured. All sizes are bytes.

* **program**: flash of the whole program without model and interrupt vectors.
* **code**: what of that is, or may be, of `isokern-core`, `-model`, `-ops` and `-cpu`: the program
  without start-up, console and compiler routines. At most 24 KiB for `kws_dscnn_int8`, 26 KiB for
  other models of the kinds with codes 1 to 8, 40 KiB for models of all kinds.
* **loops**: the fastest of the processor; beside `smlad` the plain ones too, which are the oracle.
* **statics**: static RAM without the arena, at most 2 KiB. **arena**: what `include_model!`
  reserves for activations and state.
* **stack**: the most from reset to the answer, found by painting. At most 2 KiB.
* **load**: instructions to check and load the model. **run**: instructions of one inference.
* **CMSIS-NN**: what commit `99f736a6` of it takes on this processor, to three digits, counted the
  same way: GCC 12.2 with `-O2`, the fastest of its settings that gives the same bytes, calls of
  layers alone.
* **digest**: FNV-1a over the outputs for the generated inputs of the seeds 1 to 4; the host's.

";

/// What is between the tables.
const ACTORS_HEAD: &str = "\
## Rings and actors

`rings`: two rings of 4 slots and one line. `actors`: one actor, two mailboxes of 4 slots. `images`:
the digits model as an actor, one mailbox of 2 slots, two lent arenas. `asleep`: two actors, one
after the other, as tasks of a loop that sleeps, each with a mailbox of 4 slots. `embassy`: the
digits model as a task of embassy, one lent arena, two channels of 2 places. Both sides are in
these figures, the interrupt's and the loop's, with all that the programs do to count and check.

* **flash**: the whole program without model and interrupt vectors; for `images` and `embassy` with
  640 bytes of images.
* **statics**: static RAM, with rings, mailboxes, arenas and what the interrupt owns.
* **stack**: the most of loop and interrupt together, found by painting.
* **word**, **line**: instructions to push and pop 4 and 64 bytes, in a loop without interrupts.
* **question**: instructions to ask an actor, step it and take the answer, in such a loop; for
  `asleep`, for which the processor is awake for a question and the four interrupts around it; for
  `embassy`, for which it is awake for an image and all its interrupts, the model's own run inside.

";

/// What is before the last table.
const MODES_HEAD: &str = "\
## Every mode

`modes`: one program for each processor, into which each model is put with the generated inputs of
the seeds 1 to 4, one stream for a model with state. It runs them when called, as an actor in a lent
arena, and as tasks of a megakernel that give way between operators; the digest is the host's each
time. A model of indices, to which generated inputs are an error, has the first of its vectors. Code
for Armv6-M runs on a Cortex-M4 with enough memory for all models, and on `microbit` as far as they
fit there; public models below 25 million multiply-accumulates run on `mps2-an386`.

";

fn path() -> PathBuf {
    repository::root().join(PATH)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::Path { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::{ActorFigure, Figure, ModeFigure, Table};

    fn table(code: u64) -> Table {
        let figure = Figure {
            board: "b".to_owned(),
            model: "m".to_owned(),
            loops: "plain".to_owned(),
            program: code + 3000,
            code,
            code_max: super::code_max("kws_dscnn_int8", true),
            model_bytes: 4000,
            statics: 4,
            arena: 768,
            stack: 1000,
            load: 50_000,
            run: 1_000_000,
            cmsis_nn: None,
            digest: "7dbaf0a3b44ccc3b".to_owned(),
        };
        let actors = ActorFigure {
            board: "b".to_owned(),
            program: "rings".to_owned(),
            flash: 7000,
            statics: 2000,
            stack: 1000,
            word: Some(40),
            line: Some(500),
            question: None,
        };
        let modes = ModeFigure {
            board: "b".to_owned(),
            code: "thumbv6m".to_owned(),
            model: "m".to_owned(),
            modes: "batch = ring".to_owned(),
            digest: "7dbaf0a3b44ccc3b".to_owned(),
        };
        Table { figures: vec![figure], actors: vec![actors], modes: vec![modes] }
    }

    #[test]
    fn all_tables_are_found_again_in_their_text() {
        let mut table = table(20_000);
        let committed = table.text();
        let differences = |table: &Table| {
            let models = super::MODELS.differences(&committed, &table.model_rows());
            let actors = super::ACTORS.differences(&committed, &table.actor_rows());
            let modes = super::MODES.differences(&committed, &table.mode_rows());
            (models.len(), actors.len(), modes.len())
        };
        assert_eq!(differences(&table), (0, 0, 0));
        table.actors[0].stack += 8;
        assert_eq!(differences(&table), (0, 1, 0));
        table.figures[0].digest.pop();
        assert_eq!(differences(&table), (1, 1, 0));
        table.modes[0].modes.pop();
        assert_eq!(differences(&table), (1, 1, 1));
    }

    #[test]
    fn limits_are_checked() {
        assert!(table(24 * 1024).check_limits().is_ok());
        assert!(table(24 * 1024 + 1).check_limits().is_err());
        let others = [true, false].map(|is_base| super::code_max("residual", is_base));
        assert_eq!(others, [26 * 1024, 40 * 1024]);
    }
}
