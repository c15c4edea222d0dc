//! What a measurement runs on.

use std::path::PathBuf;

use isokern_model::Model;

use crate::error::{CliError, name};
use crate::{input, self_test};
use isokern::samples::Samples;

/// Samples of one model.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// Where they are from, in words.
    pub(crate) source: String,
    samples: Samples,
}

impl Inputs {
    /// Reads the files that are given, or generates the sample of the model's self-test.
    pub(crate) fn read(given: &[PathBuf], model: &Model<'_>) -> Result<Self, CliError> {
        if !given.is_empty() {
            let names: Vec<String> = given.iter().map(|path| name(path)).collect();
            let inputs = input::read(given, model, model.state_bytes() > 0)?;
            input::tell_clipped(&inputs.sources);
            return Ok(Self { source: names.join(", "), samples: inputs.samples });
        }
        let seed = self_test::seed(model);
        let samples = Samples::new(self_test::sample(model, seed), model.input_bytes());
        Ok(Self { source: format!("generated from seed {seed}"), samples })
    }

    /// Returns how many there are, one at least.
    pub(crate) const fn count(&self) -> usize {
        self.samples.count()
    }

    /// Returns the sample of a run; they are taken in turns.
    pub(crate) fn of_run(&self, number: u64) -> &[u8] {
        self.samples.at((number % self.count() as u64) as usize)
    }
}
