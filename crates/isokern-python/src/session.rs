//! Sessions: a model, ready to run on one device in one mode.

use core::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use isokern::cpu::core::megakernel::MegakernelReport;
use isokern::{KernelMode, Plan, Session as Facade};
use pyo3::prelude::{Bound, PyAny, PyRef, PyResult, Python, pyclass, pymethods};
use pyo3::types::{PyBytes, PyDict, PyDictMethods};

use crate::call;
use crate::device::DeviceOrName;
use crate::errors::{Kind, raise};
use crate::inputs::Given;
use crate::model::Model;
use crate::owner::{Owner, closed, lock};

/// A model, ready to run: a stream of samples where the model has state.
///
/// Made by `Model.session`. As a context manager it closes at the end. One thread at a time uses
/// it: a call from a second one while a model runs raises `BusyError`.
#[pyclass(frozen, module = "isokern")]
#[derive(Debug)]
pub(crate) struct Session {
    session: Mutex<Option<Facade>>,
    name: String,
    place: String,
    mode: &'static str,
    /// The process that has its threads; any, where it has none.
    owner: Option<Owner>,
}

impl Session {
    /// Starts a session as a plan says.
    pub(crate) fn start(py: Python<'_>, model: &Model, plan: Plan) -> PyResult<Self> {
        let session = py.detach(|| model.facade.session_with(plan));
        let session = session.map_err(|error| raise(py, &error))?;
        let mode = session.mode();
        let has_threads = mode != KernelMode::Batch || session.is_on_gpu();
        Ok(Self {
            name: model.facade.name().to_owned(),
            place: session.place().to_owned(),
            mode: mode.as_str(),
            owner: has_threads.then(Owner::this),
            session: Mutex::new(Some(session)),
        })
    }

    /// Lets `act` use the session, if it is open, here and free.
    fn with<R>(&self, py: Python<'_>, act: impl FnOnce(&mut Facade) -> PyResult<R>) -> PyResult<R> {
        let mut session = self.lock(py)?;
        act(session.as_mut().ok_or_else(|| closed(py, &self.name))?)
    }

    fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, Option<Facade>>> {
        self.owner.map_or(Ok(()), |owner| owner.check(py, &self.name))?;
        lock(py, &self.session, &self.name)
    }
}

