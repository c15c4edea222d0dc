//! Python's exceptions, which `isokern._errors` defines, for what goes wrong here.

use isokern::cuda::CudaError;
use isokern::{Error, PortError};
use pyo3::Py;
use pyo3::prelude::{Bound, PyAnyMethods, PyErr, PyResult, Python};
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyModule, PyType};

/// One of the exceptions of `isokern._errors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Model,
    Input,
    DType,
    Shape,
    Order,
    Device,
    Mode,
    Timeout,
    Run,
    Closed,
    Busy,
    Forked,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "ReadError",
            Self::Model => "ModelError",
            Self::Input => "InputError",
            Self::DType => "DTypeError",
            Self::Shape => "ShapeError",
            Self::Order => "OrderError",
            Self::Device => "DeviceError",
            Self::Mode => "ModeError",
            Self::Timeout => "RunTimeoutError",
            Self::Run => "RunError",
            Self::Closed => "ClosedError",
            Self::Busy => "BusyError",
            Self::Forked => "ForkedError",
        }
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::Read { .. } => Self::Read,
            Error::NotAModel { .. }
            | Error::Foreign { .. }
            | Error::Import { .. }
            | Error::Format { .. }
            | Error::Relayout { .. }
            | Error::Load { .. } => Self::Model,
            Error::Port { source, .. } => match source {
                PortError::Element { .. } => Self::DType,
                PortError::Length { .. } | PortError::Samples { .. } => Self::Shape,
                _ => Self::Input,
            },
            // The device works: the model stopped on it, as it does on the processor.
            Error::Cuda { source, .. } if matches!(**source, CudaError::Fault(_)) => Self::Run,
            Error::Cuda { .. } | Error::Resident { .. } | Error::NotOnGpu { .. } => Self::Device,
            Error::NotInMode { .. } => Self::Mode,
            Error::Timeout { .. } => Self::Timeout,
            _ => Self::Run,
        }
    }

    /// Returns the exception with this text, which ends with what to do.
    pub(crate) fn raise(self, py: Python<'_>, text: impl Into<String>) -> PyErr {
        match class(py, self.name()) {
            Ok(class) => PyErr::from_type(class, (text.into(),)),
            Err(error) => error,
        }
    }
}

/// Returns the exception for an error of the facade.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    Kind::of(error).raise(py, error.to_string())
}

fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE
        .get_or_try_init(py, || PyModule::import(py, "isokern._errors").map(Bound::unbind))?;
    Ok(module.bind(py).getattr(name)?.cast_into::<PyType>()?)
}
