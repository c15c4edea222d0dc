//! Models that are asked and answer later: as a ring actor, or as tasks of a megakernel.

use core::time::Duration;
use std::sync::Mutex;

use isokern::asked::AskedModel;
use isokern::cpu::core::megakernel::TaskPriority;
use isokern::resident::{GpuResidentModel, PARKED, ResidentModel};
use isokern::tasked::{GpuTaskedModel, TaskedModel, TaskedPlan};
use isokern::{Device, Error, InstructionSet, Model as Facade};
use pyo3::prelude::{Bound, PyAny, PyResult, Python, pyclass, pymethods};
use pyo3::types::PyDict;

use crate::arrays::{Form, arrays};
use crate::call::limit;
use crate::errors::{Kind, raise};
use crate::inputs::Given;
use crate::model::Model;
use crate::owner::{Owner, closed, lock};
use crate::session::account;

/// Who answers.
#[derive(Debug)]
enum Runner {
    Resident(Box<ResidentModel>),
    GpuResident(Box<GpuResidentModel>),
    Tasked(Box<TaskedModel>),
    GpuTasked(Box<GpuTaskedModel>),
}

/// A model that is asked, and answers in the order of the questions. `isokern.RingSession` and
/// `isokern.TaskSession` are made of it.
#[pyclass(frozen, module = "isokern._native")]
#[derive(Debug)]
pub(crate) struct Asked {
    model: Facade,
    runner: Mutex<Option<Runner>>,
    owner: Owner,
}

impl Runner {
    fn ring(model: &Facade, device: Device, in_flight: usize) -> Result<Self, Error> {
        let on_gpu = |ordinal| GpuResidentModel::start(model, ordinal, in_flight, PARKED);
        let gpu = |started| Self::GpuResident(Box::new(started));
        let name = || model.name().to_owned();
        match device {
            Device::Cuda { ordinal } => on_gpu(ordinal)
                .map(gpu)
                .map_err(|source| Error::Resident { name: name(), source: Box::new(source) }),
            Device::Auto if let Ok(started) = on_gpu(0) => Ok(gpu(started)),
            _ => ResidentModel::start(model, InstructionSet::detect(), in_flight, PARKED)
                .map(|started| Self::Resident(Box::new(started))),
        }
    }

    fn tasks(model: &Facade, device: Device, plan: TaskedPlan) -> Result<Self, Error> {
        let on_gpu = |ordinal| GpuTaskedModel::start(model, ordinal, plan);
        let gpu = |started| Self::GpuTasked(Box::new(started));
        match device {
            Device::Cuda { ordinal } => on_gpu(ordinal).map(gpu),
            Device::Auto if let Ok(started) = on_gpu(0) => Ok(gpu(started)),
            _ => TaskedModel::start(model, InstructionSet::detect(), plan)
                .map(|started| Self::Tasked(Box::new(started))),
        }
    }

    fn try_ask(
        &mut self,
        sample: &[u8],
        priority: TaskPriority,
        limit: Option<Duration>,
    ) -> Result<bool, Error> {
        match self {
            Self::Resident(model) => model.try_ask(sample, limit),
            Self::GpuResident(model) => model.try_ask(sample, limit),
            Self::Tasked(model) => model.try_ask(sample, priority, limit),
            Self::GpuTasked(model) => model.try_ask(sample, priority, limit),
        }
    }

    fn answer(&mut self, packed: &mut Vec<u8>) -> Result<Option<Duration>, Error> {
        let read = |bytes: &[u8]| packed.extend_from_slice(bytes);
        match self {
            Self::Resident(model) => AskedModel::answer(&mut **model, read),
            Self::GpuResident(model) => AskedModel::answer(&mut **model, read),
            Self::Tasked(model) => AskedModel::answer(&mut **model, read),
            Self::GpuTasked(model) => AskedModel::answer(&mut **model, read),
        }
    }
}

