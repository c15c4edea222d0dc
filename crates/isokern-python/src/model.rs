//! A model, opened and checked.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use isokern::cpu::model::layout::Layout;
use isokern::port::{Port, Ports};
use isokern::samples::{Packed, digest_of};
use isokern::tasked::{IN_FLIGHT, TaskedPlan};
use isokern::{Device, Error, FileKind, InstructionSet, Model as Facade, Session as Runner};
use pyo3::prelude::{Bound, PyAny, PyAnyMethods, PyResult, Python, pyclass, pymethods};
use pyo3::types::{PyBytes, PyBytesMethods};

use crate::asked::Asked;
use crate::call;
use crate::device::DeviceOrName;
use crate::errors::{Kind, raise};
use crate::inputs::Given;
use crate::session::{Session, plan};

/// What Python makes a `Port` of: index, name, shape, dtype, scale, zero point.
type PortRow = (usize, String, Vec<u32>, &'static str, Option<f32>, Option<i32>);

/// The native part of `isokern.Model`.
#[pyclass(frozen, subclass, module = "isokern._native")]
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) facade: Facade,
    /// Sessions that `run` has started and no call uses now.
    idle: Mutex<Vec<Runner>>,
}

impl Model {
    /// Lets `act` use a session of this processor that no other thread has.
    fn with_idle<R>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Runner) -> PyResult<R>,
    ) -> PyResult<R> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut session = match idle {
            Some(session) => session,
            None => {
                py.detach(|| self.facade.session(Device::Cpu)).map_err(|error| raise(py, &error))?
            }
        };
        if self.facade.state_bytes() > 0 {
            session.reset().map_err(|error| raise(py, &error))?;
        }
        let result = act(&mut session);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        result
    }
}

#[pymethods]
impl Model {
    #[new]
    #[pyo3(signature = (source, name = None))]
    fn new(source: &Bound<'_, PyAny>, name: Option<&str>) -> PyResult<Self> {
        let py = source.py();
        let opened = if let Ok(bytes) = source.cast::<PyBytes>() {
            let bytes = bytes.as_bytes();
            py.detach(|| Facade::named(name.unwrap_or("the model"), bytes))
        } else {
            let path: PathBuf = source.extract().map_err(|_| {
                let text = "a model is opened from a path or from bytes. Fix: pass one of these";
                Kind::Model.raise(py, text)
            })?;
            py.detach(|| Facade::open(path))
        };
        let facade = opened.map_err(|error| raise(py, &error))?;
        Ok(Self { facade, idle: Mutex::default() })
    }

