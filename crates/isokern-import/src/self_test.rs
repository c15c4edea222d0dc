//! Runs a new packed model once, and writes into it what came out.

use isokern_core::compute::ModelArtifact;
use isokern_core::{InferenceError, ModelSource};
use isokern_cpu::{CpuBackend, InstructionSet};
use isokern_model::encode::set_self_test;
use isokern_model::{Model, digest};

use crate::error::ImportError;

/// The seed of the input of every self-test.
const SEED: u32 = 1;

/// Adds the self-test to a packed model, and returns its digest; leaves the model as it
/// is where a run would take more than `work_max` elementary steps.
///
/// The plain loops run it: they are the oracle of all others.
pub(crate) fn seal_with_self_test(
    mut blob: Vec<u8>,
    work_max: u64,
) -> Result<(Vec<u8>, Option<u64>), ImportError> {
    let artifact = ModelArtifact::from_bytes(&blob);
    let model = Model::parse(artifact.bytes())?;
    let work = model.ops().fold(0_u64, |sum, op| sum.saturating_add(op.cost().work));
    if work > work_max {
        return Ok((blob, None));
    }
    let digest = run(artifact.bytes(), model.arena_bytes())?;
    set_self_test(&mut blob, SEED, digest)?;
    Ok((blob, Some(digest)))
}

fn run(bytes: &[u8], arena_bytes: usize) -> Result<u64, InferenceError> {
    let mut arena = vec![0; arena_bytes];
    let backend = CpuBackend::new().with_instruction_set(InstructionSet::PLAIN);
    let mut model = backend.load(ModelSource::new(bytes, &mut arena))?;
    model.init()?;
    digest::generate_input(SEED, model.input_mut()?);
    Ok(digest::fnv1a(model.run()?))
}