impl Asked {
    fn start(
        py: Python<'_>,
        model: &Model,
        start: impl FnOnce(&Facade) -> Result<Runner, Error> + Send,
    ) -> PyResult<Self> {
        let model = model.facade.clone();
        let runner = py.detach(|| start(&model)).map_err(|error| raise(py, &error))?;
        Ok(Self { model, runner: Mutex::new(Some(runner)), owner: Owner::this() })
    }

    pub(crate) fn ring(
        py: Python<'_>,
        model: &Model,
        device: Device,
        in_flight: usize,
    ) -> PyResult<Self> {
        Self::start(py, model, |model| Runner::ring(model, device, in_flight))
    }

    pub(crate) fn tasks(
        py: Python<'_>,
        model: &Model,
        device: Device,
        plan: TaskedPlan,
    ) -> PyResult<Self> {
        Self::start(py, model, |model| Runner::tasks(model, device, plan))
    }

    /// Lets `act` use the runner, if it is open and of this process.
    fn with<R>(&self, py: Python<'_>, act: impl FnOnce(&mut Runner) -> PyResult<R>) -> PyResult<R> {
        self.owner.check(py, self.model.name())?;
        let mut runner = lock(py, &self.runner, self.model.name())?;
        act(runner.as_mut().ok_or_else(|| closed(py, self.model.name()))?)
    }
}

#[pymethods]
impl Asked {
    /// Packs the inputs of one sample: bytes that `try_ask` takes.
    fn pack(&self, inputs: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
        let given = Given::read(&self.model, inputs, false)?;
        self.model.pack(&given).map_err(|error| raise(inputs.py(), &error))
    }

    /// Asks for the outputs of a packed sample; returns false where there is no room.
    fn try_ask(
        &self,
        py: Python<'_>,
        sample: &[u8],
        priority: u32,
        timeout: Option<f64>,
    ) -> PyResult<bool> {
        let limit = timeout.map(|seconds| limit(py, seconds)).transpose()?;
        let priority = match priority {
            0 => TaskPriority::Critical,
            1 => TaskPriority::High,
            2 => TaskPriority::Normal,
            _ => TaskPriority::Low,
        };
        if sample.len() != self.model.inputs().sample_bytes() {
            let text = format!(
                "{}: {} bytes are no sample. Fix: pass what `pack` returned",
                self.model.name(),
                sample.len()
            );
            return Err(Kind::Shape.raise(py, text));
        }
        self.with(py, |runner| {
            py.detach(|| runner.try_ask(sample, priority, limit)).map_err(|error| raise(py, &error))
        })
    }

    /// Waits for the oldest answer; returns `None` where nothing was asked.
    fn answer<'py>(
        &self,
        py: Python<'py>,
        dequantize: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut packed = Vec::new();
        let elapsed = self.with(py, |runner| {
            py.detach(|| runner.answer(&mut packed)).map_err(|error| raise(py, &error))
        })?;
        let Some(_) = elapsed else { return Ok(None) };
        let form = Form { is_batch: false, dequantize };
        arrays(py, self.model.outputs(), &packed, form).map(Some)
    }

    /// Ends it and waits for its threads; returns the account of tasks in megakernel mode. It stays
    /// open while another thread uses it, which is `BusyError`.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.owner.check(py, self.model.name())?;
        let taken = lock(py, &self.runner, self.model.name())?.take();
        let Some(runner) = taken else { return Ok(None) };
        let report = py.detach(|| match runner {
            Runner::Resident(model) => model.finish().map(|()| None),
            Runner::GpuResident(model) => model.finish().map(|()| None),
            Runner::Tasked(model) => model.finish().map(|(report, _)| Some(report)),
            Runner::GpuTasked(model) => model.finish().map(|(report, _)| Some(report)),
        });
        let report = report.map_err(|error| raise(py, &error))?;
        report.map(|report| account(py, &report)).transpose()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // Threads that a fork has left behind are nobody to wait for.
        if !self.owner.is_this() {
            let runner = self.runner.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
            core::mem::forget(runner.take());
        }
    }
}
