//! Measures a model on a GPU, from payload to payload of the host: one input, then batches.

use core::num::NonZeroUsize;
use std::time::Instant;

use isokern::{Error, Model};
use isokern_core::{Batch, ComputeModel, InferenceError, Message, MessageHeader};
use isokern_cpu::CpuModel;
use isokern_cuda::{CudaBackend, CudaError, CudaModel};

use super::batch::measure_whole;
use super::effort::Effort;
use super::inputs::Inputs;
use super::report::{BatchReport, BenchReport, CountsReport, DeviceReport, Throughput};
use super::times::Times;
use crate::backend::{ORDINAL, is_simulated};
use crate::error::CliError;
use isokern::samples::Packed;

/// Samples of a batch, unless the caller says it.
const BATCH_SAMPLES: usize = 4096;
/// The same on a simulated device, which takes thousands of times as long.
const BATCH_SAMPLES_SIMULATED: usize = 8;

/// Measures, compares with the processor's answers, and notes what came out.
pub(crate) fn measure(
    cpu: &mut CpuModel<'static>,
    file: &Model,
    inputs: &Inputs,
    effort: Effort,
    batch: Option<NonZeroUsize>,
    report: &mut BenchReport,
) -> Result<(), CliError> {
    let refused = |source| Error::Cuda { name: file.name().to_owned(), source: Box::new(source) };
    let (backend, mut model) = file.load_cuda(ORDINAL).map_err(refused)?;
    let device = describe(&backend).map_err(refused)?;
    let fitting = if device.simulated { BATCH_SAMPLES_SIMULATED } else { BATCH_SAMPLES };
    let sample_count = batch.map_or(fitting, NonZeroUsize::get);
    model.init().map_err(|source| Error::of_cuda(file.name(), &model, source))?;
    let expected = expected(cpu, file, inputs, sample_count)?;
    report.backend = "cuda";
    report.device = Some(device);
    report.counts = counts(&backend, &mut model, file, inputs, &expected)?;
    one_by_one(&mut model, file, inputs, &expected, effort, report)?;
    report.batch = Some(batches(&mut model, file, inputs, &expected, (effort, sample_count))?);
    Ok(())
}

/// Checks that an answer is the processor's, byte by byte.
pub(super) fn compare(file: &Model, found: &[u8], expected: &[u8]) -> Result<(), CliError> {
    if found == expected {
        return Ok(());
    }
    Err(CliError::DeviceDiffers { name: file.name().to_owned() })
}

/// Returns the processor's answer to every input; of a model with state, to the whole stream that a
/// batch is, from its initial state.
pub(super) fn expected(
    cpu: &mut CpuModel<'static>,
    file: &Model,
    inputs: &Inputs,
    sample_count: usize,
) -> Result<Vec<Vec<u8>>, CliError> {
    let has_state = cpu.model().state_bytes() > 0;
    let count = if has_state { inputs.count().max(sample_count) } else { inputs.count() };
    let output_bytes = cpu.model().output_bytes();
    let infer = |source| Error::Infer { name: file.name().to_owned(), source };
    let answer = |number| {
        let mut output = Packed(vec![0; output_bytes]);
        cpu.infer_one(&Packed(inputs.of_run(number)), &mut output).map_err(infer)?;
        Ok(output.0)
    };
    (0..count as u64).map(answer).collect()
}

/// Counts what one inference executes, where the driver simulates its devices.
fn counts(
    backend: &CudaBackend,
    model: &mut CudaModel,
    file: &Model,
    inputs: &Inputs,
    expected: &[Vec<u8>],
) -> Result<Option<CountsReport>, CliError> {
    let driver = backend.context().map(|context| context.device().driver());
    let Some(driver) = driver.filter(|driver| driver.count_kernels(true)) else {
        return Ok(None);
    };
    let mut output = Packed(vec![0; expected.first().map_or(0, Vec::len)]);
    let done = model.infer_one(&Packed(inputs.of_run(0)), &mut output).and_then(|()| model.reset());
    let counted = driver.counted();
    let _stopped = driver.count_kernels(false);
    done.map_err(|source| Error::of_cuda(file.name(), model, source))?;
    Ok(counted.map(|counts| CountsReport {
        thread_instruction_count: counts.thread_instructions,
        warp_instruction_count: counts.warp_instructions,
        dot_lane_count: counts.dot_lanes,
        global_request_count: counts.global_requests,
        global_sector_count: counts.global_sectors,
        shared_request_count: counts.shared_requests,
        shared_pass_count: counts.shared_passes,
        local_request_count: counts.local_requests,
        barrier_count: counts.barriers,
        atomic_lane_count: counts.atomic_lanes,
    }))
}

