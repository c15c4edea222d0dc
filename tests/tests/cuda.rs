//! The CUDA backend on whatever runs kernels: the stand-in, or a GPU with `ISOKERN_CUDA=system`.
//!
//! Where there is neither, every test is skipped.

#[path = "cuda/answers.rs"]
mod answers;
#[path = "cuda/cudarc_types.rs"]
mod cudarc_types;
#[path = "cuda/ports.rs"]
mod ports;
#[path = "cuda/sharing.rs"]
mod sharing;
#[path = "cuda/streams.rs"]
mod streams;

use isokern_core::InferenceError;
use isokern_core::compute::ModelArtifact;
use isokern_cuda::{CudaBackend, CudaModel};
use isokern_tests::conformance::{Subject, checks};
use isokern_tests::port_checks;
use isokern_tests::standin::{Runner, runner};
use isokern_tests::streams::Stream;
use isokern_tests::trials::{on_models_unless, run, trial_unless};
use isokern_tests::vectors::Case;
use std::process::ExitCode;

/// The backend as the conformance suite sees it.
#[derive(Clone)]
struct Cuda(CudaBackend);

impl Subject for Cuda {
    type Model = CudaModel;

    fn load(&self, blob: &'static [u8]) -> Result<CudaModel, InferenceError> {
        Ok(self.0.load(&ModelArtifact::from_bytes(blob))?)
    }
}

fn main() -> ExitCode {
    let missing = match runner() {
        Runner::Standin => {
            eprintln!("kernels run on the stand-in, on the CPU");
            None
        }
        Runner::Gpu(name) => {
            eprintln!("kernels run on {name}");
            None
        }
        Runner::Nothing(reason) => Some(reason.to_string()),
    };
    let missing = missing.as_deref();
    let subject = Cuda(CudaBackend::if_available(0));
    let conformance = checks::<Cuda>().map(|(name, check)| {
        let subject = subject.clone();
        let check = move |cases: &[Case]| check(&subject, cases);
        on_models_unless(missing, format!("conformance::{name}"), check)
    });
    let random = on_models_unless(missing, answers::RANDOM_INPUTS, answers::random_inputs);
    let of_models = conformance.into_iter().flatten().chain(random);
    let ports = port_checks::checks::<Cuda>().map(|(name, check)| {
        let subject = subject.clone();
        trial_unless(missing, format!("ports::{name}"), move || check(&subject))
    });
    let own =
        answers::TESTS.iter().chain(ports::TESTS).chain(sharing::TESTS).chain(cudarc_types::TESTS);
    let own = own.map(|&(name, test)| trial_unless(missing, name, test));
    let lacks = Stream::missing();
    let lacks = missing.or(lacks.as_deref());
    let streams = streams::TESTS.iter().map(|&(name, test)| trial_unless(lacks, name, test));
    run(of_models.chain(ports).chain(own).chain(streams))
}

/// A test by its name.
type Test = (&'static str, fn());
