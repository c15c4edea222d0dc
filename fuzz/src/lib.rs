//! What the fuzz targets of models do once they have a packed one: run it on every path.

use isokern_cpu::core::ModelSource;
use isokern_cpu::core::compute::ModelArtifact;
use isokern_cpu::{CpuBackend, InstructionSet};
use isokern_model::{Model, digest};

/// Elementary steps of a model that is run; others are only read.
pub const WORK_MAX: u64 = 1 << 22;
/// Bytes of arena of a model that is run.
const ARENA_BYTES_MAX: usize = 1 << 24;

/// Runs a model with all loops this machine has, and checks that they agree.
///
/// # Panics
///
/// If a model that was read does not run, or two paths differ: both are findings.
pub fn run_everywhere(artifact: &ModelArtifact) {
    let model = Model::parse(artifact.bytes()).expect("the caller has parsed it");
    let work = model.ops().fold(0_u64, |sum, op| sum.saturating_add(op.cost().work));
    if work >= WORK_MAX || model.arena_bytes() > ARENA_BYTES_MAX {
        return;
    }
    let mut arena = vec![0; model.arena_bytes()];
    let mut first = None;
    for instructions in InstructionSet::available() {
        let found = run(artifact, &mut arena, instructions);
        assert_eq!(*first.get_or_insert(found), found, "{instructions} differs");
    }
}

/// The digest of the output for a fixed input.
fn run(artifact: &ModelArtifact, arena: &mut [u8], instructions: InstructionSet) -> u64 {
    let backend = CpuBackend::new().with_instruction_set(instructions);
    let source = ModelSource::new(artifact.bytes(), arena);
    let mut model = backend.load(source).expect("a model that was read loads");
    model.init().expect("a loaded model starts");
    let input = model.input_mut().expect("a started model takes an input");
    digest::generate_input(1, input);
    digest::fnv1a(model.run().expect("a started model runs"))
}