/// Compares the answers to every input, then measures.
fn one_by_one(
    model: &mut CudaModel,
    file: &Model,
    inputs: &Inputs,
    expected: &[Vec<u8>],
    effort: Effort,
    report: &mut BenchReport,
) -> Result<(), CliError> {
    let output_bytes = expected.first().map_or(0, Vec::len);
    let mut output = Packed(vec![0; output_bytes]);
    for (number, expected) in expected.iter().enumerate() {
        let done = model.infer_one(&Packed(inputs.of_run(number as u64)), &mut output);
        done.map_err(|source| Error::of_cuda(file.name(), model, source))?;
        compare(file, &output.0, expected)?;
    }
    let done = measure_whole(model, output_bytes, inputs, effort, report);
    Ok(done.map_err(|source| Error::of_cuda(file.name(), model, source))?)
}

/// Measures calls with a whole batch, then compares the answers of one that starts afresh.
fn batches(
    model: &mut CudaModel,
    file: &Model,
    inputs: &Inputs,
    expected: &[Vec<u8>],
    (effort, sample_count): (Effort, usize),
) -> Result<BatchReport, CliError> {
    let output_bytes = expected.first().map_or(0, Vec::len);
    let message = |number| Message::new(MessageHeader::new(), Packed(inputs.of_run(number as u64)));
    let messages: Vec<Message<Packed<&[u8]>>> = (0..sample_count).map(message).collect();
    let mut bytes = vec![0; sample_count * output_bytes];
    let mut outputs: Vec<Packed<&mut [u8]>> =
        bytes.chunks_exact_mut(output_bytes.max(1)).map(Packed).collect();
    let mut times = Times::new();
    let mut call = |model: &mut CudaModel| {
        let start = Instant::now();
        model.infer_batch(Batch::new(&messages), &mut outputs)?;
        Ok::<_, InferenceError>(start.elapsed())
    };
    let effort = effort.batches(sample_count);
    // The size is recorded, as by an application that asks for it often.
    let warm_up = model
        .prepare_batch(sample_count)
        .and_then(|()| effort.tenth().repeat(|_| call(model).map(drop)));
    let spent = warm_up.and_then(|_| effort.repeat(|_| call(model).map(|time| times.add(time))));
    // A model with state is somewhere in its stream by now.
    let spent = spent.and_then(|spent| {
        model.reset()?;
        call(model).map(|_| spent)
    });
    let mut spent = spent.map_err(|source| Error::of_cuda(file.name(), model, source))?;
    for (found, expected) in outputs.iter().zip(expected.iter().cycle()) {
        compare(file, found.0, expected)?;
    }
    let chunk_sample_count = model.chunk_samples();
    spent.run_count = spent.run_count.saturating_mul(sample_count as u64);
    let throughput = Throughput::new(spent, sample_count);
    Ok(BatchReport { sample_count, chunk_sample_count, latency: times.summary(), throughput })
}

pub(super) fn describe(backend: &CudaBackend) -> Result<DeviceReport, CudaError> {
    let device = backend.context().ok_or(CudaError::NoDevice)?.device();
    let name = device.name()?;
    let (version, capability) = (device.driver().version(), device.compute_capability()?);
    Ok(DeviceReport {
        simulated: is_simulated(&name),
        name,
        compute_capability: format!("{}.{}", capability / 10, capability % 10),
        driver: format!("{}.{}", version / 1000, version % 1000 / 10),
        path: "host to device to host",
    })
}
