//! What a session runs on.

use isokern::Device as Place;
use pyo3::prelude::{PyErr, PyResult, Python, pyclass, pymethods};
use pyo3::{FromPyObject, PyRef};

use crate::errors::Kind;

/// What a session runs on: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
///
/// `auto` is the first NVIDIA GPU, or this processor where there is none or where it does not take
/// the model: `Session.place` says which, `Session.fallback_reason` why.
///
/// >>> import isokern
/// >>> isokern.Device("cuda:1").ordinal
/// 1
/// >>> isokern.Device("cpu")
/// Device('cpu')
///
/// Raises `DeviceError` for another name.
#[pyclass(frozen, eq, hash, module = "isokern")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Device(Place);

#[pymethods]
impl Device {
    #[new]
    #[pyo3(signature = (name = "auto"))]
    fn new(py: Python<'_>, name: &str) -> PyResult<Self> {
        let ordinal = |text: &str| text.parse().map_err(|_| unknown(py, name));
        match name.split_once(':') {
            None if name == "auto" => Ok(Self(Place::Auto)),
            None if name == "cpu" => Ok(Self(Place::Cpu)),
            None if name == "cuda" => Ok(Self(Place::Cuda { ordinal: 0 })),
            Some(("cuda", text)) => Ok(Self(Place::Cuda { ordinal: ordinal(text)? })),
            _ => Err(unknown(py, name)),
        }
    }

    /// The word: `auto`, `cpu` or `cuda`.
    #[getter]
    const fn kind(&self) -> &'static str {
        match self.0 {
            Place::Cpu => "cpu",
            Place::Cuda { .. } => "cuda",
            _ => "auto",
        }
    }

    /// The number of a GPU, from 0; `None` of another device.
    #[getter]
    const fn ordinal(&self) -> Option<u32> {
        if let Place::Cuda { ordinal } = self.0 { Some(ordinal) } else { None }
    }

    fn __str__(&self) -> String {
        match self.0 {
            Place::Cuda { ordinal } => format!("cuda:{ordinal}"),
            _ => self.kind().to_owned(),
        }
    }

    fn __repr__(&self) -> String {
        format!("Device('{}')", self.__str__())
    }
}

fn unknown(py: Python<'_>, name: &str) -> PyErr {
    let text = format!("there is no device {name:?}. Fix: pass auto, cpu, cuda or cuda:NUMBER");
    Kind::Device.raise(py, text)
}

/// A device, or its name.
#[derive(FromPyObject)]
pub(crate) enum DeviceOrName<'py> {
    Device(PyRef<'py, Device>),
    Name(String),
}

impl DeviceOrName<'_> {
    /// Returns the device for the facade.
    pub(crate) fn place(&self, py: Python<'_>) -> PyResult<Place> {
        match self {
            Self::Device(device) => Ok(device.0),
            Self::Name(name) => Device::new(py, name).map(|device| device.0),
        }
    }
}
