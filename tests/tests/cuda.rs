//! The CUDA backend on whatever runs kernels: the stand-in, or a GPU with `ISOKERN_CUDA=system`.
//!
//! Where there is neither, every test is skipped.

#[path = "cuda/answers.rs"]
mod answers;
#[path = "cuda/ports.rs"]
mod ports;
#[path = "cuda/sharing.rs"]
mod sharing;

use isokern_core::InferenceError;
use isokern_core::compute::ModelArtifact;
use isokern_cuda::{CudaBackend, CudaModel};
use isokern_tests::conformance::{Check, Subject, checks};
use isokern_tests::port_checks;
use isokern_tests::standin::{Runner, runner};
use isokern_tests::trials::{run, trial_unless};
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
    let check = |suite: &str, (name, check): Check<Cuda>| {
        let subject = subject.clone();
        trial_unless(missing, format!("{suite}::{name}"), move || check(&subject))
    };
    let conformance = checks::<Cuda>().map(|named| check("conformance", named));
    let ports = port_checks::checks::<Cuda>().map(|named| check("ports", named));
    let own = answers::TESTS.iter().chain(ports::TESTS).chain(sharing::TESTS);
    let own = own.map(|&(name, test)| trial_unless(missing, name, test));
    run(conformance.into_iter().chain(ports).chain(own))
}

/// A test by its name.
type Test = (&'static str, fn());
