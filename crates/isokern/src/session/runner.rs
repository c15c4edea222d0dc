//! What runs a model's packed samples: the processor, a GPU, an actor, workers.

use core::time::Duration;
use std::time::Instant;

use isokern_core::{InferenceError, KernelMode};
use isokern_cpu::{CpuModel, InstructionSet};

use super::cuda::CudaRunner;
use super::plan::Plan;
use crate::asked::AskedModel;
use crate::error::Error;
use crate::model::Model;
use crate::resident::{GpuResidentModel, ResidentModel};
use crate::samples::Packed;
use crate::tasked::{GpuTaskedModel, TaskedModel, TaskedPlan};

/// One of the ways to run a model.
#[derive(Debug)]
pub(super) enum Runner {
    Called(Box<CpuModel<'static>>),
    Cuda(Box<CudaRunner>),
    Resident(Box<ResidentModel>),
    GpuResident(Box<GpuResidentModel>),
    Tasked(Box<TaskedModel>),
    GpuTasked(Box<GpuTaskedModel>),
}

impl Runner {
    /// Starts the runner of a mode on the processor; returns it with what it is, in words.
    pub(super) fn on_cpu(model: &Model, plan: &Plan) -> Result<(Self, String), Error> {
        let instructions = plan.instructions.unwrap_or_else(InstructionSet::detect);
        match plan.mode {
            KernelMode::Ring => {
                let resident =
                    ResidentModel::start(model, instructions, plan.in_flight, plan.wait)?;
                let place = format!("{instructions}, two threads");
                Ok((Self::Resident(Box::new(resident)), place))
            }
            KernelMode::Megakernel => {
                let (in_flight, workers, is_traced) =
                    (plan.in_flight, plan.workers, plan.is_traced);
                let tasks = TaskedPlan { in_flight, workers, is_traced };
                let mut tasked = TaskedModel::start(model, instructions, tasks)?;
                let place = match tasked.worker_count() {
                    1 => format!("{instructions}, 1 worker"),
                    count => format!("{instructions}, {count} workers"),
                };
                Ok((Self::Tasked(Box::new(tasked)), place))
            }
            KernelMode::Batch | _ => {
                let called = model.load_cpu(instructions)?;
                Ok((Self::Called(Box::new(called)), format!("{instructions}, one thread")))
            }
        }
    }

    /// Starts the runner of a mode on a GPU; returns it with what it is, in words.
    pub(super) fn on_gpu(
        model: &Model,
        plan: &Plan,
        ordinal: u32,
    ) -> Result<(Self, String), Error> {
        let name = || model.name().to_owned();
        match plan.mode {
            KernelMode::Ring => {
                let resident = GpuResidentModel::start(model, ordinal, plan.in_flight, plan.wait);
                let resident = resident.map_err(|source| Error::of_host(model.name(), source))?;
                let place = resident.place().to_owned();
                Ok((Self::GpuResident(Box::new(resident)), place))
            }
            KernelMode::Batch => {
                let runner = CudaRunner::start(model, ordinal);
                let runner = runner
                    .map_err(|source| Error::Cuda { name: name(), source: Box::new(source) })?;
                let place = runner.place();
                Ok((Self::Cuda(Box::new(runner)), place))
            }
            KernelMode::Megakernel => {
                let (in_flight, workers, is_traced) =
                    (plan.in_flight, plan.workers, plan.is_traced);
                let tasks = TaskedPlan { in_flight, workers, is_traced };
                let tasked = GpuTaskedModel::start(model, ordinal, tasks)?;
                let place = tasked.place().to_owned();
                Ok((Self::GpuTasked(Box::new(tasked)), place))
            }
            mode => Err(Error::NotOnGpu { name: name(), what: mode.as_str() }),
        }
    }

