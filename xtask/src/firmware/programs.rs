//! Building the programs of `tests/firmware` for a board.

use super::MANIFEST;
use super::board::Board;
use super::models::Model;
use super::workers::Worker;
use crate::failure::Failure;
use crate::process;
use crate::thumb::{self, Compiler};
use std::path::PathBuf;

/// Where everything built here goes, below the build output.
pub(super) const FOLDER: &str = "firmware";

/// A program of `tests/firmware`, with how it is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// The smallest one.
    Digits,
    /// One model, with the fastest loops of the processor.
    Measure,
    /// One model, with the loops of every processor.
    MeasurePlain,
    /// Every byte of a model changed in turn.
    Mutations,
    /// Operators of random shapes, with the fastest loops and the plain ones.
    Loops,
    /// Rings between an interrupt and the loop.
    Rings,
    /// An actor in the loop, its requesters in an interrupt.
    Actors,
    /// A model as an actor.
    Images,
    /// An actor as a task, in a loop that sleeps.
    Asleep,
    /// A model as a task of embassy.
    Embassy,
    /// Any model, put into the built program.
    Carried,
    /// Any model, operator by operator, put into the built program.
    Steps,
    /// Any model in every mode, put into the built program.
    Modes,
    /// What the checks must find.
    Planted,
}

/// The programs for one board.
#[derive(Clone, Copy)]
pub(super) struct Programs<'w> {
    pub(super) board: &'static Board,
    pub(super) compiler: Compiler,
    pub(super) worker: &'w Worker<'w>,
}

impl Programs<'_> {
    /// Builds a program, and returns its ELF file.
    pub(super) fn build(
        &self,
        program: Program,
        model: Option<&Model>,
    ) -> Result<PathBuf, Failure> {
        self.worker.go_on()?;
        let name = match program {
            Program::Digits => "digits",
            Program::Measure | Program::MeasurePlain => "measure",
            Program::Mutations => "mutations",
            Program::Loops => "loops",
            Program::Rings => "rings",
            Program::Actors => "actors",
            Program::Images => "images",
            Program::Asleep => "asleep",
            Program::Embassy => "embassy",
            Program::Carried => "carried",
            Program::Steps => "steps",
            Program::Modes => "modes",
            Program::Planted => "planted",
        };
        let mut cargo = thumb::build(self.compiler, self.board.target, self.worker.folder())?;
        cargo.args(["--quiet", "--locked", "--manifest-path", MANIFEST, "--bin", name]);
        cargo.env("ISOKERN_FIRMWARE_BOARD", self.board.name);
        if !self.board.flags.is_empty() {
            let target = self.board.target.to_uppercase().replace(['-', '.'], "_");
            cargo.env(format!("CARGO_TARGET_{target}_RUSTFLAGS"), self.board.flags);
        }
        match program {
            Program::MeasurePlain => _ = cargo.args(["--features", "plain"]),
            Program::Asleep => _ = cargo.args(["--features", "asleep"]),
            Program::Embassy => _ = cargo.args(["--features", "embassy"]),
            _ => {}
        }
        if let Some(model) = model {
            cargo.env("ISOKERN_FIRMWARE_MODEL", &model.path);
        }
        process::run_quietly(&mut cargo)?;
        let output = thumb::target_dir(self.compiler, self.worker.folder()).join(self.board.target);
        Ok(output.join("release").join(name))
    }
}
