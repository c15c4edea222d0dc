//! The backend for applications: a model owns its bytes and its arena.

use isokern_core::compute::{BackendCapabilities, ModelArtifact};
use isokern_core::{ComputeBackend, Payload, PayloadMut};
use isokern_model::Model;
use isokern_model::encode::relayout;

use crate::error::LoadError;
use crate::instruction_set::InstructionSet;
use crate::loaded::CpuModel;
use crate::payloads;
use crate::program::CpuProgram;

/// Runs models from a [`ModelArtifact`], with the fastest loops of this processor.
///
/// A model whose weights are in the other layout is rewritten once, when it is
/// loaded: vector loops read the packed layout, plain ones the row layout. Bytes that
/// are in the right one already are shared, not copied.
///
/// ```
/// use isokern_cpu::ArtifactBackend;
/// use isokern_cpu::core::compute::ModelArtifact;
///
/// let bytes = include_bytes!("../../../tests/models/digits.ikm");
/// let mut model = ArtifactBackend::new().load(&ModelArtifact::from_bytes(bytes))?;
/// model.init()?;
/// let mut scores = [0_i8; 10];
/// model.infer_one(&[0_i8; 64], &mut scores)?;
/// # Ok::<(), isokern_cpu::core::InferenceError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ArtifactBackend {
    instructions: InstructionSet,
}

impl ArtifactBackend {
    /// Returns a backend that uses the fastest loops of this processor.
    #[must_use]
    pub fn new() -> Self {
        Self { instructions: InstructionSet::detect() }
    }

    /// Returns the same backend with these loops.
    #[must_use]
    pub const fn with_instruction_set(self, instructions: InstructionSet) -> Self {
        Self { instructions }
    }

    /// Returns what the backend can do.
    #[must_use]
    pub const fn capabilities(&self) -> BackendCapabilities {
        payloads::CAPABILITIES
    }

    /// Checks a model and prepares its weights. Its arena is allocated by
    /// [`init`](CpuModel::init).
    ///
    /// # Errors
    ///
    /// [`LoadError`]: the bytes are no model this build runs.
    pub fn load(&self, artifact: &ModelArtifact) -> Result<CpuModel<'static>, LoadError> {
        self.load_program(artifact).map(CpuModel::owned)
    }

    /// Checks a model and prepares its weights; it will run in arenas that are given to it.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_program(&self, artifact: &ModelArtifact) -> Result<CpuProgram<'static>, LoadError> {
        let model = Model::parse(artifact.bytes())?;
        let wanted = self.instructions.layout();
        if model.layout() == wanted {
            return Ok(CpuProgram::owned(model.checked(), artifact.clone(), self.instructions));
        }
        let blob = relayout(&model, wanted).map_err(|_| LoadError::Relayout)?;
        let artifact = ModelArtifact::new(&blob, artifact.label());
        let checked = Model::parse(artifact.bytes())?.checked();
        Ok(CpuProgram::owned(checked, artifact, self.instructions))
    }
}

impl Default for ArtifactBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl<I, O> ComputeBackend<I, O> for ArtifactBackend
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    type Model = CpuModel<'static>;
    type Error = LoadError;
    type ModelDescriptor<'desc> = &'desc ModelArtifact;

    fn capabilities(&self) -> BackendCapabilities {
        ArtifactBackend::capabilities(self)
    }

    fn load_model(&self, artifact: &ModelArtifact) -> Result<CpuModel<'static>, LoadError> {
        self.load(artifact)
    }
}