    /// Runs one packed sample, and returns how long it took.
    pub(super) fn run_one(
        &mut self,
        model: &Model,
        sample: &[u8],
        output: &mut [u8],
        limit: Option<Duration>,
    ) -> Result<Duration, Error> {
        let start = Instant::now();
        match self {
            Self::Called(called) => match limit {
                None => called.infer_one(&Packed(sample), &mut Packed(output)).map(|()| true),
                Some(limit) => step_within(called, sample, output, (start, limit)),
            }
            .map_err(|source| Error::Infer { name: model.name().to_owned(), source })
            .and_then(|is_done| match (is_done, limit) {
                (false, Some(limit)) => {
                    Err(Error::Timeout { name: model.name().to_owned(), input_index: 0, limit })
                }
                _ => Ok(start.elapsed()),
            }),
            Self::Cuda(cuda) => {
                // A launch ends by itself: one that has no time does not begin, and a late answer
                // is none.
                let timeout =
                    |limit| Error::Timeout { name: model.name().to_owned(), input_index: 0, limit };
                if let Some(limit) = limit.filter(|limit| start.elapsed() >= *limit) {
                    return Err(timeout(limit));
                }
                cuda.run_one(sample, output)?;
                let elapsed = start.elapsed();
                match limit.filter(|limit| elapsed > *limit) {
                    Some(limit) => Err(timeout(limit)),
                    None => Ok(elapsed),
                }
            }
            Self::Resident(resident) => ask_one(&mut **resident, sample, output, limit),
            Self::GpuResident(resident) => ask_one(&mut **resident, sample, output, limit),
            Self::Tasked(tasked) => ask_one(&mut **tasked, sample, output, limit),
            Self::GpuTasked(tasked) => ask_one(&mut **tasked, sample, output, limit),
        }
    }

    /// Runs packed samples as one batch; with a limit, which is that of each, one after another
    /// where the model is called.
    pub(super) fn run_batch(
        &mut self,
        model: &Model,
        samples: &[u8],
        outputs: &mut [u8],
        limit: Option<Duration>,
    ) -> Result<(), Error> {
        let [sample_bytes, output_bytes] =
            [model.inputs(), model.outputs()].map(|ports| ports.sample_bytes().max(1));
        match self {
            Self::Cuda(cuda) if limit.is_none() => {
                cuda.run_batch(samples.chunks_exact(sample_bytes), outputs)
            }
            Self::Called(_) | Self::Cuda(_) => {
                let targets = outputs.chunks_exact_mut(output_bytes).enumerate();
                for ((index, target), sample) in targets.zip(samples.chunks_exact(sample_bytes)) {
                    self.run_one(model, sample, target, limit).map_err(|error| error.at(index))?;
                }
                Ok(())
            }
            Self::Resident(resident) => {
                ask_all(&mut **resident, (samples, sample_bytes), outputs, limit)
            }
            Self::GpuResident(resident) => {
                ask_all(&mut **resident, (samples, sample_bytes), outputs, limit)
            }
            Self::Tasked(tasked) => ask_all(&mut **tasked, (samples, sample_bytes), outputs, limit),
            Self::GpuTasked(tasked) => {
                ask_all(&mut **tasked, (samples, sample_bytes), outputs, limit)
            }
        }
    }

    /// Returns whether the model is asked, and answers later, in place of called.
    pub(super) fn answers_later(&self) -> bool {
        !matches!(self, Self::Called(_) | Self::Cuda(_))
    }

    /// Restores the initial state; `false` where the runner has to be started again for that. A
    /// stale one may have questions without an answer.
    pub(super) fn reset(&mut self, model: &Model, is_stale: bool) -> Result<bool, Error> {
        match self {
            Self::Called(called) => called
                .reset()
                .map(|()| true)
                .map_err(|source| Error::Infer { name: model.name().to_owned(), source }),
            Self::Cuda(cuda) => cuda.reset().map(|()| true),
            Self::Resident(_) => Ok(!is_stale && model.state_bytes() == 0),
            Self::GpuResident(resident) => resident.restart().map(|()| true),
            Self::Tasked(_) if is_stale => Ok(false),
            Self::Tasked(tasked) => tasked.reset().map(|()| true),
            Self::GpuTasked(tasked) => tasked.reset().map(|()| true),
        }
    }

