//! The conformance suite, one line per backend.

use isokern_core::compute::ModelArtifact;
use isokern_core::{ComputeBackend, InferenceError, ModelSource};
use isokern_cpu::{ArtifactBackend, CpuBackend, CpuModel, InstructionSet};
use isokern_model::Model;
use isokern_tests::conformance::{Subject, checks};
use isokern_tests::trials::{on_models, run};
use isokern_tests::vectors::Case;
use isokern_tests::wrappers::Traced;
use libtest_mimic::Trial;
use std::process::ExitCode;

/// The lending backend; its arenas are leaked, as firmware has them for good.
#[derive(Clone)]
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
#[derive(Clone)]
struct Owned(InstructionSet);

impl Subject for Owned {
    type Model = CpuModel<'static>;

    fn load(&self, blob: &'static [u8]) -> Result<Self::Model, InferenceError> {
        let artifact = ModelArtifact::from_bytes(blob);
        Ok(ArtifactBackend::new().with_instruction_set(self.0).load(&artifact)?)
    }
}

/// The owning backend inside a wrapper that is a backend itself.
#[derive(Clone)]
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

/// Returns the suite for one backend.
fn suite<S: Subject + Clone + Send + 'static>(name: &str, subject: &S) -> Vec<Trial> {
    let trials = checks::<S>().map(|(check_name, check)| {
        let subject = subject.clone();
        on_models(format!("{name}::{check_name}"), move |cases: &[Case]| check(&subject, cases))
    });
    trials.into_iter().flatten().collect()
}

fn main() -> ExitCode {
    let (plain, detected) = (InstructionSet::PLAIN, InstructionSet::detect());
    let suites = [
        suite("cpu_lent_plain", &Lent(plain)),
        suite("cpu_lent", &Lent(detected)),
        suite("cpu_owned_plain", &Owned(plain)),
        suite("cpu_owned", &Owned(detected)),
        suite("cpu_owned_traced", &Wrapped),
    ];
    run(suites.into_iter().flatten())
}
