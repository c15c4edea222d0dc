//! `isokern selftest`: the generated sample of a model, and the digest its outputs must have.

use std::io::Write;
use std::path::PathBuf;

use isokern_core::InferenceError;
use isokern_cpu::{CpuModel, InstructionSet};
use isokern_model::{Model, digest};

use crate::backend::Backend;
use crate::error::{CliError, one_line};
use crate::figures;
use crate::model_file;
use isokern::escape::escaped;
use isokern::samples::{Packed, Samples, digest_of};

/// The seed of a model without a self-test: the one it would have.
const SEED: u32 = 1;

/// Checks that a model gives the outputs here that it gave when it was converted
///
/// The model holds the seed of a generated input and the digest of its outputs. On this processor
/// they are computed with every set of instructions it has.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// An .ikm file, or a .tflite file, which is converted in memory
    model: PathBuf,
    /// What the model runs on
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    backend: Backend,
}

/// Runs the self-test wherever it was asked for and prints each outcome; the first that is wrong
/// is the error.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    let file = model_file::read(&arguments.model)?;
    let model = file.view();
    let name = file.name();
    let Some((seed, expected)) = model.header().self_test() else {
        return Err(CliError::NoSelfTest { name: name.to_owned() });
    };
    let samples = Samples::new(sample(&model, seed), model.input_bytes());
    let expected = figures::digest(expected);
    writeln!(out, "{name}: an input of seed {seed} has to give digest {expected}\n")?;
    let mut failed = None;
    for (place, found) in outcomes(arguments.backend, &file, &samples, seed)? {
        let found = figures::digest(found);
        if found == expected {
            writeln!(out, "passed     {place}")?;
        } else {
            writeln!(out, "failed     {place}: {found}")?;
            let (name, expected) = (name.to_owned(), expected.clone());
            failed.get_or_insert(CliError::SelfTest { name, place, found, expected });
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Returns what ran, with the digest that it gave.
fn outcomes(
    backend: Backend,
    file: &isokern::Model,
    samples: &Samples,
    seed: u32,
) -> Result<Vec<(String, u64)>, CliError> {
    if backend == Backend::Cpu {
        let outcome = |set: InstructionSet| {
            let digest = digest_with(&mut file.load_cpu(set)?, seed);
            let name = || file.name().to_owned();
            let digest = digest.map_err(|source| isokern::Error::Infer { name: name(), source })?;
            Ok((set.name().to_owned(), digest))
        };
        return InstructionSet::available().map(outcome).collect();
    }
    let mut session = file.session(backend.into())?;
    let (outputs, _) = session.run_samples(samples, None, |_, _| Ok(()))?;
    let place = match session.fallback_reason() {
        Some(reason) => format!("{}, for {}", session.place(), escaped(&one_line(reason))),
        None => escaped(session.place()),
    };
    Ok(vec![(place, digest_of(&outputs))])
}

/// Runs the self-test of a model, if it has one: `passed` or `none`.
///
/// It starts from the initial state, and leaves the model with that.
pub(crate) fn verify(model: &mut CpuModel<'_>, name: &str) -> Result<&'static str, CliError> {
    let Some((seed, expected)) = model.model().header().self_test() else {
        return Ok("none");
    };
    let found = digest_with(model, seed);
    let found = found.map_err(|source| isokern::Error::Infer { name: name.to_owned(), source })?;
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
    samples(model, seed, 1)
}

/// Returns as many samples as one after the other of that sequence.
pub(crate) fn samples(model: &Model<'_>, seed: u32, count: usize) -> Vec<u8> {
    let mut values = vec![0; model.input_bytes() * count];
    digest::generate_input(seed, &mut values);
    values.iter().map(|value| value.cast_unsigned()).collect()
}

/// Runs the sample of a seed, and returns the digest over all outputs, in order.
fn digest_with(model: &mut CpuModel<'_>, seed: u32) -> Result<u64, InferenceError> {
    let sample = Packed(sample(&model.model(), seed));
    let mut outputs = Packed(vec![0; model.model().output_bytes()]);
    model.reset()?;
    model.infer_one(&sample, &mut outputs)?;
    model.reset()?;
    Ok(digest_of(&outputs.0))
}
