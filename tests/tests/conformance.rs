//! The conformance suite, one line per backend.

use isokern_core::compute::ModelArtifact;
use isokern_core::{ComputeBackend, InferenceError, ModelSource};
use isokern_cpu::{ArtifactBackend, CpuBackend, CpuModel, InstructionSet};
use isokern_model::Model;
use isokern_tests::conformance;
use isokern_tests::conformance::Subject;
use isokern_tests::wrappers::Traced;

/// The lending backend; its arenas are leaked, as firmware has them for good.
struct Lent(InstructionSet);

impl Subject for Lent {
    type Model = CpuModel<'static>;

    fn load(&self, blob: &'static [u8]) -> Result<Self::Model, InferenceError> {
        // Bytes that are no model get an arena all the same: `load` shall refuse them.
        let arena_bytes = Model::parse(blob).map_or(64, |model| model.arena_bytes());
        let arena = Box::leak(vec![0x3C; arena_bytes].into_boxed_slice());
        let backend = CpuBackend::new().with_instruction_set(self.0);
        Ok(backend.load(ModelSource::new(blob, arena))?)
    }
}

/// The owning backend.
struct Owned(InstructionSet);

impl Subject for Owned {
    type Model = CpuModel<'static>;

    fn load(&self, blob: &'static [u8]) -> Result<Self::Model, InferenceError> {
        let artifact = ModelArtifact::from_bytes(blob);
        Ok(ArtifactBackend::new().with_instruction_set(self.0).load(&artifact)?)
    }
}

/// The owning backend inside a wrapper that is a backend itself.
struct Wrapped;

impl Subject for Wrapped {
    type Model = Traced<CpuModel<'static>>;

    fn load(&self, blob: &'static [u8]) -> Result<Self::Model, InferenceError> {
        let backend = Traced::new(ArtifactBackend::new());
        let artifact = ModelArtifact::from_bytes(blob);
        let loaded = ComputeBackend::<[i8], [i8]>::load_model(&backend, &artifact);
        loaded.map_err(Into::into)
    }
}

conformance!(cpu_lent_plain, Lent(InstructionSet::PLAIN));
conformance!(cpu_lent, Lent(InstructionSet::detect()));
conformance!(cpu_owned_plain, Owned(InstructionSet::PLAIN));
conformance!(cpu_owned, Owned(InstructionSet::detect()));
conformance!(cpu_owned_traced, Wrapped);
