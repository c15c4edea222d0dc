//! What a model runs on, as the command line names it.

use clap::ValueEnum;
use isokern::Device;

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// This processor
    Cpu,
    /// The first NVIDIA GPU; an error says why where there is none
    Cuda,
    /// The first NVIDIA GPU; this processor where there is none, or its memory is full
    Auto,
}

/// The device of `--backend cuda`.
pub(crate) const ORDINAL: u32 = 0;

impl From<Backend> for Device {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Cpu => Self::Cpu,
            Backend::Cuda => Self::Cuda { ordinal: ORDINAL },
            Backend::Auto => Self::Auto,
        }
    }
}
