//! The self-test of a model: the generated sample, and the digest its outputs must have.

use isokern_core::InferenceError;
use isokern_cpu::CpuModel;
use isokern_model::{Model, digest};

use crate::error::CliError;
use crate::packed::{Packed, digest_of};

/// The seed of a model without a self-test: the one it would have.
const SEED: u32 = 1;

/// Runs the self-test of a model, if it has one: `passed` or `none`.
///
/// It starts from the initial state, and leaves the model with that.
pub(crate) fn verify(model: &mut CpuModel<'_>, name: &str) -> Result<&'static str, CliError> {
    let Some((seed, expected)) = model.model().header().self_test() else {
        return Ok("none");
    };
    let found = run(model, seed);
    let found = found.map_err(|source| CliError::Infer { name: name.to_owned(), source })?;
    if found == expected {
        return Ok("passed");
    }
    Err(CliError::Differs {
        set: model.instruction_set().name(),
        reference: "the model's self-test",
    })
}

/// Returns the seed of a model's self-test.
pub(crate) fn seed(model: &Model<'_>) -> u32 {
    model.header().self_test().map_or(SEED, |(seed, _)| seed)
}

/// Returns the generated sample of a seed: one sequence over all inputs, in order.
pub(crate) fn sample(model: &Model<'_>, seed: u32) -> Vec<u8> {
    let mut values = vec![0; model.input_bytes()];
    digest::generate_input(seed, &mut values);
    values.iter().map(|value| value.cast_unsigned()).collect()
}

/// Runs the sample of a seed, and returns the digest over all outputs, in order.
fn run(model: &mut CpuModel<'_>, seed: u32) -> Result<u64, InferenceError> {
    let sample = Packed(sample(&model.model(), seed));
    let mut outputs = Packed(vec![0; model.model().output_bytes()]);
    model.reset()?;
    model.infer_one(&sample, &mut outputs)?;
    model.reset()?;
    Ok(digest_of(&outputs.0))
}
