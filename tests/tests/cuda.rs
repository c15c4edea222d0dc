//! The CUDA backend on whatever runs kernels: the stand-in, or a GPU with `ISOKERN_CUDA=system`.
//!
//! Where there is neither, every test is reported as ignored, by its name.

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
use libtest_mimic::{Arguments, Failed, Trial};
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
    let arguments = Arguments::from_args();
    let skipped = match runner() {
        Runner::Standin => {
            eprintln!("kernels run on the stand-in, on the CPU");
            false
        }
        Runner::Gpu(name) => {
            eprintln!("kernels run on {name}");
            false
        }
        Runner::Nothing(reason) => {
            eprintln!("skipped: every test of this file, for {reason}");
            true
        }
    };
    let subject = Cuda(CudaBackend::if_available(0));
    let check = |suite: &str, (name, check): Check<Cuda>| {
        let subject = subject.clone();
        Trial::test(format!("{suite}::{name}"), move || {
            check(&subject);
            Ok(())
        })
    };
    let conformance = checks::<Cuda>().map(|named| check("conformance", named));
    let ports = port_checks::checks::<Cuda>().map(|named| check("ports", named));
    let own = answers::TESTS.iter().chain(ports::TESTS).chain(sharing::TESTS);
    let own = own.map(|&(name, test)| Trial::test(name, move || run(test)));
    let trials = conformance.into_iter().chain(ports).chain(own);
    let trials = trials.map(|trial| trial.with_ignored_flag(skipped)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test by its name.
type Test = (&'static str, fn());

/// Runs a test; its panic is its failure.
fn run(test: fn()) -> Result<(), Failed> {
    test();
    Ok(())
}
