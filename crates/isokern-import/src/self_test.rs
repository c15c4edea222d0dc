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
pub(crate) fn seal_with_self_test(mut blob: Vec<u8>, work_max: u64) -> Result<Sealed, ImportError> {
    let artifact = ModelArtifact::from_bytes(&blob);
    let model = Model::parse(artifact.bytes())?;
    let macs = model.header().macs();
    let work = model.ops().fold(0_u64, |sum, op| sum.saturating_add(op.cost().work));
    if work > work_max {
        return Ok(Sealed { blob, macs, digest: None });
    }
    let digest = run(&model)?;
    set_self_test(&mut blob, SEED, digest)?;
    Ok(Sealed { blob, macs, digest: Some(digest) })
}

/// A packed model with its self-test.
pub(crate) struct Sealed {
    pub(crate) blob: Vec<u8>,
    /// Multiply-accumulates of one inference.
    pub(crate) macs: u64,
    /// Digest of the outputs, if the model was run.
    pub(crate) digest: Option<u64>,
}

/// Runs the model once: the generated values are those of all inputs, one after the other, and
/// the digest is over all outputs.
fn run(model: &Model<'_>) -> Result<u64, InferenceError> {
    let (mut arena, mut state) = (vec![0; model.arena_bytes()], vec![0; model.state_bytes()]);
    let source = ModelSource::new(model.blob(), &mut arena).with_state(&mut state);
    let backend = CpuBackend::new().with_instruction_set(InstructionSet::PLAIN);
    let mut loaded = backend.load(source)?;
    loaded.init()?;
    let mut values = vec![0; model.input_bytes()];
    digest::generate_input(SEED, &mut values);
    let mut rest = values.as_slice();
    for position in 0..model.input_count() {
        let input = loaded.input_at_mut(position)?;
        let (now, later) = rest.split_at(input.len());
        for (byte, value) in input.iter_mut().zip(now) {
            *byte = value.cast_unsigned();
        }
        rest = later;
    }
    loaded.run()?;
    (0..model.output_count()).try_fold(digest::fnv1a(&[]), |sum, position| {
        let output = loaded.output_at(position)?;
        Ok(output.iter().fold(sum, |sum, byte| digest::fnv1a_update(sum, &[byte.cast_signed()])))
    })
}
