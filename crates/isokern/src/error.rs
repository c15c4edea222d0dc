//! Every way to get no answer, with the model's name, and what to do.

use core::fmt;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use isokern_core::actor::ActorError;
use isokern_core::{InferenceError, KernelError};
use isokern_cpu::LoadError;
use isokern_cpu::tasks::{ModelTableError, TaskAskError};
use isokern_cuda::{CudaError, ResidentError};
use isokern_import::{ForeignFile, ImportError};
use isokern_model::FormatError;
use isokern_model::encode::EncodeError;
use isokern_ring::{PoolError, SpawnError};
use thiserror::Error;

use crate::port::PortError;
use crate::tasked::StartError;

/// Why a model was not opened, or gave no answer.
///
/// Messages name the model, and say after `Fix:` what to do. Names from files are
/// [`escaped`](crate::escape::escaped) in them.
///
/// ```
/// let error = isokern::Model::open("no/such.tflite").unwrap_err();
/// assert!(error.to_string().starts_with("cannot read no/such.tflite: "));
/// ```
///
/// Its `Debug` is the message as well, so that a program whose `main` returns it prints that.
#[derive(Error)]
#[non_exhaustive]
pub enum Error {
    /// The system did not read the file.
    #[error("cannot read {name}: {source}. Fix: check the path, its folder and its permissions")]
    Read {
        /// The file.
        name: String,
        /// Why the system refused.
        source: io::Error,
    },
    /// The bytes are of no kind that is known.
    #[error(
        "{name} is neither a TFLite file nor a packed model. Fix: pass a .tflite file with int8 \
         quantisation, or an .ikm file that `isokern convert` wrote"
    )]
    NotAModel {
        /// The file.
        name: String,
    },
    /// The bytes are a model of another kind, or something else that is known.
    #[error(
        "{name} is {}, not a TFLite file or packed model. Fix: {}",
        .kind.what(),
        .kind.remedy()
    )]
    Foreign {
        /// The file.
        name: String,
        /// What it is.
        kind: ForeignFile,
    },
    /// The TFLite file does not convert.
    #[error("{name}: {source}")]
    Import {
        /// The file.
        name: String,
        /// All that keeps it from that.
        source: Box<ImportError>,
    },
    /// The packed model is not sound.
    #[error("{name}: {source}")]
    Format {
        /// The model.
        name: String,
        /// What is wrong in it.
        source: FormatError,
    },
    /// The weights could not be brought into another layout.
    #[error("{name}: {source}")]
    Relayout {
        /// The model.
        name: String,
        /// What the encoder says.
        source: EncodeError,
    },
    /// The processor's backend did not load the model.
    #[error("{name}: {source}")]
    Load {
        /// The model.
        name: String,
        /// What the backend says.
        source: LoadError,
    },
    /// The GPU, or its driver, did not do what it was asked for.
    #[error("{name}: {source}")]
    Cuda {
        /// The model.
        name: String,
        /// What the backend says.
        source: Box<CudaError>,
    },
    /// The resident kernel of a GPU did not start, or ended.
    #[error("{name}: {source}")]
    Resident {
        /// The model.
        name: String,
        /// What its host says.
        source: Box<ResidentError>,
    },
    /// A GPU was asked for what only the processor does.
    #[error("{name}: on a GPU there is no {what}. Fix: ask for `Device::Cpu`")]
    NotOnGpu {
        /// The model.
        name: String,
        /// What was asked for.
        what: &'static str,
    },
    /// A mode was asked for what only batch mode does.
    #[error("{name}: {mode} mode has no {what}. Fix: start the session in batch mode")]
    NotInMode {
        /// The model.
        name: String,
        /// The mode's word.
        mode: &'static str,
        /// What was asked for.
        what: &'static str,
    },
    /// A step of the model failed.
    #[error("{name}: {source}")]
    Infer {
        /// The model.
        name: String,
        /// Why.
        source: InferenceError,
    },
    /// A time limit ended first.
    #[error(
        "{name}: input {input_index} has no answer within {limit:?}. Fix: allow more time, or send \
         less work"
    )]
    Timeout {
        /// The model.
        name: String,
        /// Which of the inputs of the call, from 0.
        input_index: usize,
        /// The limit.
        limit: Duration,
    },
    /// A call with a limit or a context was refused, or failed.
    #[error("{name}: input {input_index}: {source}")]
    Kernel {
        /// The model.
        name: String,
        /// Which of the inputs of the call, from 0.
        input_index: usize,
        /// Why.
        source: KernelError,
    },
    /// The actor did not start.
    #[error("{name}: {source}")]
    Spawn {
        /// The model.
        name: String,
        /// Why.
        source: Box<SpawnError<Arc<io::Error>>>,
    },
    /// The lent buffers of an actor are not there.
    #[error("{name}: {source}")]
    Buffers {
        /// The model.
        name: String,
        /// Why.
        source: PoolError,
    },
    /// The actor did not answer.
    #[error("{name}: input {input_index}: {source}")]
    Actor {
        /// The model.
        name: String,
        /// Which of the inputs since the actor's start, from 0.
        input_index: usize,
        /// Why.
        source: ActorError,
    },
    /// The table of the models that tasks name was not made.
    #[error("{name}: {source}")]
    Table {
        /// The model.
        name: String,
        /// Why.
        source: ModelTableError,
    },
    /// The workers did not start.
    #[error("{name}: {source}")]
    Workers {
        /// The model.
        name: String,
        /// Why.
        source: StartError,
    },
    /// A task was not taken, or its outputs are not there.
    #[error("{name}: {source}")]
    Ask {
        /// The model.
        name: String,
        /// Why.
        source: TaskAskError,
    },
    /// A task ended without an answer.
    #[error("{name}: input {input_index}: {what}")]
    Task {
        /// The model.
        name: String,
        /// Which of the inputs since the workers' start, from 0.
        input_index: usize,
        /// How it ended.
        what: String,
    },
    /// Workers did not account for every task.
    #[error("{name}: the workers' account does not add up. Fix: report this with the command")]
    NotAccounted {
        /// The model.
        name: String,
    },
    /// Values are not what an input takes, or not what an output gives.
    #[error("{name}: {source}")]
    Port {
        /// The model.
        name: String,
        /// What is wrong, and with which input or output.
        source: PortError,
    },
}

impl Error {
    /// Returns what the host of a resident kernel says of a model.
    pub(crate) fn of_host(name: &str, source: ResidentError) -> Self {
        let name = name.to_owned();
        match source {
            ResidentError::Cuda(source) => Self::Cuda { name, source: Box::new(source) },
            source => Self::Resident { name, source: Box::new(source) },
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
