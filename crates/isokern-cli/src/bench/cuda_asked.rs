//! Measures a model that stays on a GPU, as an actor or as tasks, beside a launch for each input,
//! in turns.

use core::num::NonZeroU32;
use core::time::Duration;
use std::time::Instant;

use isokern::asked::AskedModel;
use isokern::resident::{GpuResidentModel, SLOTS};
use isokern::samples::Packed;
use isokern::tasked::{GpuTaskedModel, TaskedPlan};
use isokern::{Error, Model};
use isokern_core::InferenceError;
use isokern_cpu::CpuModel;
use isokern_cuda::{CudaBackend, CudaModel};

use super::cuda::{compare, describe, expected};
use super::effort::Effort;
use super::inputs::Inputs;
use super::pairs::{CalledModel, Pairs, throughput};
use super::report::{BenchReport, DriverCallsReport};
use super::wait::Wait;
use crate::backend::ORDINAL;
use crate::error::CliError;
use crate::mode::Mode;

/// A model that is launched for each input, from host memory to host memory.
struct Launched {
    model: CudaModel,
    output_bytes: usize,
}

impl CalledModel for Launched {
    fn call(&mut self, input: &[u8], kept: &mut Vec<u8>) -> Result<Duration, InferenceError> {
        kept.resize(self.output_bytes, 0);
        let start = Instant::now();
        self.model.infer_one(&Packed(input), &mut Packed(kept.as_mut_slice()))?;
        Ok(start.elapsed())
    }
}

/// A model that stays on a GPU.
pub(crate) trait Staying: AskedModel {
    /// Ends it.
    fn end(self) -> Result<(), Error>;
}

impl Staying for GpuResidentModel {
    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl Staying for GpuTaskedModel {
    fn end(self) -> Result<(), Error> {
        self.finish().map(|_| ())
    }
}

/// Starts a model as an actor, with so many buffers.
pub(crate) fn resident(file: &Model, count: usize, wait: Wait) -> Result<GpuResidentModel, Error> {
    let started = GpuResidentModel::start(file, ORDINAL, count, wait.strategy());
    let named = |source| Error::Resident { name: file.name().to_owned(), source: Box::new(source) };
    started.map_err(named)
}

/// Starts a model as tasks, so many under way at most, for one worker.
pub(crate) fn tasked(file: &Model, count: usize) -> Result<GpuTaskedModel, Error> {
    let plan = TaskedPlan { in_flight: count, workers: Some(NonZeroU32::MIN), is_traced: false };
    GpuTaskedModel::start(file, ORDINAL, plan)
}

/// Measures what `start` starts for so many inputs under way, compares with the processor's
/// answers, and notes what came out.
pub(crate) fn measure<A: Staying>(
    cpu: &mut CpuModel<'static>,
    (file, mode): (&Model, Mode),
    inputs: &Inputs,
    effort: Effort,
    start: impl Fn(usize) -> Result<A, Error>,
    report: &mut BenchReport,
) -> Result<(), CliError> {
    let name = file.name();
    let refused = |source| Error::Cuda { name: name.to_owned(), source: Box::new(source) };
    // Loaded before the kernel stays: what is loaded later may wait for its end.
    let (backend, model) = file.load_cuda(ORDINAL).map_err(refused)?;
    report.backend = "cuda";
    report.device = Some(describe(&backend).map_err(refused)?);
    report.machine.used_thread_count = 1;
    let mut launched = Launched { model, output_bytes: cpu.model().output_bytes() };
    check(&mut launched, file, inputs, &expected(cpu, file, inputs, 0)?)?;

    let mut asked = start(1)?;
    report.driver_calls = driver_calls(&backend, &mut launched, (&mut asked, file), inputs)?;
    let word = mode.as_str();
    let mut pairs = Pairs { direct: &mut launched, asked: &mut asked, name, mode: word };
    pairs.measure(inputs, effort, report)?;
    asked.end()?;
    let mut asked = start(SLOTS)?;
    // The tasks of a stream follow one another.
    let in_flight = if file.state_bytes() > 0 && mode.is_megakernel() { 1 } else { SLOTS };
    report.throughput = throughput(&mut asked, in_flight, inputs, effort)?;
    Ok(asked.end()?)
}

/// Compares what is launched with the processor's answers, and begins its stream anew.
fn check(
    launched: &mut Launched,
    file: &Model,
    inputs: &Inputs,
    expected: &[Vec<u8>],
) -> Result<(), CliError> {
    let mut output = Vec::new();
    let done = launched.model.init();
    done.map_err(|source| Error::of_cuda(file.name(), &launched.model, source))?;
    for (number, expected) in (0..).zip(expected) {
        let done = launched.call(inputs.of_run(number), &mut output);
        done.map_err(|source| Error::of_cuda(file.name(), &launched.model, source))?;
        compare(file, &output, expected)?;
    }
    let done = launched.model.reset();
    Ok(done.map_err(|source| Error::of_cuda(file.name(), &launched.model, source))?)
}

/// Counts the driver calls of one inference either way, where the driver simulates its devices.
fn driver_calls(
    backend: &CudaBackend,
    launched: &mut Launched,
    (asked, file): (&mut impl AskedModel, &Model),
    inputs: &Inputs,
) -> Result<Option<DriverCallsReport>, CliError> {
    let driver = backend.context().map(|context| context.device().driver());
    let count = || driver.and_then(|driver| driver.call_count());
    let Some(before) = count() else { return Ok(None) };
    let (_, mut output) = (asked.try_ask(inputs.of_run(0), None)?, Vec::new());
    asked.answer(|_| ())?;
    let between = count().unwrap_or(before);
    let done = launched.call(inputs.of_run(0), &mut output);
    done.map_err(|source| Error::of_cuda(file.name(), &launched.model, source))?;
    let after = count().unwrap_or(between);
    Ok(Some(DriverCallsReport { asked: between - before, launched: after - between }))
}
