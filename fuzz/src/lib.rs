//! What the fuzz targets of models do once they have a packed one: run it on every path.

pub mod mend;
mod records;
#[cfg(test)]
mod seed_tests;
pub mod sketch;

use isokern_cpu::core::ModelSource;
use isokern_cpu::core::compute::ModelArtifact;
use isokern_cpu::error::CODE_INDEX;
use isokern_cpu::{CpuBackend, InstructionSet};
use isokern_model::{Model, digest};

/// Elementary steps of a model that is run; others are only read.
pub const WORK_MAX: u64 = 1 << 22;
/// Bytes of arena, and of state, of a model that is run.
const MEMORY_BYTES_MAX: usize = 1 << 24;

/// Runs a model with all loops this machine has, and checks that they agree.
///
/// Returns the digest of what they wrote; nothing for a model that takes too long or too much.
///
/// # Panics
///
/// If a model that was read does not run, or two paths differ: both are findings.
pub fn run_everywhere(artifact: &ModelArtifact) -> Option<u64> {
    let model = Model::parse(artifact.bytes()).expect("the caller has parsed it");
    let work = model.ops().fold(0_u64, |sum, op| sum.saturating_add(op.cost().work));
    let memory_bytes = model.arena_bytes().max(model.state_bytes());
    if work >= WORK_MAX || memory_bytes > MEMORY_BYTES_MAX {
        return None;
    }
    let (mut arena, mut state) = (vec![0; model.arena_bytes()], vec![0; model.state_bytes()]);
    let mut first = None;
    for instructions in InstructionSet::available() {
        let found = run(artifact, (&mut arena, &mut state), instructions);
        assert_eq!(*first.get_or_insert(found), found, "{instructions} differs");
    }
    first
}

/// Returns the digest of all outputs and of the state, for fixed inputs.
fn run(
    artifact: &ModelArtifact,
    (arena, state): (&mut [u8], &mut [u8]),
    instructions: InstructionSet,
) -> u64 {
    let backend = CpuBackend::new().with_instruction_set(instructions);
    let source = ModelSource::new(artifact.bytes(), arena).with_state(state);
    let mut model = backend.load(source).expect("a model that was read loads");
    model.init().expect("a loaded model starts");
    let (input_count, output_count) = (model.model().input_count(), model.model().output_count());
    for position in 0..input_count {
        let input = model.input_at_mut(position).expect("a started model takes its inputs");
        digest::generate_input(position as u32 + 1, bytemuck::cast_slice_mut(input));
    }
    match model.run() {
        Ok(_) => {}
        // What it computes is taken for indices, and need not be one.
        Err(error) if error.code() == CODE_INDEX => return error.operator().map_or(0, u64::from),
        Err(error) => panic!("a started model runs: {error}"),
    }
    let outputs = (0..output_count).fold(digest::fnv1a(&[]), |sum, position| {
        let output = model.output_at(position).expect("a model that ran has its outputs");
        digest::fnv1a_update(sum, bytemuck::cast_slice(output))
    });
    digest::fnv1a_update(outputs, bytemuck::cast_slice(model.state().expect("it ran")))
}