    /// Appends the state that the last sample left to `target`; nothing for a model without.
    pub(super) fn append_state(
        &mut self,
        model: &Model,
        target: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let name = || model.name().to_owned();
        match self {
            Self::Called(called) => {
                let state = called.state();
                let state = state.map_err(|source| Error::Infer { name: name(), source })?;
                target.extend_from_slice(state);
                Ok(())
            }
            Self::Cuda(cuda) => cuda.append_state(target),
            Self::Resident(_) | Self::GpuResident(_) => {
                Err(Error::NotInMode { name: name(), mode: "ring", what: "state to read" })
            }
            Self::Tasked(tasked) => tasked.append_state(target),
            Self::GpuTasked(_) if model.state_bytes() == 0 => Ok(()),
            Self::GpuTasked(_) => {
                Err(Error::NotOnGpu { name: name(), what: "state to read in megakernel mode" })
            }
        }
    }
}

/// A model that is called takes no questions.
impl AskedModel for Runner {
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, Error> {
        match self {
            Self::Called(_) | Self::Cuda(_) => Ok(false),
            Self::Resident(resident) => AskedModel::try_ask(&mut **resident, sample, limit),
            Self::GpuResident(resident) => AskedModel::try_ask(&mut **resident, sample, limit),
            Self::Tasked(tasked) => AskedModel::try_ask(&mut **tasked, sample, limit),
            Self::GpuTasked(tasked) => AskedModel::try_ask(&mut **tasked, sample, limit),
        }
    }

    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        match self {
            Self::Called(_) | Self::Cuda(_) => Ok(None),
            Self::Resident(resident) => AskedModel::answer(&mut **resident, read),
            Self::GpuResident(resident) => AskedModel::answer(&mut **resident, read),
            Self::Tasked(tasked) => AskedModel::answer(&mut **tasked, read),
            Self::GpuTasked(tasked) => AskedModel::answer(&mut **tasked, read),
        }
    }
}

/// Runs one sample, with a look at the clock after each operator; `false` where the limit ended
/// first. A step that was stopped leaves the initial state.
fn step_within(
    model: &mut CpuModel<'static>,
    sample: &[u8],
    output: &mut [u8],
    (start, limit): (Instant, Duration),
) -> Result<bool, InferenceError> {
    crate::samples::write_inputs(model, sample)?;
    for index in 0..model.model().operator_count() {
        if start.elapsed() >= limit {
            model.reset()?;
            return Ok(false);
        }
        if let Err(error) = model.run_operators(index..index + 1) {
            model.reset()?;
            return Err(error);
        }
    }
    let mut rest = output;
    for position in 0..model.model().output_count() {
        let bytes = model.output_at(position)?;
        let (now, later) = rest.split_at_mut(bytes.len());
        now.copy_from_slice(bytes);
        rest = later;
    }
    Ok(true)
}

/// Asks for one sample and waits.
fn ask_one(
    model: &mut impl AskedModel,
    sample: &[u8],
    output: &mut [u8],
    limit: Option<Duration>,
) -> Result<Duration, Error> {
    model.try_ask(sample, limit)?;
    let mut place = 0;
    let elapsed = model.answer(|bytes| place = put(bytes, output, place))?;
    Ok(elapsed.unwrap_or_default())
}

/// Asks for samples, as many at once as there is room for, and puts the answers in their order.
fn ask_all(
    model: &mut impl AskedModel,
    (samples, sample_bytes): (&[u8], usize),
    outputs: &mut [u8],
    limit: Option<Duration>,
) -> Result<(), Error> {
    let mut samples = samples.chunks_exact(sample_bytes).peekable();
    let mut place = 0;
    loop {
        while let Some(sample) = samples.peek() {
            if !model.try_ask(sample, limit)? {
                break;
            }
            samples.next();
        }
        let answer = model.answer(|bytes| place = put(bytes, outputs, place))?;
        if answer.is_none() {
            return Ok(());
        }
    }
}

/// Copies bytes to a place, and returns the place after them.
fn put(bytes: &[u8], target: &mut [u8], place: usize) -> usize {
    let end = place + bytes.len();
    if let Some(target) = target.get_mut(place..end) {
        target.copy_from_slice(bytes);
    }
    end
}