#[pymethods]
impl Session {
    /// Runs the model once.
    ///
    /// `inputs` is an array of the input's shape, or a dict of arrays by name or index. An array
    /// has the input's dtype, or is float32, which is quantised. Returns an array of the output's
    /// shape and dtype, float32 where `dequantize` is true; of a model with several outputs a dict
    /// by name. A model with state goes on with its stream.
    ///
    /// Raises `DTypeError`, `ShapeError`, `OrderError` or `InputError` for what does not fit,
    /// `RunTimeoutError` after `timeout` seconds, `ClosedError`, `BusyError`, `ForkedError`.
    #[pyo3(signature = (inputs, *, dequantize = false, timeout = None))]
    fn run<'py>(
        &self,
        inputs: &Bound<'py, PyAny>,
        dequantize: bool,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = inputs.py();
        self.with(py, |session| call::run(py, session, inputs, dequantize, timeout))
    }

    /// Runs a batch: arrays with one axis more, in front, for samples. An input whose first axis
    /// has length 1 is stacked along that. Of a model with state they are one stream.
    ///
    /// Ctrl-C ends it with `KeyboardInterrupt`, and the state is then the initial one.
    ///
    /// Raises what `run` does.
    #[pyo3(signature = (inputs, *, dequantize = false))]
    fn run_batch<'py>(
        &self,
        inputs: &Bound<'py, PyAny>,
        dequantize: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = inputs.py();
        self.with(py, |session| call::run_batch(py, session, inputs, dequantize))
    }

    /// Restores the initial state: the next sample begins a new stream.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |session| py.detach(|| session.reset()).map_err(|error| raise(py, &error)))
    }

    /// Returns the bytes of the state that the last sample has left; none of a model without state.
    ///
    /// Raises `ModeError` in ring mode.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |session| {
            let mut state = Vec::new();
            session.append_state(&mut state).map_err(|error| raise(py, &error))?;
            Ok(PyBytes::new(py, &state))
        })
    }

    /// Ends the session and waits for its threads. Closing it twice does nothing. Returns the
    /// account of its workers in megakernel mode: tasks by how they ended.
    ///
    /// Raises `BusyError` while another thread runs the model, and the session stays open.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let taken = self.lock(py)?.take();
        let Some(session) = taken else { return Ok(None) };
        let finished = py.detach(|| session.finish()).map_err(|error| raise(py, &error))?;
        let Some(report) = finished.report else { return Ok(None) };
        Ok(Some(account(py, &report)?))
    }

    fn __enter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(
        &self,
        py: Python<'_>,
        _exception: &Bound<'_, pyo3::types::PyTuple>,
    ) -> PyResult<()> {
        self.close(py).map(drop)
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.lock(py)?.is_none())
    }

    /// What runs the model, in words.
    #[getter]
    fn place(&self) -> &str {
        &self.place
    }

    /// `batch`, `ring` or `megakernel`.
    #[getter]
    const fn mode(&self) -> &'static str {
        self.mode
    }

    /// Why it is not a GPU, where the device `auto` might have been one; else `None`.
    #[getter]
    fn fallback_reason(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.with(py, |session| Ok(session.fallback_reason().map(ToOwned::to_owned)))
    }

    /// Returns the seconds of one run of the facade alone, over so many with the same inputs: for
    /// the script that measures what Python adds.
    fn _seconds(&self, inputs: &Bound<'_, PyAny>, count: u32) -> PyResult<f64> {
        let py = inputs.py();
        self.with(py, |session| {
            let given = Given::read(&session.model().clone(), inputs, false)?;
            let start = Instant::now();
            for _ in 0..count {
                session.run(&given).map_err(|error| raise(py, &error))?;
            }
            Ok(start.elapsed().as_secs_f64() / f64::from(count))
        })
    }

    fn __repr__(&self) -> String {
        format!("<isokern.Session of {}, {} mode, on {}>", self.name, self.mode, self.place)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Threads that a fork has left behind are nobody to wait for.
        if self.owner.is_some_and(|owner| !owner.is_this()) {
            let session = self.session.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
            core::mem::forget(session.take());
        }
    }
}

/// Returns the account of workers as a dictionary.
pub(crate) fn account<'py>(
    py: Python<'py>,
    report: &MegakernelReport,
) -> PyResult<Bound<'py, PyDict>> {
    let account = PyDict::new(py);
    let counts = [
        ("accepted", report.accepted),
        ("done", report.done),
        ("faulted", report.faulted),
        ("cancelled", report.cancelled),
        ("yields", report.yields),
        ("claims", report.claims),
    ];
    for (name, count) in counts {
        account.set_item(name, count)?;
    }
    Ok(account)
}

/// Returns the plan of a session in words.
pub(crate) fn plan(
    py: Python<'_>,
    device: Option<&DeviceOrName<'_>>,
    mode: &str,
    workers: Option<u32>,
    in_flight: Option<usize>,
) -> PyResult<Plan> {
    let refused = |text: String| Kind::Mode.raise(py, text);
    let mode = match mode {
        "batch" => KernelMode::Batch,
        "ring" => KernelMode::Ring,
        "megakernel" => KernelMode::Megakernel,
        other => {
            let text = format!("there is no mode {other:?}. Fix: pass batch, ring or megakernel");
            return Err(refused(text));
        }
    };
    let mut plan = Plan::new(device.map_or(Ok(isokern::Device::Auto), |device| device.place(py))?)
        .with_mode(mode);
    if let Some(count) = workers {
        let count = NonZeroU32::new(count);
        plan = plan.with_workers(
            count.ok_or_else(|| refused("0 workers do nothing. Fix: pass 1 or more".into()))?,
        );
    }
    Ok(in_flight.map_or(plan, |count| plan.with_in_flight(count)))
}