    /// Runs the model once on this processor; of a model with state the first step of a stream.
    ///
    /// `inputs` is an array of the input's shape, or a dict of arrays by name or index. An array
    /// has the input's dtype, or is float32, which is quantised. Returns an array of the output's
    /// shape and dtype, float32 where `dequantize` is true; of a model with several outputs a dict
    /// by name. Any number of threads may call it at once; the interpreter's lock is free then.
    ///
    /// Raises `DTypeError`, `ShapeError`, `OrderError` or `InputError` for what does not fit,
    /// `RunTimeoutError` after `timeout` seconds.
    #[pyo3(signature = (inputs, *, dequantize = false, timeout = None))]
    fn run<'py>(
        &self,
        inputs: &Bound<'py, PyAny>,
        dequantize: bool,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = inputs.py();
        self.with_idle(py, |session| call::run(py, session, inputs, dequantize, timeout))
    }

    /// Runs a batch on this processor: arrays with one axis more, in front, for samples. An input
    /// whose first axis has length 1 is stacked along that. Of a model with state they are one
    /// stream from its start.
    ///
    /// Raises what `run` does; Ctrl-C ends it with `KeyboardInterrupt`.
    #[pyo3(signature = (inputs, *, dequantize = false))]
    fn run_batch<'py>(
        &self,
        inputs: &Bound<'py, PyAny>,
        dequantize: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = inputs.py();
        self.with_idle(py, |session| call::run_batch(py, session, inputs, dequantize))
    }

    /// Starts a session on a device, `auto` where none is said, in `batch`, `ring` or `megakernel`
    /// mode. The answers are the same everywhere.
    ///
    /// Raises `DeviceError` where a GPU is asked for and there is none, `ModeError`, `RunError`.
    #[pyo3(signature = (device = None, *, mode = "batch", workers = None, in_flight = None))]
    fn session(
        &self,
        py: Python<'_>,
        device: Option<DeviceOrName<'_>>,
        mode: &str,
        workers: Option<u32>,
        in_flight: Option<usize>,
    ) -> PyResult<Session> {
        let plan = plan(py, device.as_ref(), mode, workers, in_flight)?;
        Session::start(py, self, plan)
    }

    /// Starts the model as a ring actor that is asked.
    fn _ring(&self, py: Python<'_>, device: DeviceOrName<'_>) -> PyResult<Asked> {
        Asked::ring(py, self, device.place(py)?, IN_FLIGHT)
    }

    /// Starts workers that take runs of the model as tasks.
    fn _tasks(
        &self,
        py: Python<'_>,
        device: DeviceOrName<'_>,
        workers: Option<u32>,
    ) -> PyResult<Asked> {
        let workers = workers.and_then(core::num::NonZeroU32::new);
        let plan = TaskedPlan { in_flight: IN_FLIGHT, workers, is_traced: false };
        Asked::tasks(py, self, device.place(py)?, plan)
    }

    /// Returns the packed model (`.ikm`), as a file holds it and firmware includes it. `layout` is
    /// the order of the weights: `row` for most processors, `packed` for processors with dot
    /// products; `None` leaves a packed model as it is.
    ///
    /// Raises `ModelError` for another layout.
    #[pyo3(signature = (layout = None))]
    fn _packed<'py>(&self, py: Python<'py>, layout: Option<&str>) -> PyResult<Bound<'py, PyBytes>> {
        let layout = match layout {
            None => return Ok(PyBytes::new(py, self.facade.artifact().bytes())),
            Some("row") => Layout::Row,
            Some("packed") => Layout::Packed,
            Some(other) => {
                let text = format!("there is no layout {other:?}. Fix: pass row, packed or None");
                return Err(Kind::Model.raise(py, text));
            }
        };
        let blob = py.detach(|| isokern::cpu::model::encode::relayout(&self.facade.view(), layout));
        let blob = blob.map_err(|source| {
            raise(py, &Error::Relayout { name: self.facade.name().to_owned(), source })
        })?;
        Ok(PyBytes::new(py, &blob))
    }

    /// Returns what `isokern inspect --json` prints.
    fn _inspection(&self) -> PyResult<String> {
        Ok(isokern_cli::inspection_json(&self.facade)?)
    }

    /// Runs the self-test with every set of instructions: seed, expected digest, and pairs of
    /// instructions and digest; `None` for a model without self-test.
    #[allow(clippy::type_complexity)]
    fn _selftest(&self, py: Python<'_>) -> PyResult<Option<(u32, u64, Vec<(String, u64)>)>> {
        let Some((seed, expected)) = self.facade.view().header().self_test() else {
            return Ok(None);
        };
        let found = py.detach(|| {
            InstructionSet::available()
                .map(|set| Ok((set.name().to_owned(), self.digest_with(set, seed)?)))
                .collect::<Result<Vec<_>, Error>>()
        });
        Ok(Some((seed, expected, found.map_err(|error| raise(py, &error))?)))
    }

    /// Returns the packed inputs of one sample, quantised.
    fn _pack<'py>(&self, inputs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let py = inputs.py();
        let given = Given::read(&self.facade, inputs, false)?;
        let packed = self.facade.pack(&given).map_err(|error| raise(py, &error))?;
        Ok(PyBytes::new(py, &packed))
    }

    /// Returns packed generated inputs: those that `isokern run --random` takes for a seed.
    fn _generated<'py>(&self, py: Python<'py>, seed: u32) -> Bound<'py, PyBytes> {
        let samples = isokern::samples::Samples::generated(&self.facade, seed..=seed);
        PyBytes::new(py, samples.bytes())
    }

    /// The name in messages: the path, escaped.
    #[getter]
    fn name(&self) -> &str {
        self.facade.name()
    }

    /// Bytes that are kept from one run to the next; 0 for a model without state.
    #[getter]
    fn state_bytes(&self) -> usize {
        self.facade.state_bytes()
    }

    /// Whether the file was a TFLite file, not a packed model.
    #[getter]
    fn _is_tflite(&self) -> bool {
        self.facade.kind() == FileKind::Tflite
    }

    #[getter]
    fn _inputs(&self) -> Vec<PortRow> {
        rows(self.facade.inputs())
    }

    #[getter]
    fn _outputs(&self) -> Vec<PortRow> {
        rows(self.facade.outputs())
    }
}

impl Model {
    /// Returns the digest of the outputs for the self-test's input.
    fn digest_with(&self, set: InstructionSet, seed: u32) -> Result<u64, Error> {
        let mut model = self.facade.load_cpu(set)?;
        let view = self.facade.view();
        let mut sample = vec![0; view.input_bytes()];
        isokern::cpu::model::digest::generate_input(seed, &mut sample);
        let sample: Vec<u8> = sample.into_iter().map(i8::cast_unsigned).collect();
        let mut outputs = Packed(vec![0; view.output_bytes()]);
        model
            .infer_one(&Packed(sample), &mut outputs)
            .map_err(|source| Error::Infer { name: self.facade.name().to_owned(), source })?;
        Ok(digest_of(&outputs.0))
    }
}

fn rows(ports: &Ports) -> Vec<PortRow> {
    let row = |port: &Port| {
        let quantization = port.quantization();
        (
            port.index,
            port.name.clone(),
            port.shape().to_vec(),
            isokern::element::name(port.dtype()),
            quantization.map(|_| port.tensor.scale()),
            quantization.map(|_| port.tensor.zero_point()),
        )
    };
    ports.iter().map(row).collect()
}
