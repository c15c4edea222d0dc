//! Why the program ends early.

use core::fmt;
use std::io;

use isokern_cuda::CudaError;

/// A failure, with what to do where that is known.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The driver or the device.
    Cuda(CudaError),
    /// A file.
    File(io::Error),
    /// A probe saw what must not be, or a file says what it must not.
    Wrong(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cuda(error) => error.fmt(formatter),
            Self::File(error) => {
                write!(formatter, "{error}. Fix: name a folder that `run.sh` wrote")
            }
            Self::Wrong(what) => formatter.write_str(what),
        }
    }
}

impl From<CudaError> for Failure {
    fn from(error: CudaError) -> Self {
        Self::Cuda(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}
