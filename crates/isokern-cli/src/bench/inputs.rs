//! What a measurement runs on, and the proof that the model is sound.

use std::path::Path;

use isokern_cpu::CpuModel;
use isokern_model::{Model, digest};

use crate::error::{CliError, name};
use crate::input;

/// Inputs of one model, one after another.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// Where they are from, in words.
    pub(crate) source: String,
    values: Vec<i8>,
    input_len: usize,
}

impl Inputs {
    /// Reads a file, or generates the input of the model's self-test.
    pub(crate) fn read(path: Option<&Path>, model: &Model<'_>) -> Result<Self, CliError> {
        let input_len = model.input().len();
        if let Some(path) = path {
            let values = input::read(path, &model.input())?;
            return Ok(Self { source: name(path), values, input_len });
        }
        // A model without a self-test gets the input it would have.
        let seed = model.header().self_test().map_or(1, |(seed, _)| seed);
        let mut values = vec![0; input_len];
        digest::generate_input(seed, &mut values);
        Ok(Self { source: format!("generated from seed {seed}"), values, input_len })
    }

    /// How many there are, one at least.
    pub(crate) const fn count(&self) -> usize {
        self.values.len() / self.input_len
    }

    /// The input of a run; they are taken in turns.
    pub(crate) fn of_run(&self, number: u64) -> &[i8] {
        let place = (number % self.count() as u64) as usize * self.input_len;
        &self.values[place..place + self.input_len]
    }
}

/// Runs the self-test of a model, if it has one: `passed` or `none`.
pub(crate) fn self_test(model: &mut CpuModel<'_>, name: &str) -> Result<&'static str, CliError> {
    let Some((seed, expected)) = model.model().header().self_test() else {
        return Ok("none");
    };
    let infer = |source| CliError::Infer { name: name.to_owned(), source };
    digest::generate_input(seed, model.input_mut().map_err(infer)?);
    let found = digest::fnv1a(model.run().map_err(infer)?);
    if found == expected {
        return Ok("passed");
    }
    Err(CliError::Differs {
        set: model.instruction_set().name(),
        reference: "the model's self-test",
    })
}
